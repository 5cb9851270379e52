//! Admin tokens: how a program reaches the admin API over TCP. Only their hashes are here.

use model::{Digest, TenantId, Timestamp, UserName};
use serde::{Deserialize, Serialize};

use crate::{Result, Store, sqlite};

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Look at everything of its tenant.
    Read,
    /// Change it too.
    Write,
    /// Look at everything, what was kept of requests and answers too, and change nothing.
    Payload,
    /// Tell of people and groups, as a directory does, and nothing else.
    Provision,
}

/// A token as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredToken {
    #[serde(skip)]
    pub hash: Digest,
    pub tenant: TenantId,
    pub name: String,
    pub scope: Scope,
    /// Whose it is; none where it is a program's.
    pub owner: Option<UserName>,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
}

/// A token to add.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub hash: Digest,
    pub name: String,
    pub scope: Scope,
    pub owner: Option<UserName>,
    pub expires: Option<Timestamp>,
}

impl Store {
    pub async fn add_token(
        &self,
        tenant: &TenantId,
        token: NewToken,
        now: Timestamp,
    ) -> Result<StoredToken> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::tokens::add(tx, &tenant, &token, now)).await
    }

    /// The token of this hash, expired or not, of whatever tenant.
    pub async fn token(&self, hash: Digest) -> Result<Option<StoredToken>> {
        self.db.read(move |tx| sqlite::tokens::by_hash(tx, hash)).await
    }

    /// A tenant's tokens, by name.
    pub async fn list_tokens(&self, tenant: &TenantId) -> Result<Vec<StoredToken>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::tokens::list(tx, &tenant)).await
    }

    pub async fn delete_token(&self, tenant: &TenantId, name: &str) -> Result<()> {
        let (tenant, name) = (tenant.clone(), name.to_owned());
        self.db.write(move |tx| sqlite::tokens::delete(tx, &tenant, &name)).await
    }
}
