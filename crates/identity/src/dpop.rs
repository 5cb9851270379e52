//! DPoP (RFC 9449): proof that whoever shows a token holds the key that it is bound to.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Digest, Timestamp};
use serde::Deserialize;

use crate::jws::{TokenError, Unverified};

/// How long after it was made a proof is taken.
pub const MAX_AGE: Duration = Duration::from_secs(60);
/// How far clocks may differ.
pub const SKEW: Duration = Duration::from_secs(5);

/// A proof that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The thumbprint of the key.
    pub key: String,
    /// What may be seen once, until `forgotten`.
    pub once: Digest,
    pub forgotten: Timestamp,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: f64,
    ath: Option<String>,
}

/// Checks a proof for a request with `method` to `uri` (without its query) that shows `token`
/// (RFC 9449, section 4.3).
pub fn verify(
    proof: &str,
    token: &str,
    method: &str,
    uri: &str,
    now: Timestamp,
) -> Result<Proven, TokenError> {
    let proof = Unverified::parse(proof)?;
    if !proof.header.is_of_type("dpop+jwt") {
        return Err(TokenError::Type);
    }
    let key = proof.header.jwk.as_ref().and_then(crate::jwk::Jwk::key);
    let key = key.ok_or(TokenError::Missing("jwk"))?;
    proof.verify(&key)?;
    let claims: Claims = proof.claims()?;
    let wanted = URL_SAFE_NO_PAD.encode(Digest::of(token.as_bytes()).0);
    if claims.htm != method || claims.htu.split(['?', '#']).next() != Some(uri) {
        return Err(TokenError::Audience);
    }
    if claims.ath.as_deref() != Some(wanted.as_str()) {
        return Err(TokenError::Claim("ath"));
    }
    let made = Timestamp::from_micros((claims.iat.clamp(0.0, 2.5e11) * 1e6) as i64);
    if made > now.plus(SKEW) {
        return Err(TokenError::Early);
    }
    if made.plus(MAX_AGE) <= now {
        return Err(TokenError::Expired);
    }
    let thumbprint = key.thumbprint();
    let once = Digest::of_parts(&[b"dpop\0", thumbprint.as_bytes(), b"\0", claims.jti.as_bytes()]);
    Ok(Proven { key: thumbprint, once, forgotten: made.plus(MAX_AGE).plus(SKEW) })
}
