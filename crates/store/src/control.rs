//! The control state in one piece: what a gate's snapshot is built from.

use model::{Agent, CertificateSerial, Containment, KeyHash, Person, TenantId, Timestamp};

use crate::{Result, Store, StoredCertificate, StoredSigningKey, sqlite};

/// One tenant's control state as of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlState {
    /// Grows with every change: of two states the one with the greater revision is newer.
    pub revision: u64,
    /// By name.
    pub agents: Vec<Agent>,
    pub keys: Vec<ControlKey>,
    pub containments: Vec<Containment>,
    /// By name.
    pub persons: Vec<Person>,
    pub signing_keys: Vec<StoredSigningKey>,
    pub certificates: Vec<StoredCertificate>,
    pub revoked_certificates: Vec<CertificateSerial>,
}

/// A key, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlKey {
    pub hash: KeyHash,
    /// Where its agent stands in [`ControlState::agents`].
    pub agent: usize,
    pub expires: Option<Timestamp>,
}

impl Store {
    /// Reads a tenant's control state in one read transaction. Expired keys are in it: whoever
    /// looks a key up has the clock.
    pub async fn load_control(&self, tenant: &TenantId) -> Result<ControlState> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::control::load(tx, &tenant)).await
    }
}
