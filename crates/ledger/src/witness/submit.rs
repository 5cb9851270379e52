//! The other side: a log that has its checkpoints cosigned.

use model::Digest;

use super::Request;
use super::request::number;
use crate::cosignature;
use crate::note::{Checkpoint, NoteError, VerifierKey};

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The checkpoint with the witness's cosignature on it.
    Cosigned(String),
    /// The witness stands elsewhere: submit again with the proof from there.
    Stands(u64),
    /// It claims to have cosigned more than the log has signed, or another root. Somebody must
    /// look: a copy of the log, or a restored backup, wrote under the same key.
    Ahead(u64),
    /// It did not cosign; in words for the operator.
    Refused(String),
}

/// A checkpoint on its way to one witness.
#[derive(Clone, Debug)]
pub struct Submission<'a> {
    pub witness: &'a VerifierKey,
    /// The signed checkpoint, as the log published it.
    pub note: &'a str,
    pub checkpoint: &'a Checkpoint,
    /// From where the proof leads.
    pub old: u64,
}

impl Submission<'_> {
    /// The body to send; `proof` leads from `old` to the checkpoint.
    pub fn body(&self, proof: Vec<Digest>) -> String {
        Request { old: self.old, proof, note: self.note }.encode()
    }

    /// Reads the answer.
    pub fn read(&self, status: u16, body: &str) -> Outcome {
        match status {
            200 => match cosignature::join(self.note, body, self.witness) {
                Ok(note) => Outcome::Cosigned(note),
                Err(NoteError::Unsigned(_)) => {
                    Outcome::Refused("its answer holds no signature by the configured key".into())
                }
                Err(error) => Outcome::Refused(error.to_string()),
            },
            409 => match body.strip_suffix('\n').and_then(number) {
                Some(size) if size > self.checkpoint.size => Outcome::Ahead(size),
                // The same size once more: it has another root.
                Some(size) if size == self.old => Outcome::Ahead(size),
                Some(size) => Outcome::Stands(size),
                None => Outcome::Refused("it answered 409 without a size".to_owned()),
            },
            403 => Outcome::Refused("it knows the log under another key (403)".to_owned()),
            404 => Outcome::Refused("it does not watch this log (404)".to_owned()),
            422 => Outcome::Refused("it refused the proof (422): the log forked".to_owned()),
            other => Outcome::Refused(format!("it answered {other}")),
        }
    }
}
