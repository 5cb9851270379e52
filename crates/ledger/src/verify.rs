//! Checks a log that lies there cold: every record, every tile, every kept checkpoint.
//!
//! Nothing of the running log is used or trusted, only bytes from a [`Source`] and a public key.
//! Each tile is held against hashes made anew from the entries; each kept checkpoint against the
//! root of that many records. That every prefix has the signed root is what consistency between
//! any two checkpoints means, and more than a proof between them would show.
//!
//! What follows the last checkpoint is counted as unproven and never called valid.

mod checkpoints;
mod entries;
mod phases;
mod report;
mod segments;
mod source;
mod witnesses;

pub use phases::MAX_OPEN;
pub(crate) use phases::Phases;
pub use report::{Fault, FaultKind, MAX_FAULTS, Report, Verdict, Witnessed};
pub use source::{Folder, Part, Source, SourceError};
pub(crate) use witnesses::check_cosigned;

use model::Digest;

use crate::dropped::{self, Dropped};
use crate::merkle::Edge;
use crate::note::{Checkpoint, KeyKind, VerifierKey};
use crate::tiler::VKEY;

/// What the reader has from elsewhere than the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trust<'a> {
    /// The log's key. Without it the log's own `vkey` is used, which shows damage but no forgery,
    /// and the report says so.
    pub log: Option<&'a VerifierKey>,
    /// Witnesses that must have cosigned.
    pub witnesses: &'a [VerifierKey],
    /// Checkpoints kept from before, or had from a witness: a log that was rolled back or forked
    /// since is found by them and by nothing else.
    pub known: &'a [Checkpoint],
}

impl<'a> Trust<'a> {
    /// Trust in a log's key alone.
    pub fn in_key(key: &'a VerifierKey) -> Self {
        Self { log: Some(key), ..Self::default() }
    }
}

/// Verifies a whole log, as far as it can be read from there.
pub fn verify(source: &mut dyn Source, trust: &Trust<'_>) -> Result<Report, SourceError> {
    let mut report = Report::default();
    let Some(key) = key(source, trust.log, &mut report)? else { return Ok(report.finished()) };
    let mut heads = checkpoints::collect(source, &key, trust.known, &mut report)?;
    heads.take_in(witnesses::check(source, &key, trust.witnesses, &mut report)?, &mut report);
    let Some(signed) = heads.published else { return Ok(report.finished()) };
    report.origin.clone_from(&signed.origin);
    report.size = signed.size;
    report.root = signed.root.to_string();
    let dropped = dropped(source, &key, &mut report)?;
    let is_text = source.offers(Part::Entries)?;
    let text_from = if is_text { dropped.text_from() } else { u64::MAX };
    let mut walk = Walk {
        size: signed.size,
        text_from,
        edge: Edge::default(),
        heads: heads.kept,
        next_head: 0,
        phases: Phases::default(),
    };
    walk.check_heads(&mut report);
    let mut segments = segments::Segments::open(source, dropped)?;
    entries::check(source, &mut walk, &mut segments, &mut report)?;
    segments::check_tail(source, &mut walk, &mut segments, &mut report)?;
    walk.phases.state(&mut report);
    Ok(report.finished())
}

/// How far the log says that retention dropped it.
fn dropped(
    source: &mut dyn Source,
    key: &VerifierKey,
    report: &mut Report,
) -> Result<Dropped, SourceError> {
    let Some(note) = source.read(dropped::PATH)? else { return Ok(Dropped::default()) };
    match Dropped::open(&note, key) {
        Ok(dropped) => {
            report.dropped = dropped.text_from();
            Ok(dropped)
        }
        Err(error) => {
            let what = format!("is no note of what was dropped: {error}");
            report.fault(Fault::file(FaultKind::Checkpoint, dropped::PATH, &what));
            Ok(Dropped::default())
        }
    }
}

/// The key to check with; a fault where there is none or another one than the trusted.
fn key(
    source: &mut dyn Source,
    trusted: Option<&VerifierKey>,
    report: &mut Report,
) -> Result<Option<VerifierKey>, SourceError> {
    report.is_key_trusted = trusted.is_some();
    let published = source.read(VKEY)?;
    let text = published.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let own: Option<VerifierKey> = text.and_then(|text| text.parse().ok());
    // Read strictly: a changed byte is a finding even where the key can still be made out.
    let is_exact = own.as_ref().is_some_and(|key| Some(format!("{key}\n").as_str()) == text);
    let is_needed = trusted.is_none() || source.offers(Part::Key)?;
    if !is_exact {
        // Other logs of this form need not publish their key beside them.
        if is_needed || published.is_some() {
            report.fault(Fault::file(FaultKind::Key, VKEY, "is missing or holds no verifier key"));
        }
    } else if trusted.is_some_and(|trusted| own.as_ref() != Some(trusted)) {
        report.fault(Fault::file(FaultKind::Key, VKEY, "is another key than the trusted one"));
    }
    let key = trusted.cloned().or(own);
    report.key = key.as_ref().map(ToString::to_string).unwrap_or_default();
    let is_log = |key: &VerifierKey| key.kind() == KeyKind::Log;
    if key.as_ref().is_some_and(|key| !is_log(key)) {
        report.fault(Fault::file(FaultKind::Key, VKEY, "is the key of a witness, not of a log"));
    }
    Ok(key.filter(is_log))
}

/// What is carried from record to record.
struct Walk {
    /// Records that the published checkpoint covers.
    size: u64,
    /// Records before this one are known by their hashes alone.
    text_from: u64,
    edge: Edge,
    /// Kept checkpoints by size.
    heads: Vec<checkpoints::Head>,
    next_head: usize,
    phases: Phases,
}

impl Walk {
    /// Takes in the next record's hash; checks the checkpoints that end with it.
    fn push(
        &mut self,
        leaf: Digest,
        report: &mut Report,
        full: impl FnMut(crate::merkle::FullTile),
    ) {
        self.edge.push(leaf, full);
        self.check_heads(report);
    }

    fn check_heads(&mut self, report: &mut Report) {
        while let Some(head) = self.heads.get(self.next_head) {
            if head.checkpoint.size != self.edge.size() {
                return;
            }
            self.next_head += 1;
            if head.checkpoint.root == self.edge.root() {
                report.checkpoints += 1;
            } else {
                report.fault(head.fault("signs another root than these records have"));
            }
        }
    }
}
