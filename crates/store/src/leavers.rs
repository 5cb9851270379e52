//! Somebody leaves: all that was theirs ends, and what they answered for goes to somebody else or
//! stops.

use model::{AgentName, TenantId, Timestamp, UserName};
use serde::Serialize;

use crate::{Result, Store, StoredUser, sqlite};

/// Who leaves, and what is to become of their agents.
#[derive(Clone, Debug)]
pub struct Leaving {
    pub user: UserName,
    /// Who answers for their agents from now on; without anybody, the agents are suspended.
    pub hand_over_to: Option<String>,
    /// Who says so.
    pub by: String,
}

/// What became of all that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    pub user: StoredUser,
    pub handed_over: Vec<AgentName>,
    pub suspended: Vec<AgentName>,
}

impl Store {
    /// Disables a user: in one transaction, no session, token, grant and invitation of theirs is
    /// left, no agent acts for them any more, and their own agents are handed over or suspended.
    /// An agent that the configuration declares cannot be handed over here, and is suspended.
    pub async fn leave(&self, tenant: &TenantId, leaving: Leaving, now: Timestamp) -> Result<Left> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::leavers::leave(tx, &tenant, &leaving, now)).await
    }
}
