//! Sessions of agents that have labels, for a gate that starts: see `sqlite/labelled.rs`.

use model::{AgentName, SessionId, TenantId, UserName};

use crate::{Result, Store, sqlite};

/// Sessions with labels of one tenant that are known over a restart; beyond that the oldest go.
pub const MAX_LABELLED_SESSIONS: usize = 65_536;

/// A session into which something has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledSession {
    pub agent: AgentName,
    /// For whom the agent acts there.
    pub person: Option<UserName>,
    /// Nothing for what it does outside of any session.
    pub session: Option<SessionId>,
    pub untrusted: bool,
    pub confidential: bool,
}

impl Store {
    /// The sessions that the indexed records give labels, the latest first.
    pub async fn labelled_sessions(&self, tenant: &TenantId) -> Result<Vec<LabelledSession>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::labelled::list(tx, &tenant)).await
    }
}
