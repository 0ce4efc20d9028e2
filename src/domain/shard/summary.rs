//! One account in a line, read from its checkpoint without taking the account over: for tables of all accounts.

use super::{Active, Shard, StateError, scoring::open_rules, sent::Sent, state::decode_account};
use crate::{
    domain::{account::Account, attributes::AttributeNames, band::Band, history, plan::SLOT_HISTORY, time::Timestamp},
    model::{Attribute, compiled::Severity},
};

/// An account as it was scored last.
#[derive(Debug)]
pub struct Summary<'a> {
    pub account: &'a str,
    /// Log offset of the entry that changed it last.
    pub offset: i64,
    /// When its score was sent last, by the shard's clock; `None`: never.
    pub sent: Option<Timestamp>,
    /// 0..100, NaN when not known.
    pub score: f64,
    /// Share of the weight that had data, 0..1.
    pub coverage: f64,
    /// As it is shown: a human's, while an override is in force.
    pub band: Band,
    /// The score minus that of 7 and of 28 days before the shard's clock, in points; NaN when it was not scored then.
    pub trends: [f64; 2],
    pub segment: Option<&'a str>,
    pub plan: Option<&'a str>,
    pub owner: Option<&'a str>,
    /// What the account is worth; NaN when not known.
    pub value: f64,
    /// Ids of the rules that are open, with the time at which each opened and the severity that it has reached.
    pub alerts: Vec<(&'a str, Timestamp, Severity)>,
}

impl Shard {
    /// The account as it was scored last; `None` for one that the shard does not know, or that was never scored.
    pub fn summary(&self, account: &str) -> Option<Summary<'_>> {
        let account = self.accounts.get(self.accounts.find(account)?);
        let active = self.active.as_ref()?;
        (account.scored_at >= 0).then(|| summarise(account, active, &self.names, self.clock()))
    }

    /// Hands the summary of the account in `blob` to `see`, without taking the account over; `None` for an account that was
    /// never scored.
    ///
    /// # Errors
    /// When the blob cannot be read, or belongs to another model than the shard's.
    pub fn summarise<T>(
        &mut self,
        id: &str,
        blob: &[u8],
        see: impl FnOnce(&Summary<'_>) -> T,
    ) -> Result<Option<T>, StateError> {
        let clock = self.clock();
        let Some(active) = &self.active else {
            return Err(StateError::Inconsistent("accounts without a model"));
        };
        let account = decode_account(id, blob, &active.plan, &mut self.names)?;
        let is_scored = account.scored_at >= 0;
        Ok(is_scored.then(|| see(&summarise(&account, active, &self.names, clock))))
    }
}

fn summarise<'a>(
    account: &'a Account,
    active: &'a Active,
    names: &AttributeNames,
    clock: Option<Timestamp>,
) -> Summary<'a> {
    let attribute = |id: Option<usize>| id.map_or(Attribute::Missing, |id| account.attributes.get(id));
    let text = |id| match attribute(id) {
        Attribute::Text(text) => Some(text),
        _ => None,
    };
    let now = clock.unwrap_or_default();
    let trend = |days| account.score - history::at(&account.cells, SLOT_HISTORY, now, days);
    let rules = &active.plan.model.alerts;
    let open = open_rules(account).filter_map(|state| {
        let rule = rules.get(usize::from(state.rule))?;
        Some((rule.id.as_str(), state.at, state.severity))
    });
    Summary {
        account: &account.id,
        offset: account.changed_at,
        sent: Sent::of(account).map(|sent| sent.time),
        score: account.score,
        coverage: account.coverage,
        band: account.shown_band(),
        trends: [trend(7), trend(history::TREND_DAYS)],
        segment: text(names.segment()),
        plan: text(names.find("plan")),
        owner: text(names.owner()),
        value: attribute(names.value()).number(),
        alerts: open.collect(),
    }
}
