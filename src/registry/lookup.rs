//! The thread that asks the registry, for as long as somebody may want a schema.

use std::sync::Weak;
use std::thread;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use tokio::runtime::{Builder, Runtime};

use super::client::{Client, ClientError, Failure};
use super::queue::{Queue, Turn};
use super::schemas::{Found, Schemas};

pub struct Lookup {
    client: Client,
    runtime: Runtime,
    /// What is asked for; closed when nobody is there any more.
    asked: Receiver<super::SchemaId>,
    schemas: Weak<Schemas>,
    queue: Queue,
}

impl Lookup {
    /// # Errors
    /// When no thread can be had.
    pub fn start(
        client: Client,
        asked: Receiver<super::SchemaId>,
        schemas: Weak<Schemas>,
        queue: Queue,
    ) -> Result<(), ClientError> {
        let lookup = Self {
            client,
            runtime: Builder::new_current_thread().enable_all().build()?,
            asked,
            schemas,
            queue,
        };
        let thread = thread::Builder::new().name("registry".to_owned());
        thread.spawn(move || lookup.run())?;
        Ok(())
    }

    fn run(mut self) {
        while self.wait() {
            let Some(turn) = self.queue.take(Instant::now()) else {
                continue;
            };
            let outcome = self.runtime.block_on(self.client.schema(turn.id));
            let Some(schemas) = self.schemas.upgrade() else { return };
            match outcome {
                Err(Failure::Away(reason)) => self.away(turn, reason, &schemas),
                definite => {
                    let found = match definite {
                        Ok(schema) => Found::Schema(schema),
                        Err(Failure::Unusable(reason)) => Found::Unusable(reason),
                        Err(_) => Found::Nothing,
                    };
                    tracing::info!(schema = %turn.id, "the schema registry answered: {found}");
                    schemas.put(turn.id, found);
                    self.queue.all_at_once(Instant::now());
                }
            }
        }
    }

    /// Until somebody's turn has come; `false` when nobody is there any more.
    fn wait(&mut self) -> bool {
        let now = Instant::now();
        let asked = match self.queue.until_due(now) {
            Some(pause) => self.asked.recv_timeout(pause),
            None => self.asked.recv().map_err(RecvTimeoutError::from),
        };
        match asked {
            Ok(id) => self.queue.put(id, now),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        true
    }

    fn away(&mut self, turn: Turn, reason: String, schemas: &Schemas) {
        let pause = self.queue.again(turn, Instant::now());
        tracing::warn!(
            schema = %turn.id,
            again_in_ms = pause.as_millis() as u64,
            "the schema registry is away, and records wait for it: {reason}"
        );
        schemas.away(reason);
    }
}
