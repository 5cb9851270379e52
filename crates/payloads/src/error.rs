//! Why something could not be kept, read or opened.

use store::StoreError;

/// Why a key is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(
        "the root key does not open the vault of keys in keys.db; name the key that it was made with in [data] root_key, or put the file root.key back"
    )]
    WrongRoot,
    /// A row that no version of this program writes, or that stands where it does not belong.
    #[error("a wrapped key in keys.db does not open; restore a backup")]
    Damaged,
    #[error("the root key has fewer than {MIN_CHARACTERS} characters; make one with `openssl rand -hex 32`", MIN_CHARACTERS = crate::MIN_CHARACTERS)]
    ShortRoot,
    #[error("the system gives no random numbers")]
    NoRandomness,
    #[error("a million people of this tenant have pseudonyms already; erase those who are gone")]
    TooManyNames,
    #[error("the key command {command}: {reason}")]
    Command { command: String, reason: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a payload is not kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeepError {
    #[error("no key for it: {0}")]
    Key(String),
    #[error("the disk does not keep up with {} waiting", crate::volume::MAX_WAITING)]
    Slow,
    #[error("{operation} {file} failed: {reason}")]
    Io { operation: &'static str, file: String, reason: String },
    #[error("payloads are no longer taken")]
    Closed,
}

impl From<KeyError> for KeepError {
    fn from(error: KeyError) -> Self {
        Self::Key(error.to_string())
    }
}

/// Why a payload does not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its key is gone: on request, or because it was kept long enough.
    #[error("its key was destroyed, so nobody can read it any more")]
    Erased,
    #[error("what stands there is not this payload, or was changed")]
    Damaged,
    #[error("{0:?} refers to no payload")]
    Reference(String),
    #[error("the payload cannot be read: {0}")]
    Io(String),
    #[error(transparent)]
    Key(#[from] KeyError),
}
