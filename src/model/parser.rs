//! From tokens to a tree: recursive descent with PromQL's precedence, bounded in depth and size.

use std::ops::Range;

use super::{
    ast::{BinaryOp, ByLabel, COMPARISON, Expr, Length, NOT, Node, PlacedTest, Selector},
    fault::Fault,
    lexer::{Token, tokens},
    matchers::{LabelOp, LabelTest},
    segment_words,
};
use crate::domain::event::Kind;

/// Longest expression, in bytes.
pub const MAX_LENGTH: usize = 4_096;
/// Parentheses, calls and signs within each other.
const MAX_DEPTH: usize = 48;
/// Bounds the depth of a chain such as `1 + 1 + ...` too.
pub const MAX_NODES: usize = 400;

pub const RESERVED: [&str; 9] = [
    "and", "or", "not", "offset", "true", "false", "score", "coverage", "risk",
];

/// The tree of `text`; the first mistake otherwise.
pub fn parse(text: &str) -> Result<Expr, Fault> {
    if text.len() > MAX_LENGTH {
        return Err(Fault::new(
            format!("an expression may hold at most {MAX_LENGTH} bytes"),
            0..text.len(),
        ));
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        depth: 0,
        nodes: 0,
    };
    let expr = parser.binary(1)?;
    match parser.peek() {
        Token::End => Ok(expr),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'t> {
    /// Ends with [`Token::End`], which is never passed.
    tokens: Vec<(Token<'t>, Range<usize>)>,
    next: usize,
    depth: usize,
    nodes: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> &Token<'t> {
        &self.tokens[self.next].0
    }

    fn span(&self) -> Range<usize> {
        self.tokens[self.next].1.clone()
    }

    /// From `start` to the end of the last token taken.
    fn span_from(&self, start: usize) -> Range<usize> {
        let end = self.next.checked_sub(1).map_or(start, |last| self.tokens[last].1.end);
        start..end.max(start)
    }

    fn take(&mut self) -> (Token<'t>, Range<usize>) {
        let taken = self.tokens[self.next].clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        taken
    }

    fn take_sign(&mut self, sign: &'static str) -> bool {
        let found = *self.peek() == Token::Sign(sign);
        if found {
            self.take();
        }
        found
    }

    fn take_word(&mut self, word: &'static str) -> bool {
        let found = *self.peek() == Token::Word(word);
        if found {
            self.take();
        }
        found
    }

    fn expect_sign(&mut self, sign: &'static str) -> Result<(), Fault> {
        if self.take_sign(sign) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{sign}`")))
        }
    }

    fn unexpected(&self, expected: &str) -> Fault {
        let found = self.peek();
        let fault = Fault::new(format!("expected {expected}, found {}", found.describe()), self.span());
        match found {
            Token::Label(LabelOp::Equal) => fault.help("equality is `==`"),
            Token::Word("offset") => fault.help("`offset` is said once: (count(usage[7d]) / account.seats) offset 28d"),
            Token::Word("not") => fault.help("put `not ...` in parentheses here"),
            _ => fault,
        }
    }

    fn node(&mut self, node: Node, start: usize) -> Result<Expr, Fault> {
        self.nodes += 1;
        let span = self.span_from(start);
        if self.nodes > MAX_NODES {
            return Err(Fault::new(
                format!("an expression may hold at most {MAX_NODES} parts"),
                span,
            ));
        }
        Ok(Expr { node, span })
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == MAX_DEPTH {
            return Err(Fault::new("too many levels within each other", self.span())
                .help(format!("at most {MAX_DEPTH}; use several indicators")));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn binary_op(&self) -> Option<BinaryOp> {
        Some(match self.peek() {
            Token::Word("or") => BinaryOp::Or,
            Token::Word("and") => BinaryOp::And,
            Token::Sign("==") => BinaryOp::Equal,
            Token::Label(LabelOp::NotEqual) => BinaryOp::NotEqual,
            Token::Sign("<") => BinaryOp::Less,
            Token::Sign("<=") => BinaryOp::LessOrEqual,
            Token::Sign(">") => BinaryOp::Greater,
            Token::Sign(">=") => BinaryOp::GreaterOrEqual,
            Token::Sign("+") => BinaryOp::Add,
            Token::Sign("-") => BinaryOp::Subtract,
            Token::Sign("*") => BinaryOp::Multiply,
            Token::Sign("/") => BinaryOp::Divide,
            _ => return None,
        })
    }

    /// Operators of at least this precedence; all associate to the left.
    fn binary(&mut self, least: u8) -> Result<Expr, Fault> {
        let start = self.span().start;
        let mut left = if least <= NOT && *self.peek() == Token::Word("not") {
            self.not()?
        } else {
            self.unary()?
        };
        while let Some(op) = self.binary_op().filter(|op| op.precedence() >= least) {
            self.take();
            let right = self.nested(|parser| parser.binary(op.precedence() + 1))?;
            left = self.node(
                Node::Binary {
                    op,
                    left: left.into(),
                    right: right.into(),
                },
                start,
            )?;
            if op.precedence() == COMPARISON && self.binary_op().is_some_and(|next| next.precedence() == COMPARISON) {
                return Err(
                    Fault::new("comparisons do not chain", self.span()).help("join two comparisons: a < b and b < c")
                );
            }
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, Fault> {
        let start = self.take().1.start;
        let operand = self.nested(|parser| parser.binary(NOT))?;
        self.node(Node::Not(operand.into()), start)
    }

    fn unary(&mut self) -> Result<Expr, Fault> {
        let start = self.span().start;
        if !self.take_sign("-") {
            return self.postfix();
        }
        let operand = self.nested(Self::unary)?;
        self.node(Node::Negate(operand.into()), start)
    }

    /// A value, and perhaps how long ago.
    fn postfix(&mut self) -> Result<Expr, Fault> {
        let start = self.span().start;
        let of = self.primary()?;
        match self.offset()? {
            Some(by) => self.node(Node::Offset { of: of.into(), by }, start),
            None => Ok(of),
        }
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        let start = self.span().start;
        let word = match *self.peek() {
            Token::Number(number) => {
                self.take();
                return self.node(Node::Number(number), start);
            }
            Token::Text(text) => {
                self.take();
                return self.node(Node::Text(text.to_owned()), start);
            }
            Token::Sign("(") => {
                self.take();
                let inner = self.nested(|parser| parser.binary(1))?;
                self.expect_sign(")")?;
                return Ok(inner);
            }
            Token::Word(word) => word,
            _ => return Err(self.unexpected("a value")),
        };
        match word {
            "and" | "or" | "not" | "offset" => return Err(self.unexpected("a value")),
            _ => self.take(),
        };
        let node = match word {
            "true" | "false" => Node::Truth(word == "true"),
            "score" => Node::Score,
            "coverage" => Node::Coverage,
            "risk" => Node::Risk,
            "dimension" => Node::Dimension(self.member("a dimension, as in dimension.adoption")?),
            "account" if *self.peek() == Token::Sign(".") => {
                Node::Attribute(self.member("an attribute, as in account.seats")?)
            }
            "baseline" if *self.peek() == Token::Sign("(") => self.baseline()?,
            _ if *self.peek() == Token::Sign("(") => self.call(word)?,
            _ if *self.peek() == Token::Word("by") => self.by_label(word)?,
            _ if segment_words::FAMILIES.contains(&word) && *self.peek() == Token::Sign(".") => Node::OfSegment {
                word: word.to_owned(),
                member: Some(self.member("what of it, as in share.red")?),
            },
            _ if segment_words::WORDS.contains(&word) => Node::OfSegment {
                word: word.to_owned(),
                member: None,
            },
            _ => match Kind::from_name(word) {
                Some(kind) => self.selector(kind)?,
                // What follows tells that it was meant to be something else than a definition.
                None if matches!(self.peek(), Token::Sign("." | "{" | "[")) => {
                    return Err(unknown_word(word, self.span_from(start), []));
                }
                None => Node::Name(word.to_owned()),
            },
        };
        self.node(node, start)
    }

    fn call(&mut self, function: &str) -> Result<Node, Fault> {
        self.expect_sign("(")?;
        let mut arguments = Vec::new();
        while *self.peek() != Token::Sign(")") {
            arguments.push(self.nested(|parser| parser.binary(1))?);
            if !self.take_sign(",") {
                break;
            }
        }
        self.expect_sign(")")?;
        Ok(Node::Call {
            function: function.to_owned(),
            arguments,
        })
    }

    /// `count by (user) (usage[30d])`
    fn by_label(&mut self, function: &str) -> Result<Node, Fault> {
        self.take();
        self.expect_sign("(")?;
        let label = self.path("a label, as in count by (user) (usage[30d])")?;
        self.expect_sign(")")?;
        self.expect_sign("(")?;
        let of = self.nested(|parser| parser.binary(1))?.into();
        self.expect_sign(")")?;
        let function = function.to_owned();
        Ok(Node::ByLabel(ByLabel { function, label, of }))
    }

    fn baseline(&mut self) -> Result<Node, Fault> {
        self.expect_sign("(")?;
        let of = self.nested(|parser| parser.binary(1))?.into();
        self.expect_sign(",")?;
        let weeks = self.duration("how many weeks, as in baseline(count(usage[7d]), 8w)")?;
        self.expect_sign(")")?;
        Ok(Node::Baseline { of, weeks })
    }

    /// `usage{name="login"}.value[7d] offset 28d`; all but the kind may be absent.
    fn selector(&mut self, kind: Kind) -> Result<Node, Fault> {
        let tests = if self.take_sign("{") { self.tests()? } else { Vec::new() };
        let field = match self.peek() {
            Token::Sign(".") => Some(self.member("a field, as in usage.value")?),
            _ => None,
        };
        if *self.peek() == Token::Sign("{") {
            return Err(self
                .unexpected("`[`")
                .help(format!("the field comes last: {}{{...}}.field", kind.as_str())));
        }
        let window = if self.take_sign("[") {
            let window = self.duration("a window, as in [30d]")?;
            self.expect_sign("]")?;
            Some(window)
        } else {
            None
        };
        let offset = self.offset()?;
        Ok(Node::Selector(Selector {
            kind,
            tests,
            field,
            window,
            offset,
        }))
    }

    fn tests(&mut self) -> Result<Vec<PlacedTest>, Fault> {
        let mut tests = Vec::new();
        while *self.peek() != Token::Sign("}") {
            let start = self.span().start;
            let label = self.path("a label, as in name=\"login\"")?;
            let op = match *self.peek() {
                Token::Label(op) => op,
                Token::Sign("==") => return Err(self.unexpected("a label test").help("within braces equality is `=`")),
                _ => return Err(self.unexpected("`=`, `!=`, `=~` or `!~`")),
            };
            self.take();
            let Token::Text(operand) = *self.peek() else {
                return Err(self.unexpected("a text in quotes"));
            };
            let operand = operand.to_owned();
            self.take();
            tests.push(PlacedTest {
                test: LabelTest { label, op, operand },
                span: self.span_from(start),
            });
            if !self.take_sign(",") {
                break;
            }
        }
        self.expect_sign("}")?;
        Ok(tests)
    }

    fn offset(&mut self) -> Result<Option<Length>, Fault> {
        if !self.take_word("offset") {
            return Ok(None);
        }
        self.duration("how far back, as in offset 28d").map(Some)
    }

    /// At least one hour or day.
    fn duration(&mut self, expected: &str) -> Result<Length, Fault> {
        let Token::Duration(length) = *self.peek() else {
            return Err(self.unexpected(expected));
        };
        let (_, span) = self.take();
        if length.count == 0 {
            return Err(Fault::new("this duration is zero", span));
        }
        Ok(length)
    }

    /// What follows a dot: a name, dots within it allowed.
    fn member(&mut self, expected: &str) -> Result<String, Fault> {
        if !self.take_sign(".") {
            return Err(self.unexpected(expected));
        }
        self.path(expected)
    }

    /// Names joined by dots.
    fn path(&mut self, expected: &str) -> Result<String, Fault> {
        let mut path = String::new();
        loop {
            let Token::Word(word) = *self.peek() else {
                return Err(self.unexpected(expected));
            };
            path.push_str(word);
            self.take();
            if !self.take_sign(".") {
                return Ok(path);
            }
            path.push('.');
        }
    }
}

/// The fault of a word that is neither of the language nor one of `defined`.
pub fn unknown_word<'d>(word: &str, span: Range<usize>, defined: impl IntoIterator<Item = &'d str>) -> Fault {
    let kinds = Kind::ALL.map(Kind::as_str);
    let known = kinds
        .into_iter()
        .chain(RESERVED)
        .chain(["account", "dimension"])
        .chain(segment_words::WORDS)
        .chain(segment_words::FAMILIES)
        .chain(defined);
    let fault = Fault::new(format!("`{word}` is not known"), span);
    match crate::document::nearest(word, known) {
        Some(known) => fault.help(format!("did you mean `{known}`?")),
        None => fault.help(format!(
            "events are {}; attributes are written account.{word}",
            kinds.join(", ")
        )),
    }
}
