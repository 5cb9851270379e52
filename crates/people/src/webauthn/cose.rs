//! Public keys as authenticators write them (RFC 9053), and what they signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};

use super::WebAuthnError;
use super::cbor::{self, Value};

const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// The kinds of keys that are taken, in the order in which we would have them.
pub const ALGORITHMS: [i64; 3] = [EDDSA, ES256, RS256];

/// Of which kind a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    Es256,
    EdDsa,
    Rs256,
}

/// A public key: a point, or for RSA the modulus and the exponent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoseKey {
    kind: KeyKind,
    /// In base64url.
    public: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exponent: Option<String>,
}

impl CoseKey {
    fn new(kind: KeyKind, public: &[u8]) -> Self {
        Self { kind, public: URL_SAFE_NO_PAD.encode(public), exponent: None }
    }

    /// From a COSE_Key. Its algorithm and the shape of the key must fit each other.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, WebAuthnError> {
        let (key, rest) = cbor::parse(bytes).ok_or(WebAuthnError::Form)?;
        if !rest.is_empty() {
            return Err(WebAuthnError::Form);
        }
        let number = |label| key.numbered(label).and_then(Value::number);
        let bytes = |label| key.numbered(label).and_then(Value::bytes).ok_or(WebAuthnError::Form);
        let (kind, algorithm, curve) = (number(1), number(3), number(-1));
        match (kind, algorithm, curve) {
            (Some(2), Some(ES256), Some(1)) => {
                let (x, y) = (bytes(-2)?, bytes(-3)?);
                let fits = x.len() == 32 && y.len() == 32;
                let point = fits.then(|| [&[4][..], x, y].concat()).ok_or(WebAuthnError::Form)?;
                Ok(Self::new(KeyKind::Es256, &point))
            }
            (Some(1), Some(EDDSA), Some(6)) => {
                let x = bytes(-2)?;
                let x = (x.len() == 32).then_some(x).ok_or(WebAuthnError::Form)?;
                Ok(Self::new(KeyKind::EdDsa, x))
            }
            (Some(3), Some(RS256), _) => {
                let exponent = Some(URL_SAFE_NO_PAD.encode(bytes(-2)?));
                Ok(Self { exponent, ..Self::new(KeyKind::Rs256, bytes(-1)?) })
            }
            _ => Err(WebAuthnError::Algorithm),
        }
    }

    /// The key of a certificate: P-256 alone, which is what vendors attest with.
    pub(super) fn of_certificate(der: &[u8], algorithm: i64) -> Result<Self, WebAuthnError> {
        /// `SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING` of an uncompressed
        /// point (RFC 5480, section 2): what stands before its 65 bytes.
        const P256: [u8; 26] = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ];
        if algorithm != ES256 {
            return Err(WebAuthnError::Attestation);
        }
        let at = der.windows(P256.len()).position(|window| window == P256);
        let point = at.and_then(|at| der.get(at + P256.len()..at + P256.len() + 65));
        point.map(|point| Self::new(KeyKind::Es256, point)).ok_or(WebAuthnError::Attestation)
    }

    pub(super) fn algorithm(&self) -> i64 {
        match self.kind {
            KeyKind::Es256 => ES256,
            KeyKind::EdDsa => EDDSA,
            KeyKind::Rs256 => RS256,
        }
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), WebAuthnError> {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| WebAuthnError::Form);
        let public = bytes(&self.public)?;
        let verified = match self.kind {
            KeyKind::Es256 => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &public).verify(message, signature)
            }
            KeyKind::EdDsa => UnparsedPublicKey::new(&ED25519, &public).verify(message, signature),
            KeyKind::Rs256 => {
                let e = bytes(self.exponent.as_deref().unwrap_or_default())?;
                let key = RsaPublicKeyComponents { n: &public, e: &e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        verified.map_err(|_| WebAuthnError::Signature)
    }
}
