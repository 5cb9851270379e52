//! The registered claims of a token (RFC 7519, section 4.1), and when they hold.

use std::time::Duration;

use model::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::jws::TokenError;

/// One text or several.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let all = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        };
        all.iter().map(String::as_str)
    }
}

/// What a token claims.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    pub iss: Option<String>,
    pub sub: Option<String>,
    pub aud: Option<OneOrMany>,
    pub exp: Option<f64>,
    pub nbf: Option<f64>,
    pub iat: Option<f64>,
    pub jti: Option<String>,
    pub scope: Option<String>,
    pub act: Option<Value>,
    /// What proves possession (RFC 7800).
    pub cnf: Option<Value>,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Claims {
    /// Checks `exp`, `nbf` and `iat`; clocks may differ by `skew`. Gives the end.
    pub fn check_times(&self, now: Timestamp, skew: Duration) -> Result<Timestamp, TokenError> {
        let exp = seconds("exp", self.exp)?.ok_or(TokenError::Missing("exp"))?;
        if exp.plus(skew) <= now {
            return Err(TokenError::Expired);
        }
        for begin in [seconds("nbf", self.nbf)?, seconds("iat", self.iat)?].into_iter().flatten() {
            if begin > now.plus(skew) {
                return Err(TokenError::Early);
            }
        }
        Ok(exp)
    }

    pub fn is_for(&self, audience: &str) -> bool {
        self.aud.as_ref().is_some_and(|aud| aud.iter().any(|one| one == audience))
    }

    /// A claim that is a text, by name.
    pub fn text(&self, name: &str) -> Option<&str> {
        match name {
            "sub" => self.sub.as_deref(),
            "jti" => self.jti.as_deref(),
            "scope" => self.scope.as_deref(),
            other => self.other.get(other)?.as_str(),
        }
    }
}

/// A `NumericDate`; years beyond our clock are refused rather than wrapped.
fn seconds(name: &'static str, value: Option<f64>) -> Result<Option<Timestamp>, TokenError> {
    const LATEST: f64 = 253_402_300_800.0;
    match value {
        None => Ok(None),
        Some(value) if (0.0..LATEST).contains(&value) => {
            Ok(Some(Timestamp::from_micros((value * 1e6) as i64)))
        }
        Some(_) => Err(TokenError::Claim(name)),
    }
}
