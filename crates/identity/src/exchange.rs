//! Token exchange (RFC 8693): what an agent is given for what it holds.
//!
//! Whatever is exchanged, the result is never wider than what it came from: scopes are a subset,
//! the audience lies within, the end comes no later, and the chain only grows.

use std::time::Duration;

use model::{Scopes, TenantId, Timestamp, UserName};

use crate::chain::{Actor, Chain, ChainError};
use crate::token::{Audience, Delegation, Use};

/// What is exchanged: a person's say, or what an agent was given before.
#[derive(Clone, Debug)]
pub struct Subject {
    pub tenant: TenantId,
    pub person: Option<UserName>,
    /// Empty where a person's own token is exchanged, or where an agent acts for itself.
    pub chain: Chain,
    /// What may be delegated at most; none where there is nothing to delegate.
    pub scopes: Option<Scopes>,
    pub audience: Audience,
    /// When the token that is exchanged ends.
    pub expires: Option<Timestamp>,
}

/// What the agent asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// None asks for all there is.
    pub scopes: Option<Scopes>,
    /// None asks for what the subject's token has.
    pub audience: Option<Audience>,
    /// None asks for the longest.
    pub lifetime: Option<Duration>,
    pub used_as: Use,
}

/// What the gate grants at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Agents in one chain.
    pub depth: usize,
    pub lifetime: Duration,
}

/// Why nothing is given.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ExchangeError {
    #[error("the scope {0:?} is not among those that may be delegated here; ask for fewer")]
    Scope(String),
    #[error("the resource lies outside of what the subject's token is for")]
    Target,
    #[error("{0}")]
    Chain(#[from] ChainError),
    #[error("the subject's token has expired")]
    Expired,
}

/// Decides on an exchange. `id` names what comes out.
pub fn exchange(
    subject: Subject,
    actor: Actor,
    wanted: Wanted,
    terms: Terms,
    now: Timestamp,
    id: String,
) -> Result<Delegation, ExchangeError> {
    let chain = subject.chain.then(actor, terms.depth)?;
    let scopes = narrowed(subject.scopes, wanted.scopes)?;
    let audience = wanted.audience.unwrap_or_else(|| subject.audience.clone());
    if !subject.audience.covers_all_of(&audience) {
        return Err(ExchangeError::Target);
    }
    let lifetime = wanted.lifetime.unwrap_or(terms.lifetime).min(terms.lifetime);
    let longest = now.plus(lifetime);
    let expires = subject.expires.map_or(longest, |end| end.min(longest));
    // A token's times are in seconds: less than one is none.
    if expires.micros().div_euclid(1_000_000) <= now.micros().div_euclid(1_000_000) {
        return Err(ExchangeError::Expired);
    }
    Ok(Delegation {
        id,
        tenant: subject.tenant,
        person: subject.person,
        chain,
        scopes,
        audience,
        used_as: wanted.used_as,
        issued: now,
        expires,
    })
}

/// Asking for more than there is is an error, not a silent cut: whoever asked counts on it.
fn narrowed(held: Option<Scopes>, asked: Option<Scopes>) -> Result<Option<Scopes>, ExchangeError> {
    let Some(asked) = asked else { return Ok(held) };
    let nothing = Scopes::default();
    match asked.first_beyond(held.as_ref().unwrap_or(&nothing)) {
        Some(beyond) => Err(ExchangeError::Scope(beyond.to_owned())),
        None => Ok(held.map(|_| asked)),
    }
}
