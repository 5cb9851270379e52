//! Clients that show a certificate: which agent it names.
//!
//! The TLS layer has verified it. One that names no agent is no credential: it only opened the
//! connection. One whose serial was revoked is refused, on open connections too.

use std::sync::Arc;

use identity::{Certificate, Shown, TokenError};
use model::TenantId;

use super::lasting::Lasting;
use super::{Asked, Credentials, Proof, Unidentified};
use crate::snapshot::Snapshot;

pub(super) fn by_certificate(
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    shown: &mut String,
) -> Result<Option<Proof>, Unidentified> {
    let Some(der) = asked.peer.certificates.first() else { return Ok(None) };
    // What the platform revoked opens nothing, whosever it is.
    let platform = snapshot.tenants.get(&TenantId::main()).map(|main| &main.credentials);
    let directory = &snapshot.directory;
    if !directory.has_certificates() && !platform.is_some_and(|platform| platform.revokes_any()) {
        return Ok(None);
    }
    let found = asked.peer.named.get_or_init(|| Certificate::parse(der));
    let certificate = found.as_ref().ok_or(TokenError::Form)?;
    let is_revoked = |by: &Arc<Credentials>| by.is_revoked(&certificate.serial);
    if platform.is_some_and(is_revoked) {
        return Err(revoked(certificate, shown));
    }
    let subject = certificate.common_name.as_ref().map(|name| format!("CN={name}"));
    let names = certificate.spiffe_id().map(str::to_owned).into_iter().chain(subject);
    let mut known = names.filter_map(|name| {
        let tenant = snapshot.tenants.get(directory.of_certificate(&name)?)?;
        Some((tenant, tenant.credentials.certificate(&name)?, name))
    });
    let Some((tenant, found, name)) = known.next() else { return Ok(None) };
    if is_revoked(&tenant.credentials) {
        return Err(revoked(certificate, shown));
    }
    super::show(shown, "certificate", model::clip(&name, 128));
    if known.any(|(other, its, _)| other.id != tenant.id || its.agent != found.agent) {
        return Err(Unidentified::Disagree);
    }
    let proof = Proof::of(&tenant.id, found.agent.clone());
    // A token that is given for it ends with the name's being this agent's, and with the certificate.
    let serial = certificate.serial.parse().map_err(|_| TokenError::Form)?;
    let certificate = Shown { mark: found.mark(), serial };
    let lasting = Lasting::certificate(certificate.clone());
    Ok(Some(Proof { certificate: Some(certificate), lasting, ..proof }))
}

fn revoked(certificate: &Certificate, shown: &mut String) -> Unidentified {
    super::show(shown, "certificate", model::clip(&certificate.serial, 40));
    Unidentified::Revoked
}
