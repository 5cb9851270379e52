//! What the operator says of a tool.

use serde::{Deserialize, Serialize};

use crate::links;
use crate::source::ends_with_names;

/// Stands for every argument.
pub(crate) const EVERYTHING: &str = "*";

/// What a call does to the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Carries nothing out and changes nothing.
    Read,
    /// Changes what is the user's own, and can be undone.
    Write,
    /// Tells somebody else something, or moves something to them.
    External,
    /// Takes something away for good. Also what is assumed of a tool that nobody declared.
    #[default]
    Destructive,
}

impl Effect {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::External => "external",
            Self::Destructive => "destructive",
        }
    }
}

/// A tool's effect, and the arguments that decide about it. Each is named by its path as a
/// source's fields are; a name covers what is inside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tool {
    pub effect: Effect,
    /// Who receives, where it goes, what opens a door: recipients, accounts, passwords. `*` is every
    /// argument that the lists below do not name.
    pub decisive: Vec<String>,
    /// Which thing is acted on: the file that is shared, the event that is cancelled.
    pub object: Vec<String>,
    /// What the ids in `object` stand for. Only a source of that kind can give them.
    pub kind: Option<String>,
    /// What may be read from a document that the user pointed at, and from no other: an amount.
    pub guided: Vec<String>,
    /// Destinations that confidential data may go to: a value, or `*` and how it ends.
    pub cleared: Vec<String>,
    /// Hosts that what is written may link to, whoever gave the link: a name, `*.` and how it ends, or
    /// `*` for all.
    pub links: Vec<String>,
}

impl Effect {
    /// Whether it reaches further than what is the user's own and can be undone.
    pub(crate) fn goes_out(self) -> bool {
        matches!(self, Self::External | Self::Destructive)
    }
}

impl Tool {
    /// A tool of which nothing is known.
    pub fn unknown() -> Self {
        Self { decisive: vec![EVERYTHING.to_owned()], ..Self::default() }
    }

    /// Whether a link may stand in what it writes, whoever gave it.
    pub(crate) fn may_link(&self, link: &str) -> bool {
        let host = links::host(link);
        let fits = |allowed: &String| match (allowed.strip_prefix('*'), &host) {
            (Some(""), _) => true,
            (_, None) => false,
            (Some(end), Some(host)) => {
                end.starts_with('.') && host.ends_with(&end.to_ascii_lowercase())
            }
            (None, Some(host)) => *host == allowed.to_ascii_lowercase(),
        };
        self.links.iter().any(fits)
    }

    pub(crate) fn is_cleared(&self, value: &str) -> bool {
        let value = value.trim().to_ascii_lowercase();
        let is_one = value.bytes().filter(|byte| *byte == b'@').count() <= 1
            && value.bytes().all(|byte| byte.is_ascii_graphic() && !b",;<>\"".contains(&byte));
        let fits = |cleared: &String| match cleared.strip_prefix('*') {
            Some(end) => value.ends_with(&end.to_ascii_lowercase()),
            None => value == cleared.to_ascii_lowercase(),
        };
        is_one && self.cleared.iter().any(fits)
    }
}

/// Whether a path in arguments is one of these, or inside one.
pub(crate) fn covers(names: &[String], path: &str) -> bool {
    let plain = without_places(path);
    let ends = plain.match_indices('.').map(|(at, _)| at).chain([plain.len()]);
    ends.filter_map(|end| plain.get(..end))
        .any(|path| names.iter().any(|names| ends_with_names(path, names)))
}

fn without_places(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut inside = false;
    for letter in path.chars() {
        inside |= letter == '[';
        if !inside {
            plain.push(letter);
        }
        inside &= letter != ']';
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_covers_what_is_inside() {
        let names = ["recipients".to_owned(), "attachments.file_id".to_owned()];
        assert!(covers(&names, "recipients[0]"));
        assert!(covers(&names, "recipients[0].address"));
        assert!(covers(&names, "attachments[3].file_id"));
        assert!(!covers(&names, "attachments[3].name"));
        assert!(!covers(&names, "subject"));
    }

    #[test]
    fn hosts_that_may_be_linked_to_are_whole_names() {
        let tool =
            Tool { links: vec!["*.example.com".into(), "wiki.test".into()], ..Tool::default() };
        assert!(tool.may_link("docs.Example.com/x") && tool.may_link("wiki.test"));
        for link in [
            "evilexample.com",
            "docs.example.com.evil.test",
            "docs.example.com@evil.test",
            "a.wiki.test",
        ] {
            assert!(!tool.may_link(link), "{link}");
        }
        assert!(Tool { links: vec!["*".into()], ..Tool::default() }.may_link("evil.test"));
    }

    #[test]
    fn a_destination_that_is_two_is_not_cleared() {
        let tool = Tool { cleared: vec!["*@example.com".into()], ..Tool::default() };
        assert!(tool.is_cleared("Anna@Example.com"));
        for value in
            ["eve@evil.test,anna@example.com", "eve@evil.test <anna@example.com", "a@b@example.com"]
        {
            assert!(!tool.is_cleared(value), "{value}");
        }
    }
}
