//! Roles by job. What each may do stands in `policies/console`, not here.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that names no role.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "there is no such role; they are platform_administrator, security_officer, responder, policy_author, policy_approver, agent_owner, auditor and employee"
)]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::parse(text).ok_or(UnknownRole)
    }
}

/// What somebody is here for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    PlatformAdministrator,
    SecurityOfficer,
    Responder,
    PolicyAuthor,
    PolicyApprover,
    AgentOwner,
    Auditor,
    Employee,
}

impl Role {
    pub const ALL: [Self; 8] = [
        Self::PlatformAdministrator,
        Self::SecurityOfficer,
        Self::Responder,
        Self::PolicyAuthor,
        Self::PolicyApprover,
        Self::AgentOwner,
        Self::Auditor,
        Self::Employee,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::PlatformAdministrator => "platform_administrator",
            Self::SecurityOfficer => "security_officer",
            Self::Responder => "responder",
            Self::PolicyAuthor => "policy_author",
            Self::PolicyApprover => "policy_approver",
            Self::AgentOwner => "agent_owner",
            Self::Auditor => "auditor",
            Self::Employee => "employee",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// What it is for, in one line.
    pub fn describe(self) -> &'static str {
        match self {
            Self::PlatformAdministrator => "Runs the installation: people, agents, keys, settings",
            Self::SecurityOfficer => "Answers for security: tools, data, containment, reviews",
            Self::Responder => "Contains what goes wrong, decides on held calls, investigates",
            Self::PolicyAuthor => "Writes policies and tries them out",
            Self::PolicyApprover => "Puts policies in force that somebody else wrote",
            Self::AgentOwner => "Answers for agents of their own",
            Self::Auditor => "Looks at everything and changes nothing",
            Self::Employee => "Has an account, and nothing of the console",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reads_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert_eq!(Role::parse("root"), None);
        let told = "root".parse::<Role>().unwrap_err().to_string();
        assert!(Role::ALL.iter().all(|role| told.contains(role.as_str())));
    }
}
