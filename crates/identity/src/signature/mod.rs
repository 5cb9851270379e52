//! HTTP Message Signatures (RFC 9421) over requests, with digests of the content (RFC 9530).
//!
//! A signature covers the parts of a message that it names; the gate says which those must be at
//! least ([`Rules`]). Only one signature to a message is taken: two would have to be picked from.
//! Components with parameters (`sf`, `bs`, `key`, `req`, `tr`) are refused as not understood.

mod base;
mod digest;
mod fields;
mod keys;

#[cfg(test)]
mod tests;

use std::time::Duration;

use model::{Digest, Timestamp};

pub use base::{Message, base};
pub use digest::{ContentDigest, content_digest};
pub use fields::{Input, inputs, signature_of};
pub use keys::{Hmac, SignatureAlgorithm, SigningKey, VerifyingKey};

/// Why a signature is worth nothing.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignatureError {
    #[error(
        "`signature-input` and `signature` do not hold one signature of a form that is understood"
    )]
    Form,
    #[error("there are several signatures; send one")]
    Several,
    #[error("the signature has no `{0}`")]
    Missing(&'static str),
    #[error("the signature must cover {0}")]
    Uncovered(String),
    #[error("the signature covers {0}, which the request does not have or which is not understood")]
    Component(String),
    #[error("the signature names a key that is not known")]
    UnknownKey,
    #[error("the signature names another algorithm than its key is for")]
    Algorithm,
    #[error("the signature is wrong")]
    Wrong,
    #[error("the signature is too old, or past its `expires`")]
    Expired,
    #[error("the signature was made in the future: the signer's clock or ours is wrong")]
    Early,
    #[error("the signature was used before")]
    Replayed,
    #[error("the body is not the one that was signed")]
    Body,
    #[error("`content-digest` has no digest that is understood; send sha-256 or sha-512")]
    Digest,
}

/// What the gate asks of a signature.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Components that must be covered.
    pub required: Vec<String>,
    /// How long after it was made a signature is taken.
    pub max_age: Duration,
    /// How far clocks may differ.
    pub skew: Duration,
    /// Whether it must have a nonce.
    pub needs_nonce: bool,
}

impl Default for Rules {
    fn default() -> Self {
        let required = ["@method", "@authority", "@path", "content-digest"];
        Self {
            required: required.map(str::to_owned).to_vec(),
            max_age: Duration::from_secs(60),
            skew: Duration::from_secs(5),
            needs_nonce: true,
        }
    }
}

/// A signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What may be seen once, until `forgotten`.
    pub once: Digest,
    pub forgotten: Timestamp,
}

impl Rules {
    /// Checks a signature: times, what it covers, then the signature itself.
    pub fn verify(
        &self,
        input: &Input<'_>,
        signature: &[u8],
        key: &VerifyingKey,
        message: &Message<'_>,
        now: Timestamp,
    ) -> Result<Verified, SignatureError> {
        let forgotten = self.check_times(input, now)?;
        self.check_covered(input, message)?;
        if input.algorithm.as_deref().is_some_and(|named| named != key.algorithm().as_str()) {
            return Err(SignatureError::Algorithm);
        }
        let base = base(input, message)?;
        key.verify(base.as_bytes(), signature)?;
        Ok(Verified { once: self.once(input, &base)?, forgotten })
    }

    fn check_times(&self, input: &Input<'_>, now: Timestamp) -> Result<Timestamp, SignatureError> {
        let created = input.created.ok_or(SignatureError::Missing("created"))?;
        if created > now.plus(self.skew) {
            return Err(SignatureError::Early);
        }
        let oldest = created.plus(self.max_age);
        let end = input.expires.map_or(oldest, |expires| expires.min(oldest));
        if end <= now {
            return Err(SignatureError::Expired);
        }
        Ok(oldest.plus(self.skew))
    }

    fn check_covered(
        &self,
        input: &Input<'_>,
        message: &Message<'_>,
    ) -> Result<(), SignatureError> {
        let covers = |name: &str| input.components.iter().any(|covered| *covered == name);
        for required in &self.required {
            let by = match required.as_str() {
                "@authority" | "@scheme" => &["@target-uri"][..],
                "@path" | "@query" => &["@target-uri", "@request-target"],
                // What is not there cannot be covered; a body without a digest is refused later.
                "content-digest" if message.field("content-digest").is_none() => continue,
                _ => &[],
            };
            if !covers(required) && !by.iter().any(|other| covers(other)) {
                return Err(SignatureError::Uncovered(required.clone()));
            }
        }
        let whole = ["@query", "@target-uri", "@request-target"];
        if message.query.is_some() && !whole.iter().any(|name| covers(name)) {
            return Err(SignatureError::Uncovered("@query".to_owned()));
        }
        Ok(())
    }

    /// The nonce under its key; without one, all that was signed.
    fn once(&self, input: &Input<'_>, base: &str) -> Result<Digest, SignatureError> {
        let key = input.key_id.as_deref().unwrap_or_default().as_bytes();
        match &input.nonce {
            Some(nonce) => Ok(Digest::of_parts(&[b"nonce\0", key, b"\0", nonce.as_bytes()])),
            None if self.needs_nonce => Err(SignatureError::Missing("nonce")),
            None => Ok(Digest::of_parts(&[b"base\0", key, b"\0", base.as_bytes()])),
        }
    }
}

/// A request to sign.
#[derive(Clone, Copy, Debug)]
pub struct ToSign<'r> {
    pub method: &'r str,
    pub scheme: &'r str,
    pub authority: &'r str,
    pub path: &'r str,
    pub query: Option<&'r str>,
    pub body: Option<&'r [u8]>,
}

/// The headers that sign a request as [`Rules::default`] asks: names in lower case, and values.
/// `nonce` is text that nobody used before. `None` where the system gives no randomness.
pub fn sign(
    request: ToSign<'_>,
    key: &SigningKey,
    key_id: &str,
    nonce: &str,
    now: Timestamp,
) -> Option<Vec<(&'static str, String)>> {
    let digest = request.body.map(content_digest);
    let query = request.query.map(|_| "@query");
    let body = digest.as_ref().map(|_| "content-digest");
    let covered = ["@method", "@authority", "@path"].into_iter().chain(query).chain(body);
    let covered: Vec<String> = covered.map(|name| format!("\"{name}\"")).collect();
    let created = now.micros().div_euclid(1_000_000);
    let algorithm = key.algorithm().as_str();
    let field = format!(
        "sig=({});created={created};keyid=\"{key_id}\";nonce=\"{nonce}\";alg=\"{algorithm}\"",
        covered.join(" ")
    );
    let read = inputs(&field).ok()?;
    let message = Message {
        method: request.method,
        scheme: request.scheme,
        authority: request.authority,
        path: request.path,
        query: request.query,
        status: None,
        fields: &|name| digest.clone().filter(|_| name == "content-digest"),
    };
    let signature = key.sign(base(read.first()?, &message).ok()?.as_bytes())?;
    let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature);
    let mut headers = vec![("signature-input", field.clone())];
    headers.push(("signature", format!("sig=:{signature}:")));
    headers.extend(digest.map(|digest| ("content-digest", digest)));
    Some(headers)
}
