//! The file: eight bytes that name the format, its version, then frames, compressed as one zstd stream with its checksum. A frame
//! is its length and its bytes, of which the first says what it is:
//!
//! | frame | holds |
//! |---|---|
//! | head | app, log topic, shards, when it was taken; the first |
//! | shard | number, offset, accounts, the shard's own state; its accounts follow |
//! | account | id and state |
//! | end | how many accounts there were; the last: without it the file is cut off |

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use super::SnapshotError;
use crate::domain::codec::{CodecError, Reader, put_text, put_varint, put_zigzag};
use crate::domain::time::Timestamp;
use crate::scorer::store::Meta;

const MAGIC: &[u8; 8] = b"PULSESNP";
pub const VERSION: u8 = 1;
const HEAD: u8 = 0;
const SHARD: u8 = 1;
const ACCOUNT: u8 = 2;
const END: u8 = 3;
/// No account and no shard state comes near it; a longer frame is damage.
const MAX_FRAME: usize = 256 * 1024 * 1024;

/// What the snapshot belongs to: offsets mean nothing in another log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub app: String,
    pub log_topic: String,
    pub shards: u32,
    pub taken: Timestamp,
}

/// A frame, borrowed from the reader.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    Head(Head),
    Shard { shard: u32, meta: Meta },
    Account { id: &'a str, blob: &'a [u8] },
    End { accounts: u64 },
}

/// Every error names the file.
pub struct Writer<'p> {
    path: &'p Path,
    stream: zstd::Encoder<'static, BufWriter<File>>,
    frame: Vec<u8>,
}

type Written = Result<(), SnapshotError>;

impl<'p> Writer<'p> {
    pub fn create(path: &'p Path) -> Result<Self, SnapshotError> {
        let begin = || -> io::Result<_> {
            let mut file = BufWriter::new(File::create(path)?);
            file.write_all(MAGIC)?;
            file.write_all(&[VERSION])?;
            let mut stream = zstd::Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?;
            stream.include_checksum(true)?;
            Ok(stream)
        };
        Ok(Self {
            path,
            stream: begin().map_err(SnapshotError::of_file(path))?,
            frame: Vec::new(),
        })
    }

    pub fn head(&mut self, head: &Head) -> Written {
        self.write(HEAD, |frame| {
            put_text(frame, &head.app);
            put_text(frame, &head.log_topic);
            put_varint(frame, head.shards.into());
            put_zigzag(frame, head.taken.millis());
        })
    }

    pub fn shard(&mut self, shard: u32, meta: &Meta) -> Written {
        self.write(SHARD, |frame| {
            put_varint(frame, shard.into());
            put_zigzag(frame, meta.offset);
            put_varint(frame, meta.accounts);
            frame.extend_from_slice(&meta.blob);
        })
    }

    pub fn account(&mut self, id: &str, blob: &[u8]) -> Written {
        self.write(ACCOUNT, |frame| {
            put_text(frame, id);
            frame.extend_from_slice(blob);
        })
    }

    /// The end; when it returns, the file is on the disk.
    pub fn end(mut self, accounts: u64) -> Written {
        self.write(END, |frame| put_varint(frame, accounts))?;
        let finish = || self.stream.finish()?.into_inner()?.sync_all();
        finish().map_err(SnapshotError::of_file(self.path))
    }

    fn write(&mut self, kind: u8, fill: impl FnOnce(&mut Vec<u8>)) -> Written {
        self.frame.clear();
        self.frame.push(kind);
        fill(&mut self.frame);
        let mut append = || {
            let length = u32::try_from(self.frame.len()).map_err(io::Error::other)?;
            self.stream.write_all(&length.to_le_bytes())?;
            self.stream.write_all(&self.frame)
        };
        append().map_err(SnapshotError::of_file(self.path))
    }
}

/// Hands every frame of the file to `each`, the end as well; errors of `each` end it.
pub fn read(path: &Path, mut each: impl FnMut(Frame<'_>) -> Result<(), SnapshotError>) -> Result<(), SnapshotError> {
    let failed = SnapshotError::of_file(path);
    let damaged = |cause: String| SnapshotError::Damaged {
        path: path.to_owned(),
        cause,
    };
    let mut file = BufReader::new(File::open(path).map_err(&failed)?);
    let mut start = [0; MAGIC.len() + 1];
    file.read_exact(&mut start)
        .map_err(|error| damaged(error.to_string()))?;
    match start.split_last() {
        Some((&VERSION, magic)) if magic == MAGIC => {}
        Some((&found, magic)) if magic == MAGIC => {
            return Err(SnapshotError::Version {
                path: path.to_owned(),
                found,
            });
        }
        _ => return Err(damaged("it begins otherwise".to_owned())),
    }
    let mut stream = zstd::Decoder::with_buffer(file).map_err(&failed)?;
    let mut bytes = Vec::new();
    loop {
        read_frame(&mut stream, &mut bytes).map_err(|error| damaged(error.to_string()))?;
        let frame = decode(&bytes).map_err(|error| damaged(error.to_string()))?;
        let is_end = matches!(frame, Frame::End { .. });
        each(frame)?;
        if is_end {
            // The checksum comes after the last byte.
            return match stream.read(&mut [0]) {
                Ok(0) => Ok(()),
                Ok(_) => Err(damaged("it goes on after its end".to_owned())),
                Err(error) => Err(damaged(error.to_string())),
            };
        }
    }
}

fn read_frame(stream: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_FRAME {
        return Err(io::Error::other("a part of it is too long"));
    }
    bytes.clear();
    // As much as there is: a wrong length costs no memory.
    stream.take(length as u64).read_to_end(bytes)?;
    match bytes.len() == length {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn decode(bytes: &[u8]) -> Result<Frame<'_>, CodecError> {
    let mut reader = Reader::new(bytes);
    let kind = reader.byte()?;
    Ok(match kind {
        HEAD => Frame::Head(Head {
            app: reader.text()?.to_owned(),
            log_topic: reader.text()?.to_owned(),
            shards: reader.number()?,
            taken: Timestamp::from_millis(reader.zigzag()?),
        }),
        SHARD => Frame::Shard {
            shard: reader.number()?,
            meta: Meta {
                offset: reader.zigzag()?,
                accounts: reader.varint()?,
                blob: rest(bytes, &reader).to_vec(),
            },
        },
        ACCOUNT => Frame::Account {
            id: reader.text()?,
            blob: rest(bytes, &reader),
        },
        END => Frame::End {
            accounts: reader.varint()?,
        },
        _ => return Err(CodecError::OutOfRange),
    })
}

fn rest<'a>(bytes: &'a [u8], reader: &Reader<'_>) -> &'a [u8] {
    &bytes[reader.position()..]
}
