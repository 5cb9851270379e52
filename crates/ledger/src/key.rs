//! The log's signing key and the file that it is kept in.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

/// What the file begins with, so that nobody takes it for another kind of key.
const PREFIX: &str = "portcullis-ledger-ed25519:";

/// Why a key file was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{0} can be read by others than its owner; run chmod 600 on it")]
    Open(String),
    #[error("{0} holds no signing key of a ledger; restore the file that was there")]
    Format(String),
    #[error("{0}: {1}")]
    Io(String, io::Error),
}

/// An Ed25519 key pair (RFC 8032). The seed is wiped when dropped and never shown.
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A key from 32 bytes of the system's randomness.
    pub fn generate(random: [u8; 32]) -> Option<Self> {
        let seed = Zeroizing::new(random);
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).ok()?;
        Some(Self { seed, pair })
    }

    /// The same key once more.
    pub(crate) fn again(&self) -> Option<Self> {
        Self::generate(*self.seed)
    }

    /// The 32 bytes of the public key.
    pub fn public(&self) -> [u8; 32] {
        let mut public = [0; 32];
        public.copy_from_slice(self.pair.public_key().as_ref());
        public
    }

    pub(crate) fn sign(&self, text: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(text).as_ref());
        signature
    }

    /// Writes a new file that its owner alone can read; never over an existing one.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        let failed = |error| KeyError::Io(path.display().to_string(), error);
        let text = Zeroizing::new(format!("{PREFIX}{}\n", STANDARD.encode(*self.seed)));
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(path).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// Reads what [`SigningKey::save`] wrote; refuses a file that others can read.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let name = || path.display().to_string();
        let failed = |error| KeyError::Io(name(), error);
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyError::Open(name()));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
        let encoded = text.trim_end().strip_prefix(PREFIX);
        let seed = encoded.and_then(|text| STANDARD.decode(text).ok()).map(Zeroizing::new);
        let seed = seed.and_then(|seed| <[u8; 32]>::try_from(seed.as_slice()).ok());
        seed.and_then(Self::generate).ok_or_else(|| KeyError::Format(name()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_is_its_owners_alone_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = SigningKey::generate([7; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey(…)");
        key.save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(SigningKey::load(&path).unwrap().public(), key.public());
        assert!(matches!(key.save(&path), Err(KeyError::Io(..))), "never overwritten");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(SigningKey::load(&path), Err(KeyError::Open(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "something else").unwrap();
        assert!(matches!(SigningKey::load(&path), Err(KeyError::Format(_))));
    }
}
