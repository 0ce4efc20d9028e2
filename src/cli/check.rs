//! `pulsewatch check`: settings and model, every mistake at once.

use clap::Args;
use serde_json::{Value, json};

use crate::backtest::report::{TermFigures, terms};
use crate::config::Config;
use crate::model::Model;
use crate::model::risk::{Risk, probability};

use super::context::{self, Context};
use super::{Failure, Format};

/// So many indicators are named with the risk; `--print` shows every term.
const RISK_NAMED: usize = 3;

/// Checks settings and model: every mistake at once, with line, caret and help
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pulsewatch check --print\n  PULSEWATCH_LOG__SHARDS=16 pulsewatch check --config my.toml"
)]
pub struct Arguments {
    /// Print the settings in force (secrets hidden) and the model
    #[arg(long)]
    print: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let config = context.config()?;
    let model = context::model(config.model.file.as_deref())?;
    let settings = match context.settings_path() {
        Some(path) => path.display().to_string(),
        None => "built-in defaults".to_owned(),
    };
    let model_file = context::model_name(config.model.file.as_deref());
    match arguments.format {
        Format::Json => print_json(arguments.print, &settings, &model_file, &config, &model)?,
        Format::Text => {
            anstream::println!("settings: {settings}: well");
            anstream::println!("model:    {model_file}: well ({})", summary(&model));
            if let Some(risk) = &model.risk {
                anstream::println!("risk:     {}", risk_summary(&model, risk));
            }
            if arguments.print {
                anstream::println!("\n{}", toml(&config)?.trim_end());
                anstream::println!("\n{}", model_table(&model));
            }
        }
    }
    Ok(())
}

fn print_json(print: bool, settings: &str, model_file: &str, config: &Config, model: &Model) -> Result<(), Failure> {
    let mut report = json!({
        "settings": { "file": settings },
        "model": { "file": model_file, "name": model.name, "version": model.version, "risk": risk_json(model) },
    });
    if print {
        let in_force =
            serde_json::to_value(config).map_err(|error| Failure::of("cannot print the settings", &error))?;
        report["settings"]["in_force"] = in_force;
    }
    anstream::println!("{report:#}");
    Ok(())
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
    for alert in &model.alerts {
        table.add_row([format!("alert {}", alert.id), String::new(), alert.expression.clone()]);
    }
    for term in model.risk.iter().flat_map(|risk| terms(model, risk)) {
        let reads = format!("{:+.3} log-odds a deviation of its {}", term.coefficient, term.input);
        table.add_row([format!("risk {}", term.indicator), String::new(), reads]);
    }
    table.trim_fmt()
}
