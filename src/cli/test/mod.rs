//! `pulsewatch test`: a model's own test cases.

mod report;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cases::{self, Case, Verdict};
use crate::document::Problems;
use crate::ingest::limits::Limits;
use crate::model::Model;

use super::context::{self, Context};
use super::{Failure, Format, replay, wiring};

/// Runs a model's own test cases: events in; score, band, coverage, drivers and alerts expected
///
/// They go through the fold of `replay`, hence of the service. docs/model-guide.md shows how they are written.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pulsewatch test config/models/default.toml\n  \
    pulsewatch test my-model.toml --cases cases/*.toml --only silence")]
pub struct Arguments {
    /// The model's file
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Files of test cases [default: the one beside the model, MODEL with .test.toml in place of .toml]
    #[arg(long, value_name = "FILE", num_args = 1..)]
    cases: Vec<PathBuf>,
    /// Only cases whose name holds this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A file of cases and what came of them.
pub struct Tested {
    pub file: String,
    pub cases: Vec<(Case, Vec<Verdict>)>,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let limits = wiring::limits(&context.config()?.ingest);
    let model = context::model(Some(&arguments.model))?;
    let files = match arguments.cases.as_slice() {
        [] => vec![beside(&arguments.model)],
        named => named.to_vec(),
    };
    let mut tested = Vec::new();
    for (file, cases) in read(&files, &model, &limits)? {
        tested.push(test(file, cases, arguments.only.as_deref(), &model, &limits)?);
    }
    let count = |failed: bool| {
        let cases = tested.iter().flat_map(|tested| &tested.cases);
        cases.filter(|(_, verdicts)| verdicts.is_empty() != failed).count()
    };
    let (passed, failed) = (count(false), count(true));
    let mut out = BufWriter::new(anstream::stdout().lock());
    let written = match arguments.format {
        Format::Json => report::json(&model, &arguments.model, &tested, &mut out),
        Format::Text => report::text(&tested, &mut out),
    };
    written.and_then(|()| out.flush()).map_err(replay::written)?;
    match (passed, failed) {
        (0, 0) => Err(Failure::Usage("no case has such a name".to_owned())),
        (_, 0) => Ok(()),
        _ => Err(Failure::Failed(format!("{failed} of {} cases failed", passed + failed))),
    }
}

/// `default.toml` and `default.test.toml`.
fn beside(model: &Path) -> PathBuf {
    model.with_extension("test.toml")
}

/// Every file's cases; the mistakes of all files at once.
fn read(files: &[PathBuf], model: &Model, limits: &Limits) -> Result<Vec<(String, Vec<Case>)>, Failure> {
    let (mut all, mut wrong): (Vec<_>, Option<Problems>) = (Vec::new(), None);
    for path in files {
        let (text, file) = (context::read(path, "test cases")?, path.display().to_string());
        match cases::read(&text, &file, model, limits) {
            Ok(cases) => all.push((file, cases)),
            Err(problems) => {
                wrong = Some(match wrong {
                    Some(before) => before.and(problems),
                    None => problems,
                });
            }
        }
    }
    wrong.map_or(Ok(all), |problems| Err(problems.into()))
}

fn test(file: String, cases: Vec<Case>, only: Option<&str>, model: &Model, limits: &Limits) -> Result<Tested, Failure> {
    let mut tested = Tested {
        file,
        cases: Vec::new(),
    };
    let wanted = |case: &Case| only.is_none_or(|part| case.name.contains(part));
    for case in cases.into_iter().filter(wanted) {
        let verdicts = cases::verdicts(&case, model, limits).map_err(|error| replay::failed(&error))?;
        tested.cases.push((case, verdicts));
    }
    Ok(tested)
}
