//! Usage counters of budgets: how much of each window is used, as of a position in the log.

use model::{TenantId, Timestamp};

use crate::{Result, Store, sqlite};

/// One counter of one window. What a key means is its writer's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Such as `agent/support-bot/tokens/day`.
    pub key: String,
    /// When its window began.
    pub start: Timestamp,
    /// At most 2^63 - 1; a greater one is stored as that.
    pub value: u64,
}

impl Store {
    /// All counters of a tenant, and the position in the named log up to which they count: what
    /// the log holds from there on is to be added. Counters are written by [`Store::index`].
    pub async fn load_counters(&self, tenant: &TenantId, log: &str) -> Result<(Vec<Counter>, u64)> {
        let (tenant, log) = (tenant.clone(), log.to_owned());
        self.db.read(move |tx| sqlite::counters::load(tx, &tenant, &log)).await
    }

    /// Writes counters alone; as [`Store::index`] with no entries.
    pub async fn save_counters(
        &self,
        tenant: &TenantId,
        log: &str,
        counters: Vec<Counter>,
        position: u64,
    ) -> Result<()> {
        let (tenant, log) = (tenant.clone(), log.to_owned());
        let save = move |tx: &_| sqlite::counters::save(tx, &tenant, &log, &counters, position);
        self.db.write(save).await
    }

    /// Forgets windows that began before `start`; answers how many.
    pub async fn forget_counters(&self, tenant: &TenantId, start: Timestamp) -> Result<u64> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::counters::forget(tx, &tenant, start)).await
    }
}
