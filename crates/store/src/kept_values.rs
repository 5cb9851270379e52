//! Values that the gate took out of requests and keeps sealed.

use model::{AgentName, DataSubject, TenantId, UserName};

use crate::{Result, Store, sqlite};

/// A sealed value. What the seal is made of is its writer's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptValue {
    pub id: [u8; 10],
    pub agent: AgentName,
    /// For whom the agent sent it.
    pub person: Option<UserName>,
    pub sealed: Vec<u8>,
}

impl Store {
    /// Adds values; one that is there already stays as it is.
    pub async fn keep_values(&self, tenant: &TenantId, values: Vec<KeptValue>) -> Result<()> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::kept_values::add(tx, &tenant, &values)).await
    }

    /// Puts values in the place of those with their ids.
    pub async fn reseal_values(&self, tenant: &TenantId, values: Vec<KeptValue>) -> Result<()> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::kept_values::reseal(tx, &tenant, &values)).await
    }

    /// Removes what an agent sent, or what was sent for a person; gives how much that was. What the
    /// database keeps of it in pages that are free now is still sealed.
    pub async fn forget_values(&self, tenant: &TenantId, of: DataSubject) -> Result<u64> {
        let tenant = tenant.clone();
        let forget = move |tx: &_| sqlite::kept_values::forget(tx, &tenant, &of);
        let forgotten = self.db.write(forget).await?;
        self.db.checkpoint().await?;
        Ok(forgotten)
    }

    /// All values of a tenant.
    pub async fn kept_values(&self, tenant: &TenantId) -> Result<Vec<KeptValue>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::kept_values::all(tx, &tenant)).await
    }
}
