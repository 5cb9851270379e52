//! The tenant's vault of placeholders: values under keys of their owners, which are the tenant's.

use std::sync::Arc;

use anyhow::{Context, bail};
use gate::vault::{Fresh, Keeper, Kept, Vault};
use model::{Secret, TenantId};
use payloads::{KeyError, Keyring};
use store::{KeptValue, Store};

/// Opens the vault of a tenant. What an earlier version sealed otherwise is sealed anew.
pub(super) async fn open(
    store: &Store,
    tenant: &TenantId,
    secret: &Secret,
    keyring: &Arc<Keyring>,
) -> anyhow::Result<Arc<Vault>> {
    let rows = store.kept_values(tenant).await?;
    let kept = |KeptValue { id, agent, person, sealed }| Kept { id, agent, person, sealed };
    let rows = rows.into_iter().map(kept);
    let keys = keyring.value_keys().await?;
    let keeper = keeper(store.clone(), tenant.clone(), keyring.clone());
    let vault = Vault::new(secret, tenant, keys, rows.collect(), keeper);
    let vault = vault.context("the vault's keys")?;
    if !vault.opens() {
        bail!(
            "the key in keys.db does not open the vault in state.db; restore both from one backup"
        );
    }
    for fresh in vault.reseal().context("the vault's keys")? {
        keep_key(keyring, &fresh).await?;
        store.reseal_values(tenant, rows_of(fresh.kept)).await?;
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
    let rows = store.kept_values(tenant).await?;
    let kept = |KeptValue { id, agent, person, sealed }| Kept { id, agent, person, sealed };
    let kept: Vec<Kept> = rows.into_iter().map(kept).collect();
    let keeper: Keeper = Arc::new(|_| Box::pin(async { Err("it is only looked at".to_owned()) }));
    let opens = match root {
        _ if kept.is_empty() => true,
        Some(root) => {
            Vault::new(root, tenant, Vec::new(), kept, keeper).is_some_and(|vault| vault.opens())
        }
        None => false,
    };
    if opens { Ok(()) } else { Err(KeyError::WrongRoot.into()) }
}

fn rows_of(kept: Vec<Kept>) -> Vec<KeptValue> {
    let row = |Kept { id, agent, person, sealed }| KeptValue { id, agent, person, sealed };
    kept.into_iter().map(row).collect()
}

async fn keep_key(keyring: &Keyring, fresh: &Fresh) -> Result<(), KeyError> {
    match &fresh.key {
        Some(key) => keyring.keep_value_key(&fresh.owner, key).await,
        None => Ok(()),
    }
}

/// The key comes first: a value whose key is not kept could never be read again.
fn keeper(store: Store, tenant: TenantId, keyring: Arc<Keyring>) -> Keeper {
    Arc::new(move |fresh| {
        let (store, tenant, keyring) = (store.clone(), tenant.clone(), keyring.clone());
        Box::pin(async move {
            keep_key(&keyring, &fresh).await.map_err(|error| error.to_string())?;
            let kept = store.keep_values(&tenant, rows_of(fresh.kept)).await;
            kept.map_err(|error| error.to_string())
        })
    })
}
