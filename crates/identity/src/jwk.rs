//! Public keys, and JSON Web Keys (RFC 7517, RFC 8037) as issuers publish them.
//!
//! A key says which algorithms it is for, never the token: that is what makes `none`, HMAC with
//! a public key, and other confusions impossible.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Digest;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

/// Keys of one issuer.
pub const MAX_KEYS: usize = 64;
/// Bytes of a document with keys.
pub const MAX_KEY_SET: usize = 256 * 1024;

/// The signatures that are understood (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    EdDsa,
    Es256,
    Rs256,
    Ps256,
}

impl Algorithm {
    pub const ALL: [Self; 4] = [Self::EdDsa, Self::Es256, Self::Rs256, Self::Ps256];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }
}

/// A public key with the one way in which it is used, or the two of an RSA key that says none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    material: Material,
    only: Option<Algorithm>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Ed25519(Vec<u8>),
    /// An uncompressed point (SEC 1, section 2.3.3).
    P256(Vec<u8>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

/// The signature does not fit key, algorithm and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongSignature;

impl PublicKey {
    pub fn ed25519(bytes: &[u8]) -> Self {
        Self { material: Material::Ed25519(bytes.to_vec()), only: None }
    }

    /// From an uncompressed point of 65 bytes.
    pub fn p256(point: &[u8]) -> Self {
        Self { material: Material::P256(point.to_vec()), only: None }
    }

    /// Whether the key is for this algorithm.
    pub fn allows(&self, algorithm: Algorithm) -> bool {
        let fits = match self.material {
            Material::Ed25519(_) => algorithm == Algorithm::EdDsa,
            Material::P256(_) => algorithm == Algorithm::Es256,
            Material::Rsa { .. } => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
        };
        fits && self.only.is_none_or(|only| only == algorithm)
    }

    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), WrongSignature> {
        if !self.allows(algorithm) {
            return Err(WrongSignature);
        }
        let verified = match &self.material {
            Material::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature)
            }
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Material::Rsa { n, e } => {
                let parameters = match algorithm {
                    Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
        };
        verified.map_err(|_| WrongSignature)
    }

    /// The key's thumbprint (RFC 7638, section 3), as a confirmation names it.
    pub fn thumbprint(&self) -> String {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let canonical = match &self.material {
            Material::Ed25519(x) => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(x))
            }
            Material::P256(point) => {
                let (x, y) =
                    point.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text(x), text(y))
            }
            Material::Rsa { n, e } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(e), text(n))
            }
        };
        text(&Digest::of(canonical.as_bytes()).0)
    }
}

/// A key as a document writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct Jwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    /// Present only in a private key, which nobody should send.
    d: Option<String>,
}

impl Jwk {
    /// `None` where it is of a kind that is not understood, for another purpose, or malformed.
    pub fn key(&self) -> Option<PublicKey> {
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        let is_for_signing = self.used_for.as_deref().is_none_or(|used| used == "sig");
        if !is_for_signing || self.d.is_some() {
            return None;
        }
        let material = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => {
                Material::Ed25519(bytes(&self.x).filter(|x| x.len() == 32)?)
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(&self.x)?, bytes(&self.y)?);
                let fits = x.len() == 32 && y.len() == 32;
                Material::P256(fits.then(|| [&[4][..], &x, &y].concat())?)
            }
            ("RSA", _) => Material::Rsa { n: bytes(&self.n)?, e: bytes(&self.e)? },
            _ => return None,
        };
        let only = match self.alg.as_deref() {
            None => None,
            // A key for an algorithm that is not understood is for none of ours.
            Some(text) => Some(Algorithm::parse(text)?),
        };
        Some(PublicKey { material, only })
    }
}

/// The keys of one issuer.
#[derive(Clone, Debug, Default)]
pub struct JwkSet(Vec<(Option<String>, PublicKey)>);

/// A document that is no set of keys.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a set of keys is a JSON object with `keys`, of at most {MAX_KEY_SET} bytes and {MAX_KEYS} keys"
)]
pub struct NotAKeySet;

impl JwkSet {
    pub fn parse(document: &[u8]) -> Result<Self, NotAKeySet> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<serde_json::Value>,
        }
        if document.len() > MAX_KEY_SET {
            return Err(NotAKeySet);
        }
        let document: Document = serde_json::from_slice(document).map_err(|_| NotAKeySet)?;
        if document.keys.len() > MAX_KEYS {
            return Err(NotAKeySet);
        }
        // What is not understood is left out: issuers publish keys for others too.
        let keys = document.keys.into_iter().filter_map(|value| {
            let jwk: Jwk = serde_json::from_value(value).ok()?;
            Some((jwk.kid.clone(), jwk.key()?))
        });
        Ok(Self(keys.collect()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that a token may mean: those of its `kid`, or all where it names none.
    pub fn candidates(&self, kid: Option<&str>) -> impl Iterator<Item = &PublicKey> {
        let fits = move |known: &Option<String>| kid.is_none() || known.as_deref() == kid;
        self.0.iter().filter(move |(known, _)| fits(known)).map(|(_, key)| key)
    }
}
