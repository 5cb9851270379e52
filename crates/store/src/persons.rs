//! People: on whose behalf agents act, and what they may hand on.

use model::{Person, Scopes, Standing, TenantId, Timestamp, UserName};
use serde::Serialize;

use crate::{Result, Store, sqlite};

/// A person with what the store keeps beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredPerson {
    #[serde(flatten)]
    pub person: Person,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// Grows with every change: the entity tag.
    pub version: u64,
}

/// A person to add.
#[derive(Clone, Debug)]
pub struct NewPerson {
    pub name: UserName,
    pub email: Option<String>,
    pub scopes: Scopes,
}

/// What of a person is to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct PersonChange {
    /// `Some(None)` takes the address away.
    pub email: Option<Option<String>>,
    pub scopes: Option<Scopes>,
    pub standing: Option<Standing>,
}

impl Store {
    pub async fn add_person(
        &self,
        tenant: &TenantId,
        person: NewPerson,
        now: Timestamp,
    ) -> Result<StoredPerson> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::persons::add(tx, &tenant, &person, now)).await
    }

    /// # Errors
    /// [`crate::StoreError::NotFound`].
    pub async fn person(&self, tenant: &TenantId, name: &UserName) -> Result<StoredPerson> {
        let (tenant, name) = (tenant.clone(), name.clone());
        self.db.read(move |tx| sqlite::persons::one(tx, &tenant, &name)).await
    }

    /// People by name, at most `limit`, after the name `after`.
    pub async fn list_persons(
        &self,
        tenant: &TenantId,
        after: Option<UserName>,
        limit: usize,
    ) -> Result<Vec<StoredPerson>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::persons::list(tx, &tenant, after.as_ref(), limit)).await
    }

    /// Changes a person; with `version`, only if they still have that version.
    pub async fn update_person(
        &self,
        tenant: &TenantId,
        name: &UserName,
        change: PersonChange,
        version: Option<u64>,
        now: Timestamp,
    ) -> Result<StoredPerson> {
        let (tenant, name) = (tenant.clone(), name.clone());
        let update =
            move |tx: &_| sqlite::persons::update(tx, &tenant, &name, &change, version, now);
        self.db.write(update).await
    }

    pub async fn remove_person(
        &self,
        tenant: &TenantId,
        name: &UserName,
        version: Option<u64>,
    ) -> Result<()> {
        let (tenant, name) = (tenant.clone(), name.clone());
        self.db.write(move |tx| sqlite::persons::remove(tx, &tenant, &name, version)).await
    }
}
