//! The keys that inspection works with, derived from the secret that an instance keeps for it.
//!
//! That secret is wrapped as every other (see `up/root.rs`), so exchanging the root key leaves
//! sets of records and fingerprints as they are.

use anyhow::Context;
use model::{Secret, TenantId};
use ring::hkdf::{HKDF_SHA256, Salt};

use crate::config::{Config, Environment};
use crate::up;

/// What a derived key is for. No two uses share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Sets of the operator's own records.
    Records,
    /// Fingerprints of found credentials.
    Fingerprints,
    /// Signing the gate's own tokens.
    Tokens,
    /// Sealing people's second factors.
    People,
}

/// What the keys are derived from. Whoever has it can derive every one.
#[derive(Debug)]
pub struct InspectionSecret(Secret);

impl InspectionSecret {
    pub fn new(secret: Secret) -> Self {
        Self(secret)
    }

    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// The secret of the instance that the configuration speaks of, whether it runs or not; the
    /// first command makes it. `config` may have been read without its secrets.
    pub fn open(
        config: &Config,
        tenant: &TenantId,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let mut config = config.clone();
        let named = [&mut config.data.root_key, &mut config.data.previous_root_key];
        for key in named.into_iter().flatten() {
            key.take_up(environment).context("the root key")?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(up::inspection_secret(&config, tenant)).map(Self)
    }

    /// A tenant's key for one use (RFC 5869).
    pub fn derive(&self, tenant: &TenantId, purpose: Use) -> anyhow::Result<[u8; 32]> {
        let root = Salt::new(HKDF_SHA256, b"portcullis inspection");
        let root = root.extract(self.0.expose().as_bytes());
        let purpose: &[u8] = match purpose {
            Use::Records => b"records",
            Use::Fingerprints => b"fingerprints",
            Use::Tokens => b"tokens",
            Use::People => b"people",
        };
        let info = [tenant.as_str().as_bytes(), b"/", purpose];
        let mut key = [0; 32];
        let derived = root.expand(&info, HKDF_SHA256).and_then(|derived| derived.fill(&mut key));
        derived.ok().context("no key could be derived from the root key")?;
        Ok(key)
    }
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
    use crate::config;

    #[test]
    fn the_secret_is_found_again_and_each_use_has_its_own_key() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        let environment = Environment::from_pairs([("PORTCULLIS_DATA_DIR", data.as_str())]);
        let config = config::load(None, &environment, config::Secrets::Leave).unwrap().config;
        let open = || InspectionSecret::open(&config, &TenantId::main(), &environment).unwrap();
        let (made, again) = (open(), open());
        let derive =
            |key: &InspectionSecret, purpose| key.derive(&TenantId::main(), purpose).unwrap();
        assert_eq!(derive(&made, Use::Records), derive(&again, Use::Records));
        assert_ne!(derive(&made, Use::Records), derive(&made, Use::Fingerprints));
    }
}
