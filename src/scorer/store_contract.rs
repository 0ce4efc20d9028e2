//! What every checkpoint store promises, as one test that each implementation runs.

use super::store::{AccountBatch, CheckpointStore, Meta, MetaWrite};

fn blob(offset: i64, rest: &[u8]) -> Vec<u8> {
    [&[1], offset.to_le_bytes().as_slice(), rest].concat()
}

fn batch(accounts: &[(&str, Vec<u8>)]) -> AccountBatch {
    let mut batch = AccountBatch::default();
    for (account, blob) in accounts {
        batch.push(account, blob);
    }
    batch
}

fn meta(offset: i64) -> Meta {
    Meta {
        offset,
        accounts: 2,
        blob: vec![0, 255, 13, 10, 7],
    }
}

/// Panics where `store`, empty for shards 0 and 1, breaks a promise of [`CheckpointStore`].
pub fn check(store: &mut dyn CheckpointStore) {
    assert_eq!(store.load_meta(0).unwrap(), None);
    assert_eq!(
        store
            .load_accounts(0, &mut |_, _| panic!("an account out of nothing"))
            .unwrap(),
        0
    );

    let (first, second) = (blob(5, b"first\0\r\n\xff"), blob(1 << 40, b""));
    store
        .write_accounts(0, &batch(&[("a", first.clone()), ("b c:{d}", second.clone())]))
        .unwrap();
    assert_eq!(store.write_meta(0, None, &meta(7)).unwrap(), MetaWrite::Written);
    assert_eq!(store.load_meta(0).unwrap(), Some(meta(7)));
    assert_eq!(store.load_account(0, "a").unwrap(), Some(first.clone()));
    assert_eq!(store.load_account(0, "nobody").unwrap(), None);
    assert_eq!(store.load_account(1, "a").unwrap(), None, "shards are apart");

    // A stored blob that is newer stays; an equal or older one gives way.
    store
        .write_accounts(
            0,
            &batch(&[("a", blob(4, b"late")), ("b c:{d}", blob(1 << 41, b"new"))]),
        )
        .unwrap();
    let mut loaded = Vec::new();
    let count = store
        .load_accounts(0, &mut |account, blob| loaded.push((account.to_owned(), blob.to_vec())))
        .unwrap();
    loaded.sort();
    assert_eq!(count, 2);
    assert_eq!(
        loaded,
        [("a".to_owned(), first), ("b c:{d}".to_owned(), blob(1 << 41, b"new"))]
    );

    // Meta goes forward only, and a loss is noticed.
    assert_eq!(
        store.write_meta(0, Some(7), &meta(7)).unwrap(),
        MetaWrite::Written,
        "repeated by the client"
    );
    assert_eq!(store.write_meta(0, Some(7), &meta(9)).unwrap(), MetaWrite::Written);
    assert_eq!(store.write_meta(0, Some(7), &meta(8)).unwrap(), MetaWrite::NewerKept);
    assert_eq!(
        store.write_meta(0, Some(11), &meta(12)).unwrap(),
        MetaWrite::Lost,
        "an older one is there"
    );
    assert_eq!(store.load_meta(0).unwrap(), Some(meta(9)));
    store.clear(0).unwrap();
    assert_eq!(store.load_account(0, "b c:{d}").unwrap(), None);
    assert_eq!(
        store.write_meta(0, Some(9), &meta(10)).unwrap(),
        MetaWrite::Lost,
        "it is gone"
    );
    assert_eq!(store.load_meta(0).unwrap(), None);
}
