//! Names a found value without showing it: the same value has the same name, and nobody without the
//! key can tell which value it was, nor try values.

use model::Digest;

/// Bytes of SHA-256's block (FIPS 180-4).
const BLOCK: usize = 64;

/// Hexadecimal digits of a fingerprint: 96 bits, too many for two values to share one by chance.
const DIGITS: usize = 24;

/// HMAC-SHA-256 (RFC 2104) of the value, cut to its first 96 bits.
pub fn fingerprint(key: &[u8; 32], value: &[u8]) -> String {
    let mut text = hmac(key, value).to_string();
    text.truncate(DIGITS);
    text
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
        assert_eq!(fingerprint(&key, b"Hi There"), expected[..DIGITS]);
    }

    #[test]
    fn another_key_gives_another_name() {
        assert_ne!(fingerprint(&[1; 32], b"value"), fingerprint(&[2; 32], b"value"));
        assert_ne!(fingerprint(&[1; 32], b"value"), fingerprint(&[1; 32], b"valuf"));
    }
}
