//! What the expressions of a model read, each thing once.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::{
    ast::{PlacedTest, Selected},
    compiled::{DimensionOffset, Measure, Reading, Store},
    definitions::Definitions,
    fault::Fault,
    matchers::{MatcherError, Matchers},
    segment::SegmentRead,
};

/// At most so many distinct fields are aggregated: events find them by a small index.
const MAX_FIELDS: usize = 48;
/// Each is read whenever an account is scored.
const MAX_READINGS: usize = 4_096;
/// At most so many label tests in one `open`: its items remember each as a bit.
const MAX_OPEN_TESTS: u32 = 16;

/// Grows as expressions are compiled. Indexes fit 16 bits: a model's text is too short for more, and readings, of which one
/// `baseline` makes many, are bounded.
#[derive(Default)]
pub struct Tables {
    pub matchers: Matchers,
    pub measures: Vec<Measure>,
    pub readings: Vec<Reading>,
    pub attributes: Vec<String>,
    pub score_offsets: Vec<u16>,
    pub dimension_offsets: Vec<DimensionOffset>,
    /// Ids, all known before the first alert is compiled.
    pub dimensions: Vec<String>,
    /// Ids, all known before the first segment is read.
    pub indicators: Vec<String>,
    /// Ids of the measures of the segment in hand.
    pub segment_measures: Vec<String>,
    pub segment_reads: Vec<SegmentRead>,
    /// Whether the model has a section `[risk]`.
    pub has_risk: bool,
    pub definitions: Definitions,
    /// Those that measures aggregate.
    fields: BTreeSet<String>,
    measure_of_key: HashMap<String, u16>,
    index_of_reading: HashMap<Reading, u16>,
}

impl Tables {
    /// Empty ones that know the same dimensions and risk, for an expression that may turn out to be wrong.
    pub fn for_trial(&self) -> Self {
        Self {
            dimensions: self.dimensions.clone(),
            has_risk: self.has_risk,
            ..Self::default()
        }
    }

    /// The measure with this definition. One that is there already is made to keep what `store` needs too.
    /// `by` is the label whose values it tells apart.
    pub fn measure(
        &mut self,
        key: String,
        by: Option<&str>,
        selected: Selected<'_>,
        store: Store,
    ) -> Result<u16, Fault> {
        if let Some(&known) = self.measure_of_key.get(&key) {
            let stored = &mut self.measures[usize::from(known)].store;
            *stored = merged(*stored, store);
            return Ok(known);
        }
        for field in selected.selector.field.as_deref().into_iter().chain(by) {
            self.field(field, selected)?;
        }
        let selector = selected.selector;
        let required = selector
            .tests
            .iter()
            .try_fold(0, |bits, test| Ok(bits | self.test(test)?))?;
        if store == Store::Open && required.count_ones() > MAX_OPEN_TESTS {
            let message = format!("`open` may have at most {MAX_OPEN_TESTS} label tests");
            return Err(Fault::new(message, selected.span.clone()));
        }
        let index = self.measures.len() as u16;
        self.measures.push(Measure {
            key: key.clone(),
            kind: selector.kind,
            required,
            field: selector.field.clone(),
            by: by.map(str::to_owned),
            store,
        });
        self.measure_of_key.insert(key, index);
        Ok(index)
    }

    fn field(&mut self, field: &str, selected: Selected<'_>) -> Result<(), Fault> {
        self.fields.insert(field.to_owned());
        if self.fields.len() > MAX_FIELDS {
            let message = format!("a model may aggregate at most {MAX_FIELDS} distinct fields");
            return Err(Fault::new(message, selected.span.clone()));
        }
        Ok(())
    }

    fn test(&mut self, placed: &PlacedTest) -> Result<u128, Fault> {
        let bit = self.matchers.add(placed.test.clone());
        bit.map_err(|error| {
            let fault = Fault::new(error.to_string(), placed.span.clone()).label("this test");
            match error {
                MatcherError::TooHard => fault.help("[a-z0-9_] is much smaller than \\w, and * than {1,50}"),
                MatcherError::TooMany | MatcherError::Regex(_) => fault,
            }
        })
    }

    pub fn reading(&mut self, reading: Reading, selected: Selected<'_>) -> Result<u16, Fault> {
        if let Some(&known) = self.index_of_reading.get(&reading) {
            return Ok(known);
        }
        if self.readings.len() == MAX_READINGS {
            let message = format!("a model may read at most {MAX_READINGS} distinct windows");
            return Err(Fault::new(message, selected.span.clone()).help("a baseline of 8w reads eight"));
        }
        let index = self.readings.len() as u16;
        self.index_of_reading.insert(reading, index);
        self.readings.push(reading);
        Ok(index)
    }

    pub fn attribute(&mut self, name: &str) -> u16 {
        index_of(&mut self.attributes, name.to_owned())
    }

    pub fn score_offset(&mut self, days: u16) -> u16 {
        index_of(&mut self.score_offsets, days)
    }

    pub fn segment_read(&mut self, read: SegmentRead) -> u16 {
        index_of(&mut self.segment_reads, read)
    }

    pub fn dimension_offset(&mut self, offset: DimensionOffset) -> u16 {
        index_of(&mut self.dimension_offsets, offset)
    }
}

/// Where `item` is; it is added when it is new.
fn index_of<T: PartialEq>(items: &mut Vec<T>, item: T) -> u16 {
    let known = items.iter().position(|known| *known == item);
    known.unwrap_or_else(|| {
        items.push(item);
        items.len() - 1
    }) as u16
}

/// The store that serves both: the longest horizon wins.
fn merged(one: Store, other: Store) -> Store {
    match (one, other) {
        (
            Store::Panes {
                value,
                unit,
                horizon: a,
            },
            Store::Panes { horizon: b, .. },
        ) => Store::Panes {
            value,
            unit,
            horizon: a.max(b),
        },
        (
            Store::Distinct {
                unit,
                horizon: a,
                every_pane: every_a,
            },
            Store::Distinct {
                horizon: b,
                every_pane: every_b,
                ..
            },
        ) => Store::Distinct {
            unit,
            horizon: a.max(b),
            every_pane: every_a || every_b,
        },
        (
            Store::PerLabel {
                value,
                unit,
                horizon: a,
            },
            Store::PerLabel { horizon: b, .. },
        ) => Store::PerLabel {
            value,
            unit,
            horizon: a.max(b),
        },
        (Store::Last { horizon: a }, Store::Last { horizon: b }) => Store::Last { horizon: a.max(b) },
        (Store::Since { horizon: a }, Store::Since { horizon: b }) => Store::Since { horizon: a.max(b) },
        _ => one,
    }
}
