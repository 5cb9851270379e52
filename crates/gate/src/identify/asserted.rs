//! Agents that assert at the token endpoint who they are, by a key that they sign requests with
//! elsewhere (RFC 7523, section 2.2; `private_key_jwt`).

use identity::assertion::{Asserted, claimed_client, verify};
use identity::{TokenError, Unverified};
use model::Timestamp;

use super::credentials::AgentKey;
use super::{Asked, Proof, Unidentified};
use crate::gate::Gate;
use crate::oauth::origin;
use crate::snapshot::{Snapshot, Tenant};

/// Keys of one agent that are tried where the assertion names none.
const MAX_TRIED: usize = 32;

/// The agent whose key signed the assertion.
pub(super) async fn by_assertion(
    gate: &Gate,
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    assertion: &str,
    shown: &mut String,
) -> Result<Proof, Unidentified> {
    let now = gate.now();
    let (proof, asserted) = checked(snapshot, asked, assertion, now, shown)?;
    gate.once.say(asserted.once, asserted.forgotten, now).await?;
    Ok(proof)
}

fn checked(
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    assertion: &str,
    now: Timestamp,
    shown: &mut String,
) -> Result<(Proof, Asserted), Unidentified> {
    let token = Unverified::parse(assertion)?;
    let client = claimed_client(&token)?;
    super::show(shown, "assertion", model::clip(&client, 64));
    let id = token.header.kid.as_deref();
    let tenant = tenant(snapshot, asked, id).ok_or(TokenError::UnknownKey)?;
    let server = origin(&tenant.trust, asked.peer, asked.headers);
    let mut failed = TokenError::UnknownKey;
    for key in keys(tenant, &client, id).filter(|key| !key.has_expired(now)).take(MAX_TRIED) {
        let Some(public) = key.key.public() else { continue };
        match verify(&token, public, &client, &server, now) {
            Ok(asserted) => {
                let proof = Proof::of(&tenant.id, key.agent.clone());
                return Ok((Proof { key: Some(key.mark()), ..proof }, asserted));
            }
            Err(why) => failed = why,
        }
    }
    Err(failed.into())
}

/// Whose key it names; where it names none, the tenant whose name of the gate is used.
fn tenant<'s>(
    snapshot: &'s Snapshot,
    asked: &Asked<'_>,
    id: Option<&str>,
) -> Option<&'s std::sync::Arc<Tenant>> {
    if let Some(id) = id {
        return snapshot.tenants.get(snapshot.directory.of_signing_key(id)?);
    }
    let host = asked.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    snapshot.reached_by(host.unwrap_or_default())
}

fn keys<'t>(
    tenant: &'t Tenant,
    client: &str,
    id: Option<&str>,
) -> impl Iterator<Item = &'t AgentKey> {
    let wanted = id.map(str::to_owned);
    let named = tenant.credentials.keys_of(client);
    named
        .filter(move |(id, _)| wanted.as_ref().is_none_or(|wanted| wanted == id))
        .map(|(_, key)| key)
}
