//! Several files as one stream in the order of time. Inside a file the order stays: what is late there is late here.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

use crossbeam_channel::Receiver;

use crate::domain::time::Timestamp;

use super::block::{Block, Stored};
use super::decode::{Decoded, Refused};

/// The files' streams, merged by the time of each one's next event.
pub struct Merge {
    streams: Vec<Stream>,
    /// Every stream that has a next event, the earliest on top; of equals the file that was named first.
    next: BinaryHeap<Reverse<(Timestamp, usize)>>,
}

struct Stream {
    blocks: Receiver<Decoded>,
    block: Block,
    at: usize,
    refused: Refused,
}

impl Merge {
    /// # Errors
    /// The file that cannot be read, by its index.
    pub fn new(files: Vec<Receiver<Decoded>>) -> Result<Self, (usize, io::Error)> {
        let streams = files.into_iter().map(|blocks| Stream {
            blocks,
            block: Block::default(),
            at: 0,
            refused: Refused::default(),
        });
        let mut merge = Self {
            streams: streams.collect(),
            next: BinaryHeap::new(),
        };
        for index in 0..merge.streams.len() {
            merge.schedule(index)?;
        }
        Ok(merge)
    }

    /// The time of the next event; `None` at the end of all files.
    pub fn next_time(&self) -> Option<Timestamp> {
        self.next.peek().map(|Reverse((time, _))| *time)
    }

    /// Hands the next event to `sink` together with the index of its file.
    ///
    /// # Errors
    /// The file that cannot be read on, by its index.
    pub fn take(&mut self, sink: impl FnOnce(usize, &Stored<'_>)) -> Result<(), (usize, io::Error)> {
        let Some(Reverse((_, index))) = self.next.pop() else {
            return Ok(());
        };
        let stream = &mut self.streams[index];
        stream.block.with(stream.at, |stored| sink(index, stored));
        stream.at += 1;
        self.schedule(index)
    }

    /// What was refused, file by file; complete at the end of all files.
    pub fn into_refused(self) -> impl Iterator<Item = Refused> {
        self.streams.into_iter().map(|stream| stream.refused)
    }

    fn schedule(&mut self, index: usize) -> Result<(), (usize, io::Error)> {
        let stream = &mut self.streams[index];
        if stream.at >= stream.block.events() {
            stream.refill().map_err(|error| (index, error))?;
        }
        if let Some(time) = stream.block.time(stream.at) {
            self.next.push(Reverse((time, index)));
        }
        Ok(())
    }
}

impl Stream {
    /// Waits for the next block that is not empty.
    fn refill(&mut self) -> io::Result<()> {
        loop {
            match self.blocks.recv() {
                Ok(Decoded::Events(block)) => {
                    (self.block, self.at) = (block, 0);
                    if self.block.events() > 0 {
                        return Ok(());
                    }
                }
                Ok(Decoded::End(refused)) => {
                    self.refused = refused;
                    return Ok(());
                }
                Ok(Decoded::Failed(error)) => return Err(error),
                Err(_) => return Err(io::Error::other("the thread that decodes the file ended")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Event, Kind};

    fn stream(times: &[i64]) -> Receiver<Decoded> {
        let (sender, receiver) = crossbeam_channel::unbounded();
        for chunk in times.chunks(2) {
            let mut block = Block::default();
            for time in chunk {
                let event = Event {
                    account: "a",
                    time: Timestamp::from_millis(*time),
                    id: None,
                    fields: &[],
                };
                block.push(Kind::Usage, *time, &event);
            }
            sender.send(Decoded::Events(block)).unwrap();
        }
        sender.send(Decoded::End(Refused::default())).unwrap();
        receiver
    }

    #[test]
    fn merges_by_time_and_keeps_each_files_order() {
        let mut merge = Merge::new(vec![stream(&[1, 5, 2, 9, 10]), stream(&[3, 4, 5]), stream(&[])]).unwrap();
        let mut merged = Vec::new();
        while merge.next_time().is_some() {
            merge.take(|file, stored| merged.push((stored.number, file))).unwrap();
        }
        assert_eq!(
            merged,
            [(1, 0), (3, 1), (4, 1), (5, 0), (2, 0), (5, 1), (9, 0), (10, 0)]
        );
    }

    #[test]
    fn a_file_that_fails_ends_the_merge() {
        let (sender, receiver) = crossbeam_channel::unbounded();
        sender.send(Decoded::Failed(io::Error::other("broken"))).unwrap();
        assert!(Merge::new(vec![receiver]).is_err());
    }
}
