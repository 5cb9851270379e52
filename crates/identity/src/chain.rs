//! The agents that act for a person, in order.
//!
//! In a token the chain stands as the claim `act` (RFC 8693, section 4.1): the outermost `act`
//! is whoever acts now, and each holds the one that delegated to it.

use model::{AgentName, CertificateSerial, Digest};
use serde_json::{Map, Value};

/// Agents in one chain, whatever the configuration says.
pub const MAX_CHAIN: usize = 32;

/// One agent of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub agent: AgentName,
    /// The hash of the key that it showed, if it showed one: the chain ends with that key.
    pub key: Option<Digest>,
    /// The certificate that it showed, if it showed one: the chain ends with that too.
    pub certificate: Option<Shown>,
}

/// A certificate that an agent showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Of the name in it, as what stands for the agent.
    pub mark: Digest,
    pub serial: CertificateSerial,
}

/// The agents between a person and an action; the first is the one that the person trusted, the
/// last is the one that acts. No agent is in it twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain(Vec<Actor>);

/// Why a chain cannot be, or cannot grow.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ChainError {
    #[error("the chain of agents may have at most {0}")]
    TooLong(usize),
    #[error("the agent {0} is in the chain already, and a chain must not loop")]
    Loop(AgentName),
    #[error("the claim act has a form that is not understood")]
    Form,
}

impl Chain {
    pub fn actors(&self) -> &[Actor] {
        &self.0
    }

    pub fn agents(&self) -> impl Iterator<Item = &AgentName> {
        self.0.iter().map(|actor| &actor.agent)
    }

    /// Who acts.
    pub fn last(&self) -> Option<&Actor> {
        self.0.last()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The chain with one more agent. An agent that acts already stays as it is: it exchanges
    /// what it holds for something narrower.
    pub fn then(&self, actor: Actor, max: usize) -> Result<Self, ChainError> {
        let mut chain = self.0.clone();
        if chain.last().is_some_and(|last| last.agent == actor.agent) {
            chain.pop();
        }
        if chain.iter().any(|earlier| earlier.agent == actor.agent) {
            return Err(ChainError::Loop(actor.agent));
        }
        if chain.len() >= max.min(MAX_CHAIN) {
            return Err(ChainError::TooLong(max.min(MAX_CHAIN)));
        }
        chain.push(actor);
        Ok(Self(chain))
    }

    /// The claim `act`; nothing where nobody acts.
    pub(crate) fn to_claim(&self) -> Option<Value> {
        let nest = |inner: Option<Value>, actor: &Actor| {
            let mut claim = Map::new();
            claim.insert("sub".into(), actor.agent.as_str().into());
            if let Some(key) = actor.key {
                claim.insert("key".into(), key.to_string().into());
            }
            if let Some(Shown { mark, serial }) = &actor.certificate {
                claim.insert("certificate".into(), mark.to_string().into());
                claim.insert("serial".into(), serial.as_str().into());
            }
            if let Some(inner) = inner {
                claim.insert("act".into(), inner);
            }
            Some(Value::Object(claim))
        };
        self.0.iter().fold(None, nest)
    }

    /// Reads the claim `act`.
    pub(crate) fn of_claim(claim: Option<&Value>) -> Result<Self, ChainError> {
        let mut actors = Vec::new();
        let mut next = claim;
        while let Some(claim) = next {
            if actors.len() == MAX_CHAIN {
                return Err(ChainError::TooLong(MAX_CHAIN));
            }
            actors.push(Actor {
                agent: agent(claim)?,
                key: digest(claim, "key")?,
                certificate: shown(claim)?,
            });
            next = claim.get("act");
        }
        actors.reverse();
        actors.into_iter().try_fold(Self::default(), |chain, actor| {
            // `then` forgives the last one, a token must not: it would name an agent twice.
            let repeats = chain.last().is_some_and(|last| last.agent == actor.agent);
            if repeats { Err(ChainError::Loop(actor.agent)) } else { chain.then(actor, MAX_CHAIN) }
        })
    }
}

fn agent(claim: &Value) -> Result<AgentName, ChainError> {
    let name = claim.get("sub").and_then(Value::as_str).ok_or(ChainError::Form)?;
    AgentName::new(name).map_err(|_| ChainError::Form)
}

fn shown(claim: &Value) -> Result<Option<Shown>, ChainError> {
    let Some(mark) = digest(claim, "certificate")? else { return Ok(None) };
    let serial = claim.get("serial").and_then(Value::as_str).and_then(|text| text.parse().ok());
    Ok(Some(Shown { mark, serial: serial.ok_or(ChainError::Form)? }))
}

fn digest(claim: &Value, name: &str) -> Result<Option<Digest>, ChainError> {
    match claim.get(name) {
        None => Ok(None),
        Some(text) => text.as_str().and_then(Digest::from_hex).map(Some).ok_or(ChainError::Form),
    }
}
