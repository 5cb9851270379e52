//! The root key: at the top, and outside of what it protects.

use model::Secret;
use ring::digest::{SHA256, digest};
use store::KeyId;
use zeroize::Zeroizing;

use crate::KeyError;
use crate::command::Command;
use crate::seal::{Key, Sealer};

/// A root key of fewer characters is none.
pub const MIN_CHARACTERS: usize = 32;

/// Wraps the tenants' keys.
pub enum Root {
    /// A secret of the operator's, from a file or the environment.
    Secret(Secret),
    /// A program that wraps and unwraps, such as a client of a key management service: the root
    /// key itself never comes here.
    Command(Command),
}

impl Root {
    pub fn secret(secret: Secret) -> Result<Self, KeyError> {
        match secret.expose().len() < MIN_CHARACTERS {
            true => Err(KeyError::ShortRoot),
            false => Ok(Self::Secret(secret)),
        }
    }

    pub fn command(words: Vec<String>) -> Self {
        Self::Command(Command::new(words))
    }

    /// Tells two roots apart, and nothing of their keys.
    pub fn fingerprint(&self) -> KeyId {
        let full = match self {
            Self::Secret(secret) => derive(secret, b"fingerprint").map(|key| key.expose().to_vec()),
            Self::Command(command) => {
                let words = command.words().join("\0");
                Some(digest(&SHA256, words.as_bytes()).as_ref().to_vec())
            }
        };
        let mut id = KeyId::default();
        id.iter_mut().zip(full.unwrap_or_default()).for_each(|(to, from)| *to = from);
        id
    }

    /// Blocks, where a command does it for as long as that takes.
    pub(crate) fn wrap(&self, about: &[u8], key: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Secret(secret) => sealer(secret)?.seal(about, key).ok_or(KeyError::NoRandomness),
            Self::Command(command) => {
                // The command knows nothing of what a key is for: that is sealed inside.
                let inner = [about, key].concat();
                command.run("wrap", &inner).map(|wrapped| wrapped.to_vec())
            }
        }
    }

    pub(crate) fn unwrap(
        &self,
        about: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match self {
            Self::Secret(secret) => sealer(secret)?.open(about, wrapped).ok_or(KeyError::WrongRoot),
            Self::Command(command) => {
                let inner = command.run("unwrap", wrapped)?;
                let key = inner.strip_prefix(about).ok_or(KeyError::WrongRoot)?;
                Ok(Zeroizing::new(key.to_vec()))
            }
        }
    }
}

fn derive(secret: &Secret, purpose: &[u8]) -> Option<Key> {
    Key::derive(secret.expose().as_bytes(), b"portcullis root", &[purpose])
}

fn sealer(secret: &Secret) -> Result<Sealer, KeyError> {
    derive(secret, b"wrap").and_then(|key| Sealer::new(&key)).ok_or(KeyError::Damaged)
}
