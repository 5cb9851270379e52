//! JSON Web Signatures in compact form (RFC 7515, section 3.1): three parts, one signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::jwk::{Algorithm, Jwk, PublicKey};

/// The longest token that is looked at.
pub const MAX_TOKEN: usize = 16 * 1024;
/// How deep JSON in a token may be nested: a chain of the greatest length, and what is around it.
const MAX_NESTING: usize = crate::chain::MAX_CHAIN + 4;

/// Why a token says nothing.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenError {
    #[error("the token has more than {MAX_TOKEN} bytes")]
    TooLong,
    #[error("the token is not three parts in base64url with a dot between them")]
    Form,
    #[error("the token's header or claims are not the JSON that they should be")]
    Json,
    #[error(
        "the token's claims are nested too deeply: a chain of agents has at most {} of them",
        crate::chain::MAX_CHAIN
    )]
    Nested,
    #[error("the token is not signed: `alg` is none")]
    Unsigned,
    #[error("the token's algorithm is not one that its issuer's keys are for")]
    Algorithm,
    #[error("the token asks for an extension (`crit`) that is not understood")]
    Critical,
    #[error("the token is of a type that is not taken here")]
    Type,
    #[error("the token is signed with a key that its issuer does not publish")]
    UnknownKey,
    #[error("the token's signature is wrong")]
    Signature,
    #[error("the token is from an issuer that is not trusted here")]
    Issuer,
    #[error(
        "the token is for somebody else: its audience does not name this gate or this resource"
    )]
    Audience,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet: the issuer's clock or ours is wrong")]
    Early,
    #[error("the token lacks the claim `{0}`")]
    Missing(&'static str),
    #[error("the token's claim `{0}` has a form that is not understood")]
    Claim(&'static str),
    #[error("{0}")]
    Chain(#[from] crate::ChainError),
}

/// A token before anybody checked it.
#[derive(Debug)]
pub struct Unverified<'t> {
    pub header: Header,
    payload: Vec<u8>,
    signed: &'t [u8],
    signature: Vec<u8>,
}

/// What a token says of itself.
#[derive(Clone, Debug)]
pub struct Header {
    pub algorithm: Algorithm,
    pub kid: Option<String>,
    pub typ: Option<String>,
    /// The key itself, in a proof of possession.
    pub jwk: Option<Jwk>,
}

#[derive(Deserialize)]
struct RawHeader {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    jwk: Option<Jwk>,
    crit: Option<serde_json::Value>,
    b64: Option<serde_json::Value>,
}

impl<'t> Unverified<'t> {
    pub fn parse(token: &'t str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Form)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Form);
        let payload = decode(payload)?;
        if nesting(&payload) > MAX_NESTING {
            return Err(TokenError::Nested);
        }
        Ok(Self {
            header: Header::parse(&decode(header)?)?,
            payload,
            signed: signed.as_bytes(),
            signature: decode(signature)?,
        })
    }

    /// What it claims. Of no worth before [`Unverified::verify`].
    pub fn claims<T: serde::de::DeserializeOwned>(&self) -> Result<T, TokenError> {
        serde_json::from_slice(&self.payload).map_err(|_| TokenError::Json)
    }

    pub fn verify(&self, key: &PublicKey) -> Result<(), TokenError> {
        if !key.allows(self.header.algorithm) {
            return Err(TokenError::Algorithm);
        }
        let verified = key.verify(self.header.algorithm, self.signed, &self.signature);
        verified.map_err(|_| TokenError::Signature)
    }
}

impl Header {
    fn parse(json: &[u8]) -> Result<Self, TokenError> {
        let raw: RawHeader = serde_json::from_slice(json).map_err(|_| TokenError::Json)?;
        if raw.crit.is_some() || raw.b64.is_some() {
            return Err(TokenError::Critical);
        }
        if raw.alg.eq_ignore_ascii_case("none") {
            return Err(TokenError::Unsigned);
        }
        let algorithm = Algorithm::parse(&raw.alg).ok_or(TokenError::Algorithm)?;
        Ok(Self { algorithm, kid: raw.kid, typ: raw.typ, jwk: raw.jwk })
    }

    /// Whether `typ` is this media type, with or without `application/` (RFC 7515, section 4.1.9).
    pub fn is_of_type(&self, wanted: &str) -> bool {
        let typ = self.typ.as_deref().unwrap_or_default();
        let short = match typ.split_at_checked(12) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
            _ => typ,
        };
        short.eq_ignore_ascii_case(wanted)
    }
}

/// How deep the brackets of a JSON text go, strings left out.
fn nesting(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Joins header and claims and signs them.
pub(crate) fn sign(header: &str, claims: &[u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = sign(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}
