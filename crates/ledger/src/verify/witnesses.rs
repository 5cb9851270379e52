//! Cosigned checkpoints, held against the witnesses' keys.

use std::collections::BTreeSet;

use super::checkpoints::Head;
use super::{Fault, FaultKind, Report, Source, SourceError, Trust, Witnessed};
use crate::cosigned::PATH;
use crate::note::{Checkpoint, NoteError, VerifierKey, parts, signature};
use crate::tiler::CHECKPOINT;
use crate::{cosignature, history};

/// Reads the cosigned checkpoints; says which witness cosigned how much. Their roots are checked
/// with all others, on the way through the records.
pub(super) fn check(
    source: &mut dyn Source,
    key: &VerifierKey,
    witnesses: &[VerifierKey],
    report: &mut Report,
) -> Result<Vec<Head>, SourceError> {
    let mut reading = Reading::new(key.name(), witnesses);
    let mut heads = Vec::new();
    let bytes = source.read(PATH)?.unwrap_or_default();
    let (notes, torn) = history::split(&bytes);
    let mut offset = 0;
    for note in notes {
        heads.extend(reading.cosigned(note, key, (PATH, offset), report));
        offset += note.len() as u64 + 1;
    }
    if !torn.is_empty() {
        let what = "the last cosigned checkpoint is cut short";
        report.fault(Fault::file(FaultKind::Checkpoint, PATH, what).at(None, offset));
    }
    let published = source.read(CHECKPOINT)?.unwrap_or_default();
    // Its own signature has been checked, and it is among the heads.
    if let Ok(checkpoint) = Checkpoint::open(&published, key) {
        reading.cosignatures(&published, checkpoint.size, (CHECKPOINT, 0), report);
    }
    reading.state(report);
    Ok(heads)
}

/// Checks the cosignatures of one checkpoint that stands alone.
pub(crate) fn check_cosigned(
    note: &[u8],
    size: u64,
    file: &str,
    trust: &Trust<'_>,
    report: &mut Report,
) {
    let origin = report.origin.clone();
    let mut reading = Reading::new(&origin, trust.witnesses);
    reading.cosignatures(note, size, (file, 0), report);
    reading.state(report);
}

struct Reading<'a> {
    /// Name of the log, whose own signature is none of a witness.
    origin: &'a str,
    witnesses: &'a [VerifierKey],
    /// By witness: what it has seen.
    seen: Vec<Option<Witnessed>>,
    /// Names of keys that the reader did not give.
    strangers: BTreeSet<String>,
}

impl<'a> Reading<'a> {
    fn new(origin: &'a str, witnesses: &'a [VerifierKey]) -> Self {
        let seen = vec![None; witnesses.len()];
        Self { origin, witnesses, seen, strangers: BTreeSet::new() }
    }

    fn cosigned(
        &mut self,
        note: &[u8],
        key: &VerifierKey,
        at: (&'static str, u64),
        report: &mut Report,
    ) -> Option<Head> {
        match Checkpoint::open(note, key) {
            Ok(checkpoint) => {
                self.cosignatures(note, checkpoint.size, at, report);
                Some(Head::new(checkpoint, at.0, at.1))
            }
            Err(error) => {
                let fault = Fault::file(FaultKind::Checkpoint, at.0, &error.to_string());
                report.fault(fault.at(None, at.1));
                None
            }
        }
    }

    fn cosignatures(
        &mut self,
        note: &[u8],
        size: u64,
        (file, offset): (&str, u64),
        report: &mut Report,
    ) {
        for (witness, seen) in self.witnesses.iter().zip(&mut self.seen) {
            match cosignature::verify(note, witness) {
                Ok(time) => take(seen, witness, size, time),
                Err(NoteError::Unsigned(_)) => {}
                Err(error) => {
                    let fault = Fault::file(FaultKind::Witness, file, &error.to_string());
                    report.fault(fault.at(None, offset));
                }
            }
        }
        let lines = parts(note).map_or("", |(_, lines)| lines);
        let known = |name: &str| {
            name == self.origin || self.witnesses.iter().any(|witness| witness.name() == name)
        };
        let names = lines.lines().filter_map(|line| signature(line).ok()).map(|(name, ..)| name);
        let strangers: Vec<String> = names.filter(|name| !known(name)).map(str::to_owned).collect();
        self.strangers.extend(strangers);
    }

    fn state(self, report: &mut Report) {
        for (witness, seen) in self.witnesses.iter().zip(self.seen) {
            let Some(seen) = seen else {
                let what = format!("no checkpoint is cosigned by the witness {}", witness.name());
                report.fault(Fault::file(FaultKind::Witness, PATH, &what));
                continue;
            };
            report.witnesses.push(seen);
        }
        if !self.strangers.is_empty() {
            let names = self.strangers.into_iter().take(8).collect::<Vec<_>>().join(", ");
            report.unproved(format!("the cosignatures of {names}: their keys were not given"));
        }
    }
}

fn take(seen: &mut Option<Witnessed>, witness: &VerifierKey, size: u64, time: u64) {
    let seen = seen.get_or_insert_with(|| Witnessed {
        key: witness.to_string(),
        size,
        time,
        checkpoints: 0,
    });
    seen.checkpoints += 1;
    if size >= seen.size {
        (seen.size, seen.time) = (size, time);
    }
}
