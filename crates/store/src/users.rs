//! Users: the people who run this installation, and what they are granted.

use model::{Digest, TenantId, Timestamp, UserName};
use serde::Serialize;

use crate::{Elevated, Leaving, Left, Membership, Result, Store, StoredLink, sqlite};

/// A user as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredUser {
    pub tenant: TenantId,
    /// Stays the same when the name changes.
    pub uid: String,
    pub name: UserName,
    pub display: Option<String>,
    pub email: Option<String>,
    pub active: bool,
    pub grants: Vec<StoredGrant>,
    /// Groups of the directory's; what they give stands in the configuration.
    pub groups: Vec<Membership>,
    /// How identity providers know them.
    pub links: Vec<StoredLink>,
    /// Whether a directory tells of them.
    pub is_provisioned: bool,
    /// Roles that they hold for some minutes, besides their grants.
    pub elevations: Vec<Elevated>,
    /// Second factors of theirs.
    pub factors: u64,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// Grows with every change: the entity tag.
    pub version: u64,
}

/// A role that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredGrant {
    pub role: String,
    pub starts: Option<Timestamp>,
    pub ends: Option<Timestamp>,
    pub hours: Option<String>,
    pub reason: String,
    pub granted_by: String,
    pub created: Timestamp,
}

/// A user to add.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub uid: String,
    pub name: UserName,
    pub display: Option<String>,
    pub email: Option<String>,
}

/// A role to grant; one that is held already takes these terms.
#[derive(Clone, Debug)]
pub struct NewGrant {
    pub role: String,
    pub starts: Option<Timestamp>,
    pub ends: Option<Timestamp>,
    pub hours: Option<String>,
    pub reason: String,
    pub granted_by: String,
}

/// What of a user is to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    pub name: Option<UserName>,
    pub display: Option<Option<String>>,
    pub email: Option<Option<String>>,
    pub active: Option<bool>,
}

/// Whom an invitation is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    pub tenant: TenantId,
    /// None: whoever comes first, as the first administrator.
    pub user: Option<UserName>,
}

impl Store {
    pub async fn add_user(
        &self,
        tenant: &TenantId,
        user: NewUser,
        grants: Vec<NewGrant>,
        now: Timestamp,
    ) -> Result<StoredUser> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::users::add(tx, &tenant, &user, &grants, now)).await
    }

    /// # Errors
    /// [`crate::StoreError::NotFound`].
    pub async fn user(&self, tenant: &TenantId, name: &UserName) -> Result<StoredUser> {
        let (tenant, name) = (tenant.clone(), name.clone());
        self.db.read(move |tx| sqlite::users::one(tx, &tenant, &name)).await
    }

    /// Users by name, at most `limit`, after the name `after`.
    pub async fn list_users(
        &self,
        tenant: &TenantId,
        after: Option<UserName>,
        limit: usize,
    ) -> Result<Vec<StoredUser>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::users::list(tx, &tenant, after.as_ref(), limit)).await
    }

    /// Changes a user; with `version`, only if they still have that version. Who is made inactive
    /// has no session any more.
    pub async fn update_user(
        &self,
        tenant: &TenantId,
        name: &UserName,
        change: UserChange,
        version: Option<u64>,
        now: Timestamp,
    ) -> Result<StoredUser> {
        let (tenant, name) = (tenant.clone(), name.clone());
        let update = move |tx: &_| sqlite::users::update(tx, &tenant, &name, &change, version, now);
        self.db.write(update).await
    }

    /// Removes a user, who leaves by that, and all that belongs to them.
    pub async fn remove_user(
        &self,
        tenant: &TenantId,
        leaving: Leaving,
        version: Option<u64>,
        now: Timestamp,
    ) -> Result<Left> {
        let tenant = tenant.clone();
        let remove = move |tx: &_| sqlite::leavers::remove(tx, &tenant, &leaving, version, now);
        self.db.write(remove).await
    }

    /// Whether anybody is there who can log in.
    pub async fn has_users(&self, tenant: &TenantId) -> Result<bool> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::users::is_anybody_there(tx, &tenant)).await
    }

    /// Grants a role.
    pub async fn grant(
        &self,
        tenant: &TenantId,
        name: &UserName,
        grant: NewGrant,
        now: Timestamp,
    ) -> Result<StoredUser> {
        let (tenant, name) = (tenant.clone(), name.clone());
        self.db.write(move |tx| sqlite::users::grant(tx, &tenant, &name, &grant, now)).await
    }

    /// Takes a role away.
    pub async fn revoke_grant(
        &self,
        tenant: &TenantId,
        name: &UserName,
        role: &str,
        now: Timestamp,
    ) -> Result<StoredUser> {
        let (tenant, name, role) = (tenant.clone(), name.clone(), role.to_owned());
        self.db.write(move |tx| sqlite::users::revoke(tx, &tenant, &name, &role, now)).await
    }

    /// The hash of a user's password, if the user is there, active, and has one.
    pub async fn password(&self, tenant: &TenantId, name: &UserName) -> Result<Option<String>> {
        let (tenant, name) = (tenant.clone(), name.clone());
        self.db.read(move |tx| sqlite::users::password(tx, &tenant, &name)).await
    }

    /// Sets the hash of a user's password, or takes it away.
    pub async fn set_password(
        &self,
        tenant: &TenantId,
        name: &UserName,
        hash: Option<String>,
        now: Timestamp,
    ) -> Result<()> {
        let (tenant, name) = (tenant.clone(), name.clone());
        let set =
            move |tx: &_| sqlite::users::set_password(tx, &tenant, &name, hash.as_deref(), now);
        self.db.write(set).await
    }

    /// Invites a user, or whoever comes first; an earlier invitation of the same ends.
    pub async fn invite(
        &self,
        tenant: &TenantId,
        user: Option<UserName>,
        hash: Digest,
        ends: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let tenant = tenant.clone();
        let invite =
            move |tx: &_| sqlite::invitations::add(tx, &tenant, user.as_ref(), hash, ends, now);
        self.db.write(invite).await
    }

    /// Whom an invitation that still counts is for.
    pub async fn invitation(&self, hash: Digest, now: Timestamp) -> Result<Option<Invited>> {
        self.db.read(move |tx| sqlite::invitations::one(tx, hash, now)).await
    }

    /// Uses an invitation up: gives whom it was for, once.
    pub async fn accept_invitation(&self, hash: Digest, now: Timestamp) -> Result<Option<Invited>> {
        self.db.write(move |tx| sqlite::invitations::accept(tx, hash, now)).await
    }
}
