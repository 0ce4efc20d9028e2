//! The template of a target, and the names that it is given.

use std::path::PathBuf;

use super::super::reader::Reader;
use super::lists::texts;
use crate::deliver::format::{Template, samples};
use crate::deliver::kind::Kind;
use crate::document::{Origin, Problem};

pub(super) fn properties(section: &mut Reader<'_, '_>, kind: Kind) -> Vec<(String, String)> {
    let written = texts(section, "properties");
    if !written.is_empty() {
        return written.into_iter().collect();
    }
    let own = |(name, path): &(&str, &str)| ((*name).to_owned(), (*path).to_owned());
    kind.properties().iter().map(own).collect()
}

/// The shipped template is tested; one of the user's own is tried with an output of each type.
pub(super) fn template(
    section: &mut Reader<'_, '_>,
    kind: Kind,
    object: &str,
    id_field: &str,
    properties: &[(String, String)],
) -> (Option<PathBuf>, String) {
    let shipped = kind.template().unwrap_or_default().to_owned();
    let Some(file) = section.placed_file("template_file") else {
        if kind == Kind::Template && !section.table.has("template_file") {
            section
                .table
                .missing("template_file", "name the file with the template");
        }
        return (None, shipped);
    };
    let text = match std::fs::read_to_string(&file.value) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("cannot read {}: {error}", file.value.display());
            section.problem(&message, file, "the file has to be readable, and UTF-8");
            return (None, shipped);
        }
    };
    if let Err(error) = Template::new(&text, object, id_field, properties.to_vec(), &samples()) {
        let origin = Origin::new(&file.value.display().to_string(), &text);
        let place = match error.span.clone() {
            Some(span) => origin.place(span),
            None => file.place.clone(),
        };
        let problem = Problem::new(format!("the template cannot be used: {}", error.message), place);
        section
            .table
            .report(problem.help("docs/integrations.md says what templates are given"));
    }
    (Some(file.value), text)
}
