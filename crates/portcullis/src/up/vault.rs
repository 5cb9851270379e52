//! The root key, and the tenant's vault that is kept under it.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use gate::vault::{Keeper, Kept, Vault};
use model::{Secret, TenantId};
use store::{KeptValue, Store};

use super::start::random;
use crate::config::Config;

/// Fewer characters make no key.
const MIN_CHARACTERS: usize = 32;

/// Opens the vault of a tenant. A vault whose root key was exchanged is refused: what is in it
/// could not be read any more.
pub(super) async fn open(
    config: &Config,
    store: &Store,
    tenant: &TenantId,
) -> anyhow::Result<Arc<Vault>> {
    let root = root_key(config)?;
    let rows = store.kept_values(tenant).await?;
    let rows = rows.into_iter().map(|KeptValue { id, agent, sealed }| Kept { id, agent, sealed });
    let keeper = keeper(store.clone(), tenant.clone());
    let vault = Vault::new(&root, tenant, rows.collect(), keeper).context("the vault's keys")?;
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

/// As configured; otherwise from `root.key` in the data folder, which is made where there is none.
fn root_key(config: &Config) -> anyhow::Result<Secret> {
    let configured = config.data.root_key.as_ref().and_then(|key| key.secret.clone());
    let root = match configured {
        Some(secret) => secret,
        None => own_key(&config.data.dir.join("root.key"))?,
    };
    if root.expose().len() < MIN_CHARACTERS {
        bail!(
            "the root key has fewer than {MIN_CHARACTERS} characters; make one with `openssl rand -hex 32`"
        );
    }
    Ok(root)
}

fn own_key(path: &Path) -> anyhow::Result<Secret> {
    let shown = || format!("the root key in {}", path.display());
    if path.exists() {
        let mode = std::fs::metadata(path).with_context(shown)?.permissions().mode();
        if mode & 0o077 != 0 {
            bail!("{} can be read by others than its owner; run chmod 600 on it", path.display());
        }
        let text = std::fs::read_to_string(path).with_context(shown)?;
        return Ok(Secret::new(text.trim_end().to_owned()));
    }
    let key = Secret::new(hex::encode(random()?));
    let mut options = std::fs::OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).mode(0o600).open(path).with_context(shown)?;
    writeln!(file, "{}", key.expose()).with_context(shown)?;
    file.sync_all().with_context(shown)?;
    Ok(key)
}
