//! The published checkpoint and the kept ones.

use super::{Fault, FaultKind, Report, Source, SourceError};
use crate::history;
use crate::note::{Checkpoint, VerifierKey};
use crate::tiler::CHECKPOINT;

/// A checkpoint, and where it was found.
pub(super) struct Head {
    pub(super) checkpoint: Checkpoint,
    file: &'static str,
    offset: u64,
}

impl Head {
    pub(super) fn fault(&self, message: &str) -> Fault {
        let message = format!("the checkpoint of {} records {message}", self.checkpoint.size);
        Fault::file(FaultKind::Consistency, self.file, &message).at(None, self.offset)
    }
}

pub(super) struct Heads {
    pub(super) published: Option<Checkpoint>,
    /// By size; all of them within the published one's.
    pub(super) kept: Vec<Head>,
}

/// Reads and checks the signatures of all checkpoints.
pub(super) fn collect(
    source: &mut dyn Source,
    key: &VerifierKey,
    known: &[Checkpoint],
    report: &mut Report,
) -> Result<Heads, SourceError> {
    let published = published(source, key, report)?;
    let mut kept = kept(source, key, report)?;
    let size = published.as_ref().map_or(0, |checkpoint| checkpoint.size);
    let contradicts = |last: &&Head| published.as_ref().is_some_and(|p| last.checkpoint != *p);
    if let Some(last) = kept.last().filter(contradicts) {
        report.fault(last.fault("is the last one kept, but another one is published"));
    }
    let from_reader = |checkpoint: &Checkpoint| Head {
        checkpoint: checkpoint.clone(),
        file: "the reader's own checkpoint",
        offset: 0,
    };
    kept.extend(known.iter().map(from_reader));
    for head in kept.iter().filter(|head| head.checkpoint.size > size) {
        report.fault(head.fault("is larger than the published one: the log was rolled back"));
    }
    for head in kept.iter().filter(|head| head.checkpoint.origin != key.name()) {
        report.fault(head.fault("is of another log"));
    }
    kept.retain(|head| head.checkpoint.size <= size);
    kept.sort_by_key(|head| head.checkpoint.size);
    Ok(Heads { published, kept })
}

fn published(
    source: &mut dyn Source,
    key: &VerifierKey,
    report: &mut Report,
) -> Result<Option<Checkpoint>, SourceError> {
    let Some(note) = source.read(CHECKPOINT)? else {
        report.fault(Fault::file(FaultKind::Checkpoint, CHECKPOINT, "is missing"));
        return Ok(None);
    };
    match Checkpoint::open(&note, key) {
        Ok(checkpoint) => Ok(Some(checkpoint)),
        Err(error) => {
            let fault = Fault::file(FaultKind::Checkpoint, CHECKPOINT, &error.to_string());
            report.fault(fault);
            Ok(None)
        }
    }
}

fn kept(
    source: &mut dyn Source,
    key: &VerifierKey,
    report: &mut Report,
) -> Result<Vec<Head>, SourceError> {
    let bytes = source.read(history::PATH)?;
    let mut kept: Vec<Head> = Vec::new();
    let fault = |offset: u64, message: &str| {
        Fault::file(FaultKind::Checkpoint, history::PATH, message).at(None, offset)
    };
    let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else {
        report.fault(Fault::file(FaultKind::Checkpoint, history::PATH, "is missing or empty"));
        return Ok(kept);
    };
    let (notes, torn) = history::split(&bytes);
    let mut offset = 0;
    for note in notes {
        match Checkpoint::open(note, key) {
            Ok(checkpoint) => {
                let before = kept.last().map(|head| &head.checkpoint);
                if before.is_some_and(|before| before.size >= checkpoint.size) {
                    report.fault(fault(offset, "the kept checkpoints are out of order"));
                }
                kept.push(Head { checkpoint, file: history::PATH, offset });
            }
            Err(error) => report.fault(fault(offset, &error.to_string())),
        }
        offset += note.len() as u64 + 1;
    }
    if !torn.is_empty() {
        report.fault(fault(offset, "the last kept checkpoint is cut short"));
    }
    Ok(kept)
}
