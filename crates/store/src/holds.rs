//! Retention: legal holds, which it must leave alone, and what it takes out of the index.

use model::{DataSubject, TenantId, Timestamp};
use serde::Serialize;

use crate::{Result, Store, sqlite};

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hold {
    pub name: String,
    /// Whose data is held; everybody's where it is left out.
    pub subject: Option<DataSubject>,
    pub reason: String,
    pub who: String,
    pub created: Timestamp,
}

impl Store {
    /// Forgets what the index knows of records that were dropped from the log: those before this
    /// position. An index that is made anew begins there.
    pub async fn forget_before(&self, tenant: &TenantId, log: &str, before: u64) -> Result<()> {
        loop {
            let (tenant, log) = (tenant.clone(), log.to_owned());
            let forget = move |tx: &_| sqlite::index::forget_before(tx, &tenant, &log, before);
            if !self.db.write(forget).await? {
                return Ok(());
            }
        }
    }

    pub async fn add_hold(&self, tenant: &TenantId, hold: Hold) -> Result<()> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::holds::add(tx, &tenant, &hold)).await
    }

    /// A tenant's holds, by name.
    pub async fn list_holds(&self, tenant: &TenantId) -> Result<Vec<Hold>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::holds::list(tx, &tenant)).await
    }

    pub async fn remove_hold(&self, tenant: &TenantId, name: &str) -> Result<()> {
        let (tenant, name) = (tenant.clone(), name.to_owned());
        self.db.write(move |tx| sqlite::holds::remove(tx, &tenant, &name)).await
    }
}
