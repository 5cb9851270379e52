//! Agent keys: 256 random bits in a form that people recognise and scanners find.

use crate::{Digest, Secret};

/// Why a text is no agent key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an agent key is pc_ and {} letters and digits with a checksum; this text is not one", BODY + CHECK)]
pub struct KeyError;

/// An agent's key: `pc_`, 43 base-62 digits that hold 256 bits, and 6 that hold their CRC-32.
///
/// The checksum lets a scanner tell a real key from a look-alike without asking anyone.
pub struct AgentKey(Secret);

/// What is stored of a key. The key has 256 bits of entropy, so a plain hash cannot be guessed.
pub type KeyHash = Digest;

const PREFIX: &str = "pc_";
const BODY: usize = 43;
const CHECK: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl AgentKey {
    pub fn from_random(random: [u8; 32]) -> Self {
        let mut number = random;
        let body: Vec<u8> = (0..BODY).map(|_| DIGITS[divide(&mut number, 62)]).collect();
        let body: String = body.into_iter().rev().map(char::from).collect();
        let check = checksum(&body);
        Self(Secret::new(format!("{PREFIX}{body}{check}")))
    }

    /// Accepts what [`AgentKey::from_random`] makes, by form and checksum.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let digits = text.strip_prefix(PREFIX).ok_or(KeyError)?;
        let plain =
            digits.len() == BODY + CHECK && digits.bytes().all(|b| b.is_ascii_alphanumeric());
        if !plain || checksum(&digits[..BODY]) != digits[BODY..] {
            return Err(KeyError);
        }
        Ok(Self(Secret::new(text.to_owned())))
    }

    pub fn hash(&self) -> KeyHash {
        Digest::of(self.0.expose().as_bytes())
    }

    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

/// Divides a big-endian number in place; gives the remainder.
fn divide(number: &mut [u8; 32], by: usize) -> usize {
    let mut rest = 0;
    for byte in number {
        let value = rest << 8 | usize::from(*byte);
        *byte = (value / by) as u8;
        rest = value % by;
    }
    rest
}

fn checksum(body: &str) -> String {
    let mut crc = crc32(body.as_bytes()) as usize;
    let mut check = [b'0'; CHECK];
    for slot in check.iter_mut().rev() {
        *slot = DIGITS[crc % 62];
        crc /= 62;
    }
    check.iter().copied().map(char::from).collect()
}

/// CRC-32 as in ISO-HDLC (the one of zip and PNG), bit by bit: keys are short and checked rarely.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_check_value_of_crc_32_comes_out() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    proptest! {
        #[test]
        fn every_key_is_accepted_and_one_changed_character_is_not(random: [u8; 32], at in 3_usize..52) {
            let key = AgentKey::from_random(random);
            let text = key.secret().expose();
            prop_assert_eq!(text.len(), 52);
            prop_assert!(AgentKey::parse(text).is_ok_and(|k| k.hash() == key.hash()));
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(changed).unwrap_or_default();
            prop_assert!(AgentKey::parse(&changed).is_err());
        }
    }
}
