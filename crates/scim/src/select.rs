//! What of a resource is shown (RFC 7644, section 3.9).

use serde_json::Value;

use crate::error::Result;
use crate::path::{Named, Path, named};
use crate::{Document, Resource, ScimError};

/// Names in a selection.
const MAX_NAMES: usize = 64;

/// Which attributes are shown.
#[derive(Debug)]
pub enum Selection {
    All,
    /// These, and those that are always shown.
    Only(Vec<String>),
    /// All but these.
    Except(Vec<String>),
}

impl Selection {
    /// From the two parameters of a query, names with commas between them.
    ///
    /// # Errors
    /// `invalidValue` where both are given, or too many names.
    pub fn parse(only: Option<&str>, except: Option<&str>) -> Result<Self> {
        match (names(only)?, names(except)?) {
            (None, None) => Ok(Self::All),
            (Some(only), None) => Ok(Self::Only(only)),
            (None, Some(except)) => Ok(Self::Except(except)),
            (Some(_), Some(_)) => {
                Err(ScimError::value("give `attributes` or `excludedAttributes`, not both"))
            }
        }
    }

    /// Whether an attribute need be looked up at all.
    pub fn shows(&self, resource: &Resource, name: &str) -> bool {
        let of_it = |path: &Path| path.attribute.name == name;
        match self {
            Self::All => true,
            Self::Only(only) => paths(resource, only).any(|path| of_it(&path)),
            Self::Except(except) => {
                !paths(resource, except).any(|path| of_it(&path) && path.part.is_none())
            }
        }
    }

    /// Leaves what is to be shown.
    pub fn apply(&self, resource: &Resource, document: Document) -> Document {
        match self {
            Self::All => document,
            Self::Only(only) => {
                let paths: Vec<Path> = paths(resource, only).collect();
                filtered(resource, document, |name, value| kept(&paths, name, value))
            }
            Self::Except(except) => {
                let paths: Vec<Path> = paths(resource, except).collect();
                filtered(resource, document, |name, value| left(&paths, name, value))
            }
        }
    }
}

fn names(text: Option<&str>) -> Result<Option<Vec<String>>> {
    let Some(text) = text else { return Ok(None) };
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.take(MAX_NAMES + 1).map(str::to_owned).collect();
    match names.len() {
        0 => Ok(None),
        many if many > MAX_NAMES => {
            Err(ScimError::value(format!("a selection has at most {MAX_NAMES} names")))
        }
        _ => Ok(Some(names)),
    }
}

fn paths<'a>(resource: &'a Resource, names: &'a [String]) -> impl Iterator<Item = Path> + 'a {
    names.iter().filter_map(|name| match named(resource, name) {
        Named::Known(path) => Some(path),
        Named::NotKept | Named::Nothing => None,
    })
}

fn filtered(
    resource: &Resource,
    document: Document,
    shown: impl Fn(&str, Value) -> Option<Value>,
) -> Document {
    let always = |name: &str| resource.attribute(name).is_some_and(|one| one.is_always_shown);
    let one = |(name, value): (String, Value)| match always(&name) {
        true => Some((name, value)),
        false => shown(&name, value).map(|value| (name, value)),
    };
    document.into_iter().filter_map(one).collect()
}

/// What of an attribute is among those asked for.
fn kept(paths: &[Path], name: &str, value: Value) -> Option<Value> {
    let mut of_it = paths.iter().filter(|path| path.attribute.name == name).peekable();
    of_it.peek()?;
    let parts: Option<Vec<&str>> = of_it.map(|path| path.part.map(|part| part.name)).collect();
    match parts {
        // Asked for whole at least once.
        None => Some(value),
        Some(parts) => Some(of_parts(value, &|part| parts.contains(&part))),
    }
}

/// What of an attribute is not among those left out.
fn left(paths: &[Path], name: &str, value: Value) -> Option<Value> {
    let of_it = paths.iter().filter(|path| path.attribute.name == name);
    let parts: Option<Vec<&str>> = of_it.map(|path| path.part.map(|part| part.name)).collect();
    parts.map(|parts| of_parts(value, &|part| !parts.contains(&part)))
}

fn of_parts(value: Value, is_shown: &impl Fn(&str) -> bool) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(|value| of_parts(value, is_shown)).collect(),
        Value::Object(mut parts) => {
            parts.retain(|name, _| is_shown(name));
            Value::Object(parts)
        }
        value => value,
    }
}
