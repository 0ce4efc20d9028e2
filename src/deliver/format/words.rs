//! What templates can say beside Jinja's own: `mrkdwn`, `points`, `change` and `facts`.

use minijinja::Environment;
use minijinja::value::Value;

pub fn add_to(environment: &mut Environment<'static>) {
    environment.add_filter("mrkdwn", mrkdwn);
    environment.add_filter("points", points);
    environment.add_filter("change", change);
    environment.add_filter("facts", facts);
}

/// Slack's three control characters, escaped.
fn mrkdwn(text: Value) -> String {
    let text = text.to_string();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// One decimal; `unknown` for what is not known.
fn points(number: Value) -> String {
    match f64::try_from(number) {
        Ok(number) => format!("{number:.1}"),
        Err(_) => "unknown".to_owned(),
    }
}

/// With its sign.
fn change(number: Value) -> String {
    match f64::try_from(number) {
        Ok(number) => format!("{number:+.1}"),
        Err(_) => "an unknown change".to_owned(),
    }
}

/// Names and values of what helps to act on an event, as far as it is known.
fn facts(event: Value) -> Vec<(String, String)> {
    let data = get(&event, &["data"]);
    let mut facts = Vec::new();
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            facts.push((name.to_owned(), value));
        }
    };
    let text = |path: &[&str]| {
        let value: Value = get(&data, path);
        if value.is_none() || value.is_undefined() {
            String::new()
        } else {
            value.to_string()
        }
    };
    let score = get(&data, &["score"]);
    if !text(&["alert"]).is_empty() && !score.is_none() {
        add(
            "score",
            format!("{} {}", points(score.clone()), text(&["band"]))
                .trim_end()
                .to_owned(),
        );
    }
    let owner = match text(&["owner"]) {
        empty if empty.is_empty() => text(&["attributes", "owner"]),
        owner => owner,
    };
    add("owner", owner);
    add("playbook", text(&["playbook"]));
    add("due", text(&["due"]));
    add("segment", text(&["attributes", "segment"]));
    add("drivers", drivers(&get(&data, &["drivers"])));
    if facts.is_empty() {
        facts.push(("model".to_owned(), text(&["model", "name"])));
    }
    facts
}

/// The three largest, such as `adoption.active_ratio -6.2`.
fn drivers(drivers: &Value) -> String {
    let Ok(drivers) = drivers.try_iter() else {
        return String::new();
    };
    let shown = drivers.filter(|driver| f64::try_from(get(driver, &["change"])).is_ok_and(|part| part.abs() >= 0.05));
    let one = |driver: Value| format!("{} {}", get(&driver, &["indicator"]), change(get(&driver, &["change"])));
    shown.take(3).map(one).collect::<Vec<_>>().join(", ")
}

fn get(value: &Value, path: &[&str]) -> Value {
    let step = |value: Value, key: &&str| value.get_attr(key).unwrap_or_default();
    path.iter().fold(value.clone(), step)
}
