//! Patterns over what belongs to an MCP server: `server/name`.

use serde::{Deserialize, Serialize};

use crate::pattern::{Pattern, PatternError};

/// A pattern such as `files/read_*`, or `*` for everything of every server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scoped {
    pub owner: Pattern,
    pub name: Pattern,
}

/// Why a text is no such pattern.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ScopedError {
    #[error("{0:?} names no server: write \"server/name\", \"server/*\", or \"*\" for everything")]
    NoServer(String),
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

impl Scoped {
    /// The first slash ends the server's pattern.
    pub fn new(text: &str) -> Result<Self, ScopedError> {
        if text == "*" {
            return Ok(Self::any());
        }
        let (owner, name) =
            text.split_once('/').ok_or_else(|| ScopedError::NoServer(text.to_owned()))?;
        Ok(Self { owner: Pattern::new(owner)?, name: Pattern::new(name)? })
    }

    /// Everything of every server.
    pub fn any() -> Self {
        Self { owner: Pattern::any(), name: Pattern::any() }
    }

    pub fn matches(&self, owner: &str, name: &str) -> bool {
        self.owner.matches(owner) && self.name.matches(name)
    }
}

impl TryFrom<String> for Scoped {
    type Error = ScopedError;
    fn try_from(text: String) -> Result<Self, ScopedError> {
        Self::new(&text)
    }
}

impl From<Scoped> for String {
    fn from(scoped: Scoped) -> Self {
        format!("{}/{}", scoped.owner, scoped.name)
    }
}

impl std::str::FromStr for Scoped {
    type Err = ScopedError;
    fn from_str(text: &str) -> Result<Self, ScopedError> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_slash_divides() {
        let scoped = Scoped::new("files/file:///docs/*").unwrap();
        assert!(scoped.matches("files", "file:///docs/a"));
        assert!(!scoped.matches("files", "file:///etc/a"));
        assert!(!scoped.matches("files/file:", "//docs/a"));
        assert!(Scoped::new("*").unwrap().matches("any", "thing"));
        assert_eq!(Scoped::new("files"), Err(ScopedError::NoServer("files".into())));
        assert!(Scoped::new("/x").is_err() && Scoped::new("x/").is_err());
    }
}
