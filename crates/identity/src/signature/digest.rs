//! `Content-Digest` (RFC 9530, section 2): the hash of a message's content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Algorithm, SHA256, SHA512, digest};

use super::SignatureError;

/// A digest that a body must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentDigest {
    algorithm: &'static Algorithm,
    bytes: Vec<u8>,
}

impl ContentDigest {
    /// Reads the field; of several digests the strongest that is understood.
    pub fn parse(field: &str) -> Result<Self, SignatureError> {
        let mut found: Option<Self> = None;
        for member in field.split(',') {
            let (name, value) = member.trim().split_once('=').ok_or(SignatureError::Digest)?;
            let algorithm = match name {
                "sha-256" => &SHA256,
                "sha-512" => &SHA512,
                _ => continue,
            };
            let value = value.strip_prefix(':').and_then(|value| value.strip_suffix(':'));
            let bytes = value.and_then(|value| STANDARD.decode(value).ok());
            let bytes = bytes.filter(|bytes| bytes.len() == algorithm.output_len());
            let bytes = bytes.ok_or(SignatureError::Digest)?;
            let is_weaker = |known: &Self| known.algorithm.output_len() < bytes.len();
            if found.as_ref().is_none_or(is_weaker) {
                found = Some(Self { algorithm, bytes });
            }
        }
        found.ok_or(SignatureError::Digest)
    }

    pub fn check(&self, body: &[u8]) -> Result<(), SignatureError> {
        let is_it = digest(self.algorithm, body).as_ref() == self.bytes;
        if is_it { Ok(()) } else { Err(SignatureError::Body) }
    }
}

/// The field for a body.
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(digest(&SHA256, body)))
}
