//! Rows of a CSV file with a header, as JSON records in the default wire format.

use std::io::{self, BufRead};

use csv::{Reader, StringRecord};

/// Reads rows; the header's names are the fields' names, empty cells are missing.
pub struct CsvRecords {
    reader: Reader<Box<dyn BufRead + Send>>,
    /// Each column's name as a JSON text.
    names: Vec<String>,
    row: StringRecord,
}

impl CsvRecords {
    pub fn new(input: Box<dyn BufRead + Send>) -> io::Result<Self> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
        let header = reader.headers()?;
        let names = header.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        Ok(Self {
            reader,
            names,
            row: StringRecord::new(),
        })
    }

    /// Puts the next row's JSON into `record`; `false` at the end.
    pub fn next(&mut self, record: &mut Vec<u8>) -> io::Result<bool> {
        record.clear();
        if !self.reader.read_record(&mut self.row)? {
            return Ok(false);
        }
        record.push(b'{');
        let filled = self.names.iter().zip(&self.row).filter(|(_, cell)| !cell.is_empty());
        for (name, cell) in filled {
            if record.len() > 1 {
                record.push(b',');
            }
            record.extend_from_slice(name.as_bytes());
            record.push(b':');
            if is_json_scalar(cell) {
                record.extend_from_slice(cell.as_bytes());
            } else {
                serde_json::to_writer(&mut *record, cell)?;
            }
        }
        record.push(b'}');
        Ok(true)
    }
}

/// A number as JSON writes it (so `007` stays a text), or a boolean.
fn is_json_scalar(cell: &str) -> bool {
    let begins_like_one = cell.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    matches!(cell, "true" | "false") || begins_like_one && serde_json::from_str::<serde_json::Number>(cell).is_ok()
}
