//! Writes `[risk]` into a model's text, and leaves every other byte as it is.

use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, TomlError, value};

use crate::model::compiled::Indicator;
use crate::model::risk::{Input, Risk};

/// What the numbers are worth, as far as the training itself can tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// The strength of the penalty on large coefficients, per row.
    pub l2: f64,
    /// Out of time: each row foretold by what was known before it.
    pub log_loss: f64,
    pub brier: f64,
    pub roc_auc: f64,
}

const SAYS: &str = "# Written by `pulsewatch fit`: the log-odds of leaving within the horizon are the intercept and, for each term,\n\
                    # coefficient x (input - mean) / scale. docs/backtest.md says what each input is.\n";
/// Of numbers; more would feign a precision that they have not.
const DIGITS: i32 = 6;

/// The text with `risk` in it: in place of the section that is there, or at the end.
///
/// # Errors
/// When the text is no TOML.
pub fn write(
    source: &str,
    indicators: &[Indicator],
    risk: &Risk,
    figures: Option<&Figures>,
) -> Result<String, TomlError> {
    // The writer ends its lines with a line feed, whatever the text does.
    let has_carriage_returns = source.contains("\r\n");
    let mut document: DocumentMut = source.replace("\r\n", "\n").parse()?;
    let mut section = section(indicators, risk, figures);
    match document.get("risk").and_then(Item::as_table) {
        Some(old) => {
            section.set_position(old.position());
            *section.decor_mut() = old.decor().clone();
        }
        None => {
            let last = document.trailing().as_str().unwrap_or_default().to_owned();
            let gap = if source.is_empty() || last.ends_with('\n') {
                ""
            } else {
                "\n"
            };
            section.decor_mut().set_prefix(format!("{last}{gap}{SAYS}"));
            document.set_trailing("");
        }
    }
    document.insert("risk", Item::Table(section));
    let text = document.to_string();
    Ok(if has_carriage_returns {
        text.replace('\n', "\r\n")
    } else {
        text
    })
}

fn section(indicators: &[Indicator], risk: &Risk, figures: Option<&Figures>) -> Table {
    let mut section = Table::new();
    section.insert("horizon", value(risk.horizon.as_str()));
    section.insert("intercept", number(risk.intercept));
    if let Some(trained) = risk.trained {
        let mut table = Table::new();
        table.decor_mut().set_prefix("\n");
        table.insert("from", value(trained.from.to_string()));
        table.insert("until", value(trained.until.to_string()));
        table.insert("rows", value(trained.rows));
        table.insert("churned", value(trained.churned));
        for (key, figure) in figures.into_iter().flat_map(|figures| figures.named()) {
            table.insert(key, number(figure));
        }
        section.insert("trained", Item::Table(table));
    }
    let mut members = ArrayOfTables::new();
    for (index, indicator) in indicators.iter().enumerate() {
        let mut terms = risk
            .terms
            .iter()
            .filter(|term| usize::from(term.indicator) == index)
            .peekable();
        if terms.peek().is_none() {
            continue;
        }
        let mut table = Table::new();
        table.decor_mut().set_prefix("\n");
        table.insert("id", value(indicator.id.as_str()));
        for term in terms {
            let mut inline = InlineTable::new();
            for (key, found) in [
                ("mean", term.mean),
                ("scale", term.scale),
                ("coefficient", term.coefficient),
            ] {
                inline.insert(key, rounded(found).into());
            }
            table.insert(&key_of(term.input), value(inline));
        }
        members.push(table);
    }
    if !members.is_empty() {
        section.insert("indicator", Item::ArrayOfTables(members));
    }
    section
}

impl Figures {
    const fn named(&self) -> [(&'static str, f64); 4] {
        [
            ("l2", self.l2),
            ("log_loss", self.log_loss),
            ("brier", self.brier),
            ("roc_auc", self.roc_auc),
        ]
    }
}

/// The key under which a term stands.
pub fn key_of(input: Input) -> String {
    match input {
        Input::Score => "score".to_owned(),
        Input::Change { days, .. } => format!("change_{days}d"),
        Input::Missing => "missing".to_owned(),
    }
}

fn number(number: f64) -> Item {
    value(rounded(number))
}

/// To the digits that are written, so that what is written is what was found.
pub fn rounded(number: f64) -> f64 {
    if number == 0.0 || !number.is_finite() {
        return 0.0;
    }
    let shift = 10f64.powi(DIGITS - 1 - number.abs().log10().floor() as i32);
    (number * shift).round() / shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{DAY_MS, Timestamp};
    use crate::model::compile;
    use crate::model::risk::{Term, Trained};

    const MODEL: &str = "# A model.\nname=\"m\" # odd  spacing\n\n[[dimension]]\nid = \"d\"\nweight = 1\n[[dimension.indicator]]\nid = 'i'\n\
                         value = '''\ncount(usage[7d])\n'''\nscore = { worst = 0,best=1 }\n[[dimension.indicator]]\nid = 'j'\nvalue = 'count(usage[1d])'\n\
                         score = { worst = 0, best = 1 }\n";
    const AFTER: &str = "\n# ---- alerts\n[[alert]]\nid = 'a'\nwhen = 'score < 4' # low\n\n";

    fn risk() -> Risk {
        let term = |indicator, input, coefficient| Term {
            indicator,
            input,
            mean: 61.234_567_8,
            scale: 20.0,
            coefficient,
        };
        Risk {
            horizon_ms: 7 * DAY_MS,
            horizon: "7d".to_owned(),
            intercept: -4.5,
            terms: vec![
                term(0, Input::Score, -0.123_456_78),
                term(0, Input::Missing, 0.5),
                term(1, Input::Change { days: 28, tracked: 0 }, 1e-5),
            ],
            tracked: vec![1],
            trained: Some(Trained {
                from: Timestamp::start_of_day(100),
                until: Timestamp::start_of_day(200),
                rows: 12,
                churned: 3,
            }),
        }
    }

    fn written(source: &str) -> String {
        let figures = Figures {
            l2: 0.01,
            log_loss: 0.05,
            brier: 0.01,
            roc_auc: 0.8,
        };
        let model = compile(source, "model.toml").unwrap();
        write(source, &model.indicators, &risk(), Some(&figures)).unwrap()
    }

    #[test]
    fn what_was_written_is_read_again() {
        let text = written(MODEL);
        let model = compile(&text, "model.toml").unwrap_or_else(|wrong| panic!("{}\n{text}", wrong.render(false, 99)));
        let found = model.risk.unwrap();
        let mut expected = risk();
        for term in &mut expected.terms {
            (term.mean, term.coefficient) = (rounded(term.mean), rounded(term.coefficient));
        }
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn all_else_stays_byte_for_byte() {
        let source = format!("{MODEL}{AFTER}");
        let text = written(&source);
        assert!(text.starts_with(&source), "{text}");
        assert_eq!(written(&text), text, "written again, it is the same");

        // In the middle, below a comment of the user's own.
        let head = format!("{MODEL}\n# ---- ours\n");
        let risk = text[source.len()..].trim_start().strip_prefix(SAYS).unwrap();
        let middle = format!("{head}[risk]\nhorizon = \"1d\"\nintercept = 0\n{AFTER}");
        assert_eq!(written(&middle), format!("{head}{risk}{AFTER}"));

        let windows = source.replace('\n', "\r\n");
        assert!(written(&windows).starts_with(&windows));
        assert!(!written(&windows).replace("\r\n", "").contains('\n'));
    }

    #[test]
    fn numbers_keep_six_digits() {
        assert_eq!(rounded(-0.012_345_678_9), -0.012_345_7);
        assert_eq!(rounded(123_456_789.0), 123_457_000.0);
        assert_eq!((rounded(0.0), rounded(f64::NAN), rounded(2.5)), (0.0, 0.0, 2.5));
    }
}
