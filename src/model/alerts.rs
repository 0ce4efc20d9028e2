//! Reads `[[alert]]`.

use std::collections::BTreeSet;

use super::{
    compiled::{AlertKind, AlertRule, Severity},
    fields::{expression, is_word, text, unique_id, warn_all},
    lower::{Scope, Type},
    tables::Tables,
    unusual,
};
use crate::{document::Table, domain::time::DAY_MS};

/// Longest time that an alert may be told to wait, in milliseconds.
const MAX_WAIT_MS: i64 = 366 * DAY_MS;

pub fn alerts(root: &mut Table<'_>, tables: &mut Tables) -> Vec<AlertRule> {
    let mut ids = BTreeSet::new();
    root.tables("alert")
        .into_iter()
        .filter_map(|table| alert(table, &mut ids, tables))
        .collect()
}

fn alert(mut table: Table<'_>, ids: &mut BTreeSet<String>, tables: &mut Tables) -> Option<AlertRule> {
    const SEVERITIES: [(&str, Severity); 4] = [
        ("low", Severity::Low),
        ("medium", Severity::Medium),
        ("high", Severity::High),
        ("critical", Severity::Critical),
    ];
    const KINDS: [(&str, AlertKind); 2] = [("risk", AlertKind::Risk), ("opportunity", AlertKind::Opportunity)];
    let id = unique_id(&mut table, ids, |character| is_word(character) || character == '-');
    let when = expression(&mut table, "when", Type::Truth, Scope::Alert, tables);
    if when.is_none() {
        table.missing_unless_written("when", "when it opens: when = \"score < 40\"");
    }
    let clear = expression(&mut table, "clear", Type::Truth, Scope::Alert, tables);
    for condition in when.iter().chain(&clear) {
        warn_all(&table, unusual::condition(&condition.tree), &condition.written);
    }
    let mut wait = |key| table.duration(key, 0..=MAX_WAIT_MS).map(|wait| wait.value);
    let (for_ms, cool_down_ms, due_ms) = (wait("for"), wait("cool_down"), wait("due"));
    let severity = table.choice("severity", &SEVERITIES);
    let kind = table.choice("kind", &KINDS);
    let (playbook, reason) = (text(&mut table, "playbook"), text(&mut table, "reason"));
    table.finish();
    let when = when?;
    Some(AlertRule {
        id: id?,
        kind: kind.map_or(AlertKind::Risk, |kind| kind.value),
        severity: severity.map_or(Severity::Medium, |severity| severity.value),
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
