//! A tenant's keys: one for each subject and month, under the tenant's own, under the root key.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use model::{AgentName, DataSubject, Month, Secret, TenantId, Timestamp, UserName};
use store::{KeyFilter, KeyId, KeyStore, KeyUse, WrappedKey};
use zeroize::Zeroizing;

use crate::seal::{Key, Sealer, joined, random_id};
use crate::{KeyError, Root};

/// Data keys that are open in memory at once; beyond it all are closed and opened again as needed.
const MAX_OPEN: usize = 10_000;

/// An open data key.
#[derive(Debug)]
pub struct DataKey {
    pub(crate) id: KeyId,
    pub(crate) key: Key,
    pub month: Month,
}

/// Data keys that were destroyed: whose, and of which months.
pub type Erased = Vec<(DataSubject, Month)>;

/// Who sent values, and for whom.
pub type ValueOwner = (AgentName, Option<UserName>);

/// Whose, of which month, and by which label retention knows it.
type Owner = (DataSubject, Month, String);

type Open = HashMap<Owner, Arc<DataKey>>;

/// All keys of a tenant.
pub struct Keyring {
    pub(crate) tenant: TenantId,
    pub(crate) store: KeyStore,
    pub(crate) clock: fn() -> Timestamp,
    pub(crate) top: RwLock<Top>,
    open: Mutex<Open>,
    /// One key is made, exchanged or destroyed at a time.
    pub(crate) changing: tokio::sync::Mutex<()>,
}

/// The tenant's key, and by whom it is wrapped.
#[derive(Clone)]
pub(crate) struct Top {
    pub(crate) id: KeyId,
    pub(crate) key: Key,
    pub(crate) root: Arc<Root>,
}

impl Keyring {
    /// Opens the tenant's key, or makes the first one. Where the root key was exchanged, `before`
    /// is the one that was: the tenant's key is opened with it and wrapped by the new one.
    pub async fn open(
        tenant: TenantId,
        store: KeyStore,
        root: Arc<Root>,
        before: Option<Arc<Root>>,
        clock: fn() -> Timestamp,
    ) -> Result<Self, KeyError> {
        let top = match store.current(&tenant, KeyUse::Tenant).await? {
            None => first(&tenant, &store, root, clock).await?,
            Some(row) => take_up(&tenant, &store, row, root, before).await?,
        };
        Ok(Self {
            tenant,
            store,
            clock,
            top: RwLock::new(top),
            open: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        })
    }

    /// What the keys of the vault of placeholders are made from. Where there is none yet it is
    /// `first`, which is what an earlier version made them from, or a new one.
    pub async fn vault_secret(&self, first: Option<&Secret>) -> Result<Secret, KeyError> {
        let _one = self.changing.lock().await;
        let row = match self.store.current(&self.tenant, KeyUse::Vault).await? {
            Some(row) => row,
            None => {
                let secret = match first {
                    Some(secret) => secret.clone(),
                    None => Secret::new(hex(Key::random().ok_or(KeyError::NoRandomness)?.expose())),
                };
                let row = self.wrap(KeyUse::Vault, secret.expose().as_bytes())?;
                self.store.add_first(&self.tenant, row).await?
            }
        };
        let text = self.unwrap(&row)?;
        let text = String::from_utf8(text.to_vec()).map_err(|_| KeyError::Damaged)?;
        Ok(Secret::new(text))
    }

    /// The key that seals a subject's payloads of a month; a new one is durable when this answers.
    pub async fn data_key(
        &self,
        subject: &DataSubject,
        month: Month,
        label: &str,
    ) -> Result<Arc<DataKey>, KeyError> {
        let place = (subject.clone(), month, label.to_owned());
        if let Some(key) = self.opened().get(&place) {
            return Ok(Arc::clone(key));
        }
        let _one = self.changing.lock().await;
        if let Some(key) = self.opened().get(&place) {
            return Ok(Arc::clone(key));
        }
        let used_for = KeyUse::Data(subject.clone(), month, label.to_owned());
        let row = match self.store.current(&self.tenant, used_for.clone()).await? {
            Some(row) => row,
            None => {
                let key = Key::random().ok_or(KeyError::NoRandomness)?;
                let row = self.wrap(used_for, key.expose())?;
                self.store.add(&self.tenant, row.clone()).await?;
                row
            }
        };
        let key = Arc::new(self.data_key_of(&row, month)?);
        let mut open = self.opened();
        if open.len() >= MAX_OPEN {
            open.clear();
        }
        open.insert(place, Arc::clone(&key));
        Ok(key)
    }

    /// A data key that sealed something; nothing where it was destroyed.
    pub async fn by_id(&self, id: KeyId) -> Result<Option<DataKey>, KeyError> {
        let Some(row) = self.store.by_id(&self.tenant, id).await? else { return Ok(None) };
        match &row.used_for {
            KeyUse::Data(_, month, _) => self.data_key_of(&row, *month).map(Some),
            _ => Ok(None),
        }
    }

    /// Keeps what a pseudonym is made from; it is durable when this answers.
    pub(crate) async fn add_name(&self, content: &[u8]) -> Result<KeyId, KeyError> {
        let _one = self.changing.lock().await;
        let row = self.wrap(KeyUse::Name, content)?;
        let id = row.id;
        self.store.add(&self.tenant, row).await?;
        Ok(id)
    }

    pub(crate) async fn remove_name(&self, id: KeyId) -> Result<(), KeyError> {
        let _one = self.changing.lock().await;
        Ok(self.store.erase_these(&self.tenant, vec![id]).await?)
    }

    /// The keys to the values behind placeholders: who sent them, and for whom.
    pub async fn value_keys(&self) -> Result<Vec<(ValueOwner, Key)>, KeyError> {
        let rows = self.store.value_keys(&self.tenant).await?;
        let open = |row: WrappedKey| {
            let key = Key::from_bytes(&self.unwrap(&row)?).ok_or(KeyError::Damaged)?;
            match row.used_for {
                KeyUse::Values(agent, person) => Ok(((agent, person), key)),
                _ => Err(KeyError::Damaged),
            }
        };
        rows.into_iter().map(open).collect()
    }

    /// Keeps a key to values, unless it is kept already; it is durable when this answers.
    ///
    /// # Errors
    /// Where another key of the same owner is kept.
    pub async fn keep_value_key(&self, owner: &ValueOwner, key: &Key) -> Result<(), KeyError> {
        let _one = self.changing.lock().await;
        let row = self.wrap(KeyUse::Values(owner.0.clone(), owner.1.clone()), key.expose())?;
        let kept = self.store.add_first(&self.tenant, row).await?;
        let is_same = self.unwrap(&kept)?.as_slice() == key.expose();
        if is_same { Ok(()) } else { Err(KeyError::Damaged) }
    }

    /// Destroys data keys, here and on the disk. What they sealed is gone when this answers.
    pub async fn erase(&self, filter: KeyFilter) -> Result<Erased, KeyError> {
        let _one = self.changing.lock().await;
        let is_meant = |(subject, month, _): &Owner| {
            filter.subject.as_ref().is_none_or(|meant| meant == subject)
                && filter.month.is_none_or(|meant| meant == *month)
        };
        self.opened().retain(|place, _| !is_meant(place));
        Ok(self.store.erase(&self.tenant, filter).await?)
    }

    /// Destroys the data keys that are over, as [`Keyring::erase`] does.
    pub async fn expire(
        &self,
        is_over: impl Fn(&DataSubject, Month, &str) -> bool,
    ) -> Result<Erased, KeyError> {
        let _one = self.changing.lock().await;
        let mut ids = Vec::new();
        let mut erased = Erased::new();
        for row in self.store.all(&self.tenant).await? {
            if let KeyUse::Data(subject, month, label) = row.used_for
                && is_over(&subject, month, &label)
            {
                ids.push(row.id);
                erased.push((subject, month));
            }
        }
        if !ids.is_empty() {
            self.opened().retain(|(subject, month, label), _| !is_over(subject, *month, label));
            self.store.erase_these(&self.tenant, ids).await?;
        }
        Ok(erased)
    }

    /// The months that any data key is of.
    pub async fn months(&self) -> Result<BTreeSet<Month>, KeyError> {
        let all = self.store.all(&self.tenant).await?;
        let months = all.into_iter().filter_map(|row| match row.used_for {
            KeyUse::Data(_, month, _) => Some(month),
            _ => None,
        });
        Ok(months.collect())
    }

    pub(crate) fn forget_open(&self) {
        self.opened().clear();
    }

    fn opened(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn top(&self) -> Top {
        self.top.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn data_key_of(&self, row: &WrappedKey, month: Month) -> Result<DataKey, KeyError> {
        let key = Key::from_bytes(&self.unwrap(row)?).ok_or(KeyError::Damaged)?;
        Ok(DataKey { id: row.id, key, month })
    }

    fn wrap(&self, used_for: KeyUse, key: &[u8]) -> Result<WrappedKey, KeyError> {
        let id = random_id().ok_or(KeyError::NoRandomness)?;
        let row = WrappedKey {
            id,
            used_for,
            wrapped: Vec::new(),
            wrapped_by: KeyId::default(),
            created: (self.clock)(),
            is_retired: false,
        };
        self.top().rewrap(&self.tenant, &row, key)
    }

    pub(crate) fn unwrap(&self, row: &WrappedKey) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.top().unwrap(&self.tenant, row)
    }
}

impl Top {
    /// The same row with the key wrapped by this tenant's key.
    pub(crate) fn rewrap(
        &self,
        tenant: &TenantId,
        row: &WrappedKey,
        key: &[u8],
    ) -> Result<WrappedKey, KeyError> {
        let sealer = Sealer::new(&self.key).ok_or(KeyError::Damaged)?;
        let wrapped = sealer.seal(&about(tenant, row), key).ok_or(KeyError::NoRandomness)?;
        Ok(WrappedKey { wrapped, wrapped_by: self.id, ..row.clone() })
    }

    pub(crate) fn unwrap(
        &self,
        tenant: &TenantId,
        row: &WrappedKey,
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let sealer = Sealer::new(&self.key).ok_or(KeyError::Damaged)?;
        sealer.open(&about(tenant, row), &row.wrapped).ok_or(KeyError::Damaged)
    }
}

/// What a wrapped key is bound to: moved to another tenant, subject or month it does not open.
pub(crate) fn about(tenant: &TenantId, row: &WrappedKey) -> Vec<u8> {
    let (level, subject, month, label) = match &row.used_for {
        KeyUse::Tenant => ("tenant", String::new(), String::new(), ""),
        KeyUse::Vault => ("vault", String::new(), String::new(), ""),
        KeyUse::Data(subject, month, label) => {
            ("data", subject.to_string(), month.to_string(), label.as_str())
        }
        KeyUse::Name => ("name", String::new(), String::new(), ""),
        KeyUse::Values(agent, person) => {
            let person = person.as_ref().map_or("", |person| person.as_str());
            ("values", agent.to_string(), String::new(), person)
        }
    };
    let [tenant, level, subject, month, label] =
        [tenant.as_str(), level, &subject, &month, label].map(str::as_bytes);
    joined(&[tenant, level, subject, month, label, &row.id])
}

/// The row of a tenant's key, wrapped by a root key.
pub(crate) async fn wrapped_by_root(
    tenant: &TenantId,
    row: WrappedKey,
    key: &Key,
    root: &Arc<Root>,
) -> Result<WrappedKey, KeyError> {
    let (about, key, root) = (about(tenant, &row), key.clone(), Arc::clone(root));
    let wrapped_by = root.fingerprint();
    let wrapped = blocking(move || root.wrap(&about, key.expose())).await?;
    Ok(WrappedKey { wrapped, wrapped_by, ..row })
}

pub(crate) fn new_tenant_row(clock: fn() -> Timestamp) -> Result<(WrappedKey, Key), KeyError> {
    let row = WrappedKey {
        id: random_id().ok_or(KeyError::NoRandomness)?,
        used_for: KeyUse::Tenant,
        wrapped: Vec::new(),
        wrapped_by: KeyId::default(),
        created: clock(),
        is_retired: false,
    };
    Ok((row, Key::random().ok_or(KeyError::NoRandomness)?))
}

async fn first(
    tenant: &TenantId,
    store: &KeyStore,
    root: Arc<Root>,
    clock: fn() -> Timestamp,
) -> Result<Top, KeyError> {
    let (row, key) = new_tenant_row(clock)?;
    let row = wrapped_by_root(tenant, row, &key, &root).await?;
    let id = row.id;
    let found = store.add_first(tenant, row).await?;
    match found.id == id {
        true => Ok(Top { id, key, root }),
        false => take_up(tenant, store, found, root, None).await,
    }
}

async fn take_up(
    tenant: &TenantId,
    store: &KeyStore,
    row: WrappedKey,
    root: Arc<Root>,
    before: Option<Arc<Root>>,
) -> Result<Top, KeyError> {
    let is_before = |root: &&Arc<Root>| root.fingerprint() == row.wrapped_by;
    let opening = before.as_ref().filter(is_before).unwrap_or(&root);
    let bytes = {
        let (opening, about, wrapped) =
            (Arc::clone(opening), about(tenant, &row), row.wrapped.clone());
        blocking(move || opening.unwrap(&about, &wrapped)).await?
    };
    let key = Key::from_bytes(&bytes).ok_or(KeyError::Damaged)?;
    let id = row.id;
    if !Arc::ptr_eq(opening, &root) {
        let row = wrapped_by_root(tenant, row, &key, &root).await?;
        store.exchange(tenant, Vec::new(), vec![row], Vec::new()).await?;
    }
    Ok(Top { id, key, root })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KeyError> + Send + 'static,
) -> Result<T, KeyError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| KeyError::Damaged)?
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
