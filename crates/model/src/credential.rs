//! Names of what agents show besides keys: signing keys and client certificates.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::is_hidden;

/// Why such a name was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CredentialError {
    #[error(
        "the id of a signing key has 1 to {MAX_KEY_ID} visible ASCII characters other than '\"' and '\\'"
    )]
    KeyId,
    #[error(
        "a certificate names an agent by `spiffe://…` or `CN=…`, in at most {MAX_SUBJECT} bytes that can all be seen"
    )]
    Subject,
    #[error("a serial number is written in hexadecimal, at most 40 digits of it, and is not zero")]
    Serial,
}

const MAX_KEY_ID: usize = 128;
/// As long as a SPIFFE id may be (SPIFFE ID, section 2.3).
const MAX_SUBJECT: usize = 2048;
/// Twenty bytes (RFC 5280, section 4.1.2.2).
const MAX_SERIAL: usize = 40;

/// The `keyid` of an agent's signatures (RFC 9421, section 2.3).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SigningKeyId(Arc<str>);

/// What a client certificate says that its holder is: a SPIFFE id, or `CN=` and a common name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateSubject(Arc<str>);

/// A certificate's serial number, in lower-case hexadecimal without zeros before it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateSerial(Arc<str>);

impl FromStr for SigningKeyId {
    type Err = CredentialError;

    fn from_str(text: &str) -> Result<Self, CredentialError> {
        // A blank at an end would be lost on the way through a header.
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"\\".contains(&byte);
        let fits = !text.is_empty() && text.len() <= MAX_KEY_ID && text.bytes().all(is_plain);
        fits.then(|| Self(text.into())).ok_or(CredentialError::KeyId)
    }
}

impl FromStr for CertificateSubject {
    type Err = CredentialError;

    fn from_str(text: &str) -> Result<Self, CredentialError> {
        let name = text.strip_prefix("spiffe://").or_else(|| text.strip_prefix("CN="));
        let has_name = name.is_some_and(|name| !name.is_empty());
        let fits = has_name && text.len() <= MAX_SUBJECT && !text.chars().any(is_hidden);
        fits.then(|| Self(text.into())).ok_or(CredentialError::Subject)
    }
}

impl FromStr for CertificateSerial {
    type Err = CredentialError;

    /// Takes colons and blanks between the digits, as programs show them.
    fn from_str(text: &str) -> Result<Self, CredentialError> {
        let digits = text.replace([':', ' '], "").to_ascii_lowercase();
        let digits = digits.trim_start_matches('0');
        let fits = !digits.is_empty()
            && digits.len() <= MAX_SERIAL
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| Self(digits.into())).ok_or(CredentialError::Serial)
    }
}

macro_rules! shown {
    ($($type:ty)*) => {$(
        impl $type {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = CredentialError;
            fn try_from(text: String) -> Result<Self, CredentialError> {
                text.parse()
            }
        }

        crate::text::as_text!($type);
    )*};
}

shown! { SigningKeyId CertificateSubject CertificateSerial }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_the_same_however_it_is_shown() {
        let plain = |text: &str| text.parse::<CertificateSerial>().map(|serial| serial.to_string());
        assert_eq!(plain("00:4F:09:c2").as_deref(), Ok("4f09c2"));
        assert_eq!(plain("4f 09 C2").as_deref(), Ok("4f09c2"));
        for bad in ["", "0", "00:00", "4g", "-1", &"1".repeat(41)] {
            assert!(plain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_could_be_mistaken_is_no_name() {
        let hidden = "spiffe://a/\u{202e}b";
        for bad in ["", "spiffe://", "CN=", "cn=bot", "DNS=bot", "bot", "CN=a\nb", hidden] {
            assert!(bad.parse::<CertificateSubject>().is_err(), "{bad:?}");
        }
        for bad in ["", " a", "a b", "a\"", "a\\", "a\n", "é", &"x".repeat(129)] {
            assert!(bad.parse::<SigningKeyId>().is_err(), "{bad:?}");
        }
        for good in ["CN=bot of Ann", "spiffe://example.com/agents/bot"] {
            assert_eq!(good.parse::<CertificateSubject>().unwrap().as_str(), good);
        }
        assert_eq!("bot-2026/a=b".parse::<SigningKeyId>().unwrap().as_str(), "bot-2026/a=b");
    }
}
