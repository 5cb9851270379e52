//! What agents show besides keys and tokens, and whose it is: keys that they sign with, and what
//! their certificates say.
//!
//! Some of it is configured, some is added and taken away while the gate runs. Both count alike,
//! except between tenants: what a configuration names, nobody's administrator can claim.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use identity::PublicKey;
use identity::signature::VerifyingKey;
use model::{
    AgentName, CertificateSerial, CertificateSubject, Digest, KeyHash, SigningKeyId, TenantId,
    Timestamp,
};

/// The credentials of one tenant's agents.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// By `keyid`.
    signing_keys: HashMap<SigningKeyId, AgentKey, RandomState>,
    /// By what the certificate says.
    certificates: HashMap<CertificateSubject, AgentCertificate, RandomState>,
    /// Serials of certificates that are not taken any more.
    revoked: HashSet<CertificateSerial, RandomState>,
    /// Whose signing keys and certificates tokens were given for, by what the tokens say of them.
    marks: HashMap<KeyHash, AgentName, RandomState>,
    /// The ids of each agent's signing keys.
    of_agents: HashMap<AgentName, Vec<SigningKeyId>, RandomState>,
}

/// Who says that a credential is an agent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Configuration,
    /// An administrator, while the gate runs.
    Administrator,
}

/// A key that an agent signs with.
#[derive(Clone, Debug)]
pub struct AgentKey {
    pub agent: AgentName,
    pub key: VerifyingKey,
    /// From then on its signatures open nothing.
    pub expires: Option<Timestamp>,
    pub source: Source,
    /// As tokens that are given for it name it.
    mark: KeyHash,
}

/// What a certificate's name stands for.
#[derive(Clone, Debug)]
pub struct AgentCertificate {
    pub agent: AgentName,
    pub source: Source,
    /// As tokens that are given for it name it.
    mark: KeyHash,
}

impl AgentCertificate {
    pub fn new(
        tenant: &TenantId,
        subject: &CertificateSubject,
        agent: AgentName,
        source: Source,
    ) -> Self {
        let mark = Digest::of(format!("certificate {tenant} {}", subject.as_str()).as_bytes());
        Self { agent, source, mark }
    }

    pub(super) fn mark(&self) -> KeyHash {
        self.mark
    }
}

impl AgentKey {
    /// The mark is of this key of this tenant: no bearer of anything can show what hashes to it,
    /// because marks open nothing.
    pub fn new(
        tenant: &TenantId,
        id: &SigningKeyId,
        agent: AgentName,
        key: VerifyingKey,
        source: Source,
    ) -> Self {
        let public = key.public().map(PublicKey::thumbprint).unwrap_or_default();
        // None of the three holds a blank.
        let mark = Digest::of(format!("signing key {tenant} {id} {public}").as_bytes());
        Self { agent, key, expires: None, source, mark }
    }

    #[must_use]
    pub fn until(self, expires: Option<Timestamp>) -> Self {
        Self { expires, ..self }
    }

    pub(super) fn mark(&self) -> KeyHash {
        self.mark
    }

    pub(super) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl Credentials {
    /// Whoever comes first keeps the name: what is configured is added before the rest.
    pub fn add_key(&mut self, id: SigningKeyId, key: AgentKey) {
        if self.signing_keys.contains_key(&id) {
            return;
        }
        self.marks.insert(key.mark, key.agent.clone());
        self.of_agents.entry(key.agent.clone()).or_default().push(id.clone());
        self.signing_keys.insert(id, key);
    }

    pub fn add_certificate(&mut self, subject: CertificateSubject, of: AgentCertificate) {
        if self.certificates.contains_key(&subject) {
            return;
        }
        self.marks.insert(of.mark, of.agent.clone());
        self.certificates.insert(subject, of);
    }

    pub fn revoke(&mut self, serial: CertificateSerial) {
        self.revoked.insert(serial);
    }

    pub(super) fn signing_key(&self, id: &str) -> Option<&AgentKey> {
        self.signing_keys.get(id)
    }

    /// The keys of one agent, with their ids.
    pub(super) fn keys_of(&self, agent: &str) -> impl Iterator<Item = (&str, &AgentKey)> {
        let ids = self.of_agents.get(agent).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| Some((id.as_str(), self.signing_keys.get(id)?)))
    }

    /// The key of an agent that this is the mark of.
    pub(super) fn key_of(&self, agent: &AgentName, mark: &KeyHash) -> Option<&AgentKey> {
        self.keys_of(agent.as_str()).map(|(_, key)| key).find(|key| key.mark == *mark)
    }

    pub(super) fn certificate(&self, subject: &str) -> Option<&AgentCertificate> {
        self.certificates.get(subject)
    }

    pub(super) fn is_revoked(&self, serial: &str) -> bool {
        self.revoked.contains(serial)
    }

    pub(super) fn revokes_any(&self) -> bool {
        !self.revoked.is_empty()
    }

    /// Whether the signing key or certificate that a token was given for is still this agent's.
    pub(super) fn marks(&self, mark: &KeyHash, agent: &AgentName) -> bool {
        self.marks.get(mark) == Some(agent)
    }

    pub(super) fn key_ids(&self) -> impl Iterator<Item = (&str, Source)> {
        self.signing_keys.iter().map(|(id, key)| (id.as_str(), key.source))
    }

    pub(super) fn subjects(&self) -> impl Iterator<Item = (&str, Source)> {
        self.certificates.iter().map(|(subject, of)| (subject.as_str(), of.source))
    }

    /// What is configured of signing keys, for who lists them all.
    pub fn configured_keys(&self) -> impl Iterator<Item = (&SigningKeyId, &AgentKey)> {
        self.signing_keys.iter().filter(|(_, key)| key.source == Source::Configuration)
    }

    /// What is configured of certificates.
    pub fn configured_certificates(
        &self,
    ) -> impl Iterator<Item = (&CertificateSubject, &AgentCertificate)> {
        self.certificates.iter().filter(|(_, of)| of.source == Source::Configuration)
    }

    pub fn revoked(&self) -> impl Iterator<Item = &CertificateSerial> {
        self.revoked.iter()
    }
}

#[cfg(test)]
mod tests {
    use identity::signature::Hmac;

    use super::*;

    fn key(agent: &str, source: Source) -> (SigningKeyId, AgentKey) {
        let (id, agent) = ("one".parse().unwrap(), AgentName::new(agent).unwrap());
        let verifying = VerifyingKey::Hmac(Hmac::new(b"of two"));
        let key = AgentKey::new(&TenantId::main(), &id, agent, verifying, source);
        (id, key)
    }

    #[test]
    fn what_is_configured_keeps_its_name() {
        let mut credentials = Credentials::default();
        let (id, configured) = key("bot", Source::Configuration);
        let mark = configured.mark();
        credentials.add_key(id, configured);
        let (id, added) = key("other", Source::Administrator);
        credentials.add_key(id, added);
        assert_eq!(credentials.signing_key("one").unwrap().agent.as_str(), "bot");
        assert!(credentials.marks(&mark, &AgentName::new("bot").unwrap()));
        assert!(!credentials.marks(&mark, &AgentName::new("other").unwrap()));
    }

    #[test]
    fn a_key_ends_at_its_moment() {
        let (_, key) = key("bot", Source::Administrator);
        let (at, before) = (Timestamp::from_micros(10), Timestamp::from_micros(9));
        assert!(!key.has_expired(at));
        let key = key.until(Some(at));
        assert!(key.has_expired(at) && !key.has_expired(before));
    }
}
