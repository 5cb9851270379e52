//! People who log in by an identity provider: ID tokens (OpenID Connect Core, section 3.1.3.7) and logout
//! tokens (OpenID Connect Back-Channel Logout, section 2.6).

use std::time::Duration;

use model::Timestamp;
use serde_json::Value;

use crate::claims::Claims;
use crate::issuer::check_signature;
use crate::jwk::{Algorithm, JwkSet};
use crate::jws::{TokenError, Unverified};

/// Bytes of a subject (OpenID Connect Core, section 2).
const MAX_SUBJECT: usize = 255;
/// Groups that are read of one person.
const MAX_GROUPS: usize = 500;
/// How old a logout token may be.
const LOGOUT_AGE: Duration = Duration::from_secs(300);
/// What a logout token says that happened.
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// For whom an identity provider's tokens must be, and how they are signed.
#[derive(Clone, Debug)]
pub struct Party {
    /// To the letter.
    pub issuer: String,
    pub client: String,
    pub algorithms: Vec<Algorithm>,
    /// How far clocks may differ.
    pub skew: Duration,
}

/// Who logged in, as their identity provider says.
#[derive(Clone, Debug)]
pub struct SignedOn {
    pub subject: String,
    /// Its session, by which it ends it.
    pub session: Option<String>,
    claims: Claims,
}

/// Whose session ended there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedOut {
    /// By which the token is known again.
    pub id: String,
    pub subject: Option<String>,
    pub session: Option<String>,
    /// Until when it would be taken.
    pub expires: Timestamp,
}

impl Party {
    /// Reads an ID token that answers the log-in of this nonce.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`] where `keys` may be out of date; otherwise the token is bad.
    pub fn id_token(
        &self,
        token: &Unverified<'_>,
        keys: &JwkSet,
        nonce: &str,
        now: Timestamp,
    ) -> Result<SignedOn, TokenError> {
        let claims = self.claims(token, keys, &["", "JWT"], now)?;
        match claims.text("nonce") {
            Some(found) if found == nonce => {}
            Some(_) => return Err(TokenError::Claim("nonce")),
            None => return Err(TokenError::Missing("nonce")),
        }
        SignedOn::of(claims)
    }

    /// Reads a logout token.
    ///
    /// # Errors
    /// As [`Party::id_token`].
    pub fn logout_token(
        &self,
        token: &Unverified<'_>,
        keys: &JwkSet,
        now: Timestamp,
    ) -> Result<LoggedOut, TokenError> {
        let claims = self.claims(token, keys, &["", "JWT", "logout+jwt"], now)?;
        // What has a nonce is an ID token that somebody sends here.
        if claims.other.contains_key("nonce") {
            return Err(TokenError::Claim("nonce"));
        }
        let events = claims.other.get("events").ok_or(TokenError::Missing("events"))?;
        if !events.get(LOGOUT).is_some_and(Value::is_object) {
            return Err(TokenError::Claim("events"));
        }
        let issued = claims.iat.ok_or(TokenError::Missing("iat"))?;
        let oldest = now.minus(LOGOUT_AGE + self.skew).micros() as f64 / 1e6;
        if issued < oldest {
            return Err(TokenError::Expired);
        }
        let (subject, session) = (subject(&claims)?, claims.text("sid").map(str::to_owned));
        if subject.is_none() && session.is_none() {
            return Err(TokenError::Missing("sub"));
        }
        let id = claims.jti.clone().ok_or(TokenError::Missing("jti"))?;
        let expires = now.plus(LOGOUT_AGE + self.skew + self.skew);
        Ok(LoggedOut { id, subject, session, expires })
    }

    /// What holds for both.
    fn claims(
        &self,
        token: &Unverified<'_>,
        keys: &JwkSet,
        types: &[&str],
        now: Timestamp,
    ) -> Result<Claims, TokenError> {
        if !types.iter().any(|typ| token.header.is_of_type(typ)) {
            return Err(TokenError::Type);
        }
        check_signature(token, keys, &self.algorithms)?;
        let claims: Claims = token.claims()?;
        if claims.iss.as_deref() != Some(self.issuer.as_str()) {
            return Err(TokenError::Issuer);
        }
        if !claims.is_for(&self.client) {
            return Err(TokenError::Audience);
        }
        // A token for several says for whom it was made.
        let many = claims.aud.as_ref().is_some_and(|aud| aud.iter().count() > 1);
        match claims.text("azp") {
            Some(party) if party != self.client => return Err(TokenError::Audience),
            None if many => return Err(TokenError::Missing("azp")),
            _ => {}
        }
        claims.check_times(now, self.skew)?;
        Ok(claims)
    }
}

fn subject(claims: &Claims) -> Result<Option<String>, TokenError> {
    match claims.sub.as_deref() {
        Some("") => Err(TokenError::Claim("sub")),
        Some(subject) if subject.len() > MAX_SUBJECT => Err(TokenError::Claim("sub")),
        subject => Ok(subject.map(str::to_owned)),
    }
}

impl SignedOn {
    /// From claims that were verified.
    ///
    /// # Errors
    /// Where they name nobody.
    pub fn of(claims: Claims) -> Result<Self, TokenError> {
        let subject = subject(&claims)?.ok_or(TokenError::Missing("sub"))?;
        let session = claims.text("sid").map(str::to_owned);
        Ok(Self { subject, session, claims })
    }

    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.text(name)
    }

    /// Whether the provider says that it did not look whether the address is theirs.
    pub fn is_address_unverified(&self) -> bool {
        self.claims.other.get("email_verified").is_some_and(|is| is == false || is == "false")
    }

    /// The texts of a claim that holds one or several.
    pub fn texts(&self, name: &str) -> Vec<String> {
        match self.claims.other.get(name) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(many)) => {
                let texts = many.iter().filter_map(Value::as_str).take(MAX_GROUPS);
                texts.map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod sign_on_tests;
