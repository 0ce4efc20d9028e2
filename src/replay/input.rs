//! The files that a replay reads: what kind of events each holds, and its records one by one, unpacked.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use crate::domain::event::Kind;
use crate::ingest::decode::Shape;
use crate::ingest::refusal::Refusal;

use super::csv_records::CsvRecords;

const BUFFER_BYTES: usize = 256 * 1024;
/// Spreadsheets begin CSV with it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// One file of events.
#[derive(Clone, Debug, PartialEq)]
pub struct InputFile {
    pub from: Source,
    /// `None`: every record says its kind in a field `kind`.
    pub shape: Option<Shape>,
}

/// Where a file's bytes are.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    Path(PathBuf),
    StandardInput,
    /// Lines of JSON in memory, and what messages call them.
    Lines(String, Arc<[u8]>),
}

impl InputFile {
    /// Lines of JSON, each with its kind in a field `kind`.
    pub fn of_lines(name: &str, lines: Vec<u8>) -> Self {
        Self {
            from: Source::Lines(name.to_owned(), lines.into()),
            shape: None,
        }
    }

    /// Reads `FILE`, `KIND=FILE` or `-`. Without a kind, a file named after a topic, such as `usage-events.jsonl.gz`, holds
    /// what that topic does: one of `topics`, or of the default wire format.
    pub fn from_argument(argument: &str, topics: &[(String, Shape)]) -> Self {
        let (shape, path) = match argument.split_once('=') {
            Some((kind, path)) => match Kind::from_name(kind) {
                Some(kind) => (Some(Shape::of(kind)), path),
                None => (None, argument),
            },
            None => (None, argument),
        };
        if path == "-" {
            let from = Source::StandardInput;
            return Self { from, shape };
        }
        let path = PathBuf::from(path);
        let shape = shape.or_else(|| shape_of_name(&path, topics));
        let from = Source::Path(path);
        Self { from, shape }
    }

    /// As messages call it.
    pub fn name(&self) -> String {
        match &self.from {
            Source::Path(path) => path.display().to_string(),
            Source::StandardInput => "standard input".to_owned(),
            Source::Lines(name, _) => name.clone(),
        }
    }

    /// Bytes on disk; 0 when that is not known.
    pub fn size(&self) -> u64 {
        match &self.from {
            Source::Path(path) => path.metadata().map_or(0, |metadata| metadata.len()),
            Source::StandardInput => 0,
            Source::Lines(_, lines) => lines.len() as u64,
        }
    }

    /// Opens the file; `progress` counts the bytes read from it, as they are on disk.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(&self, progress: Arc<AtomicU64>) -> io::Result<Records> {
        let raw: Box<dyn Read + Send> = match &self.from {
            Source::Path(path) => Box::new(File::open(path)?),
            Source::StandardInput => Box::new(io::stdin()),
            Source::Lines(_, lines) => Box::new(Cursor::new(Arc::clone(lines))),
        };
        let mut unpacked = unpack(Counted { inner: raw, progress })?;
        let is_csv = match &self.from {
            Source::StandardInput => begins_like_csv(unpacked.fill_buf()?),
            _ => self.is_named_csv(),
        };
        if is_csv {
            return Ok(Records::Csv(CsvRecords::new(unpacked)?));
        }
        Ok(Records::Lines(unpacked))
    }

    fn is_named_csv(&self) -> bool {
        let Source::Path(path) = &self.from else { return false };
        let mut endings = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .split('.')
            .skip(1);
        endings.any(|ending| ending.eq_ignore_ascii_case("csv"))
    }
}

fn shape_of_name(path: &Path, topics: &[(String, Shape)]) -> Option<Shape> {
    let name = path.file_name()?.to_str()?;
    // A topic's name may have dots itself.
    let is_of = |topic: &str| {
        name.strip_prefix(topic)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let configured = topics
        .iter()
        .find(|(topic, _)| is_of(topic))
        .map(|(_, shape)| shape.clone().in_file());
    let default = || {
        Kind::ALL
            .into_iter()
            .find(|kind| is_of(kind.default_topic()))
            .map(Shape::of)
    };
    configured.or_else(default)
}

/// What has no name is CSV unless it begins as JSON lines do.
fn begins_like_csv(start: &[u8]) -> bool {
    let start = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start).trim_ascii_start();
    start.first().is_some_and(|first| !b"{[".contains(first))
}

/// Gzip and zstd are known by their first bytes.
///
/// # Errors
/// When it cannot be read.
pub fn unpack(raw: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, raw);
    let start = raw.fill_buf()?;
    if start.starts_with(GZIP_MAGIC) {
        let unpacked = MultiGzDecoder::new(raw);
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, unpacked)));
    }
    if start.starts_with(ZSTD_MAGIC) {
        let unpacked = zstd::Decoder::with_buffer(raw)?;
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, unpacked)));
    }
    Ok(Box::new(raw))
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Record,
    /// There is a record, and it cannot be read.
    Refused(Refusal),
    End,
}

/// The records of a file.
pub enum Records {
    Lines(Box<dyn BufRead + Send>),
    Csv(CsvRecords),
}

impl Records {
    /// Puts the next record's JSON into `record`. Empty lines are passed over.
    ///
    /// # Errors
    /// When the file cannot be read on, or breaks off inside its compression.
    pub fn next(&mut self, record: &mut Vec<u8>) -> io::Result<Next> {
        match self {
            Self::Csv(records) => records.next(record),
            Self::Lines(lines) => loop {
                record.clear();
                if lines.read_until(b'\n', record)? == 0 {
                    return Ok(Next::End);
                }
                record.truncate(record.trim_ascii_end().len());
                if !record.is_empty() {
                    return Ok(Next::Record);
                }
            },
        }
    }
}

struct Counted<R> {
    inner: R,
    progress: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.progress.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::ingest::mapping::Mapping;

    fn records_of(name: &str, bytes: &[u8]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let file = InputFile::from_argument(path.to_str().unwrap(), &[]);
        let mut records = file.open(Arc::default()).unwrap();
        let (mut record, mut all) = (Vec::new(), Vec::new());
        loop {
            match records.next(&mut record).unwrap() {
                Next::Record => all.push(String::from_utf8_lossy(&record).into_owned()),
                Next::Refused(refusal) => all.push(refusal.reason().to_owned()),
                Next::End => return all,
            }
        }
    }

    #[test]
    fn the_kind_comes_from_the_argument_or_the_name() {
        let mapped = Shape {
            mapping: Some(Mapping::default()),
            ..Shape::of(Kind::Usage)
        };
        let topics = [("product.events".to_owned(), mapped.clone())];
        let shape = |argument: &str| InputFile::from_argument(argument, &topics).shape;
        let kind = |argument: &str| shape(argument).map(|shape| shape.kind);
        assert_eq!(shape("a/product.events.csv"), Some(mapped));
        assert_eq!(shape("usage=product.events.csv"), Some(Shape::of(Kind::Usage)));
        assert_eq!(shape("product.eventsource"), None);
        assert_eq!(kind("a/usage-events.jsonl.gz"), Some(Kind::Usage));
        assert_eq!(kind("support-events.csv"), Some(Kind::Support));
        assert_eq!(kind("billing=a/usage-events.jsonl"), Some(Kind::Billing));
        assert_eq!(kind("feedback=-"), Some(Kind::Feedback));
        assert_eq!(kind("mixed.jsonl"), None);
        let odd = InputFile::from_argument("a=b.jsonl", &[]);
        assert_eq!(odd.from, Source::Path(PathBuf::from("a=b.jsonl")));
    }

    #[test]
    fn unpacks_what_is_packed_whatever_its_name() {
        const LINES: &[u8] = b"{\"a\":1}\n\n{\"a\":2}\r\n{\"a\":3}";
        let expected = ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"];
        assert_eq!(records_of("a.jsonl", LINES), expected);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(LINES).unwrap();
        assert_eq!(records_of("a.jsonl", &gzip.finish().unwrap()), expected);
        assert_eq!(
            records_of("a.jsonl.zst", &zstd::encode_all(LINES, 1).unwrap()),
            expected
        );
    }

    #[test]
    fn csv_rows_become_json_by_their_header() {
        let rows = b"account,time,value,user,active\nacc-1,2026-01-01T00:00:00Z,1.5,007,true\n\"a \"\"b\"\"\",5,,,\n";
        let expected = [
            r#"{"account":"acc-1","time":"2026-01-01T00:00:00Z","value":1.5,"user":"007","active":true}"#,
            r#"{"account":"a \"b\"","time":5}"#,
        ];
        assert_eq!(records_of("a.csv", rows), expected);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(rows).unwrap();
        assert_eq!(records_of("a.csv.gz", &gzip.finish().unwrap()), expected);
        assert_eq!(
            records_of("a.csv.zst", &zstd::encode_all(&rows[..], 1).unwrap()),
            expected
        );
        assert_eq!(records_of("a.CSV", &[BYTE_ORDER_MARK, rows].concat()), expected);
    }

    #[test]
    fn csv_rows_of_another_length_or_another_encoding_do_not_end_the_file() {
        let rows = b"account,amount\na\nb,1,490.00\nc\xff,2\nd,\"1,490.00\"\n";
        let expected = [
            r#"{"account":"a"}"#,
            "columns",
            "{\"account\":c\u{fffd},\"amount\":2}",
            r#"{"account":"d","amount":"1,490.00"}"#,
        ];
        assert_eq!(records_of("a.csv", rows), expected);
    }

    #[test]
    fn what_has_no_name_is_known_by_its_beginning() {
        assert!(!begins_like_csv(b"\n {\"account\":1}") && !begins_like_csv(b"") && !begins_like_csv(b"\n"));
        assert!(begins_like_csv(b"account,name\n") && begins_like_csv(b"\"account\",name\n"));
        assert!(begins_like_csv("\u{feff}account,name\n".as_bytes()));
    }
}
