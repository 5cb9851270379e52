//! Whose word the gate takes, and the key that it signs its own tokens with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use gate::identify::Trust;
use gate::identify::trust::AgentKey;
use identity::signature::{Hmac, Rules, VerifyingKey};
use identity::{GateKey, Terms};
use model::TenantId;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;

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
        signing_keys: config
            .signing_key
            .iter()
            .map(|key| signing_key(key, tenant))
            .collect::<Result<_, _>>()?,
        signatures: rules(&identity.signatures),
        certificates: config
            .certificate
            .iter()
            .map(|one| (one.subject.clone(), one.agent.clone()))
            .collect(),
        revoked: identity.revoked_certificates.iter().map(|serial| plain(serial)).collect(),
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

fn signing_key(
    key: &sections::SigningKey,
    tenant: &TenantId,
) -> anyhow::Result<(String, AgentKey)> {
    let shown = || format!("the signing key \"{}\"", key.id);
    let verifying = match (&key.public_key, key.secret.as_ref().and_then(|s| s.secret.as_ref())) {
        (Some(file), _) => public_key(file).with_context(shown)?,
        (None, Some(secret)) => VerifyingKey::Hmac(Hmac::new(secret.expose().as_bytes())),
        (None, None) => anyhow::bail!("{} has no key", shown()),
    };
    let (tenant, agent) = (tenant.clone(), key.agent.clone());
    Ok((key.id.clone(), AgentKey { tenant, agent, key: verifying }))
}

fn public_key(file: &Path) -> anyhow::Result<VerifyingKey> {
    let shown = || format!("the file {}", file.display());
    let pem = std::fs::read(file).with_context(shown)?;
    let key = SubjectPublicKeyInfoDer::from_pem_slice(&pem).ok();
    let key = key.and_then(|key| VerifyingKey::from_der(&key));
    key.context("it holds no PUBLIC KEY of Ed25519 or P-256 in PEM").with_context(shown)
}

/// As certificates are compared: without colons and zeros before it, in lower case.
fn plain(serial: &str) -> String {
    let digits = serial.replace([':', ' '], "").to_ascii_lowercase();
    digits.trim_start_matches('0').to_owned()
}

/// The files that are read here.
pub(super) fn files(config: &Config) -> impl Iterator<Item = PathBuf> + '_ {
    let keys = config.signing_key.iter().filter_map(|key| key.public_key.clone());
    super::issuers::files(&config.issuer).chain(keys)
}
