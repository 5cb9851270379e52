//! Records of the operator's own: sets of fingerprints, and what a finding in one is called.

use std::sync::Arc;

use model::Severity;

use super::own::check_names;
use super::{OWN_WORD, SettingsError};
use crate::exact::Set;

/// The kind under which records are reported unless the settings say otherwise.
pub const OWN_RECORD: &str = "own.record";

/// Sets of one engine. Each costs a look at every word of a text.
pub const MAX_RECORD_SETS: usize = 8;

/// A set of values, and how they are reported.
#[derive(Clone, Debug, PartialEq)]
pub struct Records {
    /// Unique among all detectors.
    pub name: String,
    /// `own.` and a name.
    pub kind: String,
    pub severity: Severity,
    pub set: Arc<Set>,
}

impl Records {
    /// What is found stands in the set, but for [`crate::exact::FALSE_MATCH`].
    pub(crate) const CONFIDENCE: f64 = 1.0;

    /// A set under the name and kind that sets have by default.
    pub fn new(set: Set) -> Self {
        Self {
            name: "own_record".to_owned(),
            kind: OWN_RECORD.to_owned(),
            severity: Severity::High,
            set: Arc::new(set),
        }
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let refused = |problem| SettingsError::Detector { name: self.name.clone(), problem };
        check_names(&self.name, &self.kind).map_err(refused)?;
        if self.kind == OWN_WORD {
            return Err(refused(format!("has the kind of own words; write {OWN_RECORD:?}")));
        }
        Ok(())
    }
}
