//! The shape of a file of cases, for editors: `schemas/model-test.json` is made from these types. The file itself is read by
//! hand, so that every mistake is told with its place; a test holds the two together.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::Value;

use crate::model::schema::{Duration, Text};

/// Test cases of a health model, for `pulsewatch test`. Scores are 0 to 100, and 100 is healthy.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CaseFile {
    /// When the cases start, 2026-01-01 unless said; offsets count from there.
    pub start: Option<Start>,
    /// Kinds of events that have a source, so that their silence says something; usage, support and billing unless said.
    pub sources: Option<Vec<Kind>>,
    #[schemars(length(min = 1))]
    pub case: Vec<Case>,
}

/// What happens to an account, and what the model must say of it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Case {
    /// What the case shows.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    pub start: Option<Start>,
    pub sources: Option<Vec<Kind>>,
    /// What is known of the account from the start on.
    pub attributes: Option<BTreeMap<String, Value>>,
    pub event: Option<Vec<Event>>,
    #[schemars(length(min = 1))]
    pub expect: Vec<Expectation>,
}

/// An event, once or again and again. Every other key is a field of it; `{n}` in a text is the number of the repetition.
#[derive(JsonSchema)]
#[schemars(extend("oneOf" = [
    { "required": ["usage"] }, { "required": ["support"] }, { "required": ["billing"] }, { "required": ["feedback"] },
    { "required": ["account"] },
]))]
pub struct Event {
    /// The event's name, of kind usage.
    pub usage: Option<Text>,
    pub support: Option<Text>,
    pub billing: Option<Text>,
    pub feedback: Option<Text>,
    pub account: Option<Text>,
    /// When it happens (first), the start unless said.
    pub at: Option<Moment>,
    /// How far apart repetitions are.
    pub every: Option<Duration>,
    /// Until when it is repeated; a repetition at that time counts.
    pub until: Option<Moment>,
    /// How often it happens.
    #[schemars(range(min = 1, max = 100_000))]
    pub times: Option<u32>,
    /// How many users do it each time: user-1, user-2, ...
    #[schemars(range(min = 1, max = 10_000))]
    pub users: Option<u32>,
}

/// What must be so at a time. Events at that very time have happened.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Expectation {
    pub at: Moment,
    /// How far off numbers may be; unless said 0.05 for scores and their changes, and 0.005 for everything else.
    #[schemars(range(min = 0, max = 100))]
    pub within: Option<f64>,
    /// 0 to 100, 100 is healthy.
    pub score: Option<Number>,
    /// 0..1
    pub coverage: Option<Number>,
    /// The probability of churn, 0..1.
    pub risk: Option<Number>,
    pub band: Option<Band>,
    pub scorecard: Option<Text>,
    /// Scores of dimensions, by id.
    pub dimension: Option<Numbers>,
    /// Values of indicators: `value.adoption.active_ratio`.
    pub value: Option<Numbers>,
    /// What drivers added to the score since the expectation before, in points: `change.adoption.active_ratio`, `change.coverage`.
    pub change: Option<Numbers>,
    /// What moved the score most since the expectation before, the first of them, in their order; none of them: nothing moved it.
    pub drivers: Option<Vec<String>>,
    /// Rules of the alerts that are open, all of them.
    pub alerts: Option<Vec<String>>,
    /// Rules of the alerts that opened since the expectation before, all of them.
    pub opened: Option<Vec<String>>,
    /// Rules of the alerts that were resolved since the expectation before, all of them.
    pub resolved: Option<Vec<String>>,
}

/// A day or an RFC 3339 time.
#[derive(JsonSchema)]
#[schemars(transparent, extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}"))]
pub struct Start(pub String);

/// An offset from the start (`14d`, `1d 2h`), a day, or an RFC 3339 time.
#[derive(JsonSchema)]
#[schemars(transparent, extend("pattern" = "^([0-9]+(ms|s|m|h|d|w)( +[0-9]+(ms|s|m|h|d|w))*|[0-9]{4}-[0-9]{2}-[0-9]{2}.*)$"))]
pub struct Moment(pub String);

/// About so much, or `> 60`, `>= 60`, `< 60`, `<= 60`, `55..60`, or `missing`.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Number {
    About(f64),
    #[schemars(extend("pattern" = "^(missing|(>|>=|<|<=) *-?[0-9._]+|-?[0-9._]+\\.\\.-?[0-9._]+)$"))]
    Bounds(String),
}

/// By id; an id with a dot may be a table in a table.
#[derive(JsonSchema)]
#[schemars(transparent)]
pub struct Numbers(pub BTreeMap<String, Value>);

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Kind {
    Usage,
    Support,
    Billing,
    Feedback,
    Account,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Band {
    Unknown,
    Red,
    Yellow,
    Green,
}
