//! Changing parts of a resource (RFC 7644, section 3.5.2). All operations of a patch are done, or none.

mod change;
#[cfg(test)]
mod patch_tests;

use serde_json::{Map, Value};

use crate::error::Result;
use crate::path::{Target, target};
use crate::read::{complete, is_settable};
use crate::{Document, Kind, MAX_OPERATIONS, Resource, ScimError};

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Add,
    Replace,
    Remove,
}

/// The resource as a patch leaves it.
///
/// # Errors
/// What cannot be done, in the first operation that cannot.
pub fn patch(resource: &'static Resource, document: &Document, body: &Value) -> Result<Document> {
    let mut document = document.clone();
    for operation in operations(body)? {
        apply(resource, &mut document, operation)?;
    }
    complete(resource, &document)?;
    Ok(document)
}

/// A member, whichever way its name is written.
fn member<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn operations(body: &Value) -> Result<&[Value]> {
    let body = body.as_object().ok_or_else(|| ScimError::syntax("a patch is a JSON object"))?;
    let mut schemas = member(body, "schemas").and_then(Value::as_array).into_iter().flatten();
    if !schemas.any(|one| one.as_str().is_some_and(|one| one.eq_ignore_ascii_case(SCHEMA))) {
        return Err(ScimError::syntax(format!("`schemas` of a patch must name {SCHEMA}")));
    }
    let operations = member(body, "Operations").and_then(Value::as_array).map(Vec::as_slice);
    match operations {
        None | Some([]) => Err(ScimError::syntax("a patch has `Operations`")),
        Some(many) if many.len() > MAX_OPERATIONS => {
            let detail = format!("a patch has at most {MAX_OPERATIONS} operations; send several");
            Err(ScimError::new(Kind::TooMany, detail))
        }
        Some(operations) => Ok(operations),
    }
}

fn apply(resource: &'static Resource, document: &mut Document, operation: &Value) -> Result<()> {
    let operation = operation.as_object();
    let operation = operation.ok_or_else(|| ScimError::syntax("an operation is a JSON object"))?;
    let verb = verb(member(operation, "op"))?;
    let path = match member(operation, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) => Some(path),
        Some(_) => return Err(ScimError::new(Kind::InvalidPath, "a `path` is a text")),
    };
    let value = member(operation, "value");
    match (verb, path, value) {
        (Verb::Remove, None, _) => Err(ScimError::new(Kind::NoTarget, "`remove` needs a `path`")),
        (Verb::Remove, Some(path), value) => match settable(resource, path)? {
            Some(target) => change::remove(document, &target, value),
            None => Ok(()),
        },
        (_, _, None) => Err(ScimError::value("`add` and `replace` need a `value`")),
        (verb, Some(path), Some(value)) => match settable(resource, path)? {
            Some(target) => change::set(document, &target, value, verb == Verb::Replace),
            None => Ok(()),
        },
        (verb, None, Some(value)) => several(resource, document, verb, value),
    }
}

fn verb(word: Option<&Value>) -> Result<Verb> {
    let word = word.and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    match word.as_str() {
        "add" => Ok(Verb::Add),
        "replace" => Ok(Verb::Replace),
        "remove" => Ok(Verb::Remove),
        _ => Err(ScimError::syntax("`op` is add, replace or remove")),
    }
}

/// The target of a path; nothing where that is not kept here.
fn settable(resource: &'static Resource, path: &str) -> Result<Option<Target>> {
    let Some(target) = target(resource, path)? else { return Ok(None) };
    let parts = [Some(target.path.attribute), target.path.part];
    match parts.into_iter().flatten().find(|one| !is_settable(one)) {
        None => Ok(Some(target)),
        Some(one) => {
            let detail = format!("`{}` is not changed by clients", one.name);
            Err(ScimError::new(Kind::Mutability, detail))
        }
    }
}

/// Without a path, the value names what is set. What may not be set is left out, as in a whole resource.
fn several(
    resource: &'static Resource,
    document: &mut Document,
    verb: Verb,
    value: &Value,
) -> Result<()> {
    let without = || ScimError::value("without a `path`, the `value` is an object of attributes");
    for (name, value) in value.as_object().ok_or_else(without)? {
        let Ok(Some(target)) = target(resource, name) else { continue };
        if [Some(target.path.attribute), target.path.part].into_iter().flatten().all(is_settable) {
            change::set(document, &target, value, verb == Verb::Replace)?;
        }
    }
    Ok(())
}
