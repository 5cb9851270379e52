//! What inspection found, without the value that it found.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// How bad it is that this was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Findings of one detector in one place; of credentials, of one value. Fields stand in the order of RFC 8785.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// 0 to 1: the share of such findings that are what they say.
    pub confidence: f64,
    pub count: u32,
    /// The name of the detector that found it.
    pub detector: Arc<str>,
    /// Of a credential: its name under the tenant's key, the same wherever it is seen again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Family and name, such as `secret.aws_access_key`.
    pub kind: Arc<str>,
    pub severity: Severity,
    /// Side and place, such as `request:messages[1].content`.
    #[serde(rename = "where")]
    pub location: String,
}
