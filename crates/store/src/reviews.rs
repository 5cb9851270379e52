//! Access reviews: what everybody and everything may do, looked at by somebody else, and decided on.

use model::{RoleName, TenantId, Timestamp, UserName};
use serde::{Deserialize, Serialize};

use crate::{Result, Store, sqlite};

/// Reviews that are kept of one tenant; the oldest goes first. The log keeps what each came to.
pub const MAX_REVIEWS: u64 = 240;

/// Things that one review looks at.
pub const MAX_REVIEW_ITEMS: usize = 250_000;

/// How the grantor begins of a role that comes from a group of the directory's: it is taken away there.
pub const BY_GROUP: &str = "group ";

/// What kind of access an item is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    /// A role that a user is granted.
    Role,
    /// An admin token.
    Token,
    /// An agent with its roles.
    Agent,
    /// A key of an agent.
    Key,
    /// A role that somebody took at once, which nobody has signed off.
    BrokenGlass,
}

impl AccessKind {
    pub const ALL: [Self; 5] = [Self::Role, Self::Token, Self::Agent, Self::Key, Self::BrokenGlass];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Token => "token",
            Self::Agent => "agent",
            Self::Key => "key",
            Self::BrokenGlass => "broken_glass",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What is decided about an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewDecision {
    Keep,
    Narrow,
    Revoke,
    /// Nobody decided in time: it stays until a security officer has.
    Escalate,
}

impl ReviewDecision {
    pub const ALL: [Self; 4] = [Self::Keep, Self::Narrow, Self::Revoke, Self::Escalate];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Narrow => "narrow",
            Self::Revoke => "revoke",
            Self::Escalate => "escalate",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.as_str() == text)
    }
}

/// A review as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredReview {
    pub number: u64,
    pub started: Timestamp,
    pub started_by: String,
    pub deadline: Timestamp,
    /// Whether what is undecided at the deadline stays and is put before a security officer;
    /// otherwise it is revoked.
    pub escalates: bool,
    pub closed: Option<Timestamp>,
    pub closed_by: Option<String>,
    /// SHA-256 of the evidence, once it is closed.
    pub hash: Option<String>,
    pub counts: ReviewCounts,
}

/// How many items came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReviewCounts {
    pub items: u64,
    pub kept: u64,
    pub narrowed: u64,
    pub revoked: u64,
    pub escalated: u64,
    pub undecided: u64,
}

/// What a review looks at, as it was when the review began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewReviewItem {
    pub kind: AccessKind,
    /// The user, the token or the agent.
    pub holder: String,
    /// The role, the scope, the agent's roles, the key's hash, the elevation's id.
    pub held: String,
    /// Whose it is: they do not decide on it.
    pub owner: Option<String>,
    /// What else bounds it, in words.
    pub terms: String,
    pub granted_by: String,
    pub granted: Timestamp,
    pub ends: Option<Timestamp>,
    /// When it last let anything happen, as the log tells.
    pub last_used: Option<Timestamp>,
    /// When its holder was last seen at all.
    pub last_seen: Option<Timestamp>,
    /// What it was used for, the most frequent first.
    pub used: String,
}

/// An item of a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReviewItem {
    pub number: u64,
    #[serde(flatten)]
    pub access: NewReviewItem,
    pub decision: Option<ReviewDecision>,
    pub narrowed: Option<String>,
    pub reason: Option<String>,
    pub decided_by: Option<String>,
    pub decided: Option<Timestamp>,
    /// What the decision changed.
    pub outcome: Option<String>,
}

/// What somebody says of an item.
#[derive(Clone, Debug)]
pub struct ReviewWord {
    pub decision: ReviewDecision,
    /// To narrow a role, a token or a key: a nearer end.
    pub ends: Option<Timestamp>,
    /// To narrow an agent: the roles that stay.
    pub roles: Option<Vec<RoleName>>,
    pub reason: String,
    /// As records name them.
    pub who: String,
    /// The person behind the name; nobody decides on what is their own.
    pub person: Option<UserName>,
}

/// How a review is to go.
#[derive(Clone, Debug)]
pub struct NewReview {
    pub started_by: String,
    pub deadline: Timestamp,
    pub escalates: bool,
}

impl Store {
    /// Begins a review; while one is open no other begins.
    pub async fn start_review(
        &self,
        tenant: &TenantId,
        new: NewReview,
        items: Vec<NewReviewItem>,
        now: Timestamp,
    ) -> Result<StoredReview> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::reviews::start(tx, &tenant, &new, &items, now)).await
    }

    /// Reviews, the newest first.
    pub async fn reviews(&self, tenant: &TenantId, limit: usize) -> Result<Vec<StoredReview>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::reviews::list(tx, &tenant, limit)).await
    }

    /// # Errors
    /// [`crate::StoreError::NotFound`].
    pub async fn review(&self, tenant: &TenantId, number: u64) -> Result<StoredReview> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::reviews::one(tx, &tenant, number)).await
    }

    /// A review's items in order, at most `limit`, after the item `after`.
    pub async fn review_items(
        &self,
        tenant: &TenantId,
        review: u64,
        after: u64,
        limit: usize,
    ) -> Result<Vec<ReviewItem>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::reviews::items(tx, &tenant, review, after, limit)).await
    }

    /// # Errors
    /// [`crate::StoreError::NotFound`].
    pub async fn review_item(
        &self,
        tenant: &TenantId,
        review: u64,
        number: u64,
    ) -> Result<ReviewItem> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::reviews::item(tx, &tenant, review, number)).await
    }

    /// Decides on an item and does what was decided, in one transaction. What was kept may still be
    /// narrowed or revoked while the review is open; what was taken away stays away. After the
    /// deadline only what was escalated is decided on.
    pub async fn decide_review_item(
        &self,
        tenant: &TenantId,
        review: u64,
        number: u64,
        word: ReviewWord,
        now: Timestamp,
    ) -> Result<ReviewItem> {
        let tenant = tenant.clone();
        let decide = move |tx: &_| sqlite::reviews::decide(tx, &tenant, review, number, &word, now);
        self.db.write(decide).await
    }

    /// Revokes or escalates what is undecided, at most `limit` items, each once; gives those. Of a
    /// review whose deadline has not come, only when `by_hand`.
    pub async fn settle_review(
        &self,
        tenant: &TenantId,
        review: u64,
        by_hand: bool,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ReviewItem>> {
        let tenant = tenant.clone();
        let settle =
            move |tx: &_| sqlite::reviews::settle(tx, &tenant, review, by_hand, limit, now);
        self.db.write(settle).await
    }

    /// Closes a review in which nothing is undecided any more, and makes its evidence.
    pub async fn close_review(
        &self,
        tenant: &TenantId,
        review: u64,
        who: &str,
        now: Timestamp,
    ) -> Result<StoredReview> {
        let (tenant, who) = (tenant.clone(), who.to_owned());
        self.db.write(move |tx| sqlite::reviews::close(tx, &tenant, review, &who, now)).await
    }

    /// What a closed review came to, byte for byte as its hash has it.
    pub async fn review_evidence(&self, tenant: &TenantId, review: u64) -> Result<String> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::reviews::evidence(tx, &tenant, review)).await
    }

    /// When the first user of a tenant was added: from then on there is something to review.
    pub async fn first_user_added(&self, tenant: &TenantId) -> Result<Option<Timestamp>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::reviews::first_user_added(tx, &tenant)).await
    }

    /// Notes that an admin token was used.
    pub async fn touch_token(&self, hash: model::Digest, now: Timestamp) -> Result<()> {
        self.db.write(move |tx| sqlite::reviews::touch_token(tx, hash, now)).await
    }

    /// When an admin token was last used.
    pub async fn token_used(&self, hash: model::Digest) -> Result<Option<Timestamp>> {
        self.db.read(move |tx| sqlite::reviews::token_used(tx, hash)).await
    }
}
