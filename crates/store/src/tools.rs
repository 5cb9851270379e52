//! Tools of MCP servers, and prompts and resources: what was agreed of each, and what its server says
//! of it instead. What is no tool has a name that begins with `@` and says what it is.
//!
//! Descriptions are kept as their writer gives them; what they mean is the gate's business.

use model::{AgentName, ServerName, TenantId, Timestamp};
use serde::Serialize;

use crate::{Result, Store, StoreError, sqlite};

/// Tools, prompts and resources that one tenant may have.
pub const MAX_TOOLS: u64 = 40_000;

/// A tool that a gate has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredTool {
    pub server: ServerName,
    pub name: String,
    /// Grows with each change.
    pub revision: u64,
    pub accepted: Option<String>,
    pub offered: Option<StoredOffer>,
    /// Who decided last; nobody where that was the gate.
    pub who: String,
    pub changed: Timestamp,
}

/// A description that nobody has agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredOffer {
    pub description: String,
    /// `new`, `poisoned` or `changed`.
    pub why: String,
    /// Kinds of finding in it.
    pub findings: Vec<String>,
    /// Who was offered it first, unless it was once agreed to.
    pub agent: Option<AgentName>,
    /// Another agent was told what was agreed to meanwhile.
    pub differs: bool,
    pub rejected: bool,
}

/// What a person says of what is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    Accept,
    Reject,
}

impl Store {
    /// Writes a tool down if its revision is the next one; answers with what is written down now.
    pub async fn write_tool(&self, tenant: &TenantId, tool: StoredTool) -> Result<StoredTool> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::tools::write(tx, &tenant, tool)).await
    }

    /// All tools of a tenant, by server and name.
    pub async fn list_tools(&self, tenant: &TenantId) -> Result<Vec<StoredTool>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::tools::list(tx, &tenant)).await
    }

    /// One tool.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] where no gate has seen it.
    pub async fn tool(
        &self,
        tenant: &TenantId,
        server: &ServerName,
        name: &str,
    ) -> Result<StoredTool> {
        let (tenant, server, name) = (tenant.clone(), server.clone(), name.to_owned());
        self.db.read(move |tx| sqlite::tools::one(tx, &tenant, &server, &name)).await
    }

    /// Accepts or rejects what is offered, as of the revision that the person has looked at.
    ///
    /// # Errors
    /// [`crate::StoreError::Stale`] where it is not that revision any more,
    /// [`crate::StoreError::Invalid`] where nothing is offered that could be accepted, and
    /// [`crate::StoreError::NotFound`].
    pub async fn rule_on_tool(
        &self,
        tenant: &TenantId,
        server: &ServerName,
        name: &str,
        revision: u64,
        ruling: Ruling,
        by: (&str, Timestamp),
    ) -> Result<StoredTool> {
        let (tenant, server, name) = (tenant.clone(), server.clone(), name.to_owned());
        let (who, now) = (by.0.to_owned(), by.1);
        self.db
            .write(move |tx| {
                let tool = sqlite::tools::one(tx, &tenant, &server, &name)?;
                let ruled = tool.ruled(revision, ruling, &who, now)?;
                sqlite::tools::write(tx, &tenant, ruled)
            })
            .await
    }
}

impl StoredTool {
    fn ruled(mut self, revision: u64, ruling: Ruling, who: &str, now: Timestamp) -> Result<Self> {
        if self.revision != revision {
            return Err(StoreError::Stale { current: self.revision });
        }
        match (ruling, self.offered.take()) {
            (Ruling::Accept, Some(offer)) => self.accepted = Some(offer.description),
            (Ruling::Accept, None) => {
                return Err(StoreError::Invalid("its description is accepted already"));
            }
            (Ruling::Reject, Some(offer)) => {
                self.offered = Some(StoredOffer { rejected: true, ..offer });
            }
            // What was agreed to is agreed to no longer.
            (Ruling::Reject, None) => {
                self.offered = self.accepted.take().map(|description| StoredOffer {
                    description,
                    why: "new".into(),
                    findings: Vec::new(),
                    agent: None,
                    differs: false,
                    rejected: true,
                });
            }
        }
        Ok(Self { revision: revision + 1, who: who.to_owned(), changed: now, ..self })
    }
}
