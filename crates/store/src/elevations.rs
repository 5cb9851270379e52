//! Elevations: roles that somebody holds for some minutes, asked for and approved or taken at once.

use std::time::Duration;

use model::{TenantId, Timestamp, UserName};
use serde::{Deserialize, Serialize};

use crate::{Result, Store, sqlite};

/// Elevations that one user may have waiting and counting at once.
pub const MAX_OPEN_ELEVATIONS: u64 = 8;

/// Elevations that are kept of one tenant.
pub const MAX_ELEVATIONS: u64 = 100_000;

/// Old ones that need nobody's review are forgotten after this; the log still tells of them.
pub const ELEVATIONS_KEPT: Duration = Duration::from_secs(400 * 86_400);

/// How somebody comes by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElevationWay {
    /// Asked for, and decided on by somebody else.
    Request,
    /// Taken at once; somebody else signs it off afterwards.
    BreakGlass,
}

impl ElevationWay {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::BreakGlass => "break_glass",
        }
    }
}

/// How far one has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElevationState {
    /// Nobody has decided yet.
    Waiting,
    Denied,
    /// Nobody decided in time.
    Lapsed,
    /// Taken back by who asked, before anybody decided.
    Withdrawn,
    /// The role counts.
    Active,
    Ended,
}

impl ElevationState {
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Denied, Self::Lapsed, Self::Withdrawn, Self::Active, Self::Ended];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Denied => "denied",
            Self::Lapsed => "lapsed",
            Self::Withdrawn => "withdrawn",
            Self::Active => "active",
            Self::Ended => "ended",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// An elevation as stored, in the state that it has at the moment of reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredElevation {
    pub id: String,
    pub user: UserName,
    pub role: String,
    pub way: ElevationWay,
    pub state: ElevationState,
    /// For how long it was asked for.
    pub seconds: u64,
    pub reason: String,
    pub created: Timestamp,
    /// From when on the role counts.
    pub starts: Option<Timestamp>,
    /// While it waits: until when. Otherwise when the role ended or will end.
    pub ends: Timestamp,
    pub decided_by: Option<String>,
    pub decision: Option<String>,
    /// Who ended it early.
    pub ended_by: Option<String>,
    /// Of one that was taken at once: who looked at it afterwards, when, and what they said.
    pub reviewed: Option<Timestamp>,
    pub reviewed_by: Option<String>,
    pub review: Option<String>,
}

impl StoredElevation {
    /// Whether somebody else still has to look at it.
    pub fn needs_review(&self) -> bool {
        self.way == ElevationWay::BreakGlass && self.reviewed.is_none()
    }
}

/// A role that counts for its user until a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Elevated {
    pub id: String,
    pub role: String,
    pub starts: Timestamp,
    pub ends: Timestamp,
}

/// An elevation to add.
#[derive(Clone, Debug)]
pub struct NewElevation {
    pub id: String,
    pub user: UserName,
    pub role: String,
    pub span: Duration,
    pub reason: String,
}

/// Which elevations are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichElevations {
    All,
    /// Waiting or counting.
    Open,
    /// Taken at once, and counting.
    BrokenGlass,
    /// Taken at once, and nobody has signed them off.
    Unreviewed,
}

/// Somebody who says something about an elevation.
#[derive(Clone, Debug)]
pub struct ElevationJudge {
    /// As records name them.
    pub who: String,
    /// The person behind the name; nobody decides on what is their own.
    pub person: Option<UserName>,
    pub reason: String,
}

impl Store {
    /// Asks for a role; the request waits until `lapses`.
    pub async fn ask_elevation(
        &self,
        tenant: &TenantId,
        new: NewElevation,
        lapses: Timestamp,
        now: Timestamp,
    ) -> Result<StoredElevation> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::elevations::ask(tx, &tenant, &new, lapses, now)).await
    }

    /// Takes a role at once.
    pub async fn break_glass(
        &self,
        tenant: &TenantId,
        new: NewElevation,
        now: Timestamp,
    ) -> Result<StoredElevation> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::elevations::break_glass(tx, &tenant, &new, now)).await
    }

    /// Decides on a request that waits; of two who decide at once, the first counts. What is approved
    /// counts from now on.
    ///
    /// # Errors
    /// [`crate::StoreError::Settled`] where it does not wait any more, and where it is one's own.
    pub async fn decide_elevation(
        &self,
        tenant: &TenantId,
        id: &str,
        judge: ElevationJudge,
        approves: bool,
        now: Timestamp,
    ) -> Result<StoredElevation> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        let decide =
            move |tx: &_| sqlite::elevations::decide(tx, &tenant, &id, &judge, approves, now);
        self.db.write(decide).await
    }

    /// Ends a role that counts, or takes a request back that waits.
    pub async fn end_elevation(
        &self,
        tenant: &TenantId,
        id: &str,
        who: &str,
        now: Timestamp,
    ) -> Result<StoredElevation> {
        let (tenant, id, who) = (tenant.clone(), id.to_owned(), who.to_owned());
        self.db.write(move |tx| sqlite::elevations::end(tx, &tenant, &id, &who, now)).await
    }

    /// Notes that somebody else looked at a role that was taken at once, after its end.
    pub async fn sign_off_elevation(
        &self,
        tenant: &TenantId,
        id: &str,
        judge: ElevationJudge,
        now: Timestamp,
    ) -> Result<StoredElevation> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        self.db.write(move |tx| sqlite::elevations::sign_off(tx, &tenant, &id, &judge, now)).await
    }

    /// Settles what time has ended: roles whose time is up, requests that nobody decided on. Gives
    /// those that were settled, each once, at most `limit` of them.
    pub async fn settle_elevations(
        &self,
        tenant: &TenantId,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<StoredElevation>> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::elevations::settle(tx, &tenant, limit, now)).await
    }

    /// # Errors
    /// [`crate::StoreError::NotFound`].
    pub async fn elevation(
        &self,
        tenant: &TenantId,
        id: &str,
        now: Timestamp,
    ) -> Result<StoredElevation> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        self.db.read(move |tx| sqlite::elevations::one(tx, &tenant, &id, now)).await
    }

    /// Elevations, the newest first, at most `limit`.
    pub async fn elevations(
        &self,
        tenant: &TenantId,
        which: WhichElevations,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<StoredElevation>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::elevations::list(tx, &tenant, which, limit, now)).await
    }
}
