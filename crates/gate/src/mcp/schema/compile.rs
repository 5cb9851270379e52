//! From a schema's text to nodes, within bounds.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};

use super::pattern::Pattern;
use super::{
    ArrayRules, At, MAX_DEPTH, MAX_NODES, Node, NumberRules, ObjectRules, Schema, SchemaError,
    TextRules, Type,
};

/// What asserts and is not understood.
const UNSUPPORTED: [&str; 4] = ["$dynamicRef", "$recursiveRef", "unevaluatedItems", "extends"];

pub(super) fn compile(schema: &Value) -> Result<Schema, SchemaError> {
    let mut compiler = Compiler { root: schema, nodes: Vec::new(), known: HashMap::new() };
    compiler.at("", schema, 0)?;
    Ok(Schema { nodes: compiler.nodes })
}

struct Compiler<'s> {
    root: &'s Value,
    nodes: Vec<Node>,
    /// Nodes of subschemas that references name, by pointer: a cycle ends where it began.
    known: HashMap<String, At>,
}

impl<'s> Compiler<'s> {
    /// Compiles the subschema that stands at a JSON pointer, once.
    fn at(&mut self, pointer: &str, schema: &'s Value, depth: usize) -> Result<At, SchemaError> {
        if let Some(at) = self.known.get(pointer) {
            return Ok(*at);
        }
        let at = self.reserve()?;
        self.known.insert(pointer.to_owned(), at);
        self.fill(at, schema, depth)
    }

    fn add(&mut self, schema: &'s Value, depth: usize) -> Result<At, SchemaError> {
        let at = self.reserve()?;
        self.fill(at, schema, depth)
    }

    fn reserve(&mut self) -> Result<At, SchemaError> {
        if self.nodes.len() >= MAX_NODES {
            return Err(SchemaError::TooLarge);
        }
        self.nodes.push(Node::default());
        Ok(self.nodes.len() - 1)
    }

    fn fill(&mut self, at: At, schema: &'s Value, depth: usize) -> Result<At, SchemaError> {
        if depth > MAX_DEPTH {
            return Err(SchemaError::TooDeep);
        }
        let node = match schema {
            Value::Bool(allows) => Node { never: !allows, ..Node::default() },
            Value::Object(members) => self.node(members, depth + 1)?,
            _ => return Err(SchemaError::Value("schema".into())),
        };
        if let Some(place) = self.nodes.get_mut(at) {
            *place = node;
        }
        Ok(at)
    }

    fn node(&mut self, members: &'s Map<String, Value>, depth: usize) -> Result<Node, SchemaError> {
        if let Some(name) = UNSUPPORTED.iter().find(|name| members.contains_key(**name)) {
            return Err(SchemaError::Unsupported((*name).to_owned()));
        }
        let condition = match members.get("if") {
            None => None,
            Some(schema) => Some((
                self.add(schema, depth)?,
                self.one(members, "then", depth)?,
                self.one(members, "else", depth)?,
            )),
        };
        Ok(Node {
            never: false,
            types: types(members)?,
            one_of_values: values(members)?,
            reference: self.reference(members, depth)?,
            all_of: self.list(members, "allOf", depth)?.unwrap_or_default(),
            any_of: self.list(members, "anyOf", depth)?,
            one_of: self.list(members, "oneOf", depth)?,
            not: self.one(members, "not", depth)?,
            condition,
            object: self.object(members, depth)?,
            array: self.array(members, depth)?,
            text: text(members)?,
            number: number(members)?,
        })
    }

    fn one(
        &mut self,
        members: &'s Map<String, Value>,
        name: &str,
        depth: usize,
    ) -> Result<Option<At>, SchemaError> {
        members.get(name).map(|schema| self.add(schema, depth)).transpose()
    }

    fn list(
        &mut self,
        members: &'s Map<String, Value>,
        name: &str,
        depth: usize,
    ) -> Result<Option<Vec<At>>, SchemaError> {
        let Some(list) = members.get(name) else { return Ok(None) };
        let list = list.as_array().filter(|list| !list.is_empty()).ok_or_else(|| wrong(name))?;
        list.iter().map(|schema| self.add(schema, depth)).collect::<Result<_, _>>().map(Some)
    }

    fn reference(
        &mut self,
        members: &'s Map<String, Value>,
        depth: usize,
    ) -> Result<Option<At>, SchemaError> {
        let Some(reference) = members.get("$ref") else { return Ok(None) };
        let text = reference.as_str().ok_or_else(|| wrong("$ref"))?;
        let nowhere = || SchemaError::Reference(model::clip(text, 80).to_owned());
        let pointer = text.strip_prefix('#').ok_or_else(nowhere)?;
        let pointer = percent_decoded(pointer).ok_or_else(nowhere)?;
        let found = match pointer.is_empty() {
            true => Some(self.root),
            false => self.root.pointer(&pointer).or_else(|| self.anchor(&pointer)),
        };
        self.at(&pointer, found.ok_or_else(nowhere)?, depth).map(Some)
    }

    /// A definition with a name of its own.
    fn anchor(&self, name: &str) -> Option<&'s Value> {
        let definitions = ["$defs", "definitions"];
        let all = definitions.iter().filter_map(|key| self.root.get(key)?.as_object());
        let named = |schema: &&Value| schema.get("$anchor").and_then(Value::as_str) == Some(name);
        all.flat_map(Map::values).find(named)
    }

    fn object(
        &mut self,
        members: &'s Map<String, Value>,
        depth: usize,
    ) -> Result<Option<Box<ObjectRules>>, SchemaError> {
        let mut rules = ObjectRules {
            required: members
                .get("required")
                .map_or(Ok(Vec::new()), |list| names(list, "required"))?,
            fewest: count(members, "minProperties")?,
            most: count(members, "maxProperties")?,
            additional: self.one(members, "additionalProperties", depth)?,
            unevaluated: self.one(members, "unevaluatedProperties", depth)?,
            names: self.one(members, "propertyNames", depth)?,
            ..ObjectRules::default()
        };
        for (name, schema) in map(members, "properties")?.into_iter().flatten() {
            rules.properties.insert(name.clone(), self.add(schema, depth)?);
        }
        for (pattern, schema) in map(members, "patternProperties")?.into_iter().flatten() {
            rules.patterns.push((Pattern::new(pattern)?, self.add(schema, depth)?));
        }
        for (name, list) in map(members, "dependentRequired")?.into_iter().flatten() {
            rules.dependent.push((name.clone(), names(list, "dependentRequired")?));
        }
        for (name, schema) in map(members, "dependentSchemas")?.into_iter().flatten() {
            rules.dependent_schemas.push((name.clone(), self.add(schema, depth)?));
        }
        // Before 2019-09 both were one.
        for (name, either) in map(members, "dependencies")?.into_iter().flatten() {
            match either {
                Value::Array(_) => {
                    rules.dependent.push((name.clone(), names(either, "dependencies")?))
                }
                schema => rules.dependent_schemas.push((name.clone(), self.add(schema, depth)?)),
            }
        }
        Ok((!rules.is_empty()).then(|| Box::new(rules)))
    }

    fn array(
        &mut self,
        members: &'s Map<String, Value>,
        depth: usize,
    ) -> Result<Option<Box<ArrayRules>>, SchemaError> {
        let mut rules = ArrayRules {
            prefix: self.list(members, "prefixItems", depth)?.unwrap_or_default(),
            fewest: count(members, "minItems")?,
            most: count(members, "maxItems")?,
            are_unique: members.get("uniqueItems") == Some(&Value::Bool(true)),
            ..ArrayRules::default()
        };
        match members.get("items") {
            // Before 2020-12 a list here was what `prefixItems` is now.
            Some(Value::Array(_)) => {
                rules.prefix = self.list(members, "items", depth)?.unwrap_or_default();
                rules.items = self.one(members, "additionalItems", depth)?;
            }
            Some(schema) => rules.items = Some(self.add(schema, depth)?),
            None => {}
        }
        if let Some(schema) = members.get("contains") {
            let fewest = count(members, "minContains")?.unwrap_or(1);
            rules.contains =
                Some((self.add(schema, depth)?, fewest, count(members, "maxContains")?));
        }
        Ok((!rules.is_empty()).then(|| Box::new(rules)))
    }
}

impl ObjectRules {
    fn is_empty(&self) -> bool {
        let lists = self.patterns.is_empty()
            && self.required.is_empty()
            && self.dependent.is_empty()
            && self.dependent_schemas.is_empty();
        let single = [self.additional, self.unevaluated, self.names, self.fewest, self.most];
        self.properties.is_empty() && lists && single.iter().all(Option::is_none)
    }
}

impl ArrayRules {
    fn is_empty(&self) -> bool {
        let single = [self.items, self.fewest, self.most];
        self.prefix.is_empty()
            && self.contains.is_none()
            && !self.are_unique
            && single.iter().all(Option::is_none)
    }
}

fn wrong(name: &str) -> SchemaError {
    SchemaError::Value(name.to_owned())
}

fn map<'s>(
    members: &'s Map<String, Value>,
    name: &str,
) -> Result<Option<&'s Map<String, Value>>, SchemaError> {
    members.get(name).map(|value| value.as_object().ok_or_else(|| wrong(name))).transpose()
}

fn names(list: &Value, name: &str) -> Result<Vec<String>, SchemaError> {
    let list = list.as_array().ok_or_else(|| wrong(name))?;
    let text = |item: &Value| item.as_str().map(str::to_owned).ok_or_else(|| wrong(name));
    list.iter().map(text).collect()
}

fn count(members: &Map<String, Value>, name: &str) -> Result<Option<usize>, SchemaError> {
    let read = |value: &Value| {
        let whole = value
            .as_u64()
            .or_else(|| value.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).map(|n| n as u64));
        whole.map(|n| usize::try_from(n).unwrap_or(usize::MAX)).ok_or_else(|| wrong(name))
    };
    members.get(name).map(read).transpose()
}

fn types(members: &Map<String, Value>) -> Result<Option<Vec<Type>>, SchemaError> {
    let one = |value: &Value| match value.as_str() {
        Some("null") => Ok(Type::Null),
        Some("boolean") => Ok(Type::Boolean),
        Some("integer") => Ok(Type::Integer),
        Some("number") => Ok(Type::Number),
        Some("string") => Ok(Type::String),
        Some("array") => Ok(Type::Array),
        Some("object") => Ok(Type::Object),
        _ => Err(wrong("type")),
    };
    match members.get("type") {
        None => Ok(None),
        Some(Value::Array(list)) => list.iter().map(one).collect::<Result<_, _>>().map(Some),
        Some(value) => Ok(Some(vec![one(value)?])),
    }
}

/// `enum` and `const`; where both are there, both hold.
fn values(members: &Map<String, Value>) -> Result<Option<Vec<Value>>, SchemaError> {
    let listed = members.get("enum");
    let listed = listed.map(|v| v.as_array().cloned().ok_or_else(|| wrong("enum"))).transpose()?;
    Ok(match (listed, members.get("const")) {
        (None, None) => None,
        (Some(list), None) => Some(list),
        (None, Some(value)) => Some(vec![value.clone()]),
        (Some(list), Some(value)) => {
            Some(list.into_iter().filter(|one| super::check::equal(one, value)).collect())
        }
    })
}

fn text(members: &Map<String, Value>) -> Result<Option<Box<TextRules>>, SchemaError> {
    let pattern = match members.get("pattern") {
        None => None,
        Some(pattern) => Some(Pattern::new(pattern.as_str().ok_or_else(|| wrong("pattern"))?)?),
    };
    let (shortest, longest) = (count(members, "minLength")?, count(members, "maxLength")?);
    let is_empty = pattern.is_none() && shortest.is_none() && longest.is_none();
    Ok((!is_empty).then(|| Box::new(TextRules { shortest, longest, pattern })))
}

fn number(members: &Map<String, Value>) -> Result<Option<Box<NumberRules>>, SchemaError> {
    let read = |name: &str| -> Result<Option<Number>, SchemaError> {
        match members.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number.clone())),
            Some(_) => Err(wrong(name)),
        }
    };
    // In draft 4 these were flags on the bounds beside them.
    let flag = |name: &str| members.get(name) == Some(&Value::Bool(true));
    let exclusive = |name: &str| match members.get(name) {
        Some(Value::Bool(_)) => Ok(None),
        _ => read(name),
    };
    let mut rules = NumberRules {
        least: read("minimum")?,
        most: read("maximum")?,
        above: exclusive("exclusiveMinimum")?,
        below: exclusive("exclusiveMaximum")?,
        multiple: read("multipleOf")?,
    };
    if flag("exclusiveMinimum") {
        rules.above = rules.least.take();
    }
    if flag("exclusiveMaximum") {
        rules.below = rules.most.take();
    }
    if rules.multiple.as_ref().is_some_and(|n| n.as_f64().is_none_or(|n| n <= 0.0)) {
        return Err(wrong("multipleOf"));
    }
    let single = [&rules.least, &rules.most, &rules.above, &rules.below, &rules.multiple];
    Ok(single.iter().any(|rule| rule.is_some()).then(|| Box::new(rules)))
}

fn percent_decoded(pointer: &str) -> Option<String> {
    if !pointer.contains('%') {
        return Some(pointer.to_owned());
    }
    let digit = |at: usize| pointer.as_bytes().get(at).and_then(|b| char::from(*b).to_digit(16));
    let (mut plain, mut at) = (Vec::new(), 0);
    while let Some(byte) = pointer.as_bytes().get(at) {
        if *byte == b'%' {
            plain.push((digit(at + 1)? << 4 | digit(at + 2)?) as u8);
            at += 3;
        } else {
            plain.push(*byte);
            at += 1;
        }
    }
    String::from_utf8(plain).ok()
}
