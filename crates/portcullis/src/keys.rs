//! The root key of an instance, and what is derived from it: a key for each tenant and use.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use model::{Secret, TenantId};
use ring::hkdf::{HKDF_SHA256, Salt};

use crate::config::Environment;
use crate::config::sections::Data;

/// The file of the root key in the data folder, where the configuration names no other.
const FILE: &str = "root.key";

/// Fewer characters make no key.
const MIN_CHARACTERS: usize = 32;

/// What a derived key is for. No two uses share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Sets of the operator's own records.
    Records,
    /// Fingerprints of found credentials.
    Fingerprints,
}

/// The root key. Whoever has it can derive every other.
#[derive(Debug)]
pub struct RootKey(Secret);

impl RootKey {
    /// As configured; otherwise from `root.key` in the data folder.
    pub fn open(data: &Data, environment: &Environment) -> anyhow::Result<Self> {
        match Self::configured(data, environment)? {
            Some(key) => Ok(key),
            None if data.dir.join(FILE).exists() => read(&data.dir.join(FILE)).and_then(Self::new),
            None => bail!(
                "there is no root key in {}; start the gate once, or name one with [data] root_key",
                data.dir.display()
            ),
        }
    }

    /// The same, and the file is made where there is none.
    pub fn open_or_make(data: &Data, environment: &Environment) -> anyhow::Result<Self> {
        let file = data.dir.join(FILE);
        match Self::configured(data, environment)? {
            None if !file.exists() => make(&data.dir, &file).and_then(Self::new),
            _ => Self::open(data, environment),
        }
    }

    fn configured(data: &Data, environment: &Environment) -> anyhow::Result<Option<Self>> {
        let Some(named) = &data.root_key else { return Ok(None) };
        let secret = named.resolved(environment).context("the root key")?;
        Self::new(secret).map(Some)
    }

    fn new(secret: Secret) -> anyhow::Result<Self> {
        if secret.expose().len() < MIN_CHARACTERS {
            bail!(
                "the root key has fewer than {MIN_CHARACTERS} characters; make one with `openssl rand -hex 32`"
            );
        }
        Ok(Self(secret))
    }

    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// A tenant's key for one use (RFC 5869).
    pub fn derive(&self, tenant: &TenantId, purpose: Use) -> anyhow::Result<[u8; 32]> {
        let root = Salt::new(HKDF_SHA256, b"portcullis inspection");
        let root = root.extract(self.0.expose().as_bytes());
        let purpose: &[u8] = match purpose {
            Use::Records => b"records",
            Use::Fingerprints => b"fingerprints",
        };
        let info = [tenant.as_str().as_bytes(), b"/", purpose];
        let mut key = [0; 32];
        let derived = root.expand(&info, HKDF_SHA256).and_then(|derived| derived.fill(&mut key));
        derived.ok().context("no key could be derived from the root key")?;
        Ok(key)
    }
}

fn read(file: &Path) -> anyhow::Result<Secret> {
    let shown = || format!("the root key in {}", file.display());
    let mode = std::fs::metadata(file).with_context(shown)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{} can be read by others than its owner; run chmod 600 on it", file.display());
    }
    let text = std::fs::read_to_string(file).with_context(shown)?;
    Ok(Secret::new(text.trim_end().to_owned()))
}

fn make(folder: &Path, file: &Path) -> anyhow::Result<Secret> {
    let shown = || format!("the root key in {}", file.display());
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(shown)?;
    let key = Secret::new(hex::encode(random()?));
    let mut options = std::fs::OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).mode(0o600).open(file).with_context(shown)?;
    writeln!(file, "{}", key.expose()).with_context(shown)?;
    file.sync_all().with_context(shown)?;
    Ok(key)
}

/// Bytes that nobody can guess.
pub fn random() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(dir: &Path) -> Data {
        Data { dir: dir.to_owned(), root_key: None }
    }

    #[test]
    fn a_made_key_is_read_again_and_each_use_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (data, environment) = (data(&folder.path().join("data")), Environment::default());
        assert!(RootKey::open(&data, &environment).is_err());
        let made = RootKey::open_or_make(&data, &environment).unwrap();
        let again = RootKey::open(&data, &environment).unwrap();
        let derive = |key: &RootKey, purpose| key.derive(&TenantId::main(), purpose).unwrap();
        assert_eq!(derive(&made, Use::Records), derive(&again, Use::Records));
        assert_ne!(derive(&made, Use::Records), derive(&made, Use::Fingerprints));
        let file = data.dir.join(FILE);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(RootKey::open(&data, &environment).is_err(), "others can read it");
    }
}
