//! Input topics.

use std::collections::BTreeSet;
use std::path::Path;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::document::{Document, Problem, Table};
use crate::domain::event::Kind;
use crate::ingest::mapping::Mapping;

use super::mapping;
use super::reader::Reader;

/// `[[source]]`: a topic and what its records are about. Several topics may be of one kind.
#[derive(Clone, Debug)]
pub struct Source {
    pub topic: String,
    pub kind: Kind,
    /// With how many partitions the topic is created when it is missing.
    pub partitions: i32,
    /// `None` for the default wire format.
    pub mapping: Option<Mapping>,
}

const DEFAULT_PARTITIONS: i32 = 4;

pub(super) fn read_all(document: &Document<'_>, tables: Vec<Table<'_>>, folder: &Path) -> Vec<Source> {
    if tables.is_empty() {
        let source = |kind: Kind| Source {
            topic: kind.default_topic().to_owned(),
            kind,
            partitions: DEFAULT_PARTITIONS,
            mapping: None,
        };
        return Kind::ALL.into_iter().map(source).collect();
    }
    let mut seen = BTreeSet::new();
    let mut sources = Vec::new();
    for table in tables {
        let place = table.place();
        let Some(source) = Source::read(Reader::new(table, folder)) else {
            continue;
        };
        if !seen.insert(source.topic.clone()) {
            let message = format!("topic {} has two sources", source.topic);
            document.report(Problem::new(message, place).help("keep one [[source]] for each topic"));
        }
        sources.push(source);
    }
    sources
}

impl Source {
    fn read(mut section: Reader<'_, '_>) -> Option<Self> {
        let topic = section.optional_topic("topic");
        let kinds = Kind::ALL.map(|kind| (kind.as_str(), kind));
        let kind = section.table.choice("kind", &kinds).map(|placed| placed.value);
        let partitions = section.integer("partitions", 1..=10_000, DEFAULT_PARTITIONS);
        if !section.table.has("topic") {
            section.table.missing("topic", "name the topic that is read");
        }
        if !section.table.has("kind") {
            section.table.missing(
                "kind",
                "say what its records are: usage, support, billing, feedback or account",
            );
        }
        let mapping = mapping::read(&mut section);
        section.finish();
        Some(Self {
            topic: topic?,
            kind: kind?,
            partitions,
            mapping,
        })
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("topic", &self.topic)?;
        map.serialize_entry("kind", self.kind.as_str())?;
        map.serialize_entry("partitions", &self.partitions)?;
        if let Some(mapping) = &self.mapping {
            map.serialize_entry("mapping", &mapping::printed_rules(mapping))?;
            map.serialize_entry("filter", &mapping::printed_filter(mapping))?;
        }
        map.end()
    }
}
