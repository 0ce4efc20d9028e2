//! What the shards of a replay tell each other of segments. At the end of each step everyone hears everyone, in the order of the
//! shards: the same files give the same lines, however fast each thread is.

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::domain::{entry::encode_segment_partial, segment::partial::SegmentPartial};

/// One shard's place in the exchange.
pub struct Exchange {
    to: Vec<Sender<Vec<SegmentPartial>>>,
    from: Vec<Receiver<Vec<SegmentPartial>>>,
}

/// A place for each shard.
pub fn exchanges(shards: u32) -> Vec<Exchange> {
    let place = |_| Exchange {
        to: Vec::new(),
        from: Vec::new(),
    };
    let mut places: Vec<Exchange> = (0..shards).map(place).collect();
    for from in 0..places.len() {
        for to in 0..places.len() {
            let (sender, receiver) = unbounded();
            places[from].to.push(sender);
            places[to].from.push(receiver);
        }
    }
    places
}

impl Exchange {
    /// Tells every shard what is for the segments at home there, and gives what this one is told, as entries of its log. `None`
    /// when another shard is gone.
    pub fn tell_and_hear(&self, partials: &[SegmentPartial]) -> Option<Vec<Vec<u8>>> {
        let shards = self.to.len() as u32;
        for (home, to) in (0..shards).zip(&self.to) {
            let parts = partials.iter().map(|partial| partial.for_home(home, shards));
            to.send(parts.collect()).ok()?;
        }
        let mut entries = Vec::new();
        for from in &self.from {
            for partial in from.recv().ok()? {
                let mut entry = Vec::new();
                encode_segment_partial(partial.as_of, shards, &partial, &mut entry);
                entries.push(entry);
            }
        }
        Some(entries)
    }
}
