//! Where generated events go: JSON-lines files, one a kind, or Kafka topics.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use flate2::{Compression as GzipLevel, write::GzEncoder};
use rdkafka::{
    ClientConfig, ClientContext,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext},
};
use thiserror::Error;

use super::Record;
use crate::domain::event::Kind;

#[derive(Debug, Error)]
pub enum SinkError {
    #[error("cannot write {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("cannot produce to {topic}")]
    Topic { topic: &'static str, source: KafkaError },
    #[error("cannot produce")]
    Producer(#[from] KafkaError),
}

/// A place for events.
pub trait Sink {
    fn accept(&mut self, record: &Record<'_>) -> Result<(), SinkError>;
    /// Must be called after the last event; returns when every event is safe.
    fn finish(self: Box<Self>) -> Result<(), SinkError>;
}

/// How files are compressed; also their names' endings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

/// `<folder>/<topic>.jsonl`, `.jsonl.gz` or `.jsonl.zst`, made as the first event of a kind comes.
pub struct Files {
    folder: PathBuf,
    compression: Compression,
    writers: [Option<(PathBuf, Writer)>; Kind::COUNT],
}

enum Writer {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Files {
    pub fn new(folder: &Path, compression: Compression) -> Self {
        Self {
            folder: folder.to_owned(),
            compression,
            writers: Default::default(),
        }
    }

    fn open(&self, kind: Kind) -> Result<(PathBuf, Writer), SinkError> {
        let ending = match self.compression {
            Compression::None => "jsonl",
            Compression::Gzip => "jsonl.gz",
            Compression::Zstd => "jsonl.zst",
        };
        let path = self.folder.join(format!("{}.{ending}", kind.default_topic()));
        match self.create(&path) {
            Ok(writer) => Ok((path, writer)),
            Err(source) => Err(SinkError::File { path, source }),
        }
    }

    fn create(&self, path: &Path) -> io::Result<Writer> {
        std::fs::create_dir_all(&self.folder)?;
        let file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        Ok(match self.compression {
            Compression::None => Writer::Plain(file),
            Compression::Gzip => Writer::Gzip(GzEncoder::new(file, GzipLevel::fast())),
            Compression::Zstd => Writer::Zstd(zstd::Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?),
        })
    }
}

impl Writer {
    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        let writer: &mut dyn Write = match self {
            Self::Plain(writer) => writer,
            Self::Gzip(writer) => writer,
            Self::Zstd(writer) => writer,
        };
        writer.write_all(line)?;
        writer.write_all(b"\n")
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut writer) => writer.flush(),
            Self::Gzip(writer) => writer.finish()?.flush(),
            Self::Zstd(writer) => writer.finish()?.flush(),
        }
    }
}

impl Sink for Files {
    fn accept(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        let index = record.kind.index();
        if self.writers[index].is_none() {
            self.writers[index] = Some(self.open(record.kind)?);
        }
        match &mut self.writers[index] {
            Some((path, writer)) => writer.write_line(record.value).map_err(|source| SinkError::File {
                path: path.clone(),
                source,
            }),
            None => Ok(()),
        }
    }

    fn finish(self: Box<Self>) -> Result<(), SinkError> {
        for (path, writer) in self.writers.into_iter().flatten() {
            writer.finish().map_err(|source| SinkError::File { path, source })?;
        }
        Ok(())
    }
}

/// The kinds' default topics, keyed by account.
pub struct Topics {
    producer: BaseProducer<FirstFailure>,
    sent: u64,
}

/// Remembers the first record that the brokers did not take.
#[derive(Default)]
struct FirstFailure(OnceLock<KafkaError>);

impl ClientContext for FirstFailure {}

impl ProducerContext for FirstFailure {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            let _ = self.0.set(error.clone());
        }
    }
}

const FLUSH_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_EVERY: u64 = 1_000;

impl Topics {
    /// `client` says where the brokers are; batching is set here, for throughput.
    pub fn new(client: &ClientConfig) -> Result<Self, SinkError> {
        let mut client = client.clone();
        for (key, value) in [
            ("enable.idempotence", "true"),
            ("linger.ms", "20"),
            ("batch.size", "1000000"),
            ("compression.type", "zstd"),
            ("queue.buffering.max.messages", "500000"),
        ] {
            client.set(key, value);
        }
        Ok(Self {
            producer: client.create_with_context(FirstFailure::default())?,
            sent: 0,
        })
    }
}

impl Sink for Topics {
    fn accept(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        self.sent += 1;
        if self.sent.is_multiple_of(POLL_EVERY) {
            self.producer.poll(Duration::ZERO);
        }
        let topic = record.kind.default_topic();
        let mut message = BaseRecord::to(topic).key(record.key).payload(record.value);
        loop {
            match self.producer.send(message) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), returned)) => {
                    self.producer.poll(Duration::from_millis(10));
                    message = returned;
                }
                Err((source, _)) => return Err(SinkError::Topic { topic, source }),
            }
        }
    }

    fn finish(self: Box<Self>) -> Result<(), SinkError> {
        self.producer.flush(FLUSH_TIMEOUT)?;
        match self.producer.context().0.get() {
            Some(error) => Err(error.clone().into()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::domain::time::Timestamp;

    fn written(compression: Compression, name: &str) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let mut sink: Box<dyn Sink> = Box::new(Files::new(folder.path(), compression));
        for value in [b"{}".as_slice(), b"{\"a\":1}"] {
            let record = Record {
                kind: Kind::Usage,
                key: "a",
                value,
                time: Timestamp::EARLIEST,
            };
            sink.accept(&record).unwrap();
        }
        sink.finish().unwrap();
        std::fs::read(folder.path().join(name)).unwrap()
    }

    #[test]
    fn files_are_lines_in_each_compression() {
        const LINES: &[u8] = b"{}\n{\"a\":1}\n";
        assert_eq!(written(Compression::None, "usage-events.jsonl"), LINES);
        let zstd = written(Compression::Zstd, "usage-events.jsonl.zst");
        assert_eq!(zstd::decode_all(zstd.as_slice()).unwrap(), LINES);
        let (gzip, mut text) = (written(Compression::Gzip, "usage-events.jsonl.gz"), Vec::new());
        flate2::read::GzDecoder::new(gzip.as_slice())
            .read_to_end(&mut text)
            .unwrap();
        assert_eq!(text, LINES);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let record = Record {
            kind: Kind::Usage,
            key: "a",
            value: b"{}",
            time: Timestamp::EARLIEST,
        };
        let error = Files::new(file.path(), Compression::None).accept(&record).unwrap_err();
        assert!(error.to_string().contains("usage-events.jsonl"), "{error}");
    }
}
