//! Reads the curves of indicators.

use super::curve::Curve;
use crate::document::{Problem, Table};

/// `score = { worst = 0, best = 10 }` or `points = [[0, 0], [10, 100]]`; without either a mistake, if one is needed.
pub fn curve(table: &mut Table<'_>, is_needed: bool) -> Option<Curve> {
    let mut score = table.table("score");
    let points = table.pairs("points");
    let any = f64::MIN..=f64::MAX;
    if score.is_present() && points.is_some() {
        table
            .report(Problem::new("`score` and `points` say the same thing twice", table.place()).help("leave one out"));
    }
    if let Some(points) = points {
        return Curve::through(points.value)
            .map_err(|wrong| table.report(Problem::new(wrong, points.place)))
            .ok();
    }
    if !score.is_present() {
        let help = "from which value to which: score = { worst = 0, best = 10 }";
        if is_needed && !table.is_written("points") {
            table.missing_unless_written("score", help);
        }
        return None;
    }
    let (worst, best) = (score.number("worst", any.clone()), score.number("best", any));
    for (key, value) in [("worst", &worst), ("best", &best)] {
        if value.is_none() {
            score.missing_unless_written(
                key,
                "the values that score 0 (worst) and 100 (best), either may be the larger",
            );
        }
    }
    let place = score.place();
    score.finish();
    let linear = Curve::linear(worst?.value, best?.value);
    linear.map_err(|wrong| table.report(Problem::new(wrong, place))).ok()
}
