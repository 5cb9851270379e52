//! What one operation does to the value at its target.

use std::collections::HashSet;

use serde_json::Value;

use crate::error::Result;
use crate::path::Target;
use crate::read::{check_primary, check_room, is_primary, single, whole};
use crate::schema::{Attribute, Kind as Type, Mutability};
use crate::{Document, Kind, ScimError};

/// Below so many new values each is looked for among the old ones.
const FEW: usize = 8;

/// Adds or replaces.
pub(super) fn set(
    document: &mut Document,
    target: &Target,
    value: &Value,
    replace: bool,
) -> Result<()> {
    let attribute = target.path.attribute;
    match (target.path.part, &target.only, attribute.is_many) {
        (None, None, true) => set_values(document, attribute, value, replace),
        (None, None, false) if attribute.kind == Type::Complex => {
            merge_into(document, attribute, value)
        }
        (None, None, false) => {
            put(document, attribute.name, single(attribute, value)?);
            Ok(())
        }
        (Some(part), None, false) => {
            let mut parts = object(document.remove(attribute.name));
            put_part(&mut parts, part, value)?;
            keep(document, attribute, parts);
            Ok(())
        }
        (_, _, true) => set_chosen(document, target, value, replace),
        // A filter stands after an attribute with several values alone: the path was read so.
        (_, Some(_), false) => Err(no_target()),
    }
}

fn put(document: &mut Document, name: &str, value: Option<Value>) {
    match value {
        Some(value) => document.insert(name.to_owned(), value),
        None => document.remove(name),
    };
}

fn object(value: Option<Value>) -> Document {
    match value {
        Some(Value::Object(parts)) => parts,
        _ => Document::new(),
    }
}

fn keep(document: &mut Document, attribute: &Attribute, parts: Document) {
    let value = (!parts.is_empty()).then_some(Value::Object(parts));
    put(document, attribute.name, value);
}

/// Parts that are not named stay as they are.
fn merge_into(document: &mut Document, attribute: &'static Attribute, value: &Value) -> Result<()> {
    if value.is_null() {
        document.remove(attribute.name);
        return Ok(());
    }
    let new = object(single(attribute, value)?);
    let mut parts = object(document.remove(attribute.name));
    parts.extend(new);
    keep(document, attribute, parts);
    Ok(())
}

fn put_part(parts: &mut Document, part: &'static Attribute, value: &Value) -> Result<()> {
    let value = single(part, value)?;
    let is_fixed = part.mutability == Mutability::Immutable && parts.contains_key(part.name);
    if is_fixed && parts.get(part.name) != value.as_ref() {
        let detail = format!("`{}` stays as it is; remove the value and add another", part.name);
        return Err(ScimError::new(Kind::Mutability, detail));
    }
    put(parts, part.name, value);
    Ok(())
}

fn list(document: &mut Document, attribute: &Attribute) -> Vec<Value> {
    match document.remove(attribute.name) {
        Some(Value::Array(values)) => values,
        _ => Vec::new(),
    }
}

fn keep_list(document: &mut Document, attribute: &Attribute, values: Vec<Value>) -> Result<()> {
    check_room(attribute, values.len())?;
    check_primary(attribute, &values)?;
    put(document, attribute.name, (!values.is_empty()).then_some(Value::Array(values)));
    Ok(())
}

fn set_values(
    document: &mut Document,
    attribute: &'static Attribute,
    value: &Value,
    replace: bool,
) -> Result<()> {
    let new = match whole(attribute, value)? {
        Some(Value::Array(values)) => values,
        _ => Vec::new(),
    };
    let mut values = if replace { Vec::new() } else { list(document, attribute) };
    let old = values.len();
    add_missing(attribute, &mut values, new);
    only_primary(&mut values, |at| at >= old);
    keep_list(document, attribute, values)
}

/// What is there already is not added again.
fn add_missing(attribute: &Attribute, values: &mut Vec<Value>, new: Vec<Value>) {
    let is_member = attribute.part("value").is_some_and(|part| part.is_required);
    if !is_member || new.len() <= FEW {
        let is_same = |one: &Value, other: &Value| match is_member {
            true => one.get("value") == other.get("value"),
            false => one == other,
        };
        for value in new {
            if !values.iter().any(|known| is_same(known, &value)) {
                values.push(value);
            }
        }
        return;
    }
    let name = |value: &Value| value.get("value").and_then(Value::as_str).map(str::to_owned);
    let mut known: HashSet<String> = values.iter().filter_map(name).collect();
    values
        .extend(new.into_iter().filter(|value| name(value).is_none_or(|name| known.insert(name))));
}

/// Where a value becomes the primary one, the one before is no more (RFC 7644, section 3.5.2).
fn only_primary(values: &mut [Value], is_new: impl Fn(usize) -> bool) {
    if !values.iter().enumerate().any(|(at, value)| is_new(at) && is_primary(value)) {
        return;
    }
    for (at, value) in values.iter_mut().enumerate() {
        if !is_new(at) && is_primary(value) {
            value["primary"] = false.into();
        }
    }
}

/// Values that a filter chooses, or all of them where there is none.
fn set_chosen(
    document: &mut Document,
    target: &Target,
    value: &Value,
    replace: bool,
) -> Result<()> {
    let attribute = target.path.attribute;
    let mut values = list(document, attribute);
    let mut chosen = vec![false; values.len()];
    for (one, is_chosen) in values.iter_mut().zip(&mut chosen) {
        let Value::Object(parts) = one else { continue };
        *is_chosen = target.only.as_ref().is_none_or(|only| only.is_met_by(parts));
        if *is_chosen {
            change(parts, target, value, replace)?;
        }
    }
    if !chosen.contains(&true) {
        values.push(made(target, value, replace)?);
        chosen.push(true);
    }
    only_primary(&mut values, |at| chosen.get(at) == Some(&true));
    values.retain(|value| value.as_object().is_none_or(|parts| !parts.is_empty()));
    keep_list(document, attribute, values)
}

fn change(parts: &mut Document, target: &Target, value: &Value, replace: bool) -> Result<()> {
    if let Some(part) = target.path.part {
        return put_part(parts, part, value);
    }
    let new = object(single(target.path.attribute, value)?);
    if replace {
        parts.clear();
    }
    parts.extend(new);
    Ok(())
}

/// A value that was not there and is meant to be: what it must equal, and what is set.
fn made(target: &Target, value: &Value, replace: bool) -> Result<Value> {
    let equals = match &target.only {
        None => Some(Vec::new()),
        Some(_) if replace => None,
        Some(only) => only.equals(),
    };
    let equals = equals.ok_or_else(no_target)?;
    let mut parts: Document =
        equals.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    change(&mut parts, target, value, false)?;
    match single(target.path.attribute, &Value::Object(parts))? {
        Some(value) => Ok(value),
        None => Err(no_target()),
    }
}

fn no_target() -> ScimError {
    ScimError::new(Kind::NoTarget, "the path chooses no value")
}

/// Removes; `value` names the values, where an attribute has several and only some are meant.
pub(super) fn remove(
    document: &mut Document,
    target: &Target,
    value: Option<&Value>,
) -> Result<()> {
    let attribute = target.path.attribute;
    let fixed = target.path.part.filter(|part| part.mutability == Mutability::Immutable);
    let required = [Some(attribute), target.path.part].into_iter().flatten();
    let required = required.into_iter().find(|one| one.is_required && target.only.is_none());
    if let Some(one) = fixed.or(required) {
        let detail = format!("`{}` cannot be taken away", one.name);
        return Err(ScimError::new(Kind::Mutability, detail));
    }
    match (target.path.part, attribute.is_many) {
        (None, false) => drop(document.remove(attribute.name)),
        (Some(part), false) => {
            let mut parts = object(document.remove(attribute.name));
            parts.remove(part.name);
            keep(document, attribute, parts);
        }
        (part, true) => {
            let named = named(attribute, value)?;
            let values = list(document, attribute);
            let left = values.into_iter().filter_map(|value| left(value, target, part, &named));
            let left = left.collect();
            return keep_list(document, attribute, left);
        }
    }
    Ok(())
}

/// Some directories name in `value` which values go, without a filter. To take all then would empty groups.
fn named(attribute: &'static Attribute, value: Option<&Value>) -> Result<Option<HashSet<String>>> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let Some(Value::Array(values)) = whole(attribute, value)? else { return Ok(None) };
    let name = |value: &Value| value.get("value").and_then(Value::as_str).map(str::to_owned);
    let names: Option<HashSet<String>> = values.iter().map(name).collect();
    let detail = "a `value` of `remove` names values by `value`";
    names.map(Some).ok_or_else(|| ScimError::value(detail))
}

/// What of a value is left.
fn left(
    mut value: Value,
    target: &Target,
    part: Option<&Attribute>,
    named: &Option<HashSet<String>>,
) -> Option<Value> {
    let is_chosen = value.as_object().is_some_and(|parts| {
        target.only.as_ref().is_none_or(|only| only.is_met_by(parts))
            && named.as_ref().is_none_or(|named| {
                let name = parts.get("value").and_then(Value::as_str);
                name.is_some_and(|name| named.contains(name))
            })
    });
    if !is_chosen {
        return Some(value);
    }
    let parts = value.as_object_mut()?;
    parts.remove(part?.name);
    (!parts.is_empty()).then_some(value)
}
