//! Looks for inputs that know the outcome: an event that only comes with the churn (a cancellation, an archived account), or
//! a field that was filled in afterwards and dated back. A risk that learns from one is perfect in a back-test and worthless.

use thiserror::Error;

use super::metrics::Ranking;
use super::rows::Row;
use super::section::key_of;
use crate::model::compiled::Indicator;
use crate::model::risk::Term;

/// An input alone is not that good in honest data.
const AREA: f64 = 0.97;
/// Nor are there rows of which it is nearly certain: so many times the odds of any row, and as good as all of them.
const ODDS: f64 = 100.0;
const PRECISION: f64 = 0.8;
/// Fewer rows, or a smaller part of the churns, may be chance.
const LEAST_ROWS: f64 = 5.0;
const LEAST_PART: f64 = 0.05;

/// An input that seems to know the outcome.
#[derive(Clone, Debug, Error, PartialEq)]
#[error(
    "`{indicator}` seems to know the outcome: its {input} alone tells {churned:.0} of {rows:.0} rows to be churns, of all rows it is {share:.1} %"
)]
pub struct Suspicion {
    pub indicator: String,
    /// `score`, `change_7d`, `missing`...
    input: String,
    rows: f64,
    churned: f64,
    share: f64,
}

/// The worst suspicion against each indicator, in the model's order.
pub fn suspicions(rows: &[&Row], terms: &[Term], indicators: &[Indicator]) -> Vec<Suspicion> {
    let mut found: Vec<Suspicion> = Vec::new();
    for (index, term) in terms.iter().enumerate() {
        let Some((certain, churned, share)) = certainty(rows, index) else {
            continue;
        };
        let indicator = indicators
            .get(usize::from(term.indicator))
            .map_or("", |indicator| indicator.id.as_str());
        let suspicion = Suspicion {
            indicator: indicator.to_owned(),
            input: key_of(term.input),
            rows: certain,
            churned,
            share: share * 100.0,
        };
        match found.last_mut().filter(|last| last.indicator == indicator) {
            Some(last) if last.churned >= churned => {}
            Some(last) => *last = suspicion,
            None => found.push(suspicion),
        }
    }
    found
}

/// Rows of which the input is all but certain, how many of them churned, and the share of churns in all rows.
fn certainty(rows: &[&Row], input: usize) -> Option<(f64, f64, f64)> {
    let known = rows.iter().filter(|row| !row.inputs[input].is_nan());
    let (values, labels): (Vec<f64>, Vec<bool>) = known
        .map(|row| (f64::from(row.inputs[input]), row.churned.is_some()))
        .unzip();
    let share = labels.iter().filter(|label| **label).count() as f64 / labels.len() as f64;
    let from_below: Vec<f64> = values.iter().map(|value| -value).collect();
    let sides = [Ranking::new(&values, &labels), Ranking::new(&from_below, &labels)];
    let worst = sides
        .iter()
        .filter_map(|side| certain_rows(side, share))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    worst.map(|(certain, churned)| (certain, churned, share))
}

fn certain_rows(side: &Ranking, share: f64) -> Option<(f64, f64)> {
    let churns = side.positives();
    let least = LEAST_ROWS.max(LEAST_PART * churns);
    let odds = |share: f64| share / (1.0 - share).max(f64::MIN_POSITIVE);
    let is_certain = |seen: f64, found: f64| {
        let precision = found / seen;
        found >= least && precision >= PRECISION && odds(precision) >= ODDS * odds(share)
    };
    let certain = side.prefixes().filter(|(seen, found)| is_certain(*seen, *found)).last();
    // A good order throughout: the rows above which all but a few churns lie.
    let ordered = || side.prefixes().find(|(_, found)| *found >= AREA * churns);
    certain.or_else(|| (side.roc_auc() >= AREA && churns >= least).then(ordered).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::rows::tests::row;
    use crate::domain::hash::account_hash;
    use crate::model::compile;
    use crate::model::risk::Input;

    fn noise(index: usize) -> f32 {
        (account_hash(index.to_string()) % 1_000) as f32
    }

    fn found(inputs: impl Fn(usize, bool) -> f32) -> Vec<Suspicion> {
        let rows: Vec<Row> = (0..2_000)
            .map(|index| {
                let churns = index % 40 == 0;
                row(0, &index.to_string(), churns, &[inputs(index, churns)])
            })
            .collect();
        let source = "name = 'm'\n[[dimension]]\nid = 'd'\nweight = 1\n[[dimension.indicator]]\nid = 'i'\nvalue = 'count(usage[7d])'\n\
                      score = { worst = 0, best = 1 }\n";
        let indicators = compile(source, "model.toml").unwrap().indicators;
        let term = Term {
            indicator: 0,
            input: Input::Score,
            mean: 0.0,
            scale: 1.0,
            coefficient: 0.0,
        };
        suspicions(&rows.iter().collect::<Vec<_>>(), &[term], &indicators)
    }

    #[test]
    fn an_event_that_comes_with_the_churn_is_caught_even_if_few_rows_see_it() {
        // Every seventh churn is announced before the row; nobody else ever does that.
        let seen = found(|index, churns| if churns && index % 7 == 0 { 0.0 } else { 100.0 });
        assert_eq!(seen.len(), 1);
        let told = seen[0].to_string();
        assert!(
            told.contains("`d.i` seems to know the outcome: its score alone tells 8 of 8 rows"),
            "{told}"
        );
        assert_eq!(
            found(|index, churns| if churns && index % 7 == 0 { 100.0 } else { 0.0 }).len(),
            1,
            "either side"
        );
        // So is one that a few others have too.
        assert_eq!(
            found(|index, churns| if churns || index % 400 == 1 { 0.0 } else { 100.0 }).len(),
            1
        );
    }

    #[test]
    fn a_field_that_was_filled_in_afterwards_is_caught() {
        assert_eq!(
            found(|index, churns| noise(index) - if churns { 950.0 } else { 0.0 }).len(),
            1
        );
    }

    #[test]
    fn a_good_indicator_is_not_suspected() {
        assert_eq!(found(|index, churns| noise(index) * if churns { 0.3 } else { 1.0 }), []);
        assert_eq!(found(|_, _| 5.0), []);
        assert_eq!(found(|_, _| f32::NAN), []);
        // Four rows that happen to be churns.
        assert_eq!(
            found(|index, churns| if churns && index < 160 { 0.0 } else { 100.0 }),
            []
        );
    }
}
