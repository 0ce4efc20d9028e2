//! TOML documents read by hand: settings and models report every mistake at once, each with its place and a remedy.
//!
//! A [`Document`] is parsed once; [`Table`]s are read from it key by key, and what goes wrong is noted beside
//! the reading. Values may come from elsewhere (environment, flags) as [`Override`]s, which then are the place that is shown.

mod duration;
mod nearest;
mod overrides;
mod part;
mod problem;
mod secret;
mod table;

pub use duration::{parse_millis, show_millis};
pub use nearest::nearest;
pub use overrides::Override;
pub use problem::{Origin, Place, Problem, Problems};
pub use secret::{HIDDEN, is_secret};
pub use table::{Placed, Scalar, Table};

use std::cell::RefCell;
use std::collections::BTreeSet;

use overrides::Overrides;
use toml::Spanned;
use toml::de::DeTable;

/// A parsed TOML text, and what was found wrong with it so far.
pub struct Document<'d> {
    origin: Origin,
    root: Spanned<DeTable<'d>>,
    overrides: Overrides,
    asked: RefCell<BTreeSet<String>>,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

impl<'d> Document<'d> {
    /// Parses `text`; mistakes of syntax are noted, and reading goes on with what could be understood.
    /// `name` is what messages call the text, such as a path.
    pub fn parse(name: &str, text: &'d str, overrides: Vec<Override>) -> Self {
        let origin = Origin::new(name, text);
        let (root, errors) = DeTable::parse_recoverable(text);
        let problems = errors
            .iter()
            .map(|error| {
                let span = error.span().unwrap_or(0..0);
                Problem::new(format!("this is not TOML: {}", error.message()), origin.place(span))
            })
            .collect();
        Self {
            origin,
            root,
            overrides: Overrides::new(overrides),
            asked: RefCell::default(),
            problems: RefCell::new(problems),
            warnings: RefCell::default(),
        }
    }

    pub fn root(&'d self) -> Table<'d> {
        Table::new(self, String::new(), Some((self.root.get_ref(), self.root.span())))
    }

    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The dotted paths of the settings that were asked for.
    #[cfg(test)]
    pub fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
    }

    /// Notes a mistake; [`Document::finish`] hands all of them out.
    pub fn report(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Notes something that is allowed and hardly meant; [`Document::finish_with_warnings`] hands all of them out.
    pub fn warn(&self, problem: Problem) {
        self.warnings.borrow_mut().push(problem.into_warning());
    }

    /// `value` if nothing was wrong. Overrides that nobody asked for are mistakes too.
    pub fn finish<T>(self, value: T) -> Result<T, Problems> {
        self.finish_with_warnings(value).map(|(value, _)| value)
    }

    /// The same with the warnings, if there are any.
    pub fn finish_with_warnings<T>(self, value: T) -> Result<(T, Option<Problems>), Problems> {
        let asked = self.asked.into_inner();
        let mut problems = self.problems.into_inner();
        problems.extend(self.overrides.unused(&asked));
        match Problems::new(problems) {
            Some(problems) => Err(problems),
            None => Ok((value, Problems::new(self.warnings.into_inner()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(problems: &Problems) -> String {
        problems.render(false, 80)
    }

    #[test]
    fn every_mistake_is_shown_at_once_with_its_line_and_a_remedy() {
        let text = "[log]\nshard = 8\nretention = \"7 moons\"\nreplication = \"three\"\nmax_events = 0\n";
        let document = Document::parse("test.toml", text, Vec::new());
        let mut log = document.root().table("log");
        log.integer("shards", 1..=64);
        log.duration("retention", 0..=i64::MAX);
        log.integer("replication", 1..=9);
        log.integer("max_events", 1..=10);
        log.finish();
        let shown = rendered(&document.finish(()).unwrap_err());
        for expected in [
            "unknown setting `log.shard`",
            "did you mean `shards`?",
            "`log.retention` is no duration",
            "`log.replication` must be a whole number",
            "`log.max_events` must be from 1 to 10",
            "test.toml:5:14",
        ] {
            assert!(shown.contains(expected), "{expected} not in\n{shown}");
        }
    }

    #[test]
    fn an_override_wins_and_is_named_when_it_is_wrong() {
        let overrides = vec![
            Override::new("log.shards", "PULSEWATCH_LOG__SHARDS", "many"),
            Override::new("log.topic", "PULSEWATCH_LOG__TOPIC", "other"),
            Override::new("log.shrads", "PULSEWATCH_LOG__SHRADS", "4"),
        ];
        let document = Document::parse("test.toml", "[log]\nshards = 8\ntopic = \"a\"\n", overrides);
        let mut log = document.root().table("log");
        log.integer("shards", 1..=64);
        assert_eq!(log.string("topic").unwrap().value, "other");
        log.finish();
        let shown = rendered(&document.finish(()).unwrap_err());
        assert!(shown.contains("PULSEWATCH_LOG__SHARDS=many"), "{shown}");
        assert!(shown.contains("unknown setting `log.shrads`"), "{shown}");
        assert!(shown.contains("did you mean `log.shards`?"), "{shown}");
    }

    #[test]
    fn text_that_is_no_toml_is_shown_where_it_breaks() {
        let document = Document::parse("test.toml", "[log\nshards = 8\n", Vec::new());
        let shown = rendered(&document.finish(()).unwrap_err());
        assert!(
            shown.contains("this is not TOML") && shown.contains("test.toml:1"),
            "{shown}"
        );
    }
}
