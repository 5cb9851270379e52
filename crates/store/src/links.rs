//! By whose word people log in.

use model::{TenantId, Timestamp, UserName};
use serde::Serialize;

use crate::{Result, Store, StoredUser, sqlite};

/// How an identity provider knows somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredLink {
    pub issuer: String,
    pub subject: String,
    /// The groups that it said last.
    pub groups: Vec<String>,
    /// When that was.
    pub seen: Timestamp,
}

impl Store {
    /// The user whom an identity provider knows so.
    pub async fn linked(
        &self,
        tenant: &TenantId,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<StoredUser>> {
        let (tenant, issuer, subject) = (tenant.clone(), issuer.to_owned(), subject.to_owned());
        self.db.read(move |tx| sqlite::links::user(tx, &tenant, &issuer, &subject)).await
    }

    /// Connects a user with how an identity provider knows them, or notes what it says of them now.
    ///
    /// # Errors
    /// [`crate::StoreError::Exists`] where it knows somebody else so.
    pub async fn link(&self, tenant: &TenantId, user: &UserName, link: StoredLink) -> Result<()> {
        let (tenant, user) = (tenant.clone(), user.clone());
        self.db.write(move |tx| sqlite::links::put(tx, &tenant, &user, &link)).await
    }

    /// Parts a user from how an identity provider knows them, and ends the sessions that came from it.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] where it does not know this user so.
    pub async fn unlink(
        &self,
        tenant: &TenantId,
        user: &UserName,
        issuer: &str,
        subject: &str,
    ) -> Result<()> {
        let (tenant, user) = (tenant.clone(), user.clone());
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        let remove = move |tx: &_| sqlite::links::remove(tx, &tenant, &user, (&issuer, &subject));
        self.db.write(remove).await
    }

    /// Ends the sessions that came from an identity provider, of this session or of this subject there; of
    /// whom one ended.
    pub async fn end_outside_sessions(
        &self,
        tenant: &TenantId,
        issuer: &str,
        session: Option<String>,
        subject: Option<String>,
    ) -> Result<Vec<UserName>> {
        let (tenant, issuer) = (tenant.clone(), issuer.to_owned());
        let end = move |tx: &_| {
            let of = (session.as_deref(), subject.as_deref());
            sqlite::links::end_sessions(tx, &tenant, &issuer, of)
        };
        self.db.write(end).await
    }
}
