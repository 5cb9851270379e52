//! What policies are told of a call.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::tool::{EVERYTHING, covers};
use crate::{How, Labels, Origin, Session, Tool, Traced, links};

/// Links of one call that are traced.
const MAX_LINKS: usize = 64;

/// Letters of a value that may choose what is read.
const MIN_STEERING: usize = 3;

/// What an argument is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Decisive,
    Object,
    Guided,
    /// A link in what is written to somebody.
    Link,
    Other,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decisive => "decisive",
            Self::Object => "object",
            Self::Guided => "guided",
            Self::Link => "link",
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
    /// Words of strangers are among the arguments: if the call reads, they chose what.
    pub is_steered: bool,
    /// It goes out, nothing in it decides where or on what, and all that it says is a stranger's or made up.
    pub is_groundless: bool,
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
        let is_steered = traced.iter().any(steers);
        let is_groundless = is_groundless(tool, &traced);
        let links = links_in(session, tool, &traced);
        let values = traced.into_iter().map(|(traced, _)| (role(tool, &traced.path), traced));
        let values = values.chain(links).collect();
        Self { values, uncleared, is_steered, is_groundless }
    }

    /// What each argument is for and where it comes from, such as `decisive:untrusted`, and
    /// `decisive:uncleared`: few enough to remember verdicts by.
    pub fn origins(&self) -> BTreeSet<String> {
        let values = self.values.iter();
        let pair = |(role, traced): &(Role, Traced)| {
            format!("{}:{}", role.as_str(), traced.origin.as_str())
        };
        let uncleared = self.uncleared.iter().map(|_| "decisive:uncleared".to_owned());
        let groundless = self.is_groundless.then(|| "call:groundless".to_owned());
        values.map(pair).chain(uncleared).chain(groundless).collect()
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
        let groundless = || {
            let all = self.values.iter().filter(|_| labels.untrusted && self.is_groundless);
            let (_, traced) = all.max_by_key(|(_, traced)| traced.origin)?;
            Some(format!("nothing in the call is the user's: {}", sentence(Role::Other, traced)))
        };
        worst.map(|(role, traced)| sentence(*role, traced)).or_else(leak).or_else(groundless)
    }
}

/// Whether a value is a stranger's word, such as one that chooses what is read. A number is there by
/// chance, and so is a letter or two.
fn steers((traced, text): &(Traced, Option<String>)) -> bool {
    let letters =
        || text.iter().flat_map(|text| text.chars()).filter(|letter| letter.is_alphabetic());
    let is_strangers = traced.origin >= Origin::Mentioned && traced.origin != Origin::Unknown;
    is_strangers && (text.is_none() || letters().count() >= MIN_STEERING)
}

fn is_groundless(tool: &Tool, traced: &[(Traced, Option<String>)]) -> bool {
    let is_strange = |(traced, _): &(Traced, Option<String>)| {
        let decides = matches!(role(tool, &traced.path), Role::Decisive | Role::Object);
        !decides && traced.origin > Origin::Trusted
    };
    let worst = traced.iter().map(|(traced, _)| traced.origin).max();
    tool.effect.goes_out() && worst == Some(Origin::Untrusted) && traced.iter().all(is_strange)
}

/// The links in what is written to somebody. What decides is traced as a whole.
fn links_in(
    session: &Session,
    tool: &Tool,
    traced: &[(Traced, Option<String>)],
) -> Vec<(Role, Traced)> {
    // Without a stranger's words nothing is held for a link.
    if !session.labels().untrusted {
        return Vec::new();
    }
    let is_written = |(traced, _): &&(Traced, Option<String>)| {
        let role = role(tool, &traced.path);
        let is_text = matches!(role, Role::Guided | Role::Other) && traced.origin != Origin::User;
        tool.effect.goes_out() && is_text
    };
    let texts = traced.iter().filter(is_written);
    let links = texts.flat_map(|(traced, text)| {
        let links = links::links(text.as_deref().unwrap_or_default()).into_iter();
        links.map(|link| (traced.path.as_str(), link))
    });
    let may_stand = |link: &Option<String>| link.as_ref().is_some_and(|link| tool.may_link(link));
    let doubtful = links.filter(|(_, link)| !may_stand(link)).take(MAX_LINKS + 1);
    let traced = doubtful.enumerate().map(|(number, (path, link))| {
        session.link(path, link.as_deref().filter(|_| number < MAX_LINKS))
    });
    traced.map(|traced| (Role::Link, traced)).collect()
}

/// Whether the baseline holds a value of this origin in an argument of this role.
fn weighs(role: Role, origin: Origin) -> bool {
    match role {
        Role::Decisive => origin > Origin::Trusted,
        Role::Object => origin > Origin::Named,
        Role::Guided => origin > Origin::Asked,
        Role::Link => origin > Origin::Mentioned,
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

fn sentence(role: Role, traced: &Traced) -> String {
    let path = match role {
        Role::Link => format!("a link in `{}`", traced.path),
        _ => format!("`{}`", traced.path),
    };
    let place = traced.seen.as_ref().map(|seen| {
        let field =
            if seen.field.is_empty() { String::new() } else { format!(", `{}`", seen.field) };
        let how = match seen.how {
            How::Whole => "",
            How::Encoded => " (encoded)",
            How::Part => " (a part of it)",
            How::Pieces => " (in pieces)",
            How::Found => "",
        };
        format!("{}{field}{how}", seen.source)
    });
    let place = place.unwrap_or_default();
    match traced.origin {
        Origin::User => format!("{path} is the user's own"),
        Origin::Named => format!("{path} comes from what the user named in {place}"),
        Origin::Trusted => format!("{path} comes from {place}, but the user did not name it"),
        Origin::Mentioned if traced.seen.as_ref().is_some_and(|seen| seen.how == How::Found) => {
            format!("{path} was found at {place} by words of untrusted content, not of the user")
        }
        Origin::Mentioned => {
            format!(
                "{path} is from a trusted source, but not the user, only untrusted output of {place} speaks of it"
            )
        }
        Origin::Unknown => {
            format!(
                "{path} was said neither by the user nor by a trusted source, and untrusted content was read before"
            )
        }
        Origin::Asked => {
            format!(
                "{path} comes from {place}, which the user asked for but anybody may have written"
            )
        }
        Origin::Forgotten => {
            format!("{path} may come from untrusted content that is no longer remembered")
        }
        Origin::Untrusted => {
            format!("{path} comes from untrusted output of {place}, not from the user")
        }
    }
}
