//! Values that the gate took out of requests and keeps sealed.

use model::{AgentName, TenantId};

use crate::{Result, Store, sqlite};

/// A sealed value. What the seal is made of is its writer's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptValue {
    pub id: [u8; 10],
    pub agent: AgentName,
    pub sealed: Vec<u8>,
}

impl Store {
    /// Adds values; one that is there already stays as it is.
    pub async fn keep_values(&self, tenant: &TenantId, values: Vec<KeptValue>) -> Result<()> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::kept_values::add(tx, &tenant, &values)).await
    }

    /// All values of a tenant.
    pub async fn kept_values(&self, tenant: &TenantId) -> Result<Vec<KeptValue>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::kept_values::all(tx, &tenant)).await
    }
}
