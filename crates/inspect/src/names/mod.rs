//! Names of persons and organisations and postal addresses in a whole text.
//!
//! A text becomes tokens, tokens become windows, and a linear chain over hashed features says of
//! each token what it belongs to. The features know the word's shape and ending, the gazetteers
//! under `data/`, the neighbours and the label that a value stands under; the weights are trained
//! on generated texts (`docs/models/names.md`). Time is linear in the text, memory is bounded by
//! one window and what is found.

mod around;
mod decode;
mod features;
mod fold;
mod lists;
mod model;
mod reading;
mod spans;
mod token;
mod window;

use std::ops::Range;

pub use decode::{Transitions, marginals};
pub use features::{FEATURES, ROWS, Rows};
pub use lists::{common_words, entries};
pub use model::{LANES, Model, Weights};
pub use reading::Reading;
pub use token::{Token, tokens};
pub use window::{MAX_WINDOW, Windows};

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Person,
    PostalAddress,
    Organisation,
    /// A town, region or country that stands alone.
    Place,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Person, Self::PostalAddress, Self::Organisation, Self::Place];

    /// The kind under which the catalogue declares it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "pii.person_name",
            Self::PostalAddress => "pii.postal_address",
            Self::Organisation => "pii.organisation",
            Self::Place => "pii.place",
        }
    }
}

/// A value that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub kind: Kind,
    /// Bytes of the text.
    pub range: Range<usize>,
    /// 0 to 1: how sure the model is of the kind, over the value's tokens.
    pub confidence: f32,
}

/// What the chain says of one token. The order is that of the lanes of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    Outside,
    PersonBegin,
    Person,
    AddressBegin,
    Address,
    OrganisationBegin,
    Organisation,
    Place,
}

impl Tag {
    pub const ALL: [Self; LANES] = [
        Self::Outside,
        Self::PersonBegin,
        Self::Person,
        Self::AddressBegin,
        Self::Address,
        Self::OrganisationBegin,
        Self::Organisation,
        Self::Place,
    ];

    /// The kind that a token with this tag belongs to.
    pub fn kind(self) -> Option<Kind> {
        match self {
            Self::Outside => None,
            Self::PersonBegin | Self::Person => Some(Kind::Person),
            Self::AddressBegin | Self::Address => Some(Kind::PostalAddress),
            Self::OrganisationBegin | Self::Organisation => Some(Kind::Organisation),
            Self::Place => Some(Kind::Place),
        }
    }

    pub fn is_begin(self) -> bool {
        matches!(self, Self::PersonBegin | Self::AddressBegin | Self::OrganisationBegin)
    }

    /// Whether this tag may stand after another: what goes on must have begun.
    pub fn follows(self, before: Option<Self>) -> bool {
        let goes_on = matches!(self, Self::Person | Self::Address | Self::Organisation);
        !goes_on || before.is_some_and(|before| before.kind() == self.kind())
    }
}

/// Finds names and addresses in a whole text, in order, without overlaps.
///
/// ```
/// let text = "Please call Mrs Margaret Sullivan about the invoice.";
/// let found = inspect::names::find(text);
/// assert_eq!(&text[found[0].range.clone()], "Margaret Sullivan");
/// ```
pub fn find(text: &str) -> Vec<Found> {
    Model::built_in().find(text)
}

#[cfg(test)]
mod tests;
