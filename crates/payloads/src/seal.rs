//! AES-256-GCM with a nonce of its own for each text, and keys made from keys (RFC 5869).

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// Bytes that sealing adds behind a text.
pub const TAG_BYTES: usize = 16;

/// A key in memory: wiped when dropped, never shown.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// A new one; nothing where the system has no randomness.
    pub fn random() -> Option<Self> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        SystemRandom::new().fill(&mut *key).ok()?;
        Some(Self(key))
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// HKDF-SHA256 over a secret. Another salt or another purpose gives an unrelated key.
    pub fn derive(secret: &[u8], salt: &[u8], purpose: &[&[u8]]) -> Option<Self> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let prk = Salt::new(HKDF_SHA256, salt).extract(secret);
        prk.expand(purpose, HKDF_SHA256).ok()?.fill(&mut *key).ok()?;
        Some(Self(key))
    }

    /// The bytes themselves. Each call site is a place to look at when keys leak.
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

/// Random bytes that need not be secret: ids, salts.
pub fn random_id() -> Option<[u8; 16]> {
    let mut id = [0; 16];
    SystemRandom::new().fill(&mut id).ok()?;
    Some(id)
}

/// Seals texts under one key.
///
/// Nonces are random, so that one key should seal no more than 2³² texts (NIST SP 800-38D,
/// section 8.3).
pub struct Sealer {
    key: LessSafeKey,
    random: SystemRandom,
}

impl Sealer {
    pub fn new(key: &Key) -> Option<Self> {
        let unbound = UnboundKey::new(&AES_256_GCM, key.expose()).ok()?;
        Some(Self { key: LessSafeKey::new(unbound), random: SystemRandom::new() })
    }

    /// Nonce, sealed text, tag.
    pub fn seal(&self, associated: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + text.len() + TAG_BYTES);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(text);
        let inside = sealed.get_mut(NONCE_LEN..)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let aad = Aad::from(associated);
        let tag = self.key.seal_in_place_separate_tag(nonce, aad, inside).ok()?;
        sealed.extend_from_slice(tag.as_ref());
        Some(sealed)
    }

    /// The text, where the key and what is associated with it are those that it was sealed with.
    pub fn open(&self, associated: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let length = self.key.open_in_place(nonce, Aad::from(associated), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

/// Parts as one text that no other parts come to.
pub(crate) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut text = Vec::new();
    for part in parts {
        text.extend_from_slice(&(part.len() as u64).to_le_bytes());
        text.extend_from_slice(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_the_same_key_and_association_alone() {
        let (key, other) = (Key::random().unwrap(), Key::random().unwrap());
        let sealer = Sealer::new(&key).unwrap();
        let sealed = sealer.seal(b"here", b"a text").unwrap();
        assert_eq!(*sealer.open(b"here", &sealed).unwrap(), b"a text");
        assert!(sealer.open(b"there", &sealed).is_none());
        assert!(Sealer::new(&other).unwrap().open(b"here", &sealed).is_none());
        assert!(!sealed.windows(6).any(|part| part == b"a text"));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open(b"here", &changed).is_none(), "byte {at}");
            assert!(sealer.open(b"here", &sealed[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn parts_that_are_cut_elsewhere_are_another_text() {
        assert_ne!(joined(&[b"ab", b"c"]), joined(&[b"a", b"bc"]));
        assert_ne!(joined(&[b"a"]), joined(&[b"a", b""]));
    }

    #[test]
    fn a_key_is_never_shown() {
        assert_eq!(format!("{:?}", Key::random().unwrap()), "Key(…)");
    }
}
