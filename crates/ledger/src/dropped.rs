//! What retention took away from the beginning of a log, and how the log says so.
//!
//! Segments and entry bundles go; tiles of hashes, checkpoints and the tree stay, so that what is
//! left verifies under every checkpoint there ever was. The log signs a note of how far it dropped:
//! a beginning that is merely missing is a fault.
//!
//! The note's text is the origin with `/dropped`, then the first record that is still there, then
//! where the drop before began. No checkpoint has that first line.

use crate::files::{Files, SharedFiles, read_optional, replace};
use crate::note::{self, NoteError, VerifierKey};
use crate::segment;
use crate::tile::{Level, Tile, WIDTH};
use crate::{LogError, SigningKey};

pub(crate) const PATH: &str = "dropped";

/// How far a log was dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// The first record that is still there.
    pub first: u64,
    /// What was the first before.
    before: u64,
}

impl Dropped {
    /// Reads a signed note.
    pub fn open(note: &[u8], key: &VerifierKey) -> Result<Self, NoteError> {
        let text = note::open(note, key)?;
        let parse = || {
            let mut lines = text.strip_suffix('\n')?.split('\n');
            let is_ours = lines.next()?.strip_suffix("/dropped")? == key.name();
            let found =
                Self { first: lines.next()?.parse().ok()?, before: lines.next()?.parse().ok()? };
            let fits = is_ours && lines.next().is_none() && found.before <= found.first;
            (fits && found.text(key.name()) == text).then_some(found)
        };
        parse().ok_or(NoteError::Format)
    }

    fn text(&self, origin: &str) -> String {
        format!("{origin}/dropped\n{}\n{}\n", self.first, self.before)
    }

    fn sign(&self, origin: &str, key: &SigningKey) -> Result<String, NoteError> {
        let verifier = VerifierKey::new(origin, key.public())?;
        let text = self.text(origin);
        let line = note::signature_line(origin, verifier.id(), &key.sign(text.as_bytes()));
        Ok(format!("{text}\n{line}"))
    }

    /// The first record whose bundle is still there.
    pub(crate) fn text_from(&self) -> u64 {
        self.first / WIDTH * WIDTH
    }

    pub(crate) fn load(
        files: &dyn Files,
        origin: &str,
        key: &SigningKey,
    ) -> Result<Self, LogError> {
        let Some(note) = read_optional(files, PATH)? else { return Ok(Self::default()) };
        let refused = |error: NoteError| LogError::Checkpoint {
            file: PATH.to_owned(),
            reason: error.to_string(),
        };
        let verifier = VerifierKey::new(origin, key.public()).map_err(refused)?;
        Self::open(&note, &verifier).map_err(refused)
    }
}

/// Drops what stands before the segment that holds the record `wanted`, or begins with it. `signed`
/// is the size of the last checkpoint: what it does not cover stays. The note comes first: a crash
/// leaves files that nobody needs, which the next start removes.
pub(crate) fn drop_before(
    files: &SharedFiles,
    origin: &str,
    key: &SigningKey,
    wanted: u64,
    signed: u64,
) -> Result<Dropped, LogError> {
    let now = Dropped::load(&**files, origin, key)?;
    let limit = wanted.min(signed.saturating_sub(1));
    let first = segment::list(&**files)?.into_iter().rfind(|first| *first <= limit);
    let Some(first) = first.filter(|first| *first > now.first) else { return Ok(now) };
    let next = Dropped { first, before: now.first };
    let note = next.sign(origin, key).map_err(|error| LogError::Checkpoint {
        file: PATH.to_owned(),
        reason: error.to_string(),
    })?;
    replace(&**files, PATH, note.as_bytes())?;
    sweep(&**files, next)?;
    Ok(next)
}

/// Removes the files that a drop left without use. Does nothing where that was done.
pub(crate) fn sweep(files: &dyn Files, dropped: Dropped) -> Result<(), LogError> {
    let remove = |path: &str| match files.remove(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(|error| LogError::io("removing", path, &error)),
    };
    for first in segment::list(files)?.into_iter().filter(|first| *first < dropped.first) {
        remove(&segment::path(first))?;
    }
    for bundle in dropped.before / WIDTH..dropped.first / WIDTH {
        remove(&Tile::full(Level::Entries, bundle).to_string())?;
    }
    Ok(())
}
