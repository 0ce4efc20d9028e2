//! What is sent of a segment: its numbers, and the alerts that opened or resolved.

use std::fmt::Write;

use super::{
    history::History,
    numbers::{Numbers, place},
    rules::{self, RuleState},
    sums::SegmentSums,
};
use crate::{
    domain::{
        band::Band,
        outbox::Outputs,
        output::{
            AlertPhase, ModelRef, Points, Quantity, SEGMENT_UPDATED, SegmentAlertChanged, SegmentBand, SegmentChange,
            SegmentChanges, SegmentDriver, SegmentMeasureValue, SegmentSubject, SegmentUpdated,
        },
        time::Timestamp,
    },
    model::{
        Model,
        compiled::{AlertRule, Severity},
        segment::{CHANGE_DAYS, LONG, SegmentNumber, SegmentRead, SegmentTable},
    },
};

/// Drivers and measures that are named, at most.
const MOST_DRIVERS: usize = 5;
const MOST_MEASURES: usize = 3;
/// Changes below are not named: of a driver in points, of a measure as a share of what it was.
const LEAST_DRIVER: f64 = 1e-4;
const LEAST_CHANGE: f64 = 0.005;

/// Everything that the messages about one segment draw on.
pub struct Message<'a> {
    pub model: &'a Model,
    pub table: &'a SegmentTable,
    pub name: &'a str,
    pub subject: String,
    pub sums: &'a SegmentSums,
    pub numbers: &'a Numbers,
    pub history: &'a History,
    pub boundary: Timestamp,
}

/// Rounded, so that what is next to nothing has no sign of its own.
fn tenths(points: f64) -> f64 {
    (points * 10.0).round() / 10.0 + 0.0
}

impl Message<'_> {
    /// What the rules read, in the order of [`Model::segment_reads`].
    pub fn values(&self) -> Vec<f64> {
        self.model.segment_reads.iter().map(|read| self.read(*read)).collect()
    }

    fn read(&self, SegmentRead { number, days }: SegmentRead) -> f64 {
        if days == 0 {
            return self.numbers.get(number, self.model);
        }
        let before = self.history.at(self.boundary.day().saturating_sub(days.into()));
        let before = before.and_then(|numbers| numbers.get(place(number, self.model)));
        before.map_or(f64::NAN, |number| f64::from(*number))
    }

    fn now(&self, number: SegmentNumber) -> f64 {
        self.read(SegmentRead { number, days: 0 })
    }

    /// How much `number` has changed over so many days.
    fn change(&self, number: SegmentNumber, days: u16) -> f64 {
        self.now(number) - self.read(SegmentRead { number, days })
    }

    pub fn send(&self, rules: &[RuleState], out: &mut Outputs) {
        if !out.wants_next() {
            return;
        }
        let bands = Band::ALL.into_iter().zip(&self.sums.bands);
        let measures = (0..).zip(&self.table.measures);
        let alerts = rules::open(rules).filter_map(|rule| self.table.alerts.get(usize::from(rule)));
        let message = SegmentUpdated {
            segment: &self.subject,
            attribute: &self.table.by,
            name: self.name,
            as_of: self.boundary,
            accounts: self.sums.accounts(),
            value: Quantity(self.now(SegmentNumber::Value)),
            score: Points(self.now(SegmentNumber::Score)),
            value_score: Points(self.now(SegmentNumber::ValueScore)),
            bands: bands
                .map(|(band, sum)| SegmentBand {
                    band,
                    accounts: sum.count,
                    value: Quantity(sum.total()),
                })
                .collect(),
            change: SegmentChanges {
                days_7: self.split(0),
                days_28: self.split(LONG),
            },
            psi: Quantity(self.now(SegmentNumber::Psi)),
            drivers: self.drivers(),
            measures: measures
                .map(|(index, measure)| {
                    let number = SegmentNumber::Measure(index);
                    SegmentMeasureValue {
                        id: &measure.id,
                        value: Quantity(self.now(number)),
                        change: Quantity(self.change(number, CHANGE_DAYS[LONG])),
                    }
                })
                .collect(),
            alerts: alerts.map(|rule| rule.id.as_str()).collect(),
            model: self.model_ref(),
        };
        out.push(SEGMENT_UPDATED, &self.subject, None, self.boundary, &message);
    }

    /// `reason` stands in for what the rule would say.
    pub fn send_alert(
        &self,
        rule: &AlertRule,
        state: AlertPhase,
        opened: Timestamp,
        severity: Severity,
        reason: Option<&str>,
        out: &mut Outputs,
    ) {
        if !out.wants_next() {
            return;
        }
        let message = SegmentAlertChanged {
            alert: &rule.id,
            id: format!("{}/{}/{opened}", self.subject, rule.id),
            subject: SegmentSubject { segment: &self.subject },
            kind: rule.kind.as_str(),
            severity: severity.as_str(),
            state,
            since: opened,
            due: rule.due_ms.map(|due| opened.plus_millis(due)),
            reason: reason.map_or_else(|| self.reason(rule), str::to_owned),
            score: Points(self.now(SegmentNumber::Score)),
            accounts: self.sums.accounts(),
            value: Quantity(self.now(SegmentNumber::Value)),
            change: SegmentChanges {
                days_7: self.split(0),
                days_28: self.split(LONG),
            },
            drivers: self.drivers(),
            playbook: rule.playbook.as_deref(),
            model: self.model_ref(),
        };
        out.push(state.event_type(), &self.subject, None, self.boundary, &message);
    }

    fn split(&self, index: usize) -> SegmentChange {
        SegmentChange {
            score: Points(self.change(SegmentNumber::Score, CHANGE_DAYS[index])),
            within: Points(self.now(SegmentNumber::Within(index as u8))),
            mix: Points(self.now(SegmentNumber::Mix(index as u8))),
        }
    }

    /// The largest first: how the mean of each indicator has moved, times its weight.
    fn drivers(&self) -> Vec<SegmentDriver<'_>> {
        let drivers = self.model.indicators.iter().enumerate().map(|(index, indicator)| {
            let number = SegmentNumber::Indicator(index as u16);
            let weight = self.model.dimensions[usize::from(indicator.dimension)].weight * indicator.weight;
            (
                indicator,
                self.now(number),
                weight * self.change(number, CHANGE_DAYS[LONG]),
            )
        });
        let mut drivers: Vec<_> = drivers.filter(|(.., change)| change.abs() > LEAST_DRIVER).collect();
        drivers.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
        drivers.truncate(MOST_DRIVERS);
        drivers
            .into_iter()
            .map(|(indicator, score, change)| SegmentDriver {
                indicator: &indicator.id,
                score: Points(score),
                change: Quantity(change),
            })
            .collect()
    }

    /// The rule's own words, or how the score moved, what of it came of the accounts that stayed, and the measures that moved
    /// most, each over the time for which the rule looks back at it.
    fn reason(&self, rule: &AlertRule) -> String {
        if let Some(reason) = &rule.reason {
            return reason.clone();
        }
        let days = self.days_back(rule, SegmentNumber::Score).unwrap_or(CHANGE_DAYS[LONG]);
        let (now, before) = (
            self.now(SegmentNumber::Score),
            self.read(SegmentRead {
                number: SegmentNumber::Score,
                days,
            }),
        );
        let mut text = String::new();
        // Writing to a string does not fail.
        if before.is_nan() {
            let _ = write!(text, "{}", rule.expression);
        } else {
            let verb = if now < before { "fell" } else { "rose" };
            let moved = (now - before).abs();
            let _ = write!(
                text,
                "score {verb} {moved:.1} in {days} days, from {before:.1} to {now:.1}"
            );
        }
        let long = usize::from(days > CHANGE_DAYS[0]) * LONG;
        let within = self.now(SegmentNumber::Within(long as u8));
        let mix = self.now(SegmentNumber::Mix(long as u8));
        if !within.is_nan() && !mix.is_nan() {
            let _ = write!(text, "; within {:+.1}, mix {:+.1}", tenths(within), tenths(mix));
            if days != CHANGE_DAYS[long] {
                let _ = write!(text, " in {} days", CHANGE_DAYS[long]);
            }
        }
        for (id, change, over) in self.moved_measures(rule, days) {
            let _ = write!(text, "; {id} {:+.0} % in {over} days", change * 100.0);
        }
        text
    }

    /// Measures with their relative change and the days over which it was made, the largest first.
    fn moved_measures(&self, rule: &AlertRule, days: u16) -> Vec<(&str, f64, u16)> {
        let measures = (0..).zip(&self.table.measures).map(|(index, measure)| {
            let number = SegmentNumber::Measure(index);
            let days = self.days_back(rule, number).unwrap_or(days);
            let before = self.read(SegmentRead { number, days });
            let change = if before > 0.0 {
                self.now(number) / before - 1.0
            } else {
                f64::NAN
            };
            (measure.id.as_str(), change, days)
        });
        let mut moved: Vec<_> = measures.filter(|(_, change, _)| change.abs() >= LEAST_CHANGE).collect();
        moved.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        moved.truncate(MOST_MEASURES);
        moved
    }

    /// How far the rule looks back at `number`; `None` when it does not.
    fn days_back(&self, rule: &AlertRule, number: SegmentNumber) -> Option<u16> {
        let reads = rule
            .when
            .readings()
            .filter_map(|index| self.model.segment_reads.get(usize::from(index)));
        let back = reads.filter(|read| read.number == number && read.days > 0);
        back.map(|read| read.days).max()
    }

    fn model_ref(&self) -> ModelRef<'_> {
        ModelRef {
            name: &self.model.name,
            version: &self.model.version,
        }
    }
}
