//! What was asked and answered, kept so that it can be taken back.
//!
//! A payload is sealed with AES-256-GCM under a [data key](Keyring::data_key) of its subject and
//! month; data keys are wrapped by a key of the tenant, and that by the [root key](Root). Whoever
//! destroys a data key has destroyed every payload that it sealed, in every copy of the files,
//! while the log that refers to them stays as it is.
//!
//! Sealed bytes stand in [volumes](volume): append-only files, a folder a month. A payload is cut
//! into pieces as it passes ([`Sink`]), so that a stream of any length needs a few kilobytes of
//! memory; each piece names the one before it, and the record refers to the last.
//!
//! This crate knows no HTTP and no configuration. Errors are [`KeepError`], [`ReadError`] and
//! [`KeyError`].

mod command;
mod error;
mod frame;
mod keyring;
mod names;
mod open;
mod reference;
mod root;
mod rotate;
pub mod seal;
mod sink;
#[cfg(test)]
mod tests;
pub mod volume;

use std::path::Path;
use std::sync::Arc;

pub use error::{KeepError, KeyError, ReadError};
pub use frame::Direction;
pub use keyring::{DataKey, Erased, Keyring, ValueOwner};
pub use names::Names;
pub use open::Kept;
pub use reference::Reference;
pub use root::{MIN_CHARACTERS, Root};
pub use rotate::Rotated;
pub use sink::{Durable, Sink};

use model::{DataSubject, Month, RecordId, TenantId};
use volume::Volumes;

/// Bytes of one payload that can be kept at most, whatever the configuration says.
pub const MAX_PAYLOAD_BYTES: u64 = 1 << 30;

/// One tenant's payloads.
pub struct Payloads {
    keyring: Arc<Keyring>,
    volumes: Arc<Volumes>,
}

/// Which payload: nothing that is sealed as one opens as another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub tenant: TenantId,
    pub record: RecordId,
    pub direction: Direction,
}

impl Payloads {
    /// `folder` holds the volumes of this tenant; it is made with the first payload.
    pub fn open(folder: &Path, keyring: Arc<Keyring>) -> std::io::Result<Self> {
        Ok(Self { keyring, volumes: Volumes::open(folder)? })
    }

    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.keyring
    }

    pub fn volumes(&self) -> &Arc<Volumes> {
        &self.volumes
    }

    /// The key for a subject's payloads of a month that retention knows by a label, or by none. It
    /// is durable when this answers.
    pub async fn key(
        &self,
        subject: &DataSubject,
        month: Month,
        label: &str,
    ) -> Result<Arc<DataKey>, KeepError> {
        Ok(self.keyring.data_key(subject, month, label).await?)
    }

    /// Begins to keep a payload, of which at most `max_bytes` are kept. `coding` is its
    /// content coding, empty where there is none.
    pub fn keep(
        &self,
        key: &DataKey,
        place: Place,
        coding: &str,
        max_bytes: u64,
    ) -> Result<Sink, KeepError> {
        Sink::begin(&self.volumes, key, place, coding, max_bytes.min(MAX_PAYLOAD_BYTES))
    }

    /// Reads a payload back, by the reference that its record holds.
    pub async fn read(&self, place: Place, reference: &str) -> Result<Kept, ReadError> {
        let reference: Reference = reference.parse()?;
        let volumes = Arc::clone(&self.volumes);
        let frames = move || open::frames(&volumes, reference);
        let frames = tokio::task::spawn_blocking(frames).await;
        let frames = frames.map_err(|error| ReadError::Io(error.to_string()))??;
        let id = frames.key_id();
        let key = self.keyring.by_id(id).await?.ok_or(ReadError::Erased)?;
        frames.open(&key, &place)
    }
}
