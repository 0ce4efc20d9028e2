//! Input topics.

use std::collections::BTreeSet;
use std::path::Path;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::document::{Document, Problem, Table};
use crate::domain::event::Kind;
use crate::ingest::debezium::Deletes;
use crate::ingest::format::Format;
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
    pub format: Format,
    /// Records are rows in Debezium's envelope, and what becomes of deleted ones.
    pub debezium: Option<Deletes>,
}

const DEFAULT_PARTITIONS: i32 = 4;
const DEBEZIUM: &str = "debezium";

pub(super) fn read_all(
    document: &Document<'_>,
    tables: Vec<Table<'_>>,
    folder: &Path,
    has_registry: bool,
) -> Vec<Source> {
    if tables.is_empty() {
        let source = |kind: Kind| Source {
            topic: kind.default_topic().to_owned(),
            kind,
            partitions: DEFAULT_PARTITIONS,
            mapping: None,
            format: Format::Json,
            debezium: None,
        };
        return Kind::ALL.into_iter().map(source).collect();
    }
    let mut seen = BTreeSet::new();
    let mut sources = Vec::new();
    for table in tables {
        let place = table.place();
        let Some(source) = Source::read(Reader::new(table, folder), has_registry) else {
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
    fn read(mut section: Reader<'_, '_>, has_registry: bool) -> Option<Self> {
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
        let format = read_format(&mut section, has_registry);
        let debezium = read_envelope(&mut section);
        let mapping = mapping::read(&mut section);
        section.finish();
        Some(Self {
            topic: topic?,
            kind: kind?,
            partitions,
            mapping,
            format,
            debezium,
        })
    }
}

fn read_format(section: &mut Reader<'_, '_>, has_registry: bool) -> Format {
    let Some(format) = section.table.choice("format", &Format::ALL) else {
        return Format::Json;
    };
    let value = format.value;
    if value.needs_registry() && !has_registry {
        let help = "write the section [schema_registry] with its `url`: the schemas of such records are there";
        section.problem("no schema registry is configured", format, help);
    }
    value
}

/// `envelope`, and with it `deletes`.
fn read_envelope(section: &mut Reader<'_, '_>) -> Option<Deletes> {
    let envelope = section
        .table
        .choice("envelope", &[("none", None), (DEBEZIUM, Some(()))]);
    let is_debezium = envelope.is_some_and(|envelope| envelope.value.is_some());
    let deletes = section.table.choice("deletes", &Deletes::ALL);
    match deletes {
        Some(deletes) if !is_debezium => {
            let help = "leave it out, or write envelope = \"debezium\" beside it";
            section.problem("only Debezium tells of deletions", deletes, help);
            None
        }
        deletes => is_debezium.then(|| deletes.map_or_else(Deletes::default, |deletes| deletes.value)),
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("topic", &self.topic)?;
        map.serialize_entry("kind", self.kind.as_str())?;
        map.serialize_entry("partitions", &self.partitions)?;
        map.serialize_entry("format", self.format.as_str())?;
        if let Some(deletes) = self.debezium {
            map.serialize_entry("envelope", DEBEZIUM)?;
            map.serialize_entry("deletes", deletes.as_str())?;
        }
        if let Some(mapping) = &self.mapping {
            map.serialize_entry("mapping", &mapping::printed_rules(mapping))?;
            map.serialize_entry("filter", &mapping::printed_filter(mapping))?;
        }
        map.end()
    }
}
