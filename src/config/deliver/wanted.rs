//! Which outputs a target wants.

use super::super::reader::Reader;
use super::lists::names;
use crate::deliver::filter::{Filter, OutputType};
use crate::deliver::kind::Kind;
use crate::model::compiled::Severity;

pub(super) fn filter(section: &mut Reader<'_, '_>, kind: Kind) -> Filter {
    let severities = Severity::ALL.map(|severity| severity.as_str());
    Filter {
        outputs: outputs(section).unwrap_or_else(|| kind.outputs()),
        alerts: names(section, "alerts").unwrap_or_default(),
        kinds: words(section, "kinds", &["risk", "opportunity"]),
        severities: words(section, "severities", &severities),
        bands: words(section, "bands", &["green", "yellow", "red", "unknown"]),
        segments: names(section, "segments").unwrap_or_default(),
        min_change: section
            .table
            .number("min_change", 0.0..=100.0)
            .map_or(0.0, |placed| placed.value),
    }
}

fn outputs(section: &mut Reader<'_, '_>) -> Option<Vec<OutputType>> {
    let mut outputs = Vec::new();
    for written in section.table.strings("outputs")? {
        let known = OutputType::ALL.iter().find(|(name, _)| *name == written.value);
        match known {
            Some((_, output)) => outputs.push(*output),
            None if written.value == "alert" => outputs.extend(OutputType::ALERTS),
            None => {
                let names = OutputType::ALL.map(|(name, _)| name).join(", ");
                section.problem(
                    "this is no type of output",
                    written,
                    &format!("choose from alert, {names}"),
                );
            }
        }
    }
    Some(outputs)
}

/// Each of them has to be known.
fn words(section: &mut Reader<'_, '_>, key: &str, known: &[&str]) -> Vec<String> {
    let mut words = Vec::new();
    for written in section.table.strings(key).unwrap_or_default() {
        if known.contains(&written.value.as_str()) {
            words.push(written.value);
        } else {
            let message = format!("\"{}\" is not known here", written.value);
            section.problem(&message, written, &format!("choose from {}", known.join(", ")));
        }
    }
    words
}
