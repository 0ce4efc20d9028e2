//! What the shards have said of one attribute's segments, boundary by boundary.

use std::collections::{BTreeMap, VecDeque};

use super::{
    partial::{SegmentPartial, decode_segments, encode_segments},
    sums::SegmentSums,
};
use crate::domain::{
    codec::{CodecError, Reader, put_varint, put_zigzag},
    time::Timestamp,
};

/// Messages of shards that are ahead, beyond which nobody waits any longer for the slowest: memory is bounded.
const MAX_WAITING: usize = 4_096;

/// Segments by name.
type Sums = BTreeMap<String, SegmentSums>;

/// By shard.
#[derive(Debug, Default, PartialEq)]
pub struct Origins(BTreeMap<u32, Origin>);

#[derive(Debug, Default, PartialEq)]
struct Origin {
    /// Offset in its log of the message that came last.
    offset: i64,
    /// The boundary that was settled last, and its sums there.
    settled: Option<Timestamp>,
    sums: Sums,
    /// Boundaries still to be settled, in their order.
    waiting: VecDeque<(Timestamp, Sums)>,
}

impl Origin {
    /// The last boundary that it has passed, settled or not.
    fn passed(&self) -> Option<Timestamp> {
        self.waiting.back().map(|(boundary, _)| *boundary).max(self.settled)
    }

    fn settle(&mut self, boundary: Timestamp) {
        if self.waiting.front().is_some_and(|(front, _)| *front == boundary)
            && let Some((_, sums)) = self.waiting.pop_front()
        {
            self.settled = Some(boundary);
            self.sums = sums;
        }
    }
}

impl Origins {
    /// Takes what a shard says; `false` when it was said before.
    pub fn take(&mut self, partial: SegmentPartial) -> bool {
        let is_known = self.0.contains_key(&partial.origin);
        let origin = self.0.entry(partial.origin).or_default();
        if is_known && partial.offset <= origin.offset || Some(partial.as_of) <= origin.passed() {
            return false;
        }
        origin.offset = partial.offset;
        origin.waiting.push_back((partial.as_of, partial.segments));
        true
    }

    /// Settles the earliest boundary that some shard has passed, once all of so many have, or too many messages wait. What comes
    /// for a boundary after it was settled counts from the next one on.
    pub fn settle_next(&mut self, shards: u32) -> Option<Timestamp> {
        loop {
            let fronts = self.0.values().filter_map(|origin| origin.waiting.front());
            let boundary = fronts.map(|(boundary, _)| *boundary).min()?;
            let have_passed = self.0.values().filter(|origin| origin.passed() >= Some(boundary));
            let waiting: usize = self.0.values().map(|origin| origin.waiting.len()).sum();
            if (have_passed.count() as u64) < u64::from(shards) && waiting <= MAX_WAITING {
                return None;
            }
            let last = self.settled();
            self.0.values_mut().for_each(|origin| origin.settle(boundary));
            if last < Some(boundary) {
                return Some(boundary);
            }
        }
    }

    /// The boundary settled last.
    pub fn settled(&self) -> Option<Timestamp> {
        self.0.values().filter_map(|origin| origin.settled).max()
    }

    /// Whether the sums of all shards are known: not those of one that spoke before its listener had the model.
    pub fn are_heard(&self, shards: u32) -> bool {
        let heard = self.0.values().filter(|origin| origin.settled.is_some());
        heard.count() as u64 >= u64::from(shards)
    }

    /// The segments as of the boundary settled last.
    pub fn sums(&self) -> Sums {
        let mut all = Sums::new();
        for (name, sums) in self.0.values().flat_map(|origin| &origin.sums) {
            all.entry(name.clone()).or_default().merge(sums);
        }
        all
    }

    /// Forgets what another model would read otherwise.
    pub fn forget_parts(&mut self) {
        for origin in self.0.values_mut() {
            let waiting = origin.waiting.iter_mut().flat_map(|(_, sums)| sums.values_mut());
            origin
                .sums
                .values_mut()
                .chain(waiting)
                .for_each(SegmentSums::forget_parts);
        }
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.0.len() as u64);
        for (index, origin) in &self.0 {
            put_varint(out, u64::from(*index));
            origin.encode(out);
        }
    }

    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let origins = (0..reader.count()?).map(|_| Ok((reader.number()?, Origin::decode(reader)?)));
        origins.collect::<Result<_, CodecError>>().map(Self)
    }
}

impl Origin {
    fn encode(&self, out: &mut Vec<u8>) {
        put_zigzag(out, self.offset);
        out.push(u8::from(self.settled.is_some()));
        put_zigzag(out, self.settled.unwrap_or_default().millis());
        encode_segments(&self.sums, out);
        put_varint(out, self.waiting.len() as u64);
        for (boundary, sums) in &self.waiting {
            put_zigzag(out, boundary.millis());
            encode_segments(sums, out);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let offset = reader.zigzag()?;
        let is_settled = reader.byte()? != 0;
        let settled = Timestamp::from_millis(reader.zigzag()?);
        let sums = decode_segments(reader)?;
        let waiting = (0..reader.count()?)
            .map(|_| Ok((Timestamp::from_millis(reader.zigzag()?), decode_segments(reader)?)))
            .collect::<Result<_, CodecError>>()?;
        Ok(Self {
            offset,
            settled: is_settled.then_some(settled),
            sums,
            waiting,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(origin: u32, offset: i64, hour: i64, accounts: u64) -> SegmentPartial {
        let mut sums = SegmentSums::default();
        sums.bands[0].count = accounts;
        SegmentPartial {
            origin,
            offset,
            attribute: "plan".to_owned(),
            as_of: Timestamp::from_millis(hour * 3_600_000),
            layout: 0,
            segments: [("pro".to_owned(), sums)].into(),
        }
    }

    fn accounts(origins: &Origins) -> u64 {
        origins.sums()["pro"].accounts()
    }

    #[test]
    fn a_boundary_is_settled_when_all_have_passed_it_and_what_is_repeated_counts_once() {
        let mut origins = Origins::default();
        assert!(origins.take(said(0, 5, 1, 10)));
        assert!(!origins.take(said(0, 5, 1, 10)), "repeated");
        assert!(origins.take(said(0, 6, 2, 11)));
        assert_eq!(origins.settle_next(2), None, "shard 1 has said nothing");
        // It passes three boundaries at once.
        assert!(origins.take(said(1, 9, 3, 100)));
        let hour = |hour: i64| Some(Timestamp::from_millis(hour * 3_600_000));
        assert_eq!(origins.settle_next(2), hour(1));
        assert!(!origins.are_heard(2), "what shard 1 had at 1:00 is not known");
        assert_eq!(origins.settle_next(2), hour(2));
        assert_eq!(origins.settle_next(2), None, "shard 0 has not passed 3:00");
        assert!(origins.take(said(0, 7, 3, 12)));
        assert!(!origins.take(said(0, 6, 2, 11)), "repeated late");
        assert_eq!(origins.settle_next(2), hour(3));
        assert!(origins.are_heard(2));
        assert_eq!(accounts(&origins), 112);
        assert_eq!(origins.settle_next(2), None);
    }

    #[test]
    fn nobody_waits_for_ever() {
        let mut origins = Origins::default();
        assert!(origins.take(said(1, 0, 0, 1)));
        let mut settled = 0;
        for hour in 0..5_000 {
            assert!(origins.take(said(0, hour, hour, 1)));
            while origins.settle_next(2).is_some() {
                settled += 1;
            }
        }
        assert_eq!(settled, 5_000 - MAX_WAITING);
        // What the slow one says late of a boundary that was settled without it is no way back.
        assert!(origins.take(said(1, 1, 20, 30)));
        assert_eq!(origins.settle_next(2), None);
        assert_eq!(accounts(&origins), 31);
    }
}
