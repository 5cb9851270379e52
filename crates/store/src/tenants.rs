//! Tenants: every other row is under one.

use model::TenantId;

use crate::{Result, Store, sqlite};

impl Store {
    /// Makes a tenant; one that is there already stays as it is.
    pub async fn add_tenant(&self, tenant: &TenantId) -> Result<()> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::tenants::add(tx, &tenant)).await
    }

    /// All tenants, by name. A new database has the one that is called `main`.
    pub async fn list_tenants(&self) -> Result<Vec<TenantId>> {
        self.db.read(sqlite::tenants::list).await
    }
}
