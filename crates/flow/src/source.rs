//! What the operator says of where content comes from.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How far a value that a source returned speaks for the organisation or the user.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Integrity {
    /// Whoever wrote to the source may have chosen it: mail, web pages, documents, free text.
    #[default]
    Untrusted,
    /// As good as trusted where the user's own words name the record that it stands in.
    Named,
    /// The user's or the organisation's own data, which no stranger writes: contacts, own accounts.
    Trusted,
}

/// A tool, a resource or a destination, as a source of content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Source {
    /// Such as `mail/search`.
    pub name: String,
    /// Of what no field below names.
    pub integrity: Integrity,
    pub fields: Vec<Field>,
    /// What is trusted only in some of its records.
    pub conditions: Vec<Condition>,
    /// What its ids stand for, such as `file`: an event's number is no file's.
    pub kind: Option<String>,
    /// Whether what it returns may only go to destinations that are cleared for it.
    pub confidential: bool,
}

/// Members of a structured result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Names of members from the innermost outwards, joined by points: `sender` is every member of
    /// that name, `message.sender` only those in a member `message`. Places in lists do not count.
    pub path: String,
    pub integrity: Integrity,
}

/// How a call that reads came about. From a `bool`: whether the user pointed at what it reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// See [`Session::points`](crate::Session::points).
    pub is_asked: bool,
    /// A stranger's words chose what it reads: see [`Flow::is_steered`](crate::Flow::is_steered).
    pub is_steered: bool,
}

impl From<bool> for Reading {
    fn from(is_asked: bool) -> Self {
        Self { is_asked, is_steered: false }
    }
}

/// Members of a record that are trusted where another one, which the service itself writes, says so:
/// those whom a mail went to, in a mail that the user sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The member that says so, beside those below. It counts only where it is trusted everywhere.
    pub member: String,
    /// What it must be, letter by letter.
    pub is: String,
    /// Paths from the record inwards, joined by points.
    pub trusted: Vec<String>,
}

impl Condition {
    /// Whether a record meets it.
    pub(crate) fn is_met(&self, record: &serde_json::Map<String, Value>) -> bool {
        match record.get(&self.member) {
            Some(Value::String(text)) => *text == self.is,
            Some(Value::Number(number)) => number.to_string() == self.is,
            Some(Value::Bool(flag)) => flag.to_string() == self.is,
            _ => false,
        }
    }
}

impl Source {
    /// Whoever is not declared is a stranger.
    pub fn unknown(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Whether anything that it returns may vouch for a value.
    pub(crate) fn may_vouch(&self) -> bool {
        let fields = self.fields.iter().map(|field| field.integrity);
        let declared = fields.chain([self.integrity]).any(|one| one != Integrity::Untrusted);
        declared || !self.conditions.is_empty()
    }

    /// The integrity of the member at a path of names joined by points.
    pub fn integrity_at(&self, path: &str) -> Integrity {
        let longest = self.fields.iter().filter(|field| ends_with_names(path, &field.path));
        longest.max_by_key(|field| field.path.len()).map_or(self.integrity, |field| field.integrity)
    }
}

/// Whether the last names of a path are these.
pub(crate) fn ends_with_names(path: &str, names: &str) -> bool {
    let before = path.strip_suffix(names);
    !names.is_empty() && before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_declaration_of_a_field_counts() {
        let field = |path: &str, integrity| Field { path: path.into(), integrity };
        let source = Source {
            fields: vec![
                field("id", Integrity::Trusted),
                field("author.id", Integrity::Untrusted),
                field("participants", Integrity::Named),
            ],
            ..Source::unknown("calendar/search")
        };
        assert_eq!(source.integrity_at("events.id"), Integrity::Trusted);
        assert_eq!(source.integrity_at("events.author.id"), Integrity::Untrusted);
        assert_eq!(source.integrity_at("participants"), Integrity::Named);
        assert_eq!(source.integrity_at("not_participants"), Integrity::Untrusted);
        assert_eq!(source.integrity_at(""), Integrity::Untrusted);
    }
}
