//! A checked model, flat and ready to run: what the fold reads for every event.

use std::fmt::Write;

use crate::domain::{event::Kind, history::TREND_DAYS, time::Timestamp};

use super::{
    bands::Bands,
    curve::Curve,
    matchers::Matchers,
    program::{Inputs, Program},
    risk::Risk,
    segment::{SegmentRead, SegmentTable},
};

/// A model in force. Built only by [`super::compile`]; indexes between its tables are always in range.
#[derive(Clone, Debug)]
pub struct Model {
    pub name: String,
    /// First 12 hex digits of the XXH3-128 hash of `source`.
    pub version: String,
    /// The TOML text that it was compiled from.
    pub source: String,
    /// Every label test of every selector, once each.
    pub matchers: Matchers,
    /// What is stored per account, once each.
    pub measures: Vec<Measure>,
    /// Every distinct read of a measure; evaluated once per account before the programs run.
    pub readings: Vec<Reading>,
    /// Names of the account attributes that expressions read.
    pub attributes: Vec<String>,
    /// How many days back expressions look at the score (`score offset 7d`), once each.
    pub score_offsets: Vec<u16>,
    /// The same for single dimensions (`dimension.adoption offset 7d`).
    pub dimension_offsets: Vec<DimensionOffset>,
    pub dimensions: Vec<Dimension>,
    /// All that any scorecard has.
    pub indicators: Vec<Indicator>,
    /// In the order in which they are tried; the last is the model's own and fits every account.
    pub scorecards: Vec<Scorecard>,
    pub alerts: Vec<AlertRule>,
    pub segments: Vec<SegmentTable>,
    /// What the rules on segments read, once each: the readings of their programs.
    pub segment_reads: Vec<SegmentRead>,
    pub silences: Vec<Silence>,
    /// After how many milliseconds without an event of any account each kind is stale; by [`Kind::index`].
    pub stale_after_ms: [Option<i64>; Kind::COUNT],
    pub output: OutputRules,
    pub dedupe: Dedupe,
    pub risk: Option<Risk>,
}

impl Model {
    /// How many days of scores an account must remember: for its trends, and for what alerts look back at.
    pub fn history_days(&self) -> u32 {
        let longest = self.score_offsets.iter().copied().max().unwrap_or(0);
        u32::from(longest).max(TREND_DAYS)
    }

    /// Whether some alert or measure of a segment reads the risk.
    pub fn reads_risk(&self) -> bool {
        let rules = self
            .alerts
            .iter()
            .flat_map(|rule| [Some(&rule.when), rule.clear.as_ref()]);
        let measures = self.segments.iter().flat_map(|table| &table.measures);
        let mut programs = rules.flatten().chain(measures.map(|measure| &measure.value));
        programs.any(Program::reads_risk)
    }

    /// The dimensions that expressions look back at, each with how many days; in the order of the dimensions.
    pub fn tracked_dimensions(&self) -> Vec<DimensionOffset> {
        let longest = |dimension| {
            let offsets = self.dimension_offsets.iter();
            let days = offsets
                .filter(|offset| offset.dimension == dimension)
                .map(|offset| offset.days);
            days.max().map(|days| DimensionOffset { dimension, days })
        };
        (0..self.dimensions.len() as u16).filter_map(longest).collect()
    }

    /// The first scorecard that fits, by its index.
    pub fn scorecard_for(&self, inputs: &Inputs<'_>) -> usize {
        let fits = |card: &Scorecard| card.when.as_ref().is_none_or(|(when, _)| when.eval(inputs) == 1.0);
        self.scorecards.iter().position(fits).unwrap_or(0)
    }

    /// Until when the alert rule at `index` may not open on an account; `None` when it may.
    pub fn silenced(&self, index: usize, inputs: &Inputs<'_>) -> Option<Timestamp> {
        let applies = |silence: &&Silence| {
            silence.is_in_force(inputs.now)
                && silence.alerts[index]
                && silence.when.as_ref().is_none_or(|when| when.eval(inputs) == 1.0)
        };
        self.silences.iter().filter(applies).map(|silence| silence.until).max()
    }

    /// A hash of all that decides how an account's measures and alerts lie in memory: a checkpoint of another layout
    /// must not be read by this one.
    pub fn layout(&self) -> u32 {
        let mut text = String::new();
        for measure in &self.measures {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{} {:?}", measure.key, measure.store);
        }
        for tracked in self.tracked_dimensions() {
            let _ = writeln!(text, "dimension.{}", self.dimensions[usize::from(tracked.dimension)].id);
        }
        for alert in &self.alerts {
            let _ = writeln!(text, "{}", alert.id);
        }
        for table in &self.segments {
            let _ = writeln!(text, "segment {} {}", table.by, self.segment_layout(table));
        }
        if let Some(risk) = self.risk.as_ref().filter(|risk| !risk.tracked.is_empty()) {
            let _ = writeln!(text, "tracked {:?} {}", risk.tracked, risk.days_tracked());
        }
        xxhash_rust::xxh3::xxh3_64(text.as_bytes()) as u32
    }

    /// How many days of numbers a segment must remember: for its change, and for what its rules look back at.
    pub fn segment_history_days(&self) -> u32 {
        let longest = self.segment_reads.iter().map(|read| read.days).max().unwrap_or(0);
        u32::from(longest).max(TREND_DAYS)
    }

    /// A hash of all that decides what the parts of a segment's sums mean, which shards tell each other.
    pub fn segment_layout(&self, table: &SegmentTable) -> u32 {
        let mut text = String::new();
        for id in self.indicators.iter().map(|indicator| &indicator.id) {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{id}");
        }
        for id in self.dimensions.iter().map(|dimension| &dimension.id) {
            let _ = writeln!(text, "dimension {id}");
        }
        for measure in &table.measures {
            let _ = writeln!(text, "{}", measure.key());
        }
        xxhash_rust::xxh3::xxh3_64(text.as_bytes()) as u32
    }

    /// A reading as the model language writes it, near enough to find it again.
    pub fn describe_reading(&self, index: usize) -> String {
        let Some(reading) = self.readings.get(index) else {
            return String::new();
        };
        let measure = &self.measures[usize::from(reading.measure)];
        let unit = match measure.store.unit() {
            PaneUnit::Hour => 'h',
            PaneUnit::Day => 'd',
        };
        let window = |panes: u32, offset: u32| match offset {
            0 => format!("[{panes}{unit}]"),
            _ => format!("[{panes}{unit}] offset {offset}{unit}"),
        };
        let window = match reading.read {
            Read::Total { panes, offset }
            | Read::Min { panes, offset }
            | Read::Max { panes, offset }
            | Read::ActivePanes { panes, offset }
            | Read::Distinct { panes, offset }
            | Read::PerLabel { panes, offset, .. } => window(panes, offset),
            Read::Last {
                within: Some(panes),
                offset,
            } => window(panes, offset),
            Read::Last { within: None, offset } | Read::Since { offset } if offset > 0 => format!(" offset {offset}d"),
            Read::Last { .. } | Read::Since { .. } | Read::Open => String::new(),
            Read::OpenSince => " since".to_owned(),
        };
        let what = match reading.read {
            Read::ActivePanes { .. } => "days with ",
            Read::PerLabel { fold, .. } => match fold {
                LabelFold::Largest => "largest ",
                LabelFold::Least => "least ",
                LabelFold::Within { .. } => "how many in range of ",
            },
            _ => "",
        };
        format!("{what}{}{window}", measure.key)
    }
}

/// What is stored per account for some selector and aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// Canonical definition, such as `sum(usage{name="login"}.value)/1d`: its identity across models and restarts.
    pub key: String,
    pub kind: Kind,
    /// Bits of [`Matchers`] that must all pass.
    pub required: u128,
    /// The field that is aggregated; events without it do not count. `None` counts events.
    pub field: Option<String>,
    /// The label whose values are told apart; events without it do not count.
    pub by: Option<String>,
    pub store: Store,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaneUnit {
    Hour,
    Day,
}

/// How a measure is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// One number a pane, kept for `horizon` panes (the longest window plus the longest offset).
    Panes {
        value: PaneValue,
        unit: PaneUnit,
        horizon: u32,
    },
    /// Which values were seen, and in which pane last (or in which panes, if `every_pane`: needed with an offset).
    Distinct {
        unit: PaneUnit,
        horizon: u32,
        every_pane: bool,
    },
    /// One number a pane and value of a label; `value` is a count or a sum.
    PerLabel {
        value: PaneValue,
        unit: PaneUnit,
        horizon: u32,
    },
    /// The newest value and its time, also as it was at the end of each of `horizon` days before (0 without an offset).
    Last { horizon: u32 },
    /// The newest event's time, in the same way.
    Since { horizon: u32 },
    /// Items that were opened and not closed (tickets, invoices), as the kind's lifecycle says.
    Open,
}

impl Store {
    /// The panes' length; days where there are none.
    pub const fn unit(self) -> PaneUnit {
        match self {
            Self::Panes { unit, .. } | Self::Distinct { unit, .. } | Self::PerLabel { unit, .. } => unit,
            Self::Last { .. } | Self::Since { .. } | Self::Open => PaneUnit::Day,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaneValue {
    /// Of events, or of those that have the field.
    Count,
    /// Of events whose field is a number: what a mean divides by.
    Numbers,
    Sum,
    Min,
    Max,
}

impl PaneValue {
    pub const fn is_count(self) -> bool {
        matches!(self, Self::Count | Self::Numbers)
    }
}

/// One read of one measure. The window ends at the kind's clock or the account's newest event of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reading {
    /// Index into [`Model::measures`].
    pub measure: u16,
    pub read: Read,
}

/// `panes` is the window's length, `offset` how many panes back it ends. Missing is NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Read {
    /// Sum over panes: of a count or a sum. 0 in silence.
    Total { panes: u32, offset: u32 },
    /// Missing in silence.
    Min { panes: u32, offset: u32 },
    /// Missing in silence.
    Max { panes: u32, offset: u32 },
    /// Panes with at least one event. 0 in silence.
    ActivePanes { panes: u32, offset: u32 },
    /// 0 in silence.
    Distinct { panes: u32, offset: u32 },
    /// Over the values of a label that were seen: missing in silence, or 0 for how many there are.
    PerLabel {
        panes: u32,
        offset: u32,
        of: PerValue,
        fold: LabelFold,
    },
    /// The newest value by the end of the day `offset` days back; missing when it is older than `within` days then.
    Last { within: Option<u32>, offset: u32 },
    /// Days since the newest event, fractional, as it was `offset` days back.
    Since { offset: u32 },
    /// Number of open items.
    Open,
    /// Days since the oldest open item was opened; missing when none is open.
    OpenSince,
}

/// A dimension's score so many days ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DimensionOffset {
    /// Index into [`Model::dimensions`].
    pub dimension: u16,
    pub days: u16,
}

/// What each value of a label counts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PerValue {
    /// The sum over its panes.
    Total,
    /// How many panes it has.
    Panes,
}

/// How the numbers of a label's values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LabelFold {
    Largest,
    Least,
    /// How many lie in the range, in millionths, ends included.
    Within {
        least: i64,
        most: i64,
    },
}

#[derive(Clone, Debug)]
pub struct Dimension {
    pub id: String,
    /// Share of the whole in the model's own scorecard, 0..1; the shares of all dimensions sum to 1.
    pub weight: f64,
}

#[derive(Clone, Debug)]
pub struct Indicator {
    /// `<dimension>.<indicator>`.
    pub id: String,
    /// Index into [`Model::dimensions`]; indicators are ordered by it.
    pub dimension: u16,
    /// Share of its dimension in the model's own scorecard, 0..1.
    pub weight: f64,
    /// The value expression as written.
    pub expression: String,
    pub value: Program,
}

/// How an account is scored: what counts how much, by which curves, in which bands. 100 is healthy.
#[derive(Clone, Debug)]
pub struct Scorecard {
    /// `default` for the model's own.
    pub id: String,
    /// Which accounts it fits, with the expression as written; `None` fits every account.
    pub when: Option<(Program, String)>,
    /// Share of the whole of each of [`Model::dimensions`], 0..1; they sum to 1.
    pub dimensions: Vec<f64>,
    /// Whether it has any indicator of each dimension.
    pub has_dimension: Vec<bool>,
    /// How each of [`Model::indicators`] counts; `None` is left out.
    pub indicators: Vec<Option<Member>>,
    pub bands: Bands,
}

/// An indicator in a scorecard.
#[derive(Clone, Debug)]
pub struct Member {
    /// Share of its dimension, 0..1.
    pub weight: f64,
    pub curve: Curve,
}

impl Scorecard {
    /// The share of its dimension that an indicator has, 0 where it is left out.
    pub fn weight(&self, indicator: usize) -> f64 {
        self.indicators[indicator].as_ref().map_or(0.0, |member| member.weight)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    pub fn from_index(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == name)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertKind {
    Risk,
    Opportunity,
}

impl AlertKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Risk => "risk",
            Self::Opportunity => "opportunity",
        }
    }
}

#[derive(Clone, Debug)]
pub struct AlertRule {
    pub id: String,
    pub kind: AlertKind,
    pub severity: Severity,
    /// Higher severities, and when they apply.
    pub raises: Vec<Raise>,
    pub when: Program,
    /// When an open alert resolves; without it, when `when` no longer holds.
    pub clear: Option<Program>,
    /// The condition must have held for so long, in milliseconds of the shard's clock.
    pub for_ms: i64,
    /// How long after it resolved it may not open again, in milliseconds.
    pub cool_down_ms: i64,
    /// How long after opening somebody should have acted, in milliseconds.
    pub due_ms: Option<i64>,
    pub playbook: Option<String>,
    /// The `when` expression as written.
    pub expression: String,
    /// What a reader is told; without it the reason is made from the expression.
    pub reason: Option<String>,
}

impl AlertRule {
    /// The highest severity that applies.
    pub fn severity_now(&self, inputs: &Inputs<'_>) -> Severity {
        let raises = self.raises.iter().filter(|raise| raise.when.eval(inputs) == 1.0);
        raises.fold(self.severity, |severity, raise| severity.max(raise.severity))
    }
}

/// A severity above the rule's own.
#[derive(Clone, Debug)]
pub struct Raise {
    pub severity: Severity,
    pub when: Program,
    /// The `when` expression as written.
    pub expression: String,
}

/// A time in which alerts do not open: maintenance, holidays.
#[derive(Clone, Debug)]
pub struct Silence {
    /// In event time; `until` is past the end.
    pub from: Timestamp,
    pub until: Timestamp,
    /// Which accounts; `None` for all.
    pub when: Option<Program>,
    /// The `when` expression as written.
    pub expression: Option<String>,
    /// Whether each of [`Model::alerts`] is silenced.
    pub alerts: Vec<bool>,
    pub reason: Option<String>,
}

impl Silence {
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        (self.from..self.until).contains(&now)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutputRules {
    /// A score goes out when it moved by at least so many points since the last one sent.
    pub min_delta: f64,
    /// A score goes out at least so often (of the shard's clock), in milliseconds; `None`: only on change.
    pub heartbeat_ms: Option<i64>,
    /// Every account is scored again once in so many milliseconds of the shard's clock; `None`: only on its events.
    pub sweep_ms: Option<i64>,
    /// While a backlog is worked off, what changed is scored at least once in so many milliseconds of the shard's clock;
    /// `None`: only as often as the log says that no more is at hand, once in a few seconds.
    pub backlog_step_ms: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dedupe {
    /// For how many hours an event id is remembered; 0 turns de-duplication off.
    pub hours: u32,
    /// At most so many ids an account.
    pub max_ids: u32,
}
