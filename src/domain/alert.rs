//! An alert rule on one account: idle, pending while `for` runs, open, cooling down. One alert a rule and account.

use super::time::Timestamp;
use crate::model::compiled::{AlertRule, Severity};

/// Why an alert is resolved whose condition may well still hold: another model does not have its rule.
pub const RULE_GONE: &str = "the model does not have this rule any more";

/// Where a rule stands; a rule that is idle has no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// The condition holds since then, not yet for long enough, or silenced.
    Pending = 0,
    /// Open since then.
    Open = 1,
    /// Resolved; may not open again until then.
    CoolingDown = 2,
}

impl Phase {
    pub fn from_index(index: u8) -> Option<Self> {
        [Self::Pending, Self::Open, Self::CoolingDown]
            .get(usize::from(index))
            .copied()
    }
}

/// A rule's state on an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertState {
    /// Index into the model's alerts.
    pub rule: u16,
    pub phase: Phase,
    pub at: Timestamp,
    /// The highest that it had since it opened.
    pub severity: Severity,
}

/// What a rule's expressions say of the account now.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    /// Truth values: 1, 0, NaN for missing. What is missing neither opens nor resolves.
    pub when: f64,
    /// `None` without such a condition.
    pub clear: Option<f64>,
    pub severity: Severity,
    /// Until when it may not open.
    pub silenced: Option<Timestamp>,
}

/// What a step sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    None,
    Opened,
    /// To a higher severity.
    Raised,
    Resolved {
        opened: Timestamp,
        severity: Severity,
    },
}

/// The next state of the rule at `index` and what is sent.
pub fn step(
    index: u16,
    rule: &AlertRule,
    state: Option<AlertState>,
    seen: Conditions,
    now: Timestamp,
) -> (Option<AlertState>, Transition) {
    let holds = seen.when == 1.0;
    let is_worse = |state: AlertState| seen.severity > state.severity;
    let to = |phase, at| AlertState {
        rule: index,
        phase,
        at,
        severity: seen.severity,
    };
    match state {
        Some(open) if open.phase == Phase::Open => {
            let resolved = seen.clear.map_or(seen.when == 0.0, |clear| clear == 1.0);
            if !resolved && is_worse(open) {
                return (Some(to(Phase::Open, open.at)), Transition::Raised);
            }
            if !resolved {
                return (state, Transition::None);
            }
            let next = AlertState {
                phase: Phase::CoolingDown,
                at: now.plus_millis(rule.cool_down_ms),
                ..open
            };
            let transition = Transition::Resolved {
                opened: open.at,
                severity: open.severity,
            };
            ((rule.cool_down_ms > 0).then_some(next), transition)
        }
        // Worse than before is news all the same.
        Some(cooling) if cooling.phase == Phase::CoolingDown && now < cooling.at && !(holds && is_worse(cooling)) => {
            (state, Transition::None)
        }
        _ if !holds => (None, Transition::None),
        _ => {
            let waits = state.filter(|state| state.phase == Phase::Pending);
            let pending = waits.unwrap_or(to(Phase::Pending, now));
            let is_ripe = now.millis().saturating_sub(pending.at.millis()) >= rule.for_ms;
            if is_ripe && seen.silenced.is_none() {
                (Some(to(Phase::Open, now)), Transition::Opened)
            } else {
                (Some(pending), Transition::None)
            }
        }
    }
}

/// When a state changes by time alone: the account must be looked at then.
pub fn due(rule: &AlertRule, state: AlertState, silenced: Option<Timestamp>) -> Option<Timestamp> {
    match state.phase {
        Phase::Pending => Some(state.at.plus_millis(rule.for_ms)).max(silenced),
        Phase::CoolingDown => Some(state.at),
        Phase::Open => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Program, compiled::AlertKind};

    fn rule(for_ms: i64, cool_down_ms: i64) -> AlertRule {
        AlertRule {
            id: "r".to_owned(),
            kind: AlertKind::Risk,
            severity: Severity::Medium,
            raises: Vec::new(),
            when: Program::default(),
            clear: None,
            for_ms,
            cool_down_ms,
            due_ms: None,
            playbook: None,
            expression: String::new(),
            reason: None,
        }
    }

    /// Steps at 0, 1, 2... ms; `x` missing, `1` and `0` truth, `2` truth at a higher severity, `s` truth while silenced until
    /// then. Answers `O`pened, `U`p to a higher severity, `R`esolved, `-` nothing.
    fn walk(rule: &AlertRule, when: &str, clear: Option<&str>) -> String {
        let truth = |letter| match letter {
            b'x' => f64::NAN,
            b'0' => 0.0,
            _ => 1.0,
        };
        let mut state = None;
        let mut sent = String::new();
        for (now, letter) in when.bytes().enumerate() {
            let seen = Conditions {
                when: truth(letter),
                clear: clear.map(|clear| truth(clear.as_bytes()[now])),
                severity: if letter == b'2' {
                    Severity::High
                } else {
                    Severity::Medium
                },
                silenced: (letter == b's').then(|| Timestamp::from_millis(now as i64 + 1)),
            };
            let (next, transition) = step(0, rule, state, seen, Timestamp::from_millis(now as i64));
            state = next;
            sent.push(match transition {
                Transition::None => '-',
                Transition::Opened => 'O',
                Transition::Raised => 'U',
                Transition::Resolved { .. } => 'R',
            });
        }
        sent
    }

    #[test]
    fn a_higher_severity_is_told_once_and_never_taken_back_while_it_is_open() {
        assert_eq!(walk(&rule(0, 0), "1122112", None), "O-U----");
    }

    #[test]
    fn a_higher_severity_breaks_the_cool_down() {
        assert_eq!(walk(&rule(0, 9), "10112", None), "OR--O");
        assert_eq!(walk(&rule(0, 9), "20222", None), "OR---", "no higher than before");
    }

    #[test]
    fn what_holds_while_silenced_opens_when_that_ends() {
        assert_eq!(walk(&rule(0, 0), "sss1", None), "---O");
        assert_eq!(walk(&rule(0, 0), "ss01", None), "---O");
        assert_eq!(walk(&rule(2, 0), "1ss11", None), "---O-");
        assert_eq!(walk(&rule(0, 0), "1ss0", None), "O--R", "what is open goes its way");
    }

    #[test]
    fn opens_once_and_resolves() {
        assert_eq!(walk(&rule(0, 0), "0111001", None), "-O--R-O");
    }

    #[test]
    fn must_hold_for_its_time_without_a_break() {
        assert_eq!(walk(&rule(2, 0), "1101110", None), "-----OR");
    }

    #[test]
    fn clears_by_its_own_condition() {
        assert_eq!(walk(&rule(0, 0), "1000", Some("0010")), "O-R-");
    }

    #[test]
    fn cools_down_before_it_opens_again() {
        assert_eq!(walk(&rule(0, 3), "1011111", None), "OR--O--");
    }

    #[test]
    fn missing_neither_opens_nor_resolves() {
        assert_eq!(walk(&rule(0, 0), "x1xx0", None), "-O--R");
    }

    #[test]
    fn time_alone_brings_pending_and_cooling_states_up() {
        let rule = rule(5, 7);
        let at = |phase, at| AlertState {
            rule: 0,
            phase,
            at: Timestamp::from_millis(at),
            severity: Severity::Low,
        };
        let later = Some(Timestamp::from_millis(8));
        assert_eq!(due(&rule, at(Phase::Pending, 1), None), Some(Timestamp::from_millis(6)));
        assert_eq!(due(&rule, at(Phase::Pending, 1), later), later);
        assert_eq!(
            due(&rule, at(Phase::Pending, 4), later),
            Some(Timestamp::from_millis(9))
        );
        assert_eq!(
            due(&rule, at(Phase::CoolingDown, 9), None),
            Some(Timestamp::from_millis(9))
        );
        assert_eq!(due(&rule, at(Phase::Open, 9), None), None);
    }
}
