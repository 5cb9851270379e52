//! What was decided on an action, and by which policies.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::PolicyId;

/// The outcome that the agent meets. Also the value of the `portcullis-decision` header.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    Permit,
    /// Permitted, after something was taken out.
    Redact,
    /// Waits for a person.
    Hold,
    #[default]
    Deny,
}

impl Effect {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Redact => "redact",
            Self::Hold => "hold",
            Self::Deny => "deny",
        }
    }
}

/// A decision as it is recorded. Fields stand in the order of RFC 8785.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub effect: Effect,
    /// What the policies ask for besides, such as `redact` or `approve`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<String>,
    /// The policies that decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyId>,
    /// One sentence for a person.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub reason: Cow<'static, str>,
}
