//! The tenant's vault of placeholders, whose keys are made from one of the tenant's.

use std::sync::Arc;

use anyhow::{Context, bail};
use gate::vault::{Keeper, Kept, Vault};
use model::{Secret, TenantId};
use payloads::KeyError;
use store::{KeptValue, Store};

/// Opens the vault of a tenant.
pub(super) async fn open(
    store: &Store,
    tenant: &TenantId,
    secret: &Secret,
) -> anyhow::Result<Arc<Vault>> {
    let rows = store.kept_values(tenant).await?;
    let kept = |KeptValue { id, agent, person, sealed }| Kept { id, agent, person, sealed };
    let rows = rows.into_iter().map(kept);
    let keeper = keeper(store.clone(), tenant.clone());
    let vault = Vault::new(secret, tenant, rows.collect(), keeper).context("the vault's keys")?;
    if !vault.opens() {
        bail!(
            "the key in keys.db does not open the vault in state.db; restore both from one backup"
        );
    }
    Ok(Arc::new(vault))
}

/// Where there are no keys yet and values all the same: they were sealed under the root key itself,
/// and with another one they could never be read again.
pub(super) async fn check_first(
    store: &Store,
    tenant: &TenantId,
    root: Option<&Secret>,
) -> anyhow::Result<()> {
    let is_empty = store.kept_values(tenant).await?.is_empty();
    let opens = match root {
        _ if is_empty => true,
        Some(root) => open(store, tenant, root).await.is_ok(),
        None => false,
    };
    if opens { Ok(()) } else { Err(KeyError::WrongRoot.into()) }
}

fn keeper(store: Store, tenant: TenantId) -> Keeper {
    Arc::new(move |kept| {
        let (store, tenant) = (store.clone(), tenant.clone());
        let row = |Kept { id, agent, person, sealed }| KeptValue { id, agent, person, sealed };
        let rows = kept.into_iter().map(row).collect();
        Box::pin(async move {
            store.keep_values(&tenant, rows).await.map_err(|error| error.to_string())
        })
    })
}
