//! What requests are answered from: the table, the model and the latest outputs. One thread fills it, see [`super::feed`].

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::model::Model;

use super::stream::Ring;
use super::table::Table;

/// Shared between the thread that fills it and those that answer.
pub struct Live {
    table: RwLock<Table>,
    is_filled: AtomicBool,
    model: RwLock<Option<Arc<Model>>>,
    pub ring: Ring,
}

impl Live {
    /// Without any account; `events` and `bytes` bound what is kept of the outputs.
    pub fn new(events: usize, bytes: usize) -> Self {
        Self {
            table: RwLock::default(),
            is_filled: AtomicBool::new(false),
            model: RwLock::default(),
            ring: Ring::new(events, bytes),
        }
    }

    /// `None` before the table was filled for the first time.
    pub fn table(&self) -> Option<RwLockReadGuard<'_, Table>> {
        let is_filled = self.is_filled.load(Ordering::Acquire);
        // A panic elsewhere leaves whole rows behind.
        is_filled.then(|| self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn table_to_change(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a table in the place of the one before.
    pub fn replace_table(&self, table: Table) {
        let before = std::mem::replace(&mut *self.table_to_change(), table);
        self.is_filled.store(true, Ordering::Release);
        // Given back without the lock: that takes a while.
        drop(before);
    }

    /// The model in force, as far as is known.
    pub fn model(&self) -> Option<Arc<Model>> {
        self.model.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set_model(&self, model: Arc<Model>) {
        *self.model.write().unwrap_or_else(PoisonError::into_inner) = Some(model);
    }
}
