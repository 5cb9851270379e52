//! Names of attributes, as filters, patches and queries write them (RFC 7644, section 3.10).

use crate::error::Result;
use crate::schema::{Attribute, Kind};
use crate::{Document, Filter, Kind as Wrong, MAX_FILTER, Resource, ScimError, filter};

/// An attribute, or a part of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    pub(crate) attribute: &'static Attribute,
    pub(crate) part: Option<&'static Attribute>,
}

/// What a name names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named {
    Known(Path),
    /// An attribute of the standard's, or of an extension, that is not kept here.
    NotKept,
    Nothing,
}

/// What stands before the name in the full form, and the name.
fn without_schema<'t>(resource: &Resource, text: &'t str) -> Option<&'t str> {
    let id = resource.schema.id;
    match text.split_at_checked(id.len()) {
        Some((schema, rest)) if schema.eq_ignore_ascii_case(id) => rest.strip_prefix(':'),
        _ if text.contains(':') => None,
        _ => Some(text),
    }
}

/// Reads `name`, `name.part` or either with the schema's URN before it.
pub(crate) fn named(resource: &Resource, text: &str) -> Named {
    let Some(text) = without_schema(resource, text) else { return Named::NotKept };
    let (name, part) = match text.split_once('.') {
        Some((name, part)) => (name, Some(part)),
        None => (text, None),
    };
    let Some(attribute) = resource.attribute(name) else {
        return match resource.knows_and_does_not_keep(name) {
            true => Named::NotKept,
            false => Named::Nothing,
        };
    };
    match part.map(|part| attribute.part(part)) {
        None => Named::Known(Path { attribute, part: None }),
        Some(Some(part)) => Named::Known(Path { attribute, part: Some(part) }),
        Some(None) => Named::Nothing,
    }
}

/// The target of an operation of a patch (RFC 7644, section 3.5.2).
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) path: Path,
    /// Of the attribute's values, which.
    pub(crate) only: Option<Filter>,
}

/// Reads the `path` of an operation; nothing where it names what is not kept.
pub(crate) fn target(resource: &'static Resource, text: &str) -> Result<Option<Target>> {
    let wrong = |detail: &str| ScimError::new(Wrong::InvalidPath, detail);
    if text.len() > MAX_FILTER {
        return Err(wrong("the path is too long"));
    }
    let (name, rest) = match text.split_once('[') {
        None => (text, None),
        Some((name, rest)) => (name, Some(rest)),
    };
    let path = match named(resource, name.trim()) {
        Named::Known(path) => path,
        Named::NotKept => return Ok(None),
        Named::Nothing => return Err(wrong("the path names no attribute of this resource")),
    };
    let Some(rest) = rest else { return Ok(Some(Target { path, only: None })) };
    if !path.attribute.is_many || path.part.is_some() {
        return Err(wrong("only values of an attribute that has several are chosen by [ ]"));
    }
    let (chosen, after) =
        rest.rsplit_once(']').ok_or_else(|| wrong("a [ in the path is not closed"))?;
    let only = filter::within(path.attribute, chosen)?;
    let part = match after.strip_prefix('.') {
        None if after.is_empty() => None,
        Some(part) => {
            let found = path.attribute.part(part);
            Some(found.ok_or_else(|| wrong("the path names no part of this attribute"))?)
        }
        None => return Err(wrong("after ] comes nothing, or a dot and the name of a part")),
    };
    Ok(Some(Target { path: Path { part, ..path }, only: Some(only) }))
}

impl Path {
    /// Hands over each value that a document has there; stops at the first that is taken.
    pub(crate) fn any(
        self,
        document: &Document,
        taken: &mut dyn FnMut(&serde_json::Value) -> bool,
    ) -> bool {
        let Some(value) = document.get(self.attribute.name) else { return false };
        let part = self.part.map(|part| part.name);
        // A complex attribute without a part is compared by its value (RFC 7644, section 3.4.2.2).
        let is_complex = self.attribute.kind == Kind::Complex;
        let part = part.or_else(|| (is_complex && self.attribute.is_many).then_some("value"));
        let mut one = |value: &serde_json::Value| match part {
            None => taken(value),
            Some(part) => value.get(part).is_some_and(&mut *taken),
        };
        match value {
            serde_json::Value::Array(values) => values.iter().any(one),
            value => one(value),
        }
    }

    /// What is compared there.
    pub(crate) fn compared(self) -> &'static Attribute {
        let value = || self.attribute.part("value").filter(|_| self.attribute.is_many);
        self.part.or_else(value).unwrap_or(self.attribute)
    }
}
