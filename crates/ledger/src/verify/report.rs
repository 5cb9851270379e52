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
    /// The beginning was dropped by retention, as the log states under its key; everything else fits.
    Retained,
    /// What the checkpoint covers fits; records after it are not proved by anything.
    EndUnproven,
    /// Hashes and checkpoints fit; the records could not be read from where the log was read.
    HashesOnly,
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
    /// A witness's cosignature that does not fit, or is not there.
    Witness,
    /// A byte of an evidence bundle that is not as the rest makes it.
    Bundle,
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

/// What a witness has seen, by its cosignatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witnessed {
    /// The witness's verifier key.
    pub key: String,
    /// The largest size that it cosigned.
    pub size: u64,
    /// When it cosigned that, in seconds since the epoch.
    pub time: u64,
    /// Cosigned checkpoints that fit the records.
    pub checkpoints: u64,
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
    /// Records that the published checkpoint covers.
    pub size: u64,
    /// Those of them that were read and are proved by it; none where something does not fit.
    pub proven: u64,
    /// Those of them that are known here by their hashes alone.
    pub by_hash: u64,
    /// Records before this one were dropped by retention, says the log; 0 where none were.
    pub dropped: u64,
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
    /// The reader's witnesses that cosigned, in the reader's order.
    pub witnesses: Vec<Witnessed>,
    /// In words, what this verification does not show.
    pub not_proved: Vec<String>,
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

    pub(crate) fn unproved(&mut self, what: String) {
        if self.not_proved.len() < MAX_FAULTS {
            self.not_proved.push(what);
        }
    }

    pub(crate) fn finished(mut self) -> Self {
        self.verdict = match (self.fault_count, self.unproven + self.torn_bytes, self.by_hash) {
            (0, 0, 0) => Verdict::Verified,
            (0, 0, hashes) if hashes == self.size => Verdict::HashesOnly,
            (0, 0, _) if self.dropped > 0 => Verdict::Retained,
            (0, 0, _) => Verdict::Verified,
            (0, _, _) => Verdict::EndUnproven,
            _ => Verdict::Failed,
        };
        self.state_limits();
        self
    }

    /// Says what even a verification without a fault leaves open.
    fn state_limits(&mut self) {
        if !self.is_key_trusted {
            self.unproved("who wrote the log: the key came from the log itself".to_owned());
        }
        if self.dropped > 0 {
            let first = self.dropped;
            self.unproved(format!("what the records before {first} said: retention dropped them"));
        }
        if self.by_hash > 0 {
            let what = format!("what {} records say: only their hashes are here", self.by_hash);
            self.unproved(what);
        }
        if self.unproven > 0 {
            let what = format!("{} records that follow the last checkpoint", self.unproven);
            self.unproved(what);
        }
        if self.torn_bytes > 0 {
            let what = format!("{} bytes that follow the last whole record", self.torn_bytes);
            self.unproved(what);
        }
        let behind: Vec<_> = self.witnesses.iter().filter(|seen| seen.size < self.size).collect();
        let behind = behind.iter().map(|seen| {
            let name = seen.key.split('+').next().unwrap_or_default();
            format!("records from {} on to the witness {name}: it had not seen them", seen.size)
        });
        let behind: Vec<String> = behind.collect();
        behind.into_iter().for_each(|what| self.unproved(what));
        self.unproved(format!(
            "that nothing was written after the {} records of the checkpoint",
            self.size
        ));
    }
}
