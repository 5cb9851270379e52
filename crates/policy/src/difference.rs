//! What two sets of policies have of their own, policy by policy.
//!
//! Policies are known by their `@id`, and compared as Cedar understands them: blanks, comments, the
//! order of policies and the file that one stands in make no difference.

use std::collections::BTreeMap;

use cedar_policy::Policy;
use serde::Serialize;
use serde_json::Value;

use crate::compile::parsed;
use crate::lexer::statements;
use crate::{Diagnostic, Source};

/// How a policy of one set differs from that of the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "difference", rename_all = "snake_case")]
pub enum Difference {
    Added {
        id: String,
        text: String,
    },
    Removed {
        id: String,
        text: String,
    },
    /// It says the same under another id.
    Renamed {
        from: String,
        to: String,
    },
    /// It decides otherwise, or asks for something else.
    Changed {
        id: String,
        before: String,
        after: String,
    },
    /// Its description is another; it decides as before.
    Described {
        id: String,
        before: String,
        after: String,
    },
}

/// A policy as text and as Cedar reads it.
struct Read {
    text: String,
    /// Annotations, and everything else.
    annotations: Value,
    rest: Value,
}

impl Read {
    /// Whether it decides and asks for the same.
    fn means(&self, other: &Self) -> bool {
        let asks =
            |one: &Self| ["obligation", "approve"].map(|name| one.annotations.get(name).cloned());
        self.rest == other.rest && asks(self) == asks(other)
    }
}

/// Compares the policies of `before` with those of `after`, sorted by id.
///
/// # Errors
/// What cannot be read as policies with ids.
pub fn difference(before: &[Source], after: &[Source]) -> Result<Vec<Difference>, Vec<Diagnostic>> {
    let (mut before, mut after) = (read(before)?, read(after)?);
    let mut found = Vec::new();
    let ids: Vec<String> = before.keys().filter(|id| after.contains_key(*id)).cloned().collect();
    for id in ids {
        if let (Some(old), Some(new)) = (before.remove(&id), after.remove(&id)) {
            found.extend(changed(id, old, new));
        }
    }
    found.extend(renamed(&mut before, &mut after));
    found.extend(before.into_iter().map(|(id, old)| Difference::Removed { id, text: old.text }));
    found.extend(after.into_iter().map(|(id, new)| Difference::Added { id, text: new.text }));
    found.sort_by(|a, b| a.id().cmp(b.id()));
    Ok(found)
}

impl Difference {
    pub fn id(&self) -> &str {
        match self {
            Self::Added { id, .. }
            | Self::Removed { id, .. }
            | Self::Changed { id, .. }
            | Self::Described { id, .. }
            | Self::Renamed { to: id, .. } => id,
        }
    }
}

fn changed(id: String, old: Read, new: Read) -> Option<Difference> {
    let (before, after) = (old.text.clone(), new.text.clone());
    match old.means(&new) {
        true if old.annotations == new.annotations => None,
        true => Some(Difference::Described { id, before, after }),
        false => Some(Difference::Changed { id, before, after }),
    }
}

fn renamed(
    before: &mut BTreeMap<String, Read>,
    after: &mut BTreeMap<String, Read>,
) -> Vec<Difference> {
    let mut found = Vec::new();
    for from in before.keys().cloned().collect::<Vec<String>>() {
        let Some(old) = before.get(&from) else { continue };
        let to = after.iter().find(|(_, new)| old.means(new)).map(|(id, _)| id.clone());
        if let Some(to) = to {
            before.remove(&from);
            after.remove(&to);
            found.push(Difference::Renamed { from, to });
        }
    }
    found
}

fn read(sources: &[Source]) -> Result<BTreeMap<String, Read>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut all = BTreeMap::new();
    for source in sources {
        for statement in statements(source, &mut problems) {
            match parsed(source, &statement)
                .and_then(|(text, policy)| read_one(source, text, &policy))
            {
                Ok((id, read)) => {
                    all.insert(id, read);
                }
                Err(found) => problems.extend(found),
            }
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

fn read_one(
    source: &Source,
    text: &str,
    policy: &Policy,
) -> Result<(String, Read), Vec<Diagnostic>> {
    let at = |message: &str| vec![Diagnostic::at(source, 0, message)];
    let id = policy.annotation("id").ok_or_else(|| at("a policy here has no @id"))?.to_owned();
    let mut rest = policy.to_json().map_err(|_| at("a policy here has no JSON form"))?;
    let annotations = rest.as_object_mut().and_then(|map| map.remove("annotations"));
    let mut annotations = annotations.unwrap_or_default();
    annotations.as_object_mut().map(|map| map.remove("id"));
    Ok((id, Read { text: text.to_owned(), annotations, rest }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::policy;

    fn compared(before: &str, after: &str) -> Vec<Difference> {
        let source = |text: &str| [Source::new("p.cedar", text)];
        difference(&source(before), &source(after)).unwrap()
    }

    const PERMIT: &str = "permit (principal, action, resource) when { context.stream };";

    #[test]
    fn blanks_comments_and_order_are_no_difference() {
        let (a, b) = (policy("a", PERMIT), policy("b", PERMIT));
        let spaced = format!("// Why.\n{b}\n\n{}", a.replace(' ', "\n  "));
        let spaced = spaced.replace("What\n  a\n  is\n  for.", "What a is for.");
        assert_eq!(compared(&(a + &b), &spaced), []);
    }

    #[test]
    fn each_difference_has_its_name() {
        let before = policy("gone", "permit (principal, action, resource);")
            + &policy("old-name", PERMIT)
            + &policy("same", "forbid (principal, action, resource);")
            + &policy("told", "forbid (principal, action, resource) when { !context.stream };")
            + &policy("other", "permit (principal, action == Action::\"call_tool\", resource);");
        let after = before
            .replace(&policy("gone", "permit (principal, action, resource);"), "")
            .replace("old-name", "new-name")
            .replace("What told is for.", "Said better.")
            .replace("@id(\"other\")", "@id(\"other\") @approve(\"\")")
            + &policy("new", "permit (principal, action == Action::\"call_model\", resource);");
        let found = compared(&before, &after);
        let kinds: Vec<(&str, &str)> = found.iter().map(|one| (kind(one), one.id())).collect();
        let expected = [
            ("removed", "gone"),
            ("added", "new"),
            ("renamed", "new-name"),
            ("changed", "other"),
            ("described", "told"),
        ];
        assert_eq!(kinds, expected);
    }

    fn kind(one: &Difference) -> &'static str {
        match one {
            Difference::Added { .. } => "added",
            Difference::Removed { .. } => "removed",
            Difference::Renamed { .. } => "renamed",
            Difference::Changed { .. } => "changed",
            Difference::Described { .. } => "described",
        }
    }

    #[test]
    fn what_is_no_policy_is_said_with_its_place() {
        let source = [Source::new("p.cedar", "\npermit (principal, action")];
        let problems = difference(&source, &[]).unwrap_err();
        assert_eq!(problems[0].line, 2);
    }
}
