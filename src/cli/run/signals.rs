//! SIGTERM and SIGINT as a message. A second one ends the process at once.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use crossbeam_channel::{Receiver, bounded};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use super::super::Failure;

/// A receiver that hears the first signal.
///
/// # Errors
/// When the system does not let us listen.
pub fn stop_signals() -> Result<Receiver<()>, Failure> {
    listen().map_err(|error| Failure::of("cannot listen to signals", &error))
}

fn listen() -> std::io::Result<Receiver<()>> {
    let stopping = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag unset, and sets it.
        flag::register_conditional_shutdown(signal, 1, Arc::clone(&stopping))?;
        flag::register(signal, Arc::clone(&stopping))?;
    }
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let (sender, receiver) = bounded(1);
    let wait = move || {
        if signals.forever().next().is_some() {
            // Nobody listens any more when the process is about to end.
            let _ = sender.send(());
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(receiver)
}
