//! Account ids: from id to row and back, and their order as numbers, so that sorting a million rows compares no texts.
//!
//! Each id has a label; labels are in the order of the ids. A new id gets the middle between its neighbours' labels; where there
//! is no room left, labels nearby are spread out again (as in order maintenance by Dietz and Sleator, 1987).

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use compact_str::CompactString;

/// Left free after the last label: ids often come in ascending order.
const STEP: u64 = 1 << 32;
/// Room between labels that is made when they are spread out.
const ROOM: u64 = 1 << 12;
/// How many neighbours on each side are spread out at first.
const NEIGHBOURS: usize = 32;

#[derive(Debug, Default)]
pub struct Names {
    rows: BTreeMap<CompactString, u32>,
    texts: Vec<CompactString>,
    labels: Vec<u64>,
}

impl Names {
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn find(&self, name: &str) -> Option<u32> {
        self.rows.get(name).copied()
    }

    pub fn text(&self, row: u32) -> &str {
        self.texts.get(row as usize).map_or("", CompactString::as_str)
    }

    /// Comparing labels is comparing ids.
    pub fn labels(&self) -> &[u64] {
        &self.labels
    }

    /// The least label of an id that is not before `name`; `None` when there is none.
    pub fn label_from(&self, name: &str) -> Option<u64> {
        let mut rest = self.rows.range::<str, _>((std::ops::Bound::Included(name), Unbounded));
        rest.next().map(|(_, row)| self.label(*row))
    }

    /// The row of `name`, which must be new.
    pub fn add(&mut self, name: &str) -> u32 {
        let row = self.texts.len() as u32;
        let mut label = self.free_label(name);
        if label.is_none() {
            self.spread(name);
            label = self.free_label(name);
        }
        self.texts.push(name.into());
        self.labels.push(label.unwrap_or_default());
        self.rows.insert(name.into(), row);
        row
    }

    fn label(&self, row: u32) -> u64 {
        self.labels.get(row as usize).copied().unwrap_or_default()
    }

    /// Between the neighbours of `name`; `None` when they leave no room.
    fn free_label(&self, name: &str) -> Option<u64> {
        let before = self.rows.range::<str, _>((Unbounded, Excluded(name))).next_back();
        let after = self.rows.range::<str, _>((Excluded(name), Unbounded)).next();
        let before = before.map(|(_, row)| self.label(*row));
        let after = after.map(|(_, row)| self.label(*row));
        match (before, after) {
            (None, None) => Some(u64::MAX / 2),
            (Some(before), None) if before < u64::MAX - STEP => Some(before + STEP),
            (None, Some(after)) if after > STEP => Some(after - STEP),
            (before, after) => {
                let (before, after) = (before.unwrap_or(0), after.unwrap_or(u64::MAX));
                (after - before >= 2).then(|| before + (after - before) / 2)
            }
        }
    }

    /// Gives the ids around `name` labels with room between them: of as many neighbours as it takes to find room.
    fn spread(&mut self, name: &str) {
        let mut reach = NEIGHBOURS;
        loop {
            let mut before = self.rows.range::<str, _>((Unbounded, Excluded(name))).rev();
            let mut after = self.rows.range::<str, _>((Excluded(name), Unbounded));
            let mut rows: Vec<u32> = before.by_ref().take(reach).map(|(_, row)| *row).collect();
            rows.reverse();
            rows.extend(after.by_ref().take(reach).map(|(_, row)| *row));
            let low = before.next().map_or(0, |(_, row)| self.label(*row));
            let high = after.next().map_or(u64::MAX, |(_, row)| self.label(*row));
            let step = (high - low) / (rows.len() as u64 + 1);
            if step >= ROOM || rows.len() == self.rows.len() {
                for (place, row) in rows.into_iter().enumerate() {
                    if let Some(label) = self.labels.get_mut(row as usize) {
                        *label = low + step * (place as u64 + 1);
                    }
                }
                return;
            }
            reach *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(names: impl IntoIterator<Item = String>) -> Names {
        let mut table = Names::default();
        for name in names {
            if table.find(&name).is_none() {
                table.add(&name);
            }
        }
        table
    }

    fn assert_in_order(names: &Names) {
        let labels: Vec<u64> = names.rows.values().map(|row| names.label(*row)).collect();
        assert!(labels.is_sorted_by(|one, next| one < next));
        assert!(names.rows.iter().all(|(name, row)| names.text(*row) == name));
    }

    #[test]
    fn labels_are_in_order_however_ids_come() {
        let id = |number: u32| format!("acc-{number:07}");
        assert_in_order(&filled((0..5_000).map(id)));
        assert_in_order(&filled((0..5_000).rev().map(id)));
        // Always between the same two: labels run out again and again.
        let between = (0..3_000).map(|number| format!("b{number:07}"));
        assert_in_order(&filled(["a".to_owned(), "c".to_owned()].into_iter().chain(between)));
    }

    proptest! {
        #[test]
        fn any_order_will_do(names in prop::collection::vec("[a-c]{0,6}", 0..400)) {
            let table = filled(names.clone());
            assert_in_order(&table);
            for name in names {
                let row = table.find(&name).unwrap();
                prop_assert_eq!(table.label_from(&name), Some(table.label(row)));
                let after = table.label_from(&(name + "\0"));
                prop_assert!(after.is_none_or(|next| next > table.label(row)));
            }
        }
    }
}
