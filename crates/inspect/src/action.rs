//! What happens to a value that a detector finds.

use serde::{Deserialize, Serialize};

/// Ordered: a later one keeps more back. See [`Action::strength`] for what decides overlaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It passes; the finding is still recorded.
    Allow,
    /// It passes, and the record carries a label that says so.
    Mark,
    /// A placeholder becomes the value again, where who receives it may have it. For
    /// [`crate::PLACEHOLDER`] alone.
    Restore,
    /// A placeholder takes its place, which the gate can turn into the value again.
    Tokenise,
    /// Its letters and digits are replaced; see [`crate::mask_keeping_format`].
    #[serde(rename = "mask-format")]
    MaskFormat,
    /// It is replaced; see [`crate::mask`].
    Mask,
    /// The whole action is refused.
    Block,
}

/// How many values [`Action::strength`] has.
pub(crate) const STRENGTHS: usize = 3;

impl Action {
    /// Every action with the word that configuration has for it.
    pub const WORDS: [(&str, Self); 7] = [
        ("allow", Self::Allow),
        ("mark", Self::Mark),
        ("restore", Self::Restore),
        ("tokenise", Self::Tokenise),
        ("mask-format", Self::MaskFormat),
        ("mask", Self::Mask),
        ("block", Self::Block),
    ];

    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, action)| *action == self).map_or("", |(word, _)| word)
    }

    /// Whether the value leaves as it came.
    pub fn passes(self) -> bool {
        self.strength() == 0
    }

    /// Whether something else stands in the value's place.
    pub fn replaces(self) -> bool {
        self.strength() == 1
    }

    /// Among findings that overlap the strongest wins: 0 passes, 1 replaces, 2 refuses.
    pub(crate) fn strength(self) -> usize {
        match self {
            Self::Allow | Self::Mark => 0,
            Self::Restore | Self::Tokenise | Self::MaskFormat | Self::Mask => 1,
            Self::Block => 2,
        }
    }
}
