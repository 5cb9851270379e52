//! Wrapped keys, in a database of their own.
//!
//! A key that is erased must be gone from every byte of the file, from the write-ahead log too.
//! Deleting a row does not do that by itself: a page may hold what it held before. So keys stand in
//! a small file that is written anew as a whole whenever one is erased.

use std::path::Path;
use std::sync::Arc;

use model::{AgentName, DataSubject, Month, TenantId, Timestamp, UserName};

use crate::{Result, sqlite};

/// The id of a key; of a root key, its fingerprint.
pub type KeyId = [u8; 16];

/// Keys that one tenant may have: bounds what a rotation does in one transaction.
pub const MAX_KEYS: u64 = 1_000_000;

/// What a key is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// Wraps the others. It is wrapped by the root key.
    Tenant,
    /// What the keys of the vault of placeholders are made from.
    Vault,
    /// Seals one subject's payloads of one month that retention knows by one label, or by none.
    Data(DataSubject, Month, String),
    /// A person's pseudonym: what it is made from, and their name.
    Name,
    /// Seals the values that an agent sent as placeholders, for one person or for nobody.
    Values(AgentName, Option<UserName>),
}

/// A key as it is stored: nobody opens it without the key above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    pub id: KeyId,
    pub used_for: KeyUse,
    pub wrapped: Vec<u8>,
    pub wrapped_by: KeyId,
    pub created: Timestamp,
    /// Opens what it sealed, and seals no more.
    pub is_retired: bool,
}

/// Some of a tenant's data keys.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    pub subject: Option<DataSubject>,
    pub month: Option<Month>,
}

/// A handle on the wrapped keys; cheap to clone.
#[derive(Clone, Debug)]
pub struct KeyStore {
    db: Arc<sqlite::Sqlite>,
}

impl KeyStore {
    /// Opens the database in `file`, or makes one. As [`crate::Store::open`].
    pub fn open(file: &Path) -> Result<Self> {
        Ok(Self { db: Arc::new(sqlite::Sqlite::open_keys(file)?) })
    }

    pub async fn add(&self, tenant: &TenantId, key: WrappedKey) -> Result<()> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::wrapped_keys::add(tx, &tenant, &key)).await
    }

    /// The same, unless there is one of that use already: two processes may both find none.
    pub async fn add_first(&self, tenant: &TenantId, key: WrappedKey) -> Result<WrappedKey> {
        let tenant = tenant.clone();
        let add = move |tx: &_| match sqlite::wrapped_keys::current(tx, &tenant, &key.used_for)? {
            Some(found) => Ok(found),
            None => sqlite::wrapped_keys::add(tx, &tenant, &key).map(|()| key),
        };
        self.db.write(add).await
    }

    pub async fn by_id(&self, tenant: &TenantId, id: KeyId) -> Result<Option<WrappedKey>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::wrapped_keys::by_id(tx, &tenant, id)).await
    }

    /// The newest key of a use that is not retired.
    pub async fn current(&self, tenant: &TenantId, used_for: KeyUse) -> Result<Option<WrappedKey>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::wrapped_keys::current(tx, &tenant, &used_for)).await
    }

    /// The tenants that have a key, and what wraps it.
    pub async fn tenants(&self) -> Result<Vec<(TenantId, KeyId)>> {
        self.db.read(sqlite::wrapped_keys::tenants).await
    }

    /// What pseudonyms of a tenant are made from.
    pub async fn names(&self, tenant: &TenantId) -> Result<Vec<WrappedKey>> {
        self.of_level(tenant, "name").await
    }

    /// The keys to values, whoever they are of.
    pub async fn value_keys(&self, tenant: &TenantId) -> Result<Vec<WrappedKey>> {
        self.of_level(tenant, "values").await
    }

    async fn of_level(&self, tenant: &TenantId, level: &'static str) -> Result<Vec<WrappedKey>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::wrapped_keys::of_level(tx, &tenant, level)).await
    }

    /// All keys of a tenant, those of the tenant itself first.
    pub async fn all(&self, tenant: &TenantId) -> Result<Vec<WrappedKey>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::wrapped_keys::all(tx, &tenant)).await
    }

    /// In one step: adds keys, gives others their new wrapping, and removes what is not needed any
    /// more. A crash leaves all of it or nothing.
    pub async fn exchange(
        &self,
        tenant: &TenantId,
        add: Vec<WrappedKey>,
        rewrapped: Vec<WrappedKey>,
        remove: Vec<KeyId>,
    ) -> Result<()> {
        let tenant = tenant.clone();
        let exchange = move |tx: &_| {
            add.iter().try_for_each(|key| sqlite::wrapped_keys::add(tx, &tenant, key))?;
            rewrapped.iter().try_for_each(|key| sqlite::wrapped_keys::rewrap(tx, &tenant, key))?;
            remove.iter().try_for_each(|id| sqlite::wrapped_keys::remove(tx, &tenant, *id))
        };
        self.db.write(exchange).await
    }

    /// No data key that is there now seals anything from here on.
    pub async fn retire_data_keys(&self, tenant: &TenantId) -> Result<u64> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::wrapped_keys::retire(tx, &tenant)).await
    }

    /// Destroys data keys, and where no month is named the subject's keys to values: answers only once
    /// no byte of them is in the database's files. Gives whose the data keys were, and of which months.
    ///
    /// # Errors
    /// [`crate::StoreError`]; then they may be deleted and not yet wiped: ask again.
    pub async fn erase(
        &self,
        tenant: &TenantId,
        filter: KeyFilter,
    ) -> Result<Vec<(DataSubject, Month)>> {
        let tenant = tenant.clone();
        let erased = self.db.write(move |tx| sqlite::wrapped_keys::erase(tx, &tenant, &filter));
        let erased = erased.await?;
        self.db.rebuild().await?;
        Ok(erased)
    }

    /// The same for keys that are named one by one.
    pub async fn erase_these(&self, tenant: &TenantId, ids: Vec<KeyId>) -> Result<()> {
        let tenant = tenant.clone();
        let remove = move |tx: &_| {
            ids.iter().try_for_each(|id| sqlite::wrapped_keys::remove(tx, &tenant, *id))
        };
        self.db.write(remove).await?;
        self.db.rebuild().await
    }

    /// As [`crate::Store::close`].
    pub async fn close(self) -> Result<()> {
        self.db.checkpoint().await
    }
}
