//! The latest outputs, numbered as they came to this process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use compact_str::CompactString;
use tokio::sync::watch;

/// An output.
#[derive(Debug)]
pub struct Event {
    /// Its id as a CloudEvent.
    pub id: CompactString,
    /// One of [`crate::domain::output::TYPES`].
    pub event_type: &'static str,
    pub source: CompactString,
    pub subject: CompactString,
    /// RFC 3339.
    pub time: CompactString,
    /// The account's segment, empty where there is none.
    pub segment: CompactString,
    /// JSON.
    pub data: Box<[u8]>,
}

/// A place that is no longer in the ring, or never was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// Bounded by events and by the bytes of their data.
pub struct Ring {
    /// Tells this process's places from those of others, and from its own before a restart.
    name: u64,
    kept: Mutex<Kept>,
    /// The place after the newest event.
    end: watch::Sender<u64>,
    max_events: usize,
    max_bytes: usize,
}

#[derive(Default)]
struct Kept {
    events: VecDeque<Arc<Event>>,
    /// Place of the first of them.
    first: u64,
    bytes: usize,
}

impl Ring {
    pub fn new(max_events: usize, max_bytes: usize) -> Self {
        Self {
            name: rand::random(),
            kept: Mutex::default(),
            end: watch::Sender::new(0),
            max_events,
            max_bytes,
        }
    }

    pub fn push(&self, events: impl IntoIterator<Item = Event>) {
        let mut kept = self.lock();
        for event in events {
            kept.bytes += event.data.len();
            kept.events.push_back(Arc::new(event));
            while kept.events.len() > self.max_events || (kept.bytes > self.max_bytes && kept.events.len() > 1) {
                let Some(oldest) = kept.events.pop_front() else { break };
                kept.bytes -= oldest.data.len();
                kept.first += 1;
            }
        }
        let end = kept.first + kept.events.len() as u64;
        drop(kept);
        self.end.send_replace(end);
    }

    /// Wakes up when the end moves.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// The place after the newest event.
    pub fn end(&self) -> u64 {
        *self.end.borrow()
    }

    /// Up to `most` events from `place` on.
    ///
    /// # Errors
    /// When events from there on have been dropped.
    pub fn read(&self, place: u64, most: usize) -> Result<Vec<Arc<Event>>, Lost> {
        let kept = self.lock();
        let skipped = place.checked_sub(kept.first).ok_or(Lost)?;
        let skipped = usize::try_from(skipped).map_err(|_| Lost)?;
        Ok(kept.events.iter().skip(skipped).take(most).cloned().collect())
    }

    /// A place as readers get it.
    pub fn show(&self, place: u64) -> String {
        format!("{:016x}-{place}", self.name)
    }

    /// The place that [`Ring::show`] wrote.
    ///
    /// # Errors
    /// When it is another process's, or no longer kept.
    pub fn find(&self, shown: &str) -> Result<u64, Lost> {
        let (name, place) = shown.split_once('-').ok_or(Lost)?;
        let place = place.parse().map_err(|_| Lost)?;
        let kept = self.lock();
        let is_kept = (kept.first..=kept.first + kept.events.len() as u64).contains(&place);
        let is_ours = u64::from_str_radix(name, 16) == Ok(self.name);
        if is_kept && is_ours { Ok(place) } else { Err(Lost) }
    }

    /// A panic elsewhere leaves whole events behind.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn event(id: &str, subject: &str) -> Event {
        Event {
            id: id.into(),
            event_type: crate::domain::output::SCORE_UPDATED,
            source: "/pulsewatch/test".into(),
            subject: subject.into(),
            time: "2026-03-02T10:00:00Z".into(),
            segment: "students".into(),
            data: format!(r#"{{"account":"{subject}"}}"#).into_bytes().into(),
        }
    }

    fn ids(ring: &Ring, place: u64, most: usize) -> Result<Vec<String>, Lost> {
        let events = ring.read(place, most)?;
        Ok(events.iter().map(|event| event.id.to_string()).collect())
    }

    #[test]
    fn keeps_the_latest_and_knows_what_is_lost() {
        let ring = Ring::new(3, usize::MAX);
        ring.push(["0", "1"].map(|id| event(id, "a")));
        assert_eq!(ids(&ring, 0, 9), Ok(vec!["0".to_owned(), "1".to_owned()]));
        ring.push(["2", "3", "4"].map(|id| event(id, "a")));
        assert_eq!(ids(&ring, 1, 9), Err(Lost));
        assert_eq!(ids(&ring, 2, 2), Ok(vec!["2".to_owned(), "3".to_owned()]));
        assert_eq!((ids(&ring, 5, 9), ring.end()), (Ok(Vec::new()), 5));
    }

    #[test]
    fn bytes_are_bounded_too_but_the_newest_is_kept() {
        let ring = Ring::new(100, 40);
        ring.push((0..10).map(|number| event(&number.to_string(), "a")));
        assert_eq!(ids(&ring, 8, 9), Ok(vec!["8".to_owned(), "9".to_owned()]));
        ring.push([event("10", &"a".repeat(99))]);
        assert_eq!(ids(&ring, 10, 9), Ok(vec!["10".to_owned()]));
    }

    #[test]
    fn a_place_is_found_again_on_the_same_ring_alone() {
        let ring = Ring::new(3, usize::MAX);
        ring.push((0..5).map(|number| event(&number.to_string(), "a")));
        assert_eq!(ring.find(&ring.show(2)), Ok(2));
        assert_eq!(ring.find(&ring.show(5)), Ok(5));
        for lost in [
            ring.show(1),
            ring.show(6),
            Ring::new(3, 9).show(2),
            "x".to_owned(),
            "-".to_owned(),
        ] {
            assert_eq!(ring.find(&lost), Err(Lost), "{lost}");
        }
    }
}
