//! Who calls, and for whom: one step for every way through the gate.
//!
//! [`caller`] gathers what a request presents ([`presented`]), checks each credential, and holds
//! them against each other: two that name different agents are refused, never picked from. What
//! comes out is one [`Caller`]: tenant, agent, the person it acts for, the chain of agents
//! between, the scopes, the tier.
//!
//! A token that was verified is remembered ([`remembered`]); what it names is looked up in the
//! snapshot on every call, so a person's leaving and an agent's suspension hold from the next
//! call on.

mod asserted;
mod caller;
mod certified;
pub mod credentials;
pub mod directory;
pub mod issuer;
mod lasting;
pub mod note;
pub mod once;
mod presented;
mod remembered;
mod signed;
mod token;
pub mod trust;
mod unidentified;

#[cfg(test)]
mod tests;

use http::{HeaderMap, Method, Uri};
use identity::token::token_hash;
use identity::{Shown, TokenError};
use model::{AgentName, Digest, KeyHash, TenantId};

use crate::gate::Gate;
use crate::net::peer::Peer;
use crate::snapshot::Snapshot;

use asserted::by_assertion;
use certified::by_certificate;
use lasting::Lasting;
use signed::by_signature;
use token::by_token;

pub use caller::{Caller, Given};
pub use credentials::Credentials;
pub use directory::Directory;
pub use presented::{
    CREDENTIAL_HEADERS, DELEGATION, GATE_HEADERS, PROOF_HEADERS, Presented, presented,
};
pub use remembered::Remembered;
pub use signed::SignedBody;
pub use token::subject;
pub use trust::Trust;
pub use unidentified::Unidentified;

/// What of a request says who calls.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    pub peer: &'a Peer,
}

/// What one credential proves.
struct Proof {
    tenant: TenantId,
    agent: AgentName,
    /// The key that was shown now, or for the token that was shown.
    key: Option<KeyHash>,
    /// The certificate that was shown now, or for the token that was shown.
    certificate: Option<Shown>,
    given: Option<Given>,
    /// What the body must be, where the request is signed.
    body: Option<SignedBody>,
    /// What was shown, and until when it is taken.
    lasting: Lasting,
}

impl Proof {
    /// An agent, by whatever it showed.
    fn of(tenant: &TenantId, agent: AgentName) -> Self {
        Self {
            tenant: tenant.clone(),
            agent,
            key: None,
            certificate: None,
            given: None,
            body: None,
            lasting: Lasting::default(),
        }
    }
}

/// Finds out who calls, and whether its token is for what it asks for. `shown` takes what a
/// record may show of the credentials, also where they prove nothing.
pub async fn caller(
    gate: &Gate,
    snapshot: &Snapshot,
    asked: Asked<'_>,
    shown: &mut String,
) -> Result<Caller, Unidentified> {
    let caller = agent(gate, snapshot, asked, None, shown).await?;
    match caller.given() {
        Some(given) if !given.audience.covers(asked.uri.path()) => Err(TokenError::Audience.into()),
        _ => Ok(caller),
    }
}

/// As [`caller`], whatever its token is for: at the token endpoint only who it is counts, and it may
/// be asserted.
pub async fn agent(
    gate: &Gate,
    snapshot: &Snapshot,
    asked: Asked<'_>,
    assertion: Option<&str>,
    shown: &mut String,
) -> Result<Caller, Unidentified> {
    let presented = presented(asked.headers)?;
    let mut proof = by_certificate(snapshot, &asked, shown)?;
    for one in [&presented.credential, &presented.delegation].into_iter().flatten() {
        let next = prove(gate, snapshot, &asked, one, shown).await?;
        proof = Some(joined(proof, next)?);
    }
    if presented.is_signed {
        let next = by_signature(gate, snapshot, &asked, shown).await?;
        proof = Some(joined(proof, next)?);
    }
    if let Some(assertion) = assertion {
        let next = by_assertion(gate, snapshot, &asked, assertion, shown).await?;
        proof = Some(joined(proof, next)?);
    }
    let mut caller = Caller::resolve(snapshot, proof.ok_or(Unidentified::Missing)?)?;
    caller.take_pseudonym().await?;
    Ok(caller)
}

async fn prove(
    gate: &Gate,
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    credential: &str,
    shown: &mut String,
) -> Result<Proof, Unidentified> {
    if !looks_like_a_token(credential) {
        let hash = Digest::of(credential.as_bytes());
        show(shown, "key", model::clip(&hash.to_string(), 8));
        return by_key(snapshot, &hash, gate);
    }
    by_token(gate, snapshot, asked, credential, shown).await.inspect_err(|_| {
        let hash = token_hash(credential).to_string();
        show(shown, "token", model::clip(&hash, 8));
    })
}

/// A key has no dot; a token has two.
fn looks_like_a_token(credential: &str) -> bool {
    credential.contains('.')
}

fn show(shown: &mut String, kind: &str, what: &str) {
    if !shown.is_empty() {
        shown.push('+');
    }
    shown.push_str(kind);
    shown.push(':');
    shown.push_str(what);
}

/// Looks the key up. The hash is compared, not the key, so the time it takes tells nothing of a key.
fn by_key(snapshot: &Snapshot, hash: &KeyHash, gate: &Gate) -> Result<Proof, Unidentified> {
    let credential = snapshot.keys.get(hash).ok_or(Unidentified::Unknown)?;
    match credential.expires {
        Some(expires) if expires <= gate.now() => Err(Unidentified::Expired),
        _ => {
            let proof = Proof::of(&credential.tenant, credential.agent.clone());
            Ok(Proof { key: Some(*hash), lasting: Lasting::key(*hash), ..proof })
        }
    }
}

/// Two credentials of one request: they must name the same agent, and at most one says for whom.
fn joined(first: Option<Proof>, next: Proof) -> Result<Proof, Unidentified> {
    let Some(first) = first else { return Ok(next) };
    if first.tenant != next.tenant || first.agent != next.agent {
        return Err(Unidentified::Disagree);
    }
    let given = match (first.given, next.given) {
        (Some(a), Some(b)) if a != b => return Err(Unidentified::Disagree),
        (a, b) => b.or(a),
    };
    Ok(Proof {
        key: first.key.or(next.key),
        certificate: first.certificate.or(next.certificate),
        body: first.body.or(next.body),
        given,
        lasting: first.lasting.and(next.lasting),
        tenant: first.tenant,
        agent: first.agent,
    })
}
