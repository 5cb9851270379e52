//! Approvals: a call that waits for a person, and what people said of it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{AgentName, Digest, PolicyId, RecordId, SessionId, Timestamp, UserName};

/// A call that a policy holds until a person has approved it. Named by the record of the call
/// that was held first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCall {
    pub record: RecordId,
    /// Binds the approval: hash of agent, person, session, resource, arguments and policy
    /// version. Any change of one of them is another call.
    pub call: Digest,
    pub agent: AgentName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<UserName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<AgentName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The kind of the record, such as `llm.call`.
    pub kind: Cow<'static, str>,
    /// Such as `openai/gpt-4o`.
    pub resource: String,
    /// The arguments, with whatever was found in them masked, cut to a bound.
    pub arguments: String,
    /// Why it is held, in one sentence.
    pub reason: String,
    pub policies: Vec<PolicyId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// How many people must approve.
    pub needed: u8,
}

/// What one person said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Such as `uid:1000` or `token:ann`.
    pub who: String,
    pub approves: bool,
    pub reason: String,
    pub time: Timestamp,
}

/// What became of a held call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalState {
    Waiting,
    /// May be made once, until it ends.
    Approved,
    Denied,
    /// Was approved, and made.
    Used,
    /// Nobody decided, or nobody used it, in time.
    Expired,
}

/// What a call that must be approved meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It was approved, and this claim has used the approval up.
    Granted {
        record: RecordId,
        votes: Vec<Vote>,
    },
    Waiting {
        record: RecordId,
        ends: Timestamp,
    },
    Denied {
        record: RecordId,
        reason: String,
    },
    /// Too many calls of this agent wait already.
    Crowded,
}

impl ApprovalState {
    pub const ALL: [Self; 5] =
        [Self::Waiting, Self::Approved, Self::Denied, Self::Used, Self::Expired];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Used => "used",
            Self::Expired => "expired",
        }
    }
}

impl std::str::FromStr for ApprovalState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}
