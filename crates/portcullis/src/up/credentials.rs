//! What agents show besides keys: from the configuration, and from what was added since.

use std::path::{Path, PathBuf};

use anyhow::Context;
use console::{DeclaredCertificate, DeclaredCredentials, DeclaredKey, PublicKeyView};
use gate::identify::Credentials;
use gate::identify::credentials::{AgentCertificate, AgentKey, Source};
use identity::PublicKey;
use identity::signature::{Hmac, VerifyingKey};
use model::{CertificateSubject, TenantId};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use store::ControlState;

use crate::config::{Config, sections};
use crate::policies;

/// A public key in PEM has a hundred bytes or two.
const MAX_PEM: usize = 4096;

/// What the configuration names.
pub(super) fn configured(config: &Config, tenant: &TenantId) -> anyhow::Result<Credentials> {
    let mut credentials = Credentials::default();
    for key in &config.signing_key {
        let shown = || format!("the signing key \"{}\"", key.id);
        let verifying = verifying(key).with_context(shown)?;
        let source = Source::Configuration;
        let found = AgentKey::new(tenant, &key.id, key.agent.clone(), verifying, source);
        credentials.add_key(key.id.clone(), found);
    }
    for one in &config.certificate {
        let (agent, source) = (one.agent.clone(), Source::Configuration);
        let found = AgentCertificate::new(tenant, &one.subject, agent, source);
        credentials.add_certificate(one.subject.clone(), found);
    }
    for serial in &config.identity.revoked_certificates {
        credentials.revoke(serial.clone());
    }
    Ok(credentials)
}

fn verifying(key: &sections::SigningKey) -> anyhow::Result<VerifyingKey> {
    match (&key.public_key, key.secret.as_ref().and_then(|secret| secret.secret.as_ref())) {
        (Some(file), _) => from_file(file),
        (None, Some(secret)) => Ok(VerifyingKey::Hmac(Hmac::new(secret.expose().as_bytes()))),
        (None, None) => anyhow::bail!("it has no key"),
    }
}

fn from_file(file: &Path) -> anyhow::Result<VerifyingKey> {
    let shown = || format!("the file {}", file.display());
    let pem = std::fs::read(file).with_context(shown)?;
    let (_, key) = from_pem(&pem).with_context(shown)?;
    Ok(key)
}

/// The key, and the bytes that are stored of it.
fn from_pem(pem: &[u8]) -> anyhow::Result<(Vec<u8>, VerifyingKey)> {
    let info = SubjectPublicKeyInfoDer::from_pem_slice(pem).ok().filter(|_| pem.len() <= MAX_PEM);
    let found = info.and_then(|info| Some((info.to_vec(), VerifyingKey::from_der(&info)?)));
    found.context("it holds no PUBLIC KEY of Ed25519 or P-256 in PEM")
}

/// What is configured, and what administrators added. A stored key that cannot be read is left out
/// aloud: its agent gets in by what else it has, and nobody gets in by it.
pub(super) fn all(
    configured: &Credentials,
    config: &Config,
    control: &ControlState,
    tenant: &TenantId,
) -> anyhow::Result<Credentials> {
    let mut all = configured.clone();
    let source = Source::Administrator;
    for stored in &control.signing_keys {
        let Some(key) = VerifyingKey::from_der(&stored.public_key) else {
            tracing::error!(%tenant, id = %stored.id, "a stored signing key cannot be read");
            continue;
        };
        let found = AgentKey::new(tenant, &stored.id, stored.agent.clone(), key, source);
        all.add_key(stored.id.clone(), found.until(stored.expires));
    }
    for stored in &control.certificates {
        if !may_be_named(config, tenant, &stored.subject)? {
            tracing::warn!(%tenant, subject = %stored.subject, "a name of certificates is not the tenant's to give any more");
            continue;
        }
        let found = AgentCertificate::new(tenant, &stored.subject, stored.agent.clone(), source);
        all.add_certificate(stored.subject.clone(), found);
    }
    control.revoked_certificates.iter().for_each(|serial| all.revoke(serial.clone()));
    Ok(all)
}

/// A public key as an administrator hands it in.
pub(super) fn view(pem: &str) -> anyhow::Result<PublicKeyView> {
    let (info, key) = from_pem(pem.as_bytes())?;
    let public = key.public().map(PublicKey::thumbprint).unwrap_or_default();
    Ok(PublicKeyView { info, algorithm: key.algorithm().as_str(), thumbprint: public })
}

/// What the configuration names, for who lists all.
pub(super) fn declared(configured: &Credentials) -> DeclaredCredentials {
    let keys = configured.configured_keys().map(|(id, key)| DeclaredKey {
        id: id.clone(),
        agent: key.agent.clone(),
        algorithm: key.key.algorithm().as_str(),
    });
    let certificates = configured.configured_certificates().map(|(subject, of)| {
        DeclaredCertificate { subject: subject.clone(), agent: of.agent.clone() }
    });
    let mut declared = DeclaredCredentials {
        signing_keys: keys.collect(),
        certificates: certificates.collect(),
        revoked: configured.revoked().cloned().collect(),
    };
    declared.signing_keys.sort_by(|a, b| a.id.cmp(&b.id));
    declared.certificates.sort_by(|a, b| a.subject.cmp(&b.subject));
    declared.revoked.sort();
    declared
}

/// Whether a tenant's administrators may give a name of certificates to an agent. The platform's
/// own may give any: it says whom the authorities sign for.
pub(super) fn may_be_named(
    config: &Config,
    tenant: &TenantId,
    subject: &CertificateSubject,
) -> anyhow::Result<bool> {
    let Some(declared) = config.tenant.iter().find(|declared| declared.name == *tenant) else {
        return Ok(*tenant == TenantId::main());
    };
    let patterns = policies::patterns(&declared.certificates)?;
    Ok(patterns.iter().any(|pattern| pattern.matches(subject.as_str())))
}

/// The files that are read here.
pub(super) fn files(config: &Config) -> impl Iterator<Item = PathBuf> + '_ {
    config.signing_key.iter().filter_map(|key| key.public_key.clone())
}
