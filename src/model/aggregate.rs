//! Aggregates over selectors: which measure is kept for them, and how it is read.

use std::ops::Range;

use super::{
    ast::{Length, Selector},
    compiled::{PaneUnit, PaneValue, Read, Reading, Store},
    fault::Fault,
    tables::Tables,
};
use crate::domain::event::Kind;

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
}

/// Those that are written by name; [`Aggregate::OpenSince`] is not.
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
struct Panes {
    unit: PaneUnit,
    panes: u32,
    offset: u32,
}

impl Aggregate {
    fn name(self) -> &'static str {
        let of = if self == Self::OpenSince { Self::Open } else { self };
        AGGREGATES
            .iter()
            .find(|(_, aggregate)| *aggregate == of)
            .map_or("", |(name, _)| name)
    }

    /// Adds what it reads to the tables. `span` is the selector's.
    pub fn read(self, selector: &Selector, span: &Range<usize>, tables: &mut Tables) -> Result<Readings, Fault> {
        self.check_field(selector, span)?;
        let one =
            match self {
                Self::Count => self.total(PaneValue::Count, selector, span, tables)?,
                Self::Sum => self.total(PaneValue::Sum, selector, span, tables)?,
                Self::Mean => {
                    let sum = self.total(PaneValue::Sum, selector, span, tables)?;
                    let count = self.total(PaneValue::Count, selector, span, tables)?;
                    return Ok(Readings::Ratio { sum, count });
                }
                Self::Min | Self::Max | Self::Days => {
                    let Panes { unit, panes, offset } = self.panes(selector, span)?;
                    let (value, read) = match self {
                        Self::Min => (PaneValue::Min, Read::Min { panes, offset }),
                        Self::Max => (PaneValue::Max, Read::Max { panes, offset }),
                        _ => (PaneValue::Count, Read::ActivePanes { panes, offset }),
                    };
                    if self == Self::Days && unit == PaneUnit::Hour {
                        return Err(Fault::new("days are counted over whole days", span.clone())
                            .help("write the window in days: [28d]"));
                    }
                    paned(value, unit, panes + offset, read, selector, tables)?
                }
                Self::Distinct => {
                    let Panes { unit, panes, offset } = self.panes(selector, span)?;
                    let key = format!("distinct({})/{}", selector.events(), unit_name(unit));
                    let store = Store::Distinct {
                        unit,
                        horizon: panes + offset,
                        every_pane: offset > 0,
                    };
                    let measure = tables.measure(key, selector, store)?;
                    tables.reading(Reading {
                        measure,
                        read: Read::Distinct { panes, offset },
                    })
                }
                Self::Last => {
                    refuse_offset(selector, span)?;
                    let within = selector.window.map(|window| whole_days(window, span)).transpose()?;
                    unpaned("last", Store::Last, Read::Last { within }, selector, tables)?
                }
                Self::Since | Self::Open | Self::OpenSince => {
                    refuse_offset(selector, span)?;
                    if selector.window.is_some() {
                        return Err(Fault::new(format!("`{}` has no window", self.name()), span.clone())
                            .help(format!("write {}({})", self.name(), selector.events())));
                    }
                    match self {
                        Self::Since => unpaned("since", Store::Since, Read::Since, selector, tables)?,
                        Self::Open => unpaned("open", Store::Open, Read::Open, selector, tables)?,
                        _ => unpaned("open", Store::Open, Read::OpenSince, selector, tables)?,
                    }
                }
            };
        Ok(Readings::One(one))
    }

    fn total(
        self,
        value: PaneValue,
        selector: &Selector,
        span: &Range<usize>,
        tables: &mut Tables,
    ) -> Result<u16, Fault> {
        let Panes { unit, panes, offset } = self.panes(selector, span)?;
        paned(
            value,
            unit,
            panes + offset,
            Read::Total { panes, offset },
            selector,
            tables,
        )
    }

    /// Whether the selector names a field, where the aggregate needs one and only there.
    fn check_field(self, selector: &Selector, span: &Range<usize>) -> Result<(), Fault> {
        let kind = selector.kind.as_str();
        let name = self.name();
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
        if NO_FIELDS.contains(&field) {
            return Err(Fault::new(format!("`{field}` is no field"), span.clone())
                .help("every event has an account and a time of its own"));
        }
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

    fn panes(self, selector: &Selector, span: &Range<usize>) -> Result<Panes, Fault> {
        let Some(window) = selector.window else {
            return Err(
                Fault::new(format!("`{}` needs a window", self.name()), span.clone()).help(format!(
                    "over how long? {}({}[30d])",
                    self.name(),
                    selector.events()
                )),
            );
        };
        let wrong = |message: String, help: String| Err(Fault::new(message, span.clone()).help(help));
        if window.unit == PaneUnit::Hour && window.count > MAX_WINDOW_HOURS {
            let days = window.count.div_ceil(24);
            return wrong(
                format!("windows of more than {MAX_WINDOW_HOURS}h are in whole days"),
                format!("write [{days}d]: today and the {} days before it", days - 1),
            );
        }
        let (most, in_days) = match window.unit {
            PaneUnit::Hour => (MAX_HOURS, false),
            PaneUnit::Day => (MAX_DAYS, true),
        };
        let offset = match selector.offset {
            None => 0,
            Some(offset) if in_days => whole_days(offset, span)?,
            Some(Length {
                count,
                unit: PaneUnit::Hour,
            }) => count,
            Some(Length {
                count,
                unit: PaneUnit::Day,
            }) => count.saturating_mul(24),
        };
        if window.count.saturating_add(offset) > most {
            let unit = if in_days { 'd' } else { 'h' };
            return wrong(
                "this reaches too far back".to_owned(),
                format!("window and offset together may be {most}{unit}"),
            );
        }
        Ok(Panes {
            unit: window.unit,
            panes: window.count,
            offset,
        })
    }
}

/// Whether items of this kind open and close.
pub const fn has_lifecycle(kind: Kind) -> bool {
    matches!(kind, Kind::Support | Kind::Billing)
}

const fn unit_name(unit: PaneUnit) -> &'static str {
    match unit {
        PaneUnit::Hour => "1h",
        PaneUnit::Day => "1d",
    }
}

fn paned(
    value: PaneValue,
    unit: PaneUnit,
    horizon: u32,
    read: Read,
    selector: &Selector,
    tables: &mut Tables,
) -> Result<u16, Fault> {
    let name = match value {
        PaneValue::Count => "count",
        PaneValue::Sum => "sum",
        PaneValue::Min => "min",
        PaneValue::Max => "max",
    };
    let key = format!("{name}({})/{}", selector.events(), unit_name(unit));
    let measure = tables.measure(key, selector, Store::Panes { value, unit, horizon })?;
    Ok(tables.reading(Reading { measure, read }))
}

fn unpaned(name: &str, store: Store, read: Read, selector: &Selector, tables: &mut Tables) -> Result<u16, Fault> {
    let measure = tables.measure(format!("{name}({})", selector.events()), selector, store)?;
    Ok(tables.reading(Reading { measure, read }))
}

fn refuse_offset(selector: &Selector, span: &Range<usize>) -> Result<(), Fault> {
    match selector.offset {
        None => Ok(()),
        Some(_) => Err(
            Fault::new("only what has panes can be read as of earlier", span.clone())
                .help("count, sum, mean, min, max, distinct and days take an offset"),
        ),
    }
}

fn whole_days(length: Length, span: &Range<usize>) -> Result<u32, Fault> {
    match length {
        Length {
            count,
            unit: PaneUnit::Day,
        } if count <= MAX_DAYS => Ok(count),
        Length {
            unit: PaneUnit::Day, ..
        } => Err(Fault::new("this reaches too far back", span.clone()).help(format!("at most {MAX_DAYS}d"))),
        Length {
            count,
            unit: PaneUnit::Hour,
        } => Err(Fault::new("this must be in whole days", span.clone()).help(format!("write {}d", count.div_ceil(24)))),
    }
}
