//! The bytes of a checkpoint: one blob an account, one for the shard itself.
//!
//! An account's blob starts with its version and the log offset at which the account was last changed, so that a store
//! can keep the newer of two. Blobs newer than the shard's own offset come from a checkpoint that stopped half-way: they
//! wait until the replay has reached them, and the account skips what they hold already.

use hashbrown::HashMap;
use thiserror::Error;

use super::{Active, Shard, marks::ModelMarks, segments::Segments};
use crate::{
    document::Problems,
    domain::{
        account::Account,
        alert::{AlertState, Phase},
        attributes::AttributeNames,
        band::{Band, BandState},
        clocks::{Clocks, SourcePartition},
        codec::{CodecError, Reader, put_bytes, put_text, put_varint, put_zigzag},
        decimal::Decimal,
        entry::PartitionState,
        event::Kind,
        overrides::Override,
        parts::Parts,
        plan::Plan,
        time::Timestamp,
    },
    model::{self, Attribute, compiled::Severity},
};

const VERSION: u8 = 7;
/// Before 7 there were no parts of past days: they are not known then.
const OLDEST_VERSION: u8 = 6;
const WITH_PARTS: u8 = 7;

/// A checkpoint that cannot be restored.
#[derive(Debug, Error)]
pub enum StateError {
    #[error("checkpoint version {0} is not known to this build (it knows {OLDEST_VERSION} to {VERSION})")]
    UnknownVersion(u8),
    #[error("the checkpoint is damaged: {0}")]
    Damaged(#[from] CodecError),
    #[error("the checkpoint is damaged: {0}")]
    Inconsistent(&'static str),
    #[error("the checkpoint's model is not one that this build can run")]
    Model(#[source] Problems),
    #[error("the checkpoint was taken with model layout {found:08x}, and the shard's is {expected:08x}")]
    Layout { found: u32, expected: u32 },
}

/// Accounts whose blob is newer than the shard, by id.
#[derive(Debug, Default)]
pub struct Pending {
    blobs: HashMap<Box<str>, (i64, Box<[u8]>)>,
}

impl Pending {
    pub fn is_empty(&self) -> bool {
        self.blobs.is_empty()
    }

    pub fn holds(&self, account: &str) -> bool {
        self.blobs.contains_key(account)
    }
}

impl Shard {
    /// Hands out the accounts changed since they were handed out last, at most `max` of them: id, offset, blob. Call it
    /// until it returns 0; the blobs belong to the shard's offset of this moment.
    pub fn drain_changed(&mut self, max: usize, sink: &mut impl FnMut(&str, i64, &[u8])) -> usize {
        let Some(active) = &self.active else {
            return 0;
        };
        let layout = active.plan.layout;
        let mut blob = Vec::with_capacity(2048);
        let rest = self.dirty.len().saturating_sub(max);
        let numbers = self.dirty.split_off(rest);
        for &number in &numbers {
            let account = self.accounts.get_mut(number);
            account.is_dirty = false;
            blob.clear();
            encode_account(account, &self.names, layout, &mut blob);
            sink(&account.id, account.changed_at, &blob);
        }
        numbers.len()
    }

    /// Puts every account on the next checkpoint's list, as when the store lost what it had.
    pub fn mark_all_changed(&mut self) {
        for number in self.accounts.numbers() {
            let offset = self.accounts.get(number).changed_at;
            self.mark_dirty(number, offset);
        }
    }

    /// Accounts that the next checkpoint writes.
    pub fn changed(&self) -> usize {
        self.dirty.len()
    }

    /// The shard's own state: offset, clocks, source offsets, model.
    pub fn encode_meta(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.extend_from_slice(&self.offset.unwrap_or(-1).to_le_bytes());
        out.push(u8::from(self.catching_up));
        put_option(out, self.due.taken());
        put_time(out, self.scored_clock);
        put_time(out, self.clocks.wall());
        put_time(out, self.clocks.shard());
        for kind in Kind::ALL {
            put_time(out, self.clocks.reached(kind));
            put_time(out, self.clocks.heard(kind));
        }
        put_varint(out, self.clocks.partitions().len() as u64);
        for source in self.clocks.partitions() {
            put_text(out, &source.topic);
            put_varint(out, u64::from(source.partition.unsigned_abs()));
            out.push(source.kind as u8 | u8::from(source.state == PartitionState::Excluded) << 3);
            put_time(out, source.watermark);
            put_zigzag(out, source.folded);
        }
        put_varint(out, self.names.iter().len() as u64);
        self.names.iter().for_each(|name| put_text(out, name));
        out.push(u8::from(self.active.is_some()));
        if let Some(active) = &self.active {
            put_text(out, &active.plan.model.source);
            active.fed_since.iter().for_each(|since| put_time(out, *since));
            self.segments.encode(out);
        }
        self.marks.encode(out);
    }

    /// Takes over a checkpoint's shard state. Call it on a new shard, before the accounts.
    pub fn restore_meta(&mut self, blob: &[u8]) -> Result<(), StateError> {
        let mut reader = Reader::new(blob);
        let (_, offset) = read_head(&mut reader)?;
        let catching_up = reader.byte()? != 0;
        let taken = read_option(&mut reader)?;
        let scored_clock = read_time(&mut reader)?;
        let wall = read_time(&mut reader)?;
        let shard = read_time(&mut reader)?;
        let (mut kinds, mut heard) = ([None; Kind::COUNT], [None; Kind::COUNT]);
        for (kind, heard) in kinds.iter_mut().zip(&mut heard) {
            *kind = read_time(&mut reader)?;
            *heard = read_time(&mut reader)?;
        }
        let partitions = (0..reader.count()?)
            .map(|_| read_partition(&mut reader))
            .collect::<Result<_, _>>()?;
        let mut names = AttributeNames::default();
        for _ in 0..reader.count()? {
            names.id_of(reader.text()?);
        }
        let active = match reader.byte()? {
            0 => None,
            _ => Some(read_active(&mut reader)?),
        };
        if let Some(active) = &active {
            self.segments = Segments::decode(&mut reader, &active.plan.model)?;
        }
        self.marks = ModelMarks::decode(&mut reader)?;
        self.offset = (offset >= 0).then_some(offset);
        self.catching_up = catching_up;
        self.due.restore_taken(taken);
        self.scored_clock = scored_clock;
        self.clocks = Clocks::restored(partitions, kinds, shard, wall, heard);
        if let Some(active) = &active {
            self.clocks.set_stale_after(active.plan.model.stale_after_ms);
        }
        self.names = names;
        self.active = active;
        Ok(())
    }

    /// Takes over an account of the checkpoint.
    pub fn restore_account(&mut self, id: &str, blob: &[u8]) -> Result<(), StateError> {
        let (_, offset) = read_head(&mut Reader::new(blob))?;
        if self.offset.is_none_or(|own| offset > own) {
            self.pending.blobs.insert(id.into(), (offset, blob.into()));
            return Ok(());
        }
        self.install(id, blob)
    }

    fn install(&mut self, id: &str, blob: &[u8]) -> Result<(), StateError> {
        let Some(active) = &self.active else {
            return Err(StateError::Inconsistent("accounts without a model"));
        };
        let mut account = decode_account(id, blob, &active.plan, &mut self.names)?;
        self.population.count(&mut account, &self.names, &active.plan.model);
        self.segments.load(active, &account);
        let number = self.accounts.add(account);
        let account = self.accounts.get(number);
        if account.awaits_scoring() {
            self.unscored.push(number);
        }
        self.due.add(number, account);
        Ok(())
    }

    /// Installs the accounts that waited for the replay to reach them, after the entry at `offset` was folded. One that
    /// cannot be read was written by another build: its account is made again from what follows.
    pub(super) fn install_pending(&mut self, offset: i64) {
        if self.pending.blobs.is_empty() {
            return;
        }
        let reached: Vec<_> = self.pending.blobs.extract_if(|_, (own, _)| *own <= offset).collect();
        for (id, (_, blob)) in reached {
            let installed = self.install(&id, &blob);
            debug_assert!(installed.is_ok(), "{installed:?}");
        }
    }
}

fn encode_account(account: &Account, names: &AttributeNames, layout: u32, out: &mut Vec<u8>) {
    out.push(VERSION);
    out.extend_from_slice(&account.changed_at.to_le_bytes());
    out.extend_from_slice(&layout.to_le_bytes());
    put_zigzag(out, account.scored_at);
    Kind::ALL
        .into_iter()
        .for_each(|kind| put_time(out, account.newest.of(kind)));
    put_time(out, account.first());
    out.extend_from_slice(&account.score.to_le_bytes());
    out.extend_from_slice(&account.coverage.to_le_bytes());
    out.push(account.band.band as u8 | (account.band.candidate as u8) << 4);
    put_zigzag(out, account.band.since.millis());
    put_time(out, account.due());
    put_override(out, account.overridden.as_deref());
    put_varint(out, account.alerts.len() as u64);
    for alert in &account.alerts {
        put_varint(out, u64::from(alert.rule));
        out.push(alert.phase as u8 | (alert.severity as u8) << 4);
        put_zigzag(out, alert.at.millis());
    }
    put_varint(out, account.attributes.known().count() as u64);
    for (id, value, time) in account.attributes.known() {
        put_attribute(out, names.get(id).unwrap_or_default(), value, time);
    }
    for slot in 0..account.cells.slots() {
        let words = account.cells.get(slot);
        put_varint(out, words.len() as u64);
        words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
    }
    put_bytes(out, account.parts.as_bytes());
}

pub(super) fn decode_account(
    id: &str,
    blob: &[u8],
    plan: &Plan,
    names: &mut AttributeNames,
) -> Result<Account, StateError> {
    let mut reader = Reader::new(blob);
    let mut account = Account::new(id, plan.slots());
    let (version, changed_at) = read_head(&mut reader)?;
    account.changed_at = changed_at;
    let (found, expected) = (read_u32(&mut reader)?, plan.layout);
    if found != expected {
        return Err(StateError::Layout { found, expected });
    }
    account.scored_at = reader.zigzag()?;
    for kind in Kind::ALL {
        if let Some(newest) = read_time(&mut reader)? {
            account.see_time(kind, newest);
        }
    }
    if let Some(first) = read_time(&mut reader)? {
        account.see_first(first);
    }
    account.score = f64::from_bits(reader.word()?);
    account.coverage = f64::from_bits(reader.word()?);
    let bands = reader.byte()?;
    account.band = BandState {
        band: Band::from_index(bands & 0xf).ok_or(StateError::Inconsistent("a band"))?,
        candidate: Band::from_index(bands >> 4).ok_or(StateError::Inconsistent("a band"))?,
        since: Timestamp::from_millis(reader.zigzag()?),
    };
    account.set_due(read_time(&mut reader)?);
    account.overridden = read_override(&mut reader)?.map(Box::new);
    account.alerts = (0..reader.count()?)
        .map(|_| read_alert(&mut reader))
        .collect::<Result<_, _>>()?;
    for _ in 0..reader.count()? {
        let (name, value, time) = read_attribute(&mut reader)?;
        if let Some(id) = names.id_of(name) {
            account.attributes.set(id, value, time);
        }
    }
    let mut ahead = reader.clone();
    let lengths = (0..plan.slots()).map(|_| Ok(take_words(&mut ahead)?.len() / 8));
    account.cells.reserve(lengths.sum::<Result<usize, CodecError>>()?);
    for slot in 0..plan.slots() {
        let words = take_words(&mut reader)?;
        let words = words.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        account.cells.set(slot, words);
    }
    if version >= WITH_PARTS {
        account.parts = Parts::from_bytes(reader.bytes()?)?;
    }
    Ok(account)
}

fn read_alert(reader: &mut Reader<'_>) -> Result<AlertState, StateError> {
    let rule = reader.number()?;
    let phase_and_severity = reader.byte()?;
    let severity = Severity::from_index(phase_and_severity >> 4);
    Ok(AlertState {
        rule,
        phase: Phase::from_index(phase_and_severity & 0xf).ok_or(StateError::Inconsistent("an alert's phase"))?,
        at: Timestamp::from_millis(reader.zigzag()?),
        severity: severity.ok_or(StateError::Inconsistent("an alert's severity"))?,
    })
}

/// A slot's words, as bytes.
fn take_words<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], CodecError> {
    let count = reader.count()?;
    reader.take(count.checked_mul(8).ok_or(CodecError::OutOfRange)?)
}

fn put_override(out: &mut Vec<u8>, overridden: Option<&Override>) {
    let Some(overridden) = overridden else {
        out.push(0);
        return;
    };
    out.push(1 | u8::from(overridden.in_force) << 1 | u8::from(overridden.is_sent) << 2);
    put_zigzag(out, overridden.said.millis());
    out.extend_from_slice(&overridden.score.to_le_bytes());
    out.push(overridden.named.unwrap_or_default() as u8 | (overridden.band as u8) << 4);
    put_text(out, &overridden.reason);
    put_text(out, &overridden.author);
    put_time(out, overridden.expires);
}

fn read_override(reader: &mut Reader<'_>) -> Result<Option<Override>, StateError> {
    let flags = reader.byte()?;
    if flags == 0 {
        return Ok(None);
    }
    let said = Timestamp::from_millis(reader.zigzag()?);
    let score = f64::from_bits(reader.word()?);
    let bands = reader.byte()?;
    let band = |index| Band::from_index(index).ok_or(StateError::Inconsistent("an override's band"));
    Ok(Some(Override {
        said,
        score,
        named: Some(band(bands & 0xf)?).filter(|band| *band != Band::Unknown),
        reason: reader.text()?.into(),
        author: reader.text()?.into(),
        expires: read_time(reader)?,
        band: band(bands >> 4)?,
        in_force: flags & 2 != 0,
        is_sent: flags & 4 != 0,
    }))
}

fn put_attribute(out: &mut Vec<u8>, name: &str, value: Attribute<'_>, time: Timestamp) {
    put_text(out, name);
    put_zigzag(out, time.millis());
    match value {
        Attribute::Missing => out.push(0),
        Attribute::Number(number) => {
            out.push(1);
            put_zigzag(out, Decimal::from_f64(number).map_or(0, Decimal::micros));
        }
        Attribute::Text(text) => {
            out.push(2);
            put_text(out, text);
        }
        Attribute::Bool(truth) => out.push(3 + u8::from(truth)),
    }
}

fn read_attribute<'a>(reader: &mut Reader<'a>) -> Result<(&'a str, Attribute<'a>, Timestamp), StateError> {
    let name = reader.text()?;
    let time = Timestamp::from_millis(reader.zigzag()?);
    let value = match reader.byte()? {
        0 => Attribute::Missing,
        1 => Attribute::Number(Decimal::from_micros(reader.zigzag()?).to_f64()),
        2 => Attribute::Text(reader.text()?),
        3 => Attribute::Bool(false),
        4 => Attribute::Bool(true),
        _ => return Err(StateError::Inconsistent("an attribute's type")),
    };
    Ok((name, value, time))
}

fn read_partition(reader: &mut Reader<'_>) -> Result<SourcePartition, StateError> {
    let topic = reader.text()?.into();
    let partition = reader.number()?;
    let flags = reader.byte()?;
    let kind = Kind::from_index(flags & 0b111).ok_or(StateError::Inconsistent("a kind of source"))?;
    let state = if flags & 0b1000 == 0 {
        PartitionState::Live
    } else {
        PartitionState::Excluded
    };
    let watermark = read_time(reader)?;
    Ok(SourcePartition {
        topic,
        partition,
        kind,
        watermark,
        state,
        folded: reader.zigzag()?,
    })
}

fn read_active(reader: &mut Reader<'_>) -> Result<Active, StateError> {
    let source = reader.text()?;
    let model = model::compile(source, "model of the checkpoint").map_err(StateError::Model)?;
    let plan = Plan::new(std::sync::Arc::new(model));
    let fed_since = plan
        .model
        .measures
        .iter()
        .map(|_| read_time(reader))
        .collect::<Result<_, _>>()?;
    Ok(Active { plan, fed_since })
}

/// Version and offset, with which both kinds of blob start.
fn read_head(reader: &mut Reader<'_>) -> Result<(u8, i64), StateError> {
    match reader.byte()? {
        version @ OLDEST_VERSION..=VERSION => Ok((version, reader.word()? as i64)),
        other => Err(StateError::UnknownVersion(other)),
    }
}

fn read_u32(reader: &mut Reader<'_>) -> Result<u32, CodecError> {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(reader.take(4)?);
    Ok(u32::from_le_bytes(bytes))
}

fn put_time(out: &mut Vec<u8>, time: Option<Timestamp>) {
    put_option(out, time.map(Timestamp::millis));
}

/// A byte that says whether the number follows.
fn put_option(out: &mut Vec<u8>, number: Option<i64>) {
    out.push(u8::from(number.is_some()));
    if let Some(number) = number {
        put_zigzag(out, number);
    }
}

fn read_time(reader: &mut Reader<'_>) -> Result<Option<Timestamp>, CodecError> {
    read_option(reader).map(|millis| millis.map(Timestamp::from_millis))
}

fn read_option(reader: &mut Reader<'_>) -> Result<Option<i64>, CodecError> {
    match reader.byte()? {
        0 => Ok(None),
        _ => reader.zigzag().map(Some),
    }
}
