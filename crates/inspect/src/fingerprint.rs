//! Names a found value without showing it: the same value has the same name, and nobody without the
//! key can tell which value it was, nor try values.

use std::fmt;

use model::Digest;

/// Bytes of SHA-256's block (FIPS 180-4).
const BLOCK: usize = 64;

/// Bytes of a fingerprint: 96 bits, too many for two values to share one by chance.
const BYTES: usize = 12;

/// What fingerprints of one tenant are made with.
#[derive(Clone, PartialEq, Eq)]
pub struct FingerprintKey([u8; 32]);

impl FingerprintKey {
    /// The key must be secret and random.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// HMAC-SHA-256 (RFC 2104) of the value, cut to its first 96 bits.
    pub fn fingerprint(&self, value: &[u8]) -> Fingerprint {
        let whole = hmac(&self.0, value).0;
        let mut first = [0; BYTES];
        first.copy_from_slice(&whole[..BYTES]);
        Fingerprint(first)
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(…)")
    }
}

/// The name of a value under a key. It is written in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; BYTES]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn hmac(key: &[u8; 32], message: &[u8]) -> Digest {
    let padded = |mark: u8| {
        let mut block = [mark; BLOCK];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Digest::of_parts(&[&padded(0x36), message]);
    Digest::of_parts(&[&padded(0x5c), &inner.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_vector_comes_out() {
        // RFC 4231's first case; its key of 20 bytes is padded with zeros, as HMAC does.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(hmac(&key, b"Hi There").to_string(), expected);
        let short = FingerprintKey::new(key).fingerprint(b"Hi There").to_string();
        assert_eq!(short, expected[..24]);
    }

    #[test]
    fn another_key_gives_another_name() {
        let of = |key: u8, value: &[u8]| FingerprintKey::new([key; 32]).fingerprint(value);
        assert_ne!(of(1, b"value"), of(2, b"value"));
        assert_ne!(of(1, b"value"), of(1, b"valuf"));
        assert!(!format!("{:?}", FingerprintKey::new([1; 32])).contains('1'));
    }
}
