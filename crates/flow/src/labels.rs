//! What has come into a session.

use std::collections::BTreeSet;

/// Sources that a session lists.
pub const MAX_SOURCES: usize = 64;

/// Labels only grow, until a person clears them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// Content was returned that a stranger may have written.
    pub untrusted: bool,
    /// Data was returned that may only go where it is cleared for.
    pub confidential: bool,
    /// Where the untrusted or confidential content came from.
    pub sources: BTreeSet<String>,
}

impl Labels {
    /// As policies and records name them.
    pub fn names(&self) -> Vec<&'static str> {
        let untrusted = self.untrusted.then_some("untrusted");
        untrusted.into_iter().chain(self.confidential.then_some("confidential")).collect()
    }

    pub(crate) fn add(&mut self, source: &str, untrusted: bool, confidential: bool) {
        self.untrusted |= untrusted;
        self.confidential |= confidential;
        if (untrusted || confidential) && self.sources.len() < MAX_SOURCES {
            self.sources.insert(source.to_owned());
        }
    }
}
