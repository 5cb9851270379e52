//! Agents: who is known, and who declared them.

use model::{Agent, AgentName, KeyHash, RoleName, Standing, TenantId, Tier, Timestamp, ZoneName};
use serde::{Deserialize, Serialize};

use crate::{NewKey, Result, Store, sqlite};

/// Where a row comes from, and so where it is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Made by the admin API or the command line.
    Api,
    /// Declared in the configuration, which is the truth for it.
    Config,
}

/// An agent with what the store keeps beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredAgent {
    /// Its standing is what the containments say of this agent alone.
    #[serde(flatten)]
    pub agent: Agent,
    pub origin: Origin,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// Grows with every change: the entity tag.
    pub version: u64,
}

/// An agent to add. A containment under its name that is still in force holds it at once.
#[derive(Clone, Debug)]
pub struct NewAgent {
    pub name: AgentName,
    pub owner: Option<String>,
    pub purpose: Option<String>,
    pub roles: Vec<RoleName>,
    pub zone: ZoneName,
    pub tier: Option<Tier>,
}

/// What of an agent is to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct AgentChange {
    /// `Some(None)` takes the owner away.
    pub owner: Option<Option<String>>,
    pub purpose: Option<Option<String>>,
    pub roles: Option<Vec<RoleName>>,
    pub zone: Option<ZoneName>,
    /// `Some(None)` leaves it to how the agent came to call.
    pub tier: Option<Option<Tier>>,
}

/// An agent as the configuration declares it, with the hashes of its configured keys.
#[derive(Clone, Debug)]
pub struct DeclaredAgent {
    pub agent: NewAgent,
    pub keys: Vec<KeyHash>,
}

/// What a new configuration changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    pub added: Vec<AgentName>,
    pub changed: Vec<AgentName>,
    /// Declared before and no longer: gone, with all their keys.
    pub removed: Vec<AgentName>,
}

impl Store {
    /// Adds an agent with its first key.
    pub async fn add_agent(
        &self,
        tenant: &TenantId,
        agent: NewAgent,
        key: Option<NewKey>,
        now: Timestamp,
    ) -> Result<StoredAgent> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::agents::add(tx, &tenant, &agent, key.as_ref(), now)).await
    }

    /// # Errors
    /// [`crate::StoreError::NotFound`].
    pub async fn agent(&self, tenant: &TenantId, name: &AgentName) -> Result<StoredAgent> {
        let (tenant, name) = (tenant.clone(), name.clone());
        self.db.read(move |tx| sqlite::agents::one(tx, &tenant, &name)).await
    }

    /// Agents by name, at most `limit`, after the name `after`; `standing` narrows.
    pub async fn list_agents(
        &self,
        tenant: &TenantId,
        standing: Option<Standing>,
        after: Option<AgentName>,
        limit: usize,
    ) -> Result<Vec<StoredAgent>> {
        let tenant = tenant.clone();
        let list = move |tx: &_| sqlite::agents::list(tx, &tenant, standing, after.as_ref(), limit);
        self.db.read(list).await
    }

    /// Changes an agent that the configuration does not declare. With `version`, only if it
    /// still has that version.
    pub async fn update_agent(
        &self,
        tenant: &TenantId,
        name: &AgentName,
        change: AgentChange,
        version: Option<u64>,
        now: Timestamp,
    ) -> Result<StoredAgent> {
        let (tenant, name) = (tenant.clone(), name.clone());
        let update =
            move |tx: &_| sqlite::agents::update(tx, &tenant, &name, &change, version, now);
        self.db.write(update).await
    }

    /// Removes an agent and its keys. A containment of its name stays in force.
    pub async fn remove_agent(
        &self,
        tenant: &TenantId,
        name: &AgentName,
        version: Option<u64>,
    ) -> Result<()> {
        let (tenant, name) = (tenant.clone(), name.clone());
        self.db.write(move |tx| sqlite::agents::remove(tx, &tenant, &name, version)).await
    }

    /// Makes the declared agents what the configuration says, all or nothing: those that vanished
    /// from it are removed, and one of the same name that the API made becomes the declared one.
    pub async fn declare_agents(
        &self,
        tenant: &TenantId,
        declared: Vec<DeclaredAgent>,
        now: Timestamp,
    ) -> Result<Declared> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::declared::declare(tx, &tenant, &declared, now)).await
    }
}
