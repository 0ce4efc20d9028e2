//! `pulsewatch check`: settings and model, every mistake at once.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::backtest::report::{TermFigures, terms};
use crate::config::Config;
use crate::document::Problems;
use crate::model::risk::{Risk, probability};
use crate::model::{Checked, Model};

use super::context::{self, Context};
use super::{Failure, Format, failure, wiring};

/// So many indicators are named with the risk; `--print` shows every term.
const RISK_NAMED: usize = 3;

/// Checks settings and model: every mistake at once, with line, caret and help
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pulsewatch check --print\n  pulsewatch check --model my-model.toml --strict\n  \
    PULSEWATCH_LOG__SHARDS=16 pulsewatch check --config my.toml"
)]
pub struct Arguments {
    /// Print the settings in force (secrets hidden) and the model
    #[arg(long)]
    print: bool,
    /// Check this model instead of the one in the settings
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Let warnings fail the check, too
    #[arg(long)]
    strict: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let config = context.config()?;
    let file = arguments.model.as_deref().or(config.model.file.as_deref());
    let Checked { model, warnings } = context::checked_model(file)?;
    wiring::shadows(&config)?;
    if let Some(warnings) = &warnings
        && arguments.format == Format::Text
        && !arguments.strict
    {
        failure::show(warnings);
    }
    let settings = match context.settings_path() {
        Some(path) => path.display().to_string(),
        None => "built-in defaults".to_owned(),
    };
    let model_file = context::model_name(file);
    match arguments.format {
        Format::Json => {
            let mut report = report(&settings, &model_file, &model, warnings.as_ref());
            if arguments.print {
                report["settings"]["in_force"] = in_force(&config)?;
            }
            anstream::println!("{report:#}");
        }
        Format::Text => {
            anstream::println!("settings: {settings}: well");
            anstream::println!(
                "model:    {model_file}: {} ({})",
                verdict(warnings.as_ref()),
                summary(&model)
            );
            if let Some(risk) = &model.risk {
                anstream::println!("risk:     {}", risk_summary(&model, risk));
            }
            if arguments.print {
                anstream::println!("\n{}", toml(&config)?.trim_end());
                anstream::println!("\n{}", model_table(&model));
            }
        }
    }
    match warnings {
        Some(warnings) if arguments.strict => Err(warnings.into()),
        _ => Ok(()),
    }
}

fn report(settings: &str, model_file: &str, model: &Model, warnings: Option<&Problems>) -> Value {
    let warnings = warnings.into_iter().flat_map(Problems::iter).map(|warning| {
        json!({
            "line": warning.line(),
            "message": warning.message(),
            "help": warning.remedy(),
        })
    });
    json!({
        "settings": { "file": settings },
        "model": {
            "file": model_file,
            "name": model.name,
            "version": model.version,
            "risk": risk_json(model),
            "warnings": warnings.collect::<Vec<_>>(),
        },
    })
}

fn in_force(config: &Config) -> Result<Value, Failure> {
    serde_json::to_value(config).map_err(|error| Failure::of("cannot print the settings", &error))
}

fn verdict(warnings: Option<&Problems>) -> String {
    match warnings.map_or(0, |warnings| warnings.iter().count()) {
        0 => "well".to_owned(),
        1 => "1 warning".to_owned(),
        count => format!("{count} warnings"),
    }
}

fn toml(config: &Config) -> Result<String, Failure> {
    config
        .to_toml()
        .map_err(|error| Failure::of("cannot print the settings", &error))
}

fn summary(model: &Model) -> String {
    format!(
        "\"{}\" {}, {} dimensions, {} indicators, {} alerts",
        model.name,
        model.version,
        model.dimensions.len(),
        model.indicators.len(),
        model.alerts.len()
    )
}

/// How likely the mean account is to leave, and what most sets others apart from it.
fn risk_summary(model: &Model, risk: &Risk) -> String {
    let mut named: Vec<String> = Vec::new();
    for TermFigures { indicator, .. } in terms(model, risk) {
        if named.len() < RISK_NAMED && !named.contains(&indicator) {
            named.push(indicator);
        }
    }
    let from = match risk.trained {
        Some(trained) => format!("learnt from {} to {}", trained.from, trained.until),
        None => "written by hand".to_owned(),
    };
    let mean = probability(risk.intercept) * 100.0;
    let mut summary = format!(
        "the mean account leaves within {} with a probability of {mean:.2} %, {from}",
        risk.horizon
    );
    if !named.is_empty() {
        summary += &format!("; others differ by {} first", named.join(", "));
    }
    summary
}

/// Null without a section `[risk]`.
fn risk_json(model: &Model) -> Value {
    let Some(risk) = &model.risk else {
        return Value::Null;
    };
    let trained = risk.trained.map(|trained| {
        json!({
            "from": trained.from,
            "until": trained.until,
            "rows": trained.rows,
            "churned": trained.churned,
        })
    });
    json!({
        "horizon": risk.horizon,
        "mean_probability": probability(risk.intercept),
        "trained": trained,
        "terms": terms(model, risk),
    })
}

/// The model as it is in force: who weighs how much.
fn model_table(model: &Model) -> String {
    let mut table = super::table::plain(&["indicator", "weight", "value"]);
    for indicator in &model.indicators {
        let dimension = &model.dimensions[usize::from(indicator.dimension)];
        let weight = format!("{:.1} %", 100.0 * dimension.weight * indicator.weight);
        table.add_row([indicator.id.clone(), weight, indicator.expression.clone()]);
    }
    for card in &model.scorecards {
        if let Some((_, when)) = &card.when {
            table.add_row([format!("scorecard {}", card.id), String::new(), when.clone()]);
        }
    }
    for alert in &model.alerts {
        table.add_row([format!("alert {}", alert.id), String::new(), alert.expression.clone()]);
    }
    for term in model.risk.iter().flat_map(|risk| terms(model, risk)) {
        let reads = format!("{:+.3} log-odds a deviation of its {}", term.coefficient, term.input);
        table.add_row([format!("risk {}", term.indicator), String::new(), reads]);
    }
    table.trim_fmt()
}
