//! Reads a model file.

use super::{
    alerts::{alerts, silences},
    bands::Bands,
    compiled::Model,
    define::{definitions, warn_of_unused},
    dimensions::dimensions,
    fields::text,
    lower::Scope,
    risk_section::risk,
    scorecards::scorecards,
    segments::segments,
    settings,
    tables::Tables,
};
use crate::document::{Document, Origin, Problem, Problems};

/// Longest model file, in bytes; every index into a model's tables fits 16 bits because of it.
const MAX_SOURCE: usize = 256 * 1024;

/// A model, and what is allowed in it and hardly meant.
#[derive(Debug)]
pub struct Checked {
    pub model: Model,
    pub warnings: Option<Problems>,
}

/// Compiles a model. `file` is what messages call the text. Every mistake is reported, not the first alone.
pub fn compile(source: &str, file: &str) -> Result<Model, Problems> {
    check(source, file).map(|checked| checked.model)
}

/// The same with the warnings.
pub fn check(source: &str, file: &str) -> Result<Checked, Problems> {
    if source.len() > MAX_SOURCE {
        let start = Origin::new(file, "").place(0..0);
        return Err(Problem::new(format!("a model may hold at most {} KiB", MAX_SOURCE / 1024), start).into());
    }
    let document = Document::parse(file, source, Vec::new());
    let model = read(&document, source);
    let (model, warnings) = document.finish_with_warnings(model)?;
    Ok(Checked { model, warnings })
}

/// The model, of use only when nothing was reported: what could not be read is left out of it.
pub(super) fn read(document: &Document<'_>, source: &str) -> Model {
    let mut root = document.root();
    let mut tables = Tables::default();
    let name = text(&mut root, "name");
    if name.is_none() {
        root.missing_unless_written("name", "give the model a name: name = \"default\"");
    }
    tables.dimensions = root.texts_in("dimension", "id");
    tables.has_risk = root.is_table("risk");
    definitions(root.table("define"), &mut tables);
    let mut parts = dimensions(&mut root, &mut tables);
    let bands = settings::bands(root.table("bands"), Bands::default());
    let scorecards = scorecards(&mut root, &mut parts, bands, &mut tables);
    let (dimensions, indicators) = parts.compiled(&scorecards);
    let alerts = alerts(&mut root, Scope::Alert, &mut tables);
    let silences = silences(&mut root, &alerts, &mut tables);
    tables.indicators = indicators.iter().map(|indicator| indicator.id.clone()).collect();
    let segments = segments(&mut root, &mut tables);
    let output = settings::output(root.table("output"));
    let dedupe = settings::dedupe(root.table("dedupe"));
    let stale_after_ms = settings::stale_after(root.table("stale_after"));
    let risk = risk(root.table("risk"), &indicators);
    warn_of_unused(&root, &tables);
    root.finish();
    let hash = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(source.as_bytes()));
    Model {
        name: name.unwrap_or_default(),
        version: hash[..12].to_owned(),
        source: source.to_owned(),
        matchers: tables.matchers,
        measures: tables.measures,
        readings: tables.readings,
        attributes: tables.attributes,
        score_offsets: tables.score_offsets,
        dimension_offsets: tables.dimension_offsets,
        dimensions,
        indicators,
        scorecards,
        alerts,
        segments,
        segment_reads: tables.segment_reads,
        silences,
        stale_after_ms,
        output,
        dedupe,
        risk,
    }
}
