//! What agents show besides keys: keys that they sign with, names that their certificates have, and
//! serials of certificates that are not taken any more.

use model::{AgentName, CertificateSerial, CertificateSubject, SigningKeyId, TenantId, Timestamp};
use serde::Serialize;

use crate::{Result, Store, sqlite};

/// Signing keys and names of certificates that one agent may have at once, each.
pub const MAX_CREDENTIALS_PER_AGENT: u64 = 16;

/// Certificates that one tenant may have revoked.
pub const MAX_REVOKED: u64 = 100_000;

/// A key that an agent signs with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredSigningKey {
    pub id: SigningKeyId,
    #[serde(skip)]
    pub agent: AgentName,
    /// SubjectPublicKeyInfo, DER.
    #[serde(skip)]
    pub public_key: Vec<u8>,
    /// As RFC 9421 names it.
    pub algorithm: String,
    pub created: Timestamp,
    /// From then on its signatures open nothing.
    pub expires: Option<Timestamp>,
}

/// A signing key to add.
#[derive(Clone, Debug)]
pub struct NewSigningKey {
    pub id: SigningKeyId,
    pub public_key: Vec<u8>,
    pub algorithm: String,
    pub expires: Option<Timestamp>,
}

/// A name that an agent's certificates have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredCertificate {
    pub subject: CertificateSubject,
    #[serde(skip)]
    pub agent: AgentName,
    pub created: Timestamp,
}

/// A certificate that is not taken any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevokedCertificate {
    pub serial: CertificateSerial,
    pub reason: String,
    pub who: String,
    pub since: Timestamp,
}

impl Store {
    /// # Errors
    /// [`crate::StoreError::Exists`] where the id is some agent's already, of whatever tenant.
    pub async fn add_signing_key(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        key: NewSigningKey,
        now: Timestamp,
    ) -> Result<StoredSigningKey> {
        let (tenant, agent) = (tenant.clone(), agent.clone());
        let add = move |tx: &_| sqlite::credentials::add_key(tx, &tenant, &agent, &key, now);
        self.db.write(add).await
    }

    /// An agent's signing keys, by id.
    pub async fn list_signing_keys(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
    ) -> Result<Vec<StoredSigningKey>> {
        let (tenant, agent) = (tenant.clone(), agent.clone());
        self.db.read(move |tx| sqlite::credentials::keys_of(tx, &tenant, &agent)).await
    }

    pub async fn remove_signing_key(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        id: &SigningKeyId,
        now: Timestamp,
    ) -> Result<()> {
        let (tenant, agent, id) = (tenant.clone(), agent.clone(), id.clone());
        let remove = move |tx: &_| sqlite::credentials::remove_key(tx, &tenant, &agent, &id, now);
        self.db.write(remove).await
    }

    /// # Errors
    /// [`crate::StoreError::Exists`] where the name is some agent's already, of whatever tenant.
    pub async fn add_certificate(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        subject: CertificateSubject,
        now: Timestamp,
    ) -> Result<StoredCertificate> {
        let (tenant, agent) = (tenant.clone(), agent.clone());
        let add =
            move |tx: &_| sqlite::credentials::add_certificate(tx, &tenant, &agent, &subject, now);
        self.db.write(add).await
    }

    /// The names that an agent's certificates have.
    pub async fn list_certificates(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
    ) -> Result<Vec<StoredCertificate>> {
        let (tenant, agent) = (tenant.clone(), agent.clone());
        self.db.read(move |tx| sqlite::credentials::certificates_of(tx, &tenant, &agent)).await
    }

    pub async fn remove_certificate(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        subject: &CertificateSubject,
        now: Timestamp,
    ) -> Result<()> {
        let (tenant, agent, subject) = (tenant.clone(), agent.clone(), subject.clone());
        let remove = move |tx: &_| {
            sqlite::credentials::remove_certificate(tx, &tenant, &agent, &subject, now)
        };
        self.db.write(remove).await
    }

    pub async fn revoke_certificate(
        &self,
        tenant: &TenantId,
        revoked: RevokedCertificate,
    ) -> Result<()> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::credentials::revoke(tx, &tenant, &revoked)).await
    }

    /// Serials that are not taken any more, in their order, at most `limit`, after `after`.
    pub async fn list_revoked_certificates(
        &self,
        tenant: &TenantId,
        after: Option<CertificateSerial>,
        limit: usize,
    ) -> Result<Vec<RevokedCertificate>> {
        let tenant = tenant.clone();
        let list = move |tx: &_| sqlite::credentials::revoked(tx, &tenant, after.as_ref(), limit);
        self.db.read(list).await
    }

    /// Takes a revocation back, which was a mistake.
    pub async fn reinstate_certificate(
        &self,
        tenant: &TenantId,
        serial: &CertificateSerial,
    ) -> Result<()> {
        let (tenant, serial) = (tenant.clone(), serial.clone());
        self.db.write(move |tx| sqlite::credentials::reinstate(tx, &tenant, &serial)).await
    }
}
