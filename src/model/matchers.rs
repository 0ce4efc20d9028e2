//! Every label test of a model's selectors, run once per distinct text and kept as bits.

use std::fmt;

use hashbrown::HashMap;
use regex_automata::{
    Anchored, Input, MatchKind,
    dfa::{Automaton, StartKind, dense},
    nfa::thompson,
    util::syntax,
};
use thiserror::Error;

/// How a label's text is tested. An absent label is tested as the empty text, as in PromQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelOp {
    Equal,
    NotEqual,
    /// The whole text matches the regular expression.
    Matches,
    NotMatches,
}

impl LabelOp {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::NotMatches => "!~",
        }
    }
}

/// One label test, as in `name="login"`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelTest {
    pub label: String,
    pub op: LabelOp,
    /// A text or a regular expression.
    pub operand: String,
}

/// At most so many distinct tests a model: one bit each.
pub const MAX_TESTS: usize = 128;
/// Bounds the size of one compiled regular expression, and the work of compiling it.
const MAX_REGEX_BYTES: usize = 1 << 20;

#[derive(Debug, Error)]
pub enum MatcherError {
    #[error("a model may hold at most {MAX_TESTS} distinct label tests")]
    TooMany,
    #[error("{0}")]
    Regex(String),
    /// Too large, or a Unicode word boundary.
    #[error("this pattern is too large, or uses `\\b`")]
    TooHard,
}

/// The tests of a model, each with its bit.
#[derive(Clone, Default)]
pub struct Matchers {
    tests: Vec<LabelTest>,
    labels: HashMap<String, u128>,
    /// For each operand: the `=` tests that it passes, and the `!=` tests that it fails.
    operands: HashMap<String, (u128, u128)>,
    /// All `!=` tests.
    not_equal: u128,
    patterns: Vec<Pattern>,
    passing_when_absent: u128,
}

#[derive(Clone)]
struct Pattern {
    bit: u128,
    negated: bool,
    automaton: dense::DFA<Vec<u32>>,
}

impl Pattern {
    fn passes(&self, text: &str) -> bool {
        let input = Input::new(text).anchored(Anchored::Yes);
        let longest = self.automaton.try_search_fwd(&input).ok().flatten();
        longest.is_some_and(|found| found.offset() == text.len()) != self.negated
    }
}

impl Matchers {
    /// The bit of `test`, which is added when it is new.
    pub(super) fn add(&mut self, test: LabelTest) -> Result<u128, MatcherError> {
        if let Some(known) = self.tests.iter().position(|other| *other == test) {
            return Ok(1 << known);
        }
        if self.tests.len() == MAX_TESTS {
            return Err(MatcherError::TooMany);
        }
        let bit = 1u128 << self.tests.len();
        match test.op {
            LabelOp::Equal => self.operands.entry_ref(test.operand.as_str()).or_default().0 |= bit,
            LabelOp::NotEqual => {
                self.operands.entry_ref(test.operand.as_str()).or_default().1 |= bit;
                self.not_equal |= bit;
            }
            LabelOp::Matches | LabelOp::NotMatches => {
                let automaton = compile_regex(&test.operand)?;
                self.patterns.push(Pattern {
                    bit,
                    negated: test.op == LabelOp::NotMatches,
                    automaton,
                });
            }
        }
        *self.labels.entry_ref(test.label.as_str()).or_default() |= bit;
        self.tests.push(test);
        self.passing_when_absent = self.passing("");
        Ok(bit)
    }

    pub fn tests(&self) -> &[LabelTest] {
        &self.tests
    }

    /// The tests that read `label`.
    pub fn on_label(&self, label: &str) -> u128 {
        self.labels.get(label).copied().unwrap_or(0)
    }

    /// The tests that `text` passes, whatever their label.
    pub fn passing(&self, text: &str) -> u128 {
        let (equal, fails) = self.operands.get(text).copied().unwrap_or((0, 0));
        let passed = |bits, pattern: &Pattern| if pattern.passes(text) { bits | pattern.bit } else { bits };
        self.patterns.iter().fold(equal | (self.not_equal & !fails), passed)
    }

    /// The tests that an event passes without having their label.
    pub fn passing_when_absent(&self) -> u128 {
        self.passing_when_absent
    }
}

impl fmt::Debug for Matchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The automata are tables of numbers: nothing to look at.
        f.debug_struct("Matchers")
            .field("tests", &self.tests)
            .finish_non_exhaustive()
    }
}

/// An automaton without caches: equal work on every run, and nothing to allocate while matching.
fn compile_regex(pattern: &str) -> Result<dense::DFA<Vec<u32>>, MatcherError> {
    syntax::parse(pattern).map_err(|error| {
        // Syntax errors draw the pattern first; the last line says what is wrong.
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        MatcherError::Regex(last.trim_start_matches("error: ").to_owned())
    })?;
    let config = dense::Config::new()
        .start_kind(StartKind::Anchored)
        // The longest match is found, so that it can be seen whether it is the whole text.
        .match_kind(MatchKind::All)
        .dfa_size_limit(Some(MAX_REGEX_BYTES))
        .determinize_size_limit(Some(MAX_REGEX_BYTES));
    dense::Builder::new()
        .configure(config)
        .thompson(thompson::Config::new().nfa_size_limit(Some(MAX_REGEX_BYTES)))
        .build(pattern)
        .map_err(|_| MatcherError::TooHard)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(label: &str, op: LabelOp, operand: &str) -> LabelTest {
        LabelTest {
            label: label.to_owned(),
            op,
            operand: operand.to_owned(),
        }
    }

    /// Whether an event with `label = text` (or without it) passes the only test.
    fn passes(op: LabelOp, operand: &str, text: Option<&str>) -> bool {
        let mut matchers = Matchers::default();
        let bit = matchers.add(test("name", op, operand)).unwrap();
        text.map_or(matchers.passing_when_absent(), |text| matchers.passing(text)) & bit == bit
    }

    #[test]
    fn tests_are_those_of_promql() {
        use LabelOp::{Equal, Matches, NotEqual, NotMatches};
        for (op, operand, text, expected) in [
            (Equal, "login", Some("login"), true),
            (Equal, "login", Some("logins"), false),
            (Equal, "login", None, false),
            (Equal, "", None, true),
            (NotEqual, "login", Some("export"), true),
            (NotEqual, "login", Some("login"), false),
            (NotEqual, "login", None, true),
            (Matches, "report.*", Some("reports.monthly"), true),
            (Matches, "report.*", Some("my report"), false),
            (Matches, "report", Some("reports"), false),
            (Matches, "a|b", Some("b"), true),
            (Matches, "a|ab", Some("ab"), true),
            (Matches, "a|b", Some("ab"), false),
            (Matches, ".*", None, true),
            (Matches, "é+", Some("éé"), true),
            (NotMatches, "report.*", Some("reports"), false),
            (NotMatches, "report.*", None, true),
            (NotMatches, ".+", None, true),
        ] {
            assert_eq!(passes(op, operand, text), expected, "{op:?} {operand:?} {text:?}");
        }
    }

    #[test]
    fn usual_patterns_fit() {
        for (pattern, text) in [
            (r"\w+", "straße"),
            (r"(?i)report.*", "Reports"),
            (r"[^/]+/\d{1,6}", "page/12"),
            (r".*(terms|cancel|offboarding).*", "pages.terms.html"),
            (r"(?x) a \d # a comment", "a1"),
            (r"a|ab|abc", "abc"),
            (r"(?:a*?)b?", "aab"),
            ("", ""),
        ] {
            assert!(passes(LabelOp::Matches, pattern, Some(text)), "{pattern}");
            assert!(
                !passes(LabelOp::Matches, pattern, Some(&format!("{text}\n"))),
                "{pattern}"
            );
        }
    }

    #[test]
    fn bits_go_by_label() {
        let mut matchers = Matchers::default();
        let login = matchers.add(test("name", LabelOp::Equal, "login")).unwrap();
        let urgent = matchers.add(test("priority", LabelOp::Equal, "urgent")).unwrap();
        assert_eq!(matchers.add(test("name", LabelOp::Equal, "login")).unwrap(), login);
        assert_eq!(matchers.on_label("name"), login);
        assert_eq!(matchers.on_label("priority"), urgent);
        assert_eq!(matchers.on_label("other"), 0);
        assert_eq!(matchers.passing("login"), login);
        assert_eq!(matchers.passing("unheard of"), 0);
    }

    #[test]
    fn refuses_too_many_tests_and_bad_or_huge_patterns() {
        let mut matchers = Matchers::default();
        for bad in [
            "a)(b",
            "(",
            "[",
            r"a\b",
            r"\w{1,20}",
            "((a{1000}){1000}){1000}",
            r"\w{500}",
        ] {
            assert!(matchers.add(test("name", LabelOp::Matches, bad)).is_err(), "{bad}");
        }
        for number in 0..MAX_TESTS {
            matchers.add(test("name", LabelOp::Equal, &number.to_string())).unwrap();
        }
        assert!(matches!(
            matchers.add(test("name", LabelOp::Equal, "one more")),
            Err(MatcherError::TooMany)
        ));
        assert!(
            matchers.add(test("name", LabelOp::Equal, "5")).is_ok(),
            "a known test needs no new bit"
        );
    }
}
