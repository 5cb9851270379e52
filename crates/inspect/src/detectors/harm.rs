//! Help towards weapons and malicious software, as [`crate::harm`] judges it.
//!
//! Recorded and not refused by default: the screen reads words, not intentions, and most of those
//! who name these things are teachers, nurses and novelists.

use model::Severity;

use super::{Declaration, Form};
use crate::action::Action;

const fn screen(name: &'static str, kind: &'static str, finds: &'static str) -> Declaration {
    Declaration::new(name, kind, finds, Form::Judged, "Portcullis: screen for harmful use")
        .severity(Severity::High)
        .confidence(0.6)
        .actions(Action::Allow, Action::Allow)
}

pub(super) const ALL: &[Declaration] = &[
    screen("cbrn_chemical", "harm.cbrn_chemical", "Making or using chemical weapons")
        .severity(Severity::Critical),
    screen("cbrn_biological", "harm.cbrn_biological", "Making or using biological weapons")
        .severity(Severity::Critical),
    screen("cbrn_nuclear", "harm.cbrn_nuclear", "Making nuclear or radiological weapons")
        .severity(Severity::Critical),
    screen("weapons", "harm.weapons", "Making explosives or untraceable firearms"),
    screen("cyber", "harm.cyber", "Making malicious software"),
];
