//! Looks at the service about once a second, on a thread of its own.

use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use tokio::runtime;

use super::answers::Answer;
use super::client::{Client, Trouble};
use super::wanted::Wanted;
use crate::cli::Failure;

const EVERY: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// The thread; it ends when this is dropped.
pub struct Fetcher {
    pub wanted: Sender<Wanted>,
    pub answers: Receiver<Result<Answer, Trouble>>,
}

impl Fetcher {
    /// `began` is what the times of answers are counted from.
    pub fn start(client: Client, wanted: Wanted, began: Instant) -> Result<Self, Failure> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::of("cannot start the network", &error))?;
        let (wanted_sender, changes) = unbounded();
        let (sender, answers) = unbounded();
        let look = move |wanted: &Wanted| {
            let answer = runtime.block_on(client.look(wanted));
            answer.map(|answer| Answer {
                at: began.elapsed(),
                ..answer
            })
        };
        let body = move || go_on(look, wanted, &changes, &sender);
        let thread = thread::Builder::new().name("fetch".to_owned()).spawn(body);
        thread.map_err(|error| Failure::of("cannot start a thread", &error))?;
        Ok(Self {
            wanted: wanted_sender,
            answers,
        })
    }
}

/// Until nobody listens. What is wanted anew is asked for at once.
fn go_on(
    look: impl Fn(&Wanted) -> Result<Answer, Trouble>,
    mut wanted: Wanted,
    changes: &Receiver<Wanted>,
    answers: &Sender<Result<Answer, Trouble>>,
) {
    let mut pause = EVERY;
    loop {
        let outcome = look(&wanted);
        pause = match outcome {
            Ok(_) => EVERY,
            Err(_) => (pause * 2).min(LONGEST_PAUSE),
        };
        if answers.send(outcome).is_err() {
            return;
        }
        match changes.recv_timeout(pause) {
            Ok(change) => wanted = changes.try_iter().last().unwrap_or(change),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::cli::top::filter::Filter;

    #[test]
    fn what_is_wanted_anew_is_asked_for_at_once_and_only_the_newest() {
        let wanted = |text: &str| Wanted::of(Filter::parse(text).unwrap());
        let (changes, changed) = unbounded();
        let (sender, answers) = unbounded();
        for text in ["band:red", "owner:kam"] {
            changes.send(wanted(text)).unwrap();
        }
        let (asked, answers) = (RefCell::new(Vec::new()), RefCell::new(Some(answers)));
        let look = |wanted: &Wanted| {
            asked.borrow_mut().push(wanted.filter.text.clone());
            if asked.borrow().len() == 2 {
                answers.take();
            }
            Err(Trouble::NoApi { url: String::new() })
        };
        go_on(look, wanted(""), &changed, &sender);
        assert_eq!(*asked.borrow(), ["", "owner:kam"]);
    }
}
