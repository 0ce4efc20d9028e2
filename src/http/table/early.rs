//! What the outputs of alerts say of openings. They may come before the score that lists the alert: in a topic of their own
//! (`output.alerts_topic`) nothing orders the two.

use hashbrown::HashMap;

use super::Table;
use crate::domain::time::Timestamp;
use crate::model::compiled::Severity;

/// How severe an open alert is, and when it opened: after a backlog was worked off that is another time than the score's.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    pub account: &'a str,
    pub rule: &'a str,
    /// Log offset of the entry that it comes from; the score of the same entry lists the alert.
    pub offset: i64,
    pub since: Timestamp,
    pub severity: Option<Severity>,
}

/// Those that came before their scores, by account, as they came.
#[derive(Debug, Default)]
pub struct Early(HashMap<String, Vec<Waiting>>);

#[derive(Debug)]
struct Waiting {
    rule: Box<str>,
    offset: i64,
    since: Timestamp,
    severity: Option<Severity>,
}

impl Early {
    fn keep(&mut self, opening: &Opening<'_>) {
        let of_account = self.0.entry_ref(opening.account).or_default();
        of_account.push(Waiting {
            rule: opening.rule.into(),
            offset: opening.offset,
            since: opening.since,
            severity: opening.severity,
        });
    }

    /// Takes out those that a row at `offset` knows of.
    fn due(&mut self, account: &str, offset: i64) -> Vec<Waiting> {
        let Some(of_account) = self.0.get_mut(account) else {
            return Vec::new();
        };
        let due = of_account.extract_if(.., |waiting| waiting.offset <= offset).collect();
        if of_account.is_empty() {
            self.0.remove(account);
        }
        due
    }
}

impl Table {
    /// Takes over what an alert's own output says, now or with the score that belongs to it.
    pub fn opened(&mut self, opening: &Opening<'_>) {
        match self.names.find(opening.account) {
            Some(row) if self.offsets[row as usize] >= opening.offset => {
                self.say(row as usize, opening.rule, opening.since, opening.severity);
            }
            _ => self.early.keep(opening),
        }
    }

    /// For a row that has just been changed.
    pub(super) fn say_early(&mut self, account: &str, row: usize) {
        for said in self.early.due(account, self.offsets[row]) {
            self.say(row, &said.rule, said.since, said.severity);
        }
    }

    fn say(&mut self, row: usize, rule: &str, since: Timestamp, severity: Option<Severity>) {
        let Some(rule) = self.rules.find(rule) else { return };
        if let Some(open) = self.alerts[row].iter_mut().find(|open| open.rule == rule) {
            open.since = Some(since);
            open.severity = severity;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::update;
    use super::super::{OpenAlert, Update};
    use super::*;

    fn opening(offset: i64, since: i64, severity: Severity) -> Opening<'static> {
        Opening {
            account: "a",
            rule: "drop",
            offset,
            since: Timestamp::from_millis(since),
            severity: Some(severity),
        }
    }

    fn with(offset: i64, alerts: &[&'static str]) -> Update<'static> {
        Update {
            alerts: alerts.iter().map(|rule| (*rule, None)).collect(),
            ..update("a", offset)
        }
    }

    fn open(table: &Table) -> Vec<(i64, Option<Severity>)> {
        let alerts = table.alerts_of(0, None).map(OpenAlert::named);
        alerts
            .map(|alert| (alert.since.unwrap().millis(), alert.severity))
            .collect()
    }

    #[test]
    fn what_comes_before_its_score_waits_for_it() {
        let mut table = Table::default();
        table.opened(&opening(5, 2, Severity::Medium));
        table.opened(&opening(7, 2, Severity::High));
        table.apply(&with(4, &[]));
        assert_eq!(open(&table), []);
        table.apply(&with(5, &["drop"]));
        assert_eq!(open(&table), [(2, Some(Severity::Medium))]);
        table.apply(&with(8, &["drop"]));
        assert_eq!(open(&table), [(2, Some(Severity::High))]);
        assert!(table.early.0.is_empty());
    }

    #[test]
    fn of_an_alert_that_is_over_by_then_nothing_stays() {
        let mut table = Table::default();
        table.opened(&opening(5, 2, Severity::High));
        table.apply(&with(6, &[]));
        table.apply(&with(9, &["drop"]));
        assert_eq!(open(&table), [(9, None)]);
    }
}
