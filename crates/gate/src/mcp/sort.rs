//! What can be pinned of a server: its tools, and its prompts, resources and templates of them.
//!
//! One space of names holds all: a tool is called by its own name, anything else begins with `@`,
//! which no tool's name can hold: `@prompt/summary`, `@resource/note://1`.

use serde_json::Value;

use super::method::Method;

/// Bytes of a prompt's name or a resource's address.
const MAX_NAME: usize = 1024;

/// Members of a resource's entry that say what it holds now, not what it is.
const PASSING: [&str; 3] = ["size", "annotations", "_meta"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Tool,
    Prompt,
    Resource,
    Template,
}

impl Sort {
    /// Of what a list holds.
    pub(super) fn listed(method: Method) -> Option<Self> {
        Some(match method {
            Method::ListTools => Self::Tool,
            Method::ListPrompts => Self::Prompt,
            Method::ListResources => Self::Resource,
            Method::ListTemplates => Self::Template,
            _ => return None,
        })
    }

    /// Of what goes by a name.
    pub fn of(name: &str) -> Self {
        let all = [Self::Prompt, Self::Resource, Self::Template];
        let is_it = |sort: &Self| name.starts_with(sort.prefix());
        all.into_iter().find(is_it).unwrap_or(Self::Tool)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::Template => "template",
        }
    }

    /// What a record calls it.
    pub(super) fn recorded(self) -> &'static str {
        match self {
            Self::Resource | Self::Template => "mcp_resource",
            _ => self.as_str(),
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Tool => "",
            Self::Prompt => "@prompt/",
            Self::Resource => "@resource/",
            Self::Template => "@template/",
        }
    }

    /// The name under which something is pinned.
    pub(super) fn name(self, own: &str) -> String {
        format!("{}{own}", self.prefix())
    }

    /// What something of this sort calls itself, by the name under which it is pinned.
    pub(super) fn own(self, name: &str) -> Option<&str> {
        name.strip_prefix(self.prefix()).filter(|_| Self::of(name) == self)
    }

    /// The member of an entry that says what it is called.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::Tool | Self::Prompt => "name",
            Self::Resource => "uri",
            Self::Template => "uriTemplate",
        }
    }

    /// Whether something may be called so. Prompts and resources are named as their servers please, but
    /// for what hides on a screen.
    pub(super) fn may_be(self, own: &str) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:".contains(&byte);
        let is_shown = own.chars().all(|letter| !model::is_hidden(letter));
        match self {
            Self::Tool => !own.is_empty() && own.len() <= 128 && own.bytes().all(is_plain),
            _ => !own.is_empty() && own.len() <= MAX_NAME && is_shown,
        }
    }

    /// The part of an entry that is agreed to.
    pub(super) fn lasting(self, entry: &Value) -> Value {
        let mut entry = entry.clone();
        if let (Self::Resource | Self::Template, Value::Object(members)) = (self, &mut entry) {
            PASSING.iter().for_each(|name| drop(members.remove(*name)));
        }
        entry
    }
}
