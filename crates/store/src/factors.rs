//! Second factors: authenticator apps, passkeys, recovery codes. Each code counts once.

use model::{Digest, TenantId, Timestamp, UserName};
use serde::Serialize;
use serde_json::Value;

use crate::{Result, Store, sqlite};

/// Of which kind a factor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FactorKind {
    /// An authenticator app.
    Totp,
    Passkey,
}

impl FactorKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
        }
    }
}

/// A factor as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredFactor {
    pub id: String,
    pub kind: FactorKind,
    pub label: String,
    #[serde(skip)]
    pub secret: Option<Vec<u8>>,
    #[serde(skip)]
    pub credential: Option<Vec<u8>>,
    #[serde(skip)]
    pub data: Option<Value>,
    #[serde(skip)]
    pub counter: Option<i64>,
    pub created: Timestamp,
    pub used: Option<Timestamp>,
}

/// A factor to add.
#[derive(Clone, Debug)]
pub struct NewFactor {
    pub id: String,
    pub kind: FactorKind,
    pub label: String,
    /// Sealed.
    pub secret: Option<Vec<u8>>,
    pub credential: Option<Vec<u8>>,
    pub data: Option<Value>,
    pub counter: Option<i64>,
}

impl Store {
    /// Adds a factor. A credential that is known already, whosever it is, is refused.
    pub async fn add_factor(
        &self,
        tenant: &TenantId,
        user: &UserName,
        factor: NewFactor,
        now: Timestamp,
    ) -> Result<()> {
        let (tenant, user) = (tenant.clone(), user.clone());
        self.db.write(move |tx| sqlite::factors::add(tx, &tenant, &user, &factor, now)).await
    }

    /// A user's factors, the oldest first.
    pub async fn factors(&self, tenant: &TenantId, user: &UserName) -> Result<Vec<StoredFactor>> {
        let (tenant, user) = (tenant.clone(), user.clone());
        self.db.read(move |tx| sqlite::factors::list(tx, &tenant, &user)).await
    }

    /// Whose passkey a credential is, and the passkey.
    pub async fn passkey(
        &self,
        credential: Vec<u8>,
    ) -> Result<Option<(TenantId, UserName, StoredFactor)>> {
        self.db.read(move |tx| sqlite::factors::by_credential(tx, &credential)).await
    }

    /// Moves a factor's counter on to `counter`; `false` where it stands there or beyond: the same
    /// code, or a copy of the key, was there before. `Ok(true)` happens once a counter.
    pub async fn advance_factor(&self, id: &str, counter: i64, now: Timestamp) -> Result<bool> {
        let id = id.to_owned();
        self.db.write(move |tx| sqlite::factors::advance(tx, &id, counter, now)).await
    }

    /// Notes that a factor without a counter was used.
    pub async fn note_factor_used(&self, id: &str, now: Timestamp) -> Result<()> {
        let id = id.to_owned();
        self.db.write(move |tx| sqlite::factors::note_used(tx, &id, now)).await
    }

    /// Removes a factor of a user's. The last one stays.
    pub async fn remove_factor(&self, tenant: &TenantId, user: &UserName, id: &str) -> Result<()> {
        let (tenant, user, id) = (tenant.clone(), user.clone(), id.to_owned());
        self.db.write(move |tx| sqlite::factors::remove(tx, &tenant, &user, &id)).await
    }

    /// Takes every factor, recovery code, session and the password of a user's: they begin anew,
    /// with an invitation.
    pub async fn reset_factors(&self, tenant: &TenantId, user: &UserName) -> Result<()> {
        let (tenant, user) = (tenant.clone(), user.clone());
        self.db.write(move |tx| sqlite::factors::reset(tx, &tenant, &user)).await
    }

    /// Puts new recovery codes in place of all that a user has.
    pub async fn set_recovery_codes(
        &self,
        tenant: &TenantId,
        user: &UserName,
        hashes: Vec<Digest>,
    ) -> Result<()> {
        let (tenant, user) = (tenant.clone(), user.clone());
        self.db.write(move |tx| sqlite::factors::set_codes(tx, &tenant, &user, &hashes)).await
    }

    /// Uses a recovery code up: `true` once.
    pub async fn use_recovery_code(
        &self,
        tenant: &TenantId,
        user: &UserName,
        hash: Digest,
    ) -> Result<bool> {
        let (tenant, user) = (tenant.clone(), user.clone());
        self.db.write(move |tx| sqlite::factors::use_code(tx, &tenant, &user, hash)).await
    }

    /// How many recovery codes a user has left.
    pub async fn recovery_codes(&self, tenant: &TenantId, user: &UserName) -> Result<u64> {
        let (tenant, user) = (tenant.clone(), user.clone());
        self.db.read(move |tx| sqlite::factors::codes_left(tx, &tenant, &user)).await
    }
}
