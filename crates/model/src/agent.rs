//! Agents, and what containment says of them.

use serde::{Deserialize, Serialize};

use crate::{AgentName, ProviderName, RoleName, ServerName, TenantId, Tier, ZoneName};

/// An agent that is known to the control plane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    pub tenant: TenantId,
    pub name: AgentName,
    /// The person who answers for it.
    pub owner: Option<String>,
    pub purpose: Option<String>,
    pub roles: Vec<RoleName>,
    pub zone: ZoneName,
    pub standing: Standing,
    /// As which its calls count where nothing else decides; see [`Tier::of`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
}

/// Whether a subject may act now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    #[default]
    Active,
    /// Nothing passes, and what was open is cut.
    Suspended,
    /// As suspended, and resuming needs a review: the subject is thought to be compromised.
    Quarantined,
}

impl Standing {
    pub fn is_active(self) -> bool {
        self == Self::Active
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Quarantined => "quarantined",
        }
    }
}

/// What the kill switch can hit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "type", content = "name")]
pub enum Subject {
    Agent(AgentName),
    Provider(ProviderName),
    Server(ServerName),
    /// All agents of the tenant.
    Everything,
}

/// One act of the kill switch that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Containment {
    pub tenant: TenantId,
    pub subject: Subject,
    pub standing: Standing,
    /// Why, in the words of whoever did it.
    pub reason: String,
}
