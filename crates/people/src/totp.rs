//! Time-based one-time passwords (RFC 6238), as authenticator apps compute them: HMAC-SHA-1,
//! thirty seconds, six digits.

use model::{Secret, Timestamp};
use ring::hmac;

/// Seconds of a step.
pub const STEP: i64 = 30;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// Steps that a clock may be off, either way (RFC 6238, section 5.2).
const DRIFT: i64 = 1;
/// Bytes of a secret: the length of the hash (RFC 4226, section 4).
pub const SECRET: usize = 20;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A shared secret, and the codes that come of it.
pub struct Totp {
    key: hmac::Key,
    text: Secret,
}

impl Totp {
    pub fn from_random(random: [u8; SECRET]) -> Self {
        Self::of_bytes(&random)
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, bytes);
        Self { key, text: Secret::new(encode(bytes)) }
    }

    /// From the base 32 that [`Totp::secret`] gives.
    pub fn parse(text: &str) -> Option<Self> {
        decode(text).filter(|bytes| bytes.len() == SECRET).map(|bytes| Self::of_bytes(&bytes))
    }

    /// In base 32 (RFC 4648, section 6), without padding.
    pub fn secret(&self) -> &Secret {
        &self.text
    }

    /// What an authenticator app reads from a QR code.
    pub fn uri(&self, issuer: &str, account: &str) -> Secret {
        let (issuer, account) = (percent(issuer), percent(account));
        let secret = self.text.expose();
        let text = format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP}"
        );
        Secret::new(text)
    }

    /// The step that a code is of, if it is one of about now and of no step up to `last`: a code
    /// counts once, and none that is older than one that counted.
    pub fn verify(&self, code: &str, now: Timestamp, last: Option<i64>) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let is_code = code.len() == DIGITS && code.bytes().all(|b| b.is_ascii_digit());
        let current = now.seconds().div_euclid(STEP);
        let steps = (current - DRIFT)..=(current + DRIFT);
        let mut fitting = None;
        for step in steps {
            // All are compared, so that the time taken says nothing.
            if is_code && same(self.code(step).as_bytes(), code.as_bytes()) {
                fitting = Some(step);
            }
        }
        fitting.filter(|step| last.is_none_or(|last| *step > last))
    }

    /// The code of the moment, as an app shows it.
    pub fn code_at(&self, now: Timestamp) -> String {
        self.code(now.seconds().div_euclid(STEP))
    }

    fn code(&self, step: i64) -> String {
        let digits = truncate(hmac::sign(&self.key, &step.to_be_bytes()).as_ref());
        format!("{:0width$}", digits % 10_u32.pow(DIGITS as u32), width = DIGITS)
    }
}

/// RFC 4226, section 5.3.
fn truncate(hash: &[u8]) -> u32 {
    let offset = usize::from(hash.last().copied().unwrap_or_default() & 0xf);
    let bytes = hash.get(offset..offset + 4).and_then(|bytes| bytes.first_chunk::<4>());
    bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes) & 0x7fff_ffff)
}

fn same(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differences == 0
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(digit(held >> bits));
        }
    }
    if bits > 0 {
        text.push(digit(held << (5 - bits)));
    }
    text
}

fn digit(value: u32) -> char {
    char::from(ALPHABET[(value & 31) as usize])
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in text.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == byte)?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// RFC 3986, section 2.1.
fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// The secret of RFC 6238, appendix B.
    fn appendix_b() -> Totp {
        Totp::from_random(*b"12345678901234567890")
    }

    #[test]
    fn the_vectors_of_the_standard_hold() {
        let vectors = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, code) in vectors {
            assert_eq!(appendix_b().code_at(at(seconds)), code, "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_once_and_an_older_one_not_after_it() {
        let totp = appendix_b();
        let (before, now) = (totp.code_at(at(970)), totp.code_at(at(1_000)));
        let step = totp.verify(&now, at(1_000), None).unwrap();
        assert_eq!(totp.verify(&now, at(1_000), Some(step)), None);
        assert_eq!(totp.verify(&before, at(1_000), Some(step)), None);
        assert_eq!(totp.verify(&before, at(1_000), Some(step - 2)), Some(step - 1));
        assert!(totp.verify(&totp.code_at(at(1_031)), at(1_000), Some(step)).is_some());
    }

    #[test]
    fn a_clock_may_be_off_by_a_step_and_no_more() {
        let totp = appendix_b();
        for (seconds, fits) in [(930, false), (960, true), (1_020, true), (1_050, false)] {
            let code = totp.code_at(at(seconds));
            assert_eq!(totp.verify(&code, at(1_000), None).is_some(), fits, "{seconds}");
        }
        for wrong in ["", "12345", "1234567", "abcdef", "-12345", "+12345"] {
            assert_eq!(totp.verify(wrong, at(1_000), None), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_can_read_the_address() {
        let uri = appendix_b().uri("Port cullis", "ann@example.com");
        assert_eq!(
            uri.expose(),
            "otpauth://totp/Port%20cullis:ann%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Port%20cullis&algorithm=SHA1&digits=6&period=30"
        );
    }

    proptest! {
        #[test]
        fn a_secret_reads_back(random: [u8; SECRET], seconds in 0_i64..4_000_000_000) {
            let made = Totp::from_random(random);
            let read = Totp::parse(made.secret().expose()).unwrap();
            prop_assert_eq!(made.code_at(at(seconds)), read.code_at(at(seconds)));
        }

        #[test]
        fn what_is_no_secret_is_refused(text in ".{0,40}") {
            let is_secret = text.len() == 32 && text.bytes().all(|b| ALPHABET.contains(&b));
            prop_assert_eq!(Totp::parse(&text).is_some(), is_secret);
        }
    }
}
