//! Clients that show a certificate: which agent it names.
//!
//! The TLS layer has verified it. One that names no agent is no credential: it only opened the
//! connection. One whose serial was revoked is refused, on open connections too.

use identity::TokenError;
use model::TenantId;

use super::{Asked, Proof, Unidentified};
use crate::snapshot::Snapshot;

pub(super) fn by_certificate(
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    shown: &mut String,
) -> Result<Option<Proof>, Unidentified> {
    let Some(der) = asked.peer.certificates.first() else { return Ok(None) };
    let trust = &snapshot.trust;
    if trust.certificates.is_empty() && trust.revoked.is_empty() {
        return Ok(None);
    }
    let found = asked.peer.named.get_or_init(|| identity::Certificate::parse(der));
    let certificate = found.as_ref().ok_or(TokenError::Form)?;
    if trust.revoked.contains(&certificate.serial) {
        super::show(shown, "certificate", model::clip(&certificate.serial, 40));
        return Err(Unidentified::Revoked);
    }
    let subject = certificate.common_name.as_ref().map(|name| format!("CN={name}"));
    let names = certificate.spiffe_id().map(str::to_owned).into_iter().chain(subject);
    let mut known = names.filter_map(|name| trust.certificates.get_key_value(&name));
    let Some((name, agent)) = known.next() else { return Ok(None) };
    super::show(shown, "certificate", model::clip(name, 128));
    if known.any(|(_, other)| other != agent) {
        return Err(Unidentified::Disagree);
    }
    let (tenant, agent) = (TenantId::main(), agent.clone());
    Ok(Some(Proof { tenant, agent, key: None, given: None, body: None }))
}
