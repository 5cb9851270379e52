//! How far each export has come.

use model::TenantId;

use crate::{Result, Store, sqlite};

impl Store {
    /// The position in a log from which an export goes on; `None` for one that never began.
    pub async fn export_position(
        &self,
        tenant: &TenantId,
        log: &str,
        export: &str,
    ) -> Result<Option<u64>> {
        let (tenant, log, export) = (tenant.clone(), log.to_owned(), export.to_owned());
        self.db.read(move |tx| sqlite::exports::position(tx, &tenant, &log, &export)).await
    }

    /// Remembers what the receiver of an export has.
    pub async fn save_export(
        &self,
        tenant: &TenantId,
        log: &str,
        export: &str,
        position: u64,
    ) -> Result<()> {
        let (tenant, log, export) = (tenant.clone(), log.to_owned(), export.to_owned());
        self.db.write(move |tx| sqlite::exports::save(tx, &tenant, &log, &export, position)).await
    }
}
