//! Invented events in the default wire format: the reference workload that performance is measured with, and
//! the demo's customers. The same seed gives the same bytes.

pub mod demo;
mod render;
pub mod sink;
pub mod workload;

use crate::domain::{event::Kind, time::Timestamp};

/// One message as it would stand in its source topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub kind: Kind,
    /// The account's id, which is the message key too.
    pub key: &'a str,
    /// JSON, without a line end.
    pub value: &'a [u8],
    pub time: Timestamp,
}

/// A bijection on 64 bits (the finaliser of SplitMix64): numbers in a row become ids and dice that look random.
const fn scramble(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
