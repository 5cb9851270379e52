//! Names and ids. Each is a newtype, so that a tenant can never stand where an agent should.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Why a name was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IdError {
    #[error("a name has 1 to 128 characters; this one has {0}")]
    Length(usize),
    #[error(
        "a name holds letters, digits, '-', '_', '.', '@', ':' and '/', and begins with a letter or a digit; {0:?} does not"
    )]
    Character(String),
    #[error("an activity record's id looks like act_0190c2f0-…; {0:?} does not")]
    Record(String),
}

const MAX_NAME: usize = 128;

/// Names are compared byte for byte: no case folding, no normalisation. What could be
/// mistaken for another name (blanks, control characters, other scripts) is refused instead.
fn check(name: &str) -> Result<(), IdError> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(IdError::Length(name.chars().count()));
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.@:/".contains(&b);
    let starts_well = name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
    if !starts_well || !name.bytes().all(allowed) {
        return Err(IdError::Character(name.chars().take(40).collect()));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks length and characters; see [`IdError`].
            pub fn new(name: &str) -> Result<Self, IdError> {
                check(name)?;
                Ok(Self(name.into()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(name: String) -> Result<Self, IdError> {
                Self::new(&name)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(name: &str) -> Result<Self, IdError> {
                Self::new(name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(/// A tenant: state, log, keys and counters are all under one.
    TenantId);
name!(/// An agent's name, unique in its tenant.
    AgentName);
name!(/// A person on whose behalf an agent acts.
    UserName);
name!(/// A role that policies speak of.
    RoleName);
name!(/// A zone: production, test, quarantine, or the operator's own.
    ZoneName);
name!(/// A configured model API.
    ProviderName);
name!(/// A configured MCP server.
    ServerName);
name!(/// A conversation or task of an agent.
    SessionId);
name!(/// A policy's `@id`.
    PolicyId);

impl UserName {
    /// What the pseudonyms of people begin with.
    pub const PSEUDONYM: &str = "psn_";

    /// Whether it has the form of a pseudonym.
    pub fn is_pseudonym(&self) -> bool {
        self.0.starts_with(Self::PSEUDONYM)
    }
}

impl TenantId {
    /// The tenant of an installation that has only one.
    pub fn main() -> Self {
        Self("main".into())
    }
}

/// The id of an activity record: `act_` and a UUIDv7 (RFC 9562, section 5.7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId(u128);

impl RecordId {
    /// Sorts by time; 74 random bits keep ids of the same millisecond apart.
    pub fn new(time: Timestamp, random: u128) -> Self {
        let millis = (time.micros().max(0) / 1000) as u128 & 0xffff_ffff_ffff;
        let low = random & ((1 << 62) - 1);
        let high = (random >> 64) & 0xfff;
        Self(millis << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
    }

    pub fn as_u128(self) -> u128 {
        self.0
    }

    pub fn from_u128(value: u128) -> Self {
        Self(value)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = *b"act_00000000-0000-0000-0000-000000000000";
        let mut nibble = 32;
        for slot in text.iter_mut().skip(4).filter(|b| **b != b'-') {
            nibble -= 1;
            *slot = b"0123456789abcdef"[(self.0 >> (nibble * 4)) as usize & 15];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for RecordId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let bad = || IdError::Record(text.chars().take(48).collect());
        let uuid = text.strip_prefix("act_").filter(|uuid| uuid.len() == 36).ok_or_else(bad)?;
        // Two halves of 16 digits: the second begins behind the dash at 18.
        let mut halves = [0_u64; 2];
        for (at, byte) in uuid.bytes().enumerate() {
            let half = &mut halves[usize::from(at > 18)];
            *half = match byte {
                b'-' if matches!(at, 8 | 13 | 18 | 23) => continue,
                _ if matches!(at, 8 | 13 | 18 | 23) => return Err(bad()),
                b'0'..=b'9' => *half << 4 | u64::from(byte - b'0'),
                b'a'..=b'f' => *half << 4 | u64::from(byte - b'a' + 10),
                _ => return Err(bad()),
            };
        }
        Ok(Self(u128::from(halves[0]) << 64 | u128::from(halves[1])))
    }
}

crate::text::as_text!(RecordId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_id_reads_back_and_sorts_by_time() {
        let early = RecordId::new(Timestamp::from_micros(1_700_000_000_000_000), u128::MAX);
        let late = RecordId::new(Timestamp::from_micros(1_700_000_000_001_000), 0);
        assert!(early < late);
        assert_eq!(early.to_string().parse(), Ok(early));
        let text = late.to_string();
        assert_eq!(&text[18..19], "7", "version nibble of {text}");
        assert_eq!(&text[23..24], "8", "variant nibble of {text}");
    }

    #[test]
    fn names_that_could_be_mistaken_are_refused() {
        for bad in ["", " a", "a b", "-a", "a\u{202e}b", "naïve", "a\n", "a\0", &"x".repeat(129)] {
            assert!(AgentName::new(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "support-bot", "team/a.b_c", "ann@example.com", "7up"] {
            assert_eq!(AgentName::new(good).map(|n| n.to_string()).as_deref(), Ok(good));
        }
    }

    #[test]
    fn a_record_id_in_another_form_is_refused() {
        for bad in [
            "",
            "act_",
            "0190c2f0-0000-7000-8000-000000000000",
            "act_0190C2F0-0000-7000-8000-000000000000",
            "act_0190c2f000-00-7000-8000-000000000000",
            "act_+190c2f0-0000-7000-8000-000000000000",
        ] {
            assert!(bad.parse::<RecordId>().is_err(), "{bad}");
        }
    }
}
