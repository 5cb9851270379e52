//! The environment as a source of configuration: `PORTCULLIS_` and the key's path.
//!
//! `gate.listen` is `PORTCULLIS_GATE_LISTEN`; in a list of tables the place in the list stands in
//! the path, from zero: `PORTCULLIS_PROVIDER_0_BASE_URL`. The place after the last adds one.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeArray, DeValue};

use super::declare::{Key, Shape, Written};
use super::diagnostic::{Diagnostic, Origin};
use super::nearest;

pub const PREFIX: &str = "PORTCULLIS";

/// Variables that the command line reads, and so are no keys.
pub const RESERVED: [&str; 5] = [
    "PORTCULLIS_CONFIG",
    "PORTCULLIS_SERVER",
    "PORTCULLIS_TENANT",
    "PORTCULLIS_TOKEN",
    "PORTCULLIS_AGENT_KEY",
];

/// The variables of a process, taken once. No `Debug`: there are secrets among them.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Variables that are not UTF-8 are left out; none of ours can be.
    pub fn of_process() -> Self {
        let pairs = std::env::vars_os();
        Self(
            pairs
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .collect(),
        )
    }

    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether any variable's name continues `name`.
    pub fn any_below(&self, name: &str) -> bool {
        let below = format!("{name}_");
        self.0.range(below.clone()..).next().is_some_and(|(first, _)| first.starts_with(&below))
    }

    /// Only what names secrets: no variable of these sets a key.
    #[must_use]
    pub fn without_keys(&self) -> Self {
        let ours = format!("{PREFIX}_");
        let others = self.0.iter().filter(|(name, _)| !name.starts_with(&ours));
        Self(others.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// What is wrong with our variables that nobody read.
    ///
    /// A slip of a known name is an error. Anything else is a warning: container platforms
    /// set variables that begin with the name of a service, and the service may be ours.
    pub fn unread(&self, read: &BTreeSet<String>, keys: &'static [Key]) -> Vec<Diagnostic> {
        let ours = format!("{PREFIX}_");
        let unread = self.0.keys().filter(|name| {
            name.starts_with(&ours) && !read.contains(*name) && !RESERVED.contains(&name.as_str())
        });
        let known = names(keys);
        unread.map(|name| unknown(name, &known)).collect()
    }
}

fn unknown(name: &str, known: &[String]) -> Diagnostic {
    let origin = Origin::Environment(name.into());
    let general = with_places_zero(name);
    let near = nearest::nearest(&general, known.iter().map(String::as_str))
        .filter(|near| nearest::distance(&general, near) <= 2);
    match near {
        Some(near) if near == general => {
            Diagnostic::error(origin, format!("{name} sets a key of an entry that is not there"))
                .help("the entries of a list count from 0, first those of the file; leave no gap")
        }
        Some(near) => Diagnostic::error(origin, format!("{name} is no key of the configuration"))
            .help(format!("did you mean {near}?")),
        None => Diagnostic::warning(origin, format!("{name} is no key of the configuration"))
            .help("`portcullis config reference` lists them; this one is ignored"),
    }
}

fn with_places_zero(name: &str) -> String {
    let zero = |part: &str| {
        let place = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if place { "0".to_owned() } else { part.to_owned() }
    };
    name.split('_').map(zero).collect::<Vec<_>>().join("_")
}

/// The names of all variables, with 0 for places in lists.
pub fn names(keys: &'static [Key]) -> Vec<String> {
    let mut names = Vec::new();
    collect(PREFIX, keys, &mut names);
    names
}

fn collect(prefix: &str, keys: &'static [Key], names: &mut Vec<String>) {
    for key in keys {
        let mut name = format!("{prefix}_{}", key.name.to_ascii_uppercase());
        if key.shape.is_repeated() {
            name.push_str("_0");
        }
        let below = key.shape.keys();
        collect(&name, below, names);
        if below.is_empty() || matches!(key.shape, Shape::Credential { .. }) {
            names.push(name);
        }
    }
}

/// A variable's text as the value that `shape` asks for. What does not fit stays text, so that
/// the key's own error message says what it takes.
pub fn value<'t>(text: &'t str, shape: &Shape) -> DeValue<'t> {
    match shape {
        Shape::Scalar { written: Written::Bare | Written::Both, .. } => parsed(text, |v| {
            matches!(v, DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_))
        }),
        Shape::Scalar { written: Written::Table, .. } => parsed(text, DeValue::is_table),
        Shape::List(_) if text.trim_start().starts_with('[') => parsed(text, DeValue::is_array),
        Shape::List(item) => {
            let mut array = DeArray::new();
            for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                array.push(Spanned::new(0..0, value(part, item)));
            }
            DeValue::Array(array)
        }
        _ => DeValue::String(text.into()),
    }
}

fn parsed<'t>(text: &'t str, fits: impl Fn(&DeValue<'t>) -> bool) -> DeValue<'t> {
    match DeValue::parse(text.trim()) {
        Ok(value) if fits(value.get_ref()) => value.into_inner(),
        _ => DeValue::String(text.into()),
    }
}
