//! What should have come out: the same shard logs, folded once, in process, with nothing in the way.

use std::collections::BTreeMap;

use pulsewatch::domain::{
    outbox::Outputs,
    shard::{AccountView, Shard, ShardRules},
};

use super::{kafka::Record, service::Installation, wait_until};

/// An output as its readers know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub id: String,
    pub event_type: String,
    pub value: Vec<u8>,
}

/// Outputs in their order, by account.
pub type OutputsByKey = BTreeMap<String, Vec<Output>>;

pub struct Undisturbed {
    pub outputs: OutputsByKey,
    pub shards: Vec<FoldedShard>,
}

/// What a checkpoint of the shard holds.
pub struct FoldedShard {
    pub meta: Vec<u8>,
    pub accounts: BTreeMap<String, Vec<u8>>,
    /// Source records that were folded or known by their id; what ingest wrote twice counts once.
    pub events: u64,
    /// Every account as a person sees it.
    pub views: Vec<AccountView>,
}

/// Folds each shard's log up to what the installation has committed.
pub fn fold(installation: &Installation) -> Undisturbed {
    fold_to(installation, &installation.committed())
}

/// Folds each shard's log up to an offset, the next one to be folded.
fn fold_to(installation: &Installation, ends: &[i64]) -> Undisturbed {
    let rules = ShardRules {
        catch_up_emit: installation.setting("catch_up.emit") == "true",
        ..ShardRules::default()
    };
    let log = installation.kafka.read(installation.log_topic());
    let (mut outputs, mut shards) = (OutputsByKey::new(), Vec::new());
    for (index, &end) in ends.iter().enumerate() {
        let mut shard = Shard::new(index as u32, rules);
        let mut out = Outputs::default();
        let entries = log
            .iter()
            .filter(|entry| entry.partition as usize == index && entry.offset < end);
        for entry in entries {
            shard
                .fold(entry.offset, entry.value.as_deref().unwrap_or_default(), &mut out)
                .unwrap();
            for output in out.iter() {
                outputs.entry(output.subject.to_owned()).or_default().push(Output {
                    id: output.id.to_owned(),
                    event_type: output.event_type.to_owned(),
                    value: output.value.to_owned(),
                });
            }
            out.clear();
        }
        shards.push(FoldedShard::of(&mut shard));
    }
    Undisturbed { outputs, shards }
}

impl FoldedShard {
    fn of(shard: &mut Shard) -> Self {
        let (mut meta, mut accounts) = (Vec::new(), BTreeMap::new());
        shard.encode_meta(&mut meta);
        shard.drain_changed(usize::MAX, &mut |account: &str, _, blob: &[u8]| {
            accounts.insert(account.to_owned(), blob.to_owned());
        });
        let counters = shard.take_counters();
        Self {
            meta,
            accounts,
            events: counters.folded.iter().sum::<u64>() + counters.duplicate,
            views: shard.views(None).collect(),
        }
    }
}

/// How many source records are in the installation's state, each counted once.
pub fn events_taken(installation: &Installation) -> u64 {
    fold(installation).shards.iter().map(|shard| shard.events).sum()
}

/// I2: each source record is in the logs, and counts once.
pub fn assert_each_is_taken_once(installation: &Installation, sent: u64) {
    assert_eq!(events_taken(installation), sent, "I2: each source record once");
}

/// What a `read_committed` reader of the outputs sees, topic after topic.
pub fn published(installation: &Installation) -> OutputsByKey {
    let mut outputs = OutputsByKey::new();
    for (_, of_topic) in published_by_topic(installation) {
        of_topic
            .into_iter()
            .for_each(|(key, more)| outputs.entry(key).or_default().extend(more));
    }
    outputs
}

fn published_by_topic(installation: &Installation) -> Vec<(String, OutputsByKey)> {
    let topics = installation.outputs();
    let read = topics
        .all()
        .map(|topic| (topic.to_owned(), published_to(installation, topic)));
    read.collect()
}

fn published_to(installation: &Installation, topic: &str) -> OutputsByKey {
    let mut outputs = OutputsByKey::new();
    for record in installation.kafka.read(topic) {
        let key = String::from_utf8(record.key.clone().unwrap_or_default()).unwrap();
        outputs.entry(key).or_default().push(output_of(&record));
    }
    outputs
}

fn output_of(record: &Record) -> Output {
    Output {
        id: record.text_header("ce_id").to_owned(),
        event_type: record.text_header("ce_type").to_owned(),
        value: record.value.clone().unwrap_or_default(),
    }
}

/// Those of the outputs that go to this topic.
fn belonging_to(topic: &str, installation: &Installation, outputs: &OutputsByKey) -> OutputsByKey {
    let topics = installation.outputs();
    let of_topic = outputs.iter().map(|(key, outputs)| {
        let outputs = outputs.iter().filter(|output| topics.of(&output.event_type) == topic);
        (key.clone(), outputs.cloned().collect())
    });
    of_topic.collect()
}

/// I3: no output is missing, none is there twice, none is foreign, and each is byte for byte what it should be, in order.
pub fn assert_outputs(expected: &OutputsByKey, published: &OutputsByKey) {
    let count = |outputs: &OutputsByKey| outputs.values().map(Vec::len).sum::<usize>();
    for (key, expected) in expected {
        let published = published.get(key).map(Vec::as_slice).unwrap_or_default();
        for (at, output) in expected.iter().enumerate() {
            let found = published.get(at);
            assert!(
                found == Some(output),
                "output {at} of {key}:\nexpected {}\nfound    {}\n(of {} and {})",
                shown(Some(output)),
                shown(found),
                expected.len(),
                published.len()
            );
        }
        assert_eq!(
            published.len(),
            expected.len(),
            "{key} has outputs that it should not have: {}",
            shown(published.last())
        );
    }
    assert_eq!(count(published), count(expected), "outputs of accounts that have none");
}

fn shown(output: Option<&Output>) -> String {
    output.map_or("none".to_owned(), |output| {
        format!(
            "{} {} {}",
            output.id,
            output.event_type,
            String::from_utf8_lossy(&output.value)
        )
    })
}

/// I1 and I4: what Redis holds is what the fold holds.
fn assert_state(expected: &Undisturbed, stored: &[StoredShard]) {
    for (index, (expected, stored)) in expected.shards.iter().zip(stored).enumerate() {
        let names = |accounts: &BTreeMap<String, Vec<u8>>| accounts.keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            names(&stored.accounts),
            names(&expected.accounts),
            "accounts of shard {index}"
        );
        for (account, blob) in &expected.accounts {
            assert!(
                stored.accounts[account] == *blob,
                "the state of {account} in shard {index} is another"
            );
        }
        assert!(
            stored.meta == expected.meta,
            "the meta state of shard {index} is another"
        );
    }
}

struct StoredShard {
    meta: Vec<u8>,
    accounts: BTreeMap<String, Vec<u8>>,
}

/// The checkpoints, once they reflect just what is committed; and what that is.
fn settled_state(installation: &Installation) -> (Vec<i64>, Vec<StoredShard>) {
    let mut store = installation.store();
    let mut last = Vec::new();
    let what = format!("the checkpoints of {} to reach what is committed", installation.name);
    wait_until(&what, || {
        let committed = installation.committed();
        let shards = 0..committed.len() as u32;
        let reached = shards.map(|shard| store.load_meta(shard).unwrap().map_or(0, |meta| meta.offset + 1));
        let reached: Vec<i64> = reached.collect();
        if reached != last {
            println!("checkpoints reach {reached:?} of {committed:?}");
            last.clone_from(&reached);
        }
        (reached == committed).then_some(())
    });
    let committed = installation.committed();
    let stored = (0..committed.len() as u32).map(|shard| {
        let mut accounts = BTreeMap::new();
        let mut keep = |account: &str, blob: &[u8]| {
            accounts.insert(account.to_owned(), blob.to_owned());
        };
        store.load_accounts(shard, &mut keep).unwrap();
        let meta = store.load_meta(shard).unwrap().unwrap_or_default();
        StoredShard {
            meta: meta.blob,
            accounts,
        }
    });
    (committed.clone(), stored.collect())
}

/// Outputs and state, after the installation was idle or has ended. Gives how many outputs there were.
pub fn assert_as_undisturbed(installation: &Installation) -> usize {
    // A tick may come at any time: what is compared must belong together.
    let (committed, stored, published) = wait_until("the installation to stand still", || {
        let (committed, stored) = settled_state(installation);
        // The offset may be known to be committed a moment before the outputs are.
        if !installation.outputs_are_committed() {
            return None;
        }
        let published = published_by_topic(installation);
        (installation.committed() == committed).then_some((committed, stored, published))
    });
    let expected = fold_to(installation, &committed);
    for (topic, published) in &published {
        assert_outputs(&belonging_to(topic, installation, &expected.outputs), published);
    }
    assert_state(&expected, &stored);
    expected.outputs.values().map(Vec::len).sum()
}

/// Score, coverage, band, and the values and scores of the indicators of every account, as JSON.
pub fn scores(undisturbed: &Undisturbed) -> BTreeMap<String, serde_json::Value> {
    let views = undisturbed.shards.iter().flat_map(|shard| &shard.views);
    let score = |view: &AccountView| {
        let mut json = serde_json::to_value(view).unwrap();
        json.as_object_mut()
            .unwrap()
            .retain(|key, _| ["score", "coverage", "band", "indicators"].contains(&key.as_str()));
        json
    };
    views.map(|view| (view.account.clone(), score(view))).collect()
}
