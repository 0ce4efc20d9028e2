//! Reads `[[alert]]` and `[[silence]]`.

use std::collections::BTreeSet;

use super::{
    compiled::{AlertKind, AlertRule, Raise, Severity, Silence},
    fields::{expression, is_word, text, unique_id, warn_all},
    lower::{Scope, Type},
    tables::Tables,
    unusual,
};
use crate::{
    document::{Placed, Problem, Table, nearest},
    domain::time::{DAY_MS, Timestamp},
};

/// Longest time that an alert may be told to wait, in milliseconds.
const MAX_WAIT_MS: i64 = 366 * DAY_MS;

/// The alerts of `root`, on accounts or on segments, as `scope` says.
pub fn alerts(root: &mut Table<'_>, scope: Scope, tables: &mut Tables) -> Vec<AlertRule> {
    let mut ids = BTreeSet::new();
    root.tables("alert")
        .into_iter()
        .filter_map(|table| alert(table, &mut ids, scope, tables))
        .collect()
}

fn alert(mut table: Table<'_>, ids: &mut BTreeSet<String>, scope: Scope, tables: &mut Tables) -> Option<AlertRule> {
    const KINDS: [(&str, AlertKind); 2] = [("risk", AlertKind::Risk), ("opportunity", AlertKind::Opportunity)];
    let id = unique_id(&mut table, ids, |character| is_word(character) || character == '-');
    let when = expression(&mut table, "when", Type::Truth, scope, tables);
    if when.is_none() {
        table.missing_unless_written("when", "when it opens: when = \"score < 40\"");
    }
    let clear = expression(&mut table, "clear", Type::Truth, scope, tables);
    for condition in when.iter().chain(&clear) {
        warn_all(&table, unusual::condition(&condition.tree), &condition.written);
    }
    let mut wait = |key| table.duration(key, 0..=MAX_WAIT_MS).map(|wait| wait.value);
    let (for_ms, cool_down_ms, due_ms) = (wait("for"), wait("cool_down"), wait("due"));
    let severity = severity(&mut table).unwrap_or(Severity::Medium);
    let raises = raises(&mut table, severity, scope, tables);
    let kind = table.choice("kind", &KINDS);
    let (playbook, reason) = (text(&mut table, "playbook"), text(&mut table, "reason"));
    table.finish();
    let when = when?;
    Some(AlertRule {
        id: id?,
        kind: kind.map_or(AlertKind::Risk, |kind| kind.value),
        severity,
        raises,
        when: when.program,
        clear: clear.map(|clear| clear.program),
        for_ms: for_ms.unwrap_or(0),
        cool_down_ms: cool_down_ms.unwrap_or(0),
        due_ms,
        playbook,
        expression: when.written.value,
        reason,
    })
}

fn severity(table: &mut Table<'_>) -> Option<Severity> {
    let severities = Severity::ALL.map(|severity| (severity.as_str(), severity));
    table.choice("severity", &severities).map(|severity| severity.value)
}

/// `[[alert.raise]]`: a higher severity than the rule's own, and when it applies.
fn raises(alert: &mut Table<'_>, own: Severity, scope: Scope, tables: &mut Tables) -> Vec<Raise> {
    let raise = |mut table: Table<'_>| {
        let when = expression(&mut table, "when", Type::Truth, scope, tables);
        if when.is_none() {
            table.missing_unless_written("when", "when it is that severe: when = \"score < 30\"");
        }
        let severity = severity(&mut table);
        if severity.is_none() {
            table.missing_unless_written("severity", "how severe it is then: severity = \"critical\"");
        }
        if severity.is_some_and(|severity| severity <= own) {
            let problem = Problem::new("a raise must be above the alert's own severity", table.place());
            table.report(problem.help(format!("the alert is \"{}\" already", own.as_str())));
        }
        table.finish();
        let when = when?;
        Some(Raise {
            severity: severity?,
            when: when.program,
            expression: when.written.value,
        })
    };
    alert.tables("raise").into_iter().filter_map(raise).collect()
}

/// `[[silence]]`: a time in which alerts do not open. `rules` are the model's.
pub fn silences(root: &mut Table<'_>, rules: &[AlertRule], tables: &mut Tables) -> Vec<Silence> {
    root.tables("silence")
        .into_iter()
        .filter_map(|table| silence(table, rules, tables))
        .collect()
}

fn silence(mut table: Table<'_>, rules: &[AlertRule], tables: &mut Tables) -> Option<Silence> {
    let when = expression(&mut table, "when", Type::Truth, Scope::Alert, tables);
    let (from, until) = (time(&mut table, "from"), time(&mut table, "until"));
    if from.zip(until).is_some_and(|(from, until)| from >= until) {
        table.report(Problem::new("`until` must be later than `from`", table.place()));
    }
    let alerts = match table.strings("alerts") {
        Some(wanted) => {
            let known = |wanted: &Placed<String>| rules.iter().any(|rule| rule.id == wanted.value);
            for unknown in wanted.iter().filter(|wanted| !known(wanted)) {
                let problem = Problem::new(format!("there is no alert `{}`", unknown.value), unknown.place.clone());
                let nearest = nearest(&unknown.value, rules.iter().map(|rule| rule.id.as_str()));
                table.report(match nearest {
                    Some(known) => problem.help(format!("did you mean `{known}`?")),
                    None => problem,
                });
            }
            let is_wanted = |rule: &AlertRule| wanted.iter().any(|wanted| wanted.value == rule.id);
            rules.iter().map(is_wanted).collect()
        }
        None => vec![true; rules.len()],
    };
    let reason = text(&mut table, "reason");
    table.finish();
    Some(Silence {
        from: from?,
        until: until?,
        expression: when.as_ref().map(|when| when.written.value.clone()),
        when: when.map(|when| when.program),
        alerts,
        reason,
    })
}

/// A time that must be there.
fn time(table: &mut Table<'_>, key: &str) -> Option<Timestamp> {
    let Some(Placed { value, place }) = table.string(key) else {
        table.missing_unless_written(key, &format!("a time: {key} = \"2026-12-24T00:00:00Z\""));
        return None;
    };
    let time = Timestamp::parse_rfc3339(&value);
    if time.is_none() {
        let problem = Problem::new(format!("`{key}` must be a time"), place);
        table.report(problem.help("as RFC 3339 has it: \"2026-12-24T00:00:00Z\""));
    }
    time
}
