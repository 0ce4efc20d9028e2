//! A small log to fold in tests.

use crate::domain::{
    decimal::Decimal,
    entry::{
        EntryBuilder, PartitionClock, PartitionState, encode_model, encode_segment_partial, encode_source_reset,
        encode_tick,
    },
    event::{Event, EventId, Kind, Value},
    outbox::Outputs,
    segment::partial::SegmentPartial,
    shard::{Shard, ShardRules},
    time::{DAY_MS, HOUR_MS, Timestamp},
};

/// Where the logs of these tests start: 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// Hours after [`START`].
pub fn hour(hours: i64) -> Timestamp {
    START.plus_millis(hours * HOUR_MS)
}

/// Days after [`START`].
pub fn day(days: i64) -> Timestamp {
    START.plus_millis(days * DAY_MS)
}

/// An event as tests write it.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    pub kind: Kind,
    pub account: String,
    pub time: Timestamp,
    pub id: Option<u64>,
    pub fields: Vec<(&'static str, Field)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    Text(String),
    Number(i64),
}

impl Happening {
    pub fn new(kind: Kind, account: &str, time: Timestamp, name: &str) -> Self {
        let fields = vec![("name", Field::Text(name.to_owned()))];
        Self {
            kind,
            account: account.to_owned(),
            time,
            id: None,
            fields,
        }
    }

    pub fn text(mut self, key: &'static str, text: &str) -> Self {
        self.fields.push((key, Field::Text(text.to_owned())));
        self
    }

    pub fn number(mut self, key: &'static str, number: i64) -> Self {
        self.fields.push((key, Field::Number(number)));
        self
    }
}

/// Entries by offset; each kind has one source partition.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub entries: Vec<Vec<u8>>,
    next_offsets: [i64; Kind::COUNT],
    /// Whether entries of events say that more is at hand.
    pub more: bool,
    watermarks: [Option<Timestamp>; Kind::COUNT],
    newest: [Option<Timestamp>; Kind::COUNT],
    pub wall: Timestamp,
}

impl Log {
    pub fn with_model(model: &str) -> Self {
        let mut log = Self {
            wall: START,
            ..Self::default()
        };
        log.model(model);
        log
    }

    pub fn model(&mut self, model: &str) {
        let mut bytes = Vec::new();
        encode_model(self.wall, model, &mut bytes);
        self.entries.push(bytes);
    }

    /// One entry with these events; each kind's watermark follows its events.
    pub fn events(&mut self, happenings: &[Happening]) {
        let offsets = self.next_offsets;
        self.events_at(happenings, offsets);
    }

    /// The same, with source offsets that start at `offsets`, as when ingest repeats itself.
    pub fn events_at(&mut self, happenings: &[Happening], mut offsets: [i64; Kind::COUNT]) {
        let mut builder = EntryBuilder::new();
        for happening in happenings {
            let kind = happening.kind.index();
            let fields: Vec<_> = happening
                .fields
                .iter()
                .map(|(key, field)| (*key, field.value()))
                .collect();
            let event = Event {
                account: &happening.account,
                time: happening.time,
                id: happening.id.map(|id| EventId::of(&id.to_string())),
                fields: &fields,
            };
            builder.push(kind as u16, offsets[kind], &event);
            offsets[kind] += 1;
            self.watermarks[kind] = self.watermarks[kind].max(Some(happening.time));
            self.newest[kind] = self.newest[kind].max(Some(happening.time));
            self.wall = self.wall.max(happening.time);
        }
        self.next_offsets = std::array::from_fn(|kind| self.next_offsets[kind].max(offsets[kind]));
        let mut bytes = Vec::new();
        builder.finish(
            self.wall,
            self.more,
            |kind| self.clock(Kind::ALL[usize::from(kind)]),
            &mut bytes,
        );
        self.entries.push(bytes);
    }

    fn clock(&self, kind: Kind) -> PartitionClock<'static> {
        let watermark = self.watermarks[kind.index()];
        PartitionClock {
            topic: kind.as_str(),
            partition: 0,
            kind,
            watermark,
            state: PartitionState::Live,
            newest: self.newest[kind.index()],
        }
    }

    /// A tick that moves these kinds to `time`.
    pub fn tick(&mut self, kinds: &[Kind], time: Timestamp) {
        for kind in kinds {
            self.watermarks[kind.index()] = self.watermarks[kind.index()].max(Some(time));
        }
        self.wall = self.wall.max(time);
        self.announce(kinds);
    }

    /// A tick that says how far these kinds are; `None` while nothing was read.
    pub fn announce(&mut self, kinds: &[Kind]) {
        let clocks: Vec<_> = kinds.iter().map(|kind| self.clock(*kind)).collect();
        let mut bytes = Vec::new();
        encode_tick(self.wall, &clocks, &mut bytes);
        self.entries.push(bytes);
    }

    /// What a shard of so many told, as the part that is for `home`.
    pub fn partial(&mut self, partial: &SegmentPartial, home: u32, shards: u32) {
        let mut bytes = Vec::new();
        encode_segment_partial(self.wall, shards, &partial.for_home(home, shards), &mut bytes);
        self.entries.push(bytes);
    }

    pub fn reset(&mut self, kind: Kind) {
        let mut bytes = Vec::new();
        encode_source_reset(self.wall, kind.as_str(), 0, &mut bytes);
        self.entries.push(bytes);
        self.next_offsets[kind.index()] = 0;
    }

    pub fn fold(&self, rules: ShardRules) -> Run {
        let mut run = Run {
            shard: Shard::new(3, rules),
            sent: Vec::new(),
            told: Vec::new(),
        };
        run.fold(self, 0);
        run
    }
}

impl Field {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Number(number) => Value::Number(Decimal::from_integer(*number).unwrap()),
        }
    }
}

/// A shard and what it sent: id, type, subject and value as text; and what it told the homes of segments.
pub struct Run {
    pub shard: Shard,
    pub told: Vec<SegmentPartial>,
    pub sent: Vec<(String, &'static str, String, String)>,
}

impl Run {
    /// Folds the entries from `first` on.
    pub fn fold(&mut self, log: &Log, first: usize) {
        for offset in first..log.entries.len() {
            self.fold_one(log, offset);
        }
    }

    pub fn fold_one(&mut self, log: &Log, offset: usize) {
        let mut out = Outputs::new();
        self.shard.fold(offset as i64, &log.entries[offset], &mut out).unwrap();
        self.told.extend_from_slice(out.partials());
        self.sent.extend(out.iter().map(|output| {
            let value = String::from_utf8(output.value.to_vec()).unwrap();
            (
                output.id.to_owned(),
                output.event_type,
                output.subject.to_owned(),
                value,
            )
        }));
    }

    /// Types and subjects of what was sent, the `pulsewatch.` and `.v1` taken off.
    pub fn sent_types(&self) -> Vec<String> {
        let short = |name: &str| {
            name.trim_start_matches("pulsewatch.")
                .trim_end_matches(".v1")
                .to_owned()
        };
        self.sent
            .iter()
            .map(|(_, event_type, subject, _)| format!("{} {subject}", short(event_type)))
            .collect()
    }

    pub fn last_value(&self, event_type: &str) -> serde_json::Value {
        let value = self
            .sent
            .iter()
            .rev()
            .find(|sent| sent.1 == event_type)
            .map(|sent| &sent.3);
        serde_json::from_str(value.expect("nothing of that type was sent")).unwrap()
    }

    /// All accounts as a checkpoint has them, by id, and the shard's own part.
    pub fn state(&mut self) -> (Vec<(String, Vec<u8>)>, Vec<u8>) {
        self.shard.mark_all_changed();
        let mut accounts = Vec::new();
        while self
            .shard
            .drain_changed(7, &mut |id, _, blob| accounts.push((id.to_owned(), blob.to_vec())))
            > 0
        {}
        accounts.sort();
        let mut meta = Vec::new();
        self.shard.encode_meta(&mut meta);
        (accounts, meta)
    }
}

/// Folds without waiting for the shard to catch up.
pub const EMIT_ALL: ShardRules = ShardRules {
    catch_up_after_ms: HOUR_MS,
    catch_up_emit: true,
};
