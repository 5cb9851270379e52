//! What can go wrong with a log, said so that an operator knows what to do.

use std::io;

/// Why the log did not do what was asked. Cheap to clone: one failure answers many waiters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Final until the log is opened again or revived: what was written after an error is not known.
    #[error(
        "the log stopped: {operation} {file} failed ({reason}); mend the disk, nothing is accepted until then"
    )]
    Stopped { operation: &'static str, file: String, reason: String },
    #[error("the log is closed")]
    Closed,
    #[error("another process writes this log ({0}); stop it first")]
    Locked(String),
    #[error("a record has 1 to {max} bytes; this one has {0}", max = model::MAX_RECORD_BYTES)]
    RecordSize(usize),
    #[error("too many records wait for the disk ({0} bytes); slow down and append again")]
    Full(usize),
    /// Not a torn tail: these bytes had been acknowledged.
    #[error(
        "{file} is damaged at byte {offset}: {what}; restore it from a copy, the log will not cut it off"
    )]
    Corrupt { file: String, offset: u64, what: String },
    /// The segments end before what a checkpoint has signed: a rolled-back copy.
    #[error(
        "the checkpoint covers {signed} records and the segments hold fewer; restore the missing segments"
    )]
    RolledBack { signed: u64 },
    /// Their hashes are still in the tree.
    #[error("retention dropped the records before {first}")]
    Dropped { first: u64 },
    #[error("{file}: {reason}")]
    Checkpoint { file: String, reason: String },
    #[error("{operation} {file} failed: {reason}")]
    Io { operation: &'static str, file: String, reason: String },
}

impl LogError {
    pub(crate) fn io(operation: &'static str, file: &str, error: &io::Error) -> Self {
        Self::Io { operation, file: file.to_owned(), reason: error.to_string() }
    }

    pub(crate) fn corrupt(file: &str, offset: u64, what: &str) -> Self {
        Self::Corrupt { file: file.to_owned(), offset, what: what.to_owned() }
    }

    /// The same failure, once it has stopped the log.
    pub(crate) fn stopping(self) -> Self {
        match self {
            Self::Io { operation, file, reason } => Self::Stopped { operation, file, reason },
            other => other,
        }
    }
}
