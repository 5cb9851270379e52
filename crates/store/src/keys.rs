//! Agent keys: only their hashes are ever here.

use model::{AgentName, KeyHash, TenantId, Timestamp};
use serde::Serialize;

use crate::{Origin, Result, Store, sqlite};

/// Keys that one agent may have at once; expired ones are cleared away first.
pub const MAX_KEYS_PER_AGENT: u64 = 16;

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredKey {
    pub hash: KeyHash,
    pub label: String,
    pub origin: Origin,
    pub created: Timestamp,
    /// From then on it opens nothing.
    pub expires: Option<Timestamp>,
}

/// A key to add.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub hash: KeyHash,
    pub label: String,
    pub expires: Option<Timestamp>,
}

impl Store {
    pub async fn add_key(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        key: NewKey,
        now: Timestamp,
    ) -> Result<StoredKey> {
        let (tenant, agent) = (tenant.clone(), agent.clone());
        self.db.write(move |tx| sqlite::keys::add_one(tx, &tenant, &agent, &key, now)).await
    }

    /// An agent's keys, oldest first.
    pub async fn list_keys(&self, tenant: &TenantId, agent: &AgentName) -> Result<Vec<StoredKey>> {
        let (tenant, agent) = (tenant.clone(), agent.clone());
        self.db.read(move |tx| sqlite::keys::list_of(tx, &tenant, &agent)).await
    }

    /// The keys of several agents, in the order in which they are named.
    pub async fn keys_of(
        &self,
        tenant: &TenantId,
        agents: Vec<AgentName>,
    ) -> Result<Vec<Vec<StoredKey>>> {
        let tenant = tenant.clone();
        let all = move |tx: &_| {
            agents.iter().map(|agent| sqlite::keys::list_of(tx, &tenant, agent)).collect()
        };
        self.db.read(all).await
    }

    /// Adds a key, and lets every other key of the agent end at `old_until`, or before where it
    /// would have ended before. Answers with all its keys.
    ///
    /// # Errors
    /// [`crate::StoreError::Declared`] where the agent has a key from the configuration: that one
    /// would come back with the next reload, so it is rotated there.
    pub async fn rotate_key(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        key: NewKey,
        old_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<StoredKey>> {
        let (tenant, agent) = (tenant.clone(), agent.clone());
        let rotate = move |tx: &_| sqlite::keys::rotate(tx, &tenant, &agent, &key, old_until, now);
        self.db.write(rotate).await
    }

    /// Lets one key end at `expires`.
    pub async fn expire_key(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        hash: KeyHash,
        expires: Timestamp,
    ) -> Result<()> {
        let (tenant, agent) = (tenant.clone(), agent.clone());
        self.db.write(move |tx| sqlite::keys::expire(tx, &tenant, &agent, hash, expires)).await
    }

    pub async fn delete_key(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        hash: KeyHash,
    ) -> Result<()> {
        let (tenant, agent) = (tenant.clone(), agent.clone());
        self.db.write(move |tx| sqlite::keys::delete(tx, &tenant, &agent, hash)).await
    }
}
