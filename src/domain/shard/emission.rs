//! What goes out after an account was scored: its score when it moved enough, and every alert that opened or resolved.

use std::mem::take;

use super::{
    Active, Shard,
    moves::Before,
    scoring::{Scratch, open_rules},
    sent::{self, Sent},
    written::WrittenTimes,
};
use crate::domain::{
    account::Account,
    alert::{AlertState, RULE_GONE, Transition},
    attributes::AttributeNames,
    clocks::Clocks,
    driver::{Cause, Driver, Side},
    event::Kind,
    history,
    outbox::Outputs,
    output::{
        AlertChanged, AlertPhase, AlertSubject, AttributeMap, DimensionScore, DriverPart, Freshness, ModelRef,
        Override, Points, Previous, Quantity, SCORE_UPDATED, ScoreUpdated, Trend,
    },
    plan::SLOT_HISTORY,
    reason,
    time::Timestamp,
};
use crate::model::{
    Model,
    compiled::{AlertRule, Severity},
};

/// Room for one emission, reused for the next.
#[derive(Debug, Default)]
pub struct Emission {
    before: Vec<f64>,
    drivers: Vec<Driver>,
    /// What another scorecard says of the account; made when an account first moves to another one.
    by_former: Option<Box<Scratch>>,
    times: WrittenTimes,
}

/// What led to the scoring.
#[derive(Clone, Copy, Debug)]
pub struct Why {
    pub touched_by_event: bool,
    pub band_changed: bool,
    /// The shard has just caught up: what was muted goes out once.
    pub caught_up: bool,
}

impl Shard {
    pub(super) fn emit(&mut self, active: &Active, number: u32, now: Timestamp, why: Why, out: &mut Outputs) {
        if self.catching_up {
            return;
        }
        let account = self.accounts.get(number);
        let sent = Sent::of(account);
        let alerts_changed = !self.scratch.transitions.is_empty();
        let model = &active.plan.model;
        if !alerts_changed && !why.caught_up && !is_news(model, account, sent, self.scratch.card, now) {
            return;
        }
        attribute(active, account, sent, &self.clocks, &mut self.scratch);
        let is_wanted = out.wants_next();
        if is_wanted {
            self.scratch.emission.times.refresh(now, &self.clocks);
        }

        let view = Message {
            active,
            account,
            names: &self.names,
            clocks: &self.clocks,
            scratch: &self.scratch,
            now,
            event_time: why.touched_by_event.then(|| account.newest.of_all()).flatten(),
        };
        if is_wanted {
            view.send_score(sent, out);
        }
        view.send_alerts(why, out);
        let Scratch { card, scores, .. } = &self.scratch;
        sent::remember(self.accounts.get_mut(number), now, *card, scores);
    }
}

impl Shard {
    /// Resolves the alerts whose rules the next model does not have: nothing else would ever tell their readers. `is_kept` is by rule
    /// of `before`, the model in force so far.
    pub(super) fn end_alerts(
        &mut self,
        before: &Active,
        is_kept: impl Fn(u16) -> bool,
        now: Timestamp,
        out: &mut Outputs,
    ) {
        if self.catching_up {
            return;
        }
        let ends = |number: &u32| open_rules(self.accounts.get(*number)).any(|state| !is_kept(state.rule));
        let mut numbers: Vec<u32> = self.accounts.numbers().filter(ends).collect();
        self.accounts.sort_canonically(&mut numbers);
        self.scratch.emission.drivers.clear();
        for number in numbers {
            let view = Message {
                active: before,
                account: self.accounts.get(number),
                names: &self.names,
                clocks: &self.clocks,
                scratch: &self.scratch,
                now,
                event_time: None,
            };
            for state in open_rules(view.account).filter(|state| !is_kept(state.rule)) {
                if let Some(rule) = view.model().alerts.get(usize::from(state.rule)) {
                    view.send_alert(
                        rule,
                        AlertPhase::Resolved,
                        state.at,
                        state.severity,
                        Some(RULE_GONE),
                        out,
                    );
                }
            }
        }
    }
}

/// Leaves in `scratch.emission` what moved the score since it was sent.
fn attribute(active: &Active, account: &Account, sent: Option<Sent>, clocks: &Clocks, scratch: &mut Scratch) {
    let mut emission = take(&mut scratch.emission);
    let Emission {
        before,
        drivers,
        by_former,
        ..
    } = &mut emission;
    before.clear();
    before.extend(sent::indicators(account, active.plan.model.indicators.len()));
    let by_other_model = sent.is_some() && before.is_empty();
    let before = Before {
        side: Side {
            indicators: before,
            score: sent.map_or(f64::NAN, |sent| sent.score),
            exact_to: 0.0,
        },
        card: sent.and_then(|sent| sent.card),
        rest: if by_other_model { Cause::Model } else { Cause::Coverage },
    };
    active.attribute(before, (account, clocks), (account.score, scratch), by_former, drivers);
    scratch.emission = emission;
}

/// Whether the score is worth sending by itself.
fn is_news(model: &Model, account: &Account, sent: Option<Sent>, card: usize, now: Timestamp) -> bool {
    let Some(sent) = sent else {
        return true;
    };
    let moved = match (account.score.is_nan(), sent.score.is_nan()) {
        (false, false) => (account.score - sent.score).abs() >= model.output.min_delta,
        (now_missing, was_missing) => now_missing != was_missing,
    };
    let heartbeat = model.output.heartbeat_ms;
    let is_due = heartbeat.is_some_and(|every| now.millis().saturating_sub(sent.time.millis()) >= every);
    let another_card = sent.card.is_some_and(|before| before != card);
    let overridden = account
        .overridden
        .as_ref()
        .is_some_and(|overridden| !overridden.is_sent);
    moved || account.shown_band() != sent.band || overridden || another_card || sent.is_outdated || is_due
}

/// Everything that the messages about one account draw on.
struct Message<'a> {
    active: &'a Active,
    account: &'a Account,
    names: &'a AttributeNames,
    clocks: &'a Clocks,
    scratch: &'a Scratch,
    now: Timestamp,
    event_time: Option<Timestamp>,
}

impl Message<'_> {
    fn model(&self) -> &Model {
        &self.active.plan.model
    }

    fn send_score(&self, sent: Option<Sent>, out: &mut Outputs) {
        let (model, account) = (self.model(), self.account);
        let times = &self.scratch.emission.times;
        let trend = |days| Points(account.score - history::at(&account.cells, SLOT_HISTORY, self.now, days));
        let card = &model.scorecards[self.scratch.card];
        let dimensions = model.dimensions.iter().enumerate();
        let dimensions = dimensions.filter(|(index, _)| card.has_dimension[*index]);
        let message = ScoreUpdated {
            account: &account.id,
            as_of: &times.now,
            score: Points(account.score),
            band: account.shown_band(),
            coverage: Quantity(account.coverage),
            previous: sent.map(|sent| Previous {
                score: Points(sent.score),
                band: sent.band,
            }),
            trend: Trend {
                days_7: trend(7),
                days_28: trend(history::TREND_DAYS),
            },
            dimensions: dimensions
                .map(|(index, dimension)| DimensionScore {
                    id: &dimension.id,
                    score: Points(self.scratch.dimensions[index]),
                    weight: Quantity(card.dimensions[index]),
                })
                .collect(),
            drivers: self.parts(&self.scratch.emission.drivers),
            risk: self.scratch.risk.message(model),
            r#override: account.override_in_force().map(|overridden| Override {
                score: Points(overridden.score),
                band: overridden.band,
                computed_band: account.band.band,
                reason: &overridden.reason,
                author: &overridden.author,
                expires: overridden.expires,
            }),
            alerts: open_rules(account)
                .filter_map(|state| model.alerts.get(usize::from(state.rule)))
                .map(|rule| rule.id.as_str())
                .collect(),
            attributes: self.attributes(),
            freshness: Freshness {
                usage: times.freshness(Kind::Usage),
                support: times.freshness(Kind::Support),
                billing: times.freshness(Kind::Billing),
                feedback: times
                    .freshness(Kind::Feedback)
                    .filter(|_| self.clocks.has_source(Kind::Feedback)),
            },
            stale: self.clocks.stale().collect(),
            scorecard: &card.id,
            model: self.model_ref(),
        };
        out.push(SCORE_UPDATED, &account.id, self.event_time, self.now, &message);
    }

    /// What opened, rose or resolved; after catching up, what is open; on a change of band, open alerts as updated.
    fn send_alerts(&self, why: Why, out: &mut Outputs) {
        for &(index, transition) in &self.scratch.transitions {
            let Some(rule) = self.model().alerts.get(usize::from(index)) else {
                continue;
            };
            match transition {
                // After catching up it is sent with all that are open, below.
                Transition::None => {}
                _ if why.caught_up => {}
                Transition::Opened => self.send_open(self.open(index), AlertPhase::Opened, out),
                Transition::Raised => self.send_open(self.open(index), AlertPhase::Updated, out),
                Transition::Resolved { opened, severity } => {
                    self.send_alert(rule, AlertPhase::Resolved, opened, severity, None, out);
                }
            }
        }
        if !why.caught_up && !why.band_changed {
            return;
        }
        let phase = if why.caught_up {
            AlertPhase::Opened
        } else {
            AlertPhase::Updated
        };
        for state in open_rules(self.account) {
            let is_new = self.scratch.transitions.iter().any(|(rule, _)| *rule == state.rule);
            if why.caught_up || !is_new {
                self.send_open(Some(state), phase, out);
            }
        }
    }

    fn open(&self, index: u16) -> Option<&AlertState> {
        open_rules(self.account).find(|state| state.rule == index)
    }

    /// Sends an alert that is open now.
    fn send_open(&self, open: Option<&AlertState>, phase: AlertPhase, out: &mut Outputs) {
        let rule = open.and_then(|open| self.model().alerts.get(usize::from(open.rule)));
        if let (Some(open), Some(rule)) = (open, rule) {
            self.send_alert(rule, phase, open.at, open.severity, None, out);
        }
    }

    /// `reason` is said in place of the rule's own.
    fn send_alert(
        &self,
        rule: &AlertRule,
        state: AlertPhase,
        opened: Timestamp,
        severity: Severity,
        reason: Option<&str>,
        out: &mut Outputs,
    ) {
        if !out.wants_next() {
            return;
        }
        let account = self.account;
        let owner = self.names.owner().map(|id| account.attributes.get(id));
        let owner = match owner {
            Some(crate::model::Attribute::Text(owner)) => Some(owner),
            _ => None,
        };
        // Of a rule that is gone nothing is compared any more.
        let (drivers_over, drivers) = match reason {
            None => self.drivers_of(rule),
            Some(_) => (None, self.parts(&self.scratch.emission.drivers)),
        };
        let message = AlertChanged {
            alert: &rule.id,
            id: format!("{}/{}/{opened}", account.id, rule.id),
            subject: AlertSubject { account: &account.id },
            kind: rule.kind.as_str(),
            severity: severity.as_str(),
            state,
            since: opened,
            due: rule.due_ms.map(|due| opened.plus_millis(due)),
            reason: reason.map_or_else(
                || reason::of(self.model(), rule, account.score, &self.scratch.score_offsets),
                str::to_owned,
            ),
            score: Points(account.score),
            band: account.shown_band(),
            drivers,
            drivers_over,
            owner,
            playbook: rule.playbook.as_deref(),
            attributes: self.attributes(),
            model: self.model_ref(),
        };
        out.push(state.event_type(), &account.id, self.event_time, self.now, &message);
    }

    /// What moved the score over the time that the rule looks back at, and how long that is: where it compares with an earlier score that
    /// is known, and how the account stood then is known, too. Else since the last score sent.
    fn drivers_of(&self, rule: &AlertRule) -> (Option<String>, Vec<DriverPart<'_>>) {
        let scored = (self.account.score, self.scratch);
        let looked_back = reason::looked_back(self.model(), rule, &self.scratch.score_offsets);
        let moved = looked_back.and_then(|(days, _)| {
            let of = (self.account, self.clocks);
            Some((days, self.active.moved(of, scored, self.now, u32::from(days))?))
        });
        match moved {
            Some((days, moved)) => (Some(format!("{days}d")), self.parts(&moved.drivers)),
            None => (None, self.parts(&self.scratch.emission.drivers)),
        }
    }

    fn parts(&self, drivers: &[Driver]) -> Vec<DriverPart<'_>> {
        let part = |driver: &Driver| DriverPart {
            indicator: driver.cause.name(self.model()),
            value: Quantity(driver.cause.number_in(&self.scratch.values)),
            score: Points(driver.cause.number_in(&self.scratch.scores)),
            change: Quantity(driver.change),
        };
        drivers.iter().map(part).collect()
    }

    fn attributes(&self) -> AttributeMap<'_> {
        AttributeMap {
            names: self.names,
            values: &self.account.attributes,
        }
    }

    fn model_ref(&self) -> ModelRef<'_> {
        ModelRef {
            name: &self.model().name,
            version: &self.model().version,
        }
    }
}
