//! How a log behaves, and the named bounds of what may grow.

use std::time::Duration;

/// When an append is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// After its record is on the disk. Nothing acknowledged is ever lost.
    BeforeAnswer,
    /// At once; the disk is synced this often. A crash of the machine loses up to this much.
    Interval(Duration),
}

/// Options of one log.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of a segment file. It is filled with zeros ahead, so that a sync has no metadata
    /// to write; a batch larger than this still goes into one segment.
    pub segment_bytes: u64,
    pub durability: Durability,
    /// How often a checkpoint is signed when something changed.
    pub checkpoint_every: Duration,
    /// The log's identity: the first line of each checkpoint, and the name of its key.
    pub origin: String,
    /// Appends wait while more bytes than this wait for the disk.
    pub max_pending_bytes: usize,
    /// The file of kept checkpoints is thinned when it outgrows this.
    pub max_history_bytes: u64,
}

impl Options {
    /// The defaults, for a log of this identity.
    pub fn new(origin: &str) -> Self {
        Self {
            segment_bytes: 16 << 20,
            durability: Durability::BeforeAnswer,
            checkpoint_every: Duration::from_secs(1),
            origin: origin.to_owned(),
            max_pending_bytes: 4 << 20,
            max_history_bytes: 4 << 20,
        }
    }
}
