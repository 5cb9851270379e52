//! New keys for old, at each level, without touching a payload.
//!
//! Each rotation is one transaction: a crash leaves the keys as they were or as they are to be.

use std::sync::{Arc, PoisonError};

use store::{KeyUse, WrappedKey};

use crate::keyring::{Keyring, Top, new_tenant_row, wrapped_by_root};
use crate::{KeyError, Root};

/// What a rotation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// Keys that were wrapped anew, or will seal nothing more.
    pub keys: u64,
}

impl Keyring {
    /// Wraps the tenant's key by another root key. The old one opens nothing any more, except in
    /// copies that were made before.
    pub async fn rotate_root(&self, root: Arc<Root>) -> Result<Rotated, KeyError> {
        let _one = self.changing.lock().await;
        let top = self.top();
        let row = self.store.by_id(&self.tenant, top.id).await?.ok_or(KeyError::Damaged)?;
        let row = wrapped_by_root(&self.tenant, row, &top.key, &root).await?;
        self.store.exchange(&self.tenant, Vec::new(), vec![row], Vec::new()).await?;
        self.put(Top { root, ..top });
        Ok(Rotated { keys: 1 })
    }

    /// Makes a new key of the tenant and wraps all keys by it.
    pub async fn rotate_tenant(&self) -> Result<Rotated, KeyError> {
        let _one = self.changing.lock().await;
        let top = self.top();
        let (row, key) = new_tenant_row(self.clock)?;
        let row = wrapped_by_root(&self.tenant, row, &key, &top.root).await?;
        let new = Top { id: row.id, key, root: Arc::clone(&top.root) };
        let below: Vec<WrappedKey> = self.store.all(&self.tenant).await?;
        let below = below.into_iter().filter(|key| key.used_for != KeyUse::Tenant);
        let rewrap = |row: WrappedKey| {
            let key = top.unwrap(&self.tenant, &row)?;
            new.rewrap(&self.tenant, &row, &key)
        };
        let rewrapped = below.map(rewrap).collect::<Result<Vec<_>, KeyError>>()?;
        let keys = rewrapped.len() as u64;
        self.store.exchange(&self.tenant, vec![row], rewrapped, vec![top.id]).await?;
        self.put(new);
        Ok(Rotated { keys })
    }

    /// From here on every subject's payloads are sealed by a new key. What the old ones sealed
    /// stays readable.
    pub async fn rotate_data(&self) -> Result<Rotated, KeyError> {
        let _one = self.changing.lock().await;
        let keys = self.store.retire_data_keys(&self.tenant).await?;
        self.forget_open();
        Ok(Rotated { keys })
    }

    fn put(&self, top: Top) {
        *self.top.write().unwrap_or_else(PoisonError::into_inner) = top;
    }
}
