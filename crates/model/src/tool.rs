//! What is known of a tool: what calling it does, and what kind of thing it returns.
//!
//! What nobody has said is taken to be the careful value, which is each type's default.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$about])* $variant,)+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

words! {
    /// What a call changes, the least first.
    ToolEffect {
        Read = "read",
        /// Changes something that is the caller's own, and can be undone.
        Write = "write",
        /// Sends something to somebody else.
        External = "external",
        /// Cannot be undone.
        #[default]
        Destructive = "destructive",
    }
}

words! {
    /// Whether what it returns may hold a stranger's words.
    Integrity {
        Trusted = "trusted",
        #[default]
        Untrusted = "untrusted",
    }
}

words! {
    /// Who may know what it returns.
    Confidentiality {
        Public = "public",
        Internal = "internal",
        #[default]
        Confidential = "confidential",
    }
}

/// All three. The default is the most careful.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Classification {
    pub effect: ToolEffect,
    pub integrity: Integrity,
    pub confidentiality: Confidentiality,
}
