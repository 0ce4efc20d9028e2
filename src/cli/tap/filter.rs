//! Which outputs are wanted.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::domain::output::{ALERT_OPENED, ALERT_RESOLVED, ALERT_UPDATED, SCORE_UPDATED, SEGMENT_UPDATED, is_alert};
use crate::kafka::cloud_events::Received;

use crate::domain::output::read::Output;

/// An output is shown that fits every kind of filter given, in one of its values.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Filters (several values: separated by commas)")]
pub struct Filter {
    /// Only these accounts
    #[arg(long = "account", value_name = "ID", value_delimiter = ',')]
    accounts: Vec<String>,
    /// Only outputs of these types
    #[arg(long = "type", value_enum, value_name = "TYPE", value_delimiter = ',')]
    types: Vec<Type>,
    /// Only accounts in these bands
    #[arg(long = "band", value_enum, value_name = "BAND", value_delimiter = ',')]
    bands: Vec<BandName>,
    /// Only accounts whose attribute `segment` is one of these
    #[arg(long = "segment", value_name = "SEGMENT", value_delimiter = ',')]
    segments: Vec<String>,
    /// Only alerts of these rules, and no scores
    #[arg(long = "alert", value_name = "RULE", value_delimiter = ',')]
    alerts: Vec<String>,
    /// Only scores that moved by so many points or more, up or down, and no alerts
    #[arg(long, value_name = "POINTS", conflicts_with = "alerts", value_parser = points)]
    min_change: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Type {
    Score,
    /// Opened, updated and resolved
    Alert,
    AlertOpened,
    AlertUpdated,
    AlertResolved,
    Segment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BandName {
    Green,
    Yellow,
    Red,
    Unknown,
}

impl Filter {
    /// `output` is what the record holds, `None` for what this build cannot read: that has no band, segment, rule or change.
    pub fn wants(&self, record: &Received<'_>, output: Option<&Output>) -> bool {
        is_one_of(&self.accounts, |account| account == record.subject)
            && is_one_of(&self.types, |of_type| of_type.is(record.event_type))
            && is_one_of(&self.bands, |band| output.is_some_and(|output| band.is_of(output)))
            && is_one_of(&self.segments, |segment| output.and_then(segment_of) == Some(segment))
            && is_one_of(
                &self.alerts,
                |rule| matches!(output, Some(Output::Alert(alert)) if alert.alert == *rule),
            )
            && self.min_change.is_none_or(|least| moved(output, least))
    }
}

/// Of no filter everything is wanted.
fn is_one_of<T>(wanted: &[T], fits: impl FnMut(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(fits)
}

fn moved(output: Option<&Output>, least: f64) -> bool {
    match output {
        Some(Output::Score(score)) => score.change().is_some_and(|change| change.abs() >= least),
        _ => false,
    }
}

fn segment_of(output: &Output) -> Option<&String> {
    let attributes: &BTreeMap<String, Value> = match output {
        Output::Score(score) => &score.attributes,
        Output::Alert(alert) => &alert.attributes,
        Output::Segment(segment) => return (segment.attribute == "segment").then_some(&segment.name),
    };
    match attributes.get("segment") {
        Some(Value::String(segment)) => Some(segment),
        _ => None,
    }
}

impl Type {
    fn is(self, event_type: &str) -> bool {
        match self {
            Self::Score => event_type == SCORE_UPDATED,
            Self::Alert => is_alert(event_type),
            Self::AlertOpened => event_type == ALERT_OPENED,
            Self::AlertUpdated => event_type == ALERT_UPDATED,
            Self::AlertResolved => event_type == ALERT_RESOLVED,
            Self::Segment => event_type == SEGMENT_UPDATED,
        }
    }
}

impl BandName {
    fn is_of(self, output: &Output) -> bool {
        let band = match output {
            Output::Score(score) => &score.band,
            Output::Alert(alert) => &alert.band,
            Output::Segment(_) => return false,
        };
        let name = match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
            Self::Unknown => "unknown",
        };
        band == name
    }
}

fn points(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(points) if (0.0..=100.0).contains(&points) => Ok(points),
        _ => Err("write points from 0 to 100".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::domain::output::samples::{ALERT, SCORE};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        filter: Filter,
    }

    /// Whether the sample score and the sample alert are wanted.
    fn wanted(arguments: &str) -> (bool, bool) {
        let line = ["tap"].into_iter().chain(arguments.split_whitespace());
        let filter = Line::try_parse_from(line)
            .map_err(|error| error.to_string())
            .unwrap()
            .filter;
        let wants = |event_type: &str, value: &str| {
            let record = Received {
                subject: "acc-1",
                event_type,
                ..Received::default()
            };
            let output = Output::read(event_type, value.as_bytes());
            assert!(output.is_some(), "{value}");
            filter.wants(&record, output.as_ref())
        };
        (wants(SCORE_UPDATED, SCORE), wants(ALERT_OPENED, ALERT))
    }

    #[test]
    fn an_output_fits_every_filter_in_one_of_its_values() {
        for (arguments, score, alert) in [
            ("", true, true),
            ("--account acc-1", true, true),
            ("--account acc-2,acc-1", true, true),
            ("--account acc-2", false, false),
            ("--type score", true, false),
            ("--type alert", false, true),
            ("--type alert-opened", false, true),
            ("--type alert-resolved", false, false),
            ("--type score,alert-opened", true, true),
            ("--band yellow", true, true),
            ("--band red,green", false, false),
            ("--segment students", true, true),
            ("--segment banks", false, false),
            ("--alert health-drop", false, true),
            ("--alert gone-silent", false, false),
            ("--min-change 9.1", true, false),
            ("--min-change 9.2", false, false),
            ("--band yellow --segment banks", false, false),
        ] {
            assert_eq!(wanted(arguments), (score, alert), "{arguments}");
        }
    }

    #[test]
    fn what_cannot_be_read_has_no_band() {
        let filter = |arguments: &[&str]| Line::try_parse_from(arguments).ok().unwrap().filter;
        let record = Received {
            subject: "acc-1",
            event_type: "pulsewatch.segment.updated.v1",
            ..Received::default()
        };
        assert!(filter(&["tap", "--account", "acc-1"]).wants(&record, None));
        assert!(!filter(&["tap", "--band", "red"]).wants(&record, None));
        assert!(!filter(&["tap", "--min-change", "0"]).wants(&record, None));
        assert!(!filter(&["tap", "--type", "score"]).wants(&record, None));
    }

    #[test]
    fn points_are_from_0_to_100() {
        for wrong in ["-1", "101", "NaN", "ten"] {
            assert!(points(wrong).is_err(), "{wrong}");
        }
        assert_eq!(points("2.5"), Ok(2.5));
    }
}
