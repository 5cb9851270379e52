//! The tenant's vault, which is kept under the root key.

use std::sync::Arc;

use anyhow::{Context, bail};
use gate::vault::{Keeper, Kept, Vault};
use model::TenantId;
use store::{KeptValue, Store};

use crate::keys::RootKey;

/// Opens the vault of a tenant. A vault whose root key was exchanged is refused: what is in it
/// could not be read any more.
pub(super) async fn open(
    root: &RootKey,
    store: &Store,
    tenant: &TenantId,
) -> anyhow::Result<Arc<Vault>> {
    let rows = store.kept_values(tenant).await?;
    let rows = rows.into_iter().map(|KeptValue { id, agent, sealed }| Kept { id, agent, sealed });
    let keeper = keeper(store.clone(), tenant.clone());
    let vault =
        Vault::new(root.secret(), tenant, rows.collect(), keeper).context("the vault's keys")?;
    if !vault.opens() {
        bail!(
            "the root key does not open the vault in state.db; name the key that it was made with in [data] root_key, or put the file root.key back"
        );
    }
    Ok(Arc::new(vault))
}

fn keeper(store: Store, tenant: TenantId) -> Keeper {
    Arc::new(move |kept| {
        let (store, tenant) = (store.clone(), tenant.clone());
        let row = |Kept { id, agent, sealed }| KeptValue { id, agent, sealed };
        let rows = kept.into_iter().map(row).collect();
        Box::pin(async move {
            store.keep_values(&tenant, rows).await.map_err(|error| error.to_string())
        })
    })
}
