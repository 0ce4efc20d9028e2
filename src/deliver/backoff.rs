//! Pauses between tries: exponential with full jitter, so that what failed together does not come back together.
//! <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The longest pause after the first try.
    pub first: Duration,
    /// The longest pause at all.
    pub most: Duration,
}

impl Backoff {
    /// After so many tries; `dice` is evenly spread over 0..1.
    pub fn pause(&self, tries: u32, dice: f64) -> Duration {
        self.ceiling(tries).mul_f64(dice.clamp(0.0, 1.0))
    }

    fn ceiling(&self, tries: u32) -> Duration {
        let doubled = 2u32.checked_pow(tries.saturating_sub(1));
        let ceiling = doubled.and_then(|factor| self.first.checked_mul(factor));
        ceiling.unwrap_or(self.most).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        first: Duration::from_secs(1),
        most: Duration::from_secs(300),
    };

    #[test]
    fn the_ceiling_doubles_up_to_the_limit() {
        let ceilings: Vec<u64> = (1..=11).map(|tries| BACKOFF.pause(tries, 1.0).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(BACKOFF.pause(u32::MAX, 1.0).as_secs(), 300);
    }

    #[test]
    fn the_jitter_is_full() {
        assert_eq!(BACKOFF.pause(4, 0.0), Duration::ZERO);
        assert_eq!(BACKOFF.pause(4, 0.25), Duration::from_secs(2));
    }
}
