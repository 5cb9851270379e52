//! Who is meant among those of whom a directory told: what a filter of SCIM asks, in the words of the store.

use model::Timestamp;

/// What a directory tells of somebody in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Name,
    External,
    Display,
    Formatted,
    Family,
    Given,
    Middle,
    Prefix,
    Suffix,
    Address,
    /// What an address is for.
    AddressKind,
}

impl Told {
    pub const ALL: [Self; 11] = [
        Self::Name,
        Self::External,
        Self::Display,
        Self::Formatted,
        Self::Family,
        Self::Given,
        Self::Middle,
        Self::Prefix,
        Self::Suffix,
        Self::Address,
        Self::AddressKind,
    ];

    /// A value as it is compared: but for the id that the directory gave, capitals do not count.
    pub(crate) fn compared(self, value: &str) -> String {
        match self {
            Self::External => value.to_owned(),
            _ => value.to_lowercase(),
        }
    }
}

/// How a value stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Equal,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A moment of somebody's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Added,
    Updated,
}

/// A condition on people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whom {
    #[default]
    Everybody,
    Nobody,
    Uid(Relation, String),
    /// Whom the directory told to be active, or told not to be.
    Active(bool),
    /// Of whom it told such a value.
    Has(Told),
    /// Capitals do not count where the value is one of which they do not.
    Text(Told, Relation, String),
    At(Moment, Relation, Timestamp),
    /// Who is in the group of this id.
    InGroup(String),
    /// Of whom one address fits, and the same address meets the rest: texts of addresses alone.
    Address(Relation, String, Box<Self>),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}
