//! What an alert tells its reader.

use std::fmt::Write;

use crate::model::{Model, compiled::AlertRule};

/// The rule's own words, or else how the score moved where the rule looks back at it, or else the condition itself.
/// `score_offsets` are the scores as far back as [`Model::score_offsets`] says.
pub fn of(model: &Model, rule: &AlertRule, score: f64, score_offsets: &[f64]) -> String {
    if let Some(reason) = &rule.reason {
        return reason.clone();
    }
    let looked_back = model.score_offsets.iter().zip(score_offsets).find(|(days, before)| {
        rule.expression.contains("score offset") && rule.expression.contains(&format!("{days}d")) && !before.is_nan()
    });
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = match looked_back {
        Some((days, before)) => {
            let verb = if score < *before { "fell" } else { "rose" };
            let moved = (score - before).abs();
            write!(
                text,
                "score {verb} {moved:.1} in {days} days, from {before:.1} to {score:.1}"
            )
        }
        None => write!(text, "{}", rule.expression),
    };
    text
}
