//! Whose word the gate takes, and what it grants: the part of the snapshot that identification
//! reads. It is made once from the configuration and stays the same until that changes.

use std::sync::Arc;
use std::time::Duration;

use identity::signature::Rules;
use identity::{GateKey, Terms};

use super::Remembered;
use super::issuer::TrustedIssuer;

/// Whose word the gate takes.
pub struct Trust {
    /// What the gate signs its own tokens with; none where it gives out none.
    pub key: Option<Arc<GateKey>>,
    /// In whose name it signs them.
    pub issuer: String,
    pub terms: Terms,
    /// Whether agents may act only for people that the gate was told of.
    pub persons_must_be_known: bool,
    /// How others reach the gate, such as `https://gate.example.com`; without it, as the request
    /// says.
    pub public_url: Option<String>,
    /// Outside issuers, by the `iss` of their tokens.
    pub issuers: Vec<Arc<TrustedIssuer>>,
    /// What a signature must be like.
    pub signatures: Rules,
    pub remembered: Remembered,
}

impl Trust {
    /// Where clients get tokens that the gate takes, besides the gate itself.
    pub fn authorization_servers(&self) -> Vec<String> {
        self.issuers.iter().map(|issuer| issuer.rules.url.clone()).collect()
    }

    /// Whether clients reach the gate by this `Host`.
    pub(crate) fn is_reached_by(&self, host: &str) -> bool {
        let after = |url: &str| url.split_once("://").map(|(_, rest)| rest.to_owned());
        let own = self.public_url.as_deref().and_then(after);
        own.is_some_and(|own| own.trim_end_matches('/').eq_ignore_ascii_case(host))
    }

    pub fn issuer_named(&self, url: &str) -> Option<&Arc<TrustedIssuer>> {
        self.issuers.iter().find(|issuer| issuer.rules.url == url)
    }
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            key: None,
            issuer: String::new(),
            terms: Terms { depth: 8, lifetime: Duration::from_secs(600) },
            persons_must_be_known: true,
            public_url: None,
            issuers: Vec::new(),
            signatures: Rules::default(),
            remembered: Remembered::default(),
        }
    }
}
