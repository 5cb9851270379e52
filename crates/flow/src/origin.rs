//! Where a value comes from.

use serde::{Deserialize, Serialize};

/// The best account that a session has of a value, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The user wrote it.
    User,
    /// A record that the user named holds it, in a field that is trusted or counts by that name.
    Named,
    /// A trusted source returned it.
    Trusted,
    /// A trusted source returned it, and untrusted content speaks of it: a stranger may have made the
    /// choice among what is trusted.
    Mentioned,
    /// Nothing that the session has seen holds it: the model made it up, reckoned it, or put it
    /// together in a way that is not understood.
    Unknown,
    /// Untrusted content holds it, and the user pointed at that very content.
    Asked,
    /// It may have stood in untrusted content that the session had no room to remember.
    Forgotten,
    /// Untrusted content holds it.
    Untrusted,
}

impl Origin {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Named => "named",
            Self::Trusted => "trusted",
            Self::Mentioned => "mentioned",
            Self::Unknown => "unknown",
            Self::Asked => "asked",
            Self::Forgotten => "forgotten",
            Self::Untrusted => "untrusted",
        }
    }
}

/// One value of a call's arguments, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Traced {
    /// The path in the arguments, such as `recipients[0]`.
    pub path: String,
    pub origin: Origin,
    /// Where it was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
}

/// A place where a value was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    pub source: String,
    /// The member of a structured result; empty where there is none.
    pub field: String,
    pub how: How,
}

/// How a value stood where it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// As it is, but for case, blanks and signs.
    Whole,
    /// Behind an encoding, here or there.
    Encoded,
    /// A part of it did, such as the domain of an address.
    Part,
    /// In pieces that were put together.
    Pieces,
    /// Somebody's words led there.
    Found,
}
