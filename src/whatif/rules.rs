//! What becomes of alerts under another model.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::shard::Tried;
use crate::model::Model;

use super::report::RuleChange;

/// Every rule of either model, by its id.
pub struct Rules {
    model: Arc<Model>,
    changes: BTreeMap<String, RuleChange>,
}

/// How the rules of a shard's two models belong together.
pub struct RulePairing {
    before: Arc<Model>,
    /// Where each rule of the model in force is in the tried one, if it is.
    places: Vec<Option<usize>>,
    /// By rule of the tried model: whether it is open on the account in hand.
    was_open: Vec<bool>,
}

impl Rules {
    pub fn new(model: &Arc<Model>) -> Self {
        let mut rules = Self {
            model: Arc::clone(model),
            changes: BTreeMap::new(),
        };
        for rule in &model.alerts {
            rules.of(&rule.id).is_after = true;
        }
        rules
    }

    fn of(&mut self, id: &str) -> &mut RuleChange {
        self.changes.entry(id.to_owned()).or_insert_with(|| RuleChange {
            alert: id.to_owned(),
            ..RuleChange::default()
        })
    }

    pub fn begin(&mut self, before: &Arc<Model>) -> RulePairing {
        for rule in &before.alerts {
            self.of(&rule.id).is_before = true;
        }
        let place = |id: &str| self.model.alerts.iter().position(|rule| rule.id == id);
        RulePairing {
            places: before.alerts.iter().map(|rule| place(&rule.id)).collect(),
            was_open: Vec::new(),
            before: Arc::clone(before),
        }
    }

    pub fn count(&mut self, pairing: &mut RulePairing, tried: &Tried<'_>) {
        let model = Arc::clone(&self.model);
        pairing.was_open.clear();
        pairing.was_open.resize(model.alerts.len(), false);
        for rule in tried.open_now() {
            match pairing.place(rule) {
                Some(place) => pairing.was_open[place] = true,
                None => {
                    let gone = self.of(&pairing.before.alerts[rule].id);
                    gone.before += 1;
                    gone.resolves += 1;
                }
            }
        }
        for index in tried.after.pending() {
            let waited = tried.pending_now().any(|rule| pairing.place(rule) == Some(index));
            if !waited && !pairing.was_open[index] {
                self.of(&model.alerts[index].id).waits += 1;
            }
        }
        for index in tried.after.open() {
            let was_open = std::mem::take(&mut pairing.was_open[index]);
            let rule = self.of(&model.alerts[index].id);
            rule.after += 1;
            rule.before += u64::from(was_open);
            rule.opens += u64::from(!was_open);
        }
        // Those that are not open any more.
        for (rule, _) in model.alerts.iter().zip(&pairing.was_open).filter(|(_, left)| **left) {
            let rule = self.of(&rule.id);
            rule.before += 1;
            rule.resolves += 1;
        }
    }

    pub fn told(self) -> Vec<RuleChange> {
        self.changes.into_values().collect()
    }
}

impl RulePairing {
    fn place(&self, rule: usize) -> Option<usize> {
        self.places.get(rule).copied().flatten()
    }
}
