//! Segments: accounts with the same value of an attribute, watched as one subject.
//!
//! Every shard keeps the sums of its own accounts, and says at each boundary of event time what they are. A segment has one
//! home shard, which adds up what the shards say and runs the rules.
//!
//! | part | is |
//! |---|---|
//! | `contribution` | what one account adds to its segments, as the account remembers it |
//! | `sums` | the exact sums of a segment's accounts |
//! | `tallies` | the sums of one shard's accounts |
//! | `partial` | what a shard says of its segments, as a log entry carries it |
//! | `numbers` | what people read: means, shares, the change |
//! | `history`, `day` | a segment's numbers day by day, and what is shown of them |
//! | `home` | the segments whose home a shard is |
//! | `origins` | what the shards have said, boundary by boundary |
//! | `standing` | where one segment stands |
//! | `rules` | the alerts of a segment |
//! | `message` | what is sent of a segment |

pub mod contribution;
pub mod day;
pub mod history;
pub mod home;
mod message;
pub mod numbers;
mod origins;
pub mod partial;
mod rules;
mod standing;
pub mod sums;
pub mod tallies;

use super::hash::shard_of;

/// Segments of one attribute that a shard tells apart; the accounts of further ones are summed up as [`OTHER`].
pub const MAX_SEGMENTS: usize = 256;
pub const OTHER: &str = "other";

/// What a segment is called as a subject: `segment=students`.
pub fn subject(attribute: &str, name: &str) -> String {
    format!("{attribute}={name}")
}

/// The shard that is home to a segment, `0..shards`.
pub fn home_of(attribute: &str, name: &str, shards: u32) -> u32 {
    shard_of(&subject(attribute, name), shards)
}
