//! The checkpoints that were signed, in order, in one file: what consistency is checked over.
//!
//! A checkpoint enters here before it is published, so everything that was ever published is
//! here, apart from what thinning took out. The notes stand one after the other, each followed
//! by an empty line.

use crate::LogError;
use crate::files::{Files, read_optional, replace, write_all};

pub(crate) const PATH: &str = "checkpoints";

/// Splits a history into its notes. What follows the last whole one comes second.
pub(crate) fn split(bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    // A note is text, an empty line, signature lines; the next empty line ends it.
    let (mut notes, mut rest) = (Vec::new(), bytes);
    while let Some(end) = note_end(rest) {
        let (note, after) = rest.split_at(end);
        notes.push(note);
        rest = after.get(1..).unwrap_or_default();
    }
    (notes, rest)
}

/// Length of the first note, without the empty line behind it.
fn note_end(bytes: &[u8]) -> Option<usize> {
    let mut blanks = bytes.windows(2).enumerate().filter(|(_, pair)| *pair == b"\n\n");
    blanks.next()?;
    blanks.next().map(|(at, _)| at + 1)
}

/// The file as the log keeps it while it runs.
pub(crate) struct History {
    path: &'static str,
    size: u64,
    max_bytes: u64,
}

impl History {
    /// Reads the file and cuts off a note that a crash left half written.
    pub(crate) fn open(
        files: &dyn Files,
        path: &'static str,
        max_bytes: u64,
    ) -> Result<(Self, Option<Vec<u8>>), LogError> {
        let bytes = read_optional(files, path)?.unwrap_or_default();
        let (notes, torn) = split(&bytes);
        let last = notes.last().map(|note| note.to_vec());
        if !bytes.is_empty() {
            // Also where nothing is torn: after a sync that failed, what reads well may be in the
            // system's cache alone.
            let whole = bytes.get(..bytes.len() - torn.len()).unwrap_or_default();
            replace(files, path, whole)?;
        }
        Ok((Self { path, size: (bytes.len() - torn.len()) as u64, max_bytes }, last))
    }

    /// Adds a note; it is on the disk when this returns.
    pub(crate) fn push(&mut self, files: &dyn Files, note: &str) -> Result<(), LogError> {
        let failed = |error| LogError::io("writing", self.path, &error);
        let bytes = format!("{note}\n");
        if self.size == 0 {
            replace(files, self.path, bytes.as_bytes())?;
        } else {
            let file = files.create(self.path).map_err(failed)?;
            write_all(&*file, bytes.as_bytes(), self.size).map_err(failed)?;
            file.sync().map_err(failed)?;
        }
        self.size += bytes.len() as u64;
        if self.size > self.max_bytes { self.thin(files) } else { Ok(()) }
    }

    /// Drops every second note of the older half, so that the file stays bounded and the past
    /// stays covered, ever more thinly.
    fn thin(&mut self, files: &dyn Files) -> Result<(), LogError> {
        let bytes = read_optional(files, self.path)?.unwrap_or_default();
        let (notes, _) = split(&bytes);
        let half = notes.len() / 2;
        let kept = notes.iter().enumerate().filter(|(at, _)| *at >= half || at % 2 == 0);
        let kept: Vec<u8> = kept.flat_map(|(_, note)| [*note, b"\n"].concat()).collect();
        self.size = kept.len() as u64;
        replace(files, self.path, &kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::memory::Memory;

    fn note(size: usize) -> String {
        format!("origin\n{size}\nroot\n\n\u{2014} name signature\n\u{2014} witness signature\n")
    }

    #[test]
    fn notes_read_back_and_a_torn_one_is_cut_off() {
        let files = Memory::default();
        let (mut history, last) = History::open(&files, PATH, 10_000).unwrap();
        assert_eq!(last, None);
        for size in 0..3 {
            history.push(&files, &note(size)).unwrap();
        }
        let whole = files.read(PATH).unwrap();
        let (notes, torn) = split(&whole);
        assert_eq!(notes, [note(0), note(1), note(2)].each_ref().map(|note| note.as_bytes()));
        assert!(torn.is_empty());
        for cut in 1..note(2).len() {
            let files = files.copy();
            files.edit(PATH, |bytes| bytes.truncate(whole.len() - cut));
            let (mut history, last) = History::open(&files, PATH, 10_000).unwrap();
            assert_eq!(last, Some(note(1).into_bytes()), "cut {cut}");
            history.push(&files, &note(2)).unwrap();
            assert_eq!(files.read(PATH).unwrap(), whole, "cut {cut}");
        }
    }

    #[test]
    fn a_long_history_is_thinned_from_the_old_end() {
        let files = Memory::default();
        let (mut history, _) = History::open(&files, PATH, 2_000).unwrap();
        for size in 0..500 {
            history.push(&files, &note(size)).unwrap();
        }
        let bytes = files.read(PATH).unwrap();
        assert!(bytes.len() <= 2_000, "{}", bytes.len());
        let (notes, _) = split(&bytes);
        assert_eq!(notes.first(), Some(&note(0).as_bytes()), "the oldest stays");
        assert_eq!(notes.last(), Some(&note(499).as_bytes()), "the newest stays");
    }
}
