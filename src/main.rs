//! The `pulsewatch` command: a table of contents.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Parser;
use pulsewatch::cli::{
    Cli, Command, Context, backtest, check, completions, demo, dlq, explain, fit, generate, man, model, rebuild,
    replay, report, run, schema, snapshot, tap, test, top,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let context = Context {
        common: cli.common,
        environment: environment(),
    };
    report(match &cli.command {
        Command::Backtest(arguments) => backtest::run(arguments, &context),
        Command::Check(arguments) => check::run(arguments, &context),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Demo(arguments) => demo::run(arguments, &context),
        Command::Dlq(arguments) => dlq::run(arguments, &context),
        Command::Explain(arguments) => explain::run(arguments, &context),
        Command::Fit(arguments) => fit::run(arguments, &context),
        Command::Generate(arguments) => generate::run(arguments, &context),
        Command::Man(_) => man::run(),
        Command::Model(arguments) => model::run(arguments, &context),
        Command::Rebuild(arguments) => rebuild::run(arguments, &context),
        Command::Snapshot(arguments) => snapshot::run(arguments, &context),
        Command::Replay(arguments) => replay::run(arguments, &context),
        Command::Run(arguments) => run::run(arguments, &context),
        Command::Schema(arguments) => schema::run(arguments),
        Command::Tap(arguments) => tap::run(arguments, &context),
        Command::Test(arguments) => test::run(arguments, &context),
        Command::Top(arguments) => top::run(arguments, &context),
    })
}

/// The only place that reads the environment. Variables that are not UTF-8 are none of ours.
fn environment() -> BTreeMap<String, String> {
    let text = |variable: std::ffi::OsString| variable.into_string().ok();
    std::env::vars_os()
        .filter_map(|(name, value)| Some((text(name)?, text(value)?)))
        .collect()
}
