//! What a channel's model is like.

use inspect::injection::TERMS;

use super::model::Balance;

/// How many terms of a calibration make no use of a text's length.
const WITHOUT_LENGTH: usize = 4;

#[derive(Clone, Copy)]
pub(super) struct Design {
    pub(super) balance: Balance,
    /// Of `inspect::injection::Calibration`.
    pub(super) ceiling: f32,
    /// How many of its terms are weighed.
    pub(super) terms: usize,
    /// The share of honest texts that lie above the shipped threshold.
    pub(super) shipped: f32,
    /// How much a set counts in the calibration when its texts stand amid prose.
    pub(super) amid_prose: f32,
}

/// People write one line or three pages, honest ones too: what a sentence says depends on how long the
/// text is. They are annoyed sooner than tools, so fewer of them may be called attackers.
const USER: Design = Design {
    balance: Balance { full: 800.0, most: 2.0 },
    ceiling: 7.0,
    terms: TERMS,
    shipped: 0.003,
    amid_prose: 0.1,
};

/// In material one planted line stands out, however much is around it. Half of the honest texts are
/// documents, which look worst: of all others less than one in a hundred lies above.
const TOOL: Design = Design {
    balance: Balance { full: 3_000.0, most: 1.5 },
    ceiling: f32::MAX,
    terms: WITHOUT_LENGTH,
    shipped: 0.015,
    amid_prose: 0.0,
};

impl Design {
    pub(super) fn of(channel: &str) -> Self {
        if channel == "user" { USER } else { TOOL }
    }
}
