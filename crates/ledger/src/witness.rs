//! A witness (C2SP tlog-witness): what it says to a checkpoint that is submitted to it.
//!
//! A witness remembers of each log the last checkpoint that it cosigned, and cosigns only what
//! grew from that. Two organisations that witness each other's logs can neither of them show one
//! history here and another there. [`Witness`] decides and holds no file and no clock; [`Store`]
//! keeps what it must never forget.

mod request;
mod store;
mod submit;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::Digest;

pub use request::{MAX_PROOF, MAX_REQUEST_BYTES, Request};
pub use store::{Reply, Store, StoreError};
pub use submit::{Outcome, Submission};

use crate::merkle::empty_root;
use crate::note::{Checkpoint, KeyKind, NoteError, VerifierKey};
use crate::proof::verify_consistency;

/// Logs that one witness watches, at most.
pub const MAX_LOGS: usize = 1024;

/// Why a checkpoint is not cosigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the request is no old size, proof and checkpoint: {0}")]
    Format(&'static str),
    #[error("this witness does not watch the log {0:?}")]
    UnknownLog(String),
    #[error("the checkpoint is not signed by the log's key")]
    Signature,
    #[error("the old size is larger than the checkpoint")]
    OldSize,
    /// The log is to prove from here on.
    #[error("the last checkpoint that was cosigned has {0} records")]
    Size(u64),
    #[error("another checkpoint of this size has been cosigned")]
    Root(u64),
    #[error("the proof does not lead from the last cosigned checkpoint to this one")]
    Proof,
}

impl Refusal {
    /// The status that the protocol answers with (section "add-checkpoint").
    pub fn status(&self) -> u16 {
        match self {
            Self::Format(_) | Self::OldSize => 400,
            Self::Signature => 403,
            Self::UnknownLog(_) => 404,
            Self::Size(_) | Self::Root(_) => 409,
            Self::Proof => 422,
        }
    }
}

/// A checkpoint that may be cosigned, once it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub checkpoint: Checkpoint,
    /// The note's text, which is what is cosigned.
    pub text: String,
    /// The note as it came.
    pub note: String,
}

/// Which logs are watched, and how far each has come.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    keys: BTreeMap<String, VerifierKey>,
    /// The last cosigned heads, also of logs that are not watched at the moment.
    heads: BTreeMap<String, (u64, Digest)>,
}

impl Witness {
    /// A witness of the logs with these keys, each named after its log.
    pub fn new(logs: &[VerifierKey]) -> Result<Self, NoteError> {
        let mut keys = BTreeMap::new();
        for key in logs.iter().take(MAX_LOGS) {
            let is_new = keys.insert(key.name().to_owned(), key.clone()).is_none();
            if key.kind() != KeyKind::Log || !is_new {
                return Err(NoteError::Key);
            }
        }
        Ok(Self { keys, heads: BTreeMap::new() })
    }

    /// Takes up a head that was cosigned before.
    pub fn remember(&mut self, checkpoint: &Checkpoint) {
        let head = (checkpoint.size, checkpoint.root);
        self.heads.insert(checkpoint.origin.clone(), head);
    }

    /// The size that a log has been cosigned at.
    pub fn size(&self, origin: &str) -> u64 {
        self.heads.get(origin).map_or(0, |(size, _)| *size)
    }

    /// Decides on a request, in the order of the protocol. Changes nothing: whoever asks must
    /// make the head durable and [`Witness::remember`] it before a cosignature leaves, and must
    /// let no other request in between.
    pub fn judge(&self, request: &[u8]) -> Result<Accepted, Refusal> {
        let request = Request::parse(request)?;
        let unsigned = crate::note::parts(request.note.as_bytes())
            .and_then(|(text, _)| Checkpoint::parse(text))
            .map_err(|_| Refusal::Format("what follows the proof is no checkpoint"))?;
        let key = self.keys.get(&unsigned.origin);
        let key = key.ok_or_else(|| Refusal::UnknownLog(unsigned.origin.clone()))?;
        let checkpoint = Checkpoint::open(request.note.as_bytes(), key);
        let checkpoint = checkpoint.map_err(|_| Refusal::Signature)?;
        self.check_growth(&request, &checkpoint)?;
        let text = crate::note::parts(request.note.as_bytes()).map_or("", |(text, _)| text);
        Ok(Accepted { checkpoint, text: text.to_owned(), note: request.note.to_owned() })
    }

    fn check_growth(&self, request: &Request<'_>, new: &Checkpoint) -> Result<(), Refusal> {
        if request.old > new.size {
            return Err(Refusal::OldSize);
        }
        let (size, root) =
            self.heads.get(&new.origin).copied().unwrap_or_else(|| (0, empty_root()));
        if request.old != size {
            return Err(Refusal::Size(size));
        }
        if size == new.size && root != new.root {
            return Err(Refusal::Root(size));
        }
        verify_consistency((size, &root), (new.size, &new.root), &request.proof)
            .map_err(|_| Refusal::Proof)
    }
}
