//! Patterns over names: `*` stands for any run of characters, everything else for itself.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 256;
/// Most `*` in one pattern, so that matching stays linear in practice.
const MAX_STARS: usize = 8;

/// Why a text is no pattern.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PatternError {
    #[error("a pattern has 1 to {MAX_PATTERN} bytes; write \"*\" for everything")]
    Length,
    #[error("a pattern has at most {MAX_STARS} '*'; {0:?} has more")]
    Stars(String),
    #[error("a pattern holds no control characters; {0:?} does")]
    Control(String),
}

/// A pattern such as `gpt-4o*`. Matching is case-sensitive and covers the whole name.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(Arc<str>);

impl Pattern {
    /// Checks length, characters and the number of `*`; see [`PatternError`].
    pub fn new(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() || text.len() > MAX_PATTERN {
            return Err(PatternError::Length);
        }
        if text.chars().any(char::is_control) {
            return Err(PatternError::Control(text.to_owned()));
        }
        if text.matches('*').count() > MAX_STARS {
            return Err(PatternError::Stars(text.to_owned()));
        }
        Ok(Self(text.into()))
    }

    /// The pattern `*`.
    pub fn any() -> Self {
        Self("*".into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern covers the whole of `name`.
    pub fn matches(&self, name: &str) -> bool {
        let Some((head, rest)) = self.0.split_once('*') else {
            return *self.0 == *name;
        };
        let Some(mut name) = name.strip_prefix(head) else {
            return false;
        };
        let mut parts = rest.split('*');
        let tail = parts.next_back().unwrap_or_default();
        // The first place that fits is right for every part but the last, which is anchored.
        for part in parts {
            let Some(at) = name.find(part) else {
                return false;
            };
            name = &name[at + part.len()..];
        }
        name.ends_with(tail)
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;
    fn try_from(text: String) -> Result<Self, PatternError> {
        Self::new(&text)
    }
}

impl std::str::FromStr for Pattern {
    type Err = PatternError;
    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::new(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_any_run() {
        for (pattern, name, expected) in [
            ("gpt-4o*", "gpt-4o", true),
            ("gpt-4o*", "gpt-4o-mini", true),
            ("gpt-4o*", "gpt-4", false),
            ("gpt-4o", "gpt-4o-mini", false),
            ("*", "", true),
            ("*mini", "gpt-4o-mini", true),
            ("*mini", "gpt-4o-mini-2", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*a", "a", false),
            ("gpt-*", "GPT-4", false),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap().matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert_eq!(Pattern::new(""), Err(PatternError::Length));
        assert_eq!(Pattern::new(&"x".repeat(257)), Err(PatternError::Length));
        assert!(matches!(Pattern::new("a\nb"), Err(PatternError::Control(_))));
        assert!(matches!(Pattern::new("*a*a*a*a*a*a*a*a*"), Err(PatternError::Stars(_))));
    }

    /// The definition, slow and plain.
    fn reference(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => reference(rest, name),
            (Some((b'*', rest)), Some((_, tail))) => {
                reference(rest, name) || reference(pattern, tail)
            }
            (Some((p, rest)), Some((n, tail))) => p == n && reference(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_follows_the_definition(pattern in "[ab*]{1,8}", name in "[ab]{0,10}") {
            let expected = reference(pattern.as_bytes(), name.as_bytes());
            prop_assert_eq!(Pattern::new(&pattern).unwrap().matches(&name), expected);
        }
    }
}
