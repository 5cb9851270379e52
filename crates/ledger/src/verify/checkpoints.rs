//! The published checkpoint and the kept ones.

use super::{Fault, FaultKind, Part, Report, Source, SourceError};
use crate::history;
use crate::note::{Checkpoint, VerifierKey};
use crate::tiler::CHECKPOINT;

/// Where a checkpoint of the reader's stands, in faults.
const READER: &str = "the reader's own checkpoint";

/// A checkpoint, and where it was found.
pub(super) struct Head {
    pub(super) checkpoint: Checkpoint,
    file: &'static str,
    offset: u64,
}

impl Head {
    pub(super) fn new(checkpoint: Checkpoint, file: &'static str, offset: u64) -> Self {
        Self { checkpoint, file, offset }
    }

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

impl Heads {
    /// Takes in more checkpoints; those beyond the published one show that the log was rolled
    /// back.
    pub(super) fn take_in(&mut self, more: Vec<Head>, report: &mut Report) {
        let size = self.published.as_ref().map_or(0, |checkpoint| checkpoint.size);
        for head in more {
            if head.checkpoint.size > size {
                let what = "is larger than the published one: the log was rolled back";
                report.fault(head.fault(what));
            } else {
                self.kept.push(head);
            }
        }
        self.kept.sort_by_key(|head| head.checkpoint.size);
    }
}

/// Reads and checks the signatures of all checkpoints.
pub(super) fn collect(
    source: &mut dyn Source,
    key: &VerifierKey,
    known: &[Checkpoint],
    report: &mut Report,
) -> Result<Heads, SourceError> {
    // The kept ones first: of a log that runs meanwhile, the published one is then never behind.
    let mut kept = if source.offers(Part::History)? {
        kept(source, key, report)?
    } else {
        report.unproved("that the log grew from its earlier checkpoints: none are here".to_owned());
        Vec::new()
    };
    let published = published(source, key, report)?;
    let last = kept.last().map(|head| &head.checkpoint);
    let is_kept = last == published.as_ref();
    if let (Some(head), Some(signed), false) = (kept.last(), &published, is_kept)
        && (signed.size <= head.checkpoint.size || !is_kept_by_now(source, key, signed)?)
    {
        report.fault(head.fault("is the last one kept, but another one is published"));
    }
    let of_reader = |checkpoint: &Checkpoint| Head::new(checkpoint.clone(), READER, 0);
    let mut more: Vec<Head> = known.iter().map(of_reader).collect();
    if !is_kept {
        more.extend(published.iter().map(|signed| Head::new(signed.clone(), CHECKPOINT, 0)));
    }
    for head in more.iter().filter(|head| head.checkpoint.origin != key.name()) {
        report.fault(head.fault("is of another log"));
    }
    more.append(&mut kept);
    let mut heads = Heads { published, kept: Vec::new() };
    heads.take_in(more, report);
    Ok(heads)
}

/// Whether a checkpoint that was published while the kept ones were read has been kept too.
fn is_kept_by_now(
    source: &mut dyn Source,
    key: &VerifierKey,
    signed: &Checkpoint,
) -> Result<bool, SourceError> {
    let bytes = source.read(history::PATH)?.unwrap_or_default();
    let (notes, _) = history::split(&bytes);
    Ok(notes.iter().rev().any(|note| Checkpoint::open(note, key).as_ref() == Ok(signed)))
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
                kept.push(Head::new(checkpoint, history::PATH, offset));
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
