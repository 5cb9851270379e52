//! Tokens of outside issuers: OpenID Connect ID tokens and JWT access tokens (RFC 9068).

use std::time::Duration;

use model::{AgentName, Scopes, Timestamp, UserName};

use crate::claims::Claims;
use crate::jwk::{Algorithm, JwkSet, PublicKey};
use crate::jws::{TokenError, Unverified};

/// Keys that are tried where a token names none.
const MAX_TRIED: usize = 4;

/// What is taken from one issuer, and how it is read.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The `iss` of its tokens, to the letter.
    pub url: String,
    /// One of these must be among a token's audiences.
    pub audiences: Vec<String>,
    pub algorithms: Vec<Algorithm>,
    /// How far clocks may differ.
    pub skew: Duration,
    /// The claim that names the person, if its tokens speak of people.
    pub person_claim: Option<String>,
    /// The claim that names the agent, if its tokens stand for agents.
    pub agent_claim: Option<String>,
    /// The claim that narrows what the person's delegates may do.
    pub scope_claim: Option<String>,
}

/// What an issuer vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    pub person: Option<UserName>,
    pub agent: Option<AgentName>,
    pub scopes: Option<Scopes>,
    pub expires: Timestamp,
    /// The thumbprint of the key that whoever shows the token must prove to hold (RFC 9449).
    pub bound_to: Option<String>,
}

/// Who signed a token, as it says itself.
pub fn claimed_issuer(token: &Unverified<'_>) -> Result<String, TokenError> {
    let claims: Claims = token.claims()?;
    claims.iss.ok_or(TokenError::Missing("iss"))
}

/// Whether one of an issuer's keys signed a token, by an algorithm that is taken from it.
pub(crate) fn check_signature(
    token: &Unverified<'_>,
    keys: &JwkSet,
    algorithms: &[Algorithm],
) -> Result<(), TokenError> {
    if !algorithms.contains(&token.header.algorithm) {
        return Err(TokenError::Algorithm);
    }
    let kid = token.header.kid.as_deref();
    let found: Vec<&PublicKey> = keys.candidates(kid).take(MAX_TRIED).collect();
    if found.is_empty() {
        return Err(TokenError::UnknownKey);
    }
    let mut fitting = found.into_iter().filter(|key| key.allows(token.header.algorithm));
    let first = fitting.next().ok_or(TokenError::Algorithm)?;
    match token.verify(first).is_ok() || fitting.any(|key| token.verify(key).is_ok()) {
        true => Ok(()),
        false => Err(TokenError::Signature),
    }
}

impl Issuer {
    /// Until when what it vouches for is taken.
    pub fn latest(&self, vouched: &Vouched) -> Timestamp {
        vouched.expires.plus(self.skew)
    }

    /// # Errors
    /// [`TokenError::UnknownKey`] where `keys` may be out of date; otherwise the token is bad.
    pub fn verify(
        &self,
        token: &Unverified<'_>,
        keys: &JwkSet,
        now: Timestamp,
    ) -> Result<Vouched, TokenError> {
        let types = ["", "JWT", "at+jwt"];
        if !types.iter().any(|typ| token.header.is_of_type(typ)) {
            return Err(TokenError::Type);
        }
        check_signature(token, keys, &self.algorithms)?;
        self.read(&token.claims()?, now)
    }

    fn read(&self, claims: &Claims, now: Timestamp) -> Result<Vouched, TokenError> {
        if claims.iss.as_deref() != Some(self.url.as_str()) {
            return Err(TokenError::Issuer);
        }
        if !self.audiences.iter().any(|audience| claims.is_for(audience)) {
            return Err(TokenError::Audience);
        }
        let expires = claims.check_times(now, self.skew)?;
        let person = named(claims, self.person_claim.as_deref())?;
        let agent = named(claims, self.agent_claim.as_deref())?;
        let scopes = named(claims, self.scope_claim.as_deref())?;
        let scopes = scopes.map(Scopes::parse).transpose();
        Ok(Vouched {
            person: person
                .map(UserName::new)
                .transpose()
                .map_err(|_| TokenError::Claim("person"))?,
            agent: agent.map(AgentName::new).transpose().map_err(|_| TokenError::Claim("agent"))?,
            scopes: scopes.map_err(|_| TokenError::Claim("scope"))?,
            expires,
            bound_to: bound(claims)?,
        })
    }
}

/// A claim that was asked for must be there: a token without it says less than it is taken for.
fn named<'c>(claims: &'c Claims, name: Option<&str>) -> Result<Option<&'c str>, TokenError> {
    match name {
        None => Ok(None),
        Some(name) => {
            claims.text(name).map(Some).ok_or(TokenError::Missing("of the configuration"))
        }
    }
}

/// A confirmation of a kind that is not understood is not ignored.
fn bound(claims: &Claims) -> Result<Option<String>, TokenError> {
    let Some(cnf) = &claims.cnf else { return Ok(None) };
    let thumbprint = cnf.get("jkt").and_then(serde_json::Value::as_str);
    thumbprint.map(|jkt| Some(jkt.to_owned())).ok_or(TokenError::Claim("cnf"))
}
