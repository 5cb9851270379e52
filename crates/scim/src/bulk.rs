//! Many operations in one request (RFC 7644, section 3.7): read one by one, so that what is wrong with one
//! says nothing of the others, and done in an order in which each finds what it refers to.

#[cfg(test)]
mod bulk_tests;

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::error::Result;
use crate::{GROUP, Kind, MAX_TEXT, Resource, ScimError, USER};

/// Operations in one request.
pub const MAX_BULK: usize = 1_000;

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// Before the name that another operation gives to what it creates.
const REFERENCE: &str = "bulkId:";

/// A request.
#[derive(Debug)]
pub struct Bulk {
    pub operations: Vec<Operation>,
    /// After so many errors the rest is left undone.
    pub errors: usize,
}

/// One operation, as far as it could be read.
#[derive(Debug)]
pub struct Operation {
    /// As it was written; empty where it was not.
    pub method: String,
    pub bulk_id: Option<String>,
    pub task: Result<Task>,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Task {
    pub act: Act,
    pub resource: &'static Resource,
    /// Of what is there already; empty where it is created.
    pub id: String,
    /// The entity tag that it must have.
    pub version: Option<String>,
    pub data: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Create,
    Replace,
    Patch,
    Remove,
}

impl Act {
    fn parse(method: &str) -> Option<Self> {
        let all = [
            ("POST", Self::Create),
            ("PUT", Self::Replace),
            ("PATCH", Self::Patch),
            ("DELETE", Self::Remove),
        ];
        all.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(method)).map(|(_, act)| act)
    }
}

impl Bulk {
    /// # Errors
    /// `invalidSyntax` where it is no such request, `tooMany` where it holds too many operations.
    pub fn read(body: &Value) -> Result<Self> {
        let wrong = |detail: &str| ScimError::syntax(detail);
        let body = body.as_object().ok_or_else(|| wrong("a bulk request is a JSON object"))?;
        let schemas = member(body, "schemas").and_then(Value::as_array).into_iter().flatten();
        if !schemas.filter_map(Value::as_str).any(|one| one.eq_ignore_ascii_case(SCHEMA)) {
            return Err(wrong(&format!("`schemas` must name {SCHEMA}")));
        }
        let errors = match member(body, "failOnErrors") {
            None | Some(Value::Null) => usize::MAX,
            Some(number) => {
                let number = number.as_u64().filter(|number| *number > 0);
                let number = number.ok_or_else(|| wrong("`failOnErrors` is a number from 1 on"))?;
                usize::try_from(number).unwrap_or(usize::MAX)
            }
        };
        let operations = member(body, "Operations").and_then(Value::as_array);
        let operations = operations.ok_or_else(|| wrong("`Operations` is a list"))?;
        if operations.len() > MAX_BULK {
            let detail = format!("a bulk request holds at most {MAX_BULK} operations");
            return Err(ScimError::new(Kind::TooMany, detail));
        }
        Ok(Self { operations: operations.iter().map(Operation::read).collect(), errors })
    }

    /// The places of the operations in the order in which they are done: as they were written, but for those
    /// that refer to what a later one creates.
    pub fn order(&self) -> Vec<usize> {
        let mut makers: HashMap<&str, usize> = HashMap::new();
        for (place, operation) in self.operations.iter().enumerate() {
            if let Some(id) = operation.creates() {
                makers.entry(id).or_insert(place);
            }
        }
        let mut order = Vec::with_capacity(self.operations.len());
        let mut is_entered = vec![false; self.operations.len()];
        for place in 0..self.operations.len() {
            self.visit(place, &makers, &mut is_entered, &mut order);
        }
        order
    }

    /// Puts an operation after those that it refers to. In a circle, one of them comes too early and fails.
    fn visit(
        &self,
        place: usize,
        makers: &HashMap<&str, usize>,
        is_entered: &mut [bool],
        order: &mut Vec<usize>,
    ) {
        // What is to be visited, and what is done once all that it refers to is.
        let mut stack = vec![(place, false)];
        while let Some((place, is_ready)) = stack.pop() {
            if is_ready {
                order.push(place);
                continue;
            }
            let Some(entered) = is_entered.get_mut(place).filter(|entered| !**entered) else {
                continue;
            };
            *entered = true;
            stack.push((place, true));
            let Some(operation) = self.operations.get(place) else { continue };
            let referred = operation.references().into_iter().rev();
            stack.extend(referred.filter_map(|id| makers.get(id)).map(|maker| (*maker, false)));
        }
    }
}

impl Operation {
    fn read(value: &Value) -> Self {
        let empty = Map::new();
        let parts = value.as_object().unwrap_or(&empty);
        let text = |name: &str| member(parts, name).and_then(Value::as_str).unwrap_or_default();
        let bulk_id = Some(text("bulkId")).filter(|id| !id.is_empty());
        Self {
            method: clipped(text("method")),
            bulk_id: bulk_id.map(clipped),
            task: task(parts, text("method"), bulk_id, text("path"), text("version")),
        }
    }

    fn creates(&self) -> Option<&str> {
        let is_creation = self.task.as_ref().is_ok_and(|task| task.act == Act::Create);
        self.bulk_id.as_deref().filter(|_| is_creation)
    }

    /// The names of operations that this one refers to.
    fn references(&self) -> Vec<&str> {
        let Ok(task) = &self.task else { return Vec::new() };
        let mut found: Vec<&str> = task.id.strip_prefix(REFERENCE).into_iter().collect();
        collect(&task.data, &mut found);
        found
    }
}

impl Task {
    /// The same, with the ids of what was created in the place of the names that refer to it.
    ///
    /// # Errors
    /// `invalidValue` where nothing was created under a name.
    pub fn resolved(mut self, created: &HashMap<String, String>) -> Result<Self> {
        if self.id.starts_with(REFERENCE) {
            resolve(&mut self.id, created)?;
        }
        put(&mut self.data, created)?;
        Ok(self)
    }
}

/// A member, whichever way its name is written (RFC 7643, section 2.1).
fn member<'v>(parts: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    let found = parts.get(name);
    found.or_else(|| parts.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|one| one.1))
}

fn clipped(text: &str) -> String {
    model::clip(text, MAX_TEXT).to_owned()
}

fn task(
    parts: &Map<String, Value>,
    method: &str,
    bulk_id: Option<&str>,
    path: &str,
    version: &str,
) -> Result<Task> {
    let act = Act::parse(method);
    let act = act.ok_or_else(|| ScimError::syntax("`method` is POST, PUT, PATCH or DELETE"))?;
    if bulk_id.is_some_and(|id| id.len() > MAX_TEXT) {
        return Err(ScimError::value("`bulkId` is too long"));
    }
    if act == Act::Create && bulk_id.is_none() {
        return Err(ScimError::value("what is created has a `bulkId`"));
    }
    let (resource, id) = place(path)?;
    if (act == Act::Create) != id.is_empty() {
        let detail = "`path` is /Users or /Groups, and names one of them but where it is created";
        return Err(ScimError::new(Kind::InvalidPath, detail));
    }
    let data = member(parts, "data").cloned().unwrap_or_default();
    if act != Act::Remove && !data.is_object() {
        return Err(ScimError::syntax("`data` is missing"));
    }
    let version = Some(version.to_owned()).filter(|version| !version.is_empty());
    Ok(Task { act, resource, id: id.to_owned(), version, data })
}

/// The kind of resource that a path names, and which of them.
fn place(path: &str) -> Result<(&'static Resource, &str)> {
    let wrong = || ScimError::new(Kind::InvalidPath, "`path` names no user and no group");
    if path.len() > MAX_TEXT {
        return Err(wrong());
    }
    for resource in [&USER, &GROUP] {
        match path.strip_prefix(resource.endpoint) {
            Some("") => return Ok((resource, "")),
            Some(rest) => {
                let id = rest.strip_prefix('/').filter(|id| !id.is_empty() && !id.contains('/'));
                return id.map(|id| (resource, id)).ok_or_else(wrong);
            }
            None => {}
        }
    }
    Err(wrong())
}

/// References stand where ids do: as `value`. Elsewhere the same text is a text.
fn collect<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(parts) => {
            for (name, value) in parts {
                match value.as_str().filter(|_| name.eq_ignore_ascii_case("value")) {
                    Some(text) => found.extend(text.strip_prefix(REFERENCE)),
                    None => collect(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

fn put(value: &mut Value, created: &HashMap<String, String>) -> Result<()> {
    match value {
        Value::Object(parts) => {
            for (name, value) in parts.iter_mut() {
                match value {
                    Value::String(text) if name.eq_ignore_ascii_case("value") => {
                        if text.starts_with(REFERENCE) {
                            resolve(text, created)?;
                        }
                    }
                    value => put(value, created)?,
                }
            }
            Ok(())
        }
        Value::Array(values) => values.iter_mut().try_for_each(|value| put(value, created)),
        _ => Ok(()),
    }
}

fn resolve(text: &mut String, created: &HashMap<String, String>) -> Result<()> {
    let name = text.strip_prefix(REFERENCE).unwrap_or_default();
    let id = created.get(name);
    let unknown = || ScimError::value(format!("nothing was created as {}", clipped(text)));
    *text = id.ok_or_else(unknown)?.clone();
    Ok(())
}
