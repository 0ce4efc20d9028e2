//! The schemas that are known, shared between who reads records and the thread that asks the registry.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, unbounded};

use super::client::{Client, ClientError};
use super::frame::SchemaId;
use super::lookup::Lookup;
use super::metrics::RegistryMetrics;
use super::queue::Queue;
use super::schema::Schema;
use super::settings::Settings;

/// After so long it is asked again whether the registry still does not know an id: it may be a copy that lags behind.
const FORGET_NOTHING_AFTER: Duration = Duration::from_secs(60);

/// What the registry has said of an id.
#[derive(Clone)]
pub enum Known {
    Schema(Arc<Schema>),
    /// It has no such schema.
    Nothing,
    /// It has one that nothing can be read with, and why.
    Unusable(Arc<str>),
}

/// The same as it comes from the registry.
pub enum Found {
    Schema(Schema),
    Nothing,
    Unusable(String),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema(_) => f.write_str("here it is"),
            Self::Nothing => f.write_str("it has none"),
            Self::Unusable(reason) => write!(f, "one that cannot be used: {reason}"),
        }
    }
}

pub struct Schemas {
    cache: Mutex<Cache>,
    asked: Sender<SchemaId>,
    /// Why the registry has not answered.
    trouble: Mutex<Option<String>>,
    metrics: RegistryMetrics,
}

struct Cache {
    slots: HashMap<SchemaId, Slot>,
    most: usize,
    /// Counts uses.
    now: u64,
}

struct Slot {
    /// `None` while the registry is asked.
    known: Option<Known>,
    since: Instant,
    used: u64,
}

impl Schemas {
    /// Starts a thread that asks the registry, until this is dropped.
    ///
    /// # Errors
    /// When that cannot be.
    pub fn start(settings: &Settings, metrics: RegistryMetrics) -> Result<Arc<Self>, ClientError> {
        let client = Client::new(settings, metrics.clone())?;
        let (asked, asking) = unbounded();
        let schemas = Arc::new(Self::with(asked, settings.schemas, metrics));
        let queue = Queue::new(settings.retry_most);
        Lookup::start(client, asking, Arc::downgrade(&schemas), queue)?;
        Ok(schemas)
    }

    /// Without a registry: what is asked for comes out, and [`Schemas::put`] answers.
    #[cfg(test)]
    pub fn by_hand() -> (Arc<Self>, crossbeam_channel::Receiver<SchemaId>) {
        let (asked, asking) = unbounded();
        let metrics = RegistryMetrics::new(&prometheus::Registry::new()).unwrap();
        (Arc::new(Self::with(asked, 100, metrics)), asking)
    }

    fn with(asked: Sender<SchemaId>, most: usize, metrics: RegistryMetrics) -> Self {
        Self {
            cache: Mutex::new(Cache {
                slots: HashMap::new(),
                most,
                now: 0,
            }),
            asked,
            trouble: Mutex::default(),
            metrics,
        }
    }

    /// What is known of the id. `None`: nothing yet; the registry is being asked.
    pub fn get(&self, id: SchemaId) -> Option<Known> {
        let mut cache = self.cache();
        cache.now += 1;
        let now = cache.now;
        if let Some(slot) = cache.slots.get_mut(&id) {
            slot.used = now;
            if !slot.is_stale() {
                return slot.known.clone();
            }
        }
        cache.put(id, None);
        drop(cache);
        // The thread lives as long as this does.
        let _ = self.asked.send(id);
        None
    }

    /// Why the registry does not answer, while it does not.
    pub fn trouble(&self) -> Option<String> {
        lock(&self.trouble).clone()
    }

    /// The registry has answered.
    pub(crate) fn put(&self, id: SchemaId, found: Found) {
        let known = match found {
            Found::Schema(schema) => Known::Schema(Arc::new(schema)),
            Found::Nothing => Known::Nothing,
            Found::Unusable(reason) => Known::Unusable(reason.into()),
        };
        let mut cache = self.cache();
        cache.put(id, Some(known));
        self.metrics.schemas.set(cache.slots.len() as i64);
        drop(cache);
        *lock(&self.trouble) = None;
    }

    pub(crate) fn away(&self, reason: String) {
        *lock(&self.trouble) = Some(reason);
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        lock(&self.cache)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slot {
    fn is_stale(&self) -> bool {
        matches!(self.known, Some(Known::Nothing | Known::Unusable(_))) && self.since.elapsed() >= FORGET_NOTHING_AFTER
    }
}

impl Cache {
    /// In place of the one that was used longest ago, if there is no room.
    fn put(&mut self, id: SchemaId, known: Option<Known>) {
        if self.slots.len() >= self.most && !self.slots.contains_key(&id) {
            let oldest = self.slots.iter().min_by_key(|(_, slot)| slot.used).map(|(id, _)| *id);
            oldest.and_then(|oldest| self.slots.remove(&oldest));
        }
        let slot = Slot {
            known,
            since: Instant::now(),
            used: self.now,
        };
        self.slots.insert(id, slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schemas(most: usize) -> (Schemas, crossbeam_channel::Receiver<SchemaId>) {
        let (asked, asking) = unbounded();
        let metrics = RegistryMetrics::new(&prometheus::Registry::new()).unwrap();
        (Schemas::with(asked, most, metrics), asking)
    }

    #[test]
    fn an_id_is_asked_for_once() {
        let (schemas, asking) = schemas(10);
        assert!(schemas.get(SchemaId(7)).is_none() && schemas.get(SchemaId(7)).is_none());
        assert_eq!(asking.try_iter().collect::<Vec<_>>(), [SchemaId(7)]);
        schemas.away("connection refused".to_owned());
        assert_eq!(schemas.trouble().as_deref(), Some("connection refused"));
        schemas.put(SchemaId(7), Found::Schema(Schema::Json));
        assert!(matches!(schemas.get(SchemaId(7)), Some(Known::Schema(_))));
        assert_eq!((schemas.trouble(), asking.try_iter().count()), (None, 0));
    }

    #[test]
    fn the_one_that_was_used_longest_ago_makes_room() {
        let (schemas, asking) = schemas(2);
        for id in [1, 2] {
            schemas.get(SchemaId(id));
            schemas.put(SchemaId(id), Found::Nothing);
        }
        schemas.get(SchemaId(1));
        schemas.get(SchemaId(3));
        schemas.put(SchemaId(3), Found::Unusable("odd".to_owned()));
        asking.try_iter().for_each(drop);
        assert!(schemas.get(SchemaId(1)).is_some() && schemas.get(SchemaId(3)).is_some());
        assert!(schemas.get(SchemaId(2)).is_none());
        assert_eq!(asking.try_iter().collect::<Vec<_>>(), [SchemaId(2)]);
        assert_eq!(schemas.metrics.schemas.get(), 2);
    }
}
