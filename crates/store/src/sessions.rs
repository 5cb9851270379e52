//! Sessions of users, and attempts that failed. Only hashes of what browsers carry are here.

use model::{Digest, TenantId, Timestamp, UserName};
use serde::Serialize;

use crate::{Result, Store, StoredUser, sqlite};

/// A session as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredSession {
    #[serde(skip)]
    pub hash: Digest,
    /// By which lists name it; opens nothing.
    pub id: String,
    pub stage: String,
    pub created: Timestamp,
    pub seen: Timestamp,
    /// When a second factor was last shown.
    pub proved: Option<Timestamp>,
    /// How its holder proved who they are, such as `password totp`.
    pub factors: String,
    pub address: String,
    pub user_agent: String,
    /// The identity provider that it came from.
    pub issuer: Option<String>,
    #[serde(skip)]
    pub outside_id: Option<String>,
}

/// A browser from which somebody came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// What it calls itself.
    pub user_agent: String,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// An account or an address whose failures are counted, and how many cost nothing.
#[derive(Clone, Debug)]
pub struct Counted {
    pub subject: String,
    pub free: u32,
}

/// Until when nothing is tried, by failures in a row, how many of them are free, and the moment.
pub type Wait = fn(u32, u32, Timestamp) -> Timestamp;

impl Store {
    /// Opens a session; with `before`, in place of that one. What a browser carried before a
    /// log-in or a step opens nothing after it. A user has so many at most: the one that was used
    /// longest ago goes.
    pub async fn open_session(
        &self,
        tenant: &TenantId,
        user: &UserName,
        session: StoredSession,
        before: Option<Digest>,
    ) -> Result<()> {
        let (tenant, user) = (tenant.clone(), user.clone());
        let open = move |tx: &_| sqlite::sessions::open(tx, &tenant, &user, &session, before);
        self.db.write(open).await
    }

    /// The session of this hash, and whose it is. One of an inactive user is none.
    pub async fn session(&self, hash: Digest) -> Result<Option<(StoredSession, StoredUser)>> {
        self.db.read(move |tx| sqlite::sessions::by_hash(tx, hash)).await
    }

    /// Notes that a session was used.
    pub async fn touch_session(&self, hash: Digest, now: Timestamp) -> Result<()> {
        self.db.write(move |tx| sqlite::sessions::touch(tx, hash, now)).await
    }

    /// A user's sessions, the last used first.
    pub async fn sessions(&self, tenant: &TenantId, user: &UserName) -> Result<Vec<StoredSession>> {
        let (tenant, user) = (tenant.clone(), user.clone());
        self.db.read(move |tx| sqlite::sessions::list(tx, &tenant, &user)).await
    }

    /// When a session of each of several users was last used, in the order in which they are named.
    pub async fn users_seen(
        &self,
        tenant: &TenantId,
        users: Vec<UserName>,
    ) -> Result<Vec<Option<Timestamp>>> {
        let tenant = tenant.clone();
        let all = move |tx: &_| {
            users.iter().map(|user| sqlite::sessions::seen(tx, &tenant, user)).collect()
        };
        self.db.read(all).await
    }

    /// Ends a session by its hash; whether it was there.
    pub async fn end_session(&self, hash: Digest) -> Result<bool> {
        self.db.write(move |tx| sqlite::sessions::end(tx, hash)).await
    }

    /// Ends a user's session by its id.
    pub async fn end_session_of(&self, tenant: &TenantId, user: &UserName, id: &str) -> Result<()> {
        let (tenant, user, id) = (tenant.clone(), user.clone(), id.to_owned());
        self.db.write(move |tx| sqlite::sessions::end_by_id(tx, &tenant, &user, &id)).await
    }

    /// Ends all of a user's sessions but `except`.
    pub async fn end_sessions(
        &self,
        tenant: &TenantId,
        user: &UserName,
        except: Option<Digest>,
    ) -> Result<()> {
        let (tenant, user) = (tenant.clone(), user.clone());
        self.db.write(move |tx| sqlite::sessions::end_all_of(tx, &tenant, &user, except)).await
    }

    /// Counts an attempt as a failure before it is looked at, unless one of the subjects has to
    /// wait: then nothing is counted, and it gives until when. One transaction, so that of many
    /// attempts at once no more are looked at than of many in a row. Counts whose last was before
    /// `forget` begin anew.
    pub async fn begin_attempt(
        &self,
        subjects: Vec<Counted>,
        now: Timestamp,
        forget: Timestamp,
        wait: Wait,
    ) -> Result<Option<Timestamp>> {
        self.db.write(move |tx| sqlite::attempts::begin(tx, &subjects, now, forget, wait)).await
    }

    /// Takes back what [`Store::begin_attempt`] counted last: the attempt was right.
    pub async fn uncount_failure(&self, subject: &str) -> Result<()> {
        let subject = subject.to_owned();
        self.db.write(move |tx| sqlite::attempts::uncount(tx, &subject)).await
    }

    /// Forgets a subject's failures.
    pub async fn forget_failures(&self, subject: &str) -> Result<()> {
        let subject = subject.to_owned();
        self.db.write(move |tx| sqlite::attempts::forget(tx, &subject)).await
    }

    /// Notes that a user came from a browser; whether they did so for the first time.
    pub async fn note_device(
        &self,
        tenant: &TenantId,
        user: &UserName,
        device: Digest,
        user_agent: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let (tenant, user, user_agent) = (tenant.clone(), user.clone(), user_agent.to_owned());
        self.db
            .write(move |tx| {
                let device = (device, user_agent.as_str());
                sqlite::attempts::note_device(tx, &tenant, &user, device, now)
            })
            .await
    }

    /// The browsers from which a user came for the first time since a moment, the newest first.
    pub async fn devices(
        &self,
        tenant: &TenantId,
        user: &UserName,
        since: Timestamp,
    ) -> Result<Vec<KnownDevice>> {
        let (tenant, user) = (tenant.clone(), user.clone());
        self.db.read(move |tx| sqlite::attempts::devices(tx, &tenant, &user, since)).await
    }

    /// Notes in which network a user logged in; gives where and when that was before.
    pub async fn note_place(
        &self,
        tenant: &TenantId,
        user: &UserName,
        network: &str,
        now: Timestamp,
    ) -> Result<Option<(String, Timestamp)>> {
        let (tenant, user, network) = (tenant.clone(), user.clone(), network.to_owned());
        let note = move |tx: &_| sqlite::attempts::note_place(tx, &tenant, &user, &network, now);
        self.db.write(note).await
    }
}
