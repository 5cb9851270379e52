//! What a witness must never forget: the last head that it cosigned of each log.

use std::sync::Arc;

use model::Digest;

use super::{Accepted, MAX_REQUEST_BYTES, Refusal, Witness};
use crate::files::{Files, SharedFiles, read_optional, replace};
use crate::note::{Checkpoint, VerifierKey, parts};
use crate::{LogError, SigningKey, cosignature, history};

const STATE: &str = "state";
const VKEY: &str = "vkey";
const LOCK: &str = "lock";

/// Why a witness does not start.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Files(#[from] LogError),
    #[error("another process is this witness; stop it first")]
    Locked,
    /// A witness that forgot could cosign a second history.
    #[error(
        "the witness has a key and no state: what it cosigned is not known any more; restore the file `state`, or retire this key and begin with an empty folder"
    )]
    Forgotten,
    #[error("the file `state` is damaged; restore it from a copy, or retire this key")]
    Damaged,
    #[error("the folder belongs to the witness {0}; give that name and key, or another folder")]
    OtherKey(String),
    #[error("a log was given twice, or a key that is no log's")]
    Logs,
}

/// What the protocol answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

const TEXT: &str = "text/plain; charset=utf-8";

/// A witness with its folder and its key. Requests go through it one at a time.
pub struct Store {
    files: SharedFiles,
    witness: Witness,
    key: SigningKey,
    verifier: VerifierKey,
    /// Cosigned notes by origin, as the file holds them.
    notes: std::collections::BTreeMap<String, String>,
    _lock: Box<dyn Send + Sync>,
}

impl Store {
    /// Makes a folder ready for a new witness, before its key is kept: a key without a state is
    /// a witness that forgot.
    pub fn prepare(files: &dyn Files) -> Result<(), StoreError> {
        if read_optional(files, STATE)?.is_none() {
            replace(files, STATE, encode(std::iter::empty()).as_bytes())?;
        }
        Ok(())
    }

    pub fn open(
        files: Arc<dyn Files>,
        name: &str,
        key: SigningKey,
        logs: &[VerifierKey],
    ) -> Result<Self, StoreError> {
        let lock = files.lock(LOCK).map_err(|error| LogError::io("locking", LOCK, &error))?;
        let lock = lock.ok_or(StoreError::Locked)?;
        let verifier = VerifierKey::witness(name, key.public())
            .map_err(|_| StoreError::OtherKey(name.to_owned()))?;
        publish(&*files, &verifier)?;
        let mut witness = Witness::new(logs).map_err(|_| StoreError::Logs)?;
        let state = read_optional(&*files, STATE)?.ok_or(StoreError::Forgotten)?;
        let mut notes = std::collections::BTreeMap::new();
        for note in decode(&state).ok_or(StoreError::Damaged)? {
            let text = parts(note.as_bytes()).map_err(|_| StoreError::Damaged)?.0;
            let head = Checkpoint::parse(text).map_err(|_| StoreError::Damaged)?;
            witness.remember(&head);
            notes.insert(head.origin, note);
        }
        Ok(Self { files, witness, key, verifier, notes, _lock: lock })
    }

    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Answers a submitted checkpoint. `now` is in seconds since the epoch.
    pub fn add_checkpoint(&mut self, request: &[u8], now: u64) -> Reply {
        match self.witness.judge(request.get(..MAX_REQUEST_BYTES + 1).unwrap_or(request)) {
            Ok(accepted) => self.cosign(&accepted, now),
            Err(Refusal::Size(size) | Refusal::Root(size)) => {
                Reply { status: 409, content_type: "text/x.tlog.size", body: format!("{size}\n") }
            }
            Err(refusal) => {
                let body = format!("{refusal}\n");
                Reply { status: refusal.status(), content_type: TEXT, body }
            }
        }
    }

    /// Signs, makes it durable, remembers, and only then answers.
    fn cosign(&mut self, accepted: &Accepted, now: u64) -> Reply {
        let origin = &accepted.checkpoint.origin;
        let before = self.notes.get(origin).map(|note| note.as_bytes());
        let last = before.and_then(|note| cosignature::verify(note, &self.verifier).ok());
        // A clock that went back must not make a later statement look like the earlier one.
        let time = now.max(last.unwrap_or(0));
        let signed = cosignature::cosign(&accepted.text, self.verifier.name(), &self.key, time);
        let Ok(line) = signed else { return failed() };
        let others = self.notes.iter().filter(|(other, _)| *other != origin);
        let note = format!("{}\n{line}", accepted.text);
        let state = encode(others.map(|(_, note)| note.as_str()).chain([note.as_str()]));
        if replace(&*self.files, STATE, state.as_bytes()).is_err() {
            return failed();
        }
        self.witness.remember(&accepted.checkpoint);
        self.notes.insert(origin.clone(), note);
        Reply { status: 200, content_type: TEXT, body: line }
    }
}

/// The disk does not keep what must be kept, so nothing is cosigned. The next request tries
/// again: the state is always written whole, to a new file.
fn failed() -> Reply {
    let body = "the witness cannot keep its state at the moment\n".to_owned();
    Reply { status: 500, content_type: TEXT, body }
}

fn publish(files: &dyn Files, key: &VerifierKey) -> Result<(), StoreError> {
    let text = format!("{key}\n");
    match read_optional(files, VKEY)? {
        Some(found) if found == text.as_bytes() => Ok(()),
        Some(found) if !found.is_empty() => {
            let found = String::from_utf8_lossy(&found);
            Err(StoreError::OtherKey(found.split('+').next().unwrap_or_default().to_owned()))
        }
        _ => Ok(replace(files, VKEY, text.as_bytes())?),
    }
}

/// A line with the SHA-256 of the rest, then the notes, each followed by an empty line.
fn encode<'a>(notes: impl Iterator<Item = &'a str>) -> String {
    let notes: String = notes.map(|note| format!("{note}\n")).collect();
    format!("{}\n{notes}", Digest::of(notes.as_bytes()))
}

fn decode(state: &[u8]) -> Option<Vec<String>> {
    let (digest, rest) = std::str::from_utf8(state).ok()?.split_once('\n')?;
    let (notes, torn) = history::split(rest.as_bytes());
    if Digest::of(rest.as_bytes()).to_string() != digest || !torn.is_empty() {
        return None;
    }
    notes.into_iter().map(|note| String::from_utf8(note.to_vec()).ok()).collect()
}
