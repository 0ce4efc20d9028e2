//! What came of the cases, for people and for scripts.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use crate::cases::{Miss, Verdict};
use crate::model::Model;

use super::super::explain;
use super::Tested;

/// Case by case; of those that failed all that was expected and did not come, and the indicators that explain it.
pub fn text(tested: &[Tested], out: &mut impl Write) -> io::Result<()> {
    for Tested { file, cases } in tested {
        writeln!(out, "{file}")?;
        for (case, verdicts) in cases {
            let word = if verdicts.is_empty() { "ok    " } else { "FAILED" };
            writeln!(out, "  {word}  {}", case.name)?;
            verdicts
                .iter()
                .try_for_each(|verdict| write_verdict(file, verdict, out))?;
        }
    }
    Ok(())
}

fn write_verdict(file: &str, verdict: &Verdict, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "    {file}:{}: at {}", verdict.line, verdict.at)?;
    for Miss {
        line,
        what,
        expected,
        found,
    } in &verdict.misses
    {
        writeln!(out, "      line {line}: {what}: expected {expected}, came {found}")?;
    }
    if let Some(view) = verdict.view.as_ref().filter(|view| !view.indicators.is_empty()) {
        writeln!(out)?;
        explain::write_indicators(view, out)?;
    }
    writeln!(out)
}

/// The whole of it as one JSON value.
pub fn json(model: &Model, path: &Path, tested: &[Tested], out: &mut impl Write) -> io::Result<()> {
    let cases = tested.iter().flat_map(|Tested { file, cases }| {
        cases.iter().map(move |(case, verdicts)| {
            json!({
                "file": file,
                "line": case.line,
                "name": case.name,
                "passed": verdicts.is_empty(),
                "failures": verdicts.iter().map(verdict).collect::<Vec<_>>(),
            })
        })
    });
    let report = json!({
        "model": { "file": path.display().to_string(), "name": model.name, "version": model.version },
        "cases": cases.collect::<Vec<_>>(),
    });
    writeln!(out, "{report:#}")
}

fn verdict(verdict: &Verdict) -> Value {
    let missed = verdict
        .misses
        .iter()
        .map(|miss| json!({ "line": miss.line, "what": miss.what, "expected": miss.expected, "found": miss.found }));
    json!({
        "line": verdict.line,
        "at": verdict.at.to_string(),
        "missed": missed.collect::<Vec<_>>(),
        "indicators": verdict.view.as_ref().map(|view| &view.indicators),
    })
}
