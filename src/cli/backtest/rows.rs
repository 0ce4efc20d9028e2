//! The rows of a back-test as CSV, for whoever wants to check or to try something else.

use std::io::{self, Write};

use crate::backtest::study::Tested;

/// Writes every row: who, when, what came of it, what was foretold, and each input under its name.
pub fn write(tested: &Tested, out: impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let head = [
        "time", "account", "churned", "risk", "score", "coverage", "recency", "usage",
    ];
    let names = head.into_iter().map(str::to_owned).chain(tested.inputs.iter().cloned());
    csv.write_record(names)?;
    for row in &tested.history.rows {
        let churned = row.churned.map_or_else(String::new, |time| time.to_string());
        csv.write_field(row.at.to_string())?;
        csv.write_field(row.account.as_ref())?;
        csv.write_field(churned)?;
        let numbers = [row.risk, row.score, row.coverage, row.recency, row.usage];
        for number in numbers
            .into_iter()
            .chain(row.inputs.iter().map(|input| f64::from(*input)))
        {
            csv.write_field(cell(number))?;
        }
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}

/// Empty for what is not known.
fn cell(number: f64) -> String {
    if number.is_finite() {
        format!("{}", (number * 1e6).round() / 1e6 + 0.0)
    } else {
        String::new()
    }
}
