//! `pulsewatch fit`: finds the risk of a model from history with labels, and writes it into the model.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::backtest::report::{Rows, terms};
use crate::backtest::rows::Row;
use crate::backtest::spans::Span;
use crate::backtest::study::FittedModel;

use super::context::Context;
use super::progress::Progress;
use super::{Failure, history, replay, table};

const TERMS_SHOWN: usize = 12;

/// Finds the risk of churn from history with labels, and writes it into the model as its section [risk]
///
/// All else in the model's file stays as it is, byte for byte. Nothing is learnt from beyond --train-until: keep some
/// history after it, and see with `backtest` what the risk is worth there.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pulsewatch fit --model my-model.toml --labels churn.csv --train-until 2026-01-01 usage-events.jsonl.gz"
)]
pub struct Arguments {
    #[command(flatten)]
    history: history::Options,
    /// Write the model to this file instead of the one it was read from
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let model_file = arguments.history.model_file(context)?;
    let Some(out) = arguments.out.clone().or(model_file) else {
        return Err(Failure::Usage(
            "the built-in model cannot be written: name a file with --out".to_owned(),
        ));
    };
    let inputs = arguments.history.read(context)?;
    let study = arguments.history.study(&inputs);
    let mut replay = arguments.history.replay(context)?;
    let mut progress = Progress::bytes(replay.size());
    let fitted = study
        .fit(&mut replay, |bytes| progress.set(bytes))
        .map_err(history::failed)?;
    drop(progress);
    replay::tell_refused(&fitted.history.refused);
    fs::write(&out, &fitted.source).map_err(|error| Failure::cannot_write(&out, &error))?;
    tell(&fitted, &out);
    Ok(())
}

fn tell(fitted: &FittedModel, out: &Path) {
    let (risk, figures) = (&fitted.fitted.risk, fitted.fitted.figures);
    if let Some(trained) = risk.trained {
        let rows: Vec<&Row> = fitted.history.rows.iter().collect();
        let (from, until) = (trained.from, trained.until);
        let learnt = Rows::of(Span { from, until }, &rows);
        anstream::println!(
            "learnt from {} rows of {} accounts, {from} to {until}; {} of them left within {}",
            learnt.rows,
            learnt.accounts,
            learnt.churned,
            risk.horizon
        );
    }
    anstream::println!("\ninputs, and the log loss that was left when each part foretold the next");
    for (set, loss) in &fitted.fitted.tried {
        let mark = if *set == fitted.fitted.chosen { "  chosen" } else { "" };
        anstream::println!("  {:<30} {loss:.5}{mark}", set.says());
    }
    anstream::println!(
        "so foretold: ROC-AUC {:.3}, log loss {:.5}, Brier score {:.5} (penalty {})",
        figures.roc_auc,
        figures.log_loss,
        figures.brier,
        figures.l2
    );
    for warning in &fitted.history.warnings {
        anstream::println!("note: {warning}");
    }
    let mut shown = table::plain(&["indicator", "input", "log-odds a deviation"]);
    for term in terms(&fitted.model, risk).into_iter().take(TERMS_SHOWN) {
        shown.add_row([term.indicator, term.input, format!("{:+.3}", term.coefficient)]);
    }
    anstream::println!("\n{}", shown.trim_fmt());
    anstream::println!("\nwrote [risk], {} terms, to {}", risk.terms.len(), out.display());
}
