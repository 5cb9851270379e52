//! What policies are told of a call.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::tool::{EVERYTHING, covers};
use crate::{How, Labels, Origin, Session, Tool, Traced};

/// What an argument is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Decisive,
    Object,
    Guided,
    Other,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decisive => "decisive",
            Self::Object => "object",
            Self::Guided => "guided",
            Self::Other => "other",
        }
    }
}

/// The origins of a call's arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    pub values: Vec<(Role, Traced)>,
    /// The first decisive value that is no destination for confidential data.
    pub uncleared: Option<String>,
}

impl Flow {
    /// Traces a call of a tool.
    pub fn of(session: &Session, tool: &Tool, arguments: &Value) -> Self {
        let kind = |path: &str| tool.kind.as_deref().filter(|_| role(tool, path) == Role::Object);
        let traced = session.trace_kinds(arguments, kind);
        let uncleared = |(traced, text): &(Traced, Option<String>)| {
            role(tool, &traced.path) == Role::Decisive
                && !matches!(traced.origin, Origin::User | Origin::Named)
                && !text.as_deref().is_some_and(|text| tool.is_cleared(text))
        };
        let first = traced.iter().find(|value| uncleared(value));
        let uncleared = first.map(|(traced, _)| traced.path.clone());
        let values = traced.into_iter().map(|(traced, _)| (role(tool, &traced.path), traced));
        let values = values.collect();
        Self { values, uncleared }
    }

    /// What each argument is for and where it comes from, such as `decisive:untrusted`, and
    /// `decisive:uncleared`: few enough to remember verdicts by.
    pub fn origins(&self) -> BTreeSet<String> {
        let values = self.values.iter();
        let pair = |(role, traced): &(Role, Traced)| {
            format!("{}:{}", role.as_str(), traced.origin.as_str())
        };
        let uncleared = self.uncleared.iter().map(|_| "decisive:uncleared".to_owned());
        values.map(pair).chain(uncleared).collect()
    }

    /// Why the baseline holds a call, in one sentence: of the argument that weighs most.
    pub fn reason(&self, labels: &Labels) -> Option<String> {
        let values = self.values.iter().filter(|_| labels.untrusted);
        let weighing = values.filter(|(role, traced)| weighs(*role, traced.origin));
        let worst = weighing.max_by_key(|(role, traced)| (traced.origin, Reverse(*role)));
        let uncleared = || self.uncleared.as_ref().filter(|_| labels.confidential);
        let leak = || {
            uncleared().map(|path| {
                format!("`{path}` is not cleared for the confidential data that was read")
            })
        };
        worst.map(|(_, traced)| sentence(traced)).or_else(leak)
    }
}

/// Whether the baseline holds a value of this origin in an argument of this role.
fn weighs(role: Role, origin: Origin) -> bool {
    match role {
        Role::Decisive => origin > Origin::Trusted,
        Role::Object => origin > Origin::Named,
        Role::Guided => origin > Origin::Asked,
        Role::Other => false,
    }
}

fn role(tool: &Tool, path: &str) -> Role {
    let everything = tool.decisive.iter().any(|name| name == EVERYTHING);
    if path == "…" || covers(&tool.decisive, path) {
        Role::Decisive
    } else if covers(&tool.object, path) {
        Role::Object
    } else if covers(&tool.guided, path) {
        Role::Guided
    } else if everything {
        Role::Decisive
    } else {
        Role::Other
    }
}

fn sentence(traced: &Traced) -> String {
    let path = &traced.path;
    let place = traced.seen.as_ref().map(|seen| {
        let field =
            if seen.field.is_empty() { String::new() } else { format!(", `{}`", seen.field) };
        let how = match seen.how {
            How::Whole => "",
            How::Encoded => " (encoded)",
            How::Part => " (a part of it)",
            How::Pieces => " (in pieces)",
        };
        format!("{}{field}{how}", seen.source)
    });
    let place = place.unwrap_or_default();
    match traced.origin {
        Origin::User => format!("`{path}` is the user's own"),
        Origin::Named => format!("`{path}` comes from what the user named in {place}"),
        Origin::Trusted => format!("`{path}` comes from {place}, but the user did not name it"),
        Origin::Mentioned => {
            format!(
                "`{path}` is from a trusted source, but not the user, only untrusted output of {place} speaks of it"
            )
        }
        Origin::Unknown => {
            format!(
                "`{path}` was said neither by the user nor by a trusted source, and untrusted content was read before"
            )
        }
        Origin::Asked => {
            format!(
                "`{path}` comes from {place}, which the user asked for but anybody may have written"
            )
        }
        Origin::Forgotten => {
            format!("`{path}` may come from untrusted content that is no longer remembered")
        }
        Origin::Untrusted => {
            format!("`{path}` comes from untrusted output of {place}, not from the user")
        }
    }
}
