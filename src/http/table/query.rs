//! A page of a filtered, sorted list: one scan of the columns that the query needs, which keeps the best rows of the page in a heap.
//! It costs about the same whatever is asked for, and no index has to be kept up while scores move.

use super::{
    Cursor, Table,
    best::Best,
    interner::{Interner, Number},
};
use crate::domain::band::Band;

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SortKey {
    Score,
    /// Over 7 days.
    Trend,
    Value,
    Account,
    AsOf,
}

impl SortKey {
    pub const ALL: [Self; 5] = [Self::Score, Self::Trend, Self::Value, Self::Account, Self::AsOf];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Trend => "trend",
            Self::Value => "value",
            Self::Account => "account",
            Self::AsOf => "as_of",
        }
    }
}

/// Rows of which the key is not known come last in both directions; rows with the same key are in the order of their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub key: SortKey,
    pub descending: bool,
}

impl Sort {
    /// For cursors.
    pub const fn order(self) -> u8 {
        (self.key as u8) << 1 | self.descending as u8
    }
}

/// Which accounts are listed; every condition has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of these; empty: any band.
    pub bands: Vec<Band>,
    /// The empty text stands for accounts without one.
    pub segment: Option<String>,
    pub owner: Option<String>,
    /// A rule that is open.
    pub alert: Option<String>,
    /// Part of the id, in small letters.
    pub part_of_id: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Query {
    pub filter: Filter,
    pub sort: Sort,
    pub limit: usize,
    pub after: Option<Cursor>,
}

/// One page.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    pub rows: Vec<u32>,
    /// How many accounts the filter lets through, on all pages.
    pub total: usize,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<Cursor>,
}

/// A row's place in the order: key, then id; the row itself does not count.
type Place = (u64, u64, u32);

impl Table {
    pub fn page(&self, query: &Query) -> Page {
        let Some(filter) = self.prepare(&query.filter) else {
            return Page {
                rows: Vec::new(),
                total: 0,
                next: None,
            };
        };
        let descending = query.sort.descending;
        let directed = |known: Option<u64>| match known {
            // The largest is kept for those that are not known.
            Some(bits) if descending => (!bits).min(u64::MAX - 1),
            Some(bits) => bits.min(u64::MAX - 1),
            None => u64::MAX,
        };
        match query.sort.key {
            SortKey::Score => self.scan(query, &filter, |row| directed(ordered(f64::from(self.scores[row])))),
            SortKey::Trend => self.scan(query, &filter, |row| directed(ordered(f64::from(self.trends[row][0])))),
            SortKey::Value => self.scan(query, &filter, |row| directed(ordered(self.values[row]))),
            SortKey::AsOf => {
                let time = |row: usize| self.times[row].map(|time| time.millis() as u64 ^ 1 << 63);
                self.scan(query, &filter, |row| directed(time(row)))
            }
            // The ids' order decides alone.
            SortKey::Account => self.scan(query, &filter, |_| 0),
        }
    }

    fn scan(&self, query: &Query, filter: &Prepared<'_>, key: impl Fn(usize) -> u64) -> Page {
        let is_reversed = query.sort.key == SortKey::Account && query.sort.descending;
        let labels = self.names.labels();
        let by_id = |row: usize| if is_reversed { !labels[row] } else { labels[row] };
        let after = query.after.as_ref().map(|cursor| self.bound(cursor, is_reversed));
        let (mut best, mut total) = (Best::<Place>::new(query.limit), 0);
        for row in (0..self.len()).filter(|row| filter.admits(self, *row)) {
            total += 1;
            let place = (key(row), by_id(row), row as u32);
            if after.is_none_or(|after| (place.0, place.1) >= after) {
                best.see(place);
            }
        }
        let (places, has_more) = best.page();
        let next = places.last().filter(|_| has_more).map(|&(key, _, row)| Cursor {
            order: query.sort.order(),
            key,
            id: self.names.text(row).to_owned(),
        });
        Page {
            rows: places.into_iter().map(|(.., row)| row).collect(),
            total,
            next,
        }
    }

    /// The least place after the cursor. The account of the cursor may be gone or have moved.
    fn bound(&self, cursor: &Cursor, is_reversed: bool) -> (u64, u64) {
        let least_after = if is_reversed {
            // The labels of smaller ids, turned around, are larger than this.
            self.names
                .label_from(&cursor.id)
                .map_or(0, |label| (!label).saturating_add(1))
        } else {
            self.names.label_from(&format!("{}\0", cursor.id)).unwrap_or(u64::MAX)
        };
        (cursor.key, least_after)
    }

    /// `None` when nothing can match.
    fn prepare<'q>(&self, filter: &'q Filter) -> Option<Prepared<'q>> {
        let bands = filter.bands.iter().fold(0, |bits, band| bits | 1 << *band as u8);
        let number = |texts: &Interner, text: &Option<String>| match text {
            None => Some(None),
            Some(text) => texts.find(text).map(Some),
        };
        Some(Prepared {
            bands: if filter.bands.is_empty() { u8::MAX } else { bands },
            segment: number(&self.segments, &filter.segment)?,
            owner: number(&self.owners, &filter.owner)?,
            alert: number(&self.rules, &filter.alert)?,
            part_of_id: filter.part_of_id.as_deref().filter(|part| !part.is_empty()),
        })
    }
}

/// A filter in the table's own numbers.
struct Prepared<'q> {
    /// Bits of the bands.
    bands: u8,
    segment: Option<Number>,
    owner: Option<Number>,
    alert: Option<Number>,
    part_of_id: Option<&'q str>,
}

impl Prepared<'_> {
    fn admits(&self, table: &Table, row: usize) -> bool {
        self.bands >> table.bands[row] as u8 & 1 == 1
            && self.segment.is_none_or(|segment| table.segment[row] == segment)
            && self.owner.is_none_or(|owner| table.owner[row] == owner)
            && self
                .alert
                .is_none_or(|rule| table.alerts[row].iter().any(|open| open.rule == rule))
            && self
                .part_of_id
                .is_none_or(|part| contains(table.names.text(row as u32), part))
    }
}

/// Whether `text` has `part` in it, whatever the case of ASCII letters; `part` is in small letters and not empty.
fn contains(text: &str, part: &str) -> bool {
    let mut windows = text.as_bytes().windows(part.len());
    windows.any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

/// Bits that are ordered as the numbers are; `None` for NaN.
fn ordered(number: f64) -> Option<u64> {
    if number.is_nan() {
        return None;
    }
    // Adding 0 makes -0 and 0 the same.
    let bits = (number + 0.0).to_bits();
    Some(if bits >> 63 == 0 { bits | 1 << 63 } else { !bits })
}
