//! An alert rule on one account: idle, pending while `for` runs, open, cooling down. One alert a rule and account.

use super::time::Timestamp;
use crate::model::compiled::AlertRule;

/// Where a rule stands; a rule that is idle has no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The condition holds since then, not yet for long enough.
    Pending,
    /// Open since then.
    Open,
    /// Resolved; may not open again until then.
    CoolingDown,
}

/// A rule's state on an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertState {
    /// Index into the model's alerts.
    pub rule: u16,
    pub phase: Phase,
    pub at: Timestamp,
}

/// What a step sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    None,
    Opened,
    Resolved { opened: Timestamp },
}

/// The rule's next state and what is sent. `when` and `clear` are truth values (1, 0, NaN for missing); `clear` is
/// `None` without such a condition. What is missing neither opens nor resolves.
pub fn step(
    rule: &AlertRule,
    state: Option<(Phase, Timestamp)>,
    when: f64,
    clear: Option<f64>,
    now: Timestamp,
) -> (Option<(Phase, Timestamp)>, Transition) {
    let holds = when == 1.0;
    match state {
        Some((Phase::Open, opened)) => {
            let resolved = clear.map_or(when == 0.0, |clear| clear == 1.0);
            if !resolved {
                return (state, Transition::None);
            }
            let until = now.plus_millis(rule.cool_down_ms);
            let next = (rule.cool_down_ms > 0).then_some((Phase::CoolingDown, until));
            (next, Transition::Resolved { opened })
        }
        Some((Phase::CoolingDown, until)) if now < until => (state, Transition::None),
        _ if !holds => (None, Transition::None),
        Some((Phase::Pending, since)) if now.millis().saturating_sub(since.millis()) >= rule.for_ms => {
            (Some((Phase::Open, now)), Transition::Opened)
        }
        Some((Phase::Pending, _)) => (state, Transition::None),
        _ if rule.for_ms == 0 => (Some((Phase::Open, now)), Transition::Opened),
        _ => (Some((Phase::Pending, now)), Transition::None),
    }
}

/// When a state changes by time alone: the account must be looked at then.
pub fn due(rule: &AlertRule, state: (Phase, Timestamp)) -> Option<Timestamp> {
    match state {
        (Phase::Pending, since) => Some(since.plus_millis(rule.for_ms)),
        (Phase::CoolingDown, until) => Some(until),
        (Phase::Open, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Program,
        compiled::{AlertKind, Severity},
    };

    fn rule(for_ms: i64, cool_down_ms: i64) -> AlertRule {
        AlertRule {
            id: "r".to_owned(),
            kind: AlertKind::Risk,
            severity: Severity::High,
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

    /// Steps at 0, 1, 2... ms; `x` missing, `1` and `0` truth. Answers `O`pened, `R`esolved, `-` nothing.
    fn walk(rule: &AlertRule, when: &str, clear: Option<&str>) -> String {
        let truth = |letter| match letter {
            b'x' => f64::NAN,
            letter => f64::from(letter - b'0'),
        };
        let mut state = None;
        let mut sent = String::new();
        for (now, letter) in when.bytes().enumerate() {
            let clear = clear.map(|clear| truth(clear.as_bytes()[now]));
            let (next, transition) = step(rule, state, truth(letter), clear, Timestamp::from_millis(now as i64));
            state = next;
            sent.push(match transition {
                Transition::None => '-',
                Transition::Opened => 'O',
                Transition::Resolved { .. } => 'R',
            });
        }
        sent
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
        assert_eq!(
            due(&rule, (Phase::Pending, Timestamp::from_millis(1))),
            Some(Timestamp::from_millis(6))
        );
        assert_eq!(
            due(&rule, (Phase::CoolingDown, Timestamp::from_millis(9))),
            Some(Timestamp::from_millis(9))
        );
        assert_eq!(due(&rule, (Phase::Open, Timestamp::from_millis(9))), None);
    }
}
