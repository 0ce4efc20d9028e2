//! Rows of a CSV file with a header, as JSON records in the default wire format.

use std::io::{self, BufRead};

use csv::{ByteRecord, Reader};

use super::input::Next;
use crate::ingest::refusal::Refusal;

/// Reads rows; the header's names are the fields' names, empty cells are missing.
pub struct CsvRecords {
    reader: Reader<Box<dyn BufRead + Send>>,
    /// Each column's name as a JSON text.
    names: Vec<String>,
    row: ByteRecord,
}

impl CsvRecords {
    pub fn new(input: Box<dyn BufRead + Send>) -> io::Result<Self> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
        let header = reader.headers()?;
        let names = header.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        Ok(Self {
            reader,
            names,
            row: ByteRecord::new(),
        })
    }

    /// Puts the next row's JSON into `record`. A row with fewer cells than the header lacks its last fields; one with more has a
    /// comma that was not meant as one, and is refused.
    pub fn next(&mut self, record: &mut Vec<u8>) -> io::Result<Next> {
        record.clear();
        if !self.reader.read_byte_record(&mut self.row)? {
            return Ok(Next::End);
        }
        let (cells, columns) = (self.row.len(), self.names.len());
        if cells > columns {
            return Ok(Next::Refused(Refusal::Columns { cells, columns }));
        }
        record.push(b'{');
        let filled = self.names.iter().zip(&self.row).filter(|(_, cell)| !cell.is_empty());
        for (name, cell) in filled {
            if record.len() > 1 {
                record.push(b',');
            }
            record.extend_from_slice(name.as_bytes());
            record.push(b':');
            push_cell(cell, record)?;
        }
        record.push(b'}');
        Ok(Next::Record)
    }
}

fn push_cell(cell: &[u8], record: &mut Vec<u8>) -> io::Result<()> {
    match str::from_utf8(cell) {
        Ok(text) if is_json_scalar(text) => record.extend_from_slice(cell),
        Ok(text) => serde_json::to_writer(&mut *record, text)?,
        // As it is: who reads the record says where it is no UTF-8.
        Err(_) => record.extend_from_slice(cell),
    }
    Ok(())
}

/// A number as JSON writes it (so `007` stays a text), or a boolean.
fn is_json_scalar(cell: &str) -> bool {
    let begins_like_one = cell.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    matches!(cell, "true" | "false") || begins_like_one && serde_json::from_str::<serde_json::Number>(cell).is_ok()
}
