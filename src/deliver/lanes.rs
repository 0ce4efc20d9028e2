//! Messages in the order of their account: what waits behind a failing message waits for it alone, and the other accounts go on.
//! Pure; the time is passed in.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::message::Message;

/// What is sent of one account at once.
#[derive(Clone, Debug)]
pub struct Parcel {
    pub account: String,
    /// At least one, the oldest first. The last one is what is sent: the others are older values of the same.
    pub messages: Vec<Arc<Message>>,
    /// When its first try began; `None` for one that was never tried.
    pub since: Option<Instant>,
    /// Tries so far.
    pub tries: u32,
}

impl Parcel {
    /// What is sent.
    pub fn newest(&self) -> Option<&Arc<Message>> {
        self.messages.last()
    }
}

#[derive(Debug, Default)]
pub struct Lanes {
    lanes: HashMap<String, Lane>,
    /// Accounts whose turn it is, and since when.
    ready: VecDeque<(Instant, String)>,
    /// Accounts that wait for their next try.
    later: BinaryHeap<Reverse<(Instant, String)>>,
    held: usize,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Arc<Message>>,
    since: Option<Instant>,
    tries: u32,
    /// A batch with it was refused: it is sent by itself, to see whether it was the reason.
    alone: bool,
    /// A parcel of it was taken.
    busy: bool,
}

impl Lane {
    /// Whether what comes of `parcel` is about this lane: its partition may have been lost since, and come back.
    fn has_sent(&self, parcel: &Parcel) -> bool {
        let (front, first) = (self.waiting.front(), parcel.messages.first());
        self.busy && matches!((front, first), (Some(front), Some(first)) if Arc::ptr_eq(front, first))
    }
}

impl Lanes {
    /// Messages that are not done.
    pub fn len(&self) -> usize {
        self.held
    }

    pub fn push(&mut self, message: Arc<Message>, now: Instant) {
        let account = message.subject.clone();
        let lane = self.lanes.entry(account.clone()).or_default();
        lane.waiting.push_back(message);
        self.held += 1;
        if lane.waiting.len() == 1 {
            self.ready.push_back((now, account));
        }
    }

    /// Whether it is time for a batch: there is enough for one, or the first has waited for `gather`.
    pub fn is_due(&mut self, now: Instant, most: usize, gather: Duration) -> bool {
        self.wake(now);
        let Some((since, account)) = self.ready.front() else {
            return false;
        };
        let alone = self.lanes.get(account).is_some_and(|lane| lane.alone);
        alone || self.ready.len() >= most || now.saturating_duration_since(*since) >= gather
    }

    /// A batch of at most `most` accounts, which are busy until each parcel is [`Self::done`], [`Self::again`] or [`Self::alone`].
    /// With `newest_only` a parcel holds all that waits of its account.
    pub fn take(&mut self, now: Instant, most: usize, newest_only: bool) -> Vec<Parcel> {
        self.wake(now);
        let mut parcels: Vec<Parcel> = Vec::new();
        while parcels.len() < most {
            let Some((_, account)) = self.ready.front() else { break };
            let Some(lane) = self.lanes.get_mut(account) else {
                self.ready.pop_front();
                continue;
            };
            if lane.alone && !parcels.is_empty() {
                break;
            }
            let alone = std::mem::take(&mut lane.alone);
            lane.busy = true;
            lane.since.get_or_insert(now);
            let count = if newest_only { lane.waiting.len() } else { 1 };
            parcels.push(Parcel {
                account: account.clone(),
                messages: lane.waiting.iter().take(count).cloned().collect(),
                since: lane.since,
                tries: lane.tries,
            });
            self.ready.pop_front();
            if alone {
                break;
            }
        }
        parcels
    }

    /// It was delivered, or dead-lettered: its account's next one may go.
    pub fn done(&mut self, parcel: &Parcel, now: Instant) {
        let Some(lane) = self.sent(parcel) else { return };
        lane.waiting.drain(..parcel.messages.len().min(lane.waiting.len()));
        (lane.since, lane.tries) = (None, 0);
        if lane.waiting.is_empty() {
            self.lanes.remove(&parcel.account);
        } else {
            self.ready.push_back((now, parcel.account.clone()));
        }
        self.held = self.held.saturating_sub(parcel.messages.len());
    }

    /// It failed and is tried again at `due`.
    pub fn again(&mut self, parcel: &Parcel, due: Instant) {
        if let Some(lane) = self.sent(parcel) {
            lane.tries += 1;
            self.later.push(Reverse((due, parcel.account.clone())));
        }
    }

    /// Its batch was refused as a whole: it is sent by itself next.
    pub fn alone(&mut self, parcel: &Parcel, now: Instant) {
        if let Some(lane) = self.sent(parcel) {
            lane.alone = true;
            self.ready.push_front((now, parcel.account.clone()));
        }
    }

    fn sent(&mut self, parcel: &Parcel) -> Option<&mut Lane> {
        let lane = self.lanes.get_mut(&parcel.account)?;
        let is_sent = lane.has_sent(parcel);
        lane.busy &= !is_sent;
        is_sent.then_some(lane)
    }

    /// A partition is no longer ours: its messages are its next owner's.
    pub fn forget(&mut self, topic: &str, partition: i32, now: Instant) {
        let theirs = |message: &Arc<Message>| (&*message.place.topic, message.place.partition) == (topic, partition);
        for (account, lane) in &mut self.lanes {
            let lost_front = lane.waiting.front().is_some_and(theirs);
            let before = lane.waiting.len();
            lane.waiting.retain(|message| !theirs(message));
            self.held -= before - lane.waiting.len();
            if lost_front && lane.busy {
                // What comes of the one that is under way is nobody's business any more.
                lane.busy = false;
                self.ready.push_back((now, account.clone()));
            }
        }
        self.lanes.retain(|_, lane| !lane.waiting.is_empty());
        let lanes = &self.lanes;
        self.ready.retain(|(_, account)| lanes.contains_key(account));
        self.later.retain(|Reverse((_, account))| lanes.contains_key(account));
    }

    fn wake(&mut self, now: Instant) {
        while let Some(Reverse((due, _))) = self.later.peek()
            && *due <= now
        {
            if let Some(Reverse((due, account))) = self.later.pop() {
                self.ready.push_back((due, account));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Place;
    use super::*;

    const NONE: Duration = Duration::ZERO;

    fn message(account: &str, offset: i64) -> Arc<Message> {
        Arc::new(Message {
            place: Place {
                topic: "out".into(),
                partition: i32::from(account != "a"),
                offset,
            },
            id: format!("0-{offset}-0"),
            source: String::new(),
            event_type: String::new(),
            subject: account.to_owned(),
            time: String::new(),
            value: Vec::new(),
            written: 0,
            traceparent: None,
        })
    }

    fn lanes(messages: &[(&str, i64)], now: Instant) -> Lanes {
        let mut lanes = Lanes::default();
        for (account, offset) in messages {
            lanes.push(message(account, *offset), now);
        }
        lanes
    }

    /// The offsets of each parcel.
    fn offsets(parcels: &[Parcel]) -> Vec<Vec<i64>> {
        let offsets = |parcel: &Parcel| parcel.messages.iter().map(|message| message.place.offset).collect();
        parcels.iter().map(offsets).collect()
    }

    #[test]
    fn a_failing_account_holds_back_its_own_messages_alone() {
        let now = Instant::now();
        let mut lanes = lanes(&[("a", 1), ("b", 2), ("a", 3), ("b", 4)], now);
        let first = lanes.take(now, 9, false);
        assert_eq!(offsets(&first), [[1], [2]]);
        assert!(!lanes.is_due(now, 1, NONE), "both are busy");
        let due = now + Duration::from_secs(1);
        lanes.again(&first[0], due);
        lanes.done(&first[1], now);
        let second = lanes.take(now, 9, false);
        assert_eq!(offsets(&second), [[4]]);
        lanes.done(&second[0], now);
        assert!(lanes.take(now, 9, false).is_empty() && lanes.len() == 2);
        let retried = lanes.take(due, 9, false);
        assert_eq!(offsets(&retried), [[1]]);
        assert_eq!((retried[0].tries, retried[0].since), (1, Some(now)));
        lanes.done(&retried[0], due);
        let last = lanes.take(due, 9, false);
        assert_eq!((offsets(&last), last[0].tries), (vec![vec![3]], 0));
    }

    #[test]
    fn of_several_values_the_newest_is_sent_and_all_are_done() {
        let now = Instant::now();
        let mut lanes = lanes(&[("a", 1), ("a", 2), ("b", 3), ("a", 4)], now);
        let parcels = lanes.take(now, 9, true);
        assert_eq!(offsets(&parcels), [vec![1, 2, 4], vec![3]]);
        assert_eq!(parcels[0].newest().unwrap().place.offset, 4);
        lanes.push(message("a", 5), now);
        lanes.done(&parcels[0], now);
        assert_eq!(offsets(&lanes.take(now, 9, true)), [[5]]);
    }

    #[test]
    fn a_batch_waits_until_it_is_full_or_old_enough() {
        let (now, gather) = (Instant::now(), Duration::from_secs(5));
        let mut lanes = lanes(&[("a", 1), ("b", 2)], now);
        assert!(!lanes.is_due(now, 3, gather));
        assert!(lanes.is_due(now, 2, gather));
        assert!(lanes.is_due(now + gather, 3, gather));
        assert_eq!(lanes.take(now, 1, false).len(), 1);
    }

    #[test]
    fn after_a_refused_batch_each_goes_by_itself() {
        let now = Instant::now();
        let mut lanes = lanes(&[("a", 1), ("b", 2), ("c", 3)], now);
        let refused = lanes.take(now, 2, false);
        for parcel in &refused {
            lanes.alone(parcel, now);
        }
        let single: Vec<usize> = (0..3).map(|_| lanes.take(now, 9, false).len()).collect();
        assert_eq!(single, [1, 1, 1]);
    }

    #[test]
    fn messages_of_a_lost_partition_are_gone_even_when_under_way() {
        let now = Instant::now();
        let mut lanes = lanes(&[("a", 1), ("b", 2), ("a", 3)], now);
        let taken = lanes.take(now, 9, false);
        lanes.forget("out", 0, now);
        assert_eq!(lanes.len(), 1);
        lanes.push(message("a", 9), now);
        // What comes of the old one changes nothing for the new.
        lanes.done(&taken[0], now);
        lanes.again(&taken[1], now);
        assert_eq!(lanes.len(), 2);
        assert_eq!(offsets(&lanes.take(now, 9, false)), [[9], [2]]);
    }
}
