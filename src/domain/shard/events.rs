//! An entry's events, applied account by account: each account's memory is fetched once an entry.

use super::{Shard, facts::EventFacts, sent};
use crate::{
    domain::{
        account::Account,
        accounts::TOGETHER,
        attributes::AttributeNames,
        decimal::Decimal,
        dedupe::seen_before,
        entry::{EventBatch, FieldKey, FieldValue, RawEvent},
        event::{Kind, Value},
        lifecycle::item_step,
        measures::{self, Applied, ItemChange, Moment, Observation},
        overrides,
        plan::{NO_FIELD, Plan, PlannedMeasure, SLOT_IDS},
        time::Timestamp,
    },
    model::compiled::{PaneValue, Store},
};

/// A source partition of the entry in hand, as the shard knows it.
struct Origin {
    kind: Kind,
    /// The clock of the kind before this entry.
    clock: Option<Timestamp>,
    /// Events up to this source offset were folded before.
    folded: i64,
}

impl Shard {
    pub(super) fn apply_events(&mut self, offset: i64, entry: &[u8]) {
        let batch = std::mem::take(&mut self.batch);
        let mut origins = Vec::with_capacity(12);
        for (clock, last_offset) in batch.partitions(entry) {
            let index = self.clocks.see(&clock);
            let kind = self.clocks.partitions()[index].kind;
            origins.push(Origin {
                kind,
                clock: self.clocks.kind(kind),
                folded: self.clocks.folded(index),
            });
            self.clocks.set_folded(index, last_offset);
        }
        if let Some(active) = self.active.take() {
            self.facts.prepare(&active.plan, &batch, entry);
            let mut facts = EventFacts::default();
            for first in (0..batch.accounts()).step_by(TOGETHER) {
                let together = first..batch.accounts().min(first + TOGETHER);
                let found = together
                    .clone()
                    .map(|account| self.accounts.probable(batch.account_bytes(entry, account)));
                self.found.clear();
                self.found.extend(found);
                self.accounts.touch(self.found.iter().copied().flatten());
                for account in together {
                    let found = self.found[account - first];
                    self.apply_account(
                        &active.plan,
                        &batch,
                        entry,
                        (account, found),
                        &origins,
                        offset,
                        &mut facts,
                    );
                }
            }
            self.active = Some(active);
        }
        self.batch = batch;
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call, split off its caller for legibility alone"
    )]
    fn apply_account<'a>(
        &mut self,
        plan: &Plan,
        batch: &EventBatch,
        entry: &'a [u8],
        (index, found): (usize, Option<u32>),
        origins: &[Origin],
        offset: i64,
        facts: &mut EventFacts<'a>,
    ) {
        let id = || batch.account(entry, index);
        let is_ahead = !self.pending.is_empty() && self.pending.holds(id());
        let mut number = None;
        for event in batch.events_of(index) {
            let origin = &origins[event.partition as usize];
            if event.offset <= origin.folded {
                self.counters.repeated += 1;
                continue;
            }
            if origin.kind == Kind::Account {
                // Also for an account that is ahead of the replay: names keep the order in which the log has them.
                see_attribute_names(&mut self.names, batch, entry, event);
            }
            if is_ahead {
                continue;
            }
            let number = *number.get_or_insert_with(|| {
                // New ones are looked for once more: an entry of a faulty writer might name an account twice.
                let known = self.accounts.confirm(found, batch.account_bytes(entry, index));
                known.unwrap_or_else(|| {
                    let number = self.accounts.add(Account::new(id(), plan.slots()));
                    self.due.add(number, self.accounts.get(number));
                    number
                })
            });
            let account = self.accounts.get_mut(number);
            account.see_time(origin.kind, event.time);
            let Account { cells, newest, .. } = account;
            let repeated = |id| seen_before(cells, SLOT_IDS, plan.dedupe(), origin.kind, id, newest);
            if event.id.is_some_and(repeated) {
                self.counters.duplicate += 1;
                continue;
            }
            self.counters.folded[origin.kind.index()] += 1;
            self.facts.of_event(plan, batch, entry, origin.kind, event, facts);
            let end = account.newest.of(origin.kind).max(origin.clock).unwrap_or(event.time);
            let at = Moment::new(event.time, end);
            if apply_event(account, plan.measures(origin.kind), origin.kind, facts, &at) {
                self.counters.late += 1;
            }
            if origin.kind == Kind::Account {
                set_attributes(account, &self.names, batch, entry, event);
                overrides::see(account, facts.name, batch, entry, event);
            }
        }
        if let Some(number) = number {
            self.mark_changed(number, offset);
        }
    }
}

/// Whether some measure that wanted the event found it too old.
fn apply_event(
    account: &mut Account,
    measures: &[PlannedMeasure],
    kind: Kind,
    facts: &EventFacts<'_>,
    at: &Moment,
) -> bool {
    let mut late = false;
    for measure in measures {
        if let Store::Open = measure.store {
            if let Some(change) = item_change(measure, kind, at.time, facts) {
                measures::change_item(&mut account.cells, measure.slot, &change, at.end);
            }
            continue;
        }
        if facts.passed & measure.required != measure.required {
            continue;
        }
        if let Some(seen) = observation(measure, facts) {
            let applied = measures::observe(&mut account.cells, measure.slot, measure.store, seen, at);
            late |= applied == Applied::BeyondHorizon;
        }
    }
    late
}

/// `None` when the event lacks the measure's field or label, or it is not of the type that the measure aggregates.
fn observation(measure: &PlannedMeasure, facts: &EventFacts<'_>) -> Option<Observation> {
    if let Store::PerLabel { value, .. } = measure.store {
        let micros = match value {
            PaneValue::Sum => facts.field(measure.field)?.micros?,
            _ if measure.field == NO_FIELD => Decimal::ONE.micros(),
            _ => facts.field(measure.field).map(|_| Decimal::ONE.micros())?,
        };
        return Some(Observation {
            micros,
            hash: facts.field(measure.by)?.hash,
        });
    }
    if measure.field == NO_FIELD {
        return Some(Observation { micros: 0, hash: 0 });
    }
    let field = facts.field(measure.field)?;
    let micros = match measure.store {
        Store::Distinct { .. }
        | Store::Since { .. }
        | Store::Panes {
            value: PaneValue::Count,
            ..
        } => field.micros.unwrap_or(0),
        Store::Panes { .. } | Store::PerLabel { .. } | Store::Last { .. } | Store::Open => field.micros?,
    };
    Some(Observation {
        micros,
        hash: field.hash,
    })
}

/// `None` when the event names no item.
fn item_change(measure: &PlannedMeasure, kind: Kind, time: Timestamp, facts: &EventFacts<'_>) -> Option<ItemChange> {
    let item = facts.field(measure.field)?;
    let pick = |mask: u128| {
        let bits = measure.item_tests.iter().enumerate();
        bits.fold(0_u16, |picked, (at, test)| picked | ((mask >> test & 1) as u16) << at)
    };
    Some(ItemChange {
        key: item.hash,
        time,
        step: item_step(kind, facts.name),
        present: pick(facts.present),
        passed: pick(facts.passed),
        passing_when_absent: pick(facts.passed & !facts.present),
        required: pick(measure.required),
    })
}

/// The prefix under which the decoder puts the members of an account event's `attributes`.
const ATTRIBUTE_PREFIX: &str = "attributes.";

/// The attributes that an account event carries: name and value.
fn attributes_of<'a>(
    batch: &'a EventBatch,
    entry: &'a [u8],
    event: &RawEvent,
) -> impl Iterator<Item = (&'a str, FieldValue)> {
    batch.fields(event).iter().filter_map(|&(key, value)| {
        let FieldKey::Text(key) = key else { return None };
        let name = batch.text(entry, key as usize).strip_prefix(ATTRIBUTE_PREFIX)?;
        Some((name, value))
    })
}

fn see_attribute_names(names: &mut AttributeNames, batch: &EventBatch, entry: &[u8], event: &RawEvent) {
    for (name, _) in attributes_of(batch, entry, event) {
        names.id_of(name);
    }
}

/// What was sent of the account says its attributes, too: other ones are news.
fn set_attributes(account: &mut Account, names: &AttributeNames, batch: &EventBatch, entry: &[u8], event: &RawEvent) {
    let mut have_changed = false;
    for (name, value) in attributes_of(batch, entry, event) {
        let Some(id) = names.find(name) else { continue };
        let value = match value {
            FieldValue::Number(micros) => Value::Number(Decimal::from_micros(micros)),
            FieldValue::Bool(truth) => Value::Bool(truth),
            FieldValue::Table(_) | FieldValue::Inline(_) => Value::Text(batch.value_text(entry, value)),
        };
        have_changed |= account.attributes.set_from_event(id, &value, event.time);
    }
    if have_changed {
        sent::mark_outdated(account);
    }
}
