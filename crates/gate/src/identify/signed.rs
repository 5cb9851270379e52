//! Requests that are signed (RFC 9421): from the headers to the agent whose key it was.

use std::fmt::Write;

use http::header::HOST;
use identity::SignatureError;
use identity::signature::{ContentDigest, Input, Message, Verified, inputs, signature_of};

use super::lasting::Lasting;
use super::{Asked, Proof, Unidentified};
use crate::gate::Gate;
use crate::snapshot::Snapshot;

/// What the body of a signed request must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedBody {
    /// What was signed.
    Of(ContentDigest),
    /// Nothing: a body that no digest covers could be anybody's.
    Empty,
}

impl SignedBody {
    pub fn check(&self, body: &[u8]) -> Result<(), SignatureError> {
        match self {
            Self::Of(digest) => digest.check(body),
            Self::Empty if body.is_empty() => Ok(()),
            Self::Empty => Err(SignatureError::Uncovered("content-digest".to_owned())),
        }
    }
}

/// The agent whose signature the request carries.
pub(super) async fn by_signature(
    gate: &Gate,
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    shown: &mut String,
) -> Result<Proof, Unidentified> {
    let (proof, verified) = checked(gate, snapshot, asked, shown)?;
    gate.once.say(verified.once, verified.forgotten, gate.now()).await?;
    Ok(proof)
}

fn checked(
    gate: &Gate,
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    shown: &mut String,
) -> Result<(Proof, Verified), Unidentified> {
    let announced = joined(asked, "signature-input").ok_or(SignatureError::Form)?;
    let field = joined(asked, "signature").ok_or(SignatureError::Form)?;
    let announced = inputs(&announced)?;
    let [input] = announced.as_slice() else { return Err(SignatureError::Several.into()) };
    let signature = signature_of(&field, input.label)?;
    let id = input.key_id.as_deref().ok_or(SignatureError::Missing("keyid"))?;
    super::show(shown, "signature", model::clip(id, 64));
    let tenant = snapshot.directory.of_signing_key(id).and_then(|id| snapshot.tenants.get(id));
    let tenant = tenant.ok_or(SignatureError::UnknownKey)?;
    let key = tenant.credentials.signing_key(id).ok_or(SignatureError::UnknownKey)?;
    if key.has_expired(gate.now()) {
        return Err(Unidentified::Expired);
    }
    let (scheme, authority) = place(asked);
    let message = Message {
        method: asked.method.as_str(),
        scheme,
        authority: &authority,
        path: asked.uri.path(),
        query: asked.uri.query(),
        status: None,
        fields: &|name| joined(asked, name),
    };
    let rules = &tenant.trust.signatures;
    let verified = rules.verify(input, &signature, &key.key, &message, gate.now())?;
    let body = body(asked, input, &rules.required)?;
    let proof = Proof::of(&tenant.id, key.agent.clone());
    let lasting = Lasting::signing_key(key.mark());
    Ok((Proof { key: Some(key.mark()), body, lasting, ..proof }, verified))
}

fn body(
    asked: &Asked<'_>,
    input: &Input<'_>,
    required: &[String],
) -> Result<Option<SignedBody>, Unidentified> {
    const DIGEST: &str = "content-digest";
    if input.components.iter().any(|covered| covered == DIGEST) {
        let field = joined(asked, DIGEST).ok_or(SignatureError::Digest)?;
        return Ok(Some(SignedBody::Of(ContentDigest::parse(&field)?)));
    }
    Ok(required.iter().any(|name| name == DIGEST).then_some(SignedBody::Empty))
}

/// A field's lines as one (RFC 9421, section 2.1).
fn joined(asked: &Asked<'_>, name: &str) -> Option<String> {
    let mut whole: Option<String> = None;
    for value in asked.headers.get_all(name) {
        let value = value.to_str().ok()?.trim();
        match &mut whole {
            None => whole = Some(value.to_owned()),
            Some(whole) => write!(whole, ", {value}").ok()?,
        }
    }
    whole
}

/// Scheme and authority as the client means them: host in lower case, the scheme's own port left
/// out (RFC 9421, section 2.2.3).
pub(super) fn place(asked: &Asked<'_>) -> (&'static str, String) {
    let (scheme, port) = if asked.peer.is_tls { ("https", ":443") } else { ("http", ":80") };
    let host = asked.headers.get(HOST).and_then(|host| host.to_str().ok());
    let named = asked.uri.authority().map(http::uri::Authority::as_str).or(host);
    let authority = named.unwrap_or_default().to_ascii_lowercase();
    let authority = authority.strip_suffix(port).unwrap_or(&authority).to_owned();
    (scheme, authority)
}
