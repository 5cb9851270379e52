//! Reading what a directory sends: only what the schema lets it set, in the schema's own spelling.

use serde_json::{Map, Value};

use crate::error::Result;
use crate::path::{Named, named};
use crate::schema::{Attribute, Kind, Mutability};
use crate::{Document, MAX_TEXT, Resource, ScimError};

/// Reads a whole resource. What may not be set, and what is not kept, is left out (RFC 7644, section 3.3).
///
/// # Errors
/// `invalidSyntax` or `invalidValue`, with the attribute that is meant.
pub fn read(resource: &Resource, body: &Value) -> Result<Document> {
    let body = body.as_object().ok_or_else(|| ScimError::syntax("a resource is a JSON object"))?;
    check_schemas(resource, body)?;
    let mut document = Document::new();
    for (name, value) in body {
        let Named::Known(path) = named(resource, name) else { continue };
        if path.part.is_some() || !is_settable(path.attribute) {
            continue;
        }
        if document.contains_key(path.attribute.name) {
            return Err(twice(path.attribute.name));
        }
        if let Some(value) = whole(path.attribute, value)? {
            document.insert(path.attribute.name.to_owned(), value);
        }
    }
    complete(resource, &document)?;
    Ok(document)
}

/// Whether a client says what stands there; `schemas` follow from the kind.
pub(crate) fn is_settable(attribute: &Attribute) -> bool {
    attribute.mutability != Mutability::ReadOnly && attribute.name != "schemas"
}

fn check_schemas(resource: &Resource, body: &Document) -> Result<()> {
    let found = body.iter().find(|(name, _)| name.eq_ignore_ascii_case("schemas"));
    let mut said = found.and_then(|(_, value)| value.as_array()).into_iter().flatten();
    let id = resource.schema.id;
    match said.any(|one| one.as_str().is_some_and(|one| one.eq_ignore_ascii_case(id))) {
        true => Ok(()),
        false => Err(ScimError::syntax(format!("`schemas` must name {id}"))),
    }
}

fn twice(name: &str) -> ScimError {
    ScimError::syntax(format!("`{name}` stands there twice"))
}

/// Refuses a resource that lacks what it must have.
pub(crate) fn complete(resource: &Resource, document: &Document) -> Result<()> {
    let mut required = resource.attributes().filter(|one| one.is_required);
    match required.find(|one| !document.contains_key(one.name)) {
        None => Ok(()),
        Some(missing) => Err(ScimError::value(format!("`{}` is missing", missing.name))),
    }
}

/// An attribute's value, or all of its values; nothing where that leaves it unassigned.
pub(crate) fn whole(attribute: &'static Attribute, value: &Value) -> Result<Option<Value>> {
    if !attribute.is_many {
        return single(attribute, value);
    }
    let values = match value {
        Value::Null => return Ok(None),
        Value::Array(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    };
    check_room(attribute, values.len())?;
    let mut read = Vec::with_capacity(values.len());
    for value in values {
        read.extend(single(attribute, value)?);
    }
    check_primary(attribute, &read)?;
    Ok((!read.is_empty()).then_some(Value::Array(read)))
}

pub(crate) fn check_room(attribute: &Attribute, count: usize) -> Result<()> {
    let room = attribute.room();
    match count > room {
        true => Err(ScimError::new(
            crate::Kind::TooMany,
            format!("`{}` has at most {room} values", attribute.name),
        )),
        false => Ok(()),
    }
}

/// RFC 7643, section 2.4.
pub(crate) fn check_primary(attribute: &Attribute, values: &[Value]) -> Result<()> {
    match values.iter().filter(|value| is_primary(value)).count() > 1 {
        true => {
            Err(ScimError::value(format!("`{}` has one primary value at most", attribute.name)))
        }
        false => Ok(()),
    }
}

pub(crate) fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

/// One value.
pub(crate) fn single(attribute: &'static Attribute, value: &Value) -> Result<Option<Value>> {
    let wrong = || ScimError::value(format!("`{}` holds what cannot stand there", attribute.name));
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (Kind::Text | Kind::Reference | Kind::Moment, Value::String(text)) => {
            if text.len() > MAX_TEXT || text.chars().any(char::is_control) {
                return Err(wrong());
            }
            Ok((!text.is_empty()).then(|| text.as_str().into()))
        }
        (Kind::Boolean, Value::Bool(is)) => Ok(Some((*is).into())),
        // As one widely used directory writes it.
        (Kind::Boolean, Value::String(text)) => {
            let is = text.to_ascii_lowercase().parse::<bool>().map_err(|_| wrong())?;
            Ok(Some(is.into()))
        }
        (Kind::Number, Value::Number(_)) => Ok(Some(value.clone())),
        (Kind::Complex, Value::Object(parts)) => complex(attribute, parts),
        _ => Err(wrong()),
    }
}

fn complex(attribute: &'static Attribute, parts: &Map<String, Value>) -> Result<Option<Value>> {
    let mut read = Document::new();
    for (name, value) in parts {
        let Some(part) = attribute.part(name).filter(|part| is_settable(part)) else { continue };
        if read.contains_key(part.name) {
            return Err(twice(part.name));
        }
        if let Some(value) = single(part, value)? {
            read.insert(part.name.to_owned(), value);
        }
    }
    let mut required = attribute.parts.iter().filter(|part| part.is_required);
    if let Some(missing) = required.find(|part| !read.contains_key(part.name)) {
        let detail = format!("`{}.{}` is missing", attribute.name, missing.name);
        return Err(ScimError::value(detail));
    }
    Ok((!read.is_empty()).then_some(Value::Object(read)))
}
