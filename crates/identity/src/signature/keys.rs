//! Keys of signatures over messages (RFC 9421, section 3.3).

use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use super::SignatureError;
use crate::jwk::{Algorithm, PublicKey};

/// The algorithms that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    Ed25519,
    EcdsaP256Sha256,
    HmacSha256,
}

impl SignatureAlgorithm {
    /// As the registry of RFC 9421 names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::HmacSha256 => "hmac-sha256",
        }
    }
}

/// A shared key; never shown.
#[derive(Clone)]
pub struct Hmac(hmac::Key);

impl Hmac {
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl std::fmt::Debug for Hmac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hmac(…)")
    }
}

/// What signatures of one key are checked with.
#[derive(Clone, Debug)]
pub enum VerifyingKey {
    Ed25519(PublicKey),
    P256(PublicKey),
    Hmac(Hmac),
}

/// What SubjectPublicKeyInfo begins with for the two kinds of key (RFC 8410 section 4, RFC 5480
/// section 2).
const ED25519_INFO: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
const P256_INFO: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 3, 1, 7, 3, 0x42, 0,
];

impl VerifyingKey {
    /// From a SubjectPublicKeyInfo in DER: an Ed25519 or a P-256 key.
    pub fn from_der(info: &[u8]) -> Option<Self> {
        if let Some(key) = info.strip_prefix(&ED25519_INFO) {
            return (key.len() == 32).then(|| Self::Ed25519(PublicKey::ed25519(key)));
        }
        let point = info.strip_prefix(&P256_INFO)?;
        let is_point = point.len() == 65 && point.first() == Some(&4);
        is_point.then(|| Self::P256(PublicKey::p256(point)))
    }

    /// The public key itself; `None` where it is a shared secret.
    pub fn public(&self) -> Option<&PublicKey> {
        match self {
            Self::Ed25519(key) | Self::P256(key) => Some(key),
            Self::Hmac(_) => None,
        }
    }

    pub fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Self::Ed25519(_) => SignatureAlgorithm::Ed25519,
            Self::P256(_) => SignatureAlgorithm::EcdsaP256Sha256,
            Self::Hmac(_) => SignatureAlgorithm::HmacSha256,
        }
    }

    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let verified = match self {
            Self::Ed25519(key) => key.verify(Algorithm::EdDsa, message, signature).is_ok(),
            Self::P256(key) => key.verify(Algorithm::Es256, message, signature).is_ok(),
            Self::Hmac(Hmac(key)) => hmac::verify(key, message, signature).is_ok(),
        };
        if verified { Ok(()) } else { Err(SignatureError::Wrong) }
    }
}

/// What a client signs with.
pub enum SigningKey {
    Ed25519(Ed25519KeyPair),
    /// Signing needs randomness, which ring takes from the system.
    P256(EcdsaKeyPair, SystemRandom),
    Hmac(Hmac),
}

impl SigningKey {
    /// From PKCS#8 in DER: an Ed25519 or a P-256 key.
    pub fn from_pkcs8(der: &[u8]) -> Option<Self> {
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Some(Self::Ed25519(pair));
        }
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &random).ok()?;
        Some(Self::P256(pair, random))
    }

    pub fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Self::Ed25519(_) => SignatureAlgorithm::Ed25519,
            Self::P256(..) => SignatureAlgorithm::EcdsaP256Sha256,
            Self::Hmac(_) => SignatureAlgorithm::HmacSha256,
        }
    }

    /// What others check its signatures with.
    pub fn verifying(&self) -> VerifyingKey {
        match self {
            Self::Ed25519(pair) => {
                VerifyingKey::Ed25519(PublicKey::ed25519(pair.public_key().as_ref()))
            }
            Self::P256(pair, _) => VerifyingKey::P256(PublicKey::p256(pair.public_key().as_ref())),
            Self::Hmac(key) => VerifyingKey::Hmac(key.clone()),
        }
    }

    /// `None` where the system gives no randomness.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Ed25519(pair) => Some(pair.sign(message).as_ref().to_vec()),
            Self::P256(pair, random) => {
                pair.sign(random, message).ok().map(|signature| signature.as_ref().to_vec())
            }
            Self::Hmac(Hmac(key)) => Some(hmac::sign(key, message).as_ref().to_vec()),
        }
    }
}
