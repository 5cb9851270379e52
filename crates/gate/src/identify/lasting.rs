//! How long what a caller has shown is taken: a stream may be open when a key is taken away.
//!
//! What is asked is what [`caller`](super::caller) asks, of a later snapshot and without the request: whoever
//! could not begin a stream now does not go on hearing it. Only whether an outside issuer still has the key that
//! signed a token is not asked again; such a token ends by itself.

use std::sync::Arc;
use std::time::Duration;

use identity::Shown;
use model::{AgentName, KeyHash, TenantId, Timestamp};

use super::issuer::TrustedIssuer;
use crate::snapshot::{Snapshot, Tenant};

/// What a caller has shown.
#[derive(Clone, Default)]
pub(super) struct Lasting {
    key: Option<KeyHash>,
    /// The mark of the key that signed the request.
    signing_key: Option<KeyHash>,
    certificate: Option<Shown>,
    /// When the first of the tokens ends.
    token: Option<Timestamp>,
    /// Who gave the tokens, where that was not the gate.
    issuers: Vec<Arc<TrustedIssuer>>,
}

impl Lasting {
    pub(super) fn key(key: KeyHash) -> Self {
        Self { key: Some(key), ..Self::default() }
    }

    pub(super) fn signing_key(mark: KeyHash) -> Self {
        Self { signing_key: Some(mark), ..Self::default() }
    }

    pub(super) fn certificate(shown: Shown) -> Self {
        Self { certificate: Some(shown), ..Self::default() }
    }

    pub(super) fn token(expires: Timestamp, issuer: Option<Arc<TrustedIssuer>>) -> Self {
        let issuers = issuer.into_iter().collect();
        Self { token: Some(expires), issuers, ..Self::default() }
    }

    /// Both, where a request shows both.
    pub(super) fn and(self, mut other: Self) -> Self {
        let mut issuers = self.issuers;
        issuers.append(&mut other.issuers);
        Self {
            key: self.key.or(other.key),
            signing_key: self.signing_key.or(other.signing_key),
            certificate: self.certificate.or(other.certificate),
            token: earlier(self.token, other.token),
            issuers,
        }
    }

    /// How long it will be taken yet, by a later snapshot; nothing where it is taken no more.
    pub(super) fn left(
        &self,
        snapshot: &Snapshot,
        tenant: &Tenant,
        agent: &AgentName,
        now: Timestamp,
    ) -> Option<Duration> {
        let mut ends = self.token;
        if let Some(key) = &self.key {
            let opens = snapshot.keys.get(key);
            let opens = opens.filter(|opens| opens.tenant == tenant.id && opens.agent == *agent)?;
            ends = earlier(ends, opens.expires);
        }
        if let Some(mark) = &self.signing_key {
            ends = earlier(ends, tenant.credentials.key_of(agent, mark)?.expires);
        }
        let is_trusted =
            |one: &Arc<TrustedIssuer>| tenant.trust.issuer_named(&one.rules.url).is_some();
        let is_taken = |shown: &Shown| !is_revoked(snapshot, tenant, agent, shown);
        if !self.issuers.iter().all(is_trusted) || !self.certificate.iter().all(is_taken) {
            return None;
        }
        match ends {
            None => Some(Duration::MAX),
            Some(ends) => (ends > now).then(|| ends.since(now)),
        }
    }
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    [one, other].into_iter().flatten().min()
}

/// Whether a certificate says no more that it is this agent's, or was taken back, by the tenant or the platform.
pub(super) fn is_revoked(
    snapshot: &Snapshot,
    tenant: &Tenant,
    agent: &AgentName,
    Shown { mark, serial }: &Shown,
) -> bool {
    let platform = snapshot.tenants.get(&TenantId::main());
    let mut revokers = [Some(tenant), platform.map(AsRef::as_ref)].into_iter().flatten();
    !tenant.credentials.marks(mark, agent)
        || revokers.any(|by| by.credentials.is_revoked(serial.as_str()))
}
