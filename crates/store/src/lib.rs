//! What the control plane remembers: agents, keys, containments, admin tokens, the search index
//! over the log, usage counters, and (in a file of their own, [`KeyStore`]) wrapped keys.
//!
//! This is the only crate that knows SQL. Every use case is one method of [`Store`]; each runs
//! in one transaction, and what it wrote is durable when its future resolves. A future that is
//! dropped before it resolves may still take effect: what was handed to the writer is done.
//!
//! Everything is under a tenant. The log is the truth for activity: the index and the counters
//! can be deleted and rebuilt from it. Errors are [`StoreError`].

mod activity;
mod agents;
mod approvals;
mod containments;
mod control;
mod counters;
mod credentials;
mod directory;
mod elevations;
mod error;
mod exports;
mod factors;
mod holds;
mod kept_values;
mod key_store;
mod keys;
mod labelled;
mod leavers;
mod links;
mod persons;
mod policies;
mod reviews;
mod said_once;
mod sessions;
mod sqlite;
mod tenants;
mod tokens;
mod tools;
mod user_list;
mod users;
mod uses;
mod whom;

#[cfg(test)]
mod conformance;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

pub use activity::{
    Batch, Clause, Count, CountedAt, Cursor, Entry, Field, Filter, Form, Hit, MAX_BATCH, MAX_BINS,
    MAX_PAGE, MAX_TOP, Page, Tally, Test, Top, moment, span,
};
pub use agents::{AgentChange, Declared, DeclaredAgent, NewAgent, Origin, StoredAgent};
pub use approvals::{KEPT, MAX_APPROVALS, MAX_WAITING, StoredApproval};
pub use containments::StoredContainment;
pub use control::{ControlKey, ControlState};
pub use counters::Counter;
pub use credentials::{
    MAX_CREDENTIALS_PER_AGENT, MAX_REVOKED, NewSigningKey, RevokedCertificate, StoredCertificate,
    StoredSigningKey,
};
pub use directory::{
    GroupChange, GroupLabel, ListedBy, Listing, Lookup, Membership, Position, Profile, Provisioned,
    ProvisionedChange, StoredGroup,
};
pub use elevations::{
    ELEVATIONS_KEPT, Elevated, ElevationJudge, ElevationState, ElevationWay, MAX_ELEVATIONS,
    MAX_OPEN_ELEVATIONS, NewElevation, StoredElevation, WhichElevations,
};
pub use error::{Result, StoreError};
pub use factors::{FactorKind, NewFactor, StoredFactor};
pub use holds::Hold;
pub use kept_values::KeptValue;
pub use key_store::{KeyFilter, KeyId, KeyStore, KeyUse, MAX_KEYS, WrappedKey};
pub use keys::{MAX_KEYS_PER_AGENT, NewKey, StoredKey};
pub use labelled::{LabelledSession, MAX_LABELLED_SESSIONS};
pub use leavers::{Leaving, Left};
pub use links::StoredLink;
pub use persons::{NewPerson, PersonChange, StoredPerson};
pub use policies::{MAX_POLICY_VERSIONS, NewPolicyVersion, PolicyFile, PolicyVersion};
pub use reviews::{
    AccessKind, BY_GROUP, MAX_REVIEW_ITEMS, MAX_REVIEWS, NewReview, NewReviewItem, ReviewCounts,
    ReviewDecision, ReviewItem, ReviewWord, StoredReview,
};
pub use sessions::{Counted, KnownDevice, StoredSession, Wait};
pub use tokens::{NewToken, Scope, StoredToken};
pub use tools::{MAX_TOOLS, Ruling, StoredOffer, StoredTool};
pub use user_list::{UserLine, UserListing, UserOrder, UserStanding};
pub use users::{Invited, NewGrant, NewUser, StoredGrant, StoredUser, UserChange};
pub use uses::Uses;
pub use whom::{Moment, Relation, Told, Whom};

/// A handle on the state; cheap to clone. The last one dropped ends its threads.
#[derive(Clone, Debug)]
pub struct Store {
    db: Arc<sqlite::Sqlite>,
    /// Counts what people have said of held calls.
    votes: Arc<watch::Sender<u64>>,
}

/// Agents that one tenant may have.
pub const MAX_AGENTS: u64 = 100_000;

/// Persons that one tenant may have.
pub const MAX_PERSONS: u64 = 100_000;

/// Users that one tenant may have.
pub const MAX_USERS: u64 = 100_000;

/// Groups that one tenant may have.
pub const MAX_GROUPS: u64 = 10_000;

/// Users that one group may have.
pub const MAX_GROUP_MEMBERS: u64 = 10_000;

/// Groups that one user may be in.
pub const MAX_GROUPS_PER_USER: u64 = 1_000;

/// Roles that one user may hold.
pub const MAX_GRANTS_PER_USER: u64 = 32;

/// Second factors that one user may have.
pub const MAX_FACTORS_PER_USER: u64 = 20;

/// Sessions that one user may have at once.
pub const MAX_SESSIONS_PER_USER: u64 = 20;

/// Ways in which identity providers know one user.
pub const MAX_LINKS_PER_USER: u64 = 10;

/// Browsers that are remembered of one user.
pub const MAX_DEVICES_PER_USER: u64 = 50;

/// Accounts and addresses whose failures are counted at once.
pub const MAX_FAILED_SUBJECTS: u64 = 100_000;

/// Containments and admin tokens that one tenant may have, each.
pub const MAX_CONTROL_ROWS: u64 = 10_000;

impl Store {
    /// Opens the embedded database in `file`, creates it where there is none (readable by its
    /// owner alone), and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Newer`] where a later version of the program wrote it; otherwise
    /// [`StoreError::Database`]. Blocks for the time that a migration takes.
    pub fn open(file: &Path) -> Result<Self> {
        let votes = Arc::new(watch::Sender::new(0));
        Ok(Self { db: Arc::new(sqlite::Sqlite::open(file)?), votes })
    }

    /// Waits until everything that was handed in is written, and folds the journal into the
    /// database file. Handles that are still held go on working.
    pub async fn close(self) -> Result<()> {
        self.db.checkpoint().await
    }
}
