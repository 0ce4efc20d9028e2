//! Any bytes as entries of a shard's log: folded or refused, and what is refused changes nothing.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use pulsewatch::domain::entry::{EventBatch, decode, encode_model};
use pulsewatch::domain::outbox::Outputs;
use pulsewatch::domain::shard::{Shard, ShardRules};
use pulsewatch::domain::time::Timestamp;

fn model_entry() -> &'static [u8] {
    static ENTRY: OnceLock<Vec<u8>> = OnceLock::new();
    ENTRY.get_or_init(|| {
        let mut entry = Vec::new();
        encode_model(Timestamp::EARLIEST, include_str!("../../config/models/default.toml"), &mut entry);
        entry
    })
}

fuzz_target!(|data: &[u8]| {
    let mut batch = EventBatch::default();
    if decode(data, &mut batch).is_ok() {
        for account in 0..batch.accounts() {
            batch.account(data, account);
            batch.events_of(account).for_each(|event| drop(batch.fields(event).to_vec()));
        }
        batch.partitions(data).for_each(drop);
    }
    let (mut shard, mut out) = (Shard::new(0, ShardRules::default()), Outputs::default());
    shard.fold(0, model_entry(), &mut out).expect("the default model is sound");
    let meta = |shard: &Shard| {
        let mut meta = Vec::new();
        shard.encode_meta(&mut meta);
        meta
    };
    let before = meta(&shard);
    if shard.fold(1, data, &mut out).is_err() {
        assert_eq!(meta(&shard), before);
    }
});
