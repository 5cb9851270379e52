//! Whose word the gate takes, and the key that it signs its own tokens with.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use gate::identify::Trust;
use identity::signature::Rules;
use identity::{GateKey, Terms};
use model::TenantId;

use super::issuers::issuers;
use crate::config::{Config, sections};
use crate::keys::{InspectionSecret, Use};

/// From the configuration. The gate's key is derived from the root key, so there is no other
/// file to keep.
pub(super) fn trust(
    config: &Config,
    tenant: &TenantId,
    root: &InspectionSecret,
) -> anyhow::Result<Arc<Trust>> {
    let seed = root.derive(tenant, Use::Tokens)?;
    let key = GateKey::from_seed(&seed).context("the key for tokens")?;
    let identity = &config.identity;
    Ok(Arc::new(Trust {
        key: Some(Arc::new(key)),
        issuer: issuer_name(&config.instance.name, tenant),
        terms: Terms { depth: identity.chain.get() as usize, lifetime: identity.token_lifetime },
        persons_must_be_known: identity.persons == sections::Persons::Known,
        public_url: identity.public_url.as_ref().map(ToString::to_string),
        issuers: issuers(&config.issuer)?,
        signatures: rules(&identity.signatures),
        ..Trust::default()
    }))
}

fn rules(signatures: &sections::Signatures) -> Rules {
    Rules {
        required: signatures.components.clone(),
        max_age: signatures.max_age,
        skew: signatures.clock_skew,
        needs_nonce: signatures.nonce,
    }
}

/// In whose name a tenant's tokens are signed.
fn issuer_name(instance: &str, tenant: &TenantId) -> String {
    match *tenant == TenantId::main() {
        true => instance.to_owned(),
        false => format!("{instance}/{tenant}"),
    }
}

/// The files that are read here.
pub(super) fn files(config: &Config) -> impl Iterator<Item = PathBuf> + '_ {
    super::issuers::files(&config.issuer).chain(super::credentials::files(config))
}
