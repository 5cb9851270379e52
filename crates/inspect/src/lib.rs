//! Inspection: what is in the traffic, found in whole texts and in streams, and replaced.
//!
//! Pure: no input or output, no clock. [`Engine`] holds the compiled detectors, [`Stream`] scans a
//! channel that arrives in pieces, [`json`] reads bodies.

mod action;
mod blocks;
pub mod code;
mod detectors;
pub mod document;
pub mod encoding;
mod engine;
pub mod exact;
mod fingerprint;
#[cfg(test)]
mod for_tests;
pub mod harm;
pub mod injection;
pub mod json;
mod judge;
mod lookalike;
mod mask;
pub mod names;
mod origin;
pub mod packages;
mod placeholder;
mod settings;
mod stream;
mod validators;
pub mod views;

pub use action::Action;
pub use detectors::{CONTEXT_BYTES, Cargo, Class, Declaration, Form, Part, Place, Set, catalogue};
pub use engine::{Detector, DetectorId, Direction, Engine, Match};
pub use fingerprint::{Fingerprint, FingerprintKey};
pub use judge::{Judgement, Said, suspicion};
pub use mask::{mask, mask_keeping_format};
pub use origin::Origin;
pub use placeholder::{PLACEHOLDER, Vault, placeholder, placeholder_id};
pub use settings::{
    Actions, CANARY, Judges, MAX_CANARIES, MAX_DETECTORS, MAX_RECORD_SETS, MAX_WORD_BYTES,
    MAX_WORDS, MIN_CANARY_BYTES, OWN_RECORD, OWN_WORD, OwnDetector, Records, Settings,
    SettingsError, Words, canary,
};
pub use stream::{MAX_HOLD_BYTES, Stream};
