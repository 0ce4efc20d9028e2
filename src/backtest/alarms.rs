//! Alerts as the people feel them who get them: how early, how many, how many for nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::labels::{Labels, Outcome};
use super::rows::Row;
use super::spans::Span;
use crate::domain::hash::account_hash;
use crate::domain::time::{DAY_MS, Timestamp};

/// The part of the accounts that is flagged at each point of time, to compare predictions at the same amount of work.
pub const FLAGGED: f64 = 0.1;

/// An alert that opened on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub account: String,
    pub at: Timestamp,
}

/// What came of a set of alerts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlarmFigures {
    /// Alerts on customers.
    pub opened: usize,
    pub churners: usize,
    /// Churners with an alert before they left.
    pub warned: usize,
    /// Days from the first alert to the churn, over those; null when there are none.
    pub lead_days: Option<Quartiles>,
    /// All alerts by all churners.
    pub alerts_per_churner: f64,
    /// Alerts whose account did not leave.
    pub false_alerts: usize,
    pub false_alerts_per_day: f64,
    /// Every lead, in days, ascending.
    #[serde(skip)]
    pub leads: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quartiles {
    pub lower: f64,
    pub median: f64,
    pub upper: f64,
}

/// Judges the alerts of a span. One is right when its account leaves within `lead_ms` after it, and false when it stays.
pub fn judge(alerts: &[Opened], rows: &[&Row], labels: &Labels, span: Span, lead_ms: i64) -> AlarmFigures {
    let churns: BTreeSet<(&str, Timestamp)> = rows
        .iter()
        .filter_map(|row| Some((row.account.as_ref(), row.churned?)))
        .collect();
    let mut first: BTreeMap<(&str, Timestamp), Timestamp> = BTreeMap::new();
    let (mut opened, mut false_alerts) = (0, 0);
    for alert in alerts
        .iter()
        .filter(|alert| alert.at >= span.from && alert.at < span.until)
    {
        match labels.outcome(&alert.account, alert.at, lead_ms) {
            Outcome::NoCustomer => continue,
            Outcome::Ends => {}
            Outcome::Stays => false_alerts += 1,
            Outcome::Churns(time) => {
                let churn = (alert.account.as_str(), time);
                if churns.contains(&churn) {
                    let earliest = first.entry(churn).or_insert(alert.at);
                    *earliest = alert.at.min(*earliest);
                }
            }
        }
        opened += 1;
    }
    let mut leads: Vec<f64> = first
        .iter()
        .map(|((_, churn), alert)| churn.days_since(*alert))
        .collect();
    leads.sort_by(f64::total_cmp);
    let days = (span.until.millis() - span.from.millis()) as f64 / DAY_MS as f64;
    AlarmFigures {
        opened,
        churners: churns.len(),
        warned: leads.len(),
        lead_days: quartiles(&leads),
        alerts_per_churner: opened as f64 / churns.len() as f64,
        false_alerts,
        false_alerts_per_day: false_alerts as f64 / days,
        leads,
    }
}

/// The alerts that a prediction would open: at each point of time the tenth of the accounts with the highest one is flagged, and
/// an alert opens when an account was not flagged before. Of equals those with the lower hash are taken.
pub fn flagged(rows: &[&Row], predictions: &[f64]) -> Vec<Opened> {
    let mut alerts = Vec::new();
    let mut before: BTreeSet<&str> = BTreeSet::new();
    let mut start = 0;
    for of_time in rows.chunk_by(|a, b| a.at == b.at) {
        let mut order: Vec<usize> = (start..start + of_time.len()).collect();
        start += of_time.len();
        order.sort_by(|&a, &b| {
            let hash = |index: usize| account_hash(&*rows[index].account);
            predictions[b]
                .total_cmp(&predictions[a])
                .then_with(|| hash(a).cmp(&hash(b)))
        });
        let count = (of_time.len() as f64 * FLAGGED).ceil() as usize;
        let now: BTreeSet<&str> = order
            .iter()
            .take(count)
            .map(|&index| rows[index].account.as_ref())
            .collect();
        alerts.extend(now.difference(&before).map(|account| Opened {
            account: (*account).to_owned(),
            at: of_time[0].at,
        }));
        before = now;
    }
    alerts
}

/// By linear interpolation between the nearest ranks (type 7 of Hyndman and Fan, The American Statistician 50, 1996).
fn quartiles(ascending: &[f64]) -> Option<Quartiles> {
    let last = ascending.len().checked_sub(1)?;
    let at = |share: f64| {
        let place = share * last as f64;
        let below = ascending[place.floor() as usize];
        below + (ascending[place.ceil() as usize] - below) * place.fract()
    };
    Some(Quartiles {
        lower: at(0.25),
        median: at(0.5),
        upper: at(0.75),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::rows::tests::row;

    const LABELS: &str =
        "account,time,event\na,2013-01-21,churned\nb,2013-01-25,churned\nc,2013-01-03,churned\nd,2013-01-12,ended\n";

    fn day(day: i32) -> Timestamp {
        Timestamp::start_of_day(15_705 + day)
    }

    fn opened(account: &str, at: i32) -> Opened {
        Opened {
            account: account.to_owned(),
            at: day(at),
        }
    }

    #[test]
    fn leads_and_false_alerts_are_counted_by_hand() {
        let labels = Labels::read(LABELS.as_bytes()).unwrap();
        let mut rows = [
            row(20, "a", true, &[]),
            row(20, "b", true, &[]),
            row(20, "s", false, &[]),
        ];
        (rows[0].churned, rows[1].churned) = (Some(day(21)), Some(day(25)));
        let rows: Vec<&Row> = rows.iter().collect();
        let span = Span {
            from: day(5),
            until: day(25),
        };
        let alerts = [
            opened("a", 4), // before the span
            opened("a", 15),
            opened("a", 18), // the second
            opened("b", 10), // more than ten days before: nobody would call that a warning
            opened("b", 22),
            opened("c", 8),  // gone
            opened("d", 9),  // ends: neither right nor false
            opened("s", 10), // stays
            opened("s", 20),
        ];
        let found = judge(&alerts, &rows, &labels, span, 10 * DAY_MS);
        assert_eq!(
            (found.opened, found.churners, found.warned, found.false_alerts),
            (7, 2, 2, 3)
        );
        assert_eq!(found.leads, [3.0, 6.0]);
        assert_eq!(found.alerts_per_churner, 3.5);
        assert_eq!(found.false_alerts_per_day, 3.0 / 20.0);
        let quartiles = found.lead_days.unwrap();
        assert_eq!((quartiles.lower, quartiles.median, quartiles.upper), (3.75, 4.5, 5.25));
    }

    #[test]
    fn a_tenth_is_flagged_and_opens_once() {
        let mut rows = Vec::new();
        for day in 0..3 {
            rows.extend((0..20).map(|account| row(day, &format!("acc-{account}"), false, &[])));
        }
        let rows: Vec<&Row> = rows.iter().collect();
        let mut predictions = vec![0.0; 60];
        (predictions[3], predictions[4]) = (2.0, 1.0);
        (predictions[23], predictions[25]) = (1.0, 1.0);
        (predictions[44], predictions[45]) = (1.0, 1.0);
        let seen: Vec<_> = flagged(&rows, &predictions)
            .into_iter()
            .map(|alert| (alert.at.day() - 15_706, alert.account))
            .collect();
        let expected = [(0, "acc-3"), (0, "acc-4"), (1, "acc-5"), (2, "acc-4")];
        assert_eq!(seen, expected.map(|(day, account)| (day, account.to_owned())));
        // All alike: still a tenth, and always the same.
        assert_eq!(flagged(&rows, &[1.0; 60]).len(), 2);
    }
}
