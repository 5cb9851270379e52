//! People and groups of whom a directory tells. What is said here changes no one else.

use model::{TenantId, Timestamp, UserName};
use serde::Serialize;

use crate::{Left, Result, Store, Told, Whom, sqlite};

/// Somebody of whom a directory tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioned {
    pub uid: String,
    pub profile: Profile,
    pub active: bool,
    /// Where they were asked for.
    pub groups: Vec<Membership>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub version: u64,
}

/// What a directory says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub name: UserName,
    pub display: Option<String>,
    pub email: Option<String>,
    /// By which the directory knows them.
    pub external_id: Option<String>,
    /// The rest, as JSON.
    pub more: String,
}

/// A group that somebody is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Membership {
    #[serde(rename = "id")]
    pub uid: String,
    pub name: String,
}

/// A group of whom a directory tells, without its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredGroup {
    pub uid: String,
    pub label: GroupLabel,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub version: u64,
}

/// What a group is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLabel {
    pub name: String,
    pub external_id: Option<String>,
}

/// What of somebody is to change; a whole profile takes the place of the one before.
#[derive(Clone, Debug)]
pub struct ProvisionedChange {
    pub profile: Profile,
    pub active: bool,
    /// Who answers for their agents, if they leave by this; nobody: the agents are suspended.
    pub hand_over_to: Option<String>,
    /// Who says so.
    pub by: String,
}

/// What of a group is to change: its label, and who comes and goes, by their ids.
#[derive(Clone, Debug)]
pub struct GroupChange {
    pub label: GroupLabel,
    pub added: Vec<String>,
    pub removed: Vec<String>,
}

/// How one of many is found.
#[derive(Clone, Debug)]
pub enum Lookup {
    Uid(String),
    /// Capitals do not count.
    Name(String),
    External(String),
    /// Groups: by who is in it.
    Member(String),
}

/// Up to where a list was read, in the order of telling; the default is its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position(pub(crate) i64);

/// Which of those of whom a directory told are listed, and in which order.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    pub whom: Whom,
    pub by: ListedBy,
    pub is_descending: bool,
}

/// Orders. What somebody lacks comes last, and descending first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListedBy {
    /// As they were told of.
    #[default]
    Added,
    Created,
    Updated,
    Uid,
    /// Whom the directory told to be active after whom it told not to be.
    Active,
    /// By the first of several values; capitals as they count there.
    Told(Told),
}

impl Store {
    /// Adds somebody.
    pub async fn add_provisioned(
        &self,
        tenant: &TenantId,
        uid: String,
        profile: Profile,
        active: bool,
        now: Timestamp,
    ) -> Result<Provisioned> {
        let tenant = tenant.clone();
        let add = move |tx: &_| sqlite::directory::add(tx, &tenant, &uid, &profile, active, now);
        self.db.write(add).await
    }

    /// Those who fit; `with_groups` says what they are in.
    pub async fn find_provisioned(
        &self,
        tenant: &TenantId,
        lookup: Lookup,
        with_groups: bool,
    ) -> Result<Vec<Provisioned>> {
        let tenant = tenant.clone();
        let find = move |tx: &_| sqlite::directory::find(tx, &tenant, &lookup, with_groups);
        self.db.read(find).await
    }

    /// `limit` of them after the first `skip`.
    pub async fn list_provisioned(
        &self,
        tenant: &TenantId,
        listing: Listing,
        (skip, limit): (usize, usize),
        with_groups: bool,
    ) -> Result<Vec<Provisioned>> {
        let tenant = tenant.clone();
        let part = (skip, limit);
        let list = move |tx: &_| sqlite::directory::list(tx, &tenant, &listing, part, with_groups);
        self.db.read(list).await
    }

    /// `limit` of them from a position on, as they were told of, and where to go on: nobody is passed over
    /// or found twice, whoever is added or removed meanwhile.
    pub async fn next_provisioned(
        &self,
        tenant: &TenantId,
        whom: Whom,
        from: (Position, usize),
        with_groups: bool,
    ) -> Result<(Vec<Provisioned>, Position)> {
        let tenant = tenant.clone();
        let next = move |tx: &_| sqlite::directory::batch(tx, &tenant, &whom, from, with_groups);
        self.db.read(next).await
    }

    /// How many they are.
    pub async fn count_provisioned(&self, tenant: &TenantId, whom: Whom) -> Result<usize> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::directory::count(tx, &tenant, &whom)).await
    }

    /// Changes somebody; with `version`, only if they still have that version. Who is made inactive
    /// leaves, in the same transaction.
    pub async fn change_provisioned(
        &self,
        tenant: &TenantId,
        uid: &str,
        change: ProvisionedChange,
        version: Option<u64>,
        now: Timestamp,
    ) -> Result<(Provisioned, Option<Left>)> {
        let (tenant, uid) = (tenant.clone(), uid.to_owned());
        let update =
            move |tx: &_| sqlite::directory::change(tx, &tenant, &uid, &change, version, now);
        self.db.write(update).await
    }

    /// Adds a group with these members.
    pub async fn add_group(
        &self,
        tenant: &TenantId,
        uid: String,
        change: GroupChange,
        now: Timestamp,
    ) -> Result<StoredGroup> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::groups::add(tx, &tenant, &uid, &change, now)).await
    }

    pub async fn find_groups(&self, tenant: &TenantId, lookup: Lookup) -> Result<Vec<StoredGroup>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::groups::find(tx, &tenant, &lookup)).await
    }

    /// As they were added: `limit` of them after the first `skip`.
    pub async fn list_groups(
        &self,
        tenant: &TenantId,
        part: (usize, usize),
    ) -> Result<Vec<StoredGroup>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::groups::list(tx, &tenant, part)).await
    }

    /// `limit` of them from a position on, and where to go on.
    pub async fn next_groups(
        &self,
        tenant: &TenantId,
        from: (Position, usize),
    ) -> Result<(Vec<StoredGroup>, Position)> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::groups::batch(tx, &tenant, from)).await
    }

    pub async fn count_groups(&self, tenant: &TenantId) -> Result<usize> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::groups::count(tx, &tenant)).await
    }

    /// The ids of those who are in a group.
    pub async fn group_members(&self, tenant: &TenantId, uid: &str) -> Result<Vec<String>> {
        let (tenant, uid) = (tenant.clone(), uid.to_owned());
        self.db.read(move |tx| sqlite::groups::members(tx, &tenant, &uid)).await
    }

    /// Changes a group; with `version`, only if it still has that version.
    pub async fn change_group(
        &self,
        tenant: &TenantId,
        uid: &str,
        change: GroupChange,
        version: Option<u64>,
        now: Timestamp,
    ) -> Result<StoredGroup> {
        let (tenant, uid) = (tenant.clone(), uid.to_owned());
        let update = move |tx: &_| sqlite::groups::change(tx, &tenant, &uid, &change, version, now);
        self.db.write(update).await
    }

    pub async fn remove_group(
        &self,
        tenant: &TenantId,
        uid: &str,
        version: Option<u64>,
    ) -> Result<StoredGroup> {
        let (tenant, uid) = (tenant.clone(), uid.to_owned());
        self.db.write(move |tx| sqlite::groups::remove(tx, &tenant, &uid, version)).await
    }
}
