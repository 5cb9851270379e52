//! Where a text comes from, which decides how it is judged.

use serde::{Deserialize, Serialize};

/// Who wrote a text, as far as the one who passes it on knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A person who talks to the agent.
    #[default]
    User,
    /// A tool's answer, a tool's description, another agent's message.
    Tool,
    /// A page that was fetched.
    Web,
    /// A document that was opened.
    File,
    /// A model.
    Model,
}

impl Origin {
    /// Whether the text is material to work on, so that instructions in it are nobody's orders.
    pub fn is_material(self) -> bool {
        matches!(self, Self::Tool | Self::Web | Self::File)
    }
}
