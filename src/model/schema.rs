//! The shape of a model file, for editors: `schemas/model.json` is made from these types. The file itself is read by hand, so
//! that every mistake is told with its place; a test holds the two together.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

/// The schema of a TOML file, as it is checked in.
pub fn generate<File: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(without_null));
    settings.into_generator().into_root_schema_for::<File>()
}

/// TOML has no null: what may be left out is not required, and that is all.
fn without_null(schema: &mut Schema) {
    let null = Value::from("null");
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| *name != null);
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    let is_null = |schema: &Value| schema["type"] == null;
    let Some(Value::Array(choices)) = schema.get("anyOf") else {
        return;
    };
    if let [Value::Object(only), other] = choices.as_slice()
        && is_null(other)
    {
        let only = only.clone();
        schema.remove("anyOf");
        only.into_iter().for_each(|(key, value)| {
            schema.insert(key, value);
        });
    }
}

/// A health model: what a healthy customer looks like. Scores are 0 to 100, and 100 is healthy.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ModelFile {
    pub name: Text,
    /// Names for expressions: what is used twice is written once.
    #[schemars(extend("propertyNames" = { "pattern": "^[a-z_][a-z0-9_]*$" }))]
    pub define: Option<BTreeMap<String, Expression>>,
    #[schemars(length(min = 1))]
    pub dimension: Vec<Dimension>,
    /// What is different for some accounts. The first that fits an account is taken; the model's own comes last.
    pub scorecard: Option<Vec<Scorecard>>,
    pub bands: Option<Bands>,
    pub alert: Option<Vec<Alert>>,
    /// Accounts with the same value of an attribute, watched as one subject.
    #[schemars(length(max = 4))]
    pub segment: Option<Vec<Segment>>,
    pub silence: Option<Vec<Silence>>,
    /// After how long without an event of any account a source is taken to be broken.
    pub stale_after: Option<StaleAfter>,
    pub output: Option<Output>,
    pub dedupe: Option<Dedupe>,
    pub risk: Option<Risk>,
}

/// Weighted indicators. The account's score is the weighted mean of its dimensions.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Dimension {
    pub id: Word,
    pub weight: Weight,
    #[schemars(length(min = 1))]
    pub indicator: Vec<Indicator>,
}

/// A value, and the curve that maps it to 0..100, where 100 is healthy.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = [{ "required": ["score"] }, { "required": ["points"] }]))]
pub struct Indicator {
    pub id: Word,
    /// How much it counts within its dimension, 1 unless said; 0 shows it without counting it.
    pub weight: Option<Weight>,
    /// What is measured, a number: `distinct(usage.user[30d]) / account.seats`
    pub value: Expression,
    pub score: Option<Line>,
    pub points: Option<Points>,
}

/// A straight line from the value that scores 0 to the one that scores 100; either may be the larger.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Line {
    /// The value that scores 0.
    pub worst: f64,
    /// The value that scores 100.
    pub best: f64,
}

/// Pairs of value and score (0 to 100, 100 is healthy), ascending by value; straight lines between them, flat beyond them.
#[derive(JsonSchema)]
#[schemars(transparent, extend("minItems" = 2, "maxItems" = 64))]
pub struct Points(pub Vec<[f64; 2]>);

/// What is different for a segment or a stage of life; the rest is as the model has it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Scorecard {
    pub id: DashedWord,
    /// Which accounts it fits: `account.segment == "students"`, `days_since(account.started) < 90`
    pub when: Expression,
    /// Indicators (`adoption.usage_trend`), or dimensions (`finance`), that do not count, without lowering the coverage.
    pub leave_out: Option<Vec<String>>,
    pub dimension: Option<Vec<ScorecardDimension>>,
    pub bands: Option<Bands>,
}

/// A dimension of the model, weighted otherwise, or with other indicators.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ScorecardDimension {
    pub id: Word,
    pub weight: Option<Weight>,
    pub indicator: Option<Vec<ScorecardIndicator>>,
}

/// An indicator of the model with another weight or curve, or one that other scorecards do not have: that one needs a value and
/// a curve.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("not" = { "required": ["score", "points"] }))]
pub struct ScorecardIndicator {
    pub id: Word,
    pub weight: Option<Weight>,
    /// Only of an indicator that is new.
    pub value: Option<Expression>,
    pub score: Option<Line>,
    pub points: Option<Points>,
}

/// When a score is green, yellow or red.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Bands {
    pub green: Option<Threshold>,
    pub yellow: Option<Threshold>,
    /// A change of band must hold for so long: `6h`.
    pub dwell: Option<Duration>,
    /// Below this share of weight with data, 0..1, the band is unknown; 0.4 unless said.
    #[schemars(range(min = 0, max = 1))]
    pub min_coverage: Option<f64>,
}

/// A band is entered at one score and left below another.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Threshold {
    /// The score from which on the band is this one.
    #[schemars(range(min = 0, max = 100))]
    pub enter: f64,
    /// The score below which it is left; `enter` unless said.
    #[schemars(range(min = 0, max = 100))]
    pub leave: Option<f64>,
}

/// When somebody is told.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Alert {
    pub id: DashedWord,
    /// The condition under which it opens: `score - score offset 7d <= -9`
    pub when: Expression,
    /// The condition under which it resolves; when `when` no longer holds unless said.
    pub clear: Option<Expression>,
    /// How long `when` must have held.
    pub r#for: Option<Duration>,
    /// How long it stays away after it was resolved.
    pub cool_down: Option<Duration>,
    /// By when somebody should have acted, from its opening.
    pub due: Option<Duration>,
    /// `risk` unless said.
    pub kind: Option<Kind>,
    /// `medium` unless said.
    pub severity: Option<Severity>,
    pub raise: Option<Vec<Raise>>,
    /// What to do, a name that your tools know.
    pub playbook: Option<Text>,
    /// What people are told; made from the change of the score, or the condition, unless said.
    pub reason: Option<Text>,
}

/// A higher severity than the alert's own. One that is open rises to it, and it breaks the cool-down.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Raise {
    /// When it applies: `score < 30`
    pub when: Expression,
    pub severity: Severity,
}

/// A time in which alerts do not open. What holds at its end opens then; what is open goes its way.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Silence {
    /// In event time.
    pub from: Time,
    pub until: Time,
    /// Which accounts, all unless said: `account.segment == "students"`
    pub when: Option<Expression>,
    /// Ids of alerts, all unless said.
    pub alerts: Option<Vec<DashedWord>>,
    /// For people who read the file.
    pub reason: Option<Text>,
}

/// The segments of one attribute: each of its values is one.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Segment {
    /// The attribute: `segment`, `plan`.
    #[schemars(extend("pattern" = "^[a-z0-9_]+([.][a-z0-9_]+)*$", "maxLength" = 64))]
    pub by: String,
    /// Event time between two publications; `1h` unless said.
    pub every: Option<Duration>,
    /// Alerts stand still for a segment of fewer accounts; 10 unless said.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub min_accounts: Option<u64>,
    #[schemars(length(max = 32))]
    pub measure: Option<Vec<SegmentMeasure>>,
    /// On a segment: its expressions read `score`, `within`, `share.red`, `measure.<id>` and the like.
    pub alert: Option<Vec<Alert>>,
}

/// A number of the segment that is made of a number of each account.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SegmentMeasure {
    pub id: Word,
    /// Of the account: a number, or for a share a condition.
    pub value: Expression,
    pub fold: Fold,
}

/// How the accounts' numbers become one; a share is that of the accounts for which the condition holds.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Fold {
    Mean,
    Sum,
    Share,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Kind {
    Risk,
    Opportunity,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// When scores are sent.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Output {
    /// A score is sent when it moved by so many points; 0.5 unless said.
    #[schemars(range(min = 0, max = 100))]
    pub min_delta: Option<f64>,
    /// ... or after so long without change; `1d` unless said.
    pub heartbeat: Option<Interval>,
    /// Each account is evaluated so often even without an event; `1d` unless said.
    pub sweep: Option<Interval>,
    /// Working off a backlog, each account is evaluated at least so often in event time; `1d` unless said.
    pub backlog_step: Option<Interval>,
}

/// By kind of event, from `1h` to `90d`. What is known of a kind stands from then on, until events come again.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StaleAfter {
    pub usage: Option<Duration>,
    pub support: Option<Duration>,
    pub billing: Option<Duration>,
    pub feedback: Option<Duration>,
    pub account: Option<Duration>,
}

/// Which events are repeats.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Dedupe {
    /// An event id seen within this time is a repeat; `24h` unless said.
    pub window: Option<Interval>,
    /// How many ids are remembered per account, at most; 1024 unless said.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub max_ids: Option<u32>,
}

/// How likely an account leaves, a logistic regression over the indicators' scores: what `pulsewatch fit` writes.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Risk {
    /// Within which time the account leaves: `30d`.
    pub horizon: Duration,
    /// The log-odds of the mean account.
    pub intercept: f64,
    pub indicator: Option<Vec<RiskIndicator>>,
    pub trained: Option<Trained>,
}

/// What an indicator adds to the log-odds: one term or more.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 2))]
pub struct RiskIndicator {
    /// `<dimension>.<indicator>`
    pub id: Text,
    /// Of its score, 0 to 100.
    pub score: Option<Term>,
    /// Of whether it is missing: 1 or 0.
    pub missing: Option<Term>,
    /// Of its score less the one 7 days ago.
    pub change_7d: Option<Term>,
    /// Of its score less the one 28 days ago.
    pub change_28d: Option<Term>,
}

/// `coefficient x (input - mean) / scale`
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Term {
    pub mean: f64,
    #[schemars(range(min = 1e-9))]
    pub scale: f64,
    pub coefficient: f64,
}

/// What the risk was fitted on, and how well it fitted. A back-test warns of labels that lie within.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Trained {
    pub from: Option<Time>,
    pub until: Option<Time>,
    #[schemars(range(min = 0))]
    pub rows: Option<i64>,
    #[schemars(range(min = 0))]
    pub churned: Option<i64>,
    pub l2: Option<f64>,
    pub log_loss: Option<f64>,
    pub brier: Option<f64>,
    pub roc_auc: Option<f64>,
}

/// An expression over events and attributes, as docs/model-guide.md explains.
#[derive(JsonSchema)]
#[schemars(transparent, extend("minLength" = 1, "maxLength" = 4096))]
pub struct Expression(pub String);

#[derive(JsonSchema)]
#[schemars(transparent, extend("minimum" = 0, "maximum" = 1_000_000))]
pub struct Weight(pub f64);

#[derive(JsonSchema)]
#[schemars(transparent, extend("pattern" = "^[a-z0-9_]{1,64}$"))]
pub struct Word(pub String);

#[derive(JsonSchema)]
#[schemars(transparent, extend("pattern" = "^[a-z0-9_-]{1,64}$"))]
pub struct DashedWord(pub String);

#[derive(JsonSchema)]
#[schemars(transparent, extend("minLength" = 1, "maxLength" = 500))]
pub struct Text(pub String);

/// RFC 3339: `2026-03-02T10:00:00Z`
#[derive(JsonSchema)]
#[schemars(transparent, extend("format" = "date-time"))]
pub struct Time(pub String);

/// A whole number and a unit: `20m`, `6h`, `7d`, `2w`.
#[derive(JsonSchema)]
#[schemars(transparent, extend("pattern" = "^[0-9]+(ms|s|m|h|d|w)$"))]
pub struct Duration(pub String);

/// A whole number and a unit, such as `1d`, or `off`.
#[derive(JsonSchema)]
#[schemars(transparent, extend("pattern" = "^(off|[0-9]+(ms|s|m|h|d|w))$"))]
pub struct Interval(pub String);
