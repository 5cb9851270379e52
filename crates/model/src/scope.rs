//! Scopes: what a person's delegates may do at most.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Scopes of one person or token.
pub const MAX_SCOPES: usize = 64;
const MAX_SCOPE: usize = 128;

/// Why a text is no list of scopes.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ScopeError {
    #[error(
        "scopes are names with one blank between them, without quotation marks and backslashes; {0:?} are not"
    )]
    Form(String),
    #[error("there may be at most {MAX_SCOPES} scopes of at most {MAX_SCOPE} characters")]
    Many,
}

/// A set of scopes (RFC 6749, section 3.3): compared byte for byte, so that another case is
/// another scope. Sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scopes(Arc<[Box<str>]>);

impl Scopes {
    /// Reads `scope-token *( SP scope-token )`; an empty text is the empty set.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        match text {
            "" => Ok(Self::default()),
            text => Self::of(text.split(' ')),
        }
    }

    /// From single scopes.
    pub fn of<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Result<Self, ScopeError> {
        let mut found: Vec<Box<str>> = Vec::new();
        for scope in scopes {
            if scope.is_empty() || !scope.bytes().all(is_scope_character) {
                return Err(ScopeError::Form(crate::clip(scope, 80).to_owned()));
            }
            if scope.len() > MAX_SCOPE || found.len() == MAX_SCOPES {
                return Err(ScopeError::Many);
            }
            found.push(scope.into());
        }
        found.sort_unstable();
        found.dedup();
        Ok(Self(found.into()))
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|scope| &**scope)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, scope: &str) -> bool {
        self.0.binary_search_by(|known| (**known).cmp(scope)).is_ok()
    }

    /// The first of these that `other` has not.
    pub fn first_beyond(&self, other: &Self) -> Option<&str> {
        self.iter().find(|scope| !other.contains(scope))
    }

    /// What both hold.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        if self.first_beyond(other).is_none() {
            return self.clone();
        }
        Self(self.0.iter().filter(|scope| other.contains(scope)).cloned().collect())
    }
}

/// `%x21 / %x23-5B / %x5D-7E`.
fn is_scope_character(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'"' && byte != b'\\'
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope)?;
        }
        Ok(())
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> Self {
        scopes.to_string()
    }
}

impl TryFrom<String> for Scopes {
    type Error = ScopeError;
    fn try_from(text: String) -> Result<Self, ScopeError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_list_of_scopes_is_refused() {
        for bad in [" a", "a ", "a  b", "a\tb", "a\"b", "a\\b", "ä", "a\u{a0}b", " "] {
            assert!(matches!(Scopes::parse(bad), Err(ScopeError::Form(_))), "{bad:?}");
        }
        let many: Vec<String> = (0..=MAX_SCOPES).map(|n| format!("s{n}")).collect();
        assert_eq!(Scopes::parse(&many.join(" ")), Err(ScopeError::Many));
        assert_eq!(Scopes::parse(&"x".repeat(MAX_SCOPE + 1)), Err(ScopeError::Many));
    }

    #[test]
    fn another_case_is_another_scope() {
        let held = Scopes::parse("tools.read tools.write").unwrap();
        let asked = Scopes::parse("Tools.Read").unwrap();
        assert_eq!(asked.first_beyond(&held), Some("Tools.Read"));
        assert!(held.contains("tools.read") && !held.contains("tools"));
    }

    proptest! {
        #[test]
        fn what_both_hold_is_in_each(a in "([a-c]( [a-c]){0,4})?", b in "([a-c]( [a-c]){0,4})?") {
            let (a, b) = (Scopes::parse(&a).unwrap(), Scopes::parse(&b).unwrap());
            let both = a.and(&b);
            prop_assert_eq!(both.first_beyond(&a), None);
            prop_assert_eq!(both.first_beyond(&b), None);
            prop_assert_eq!(&both, &b.and(&a));
            prop_assert_eq!(Scopes::parse(&both.to_string()).unwrap(), both);
        }
    }
}
