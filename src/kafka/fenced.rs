//! What it means that a static member was fenced.

use std::time::{Duration, Instant};

/// Two processes of one name fence each other as soon as each has joined again.
const RIVALS_RETURN_WITHIN: Duration = Duration::from_secs(60);

/// `FENCED_INSTANCE_ID` has two causes. Another process may run with the same instance name; or the answer to a member's own join
/// was lost with a broker, it joined again, and what was still on its way under the first membership is refused. The client
/// cannot tell them apart, and is dead either way. Joining anew ends the second, and the first comes back at once.
#[derive(Debug, Default)]
pub struct Fenced {
    last: Option<Instant>,
}

impl Fenced {
    /// To be called when it happened: whether to join anew.
    pub fn is_worth_another_try(&mut self) -> bool {
        let last = self.last.replace(Instant::now());
        last.is_none_or(|last| last.elapsed() > RIVALS_RETURN_WITHIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rival_is_found_out_at_the_second_time() {
        let mut fenced = Fenced::default();
        assert!(fenced.is_worth_another_try());
        assert!(!fenced.is_worth_another_try());
    }
}
