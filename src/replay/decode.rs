//! A thread that reads one file, decodes its records with the service's own decoder and hands them on in blocks.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use serde::Deserialize;

use crate::domain::event::Kind;
use crate::domain::time::Timestamp;
use crate::ingest::cloudevents::Envelope;
use crate::ingest::decode::{Decoder, Shape};
use crate::ingest::limits::Limits;
use crate::ingest::refusal::Refusal;

use super::block::Block;
use super::input::{InputFile, Next, Records};

const BLOCK_EVENTS: usize = 2_048;
const BLOCKS_WAITING: usize = 2;
/// So many refusals a file are kept in words; beyond that they are counted.
const REFUSALS_SHOWN: usize = 5;

/// How records are read.
#[derive(Clone)]
pub struct Reading {
    pub limits: Limits,
    /// The wall clock that times are held against.
    pub wall: Timestamp,
}

/// What was refused in a file.
#[derive(Debug, Default)]
pub struct Refused {
    pub count: u64,
    /// The first few, with their record's number from 1.
    pub first: Vec<(i64, String)>,
}

/// What a file's thread sends.
pub enum Decoded {
    Events(Block),
    /// The last message of a file that was read to its end.
    End(Refused),
    Failed(io::Error),
}

/// Starts to read `file`.
pub fn start(file: InputFile, reading: Reading, progress: Arc<AtomicU64>) -> io::Result<Receiver<Decoded>> {
    let (sender, receiver) = bounded(BLOCKS_WAITING);
    thread::Builder::new().name("decode".to_owned()).spawn(move || {
        let last = match FileDecoder::new(reading, file.shape.clone()).run(&file, progress, &sender) {
            Ok(refused) => Decoded::End(refused),
            Err(error) => Decoded::Failed(error),
        };
        // A receiver that is gone does not want to know.
        let _ = sender.send(last);
    })?;
    Ok(receiver)
}

struct FileDecoder {
    /// The file's; without one each record says its kind, and is of the default wire format.
    shape: Option<Shape>,
    by_kind: [Shape; Kind::COUNT],
    wall: Timestamp,
    decoder: Decoder,
    block: Block,
    refused: Refused,
}

impl FileDecoder {
    fn new(reading: Reading, shape: Option<Shape>) -> Self {
        Self {
            shape,
            by_kind: Kind::ALL.map(Shape::of),
            wall: reading.wall,
            decoder: Decoder::new(reading.limits),
            block: Block::default(),
            refused: Refused::default(),
        }
    }

    fn run(mut self, file: &InputFile, progress: Arc<AtomicU64>, sender: &Sender<Decoded>) -> io::Result<Refused> {
        let mut records: Records = file.open(progress)?;
        let mut record = Vec::new();
        let mut number = 0;
        loop {
            let decoded = match records.next(&mut record)? {
                Next::Record => self.decode(number, &record),
                Next::Refused(refusal) => Err(refusal),
                Next::End => break,
            };
            if let Err(refusal) = decoded {
                self.refuse(number, &refusal);
            }
            number += 1;
            if self.block.events() >= BLOCK_EVENTS
                && sender.send(Decoded::Events(std::mem::take(&mut self.block))).is_err()
            {
                break;
            }
        }
        // The receiver may be gone; then nobody asks for the rest.
        let _ = sender.send(Decoded::Events(self.block));
        Ok(self.refused)
    }

    fn decode(&mut self, number: i64, record: &[u8]) -> Result<(), Refusal> {
        let shape = match &self.shape {
            Some(shape) => shape,
            None => &self.by_kind[kind_of_record(record)?.index()],
        };
        let (kind, wall) = (shape.kind, self.wall);
        let block = &mut self.block;
        self.decoder
            .decode(shape, Some(record), Envelope::default, wall, |event| {
                block.push(kind, number, event)
            })?;
        Ok(())
    }

    fn refuse(&mut self, number: i64, refusal: &Refusal) {
        self.refused.count += 1;
        if self.refused.first.len() < REFUSALS_SHOWN {
            self.refused.first.push((number + 1, refusal.to_string()));
        }
    }
}

fn kind_of_record(record: &[u8]) -> Result<Kind, Refusal> {
    #[derive(Deserialize)]
    struct Tagged<'a> {
        kind: Option<&'a str>,
    }
    let tagged: Tagged<'_> = serde_json::from_slice(record).map_err(|error| Refusal::Json(error.to_string()))?;
    let name = tagged.kind.ok_or(Refusal::Missing {
        field: "kind".to_owned(),
    })?;
    Kind::from_name(name).ok_or(Refusal::Type {
        field: "kind".to_owned(),
        expected: "usage, support, billing, feedback or account",
    })
}
