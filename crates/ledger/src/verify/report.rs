//! What a verification found.

use serde::Serialize;

/// Faults beyond this are counted, not listed.
pub const MAX_FAULTS: usize = 100;

/// In one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every record is covered by a checkpoint, and everything fits.
    Verified,
    /// What the checkpoint covers fits; records after it are not proved by anything.
    EndUnproven,
    #[default]
    Failed,
}

/// What kind of thing does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    Key,
    Checkpoint,
    /// A kept checkpoint and the records, or two checkpoints, contradict each other.
    Consistency,
    Entry,
    Tile,
    Segment,
    /// A record's second phase without, or before, its first.
    Phase,
}

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub kind: FaultKind,
    /// The record, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Relative to the log's folder.
    pub file: String,
    /// Byte in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    pub message: String,
}

impl Fault {
    pub(crate) fn file(kind: FaultKind, file: &str, message: &str) -> Self {
        Self { kind, index: None, file: file.to_owned(), offset: None, message: message.to_owned() }
    }

    pub(crate) fn at(self, index: Option<u64>, offset: u64) -> Self {
        Self { index, offset: Some(offset), ..self }
    }
}

/// The outcome of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub verdict: Verdict,
    pub origin: String,
    /// The verifier key that was used.
    pub key: String,
    /// Whether that key came from the reader and not from the log itself.
    pub is_key_trusted: bool,
    /// Records that are proved by the published checkpoint.
    pub proven: u64,
    /// Whole records in the segments after the last checkpoint. They may be genuine; nothing shows it.
    pub unproven: u64,
    /// Bytes after the last whole record: an unfinished write, or what is left of damage.
    pub torn_bytes: u64,
    /// Root of the published checkpoint, in hex.
    pub root: String,
    /// Kept checkpoints whose root is that of their records.
    pub checkpoints: u64,
    /// Records in the segments that were held against the entries; fewer than `proven` where
    /// there are no segments to read, as over HTTP.
    pub compared_with_segments: u64,
    /// Actions that were begun and have no second record, oldest first, at most [`MAX_FAULTS`].
    pub unfinished: Vec<String>,
    pub unfinished_count: u64,
    /// The first ones found, in the order of the records; see `fault_count`.
    pub faults: Vec<Fault>,
    pub fault_count: u64,
}

impl Report {
    pub(crate) fn fault(&mut self, fault: Fault) {
        self.fault_count += 1;
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        }
    }

    /// The bad record with the lowest index, if a fault names one.
    pub fn first_bad_record(&self) -> Option<&Fault> {
        self.faults.iter().filter(|fault| fault.index.is_some()).min_by_key(|fault| fault.index)
    }

    pub(crate) fn finished(mut self) -> Self {
        self.verdict = match (self.fault_count, self.unproven + self.torn_bytes) {
            (0, 0) => Verdict::Verified,
            (0, _) => Verdict::EndUnproven,
            _ => Verdict::Failed,
        };
        self
    }
}
