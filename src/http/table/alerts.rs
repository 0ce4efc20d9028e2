//! Alerts that are open, as rows of a list of their own.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::{Cursor, Table, best::Best};
use crate::{
    domain::{
        band::Band,
        output::{Points, Quantity},
        shard::Summary,
        time::Timestamp,
    },
    model::{
        Model,
        compiled::{AlertKind, AlertRule, Severity},
    },
};

/// An alert that is open. What the rule says is null while the active model does not know the rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenAlert<'a> {
    /// The rule's id.
    pub alert: &'a str,
    /// The same from opening to resolving, as in the outputs.
    pub id: Option<String>,
    pub account: &'a str,
    #[serde(serialize_with = "kind_as_str")]
    pub kind: Option<AlertKind>,
    #[serde(serialize_with = "severity_as_str")]
    pub severity: Option<Severity>,
    /// The rule's own severity, where it has risen above it.
    #[serde(serialize_with = "severity_as_str")]
    pub raised_from: Option<Severity>,
    /// When it opened, in event time.
    pub since: Option<Timestamp>,
    /// By when somebody should have acted; null when the rule has no deadline.
    pub due: Option<Timestamp>,
    /// The rule's own words, or else its condition.
    pub reason: Option<&'a str>,
    pub playbook: Option<&'a str>,
    pub owner: Option<&'a str>,
    pub segment: Option<&'a str>,
    /// What the account is worth.
    pub value: Quantity,
    pub score: Points,
    pub band: Band,
}

impl<'a> OpenAlert<'a> {
    /// What the rule and its opening say.
    fn of_rule(
        alert: &'a str,
        account: &'a str,
        since: Option<Timestamp>,
        severity: Option<Severity>,
        rule: Option<&'a AlertRule>,
    ) -> Self {
        let own = rule.map(|rule| rule.severity);
        let due = rule.and_then(|rule| rule.due_ms).zip(since);
        Self {
            alert,
            id: None,
            account,
            kind: rule.map(|rule| rule.kind),
            severity: severity.or(own),
            raised_from: own.filter(|own| severity.is_some_and(|severity| severity > *own)),
            since,
            due: due.map(|(due, since)| since.plus_millis(due)),
            reason: rule.map(|rule| rule.reason.as_deref().unwrap_or(&rule.expression)),
            playbook: rule.and_then(|rule| rule.playbook.as_deref()),
            owner: None,
            segment: None,
            value: Quantity(f64::NAN),
            score: Points(f64::NAN),
            band: Band::Unknown,
        }
    }

    /// The open alerts of an account that was read from its checkpoint.
    pub fn of_account(summary: &Summary<'a>, model: Option<&'a Model>) -> Vec<Self> {
        let open = summary.alerts.iter().map(|&(alert, since, severity)| Self {
            owner: summary.owner,
            segment: summary.segment,
            value: Quantity(summary.value),
            score: Points(summary.score),
            band: summary.band,
            ..Self::of_rule(alert, summary.account, Some(since), Some(severity), rule(model, alert))
        });
        open.map(Self::named).collect()
    }

    /// With its id.
    #[must_use]
    pub fn named(mut self) -> Self {
        let (account, alert) = (self.account, self.alert);
        self.id = self.since.map(|since| format!("{account}/{alert}/{since}"));
        self
    }
}

/// Which alerts are listed; every condition has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    pub rule: Option<String>,
    /// Any of these; empty: any.
    pub severities: Vec<Severity>,
    pub kind: Option<AlertKind>,
    /// The empty text stands for accounts without one.
    pub owner: Option<String>,
    pub segment: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum AlertSortKey {
    Due,
    Since,
}

impl AlertSortKey {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Since => "since",
        }
    }
}

/// Alerts of which the time is not known come last in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertSort {
    pub key: AlertSortKey,
    pub descending: bool,
}

impl AlertSort {
    /// For cursors. Orders of alerts have numbers of their own.
    pub const fn order(self) -> u8 {
        0x80 | (self.key as u8) << 1 | self.descending as u8
    }
}

#[derive(Clone, Debug)]
pub struct AlertQuery {
    pub filter: AlertFilter,
    pub sort: AlertSort,
    pub limit: usize,
    pub after: Option<Cursor>,
}

/// One page of open alerts.
#[derive(Debug)]
pub struct AlertPage<'a> {
    pub alerts: Vec<OpenAlert<'a>>,
    /// How many the filter lets through, on all pages.
    pub total: usize,
    pub next: Option<Cursor>,
}

impl AlertQuery {
    fn key_of(&self, alert: &OpenAlert<'_>) -> u64 {
        let time = match self.sort.key {
            AlertSortKey::Due => alert.due,
            AlertSortKey::Since => alert.since,
        };
        match time.map(|time| time.millis() as u64 ^ 1 << 63) {
            Some(bits) if self.sort.descending => (!bits).min(u64::MAX - 1),
            Some(bits) => bits.min(u64::MAX - 1),
            None => u64::MAX,
        }
    }
}

impl AlertFilter {
    fn admits(&self, alert: &OpenAlert<'_>, rule: Option<&AlertRule>) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| wanted == found.unwrap_or_default())
        };
        is(&self.rule, Some(alert.alert))
            && is(&self.owner, alert.owner)
            && is(&self.segment, alert.segment)
            && (self.severities.is_empty()
                || alert
                    .severity
                    .is_some_and(|severity| self.severities.contains(&severity)))
            && self.kind.is_none_or(|kind| rule.is_some_and(|rule| rule.kind == kind))
    }
}

impl Table {
    /// Open alerts; what a rule says comes from `model`.
    pub fn alerts<'a>(&'a self, query: &AlertQuery, model: Option<&'a Model>) -> AlertPage<'a> {
        let after = query.after.as_ref().map(|cursor| self.alert_bound(cursor));
        // Row, then which of its alerts: enough to find it again.
        let (mut best, mut total) = (Best::<(u64, u64, &str, usize)>::new(query.limit), 0);
        let labels = self.names.labels();
        for row in (0..self.len()).filter(|row| !self.alerts[*row].is_empty()) {
            for alert in self.alerts_of(row as u32, model) {
                if !query.filter.admits(&alert, rule(model, alert.alert)) {
                    continue;
                }
                total += 1;
                let place = (query.key_of(&alert), labels[row], alert.alert);
                if after.is_none_or(|after| place > after) {
                    best.see((place.0, place.1, place.2, row));
                }
            }
        }
        let (places, has_more) = best.page();
        let next = places.last().filter(|_| has_more).map(|&(key, _, rule, row)| Cursor {
            order: query.sort.order(),
            key,
            id: format!("{}\0{rule}", self.names.text(row as u32)),
        });
        let alerts = places.iter().filter_map(|&(.., rule, row)| {
            let mut of_row = self.alerts_of(row as u32, model);
            of_row.find(|alert| alert.alert == rule).map(OpenAlert::named)
        });
        AlertPage {
            alerts: alerts.collect(),
            total,
            next,
        }
    }

    /// The open alerts of one account; they have no id yet, which costs more than all the rest.
    pub fn alerts_of<'a>(&'a self, row: u32, model: Option<&'a Model>) -> impl Iterator<Item = OpenAlert<'a>> {
        let at = row as usize;
        let account = self.names.text(row);
        self.alerts[at].iter().filter_map(move |open| {
            let alert = self.rules.text(open.rule)?;
            Some(OpenAlert {
                owner: self.owners.text(self.owner[at]),
                segment: self.segments.text(self.segment[at]),
                value: Quantity(self.values[at]),
                score: Points(f64::from(self.scores[at])),
                band: self.bands[at],
                ..OpenAlert::of_rule(alert, account, open.since, open.severity, rule(model, alert))
            })
        })
    }

    /// Alerts behind this place come after the cursor. Its account may be gone or have moved.
    fn alert_bound<'c>(&self, cursor: &'c Cursor) -> (u64, u64, &'c str) {
        let (account, rule) = cursor.id.split_once('\0').unwrap_or((&cursor.id, ""));
        let is_there = self.names.find(account).is_some();
        let label = self.names.label_from(account).unwrap_or(u64::MAX);
        (cursor.key, label, if is_there { rule } else { "" })
    }
}

fn kind_as_str<S: Serializer>(kind: &Option<AlertKind>, serializer: S) -> Result<S::Ok, S::Error> {
    kind.map(AlertKind::as_str).serialize(serializer)
}

fn severity_as_str<S: Serializer>(severity: &Option<Severity>, serializer: S) -> Result<S::Ok, S::Error> {
    severity.map(Severity::as_str).serialize(serializer)
}

fn rule<'a>(model: Option<&'a Model>, id: &str) -> Option<&'a AlertRule> {
    model?.alerts.iter().find(|rule| rule.id == id)
}
