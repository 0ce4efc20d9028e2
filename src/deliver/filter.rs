//! Which outputs a target wants.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use crate::domain::output::read::{Alert, Output, Score};
use crate::domain::output::{ALERT_OPENED, ALERT_RESOLVED, ALERT_UPDATED, SCORE_UPDATED, SEGMENT_UPDATED};

/// A type of output by its short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputType {
    Score,
    AlertOpened,
    AlertUpdated,
    AlertResolved,
    Segment,
}

impl OutputType {
    pub const ALL: [(&'static str, Self); 5] = [
        ("score", Self::Score),
        ("alert-opened", Self::AlertOpened),
        ("alert-updated", Self::AlertUpdated),
        ("alert-resolved", Self::AlertResolved),
        ("segment", Self::Segment),
    ];
    pub const ALERTS: [Self; 3] = [Self::AlertOpened, Self::AlertUpdated, Self::AlertResolved];

    pub const fn event_type(self) -> &'static str {
        match self {
            Self::Score => SCORE_UPDATED,
            Self::AlertOpened => ALERT_OPENED,
            Self::AlertUpdated => ALERT_UPDATED,
            Self::AlertResolved => ALERT_RESOLVED,
            Self::Segment => SEGMENT_UPDATED,
        }
    }
}

/// An output has to fit every list in one of its values; an empty list lets everything through. What a list is not about (the
/// severity of a score) it does not keep out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Filter {
    pub outputs: Vec<OutputType>,
    /// Ids of alert rules.
    pub alerts: Vec<String>,
    /// `risk`, `opportunity`.
    pub kinds: Vec<String>,
    pub severities: Vec<String>,
    pub bands: Vec<String>,
    /// Values of the attribute `segment`.
    pub segments: Vec<String>,
    /// In points: a score goes out once it is so far from what the target was sent last, or its band is another.
    pub min_change: f64,
}

impl Filter {
    pub fn wants(&self, event_type: &str, output: &Output) -> bool {
        let is_wanted_type = self.outputs.iter().any(|output| output.event_type() == event_type);
        is_wanted_type
            && match output {
                Output::Score(score) => {
                    fits(&self.bands, &score.band) && self.is_of_segment(segment_of(&score.attributes))
                }
                Output::Alert(alert) => self.wants_alert(alert),
                Output::Segment(segment) => {
                    self.is_of_segment((segment.attribute == "segment").then_some(segment.name.as_str()))
                }
            }
    }

    fn wants_alert(&self, alert: &Alert) -> bool {
        // An alert on a segment has no band.
        let has_band = alert.band.is_empty() || fits(&self.bands, &alert.band);
        let segment = match &alert.subject {
            crate::domain::output::read::Subject::Account(_) => segment_of(&alert.attributes),
            crate::domain::output::read::Subject::Segment(id) => id.strip_prefix("segment="),
        };
        // Whoever was told that it opened has to hear that it is over, in whatever band the account is by then.
        (alert.is_resolved() || has_band)
            && fits(&self.severities, &alert.severity)
            && fits(&self.alerts, &alert.alert)
            && fits(&self.kinds, &alert.kind)
            && self.is_of_segment(segment)
    }

    fn is_of_segment(&self, segment: Option<&str>) -> bool {
        self.segments.is_empty() || segment.is_some_and(|segment| fits(&self.segments, segment))
    }
}

fn fits(wanted: &[String], value: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|wanted| wanted == value)
}

fn segment_of(attributes: &std::collections::BTreeMap<String, Value>) -> Option<&str> {
    attributes.get("segment")?.as_str()
}

/// The scores that a target was sent last: many small changes add up to one that is worth sending.
#[derive(Debug, Default)]
pub struct LastSent {
    scores: HashMap<u64, (Option<f32>, u64)>,
}

impl LastSent {
    /// Other instances have sent scores meanwhile.
    pub fn forget(&mut self) {
        self.scores.clear();
    }

    /// Whether the score is at least `least` points from what was sent last, or its band is another; then it counts as sent. An
    /// account of which nothing is known yet is sent.
    pub fn is_worth(&mut self, score: &Score, least: f64) -> bool {
        if least <= 0.0 {
            return true;
        }
        let hash = |text: &str| xxhash_rust::xxh3::xxh3_64(text.as_bytes());
        let now = (score.score.map(|points| points as f32), hash(&score.band));
        let last = self.scores.get(&hash(&score.account));
        let is_same = last.is_some_and(|(points, band)| {
            let moved = match (points, now.0) {
                (Some(before), Some(after)) => f64::from((after - before).abs()) >= least,
                (before, after) => *before != after,
            };
            *band == now.1 && !moved
        });
        if !is_same {
            self.scores.insert(hash(&score.account), now);
        }
        !is_same
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::output::samples::{ALERT, SCORE, SEGMENT};

    fn wanted(filter: &Filter) -> Vec<&'static str> {
        let samples = [
            ("score", SCORE_UPDATED, SCORE),
            ("opened", ALERT_OPENED, ALERT),
            ("segment", SEGMENT_UPDATED, SEGMENT),
        ];
        let wants = |(_, event_type, value): &(&str, &str, &str)| {
            filter.wants(event_type, &Output::read(event_type, value.as_bytes()).unwrap())
        };
        samples.into_iter().filter(wants).map(|(name, ..)| name).collect()
    }

    fn all() -> Filter {
        Filter {
            outputs: OutputType::ALL.map(|(_, output)| output).into(),
            ..Filter::default()
        }
    }

    fn list(value: &str) -> Vec<String> {
        vec![value.to_owned()]
    }

    #[test]
    fn a_list_keeps_out_what_it_is_about() {
        assert_eq!(wanted(&all()), ["score", "opened", "segment"]);
        let scores = Filter {
            outputs: vec![OutputType::Score],
            ..all()
        };
        assert_eq!(wanted(&scores), ["score"]);
        assert_eq!(
            wanted(&Filter {
                bands: list("red"),
                ..all()
            }),
            ["segment"]
        );
        assert_eq!(
            wanted(&Filter {
                severities: list("low"),
                ..all()
            }),
            ["score", "segment"]
        );
        assert_eq!(
            wanted(&Filter {
                kinds: list("risk"),
                ..all()
            }),
            ["score", "opened", "segment"]
        );
        assert_eq!(
            wanted(&Filter {
                alerts: list("other"),
                ..all()
            }),
            ["score", "segment"]
        );
        assert_eq!(
            wanted(&Filter {
                segments: list("banks"),
                ..all()
            }),
            Vec::<&str>::new()
        );
        assert_eq!(
            wanted(&Filter {
                segments: list("students"),
                ..all()
            })
            .len(),
            3
        );
    }

    #[test]
    fn an_alert_that_is_over_is_told_whatever_its_band_is_by_then() {
        let resolved = ALERT.replace("opened", "resolved").replace("yellow", "green");
        let output = Output::read(ALERT_RESOLVED, resolved.as_bytes()).unwrap();
        let yellow = Filter {
            bands: list("yellow"),
            ..all()
        };
        assert!(yellow.wants(ALERT_RESOLVED, &output));
    }

    #[test]
    fn small_changes_add_up() {
        let (mut last, mut sent) = (LastSent::default(), Vec::new());
        for (points, band) in [
            ("60", "yellow"),
            ("61", "yellow"),
            ("62", "yellow"),
            ("62.5", "yellow"),
            ("62.6", "red"),
            ("null", "red"),
        ] {
            let value = SCORE
                .replace("61.4", points)
                .replace("\"yellow\",\"coverage\"", &format!("\"{band}\",\"coverage\""));
            let Some(Output::Score(score)) = Output::read(SCORE_UPDATED, value.as_bytes()) else {
                panic!("{value}")
            };
            if last.is_worth(&score, 2.0) {
                sent.push(points);
            }
        }
        assert_eq!(sent, ["60", "62", "62.6", "null"]);
    }
}
