//! Names of persons, organisations and places, and postal addresses: judged by the model of [`crate::names`].
//!
//! They are recorded and pass. Who wants more sets it: names stand in nearly every mail.

use model::Severity;

use super::{Declaration, Form};
use crate::Action;
use crate::names::Kind;

const REFERENCE: &str = "Portcullis: the model of names and addresses";

pub(super) const ALL: &[Declaration] = &[
    judged("person_name", Kind::Person, "names of persons, where switched on").confidence(0.9),
    judged("postal_address", Kind::PostalAddress, "postal addresses, where switched on")
        .confidence(0.9),
    judged("organisation", Kind::Organisation, "names of organisations, where switched on")
        .confidence(0.8),
    judged("place", Kind::Place, "towns, regions and countries, where switched on").confidence(0.8),
];

const fn judged(name: &'static str, kind: Kind, finds: &'static str) -> Declaration {
    Declaration::new(name, kind.name(), finds, Form::Judged, REFERENCE)
        .severity(Severity::Low)
        .actions(Action::Allow, Action::Allow)
}
