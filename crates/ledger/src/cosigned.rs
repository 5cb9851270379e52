//! The checkpoints that witnesses cosigned, in order, in one file beside the checkpoint.
//!
//! The log publishes a checkpoint without waiting for its witnesses, so what they cosigned comes
//! later and is kept apart. The newest note of the file is the one to show to others.

use crate::LogError;
use crate::files::Files;
use crate::history::History;

pub(crate) const PATH: &str = "cosigned";

/// The file, for the one who writes it while the log runs.
pub struct Cosigned {
    history: History,
    last: Option<String>,
}

impl Cosigned {
    /// Reads the file, or makes ready for the first note. `max_bytes` bounds it by thinning the
    /// past.
    pub fn open(files: &dyn Files, max_bytes: u64) -> Result<Self, LogError> {
        let (history, last) = History::open(files, PATH, max_bytes)?;
        Ok(Self { history, last: last.and_then(|note| String::from_utf8(note).ok()) })
    }

    /// The newest cosigned checkpoint.
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Adds a cosigned checkpoint; it is on the disk when this returns.
    pub fn push(&mut self, files: &dyn Files, note: &str) -> Result<(), LogError> {
        self.history.push(files, note)?;
        self.last = Some(note.to_owned());
        Ok(())
    }
}
