//! Finds the coefficients of a risk. Everything is chosen by the past foretelling the future: the training span is cut into
//! blocks of time, and each block is foretold by what was known before it (forward chaining; Hyndman and Athanasopoulos,
//! Forecasting: Principles and Practice, 3rd ed., 5.10).
//!
//! Accounts are compared with those at the same point of time alone: each has an intercept of its own, so that a week in
//! which many leave teaches nothing about what all accounts had in common in it, and counts for no more than the median one.
//! A better score may not raise the risk: what seems to say so is chance, or stands in for something else.

use thiserror::Error;

use super::level;
use super::logistic::{Design, FitError, Linear, log_loss};
use super::metrics::{Ranking, brier};
use super::rows::Row;
use super::scaling::Scaling;
use super::section::{Figures, rounded};
use super::spans::{Pace, Span};
use crate::document::show_millis;
use crate::model::risk::{Input, Risk, Term, Trained, probability};

/// Blocks of time; all but the first are foretold.
const BLOCKS: usize = 4;
/// Penalties that are tried, from the strongest on.
const PENALTIES: [f64; 9] = [1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.000_3, 0.000_1];
/// Fewer churns teach nothing.
const LEAST_CHURNS: usize = 10;
/// A penalty that only keeps what nothing bounds finite.
const UNPENALISED: f64 = 1e-6;

#[derive(Debug, Error)]
pub enum TrainingError {
    #[error(
        "{0} churns in the training span are too few to learn from (at least {LEAST_CHURNS}): give more history, or a longer horizon"
    )]
    TooFewChurns(usize),
    #[error(
        "no part of the training span can be foretold by what lies before it: give more history, or a shorter horizon"
    )]
    TooShort,
    #[error("the indicators foretell nothing: out of time, the accounts that left had no higher risk than the others")]
    NoSkill,
    #[error(transparent)]
    Fit(#[from] FitError),
}

/// A risk, and what it is worth as far as the training itself can tell.
#[derive(Debug)]
pub struct Fitted {
    pub risk: Risk,
    pub figures: Figures,
    /// Each set of inputs with the least loss ahead that it reached; the first that none after it is clearly better than is chosen.
    pub tried: Vec<(InputSet, f64)>,
    pub chosen: InputSet,
    /// Which of a row's inputs each term of the risk reads.
    inputs: Vec<usize>,
}

impl Fitted {
    /// The probability that the account of a row leaves within the horizon.
    pub fn probability(&self, row: &Row) -> f64 {
        let inputs: Vec<f64> = self.inputs.iter().map(|&index| f64::from(row.inputs[index])).collect();
        probability(self.risk.log_odds(&inputs, &mut []))
    }
}

/// Which inputs a risk may read; each set holds those before it. More inputs are not always better: what they teach beyond
/// chance has to show ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSet {
    Scores,
    Missing,
    Changes7,
    Changes28,
}

impl InputSet {
    const ALL: [Self; 4] = [Self::Scores, Self::Missing, Self::Changes7, Self::Changes28];

    pub const fn says(self) -> &'static str {
        match self {
            Self::Scores => "scores",
            Self::Missing => "and what is missing",
            Self::Changes7 => "and changes within 7 days",
            Self::Changes28 => "and changes within 28 days",
        }
    }

    fn holds(self, input: Input) -> bool {
        let least = match input {
            Input::Score => Self::Scores,
            Input::Missing => Self::Missing,
            Input::Change { days: 7, .. } => Self::Changes7,
            Input::Change { .. } => Self::Changes28,
        };
        self as u8 >= least as u8
    }
}

/// One block of time, and the rows whose labels were known before it.
struct Fold<'r> {
    known: Vec<&'r Row>,
    ahead: Vec<&'r Row>,
}

/// The same in numbers, for one set of inputs.
struct Designs {
    known: Design,
    /// The last of the rows that are known: where their level is found.
    latest: Design,
    ahead: Design,
}

/// What was found to foretell best.
struct Best {
    l2: f64,
    /// By how much the log-odds ahead have to be stretched.
    slope: f64,
    /// Of each row ahead, and their mean.
    losses: Vec<f64>,
    loss: f64,
    fits: Vec<Linear>,
}

impl Best {
    /// Whether this loses less ahead by more than one standard error of the difference, row by row (the rule of Breiman,
    /// Friedman, Olshen and Stone, Classification and Regression Trees, 1984, 3.4.3): else the simpler choice stands.
    fn is_clearly_better_than(&self, simpler: &Self) -> bool {
        let rows = self.losses.len() as f64;
        let gain = simpler.loss - self.loss;
        let differences = simpler
            .losses
            .iter()
            .zip(&self.losses)
            .map(|(simpler, own)| simpler - own);
        let variance = differences.map(|one| (one - gain) * (one - gain)).sum::<f64>() / rows;
        gain > (variance / rows).sqrt()
    }
}

/// Fits the risk of `terms` to `rows`, all of them of `span`, and in the order of time.
///
/// # Errors
/// When there is too little to learn from.
pub fn fit(rows: &[&Row], terms: &[Term], span: Span, pace: Pace) -> Result<Fitted, TrainingError> {
    let churned = rows.iter().filter(|row| row.churned.is_some()).count();
    if churned < LEAST_CHURNS {
        return Err(TrainingError::TooFewChurns(churned));
    }
    let folds = folds(rows, pace);
    if folds.is_empty() {
        return Err(TrainingError::TooShort);
    }
    let mut tried = Vec::new();
    let mut chosen: Option<(InputSet, Vec<Designs>, Best)> = None;
    for set in InputSet::ALL {
        let designs: Vec<Designs> = folds.iter().map(|fold| fold.designs(set, terms)).collect();
        let best = best_penalty(&designs)?;
        tried.push((set, best.loss));
        if chosen
            .as_ref()
            .is_none_or(|(.., simpler)| best.is_clearly_better_than(simpler))
        {
            chosen = Some((set, designs, best));
        }
    }
    let (set, designs, best) = chosen.ok_or(TrainingError::TooShort)?;
    if best.slope <= 0.0 {
        return Err(TrainingError::NoSkill);
    }
    let scaling = Scaling::of(rows, |index| set.holds(terms[index].input));
    let mut found = Linear::fit(&design(&scaling, rows, terms), best.l2, None)?;
    found.weights.iter_mut().for_each(|weight| *weight *= best.slope);
    let intercept = level_of(&found, &design(&scaling, level::latest(rows), terms));
    let chosen_terms = scaling
        .varying()
        .zip(&found.weights)
        .filter(|(_, weight)| **weight != 0.0);
    let (inputs, terms): (Vec<usize>, Vec<Term>) = chosen_terms
        .map(|((index, mean, deviation), weight)| {
            let term = Term {
                mean: rounded(mean),
                scale: rounded(deviation),
                coefficient: rounded(*weight),
                ..terms[index]
            };
            (index, term)
        })
        .unzip();
    let risk = Risk {
        horizon_ms: pace.horizon_ms,
        horizon: show_millis(pace.horizon_ms),
        intercept: rounded(intercept),
        terms,
        tracked: Vec::new(),
        trained: Some(Trained {
            from: span.from,
            until: span.until,
            rows: rows.len() as i64,
            churned: churned as i64,
        }),
    };
    Ok(Fitted {
        risk,
        figures: figures(&designs, &best),
        tried,
        chosen: set,
        inputs,
    })
}

/// Rows in numbers: a stratum for each point of time, and no weight by which a better score would raise the risk.
fn design(scaling: &Scaling, rows: &[&Row], terms: &[Term]) -> Design {
    let at_most_zero = scaling
        .varying()
        .map(|(index, ..)| terms[index].input != Input::Missing);
    Design {
        at_most_zero: at_most_zero.collect(),
        ..scaling.design(rows)
    }
}

/// Cuts the rows into blocks of the same number of points of time.
fn folds<'r>(rows: &[&'r Row], pace: Pace) -> Vec<Fold<'r>> {
    let mut times: Vec<_> = rows.iter().map(|row| row.at).collect();
    times.dedup();
    let blocks = BLOCKS.min(times.len());
    let start = |block: usize| times.get(block * times.len() / blocks).copied();
    let fold = |block: usize| {
        let begins = start(block)?;
        let ends = start(block + 1);
        let known = rows
            .iter()
            .copied()
            .filter(|row| row.at.plus_millis(pace.horizon_ms) <= begins);
        let ahead = rows
            .iter()
            .copied()
            .filter(|row| row.at >= begins && ends.is_none_or(|ends| row.at < ends));
        let fold = Fold {
            known: known.collect(),
            ahead: ahead.collect(),
        };
        (level::has_both(&fold.known) && level::has_both(&fold.ahead)).then_some(fold)
    };
    (1..blocks).filter_map(fold).collect()
}

impl Fold<'_> {
    fn designs(&self, set: InputSet, terms: &[Term]) -> Designs {
        // What later rows vary by was not known either.
        let scaling = Scaling::of(&self.known, |index| set.holds(terms[index].input));
        Designs {
            known: design(&scaling, &self.known, terms),
            latest: design(&scaling, level::latest(&self.known), terms),
            ahead: design(&scaling, &self.ahead, terms),
        }
    }
}

/// The penalty whose fits lose least ahead, once they are calibrated.
fn best_penalty(folds: &[Designs]) -> Result<Best, FitError> {
    let mut best: Option<Best> = None;
    let mut fits: Vec<Option<Linear>> = vec![None; folds.len()];
    for l2 in PENALTIES {
        for (fold, fit) in folds.iter().zip(&mut fits) {
            *fit = Some(Linear::fit(&fold.known, l2, fit.as_ref())?);
        }
        let found: Vec<Linear> = fits.iter().flatten().cloned().collect();
        let (slope, losses) = calibrate(folds, &found)?;
        let loss = losses.iter().sum::<f64>() / losses.len() as f64;
        if best.as_ref().is_none_or(|best| loss < best.loss) {
            best = Some(Best {
                l2,
                slope,
                losses,
                loss,
                fits: found,
            });
        }
    }
    best.ok_or(FitError::OneOutcome)
}

/// What the inputs of each row say.
fn odds<'f>(design: &'f Design, fit: &'f Linear) -> impl Iterator<Item = f64> + 'f {
    (0..design.rows()).map(|row| fit.of_inputs(design.row(row)))
}

/// The intercept of the fit that is right for these rows.
fn level_of(fit: &Linear, rows: &Design) -> f64 {
    let churned = rows.labels.iter().filter(|label| **label).count();
    level::intercept(&odds(rows, fit).collect::<Vec<_>>(), churned)
}

/// Platt's calibration (Probabilistic Outputs for Support Vector Machines, 1999): by how much the log-odds ahead have to be
/// stretched, and the log losses that are left then. Each point of time keeps an intercept of its own.
fn calibrate(folds: &[Designs], fits: &[Linear]) -> Result<(f64, Vec<f64>), FitError> {
    let mut design = Design {
        width: 1,
        at_most_zero: vec![false],
        ..Design::default()
    };
    for (fold, fit) in folds.iter().zip(fits) {
        let first = design.strata.last().map_or(0, |last| last + 1);
        design.values.extend(odds(&fold.ahead, fit).map(|odds| odds as f32));
        design
            .strata
            .extend(fold.ahead.strata.iter().map(|stratum| first + stratum));
        design.labels.extend(&fold.ahead.labels);
    }
    let calibration = Linear::fit(&design, UNPENALISED, None)?;
    Ok((calibration.weights[0], calibration.losses(&design).collect()))
}

/// What the folds say: each row foretold by what was known before its block.
fn figures(folds: &[Designs], best: &Best) -> Figures {
    let mut foretold: Vec<(f64, bool)> = Vec::new();
    for (fold, fit) in folds.iter().zip(&best.fits) {
        let mut fit = fit.clone();
        fit.weights.iter_mut().for_each(|weight| *weight *= best.slope);
        let level = level_of(&fit, &fold.latest);
        let odds = odds(&fold.ahead, &fit).map(|odds| level + odds);
        foretold.extend(odds.zip(fold.ahead.labels.iter().copied()));
    }
    let (odds, labels): (Vec<f64>, Vec<bool>) = foretold.iter().copied().unzip();
    let probabilities: Vec<f64> = odds.iter().map(|odds| probability(*odds)).collect();
    let losses = foretold.iter().map(|(odds, label)| log_loss(*odds, *label));
    Figures {
        l2: best.l2,
        log_loss: losses.sum::<f64>() / foretold.len() as f64,
        brier: brier(&probabilities, &labels),
        roc_auc: Ranking::new(&odds, &labels).roc_auc(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::rows::tests::row;
    use crate::domain::hash::account_hash;
    use crate::domain::time::DAY_MS;

    const PACE: Pace = Pace {
        horizon_ms: DAY_MS,
        every_ms: DAY_MS,
    };

    fn terms() -> Vec<Term> {
        let term = |indicator, input| Term {
            indicator,
            input,
            mean: 0.0,
            scale: 1.0,
            coefficient: 0.0,
        };
        vec![term(0, Input::Score), term(1, Input::Score), term(1, Input::Missing)]
    }

    /// 16 days of 60 accounts.
    fn rows(sign: f32) -> Vec<Row> {
        rows_of(60, sign)
    }

    /// 16 days of so many accounts. The lower the first input, the likelier the churn; the second is noise, the third never varies.
    fn rows_of(accounts: usize, sign: f32) -> Vec<Row> {
        let mut rows = Vec::new();
        for day in 0..16 {
            for account in 0..accounts {
                let dice = account_hash(format!("{day}/{account}"));
                let (score, noise, chance) = (dice % 101, dice / 101 % 101, dice / 10_201 % 1_000);
                let churns = probability(-1.0 - score as f64 / 20.0) * 1_000.0 > chance as f64;
                let inputs = [sign * score as f32, noise as f32, 0.0];
                rows.push(row(day, &account.to_string(), churns, &inputs));
            }
        }
        rows
    }

    fn fitted(rows: &[Row]) -> Result<Fitted, TrainingError> {
        let span = Span {
            from: rows[0].at,
            until: rows[rows.len() - 1].at.plus_millis(DAY_MS),
        };
        fit(&rows.iter().collect::<Vec<_>>(), &terms(), span, PACE)
    }

    #[test]
    fn finds_what_foretells_and_adds_up_to_the_latest_churns() {
        let accounts = 240;
        let rows = rows_of(accounts, 1.0);
        let fitted = fitted(&rows).unwrap();
        let Fitted { risk, figures, .. } = &fitted;
        assert!(risk.terms.len() <= 2, "what never varies has no term");
        // -1 / 20 for each of the 29 points of a deviation.
        assert!((risk.terms[0].coefficient + 1.46).abs() < 0.5, "{risk:?}");
        assert!(
            risk.terms.get(1).is_none_or(|noise| noise.coefficient.abs() < 0.4),
            "{risk:?}"
        );
        assert!(figures.roc_auc > 0.7 && figures.roc_auc < 0.95, "{figures:?}");
        let latest = &rows[12 * accounts..];
        let expected: f64 = latest.iter().map(|row| fitted.probability(row)).sum();
        let churned = latest.iter().filter(|row| row.churned.is_some()).count();
        assert!((expected - churned as f64).abs() < 0.05, "{expected} of {churned}");
        let churned = rows.iter().filter(|row| row.churned.is_some()).count();
        assert_eq!(risk.trained.map(|trained| trained.churned), Some(churned as i64));
    }

    #[test]
    fn more_inputs_have_to_be_better_by_more_than_chance() {
        let best = |losses: &[f64]| Best {
            l2: 1.0,
            slope: 1.0,
            loss: losses.iter().sum::<f64>() / losses.len() as f64,
            losses: losses.to_vec(),
            fits: Vec::new(),
        };
        let simpler = best(&[1.0, 2.0, 3.0, 4.0]);
        assert!(best(&[0.9, 1.9, 2.9, 3.9]).is_clearly_better_than(&simpler));
        // Better in one row by more than it is worse in the others: a mean of 0.1 with a standard error of 0.23.
        assert!(!best(&[0.1, 2.2, 3.2, 4.1]).is_clearly_better_than(&simpler));
        assert!(!simpler.is_clearly_better_than(&simpler));
    }

    #[test]
    fn the_blocks_ahead_are_foretold_by_labels_known_before_them() {
        let rows = rows(1.0);
        let rows: Vec<&Row> = rows.iter().collect();
        let folds = folds(&rows, PACE);
        let sizes: Vec<_> = folds
            .iter()
            .map(|fold| (fold.known.len() / 60, fold.ahead.len() / 60))
            .collect();
        assert_eq!(sizes, [(4, 4), (8, 4), (12, 4)]);
        let week = Pace {
            horizon_ms: 7 * DAY_MS,
            ..PACE
        };
        let sizes: Vec<_> = super::folds(&rows, week)
            .iter()
            .map(|fold| fold.known.len() / 60)
            .collect();
        assert_eq!(
            sizes,
            [2, 6],
            "a week before the 8th and the 12th day; before the 4th nothing was known"
        );
    }

    #[test]
    fn too_little_and_too_short_histories_are_refused() {
        let all = rows(1.0);
        let few: Vec<Row> = all.iter().filter(|row| row.churned.is_none()).cloned().collect();
        assert!(matches!(fitted(&few), Err(TrainingError::TooFewChurns(0))));
        let day: Vec<Row> = all[..60].iter().cycle().take(600).cloned().collect();
        assert!(matches!(fitted(&day), Err(TrainingError::TooShort)));
        // All that the inputs say is that a better score raises the risk.
        assert!(matches!(fitted(&rows(-1.0)), Err(TrainingError::NoSkill)));
        // What holds in the first half is turned round in the second.
        let (first, second) = (rows(1.0), rows(-1.0));
        let turned: Vec<Row> = first[..480].iter().chain(&second[480..]).cloned().collect();
        assert!(matches!(fitted(&turned), Err(TrainingError::NoSkill)));
    }
}
