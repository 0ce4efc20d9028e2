//! The alerts of a segment: the steps are those of an account's, taken at each boundary.

use super::message::Message;
use crate::{
    domain::{
        alert::{self, AlertState, Conditions, Phase, RULE_GONE, Transition},
        attributes::AttributeValues,
        codec::{CodecError, Reader, put_varint, put_zigzag},
        outbox::Outputs,
        output::AlertPhase,
        time::Timestamp,
    },
    model::{
        Inputs,
        compiled::{AlertRule, Severity},
    },
};

/// A rule's state on a segment; a rule that is idle has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleState {
    /// Its rule is an index into the alerts of the segment's attribute.
    alert: AlertState,
    /// Its opening was sent; `false` while nothing is, because the shard is catching up.
    is_told: bool,
}

/// The rules that are open.
pub fn open(states: &[RuleState]) -> impl Iterator<Item = u16> {
    states
        .iter()
        .filter(|state| state.alert.phase == Phase::Open)
        .map(|state| state.alert.rule)
}

/// Steps every rule, and sends what opened, rose or resolved. `first` is since when there is the segment.
pub fn step(states: &mut Vec<RuleState>, message: &Message<'_>, first: Timestamp, may_send: bool, out: &mut Outputs) {
    let (accounts, values) = (message.sums.accounts(), message.values());
    let inputs = Inputs {
        // Of too few accounts nothing is known: what is missing neither opens nor resolves.
        readings: if accounts < message.table.min_accounts {
            &[]
        } else {
            &values
        },
        attributes: AttributeValues::default(),
        score: f64::NAN,
        score_offsets: &[],
        dimensions: &[],
        dimension_offsets: &[],
        coverage: f64::NAN,
        risk: f64::NAN,
        now: message.boundary,
        first: Some(first),
    };
    let mut next = Vec::with_capacity(states.len());
    for (index, rule) in (0..).zip(&message.table.alerts) {
        let before = states.iter().find(|state| state.alert.rule == index).copied();
        let mut when = rule.when.eval(&inputs);
        let mut clear = rule.clear.as_ref().map(|clear| clear.eval(&inputs));
        if accounts == 0 {
            (when, clear) = (0.0, clear.map(|_| 1.0));
        }
        let seen = Conditions {
            when,
            clear,
            severity: rule.severity_now(&inputs),
            silenced: None,
        };
        let before_alert = before.map(|state| state.alert);
        let (state, transition) = alert::step(index, rule, before_alert, seen, message.boundary);
        let mut is_told = before.is_some_and(|state| state.is_told);
        match transition {
            Transition::Resolved { opened, severity } if is_told => {
                message.send_alert(rule, AlertPhase::Resolved, opened, severity, None, out);
                is_told = false;
            }
            Transition::Resolved { .. } => is_told = false,
            Transition::Raised if is_told && may_send => {
                if let Some(raised) = state {
                    message.send_alert(rule, AlertPhase::Updated, raised.at, raised.severity, None, out);
                }
            }
            Transition::Opened | Transition::Raised | Transition::None => {}
        }
        let Some(alert) = state else { continue };
        if alert.phase == Phase::Open && may_send && !is_told {
            message.send_alert(rule, AlertPhase::Opened, alert.at, alert.severity, None, out);
            is_told = true;
        }
        next.push(RuleState { alert, is_told });
    }
    *states = next;
}

/// Sends the openings again of what is open.
pub fn repeat(states: &[RuleState], message: &Message<'_>, out: &mut Outputs) {
    for state in states.iter().filter(|state| state.is_told) {
        if let Some(rule) = message.table.alerts.get(usize::from(state.alert.rule)) {
            message.send_alert(
                rule,
                AlertPhase::Opened,
                state.alert.at,
                state.alert.severity,
                None,
                out,
            );
        }
    }
}

/// Resolves what was sent as open and whose rule is not in `kept`: nothing else would ever tell its readers.
pub fn end(states: &[RuleState], message: &Message<'_>, kept: &[AlertRule], out: &mut Outputs) {
    for RuleState { alert, .. } in states.iter().filter(|state| state.is_told) {
        if let Some(rule) = message.table.alerts.get(usize::from(alert.rule))
            && kept.iter().all(|kept| kept.id != rule.id)
        {
            message.send_alert(
                rule,
                AlertPhase::Resolved,
                alert.at,
                alert.severity,
                Some(RULE_GONE),
                out,
            );
        }
    }
}

/// Keeps the states of the rules that are in `new` too.
pub fn keep(states: &mut Vec<RuleState>, old: &[AlertRule], new: &[AlertRule]) {
    states.retain_mut(|state| {
        let id = old.get(usize::from(state.alert.rule)).map(|rule| &rule.id);
        let place = new.iter().position(|rule| Some(&rule.id) == id);
        if let Some(place) = place {
            state.alert.rule = place as u16;
        }
        place.is_some()
    });
    states.sort_unstable_by_key(|state| state.alert.rule);
}

pub fn encode(states: &[RuleState], out: &mut Vec<u8>) {
    put_varint(out, states.len() as u64);
    for state in states {
        put_varint(out, u64::from(state.alert.rule));
        out.push(state.alert.phase as u8 | u8::from(state.is_told) << 4 | (state.alert.severity as u8) << 5);
        put_zigzag(out, state.alert.at.millis());
    }
}

pub fn decode(reader: &mut Reader<'_>) -> Result<Vec<RuleState>, CodecError> {
    let state = |reader: &mut Reader<'_>| {
        let rule = reader.number()?;
        let flags = reader.byte()?;
        let alert = AlertState {
            rule,
            phase: Phase::from_index(flags & 0xf).ok_or(CodecError::OutOfRange)?,
            severity: Severity::from_index(flags >> 5).ok_or(CodecError::OutOfRange)?,
            at: Timestamp::from_millis(reader.zigzag()?),
        };
        Ok(RuleState {
            alert,
            is_told: flags & 0x10 != 0,
        })
    };
    (0..reader.count()?).map(|_| state(reader)).collect()
}
