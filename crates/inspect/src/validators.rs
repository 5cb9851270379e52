//! What tells a real value from a look-alike: checksums, number plans, placeholders.

mod check_digits;
pub(crate) mod documents;
mod iban;
mod keccak;
mod likely;
pub(crate) mod national;
mod number;
pub(crate) mod phone;
pub(crate) mod wallet;

pub(crate) use check_digits::{is_filler, number};
pub(crate) use iban::{IBAN_BYTES, iban, iban_may_begin};
pub(crate) use likely::is_random;
pub(crate) use number::card;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{self, GeneralPurpose, GeneralPurposeConfig};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Bytes of a base-62 CRC-32 at the end of a token.
const CHECK_BYTES: usize = 6;

/// Decodes with or without padding, leftover bits included: tokens are cut in many ways.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const URL64: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// CRC-32 (ISO-HDLC), bit by bit: candidates are short and rare.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// The six base-62 digits of a CRC-32, most significant first, as GitHub and npm write them.
pub(crate) fn base62_check(body: &[u8]) -> [u8; CHECK_BYTES] {
    let mut crc = crc32(body) as usize;
    let mut check = [b'0'; CHECK_BYTES];
    for slot in check.iter_mut().rev() {
        *slot = BASE62[crc % 62];
        crc /= 62;
    }
    check
}

/// Whether what follows the first `_` ends with the CRC-32 of what stands between.
pub(crate) fn ends_with_check(token: &[u8]) -> bool {
    let body = memchr::memchr(b'_', token).map_or(token, |at| &token[at + 1..]);
    let Some((random, check)) = body.split_last_chunk::<CHECK_BYTES>() else { return false };
    base62_check(random) == *check
}

/// Whether a token's first dotted part is a JSON object that names an algorithm (RFC 7515).
pub(crate) fn jwt_header(token: &[u8]) -> bool {
    let header = token.split(|b| *b == b'.').next().unwrap_or_default();
    let Ok(header) = URL64.decode(header) else { return false };
    let has_algorithm = memchr::memmem::find(&header, b"\"alg\"").is_some()
        || memchr::memmem::find(&header, b"\"enc\"").is_some();
    header.ends_with(b"}") && has_algorithm
}

/// Whether the text before the first dot is the base64 of a decimal number.
pub(crate) fn decimal_inside(token: &[u8]) -> bool {
    let first = token.split(|b| *b == b'.').next().unwrap_or_default();
    URL64.decode(first).is_ok_and(|id| id.len() >= 17 && id.iter().all(u8::is_ascii_digit))
}

/// The unpadded URL encoding, for examples.
pub(crate) fn to_url64(bytes: &[u8]) -> String {
    general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Base64 with its padding, for examples.
pub(crate) fn to_std64(bytes: &[u8]) -> String {
    general_purpose::STANDARD.encode(bytes)
}

/// Whether base64 holds a user and a password as HTTP's Basic scheme has them (RFC 7617).
pub(crate) fn basic_credentials(value: &[u8]) -> bool {
    const STD64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    let Ok(pair) = STD64.decode(value) else { return false };
    let Some(colon) = memchr::memchr(b':', &pair) else { return false };
    let is_text = std::str::from_utf8(&pair).is_ok_and(|text| !text.chars().any(char::is_control));
    let password = pair.get(colon + 1..).unwrap_or_default();
    is_text && colon > 0 && password.len() >= 3 && !is_password_placeholder(password)
}

/// Mixed enough to be random: upper case, lower case and digits, and no words, as a base-62 secret
/// nearly always is and a path, a constant's name or a hash is not.
pub(crate) fn is_mixed(value: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && is_random(value)
}

/// Words that documentation puts where a secret would stand.
const PLACEHOLDERS: [&[u8]; 12] = [
    b"example",
    b"xxxx",
    b"placeholder",
    b"changeme",
    b"redacted",
    b"your_",
    b"your-",
    b"yourkey",
    b"123456789",
    b"abcdefgh",
    b"-here",
    b"_here",
];

/// Documentation's stand-ins: their words, one character repeated, too few different ones.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    let mut seen = [false; 256];
    let mut distinct = 0;
    let mut repeated = 1;
    for (at, byte) in value.iter().enumerate() {
        distinct += usize::from(!std::mem::replace(&mut seen[usize::from(*byte)], true));
        repeated = if at > 0 && value[at - 1] == *byte { repeated + 1 } else { 1 };
        if repeated >= 7 {
            return true;
        }
    }
    if value.len() >= 16 && distinct < 7 {
        return true;
    }
    let lower = value.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// Passwords that stand in connection strings of manuals.
pub(crate) fn is_password_placeholder(password: &[u8]) -> bool {
    const NONE: [&[u8]; 9] =
        [b"password", b"passwd", b"pass", b"pwd", b"pw", b"secret", b"token", b"user", b"port"];
    let lower = password.to_ascii_lowercase();
    let is_variable = password.iter().any(|b| b"${}<>*[]()%".contains(b))
        && !password.iter().any(u8::is_ascii_digit);
    let first = password.first().copied().unwrap_or(b'x');
    is_variable
        || b"$<{*[".contains(&first)
        || password.iter().all(|b| *b == first)
        || NONE.contains(&lower.as_slice())
        || PLACEHOLDERS.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc_32_comes_out() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(&base62_check(b""), b"000000");
    }

    #[test]
    fn stand_ins_are_known() {
        for stand_in in ["AKIAIOSFODNN7EXAMPLE", "sk-xxxxxxxxxxxxxxxx", "aaaaaaaaaaaaaaaaaaaaaa"] {
            assert!(is_placeholder(stand_in.as_bytes()), "{stand_in}");
        }
        assert!(!is_placeholder(b"q9WzK3vT7bLmX2RfYc8n"));
    }
}
