//! Lists and tables of texts.

use std::collections::BTreeMap;

use super::super::reader::Reader;
use crate::document::Placed;

pub(super) fn texts(section: &mut Reader<'_, '_>, key: &str) -> BTreeMap<String, String> {
    let written = section.table.properties(key).into_iter();
    written.map(|(name, value)| (name, value.value)).collect()
}

pub(super) fn names(section: &mut Reader<'_, '_>, key: &str) -> Option<Vec<String>> {
    let written = section.table.strings(key)?.into_iter();
    Some(written.map(|name: Placed<String>| name.value).collect())
}
