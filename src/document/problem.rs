//! What is wrong with a document, where, and what to do about it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode, SourceSpan,
};
use thiserror::Error;

use super::secret::masked;

/// A text that a value was read from.
#[derive(Clone, Debug)]
pub struct Origin {
    name: Arc<str>,
    text: Arc<str>,
    overrides: bool,
}

impl Origin {
    /// The values of secrets are masked, because messages quote the text.
    pub fn new(name: &str, text: &str) -> Self {
        Self {
            name: name.into(),
            text: masked(text).into(),
            overrides: false,
        }
    }

    /// A variable or a flag.
    pub(super) fn of_override(name: &str, text: &str) -> Self {
        Self {
            overrides: true,
            ..Self::new(name, text)
        }
    }

    /// `span` in bytes of the text.
    pub fn place(&self, span: Range<usize>) -> Place {
        Place {
            origin: self.clone(),
            span,
        }
    }
}

/// A stretch of an [`Origin`].
#[derive(Clone, Debug)]
pub struct Place {
    origin: Origin,
    span: Range<usize>,
}

impl Place {
    /// The line on which it starts, from 1.
    pub fn line(&self) -> usize {
        line_at(&self.origin.text, self.span.start)
    }

    /// Whether the value came from a variable or a flag, not from the document.
    pub fn is_override(&self) -> bool {
        self.origin.overrides
    }

    /// What stands there, quotes included.
    pub(super) fn text(&self) -> &str {
        self.origin.text.get(self.span.clone()).unwrap_or_default()
    }

    /// The stretch within this one, in bytes from its start; for a part of a string.
    pub fn within(&self, part: Range<usize>) -> Self {
        let end = self.span.end;
        let at = |offset: usize| self.span.start.saturating_add(offset).min(end);
        self.origin.place(at(part.start)..at(part.end))
    }
}

/// One mistake, or something that is allowed and hardly meant.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct Problem {
    message: String,
    source_code: NamedSource<Arc<str>>,
    span: SourceSpan,
    label: String,
    help: Option<String>,
    severity: Severity,
}

impl Diagnostic for Problem {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source_code)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(Some(self.label.clone()), self.span);
        Some(Box::new(std::iter::once(label)))
    }
}

impl Problem {
    pub fn new(message: impl Into<String>, place: Place) -> Self {
        Self {
            message: message.into(),
            source_code: NamedSource::new(&place.origin.name, place.origin.text),
            span: place.span.into(),
            label: "here".to_owned(),
            help: None,
            severity: Severity::Error,
        }
    }

    pub(super) fn into_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The words under the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, as it was said with [`Problem::help`].
    pub fn remedy(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The line on which it starts, from 1.
    pub fn line(&self) -> usize {
        line_at(self.source_code.inner(), self.span.offset())
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.bytes().take(offset);
    1 + before.filter(|byte| *byte == b'\n').count()
}

/// Every mistake of a document, or every warning: at least one.
#[derive(Debug)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// In the order of their places; `None` when there are none.
    pub fn new(mut problems: Vec<Problem>) -> Option<Self> {
        problems.sort_by_key(|problem| problem.span.offset());
        (!problems.is_empty()).then_some(Self(problems))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Those of two documents together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// For a terminal of `width` columns: message, line, caret and help of each.
    pub fn render(&self, colour: bool, width: usize) -> String {
        let theme = if colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width);
        let mut out = String::new();
        for problem in &self.0 {
            // Writing to a String does not fail.
            let _ = handler.render_report(&mut out, problem);
            out.push('\n');
        }
        out
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    /// The messages alone, one a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{}", problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
