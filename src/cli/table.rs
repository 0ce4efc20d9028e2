//! Tables that are read by people: columns by two spaces, no frame, as wide as the terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::context::width;

/// A table with a header and no rows yet.
pub fn plain(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width())
        .set_header(header.iter().map(|name| name.to_uppercase()));
    table
}
