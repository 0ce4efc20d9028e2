//! `pulsewatch snapshot`: the checkpoints of all shards in a file, for when both Redis and the beginning of the log are gone.

mod file;
mod restore;
mod save;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use file::Head;
pub use restore::restore;
pub use save::save;

use super::error::ScorerError;
use super::store::StoreError;

/// What is in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    pub head: Head,
    pub shards: Vec<ShardContents>,
}

/// A shard's checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardContents {
    pub shard: u32,
    /// The last log offset that it reflects.
    pub offset: i64,
    pub accounts: u64,
}

#[derive(Debug, Error)]
pub enum SnapshotError {
    #[error("{}: {cause}", .path.display())]
    File { path: PathBuf, cause: io::Error },
    #[error("{} is no snapshot, or it is cut off or damaged: {cause}", .path.display())]
    Damaged { path: PathBuf, cause: String },
    #[error("{} is of version {found}; this build knows {known}", .path.display(), known = file::VERSION)]
    Version { path: PathBuf, found: u8 },
    #[error(
        "{} is of another installation: app.name {:?}, log.topic {:?}, log.shards {}", .path.display(), .head.app, .head.log_topic, .head.shards
    )]
    Foreign { path: PathBuf, head: Head },
    #[error(
        "shard {shard}: the checkpoint has lost accounts ({found} of {expected} are there). Run: pulsewatch rebuild --shard {shard}"
    )]
    AccountsLost { shard: u32, found: u64, expected: u64 },
    #[error("there is no checkpoint yet: nothing is to be saved")]
    Nothing,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Scorer(#[from] ScorerError),
}

impl SnapshotError {
    fn of_file(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |cause| Self::File {
            path: path.to_owned(),
            cause,
        }
    }
}
