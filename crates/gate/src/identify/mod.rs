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

mod caller;
mod certified;
pub mod issuer;
pub mod note;
pub mod once;
mod presented;
mod remembered;
mod signed;
pub mod trust;
mod unidentified;

#[cfg(test)]
mod tests;

use http::{HeaderMap, Method, Uri};
use identity::issuer::claimed_issuer;
use identity::{Actor, Audience, Chain, Delegation, Subject, TokenError, Unverified, Use, token};
use model::{AgentName, Digest, KeyHash, Scopes, TenantId};

use crate::gate::Gate;
use crate::net::peer::Peer;
use crate::snapshot::Snapshot;

use certified::by_certificate;
use signed::by_signature;

pub use caller::{Caller, Given};
pub use presented::{
    CREDENTIAL_HEADERS, DELEGATION, GATE_HEADERS, PROOF_HEADERS, Presented, presented,
};
pub use remembered::Remembered;
pub use signed::SignedBody;
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
    given: Option<Given>,
    /// What the body must be, where the request is signed.
    body: Option<SignedBody>,
}

/// Finds out who calls, and whether its token is for what it asks for. `shown` takes what a
/// record may show of the credentials, also where they prove nothing.
pub async fn caller(
    gate: &Gate,
    snapshot: &Snapshot,
    asked: Asked<'_>,
    shown: &mut String,
) -> Result<Caller, Unidentified> {
    let caller = agent(gate, snapshot, asked, shown).await?;
    match caller.given() {
        Some(given) if !given.audience.covers(asked.uri.path()) => Err(TokenError::Audience.into()),
        _ => Ok(caller),
    }
}

/// As [`caller`], whatever its token is for: at the token endpoint only who it is counts.
pub async fn agent(
    gate: &Gate,
    snapshot: &Snapshot,
    asked: Asked<'_>,
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
    Caller::resolve(snapshot, proof.ok_or(Unidentified::Missing)?)
}

/// What a token that is handed in for exchange says: one of the gate's own, or a person's from
/// an issuer that is trusted.
pub async fn subject(
    gate: &Gate,
    snapshot: &Snapshot,
    token: &str,
    tenant: &TenantId,
) -> Result<Subject, Unidentified> {
    let unverified = Unverified::parse(token)?;
    let issuer = claimed_issuer(&unverified)?;
    let trust = &snapshot.trust;
    if issuer == trust.issuer {
        let delegation = own_token(gate, snapshot, token)?;
        return Ok(Subject {
            tenant: delegation.tenant,
            person: delegation.person,
            chain: delegation.chain,
            scopes: delegation.scopes,
            audience: delegation.audience,
            expires: Some(delegation.expires),
        });
    }
    let issuer = trust.issuer_named(&issuer).ok_or(TokenError::Issuer)?;
    let vouched = issuer.verify(&unverified, gate.now()).await?;
    let person = vouched.person.ok_or(Unidentified::NoPerson)?;
    let known = snapshot.tenants.get(tenant).and_then(|tenant| tenant.persons.get(&person));
    Ok(Subject {
        tenant: tenant.clone(),
        scopes: Some(delegable(known.map(|known| &known.scopes), vouched.scopes)),
        person: Some(person),
        chain: Chain::default(),
        audience: Audience::Gate,
        expires: Some(vouched.expires),
    })
}

/// What a person can hand on: what the gate was told that they may, and the token does not deny.
fn delegable(known: Option<&Scopes>, vouched: Option<Scopes>) -> Scopes {
    match (known, vouched) {
        (Some(known), Some(vouched)) => known.and(&vouched),
        (Some(known), None) => known.clone(),
        (None, vouched) => vouched.unwrap_or_default(),
    }
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
        let hash = token::token_hash(credential).to_string();
        show(shown, "token", model::clip(&hash, 8));
    })
}

/// An access token: the gate's own, or an agent's from an issuer that is trusted.
async fn by_token(
    gate: &Gate,
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    credential: &str,
    shown: &mut String,
) -> Result<Proof, Unidentified> {
    let trust = &snapshot.trust;
    if trust.issuers.is_empty() || trust.remembered.knows(&token::token_hash(credential)) {
        return by_own_token(gate, snapshot, credential, shown);
    }
    let unverified = Unverified::parse(credential)?;
    let issuer = claimed_issuer(&unverified)?;
    if issuer == trust.issuer {
        return by_own_token(gate, snapshot, credential, shown);
    }
    let issuer = trust.issuer_named(&issuer).ok_or(TokenError::Issuer)?;
    let vouched = issuer.verify(&unverified, gate.now()).await?;
    if let Some(key) = &vouched.bound_to {
        prove_possession(gate, asked, credential, key).await?;
    }
    let agent = vouched.agent.ok_or(Unidentified::NoAgent)?;
    let hash = token::token_hash(credential).to_string();
    show(shown, "jwt", model::clip(&hash, 8));
    let tenant = TenantId::main();
    let given = vouched.person.map(|person| {
        let known = snapshot.tenants.get(&tenant).and_then(|t| t.persons.get(&person));
        Given {
            scopes: Some(delegable(known.map(|known| &known.scopes), vouched.scopes)),
            person: Some(person),
            chain: vec![Actor { agent: agent.clone(), key: None }],
            audience: Audience::Gate,
        }
    });
    Ok(Proof { tenant, agent, key: None, given, body: None })
}

/// A token that is bound to a key is worth nothing without proof of that key (RFC 9449).
async fn prove_possession(
    gate: &Gate,
    asked: &Asked<'_>,
    token: &str,
    key: &str,
) -> Result<(), Unidentified> {
    let mut proofs = asked.headers.get_all("dpop").iter();
    let proof = proofs.next().and_then(|proof| proof.to_str().ok());
    let proof = proof.ok_or(Unidentified::NotBound)?;
    if proofs.next().is_some() {
        return Err(Unidentified::Ambiguous);
    }
    let (scheme, authority) = signed::place(asked);
    let uri = format!("{scheme}://{authority}{}", asked.uri.path());
    let now = gate.now();
    let proven = identity::dpop::verify(proof, token, asked.method.as_str(), &uri, now)?;
    if proven.key != key {
        return Err(Unidentified::NotBound);
    }
    gate.once.say(proven.once, proven.forgotten, now).await
}

fn by_own_token(
    gate: &Gate,
    snapshot: &Snapshot,
    credential: &str,
    shown: &mut String,
) -> Result<Proof, Unidentified> {
    let delegation = own_token(gate, snapshot, credential)?;
    if delegation.used_as != Use::Access {
        return Err(Unidentified::NotForCalls);
    }
    show(shown, "token", &delegation.id);
    let last = delegation.chain.last().ok_or(TokenError::Missing("act"))?;
    Ok(Proof {
        tenant: delegation.tenant.clone(),
        agent: last.agent.clone(),
        key: last.key,
        given: Some(Given::of(&delegation)),
        body: None,
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
        _ => Ok(Proof {
            tenant: credential.tenant.clone(),
            agent: credential.agent.clone(),
            key: Some(*hash),
            given: None,
            body: None,
        }),
    }
}

/// One of the gate's own tokens, verified now or before.
pub fn own_token(
    gate: &Gate,
    snapshot: &Snapshot,
    token: &str,
) -> Result<Delegation, Unidentified> {
    let (trust, now) = (&snapshot.trust, gate.now());
    let key = trust.key.as_ref().ok_or(TokenError::Issuer)?;
    if token.len() > identity::MAX_TOKEN {
        return Err(TokenError::TooLong.into());
    }
    let hash = token::token_hash(token);
    if let Some(known) = trust.remembered.find(&hash) {
        return if known.expires > now { Ok(known) } else { Err(TokenError::Expired.into()) };
    }
    let delegation = key.verify(&trust.issuer, token, now)?;
    trust.remembered.keep(hash, &delegation, now);
    Ok(delegation)
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
    let (key, body) = (first.key.or(next.key), first.body.or(next.body));
    Ok(Proof { tenant: first.tenant, agent: first.agent, key, given, body })
}
