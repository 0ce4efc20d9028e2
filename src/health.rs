//! Whether the process is alive and ready, as its roles see it; shared between the roles and `/healthz`, `/readyz`.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A role that made no progress for so long hangs.
const STUCK_AFTER: Duration = Duration::from_secs(30);

/// All roles of the process.
#[derive(Clone)]
pub struct Health {
    began: Instant,
    is_started: Arc<AtomicBool>,
    roles: Arc<Mutex<Vec<Role>>>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            is_started: Arc::default(),
            roles: Arc::default(),
        }
    }
}

/// One role's handle; cheap to clone.
#[derive(Clone)]
pub struct Role {
    name: &'static str,
    state: Arc<RoleState>,
}

struct RoleState {
    began: Instant,
    /// Milliseconds after `began`.
    progressed: AtomicI64,
    /// What it waits for; `None` when it is ready.
    waits_for: Mutex<Option<String>>,
}

impl Health {
    /// A role that is not ready yet.
    pub fn role(&self, name: &'static str) -> Role {
        let role = Role {
            name,
            state: Arc::new(RoleState {
                began: self.began,
                progressed: AtomicI64::new(millis_since(self.began)),
                waits_for: Mutex::new(Some("its start".to_owned())),
            }),
        };
        self.lock().push(role.clone());
        role
    }

    /// Every role is there. Before that the process is not ready, whatever the roles say.
    pub fn started(&self) {
        self.is_started.store(true, Ordering::Relaxed);
    }

    /// A sentence for each role that hangs; empty when all is well.
    pub fn stuck(&self) -> Vec<String> {
        let roles = self.lock();
        let hanging = roles.iter().filter(|role| role.idle() > STUCK_AFTER);
        hanging
            .map(|role| format!("{} made no progress for {} s", role.name, role.idle().as_secs()))
            .collect()
    }

    /// A sentence for each role that is not ready; empty when all are.
    pub fn waiting(&self) -> Vec<String> {
        if !self.is_started.load(Ordering::Relaxed) {
            return vec!["starting: Kafka and its topics are made sure of".to_owned()];
        }
        let roles = self.lock();
        let waiting = roles.iter().filter_map(|role| {
            let waits_for = role.waits_for()?;
            Some(format!("{} waits for {waits_for}", role.name))
        });
        waiting.collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Role>> {
        self.roles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Role {
    /// To be called in every turn of the role's loop, also when there was nothing to do.
    pub fn progressed(&self) {
        let now = millis_since(self.state.began);
        self.state.progressed.store(now, Ordering::Relaxed);
    }

    /// Does nothing for `pause`, or until `stop` is set; that is progress too.
    pub fn rest(&self, pause: Duration, stop: &AtomicBool) {
        const STEP: Duration = Duration::from_millis(50);
        let until = Instant::now() + pause;
        while Instant::now() < until && !stop.load(Ordering::Relaxed) {
            thread::park_timeout(STEP);
            self.progressed();
        }
    }

    pub fn ready(&self) {
        self.set(None);
    }

    /// Not ready: `what` is missing, such as "its shards" or "Redis at 127.0.0.1:6379".
    pub fn waiting_for(&self, what: impl Into<String>) {
        self.set(Some(what.into()));
    }

    fn set(&self, waits_for: Option<String>) {
        *self.state.waits_for.lock().unwrap_or_else(PoisonError::into_inner) = waits_for;
    }

    fn waits_for(&self) -> Option<String> {
        self.state
            .waits_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn idle(&self) -> Duration {
        let idle = millis_since(self.state.began) - self.state.progressed.load(Ordering::Relaxed);
        Duration::from_millis(idle.unsigned_abs())
    }
}

fn millis_since(start: Instant) -> i64 {
    i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_ready_once_it_says_so_and_until_it_waits_again() {
        let health = Health::default();
        let role = health.role("score");
        role.ready();
        assert_eq!(health.waiting().len(), 1);
        health.started();
        assert!(health.waiting().is_empty() && health.stuck().is_empty());
        role.waiting_for("its shards");
        assert_eq!(health.waiting(), ["score waits for its shards"]);
    }
}
