//! What a shard says of its segments at a boundary of event time, as a log entry carries it to the segments' home.

use std::collections::BTreeMap;

use super::{home_of, sums::SegmentSums};
use crate::domain::{
    codec::{CodecError, Reader, put_text, put_varint, put_zigzag},
    time::Timestamp,
};

/// Everything that one shard has to say of one attribute's segments; the next one takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentPartial {
    /// The shard whose accounts are summed.
    pub origin: u32,
    /// Offset in the origin's log of the entry that led to it: of two the higher is the newer, and equal ones are one.
    pub offset: i64,
    pub attribute: String,
    /// The boundary of event time that the origin has passed.
    pub as_of: Timestamp,
    /// What the parts of the sums mean, see [`crate::model::Model::segment_layout`].
    pub layout: u32,
    /// By name.
    pub segments: BTreeMap<String, SegmentSums>,
}

impl SegmentPartial {
    /// The part of it that is for the segments at home in the shard `home`. It is sent even when it holds none: that too is
    /// what the home waits for.
    #[must_use]
    pub fn for_home(&self, home: u32, shards: u32) -> Self {
        let own = self.segments.iter();
        let own = own.filter(|(name, _)| home_of(&self.attribute, name, shards) == home);
        Self {
            attribute: self.attribute.clone(),
            segments: own.map(|(name, sums)| (name.clone(), sums.clone())).collect(),
            ..*self
        }
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.origin.into());
        put_zigzag(out, self.offset);
        put_text(out, &self.attribute);
        put_zigzag(out, self.as_of.millis());
        out.extend_from_slice(&self.layout.to_le_bytes());
        encode_segments(&self.segments, out);
    }

    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            origin: reader.number()?,
            offset: reader.zigzag()?,
            attribute: reader.text()?.to_owned(),
            as_of: Timestamp::from_millis(reader.zigzag()?),
            layout: read_layout(reader)?,
            segments: decode_segments(reader)?,
        })
    }
}

pub fn read_layout(reader: &mut Reader<'_>) -> Result<u32, CodecError> {
    let mut layout = [0; 4];
    layout.copy_from_slice(reader.take(4)?);
    Ok(u32::from_le_bytes(layout))
}

pub fn encode_segments(segments: &BTreeMap<String, SegmentSums>, out: &mut Vec<u8>) {
    put_varint(out, segments.len() as u64);
    for (name, sums) in segments {
        put_text(out, name);
        sums.encode(out);
    }
}

pub fn decode_segments(reader: &mut Reader<'_>) -> Result<BTreeMap<String, SegmentSums>, CodecError> {
    let count = reader.count()?;
    (0..count)
        .map(|_| Ok((reader.text()?.to_owned(), SegmentSums::decode(reader)?)))
        .collect()
}
