//! People, and in which way an agent came to call.

use serde::{Deserialize, Serialize};

use crate::{Scopes, Standing, TenantId, UserName};

/// A person on whose behalf agents act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub tenant: TenantId,
    pub name: UserName,
    pub email: Option<String>,
    /// What whoever acts for this person may do at most.
    pub scopes: Scopes,
    pub standing: Standing,
}

/// In which way an agent came to call, which limits can tell apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// A person waits for it: an agent that acts for a person directly.
    Interactive,
    /// An agent that another agent delegated to.
    SubAgent,
    /// Work that nobody waits for, as its agent's declaration says.
    Background,
    /// A program that acts for itself.
    #[default]
    Api,
}

impl Tier {
    pub const ALL: [Self; 4] = [Self::Interactive, Self::SubAgent, Self::Background, Self::Api];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::SubAgent => "sub_agent",
            Self::Background => "background",
            Self::Api => "api",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text)
    }

    /// The tier of a call: what its agent is declared as counts, but an agent that another one
    /// delegated to is a sub-agent at most, whatever it calls itself.
    pub fn of(declared: Option<Self>, agents_in_chain: usize, acts_for_a_person: bool) -> Self {
        match declared {
            Some(Self::Background) => Self::Background,
            _ if agents_in_chain > 1 => Self::SubAgent,
            Some(declared) => declared,
            None if acts_for_a_person => Self::Interactive,
            None => Self::Api,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delegate_of_a_delegate_is_a_sub_agent_or_less() {
        assert_eq!(Tier::of(None, 1, true), Tier::Interactive);
        assert_eq!(Tier::of(None, 0, false), Tier::Api);
        assert_eq!(Tier::of(Some(Tier::Api), 1, true), Tier::Api);
        assert_eq!(Tier::of(Some(Tier::Interactive), 2, true), Tier::SubAgent);
        assert_eq!(Tier::of(Some(Tier::Background), 3, true), Tier::Background);
        assert!(Tier::ALL.iter().all(|tier| Tier::parse(tier.as_str()) == Some(*tier)));
    }
}
