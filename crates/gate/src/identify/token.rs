//! Callers that show a token: the gate's own, or one of an outside issuer that a tenant trusts.

use std::sync::Arc;

use identity::issuer::{Vouched, claimed_issuer};
use identity::{Actor, Audience, Chain, Delegation, Subject, TokenError, Unverified, Use, token};
use model::{AgentName, Digest, Person, Scopes, TenantId};

use super::issuer::TrustedIssuer;
use super::lasting::Lasting;
use super::remembered::Verified;
use super::{Asked, Given, Proof, Unidentified, show, signed};
use crate::gate::Gate;
use crate::snapshot::{Snapshot, Tenant};

/// The agent that shows a token.
pub(super) async fn by_token(
    gate: &Gate,
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    credential: &str,
    shown: &mut String,
) -> Result<Proof, Unidentified> {
    let (tenant, verified) = verified(gate, snapshot, credential).await?;
    match verified {
        Verified::Own(delegation) => own(&delegation, shown),
        Verified::Vouched { issuer, vouched, .. } => {
            if let Some(key) = &vouched.bound_to {
                prove_possession(gate, asked, credential, key).await?;
            }
            let agent = vouched.agent.clone().ok_or(Unidentified::NoAgent)?;
            let hash = token::token_hash(credential).to_string();
            show(shown, "jwt", model::clip(&hash, 8));
            let given = given(tenant, &vouched, &agent);
            let lasting = Lasting::token(issuer.rules.latest(&vouched), Some(issuer));
            Ok(Proof { given, lasting, ..Proof::of(&tenant.id, agent) })
        }
    }
}

/// What a token says, verified now or before, and the tenant that takes its word.
async fn verified<'s>(
    gate: &Gate,
    snapshot: &'s Snapshot,
    credential: &str,
) -> Result<(&'s Arc<Tenant>, Verified), Unidentified> {
    if credential.len() > identity::MAX_TOKEN {
        return Err(TokenError::TooLong.into());
    }
    let hash = token::token_hash(credential);
    if let Some(only) = snapshot.only_tenant() {
        if let Some(known) = recall(gate, only, &hash).await? {
            return Ok((only, known));
        }
        if only.trust.issuers.is_empty() {
            return Ok((only, own_anew(gate, only, credential, hash)?));
        }
    }
    let unverified = Unverified::parse(credential)?;
    let issuer = claimed_issuer(&unverified)?;
    if let Some(tenant) = snapshot.directory.of_own_token(&issuer) {
        let tenant = snapshot.tenants.get(tenant).ok_or(Unidentified::Unknown)?;
        let known = recall(gate, tenant, &hash).await?;
        return Ok((tenant, known.map_or_else(|| own_anew(gate, tenant, credential, hash), Ok)?));
    }
    outside(gate, snapshot, &unverified, &issuer, hash).await
}

/// The tenant whose issuer it is. Where several trust one issuer, its audience tells them apart; a
/// token that would open two opens none.
async fn outside<'s>(
    gate: &Gate,
    snapshot: &'s Snapshot,
    token: &Unverified<'_>,
    issuer: &str,
    hash: Digest,
) -> Result<(&'s Arc<Tenant>, Verified), Unidentified> {
    let mut found = None;
    let mut refused = Unidentified::Token(TokenError::Issuer);
    for tenant in snapshot.directory.trusting(issuer) {
        let Some(tenant) = snapshot.tenants.get(tenant) else { continue };
        match outside_anew(gate, tenant, token, issuer, hash).await {
            Ok(_) if found.is_some() => return Err(Unidentified::Disagree),
            Ok(verified) => found = Some((tenant, verified)),
            Err(why) => refused = why,
        }
    }
    found.ok_or(refused)
}

/// What is remembered of a token, as long as it still holds.
async fn recall(
    gate: &Gate,
    tenant: &Tenant,
    hash: &Digest,
) -> Result<Option<Verified>, Unidentified> {
    let Some(known) = tenant.trust.remembered.find(hash) else { return Ok(None) };
    let now = gate.now();
    let expires = match &known {
        Verified::Own(delegation) => delegation.expires,
        Verified::Vouched { issuer, keys, vouched } => {
            if issuer.version(now).await != Some(*keys) {
                return Ok(None);
            }
            issuer.rules.latest(vouched)
        }
    };
    if expires > now { Ok(Some(known)) } else { Err(TokenError::Expired.into()) }
}

fn own_anew(
    gate: &Gate,
    tenant: &Tenant,
    credential: &str,
    hash: Digest,
) -> Result<Verified, Unidentified> {
    let (trust, now) = (&tenant.trust, gate.now());
    let key = trust.key.as_ref().ok_or(TokenError::Issuer)?;
    let delegation = key.verify(&trust.issuer, credential, now)?;
    // Each tenant has a key of its own; that it speaks of no other is held against it all the same.
    if delegation.tenant != tenant.id {
        return Err(TokenError::Issuer.into());
    }
    let verified = Verified::Own(Arc::new(delegation));
    trust.remembered.keep(hash, verified.clone(), now);
    Ok(verified)
}

async fn outside_anew(
    gate: &Gate,
    tenant: &Tenant,
    token: &Unverified<'_>,
    issuer: &str,
    hash: Digest,
) -> Result<Verified, Unidentified> {
    if let Some(known) = recall(gate, tenant, &hash).await? {
        return Ok(known);
    }
    let now = gate.now();
    let issuer: &Arc<TrustedIssuer> =
        tenant.trust.issuer_named(issuer).ok_or(TokenError::Issuer)?;
    let (vouched, keys) = issuer.verify(token, now).await?;
    let verified = Verified::Vouched { issuer: issuer.clone(), keys, vouched: Arc::new(vouched) };
    tenant.trust.remembered.keep(hash, verified.clone(), now);
    Ok(verified)
}

fn own(delegation: &Delegation, shown: &mut String) -> Result<Proof, Unidentified> {
    if delegation.used_as != Use::Access {
        return Err(Unidentified::NotForCalls);
    }
    show(shown, "token", &delegation.id);
    let last = delegation.chain.last().ok_or(TokenError::Missing("act"))?;
    Ok(Proof {
        tenant: delegation.tenant.clone(),
        agent: last.agent.clone(),
        key: last.key,
        certificate: last.certificate.clone(),
        given: Some(Given::of(delegation)),
        body: None,
        lasting: Lasting::token(delegation.expires, None),
    })
}

/// What the token of an agent says of a person for whom it acts.
fn given(tenant: &Tenant, vouched: &Vouched, agent: &AgentName) -> Option<Given> {
    let person = vouched.person.clone()?;
    let known = tenant.persons.get(&person);
    Some(Given {
        scopes: Some(delegable(known.map(AsRef::as_ref), vouched.scopes.as_ref())),
        person: Some(person),
        chain: vec![Actor { agent: agent.clone(), key: None, certificate: None }],
        audience: Audience::Gate,
    })
}

/// What a token that is handed in for exchange says: one of the gate's own, or a person's from
/// an issuer that the tenant of whoever asks trusts.
pub async fn subject(
    gate: &Gate,
    snapshot: &Snapshot,
    token: &str,
    tenant: &TenantId,
) -> Result<Subject, Unidentified> {
    let asking = snapshot.tenants.get(tenant).ok_or(Unidentified::Unknown)?;
    let unverified = Unverified::parse(token)?;
    let issuer = claimed_issuer(&unverified)?;
    let hash = token::token_hash(token);
    if snapshot.directory.of_own_token(&issuer).is_some() {
        return match verified(gate, snapshot, token).await? {
            (_, Verified::Own(delegation)) => Ok(handed_on(&delegation)),
            _ => Err(TokenError::Issuer.into()),
        };
    }
    match outside_anew(gate, asking, &unverified, &issuer, hash).await? {
        Verified::Own(_) => Err(TokenError::Issuer.into()),
        Verified::Vouched { vouched, .. } => {
            let person = vouched.person.clone().ok_or(Unidentified::NoPerson)?;
            let known = asking.persons.get(&person).map(AsRef::as_ref);
            Ok(Subject {
                tenant: tenant.clone(),
                scopes: Some(delegable(known, vouched.scopes.as_ref())),
                person: Some(person),
                chain: Chain::default(),
                audience: Audience::Gate,
                expires: Some(vouched.expires),
            })
        }
    }
}

fn handed_on(delegation: &Delegation) -> Subject {
    Subject {
        tenant: delegation.tenant.clone(),
        person: delegation.person.clone(),
        chain: delegation.chain.clone(),
        scopes: delegation.scopes.clone(),
        audience: delegation.audience.clone(),
        expires: Some(delegation.expires),
    }
}

/// What a person can hand on: what the gate was told that they may, and the token does not deny.
fn delegable(known: Option<&Person>, vouched: Option<&Scopes>) -> Scopes {
    match (known.map(|known| &known.scopes), vouched) {
        (Some(known), Some(vouched)) => known.and(vouched),
        (Some(known), None) => known.clone(),
        (None, vouched) => vouched.cloned().unwrap_or_default(),
    }
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
