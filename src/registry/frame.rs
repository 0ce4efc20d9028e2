//! The wire format of records with a schema: a zero byte, the schema's id (four bytes, the highest first), the payload. In Protobuf
//! the payload begins with the place of the message in its file.
//! <https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format>

use std::fmt;

use thiserror::Error;

const MAGIC: u8 = 0;
/// Messages are not nested any deeper in their file.
const MOST_INDEXES: u64 = 32;

/// A schema's number in its registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId(pub u32);

impl fmt::Display for SchemaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A record taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framed<'r> {
    pub id: SchemaId,
    pub payload: &'r [u8],
}

/// Why bytes are no record with a schema.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error("it has {0} bytes, and the schema's id alone takes 5")]
    Short(usize),
    #[error("its first byte is {0}, not 0")]
    Magic(u8),
    #[error("it does not say which message of its file it is")]
    Message,
}

/// # Errors
/// When the record does not begin as it must.
pub fn split(record: &[u8]) -> Result<Framed<'_>, FrameError> {
    let Some(([magic, id @ ..], payload)) = record.split_first_chunk::<5>() else {
        return Err(FrameError::Short(record.len()));
    };
    if *magic != MAGIC {
        return Err(FrameError::Magic(*magic));
    }
    let id = SchemaId(u32::from_be_bytes(*id));
    Ok(Framed { id, payload })
}

/// The place of a Protobuf message in its file, from the outermost message to it, and what follows. A single 0 stands for the first
/// message of the file.
pub fn message_path(payload: &[u8]) -> Result<(Vec<usize>, &[u8]), FrameError> {
    let mut rest = payload;
    let count = zigzag(&mut rest).ok_or(FrameError::Message)?;
    if count == 0 {
        return Ok((vec![0], rest));
    }
    if count > MOST_INDEXES {
        return Err(FrameError::Message);
    }
    let mut path = Vec::new();
    for _ in 0..count {
        let index = zigzag(&mut rest).and_then(|index| usize::try_from(index).ok());
        path.push(index.ok_or(FrameError::Message)?);
    }
    Ok((path, rest))
}

/// A number of variable length that is not negative; `None` for any other bytes.
fn zigzag(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..35).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let is_negative = number & 1 == 1;
            return (!is_negative).then_some(number >> 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_its_schema() {
        let framed = split(&[0, 0, 1, 0, 2, 9, 8]).unwrap();
        assert_eq!((framed.id, framed.payload), (SchemaId(65_538), &[9, 8][..]));
        assert_eq!(split(&[0, 0, 0, 0]), Err(FrameError::Short(4)));
        assert_eq!(split(b"{\"a\":1}"), Err(FrameError::Magic(b'{')));
        assert!(split(&[0, 0, 0, 0, 1]).unwrap().payload.is_empty());
    }

    #[test]
    fn a_message_is_found_by_its_place() {
        assert_eq!(message_path(&[0, 7]), Ok((vec![0], &[7][..])));
        assert_eq!(message_path(&[2, 2, 7]), Ok((vec![1], &[7][..])));
        assert_eq!(message_path(&[4, 0, 0xac, 0x02]), Ok((vec![0, 150], &[][..])));
        for bad in [
            &[][..],
            &[1],
            &[4, 0],
            &[2, 3],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x80],
            &[0xfe, 0x01],
        ] {
            assert_eq!(message_path(bad), Err(FrameError::Message), "{bad:?}");
        }
    }
}
