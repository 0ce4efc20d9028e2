//! Aggregates over selectors: which measure is kept for them, and how it is read.

use std::ops::Range;

use super::{
    ast::{Length, Selected, Selector},
    compiled::{PaneUnit, PaneValue, Read, Reading, Store},
    fault::Fault,
    tables::Tables,
};
use crate::domain::lifecycle::item_field;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    Count,
    Sum,
    Mean,
    Min,
    Max,
    Distinct,
    Days,
    Last,
    Since,
    Open,
    /// `since(open(...))`
    OpenSince,
    /// What a mean divides by.
    Numbers,
}

/// Those that are written by name; [`Aggregate::OpenSince`] and [`Aggregate::Numbers`] are not.
pub const AGGREGATES: [(&str, Aggregate); 10] = [
    ("count", Aggregate::Count),
    ("sum", Aggregate::Sum),
    ("mean", Aggregate::Mean),
    ("min", Aggregate::Min),
    ("max", Aggregate::Max),
    ("distinct", Aggregate::Distinct),
    ("days", Aggregate::Days),
    ("last", Aggregate::Last),
    ("since", Aggregate::Since),
    ("open", Aggregate::Open),
];

/// Window plus offset, in days: three years.
const MAX_DAYS: u32 = 1_096;
/// Longer windows have panes of a day.
const MAX_WINDOW_HOURS: u32 = 48;
/// Window plus offset, in hours: two weeks and a window.
const MAX_HOURS: u32 = 14 * 24 + MAX_WINDOW_HOURS;

/// Fields that hold a text in every event that has them.
const TEXT_FIELDS: [&str; 8] = [
    "name", "user", "feature", "ticket", "priority", "category", "invoice", "currency",
];
/// What belongs to the event itself and is no field of it.
const NO_FIELDS: [&str; 3] = ["account", "id", "time"];

/// What the reading (or, for a mean, the sum and the count) of an aggregate has for an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readings {
    One(u16),
    Ratio { sum: u16, count: u16 },
}

/// A window in panes.
#[derive(Clone, Copy)]
pub struct Panes {
    pub unit: PaneUnit,
    pub panes: u32,
    pub offset: u32,
}

impl Aggregate {
    fn name(self) -> &'static str {
        let of = if self == Self::OpenSince { Self::Open } else { self };
        AGGREGATES
            .iter()
            .find(|(_, aggregate)| *aggregate == of)
            .map_or("", |(name, _)| name)
    }

    /// Adds what it reads to the tables; `shift` is how much earlier than the selector itself says, in hours.
    pub fn read(self, selected: Selected<'_>, shift: u64, tables: &mut Tables) -> Result<Readings, Fault> {
        self.check_events(selected)?;
        let back = shift + selected.selector.offset.map_or(0, Length::hours);
        if self != Self::Mean {
            return self.one(selected, back, tables).map(Readings::One);
        }
        Ok(Readings::Ratio {
            sum: Self::Sum.one(selected, back, tables)?,
            count: Self::Numbers.one(selected, back, tables)?,
        })
    }

    /// The window that it is taken over; `shift` as in [`Aggregate::read`].
    pub fn panes_of(self, selected: Selected<'_>, shift: u64) -> Result<Panes, Fault> {
        self.check_events(selected)?;
        self.panes(selected, shift + selected.selector.offset.map_or(0, Length::hours))
    }

    /// `back` is the whole offset, in hours.
    fn one(self, selected: Selected<'_>, back: u64, tables: &mut Tables) -> Result<u16, Fault> {
        let (store, read) = match self {
            Self::Last => {
                let within = selected.selector.window.map(|window| within(window, selected.span));
                let within = within.transpose()?;
                let offset = offset_of_newest(back, within.unwrap_or(0), selected.span)?;
                (Store::Last { horizon: offset }, Read::Last { within, offset })
            }
            Self::Since => {
                let offset = offset_of_newest(back, 0, selected.span)?;
                (
                    Store::Since { horizon: offset },
                    self.timeless(selected, Read::Since { offset })?,
                )
            }
            Self::Open => (Store::Open, self.of_items(selected, back, Read::Open)?),
            Self::OpenSince => (Store::Open, self.of_items(selected, back, Read::OpenSince)?),
            _ => self.paned(self.panes(selected, back)?),
        };
        let measure = tables.measure(key(store, None, selected.selector), None, selected, store)?;
        tables.reading(Reading { measure, read }, selected)
    }

    /// How a window of panes is kept and read.
    fn paned(self, Panes { unit, panes, offset }: Panes) -> (Store, Read) {
        let horizon = panes + offset;
        let store = |value| Store::Panes { value, unit, horizon };
        match self {
            Self::Count => (store(PaneValue::Count), Read::Total { panes, offset }),
            Self::Numbers => (store(PaneValue::Numbers), Read::Total { panes, offset }),
            Self::Min => (store(PaneValue::Min), Read::Min { panes, offset }),
            Self::Max => (store(PaneValue::Max), Read::Max { panes, offset }),
            Self::Days => (store(PaneValue::Count), Read::ActivePanes { panes, offset }),
            Self::Distinct => {
                let every_pane = offset > 0;
                (
                    Store::Distinct {
                        unit,
                        horizon,
                        every_pane,
                    },
                    Read::Distinct { panes, offset },
                )
            }
            _ => (store(PaneValue::Sum), Read::Total { panes, offset }),
        }
    }

    /// `read`, for what has neither window nor offset.
    fn of_items(self, selected: Selected<'_>, back: u64, read: Read) -> Result<Read, Fault> {
        if back > 0 {
            let kind = selected.selector.kind.as_str();
            return Err(Fault::new("what was open before is not kept", selected.span.clone())
                .help(format!("what was opened is: count({kind}{{name=...}}[7d]) offset 7d")));
        }
        self.timeless(selected, read)
    }

    /// `read`, for what has no window.
    fn timeless(self, selected: Selected<'_>, read: Read) -> Result<Read, Fault> {
        if selected.selector.window.is_some() {
            return Err(
                Fault::new(format!("`{}` has no window", self.name()), selected.span.clone()).help(format!(
                    "write {}({})",
                    self.name(),
                    selected.selector.events()
                )),
            );
        }
        Ok(read)
    }

    /// Whether it is events of the right kind, with a field where the aggregate needs one and only there.
    fn check_events(self, Selected { selector, span }: Selected<'_>) -> Result<(), Fault> {
        let kind = selector.kind.as_str();
        let name = self.name();
        if matches!(self, Self::Open | Self::OpenSince) && item_field(selector.kind).is_none() {
            return Err(
                Fault::new(format!("nothing of `{kind}` opens and closes"), span.clone())
                    .help("tickets (support) and invoices (billing) do"),
            );
        }
        let named = selector.tests.iter().find(|placed| placed.test.label == "name");
        if let (Self::Open | Self::OpenSince, Some(placed)) = (self, named) {
            return Err(
                Fault::new("`open` looks at items, not at single events", placed.span.clone())
                    .help("an item has events of several names: leave this test out"),
            );
        }
        let Some(field) = selector.field.as_deref() else {
            let example = match self {
                Self::Sum | Self::Mean | Self::Min | Self::Max => "value",
                Self::Distinct => "user",
                Self::Last => "mrr",
                _ => return Ok(()),
            };
            return Err(Fault::new(format!("`{name}` of which field?"), span.clone())
                .help(format!("name it after the events, as in {kind}.{example}")));
        };
        check_field(field, span)?;
        let counts = matches!(self, Self::Count | Self::Days | Self::Distinct);
        if matches!(self, Self::Since | Self::Open | Self::OpenSince) {
            return Err(
                Fault::new(format!("`{name}` takes events, not their field"), span.clone())
                    .help(format!("leave out .{field}")),
            );
        }
        if !counts && TEXT_FIELDS.contains(&field) {
            return Err(
                Fault::new(format!("`{field}` is a text; `{name}` needs numbers"), span.clone())
                    .help("texts can be counted: count(...) or distinct(...)"),
            );
        }
        Ok(())
    }

    fn panes(self, Selected { selector, span }: Selected<'_>, back: u64) -> Result<Panes, Fault> {
        let name = self.name();
        let Some(window) = selector.window else {
            return Err(Fault::new(format!("`{name}` needs a window"), span.clone())
                .help(format!("over how long? {name}({}[30d])", selector.events())));
        };
        let wrong = |message: String, help: String| Err(Fault::new(message, span.clone()).help(help));
        if window.unit == PaneUnit::Hour && window.count > MAX_WINDOW_HOURS {
            let days = window.count.div_ceil(24);
            return wrong(
                format!("windows of more than {MAX_WINDOW_HOURS}h are in whole days"),
                format!("write [{days}d]: today and the {} days before it", days - 1),
            );
        }
        if self == Self::Days && window.unit == PaneUnit::Hour {
            return wrong(
                "days are counted over whole days".to_owned(),
                "write the window in days: [28d]".to_owned(),
            );
        }
        let (most, offset) = match window.unit {
            PaneUnit::Hour => (MAX_HOURS, back),
            PaneUnit::Day => (MAX_DAYS, days_back(back, span)?),
        };
        if u64::from(window.count) + offset > u64::from(most) {
            let unit = if window.unit == PaneUnit::Day { 'd' } else { 'h' };
            return wrong(
                "this reaches too far back".to_owned(),
                format!("window and offset together may be {most}{unit}"),
            );
        }
        Ok(Panes {
            unit: window.unit,
            panes: window.count,
            offset: offset as u32,
        })
    }
}

/// The canonical definition of what is stored: its identity across models and restarts. `by` is the label whose values are told
/// apart.
pub fn key(store: Store, by: Option<&str>, selector: &Selector) -> String {
    let events = selector.events();
    let unit = match store.unit() {
        PaneUnit::Hour => "1h",
        PaneUnit::Day => "1d",
    };
    let name = |value| match value {
        PaneValue::Count => "count",
        PaneValue::Numbers => "numbers",
        PaneValue::Sum => "sum",
        PaneValue::Min => "min",
        PaneValue::Max => "max",
    };
    match store {
        Store::Panes { value, .. } => format!("{}({events})/{unit}", name(value)),
        Store::PerLabel { value, .. } => {
            format!("{} by ({}) ({events})/{unit}", name(value), by.unwrap_or_default())
        }
        Store::Distinct { .. } => format!("distinct({events})/{unit}"),
        Store::Last { .. } => format!("last({events})"),
        Store::Since { .. } => format!("since({events})"),
        Store::Open => format!("open({events})"),
    }
}

/// Whether an event may have such a field.
pub fn check_field(field: &str, span: &Range<usize>) -> Result<(), Fault> {
    if NO_FIELDS.contains(&field) {
        return Err(Fault::new(format!("`{field}` is no field"), span.clone())
            .help("every event has an account and a time of its own"));
    }
    Ok(())
}

/// The offset, in days, of what is read at the end of a day and not over a window.
fn offset_of_newest(back: u64, within: u32, span: &Range<usize>) -> Result<u32, Fault> {
    let days = days_back(back, span)?;
    if days + u64::from(within) > u64::from(MAX_DAYS) {
        return Err(Fault::new("this reaches too far back", span.clone())
            .help(format!("window and offset together may be {MAX_DAYS}d")));
    }
    Ok(days as u32)
}

/// The window of `last`, in days.
fn within(window: Length, span: &Range<usize>) -> Result<u32, Fault> {
    if window.unit == PaneUnit::Hour {
        return Err(not_whole_days(window.hours(), span));
    }
    if window.count > MAX_DAYS {
        return Err(Fault::new("this reaches too far back", span.clone()).help(format!("at most {MAX_DAYS}d")));
    }
    Ok(window.count)
}

/// Hours as whole days.
fn days_back(hours: u64, span: &Range<usize>) -> Result<u64, Fault> {
    if hours.is_multiple_of(24) {
        return Ok(hours / 24);
    }
    Err(not_whole_days(hours, span))
}

fn not_whole_days(hours: u64, span: &Range<usize>) -> Fault {
    Fault::new("this must be in whole days", span.clone()).help(format!("write {}d", hours.div_ceil(24)))
}
