//! Approvals: calls that wait for a person. One approval lets one call through, once.

use std::time::Duration;

use model::{ApprovalState, Claim, HeldCall, RecordId, TenantId, Timestamp, Vote};
use serde::Serialize;

use crate::{Result, Store, sqlite};

/// Calls of one agent that may wait at once: nobody reads more.
pub const MAX_WAITING: u64 = 100;

/// Approvals of one tenant that are kept, ended ones among them.
pub const MAX_APPROVALS: u64 = 100_000;

/// How long one that has ended can still be looked at.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A held call, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredApproval {
    #[serde(flatten)]
    pub held: HeldCall,
    pub state: ApprovalState,
    pub created: Timestamp,
    /// Until when its state counts.
    pub ends: Timestamp,
    pub votes: Vec<Vote>,
}

impl Store {
    /// Asks for leave to make a call: uses an approval up, or says how it stands, or puts the
    /// call before people until `ends`. One transaction, so an approval is never used twice.
    pub async fn claim(
        &self,
        tenant: &TenantId,
        held: HeldCall,
        now: Timestamp,
        ends: Timestamp,
    ) -> Result<Claim> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::approvals::claim(tx, &tenant, &held, now, ends)).await
    }

    /// Takes down what a person says. A refusal counts at once; the last approval that is needed
    /// lets the call be made until `ends`.
    ///
    /// # Errors
    /// [`crate::StoreError::Settled`] where it waits no more, or this person has spoken already.
    pub async fn vote(
        &self,
        tenant: &TenantId,
        record: RecordId,
        vote: Vote,
        ends: Timestamp,
    ) -> Result<StoredApproval> {
        let tenant = tenant.clone();
        let voted = self
            .db
            .write(move |tx| sqlite::approvals::vote(tx, &tenant, record, &vote, ends))
            .await?;
        self.votes.send_modify(|votes| *votes += 1);
        Ok(voted)
    }

    /// Changes with each vote that is taken down through a clone of this handle.
    pub fn votes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.votes.subscribe()
    }

    pub async fn approval(
        &self,
        tenant: &TenantId,
        record: RecordId,
        now: Timestamp,
    ) -> Result<StoredApproval> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::approvals::one(tx, &tenant, record, now)).await
    }

    /// The newest first, at most `limit`; only those of a state, if one is given.
    pub async fn approvals(
        &self,
        tenant: &TenantId,
        state: Option<ApprovalState>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<StoredApproval>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::approvals::list(tx, &tenant, state, limit, now)).await
    }
}
