//! `model activate`: what it foretells is what comes out, and the switch is a fact of the log, whatever happens meanwhile.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use pulsewatch::{domain::output::SCORE_UPDATED, model};
use serde_json::Value;

use crate::support::{
    feed::{Load, Pace, plan, preload},
    http::send,
    service::{Installation, Service, in_project},
    shared_kafka, shared_redis,
    undisturbed::{Output, assert_as_undisturbed, assert_each_is_taken_once, fold, published},
    wait_until,
};

/// The reference model with other curves, indicators whose windows were not kept, and a rule of its own.
fn other_model(installation: &Installation) -> PathBuf {
    let text = fs::read_to_string(in_project("benches/reference.toml")).unwrap();
    let text = text
        .replace("best = 10 }", "best = 40 }")
        .replace("best = 8 }", "best = 24 }");
    let (head, tail) = text.split_once("[[dimension]]").unwrap();
    let other = format!(
        "{}\n[[dimension]]\nid = \"breadth\"\nweight = 0.3\n[[dimension.indicator]]\nid = \"quarter\"\n\
         value = \"days(usage[61d])\"\nscore = {{ worst = 0, best = 30 }}\n[[dimension.indicator]]\nid = \"lately\"\n\
         value = \"since(usage)\"\nscore = {{ worst = 9, best = 0 }}\n[[dimension]]{tail}\n[[alert]]\nid = \"unwell\"\n\
         when = \"score < 60\"\nseverity = \"low\"\n",
        head.replacen("name = \"", "name = \"other-", 1)
    );
    let path = installation.folder().join("other.toml");
    fs::write(&path, &other).unwrap();
    model::compile(&other, "other.toml").unwrap_or_else(|problems| panic!("{}", problems.render(false, 80)));
    path
}

/// What an account is shown as in the fold of the logs as they are.
fn standings(installation: &Installation) -> BTreeMap<String, (Value, Value)> {
    let views = fold(installation).shards.into_iter().flat_map(|shard| shard.views);
    let json = views.map(|view| serde_json::to_value(view).unwrap());
    json.map(|view| {
        (
            view["account"].as_str().unwrap().to_owned(),
            (view["score"].clone(), view["band"].clone()),
        )
    })
    .collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_foretold_comes_out() {
    let mut installation = Installation::new("activate", shared_kafka(), &shared_redis());
    installation.set("model.activate", "\"explicit\"");
    let other = other_model(&installation);
    preload(&installation, plan(200, 6_000, 91));
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    assert_as_undisturbed(&installation);
    let before = standings(&installation);
    let sent_before = published(&installation);

    let accounts = installation.folder().join("accounts.jsonl");
    let (other, listed) = (other.to_str().unwrap(), accounts.to_str().unwrap());
    let dry = lines(&installation.call(
        "model",
        &["activate", other, "--dry-run", "--format", "json", "--accounts", listed],
    ));
    let [told] = &dry[..] else { panic!("{dry:?}") };
    let text = installation.call("model", &["activate", other, "--dry-run", "--moves", "3"]);
    println!("{text}");
    assert!(
        text.contains(&format!("{} would be in another band", told["band_changes"])),
        "{text}"
    );
    let most = told["moves"][0]["account"].as_str().unwrap();
    for said in [most, "BAND NOW", "unwell", "breadth.quarter"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_answered_over_http(&service, other, told);
    assert_eq!(standings(&installation), before, "asking changes nothing");
    let asked = installation.command("model", &["activate", other]).output().unwrap();
    assert_eq!(asked.status.code(), Some(2), "nobody is there to be asked: {asked:?}");
    let done = lines(&installation.call("model", &["activate", other, "--yes", "--format", "json"]));
    assert_eq!((&done[0], &done[1]["activated"]), (told, &Value::Bool(true)));
    wait_until("every shard to have switched", || {
        (service.metric("pulsewatch_accounts") > 0.0 && installation.is_idle()).then_some(())?;
        let folded = fold(&installation).shards.into_iter().flat_map(|shard| shard.views);
        let models: BTreeSet<String> = folded.map(|view| view.model).collect();
        (models.len() == 1 && models.iter().all(|model| model.starts_with("other-"))).then_some(())
    });
    assert_as_undisturbed(&installation);

    let after = standings(&installation);
    assert_eq!(told["accounts"], 200);
    let mut changes = 0;
    for line in lines(&fs::read_to_string(listed).unwrap()) {
        let account = line["account"].as_str().unwrap();
        let stands = |at: &Value| (at["score"].clone(), at["band"].clone());
        assert_eq!(stands(&line["before"]), before[account], "{line}");
        assert_eq!(stands(&line["after"]), after[account], "{line}");
        changes += u64::from(line["before"]["band"] != line["after"]["band"]);
    }
    assert!(changes > 10, "{changes} of 200 are too few to mean anything");
    assert_eq!(told["band_changes"], changes);
    assert_alerts_came(told, &sent_before, &published(&installation));
    assert_lacking(told);
    assert_marked(&installation, &published(&installation));

    let again = lines(&installation.call("model", &["activate", other, "--yes", "--format", "json"]));
    assert_eq!(again[1]["activated"], false, "it is in force already");
    service.stop();
}

/// The API says of a pasted model what the command says of its file, and of a wrong one where it is wrong.
fn assert_answered_over_http(service: &Service, file: &str, told: &Value) {
    let try_model = |model: &str| {
        let headers = [("Content-Type", "text/plain")];
        send(service.port(), "POST", "/api/v1/model/what-if", &headers, model).unwrap()
    };
    let source = fs::read_to_string(file).unwrap();
    let answer = try_model(&source);
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    for part in [
        "model",
        "in_force",
        "accounts",
        "complete",
        "band_changes",
        "bands",
        "distribution",
        "alerts",
        "lacking",
    ] {
        assert_eq!(answer[part], told[part], "{part}");
    }
    let accounts = |told: &Value| {
        let moves = told["moves"].as_array().unwrap().iter();
        moves.map(|moved| moved["account"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(accounts(&answer), accounts(told));
    assert_eq!(accounts(&answer).len(), 10);
    let wrong = try_model(&source.replace("weight = 0.3", "wieght = 0.3"));
    assert_eq!(wrong.status, 422, "{wrong:?}");
    let wrong = wrong.json();
    let line = 1 + source.lines().position(|line| line == "weight = 0.3").unwrap();
    assert!(
        wrong["errors"]
            .as_array()
            .unwrap()
            .iter()
            .any(|error| error["line"] == line),
        "{wrong}"
    );
    assert!(wrong["detail"].as_str().unwrap().contains("wieght = 0.3"), "{wrong}");
}

/// As many alerts opened and were resolved as was said.
fn assert_alerts_came(told: &Value, before: &BTreeMap<String, Vec<Output>>, after: &BTreeMap<String, Vec<Output>>) {
    let mut came: BTreeMap<(String, &str), u64> = BTreeMap::new();
    for (account, outputs) in after {
        let seen = before.get(account).map_or(0, Vec::len);
        for output in &outputs[seen..] {
            let value: Value = serde_json::from_slice(&output.value).unwrap();
            if let (Some(rule), Some(state)) = (value["alert"].as_str(), value["state"].as_str()) {
                let state = match state {
                    "opened" => "opens",
                    "resolved" => "resolves",
                    _ => continue,
                };
                *came.entry((rule.to_owned(), state)).or_default() += 1;
            }
        }
    }
    let rules = told["alerts"].as_array().unwrap();
    for rule in rules {
        for state in ["opens", "resolves"] {
            let name = rule["alert"].as_str().unwrap().to_owned();
            let came = came.get(&(name, state)).copied().unwrap_or_default();
            assert_eq!(rule[state], came, "{state} of {rule}");
        }
    }
    let unwell = rules.iter().find(|rule| rule["alert"] == "unwell").unwrap();
    assert!(
        unwell["opens"].as_u64() > Some(0) && unwell["is_before"] == false,
        "{unwell}"
    );
}

/// The window that nothing was kept for has no value yet, and it is said until when.
fn assert_lacking(told: &Value) {
    let lacking = told["lacking"].as_array().unwrap();
    let of = |id: &str| lacking.iter().find(|lack| lack["indicator"] == id);
    let quarter = of("breadth.quarter").unwrap_or_else(|| panic!("{told}"));
    assert_eq!(
        (&quarter["missing_after"], &quarter["missing_before"]),
        (&told["accounts"], &Value::Null)
    );
    let day = |time: &Value| time.as_str().unwrap()[..10].parse::<String>().unwrap();
    assert!(day(&quarter["until"]) > day(&told["as_of"]), "{quarter}");
}

/// Outputs name the model and the change; an account's view says since when it has been in force.
fn assert_marked(installation: &Installation, sent: &BTreeMap<String, Vec<Output>>) {
    let scores = sent
        .values()
        .flatten()
        .filter(|output| output.event_type == SCORE_UPDATED);
    let scores = scores.map(|output| serde_json::from_slice::<Value>(&output.value).unwrap());
    let by_other: Vec<Value> = scores
        .filter(|score| score["model"]["name"].as_str().unwrap().starts_with("other-"))
        .collect();
    let names_the_model = |score: &&Value| {
        let drivers = score["drivers"].as_array().unwrap();
        drivers.iter().any(|driver| driver["indicator"] == "model")
    };
    let named = by_other.iter().filter(names_the_model).count();
    assert!(named > 10, "{named} of {} say that the model changed", by_other.len());
    let account = by_other[0]["account"].as_str().unwrap();
    let view: Value = serde_json::from_str(&installation.call("explain", &[account, "--format", "json"])).unwrap();
    let models = view["models"].as_array().unwrap();
    assert_eq!(models.len(), 2, "{view}");
    assert_eq!(models[1]["since"], view["as_of"], "{view}");
    let told = installation.call("explain", &[account]);
    assert!(told.contains("model other-"), "{told}");
}

#[test]
fn a_switch_under_load_and_a_kill_is_a_place_of_the_log() {
    let mut installation = Installation::new("activate-kill", shared_kafka(), &shared_redis());
    installation.set("model.activate", "\"explicit\"");
    installation.set("scorer.checkpoint", "\"100ms\"");
    let other = other_model(&installation);
    let load = Load::start(&installation, plan(300, 1_000_000, 92), Pace::PerSecond(1_500));
    let service = installation.start(0);
    service.wait_for_progress();
    let activate = || {
        let call = ["activate", other.to_str().unwrap(), "--yes", "--format", "json"];
        lines(&installation.call("model", &call))
    };
    assert_eq!(activate()[1]["activated"], true);
    service.kill();
    let service = installation.start(0);
    service.wait_for_progress();
    let events = load.finish();
    installation.wait_until_idle();
    assert_as_undisturbed(&installation);
    let views = fold(&installation).shards.into_iter().flat_map(|shard| shard.views);
    assert_each_is_taken_once(&installation, events);
    assert!(events > 1_000 && views.into_iter().all(|view| view.model.starts_with("other-")));
    service.stop();
}

#[test]
fn an_instance_that_starts_with_its_own_model_does_not_undo_it_later() {
    let mut installation = Installation::new("activate-on-start", shared_kafka(), &shared_redis());
    let other = other_model(&installation);
    preload(&installation, plan(20, 500, 93));
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    let file = other.to_str().unwrap();
    let refused = installation
        .command("model", &["activate", file, "--yes"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(64), "{refused:?}");
    let reason = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(reason.contains("model.file"), "{reason}");

    // The settings name the new model; the process that runs still has the old one in memory.
    installation.set("model.file", &format!("{file:?}"));
    let done = lines(&installation.call("model", &["activate", file, "--yes", "--format", "json"]));
    assert_eq!(done[1]["activated"], true);
    installation.wait_until_idle();
    // Shards change hands: to a second instance, and back.
    let second = installation.start(1);
    second.wait_until_ready();
    wait_until("both to have shards", || {
        (service.shards() > 0 && second.shards() > 0).then_some(())
    });
    second.stop();
    wait_until("the first to have all", || (service.shards() == 4).then_some(()));
    service.wait_until_ready();
    installation.wait_until_idle();
    assert_as_undisturbed(&installation);
    for view in fold(&installation).shards.into_iter().flat_map(|shard| shard.views) {
        assert!(view.model.starts_with("other-"), "{}", view.model);
        assert_eq!(view.models.len(), 2, "nobody has put the old one back meanwhile");
    }
    service.stop();
}

#[test]
fn a_shadow_model_is_only_reported() {
    let mut installation = Installation::new("shadow", shared_kafka(), &shared_redis());
    let other = other_model(&installation);
    let file = other.to_str().unwrap();
    installation.set("model.shadow", &format!("[{file:?}]"));
    installation.set("model.shadow_every", "\"1s\"");
    preload(&installation, plan(200, 6_000, 94));
    let service = installation.start(0);
    service.wait_until_ready();
    installation.wait_until_idle();
    assert_as_undisturbed(&installation);
    let told = lines(&installation.call("model", &["activate", file, "--dry-run", "--format", "json"]));
    let told = &told[0];
    let to_red = told["bands"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|flow| flow["to"] == "red");
    let red: u64 = to_red.map(|flow| flow["accounts"].as_u64().unwrap()).sum();
    wait_until("the shadow's accounts to be reported", || {
        service.assert_running();
        let metrics = service.get("/metrics");
        let is_red = |line: &&str| line.starts_with("pulsewatch_shadow_accounts{") && line.contains("band=\"red\"");
        let shown = metrics.lines().find(is_red)?.rsplit(' ').next()?.parse::<u64>().ok()?;
        (shown == red
            && service.metric("pulsewatch_shadow_accounts") == 200.0
            && service.metric("pulsewatch_shadow_other_band") == told["band_changes"].as_f64()?)
        .then_some(())
    });
    let near = |metric: &str, said: &Value| {
        let shown = service.metric(metric);
        assert!(
            (shown - said.as_f64().unwrap()).abs() < 0.01,
            "{metric} is {shown}, not {said}"
        );
    };
    near("pulsewatch_shadow_score", &told["scores"]["mean_after"]);
    near("pulsewatch_shadow_active_score", &told["scores"]["mean_before"]);
    near("pulsewatch_shadow_difference", &told["scores"]["mean_difference"]);
    assert!(told["band_changes"].as_u64() > Some(10), "{told}");
    service.stop();
    assert_as_undisturbed(&installation);
}
