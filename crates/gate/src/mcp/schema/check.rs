//! Holding a value against a compiled schema.

use std::collections::HashSet;
use std::fmt::Write;

use model::canonical;
use serde_json::{Map, Number, Value};

use super::{
    ArrayRules, At, MAX_DEPTH, MAX_STEPS, Node, NumberRules, ObjectRules, TextRules, Type,
    Violation,
};

/// Schemas applied inside each other: a reference that leads back to itself ends here.
const MAX_NESTING: usize = 4 * MAX_DEPTH;

/// Bytes of a member's name that a place shows.
const MAX_SHOWN: usize = 64;

pub(super) fn check(nodes: &[Node], root: &str, value: &Value) -> Result<(), Violation> {
    let mut check = Check { nodes, steps: 0, place: root.to_owned() };
    check.apply(0, value, 0, &mut None).map_err(|what| Violation {
        place: std::mem::take(&mut check.place),
        what: match what {
            No::Says(what) => what,
            No::Spent => "would take this gate too long to check against the tool's schema".into(),
        },
    })
}

/// Why not.
enum No {
    Says(String),
    /// The budget is used up: that is no "no", and no `anyOf` makes a "yes" of it.
    Spent,
}

type Checked = Result<(), No>;

/// The members that some subschema has looked at, where `unevaluatedProperties` asks for them.
type Seen = Option<HashSet<String>>;

struct Check<'n> {
    nodes: &'n [Node],
    steps: usize,
    /// Where the value at hand stands; left as it is where something is wrong.
    place: String,
}

fn no(what: impl Into<String>) -> Checked {
    Err(No::Says(what.into()))
}

impl Check<'_> {
    fn step(&mut self, steps: usize) -> Checked {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS { Err(No::Spent) } else { Ok(()) }
    }

    fn apply(&mut self, at: At, value: &Value, depth: usize, seen: &mut Seen) -> Checked {
        self.step(1)?;
        if depth > MAX_NESTING {
            return Err(No::Spent);
        }
        let Some(node) = self.nodes.get(at) else { return Err(No::Spent) };
        if node.never {
            return no("is not allowed");
        }
        if let Some(types) = &node.types
            && !types.iter().any(|kind| kind.is_of(value))
        {
            let names: Vec<&str> = types.iter().map(|kind| kind.as_str()).collect();
            return no(format!("must be of type {}", names.join(" or ")));
        }
        if let Some(values) = &node.one_of_values {
            self.step(values.len())?;
            if !values.iter().any(|one| equal(one, value)) {
                return no("is none of the values that are allowed");
            }
        }
        self.leaf(node, value)?;
        let mut own = match &node.object {
            Some(rules) if rules.unevaluated.is_some() => Some(HashSet::new()),
            _ => None,
        };
        let notes = if own.is_some() { &mut own } else { &mut *seen };
        self.combined(node, value, depth + 1, notes)?;
        match value {
            Value::Object(members) => {
                if let Some(rules) = &node.object {
                    self.object(rules, members, depth + 1, notes)?;
                    for (_, at) in
                        rules.dependent_schemas.iter().filter(|(n, _)| members.contains_key(n))
                    {
                        self.apply(*at, value, depth + 1, notes)?;
                    }
                    self.unevaluated(rules, members, depth + 1, notes)?;
                }
            }
            Value::Array(items) => {
                if let Some(rules) = &node.array {
                    self.array(rules, items, depth + 1)?;
                }
            }
            _ => {}
        }
        if let (Some(own), Some(seen)) = (own, seen.as_mut()) {
            seen.extend(own);
        }
        Ok(())
    }

    fn leaf(&mut self, node: &Node, value: &Value) -> Checked {
        match value {
            Value::String(text) => node.text.as_ref().map_or(Ok(()), |rules| rules.check(text)),
            Value::Number(number) => {
                node.number.as_ref().map_or(Ok(()), |rules| rules.check(number))
            }
            _ => Ok(()),
        }
    }

    /// What other schemas say of the same value.
    fn combined(&mut self, node: &Node, value: &Value, depth: usize, seen: &mut Seen) -> Checked {
        for at in node.reference.iter().chain(&node.all_of) {
            self.apply(*at, value, depth, seen)?;
        }
        if let Some(list) = &node.any_of {
            // All are tried where what they look at counts.
            let enough = if seen.is_some() { usize::MAX } else { 1 };
            if self.fitting(list, value, depth, enough, seen)? == 0 {
                return no("fits none of the alternatives of the tool's schema");
            }
        }
        if let Some(list) = &node.one_of {
            match self.fitting(list, value, depth, usize::MAX, seen)? {
                0 => return no("fits none of the alternatives of the tool's schema"),
                1 => {}
                _ => return no("fits more than one of the alternatives of the tool's schema"),
            }
        }
        if let Some(at) = node.not
            && self.fits(at, value, depth, &mut None)?
        {
            return no("is what the tool's schema rules out");
        }
        if let Some((condition, then, otherwise)) = node.condition {
            let branch = if self.fits(condition, value, depth, seen)? { then } else { otherwise };
            if let Some(at) = branch {
                self.apply(at, value, depth, seen)?;
            }
        }
        Ok(())
    }

    /// How many of the list fit, counted up to `enough`.
    fn fitting(
        &mut self,
        list: &[At],
        value: &Value,
        depth: usize,
        enough: usize,
        seen: &mut Seen,
    ) -> Result<usize, No> {
        let mut count = 0;
        for at in list {
            if self.fits(*at, value, depth, seen)? {
                count += 1;
                if count >= enough {
                    break;
                }
            }
        }
        Ok(count)
    }

    /// Whether one fits; what it has looked at counts only then.
    fn fits(&mut self, at: At, value: &Value, depth: usize, seen: &mut Seen) -> Result<bool, No> {
        let length = self.place.len();
        let mut noted = seen.as_ref().map(|_| HashSet::new());
        match self.apply(at, value, depth, &mut noted) {
            Ok(()) => {
                if let (Some(seen), Some(noted)) = (seen.as_mut(), noted) {
                    seen.extend(noted);
                }
                Ok(true)
            }
            Err(No::Says(_)) => {
                self.place.truncate(length);
                Ok(false)
            }
            Err(No::Spent) => Err(No::Spent),
        }
    }

    fn object(
        &mut self,
        rules: &ObjectRules,
        members: &Map<String, Value>,
        depth: usize,
        seen: &mut Seen,
    ) -> Checked {
        within("has", members.len(), rules.fewest, rules.most, "members")?;
        if let Some(name) = rules.required.iter().find(|name| !members.contains_key(*name)) {
            return no(format!("lacks `{}`", shown(name)));
        }
        for (name, needed) in &rules.dependent {
            let missing = || needed.iter().find(|other| !members.contains_key(*other));
            if let Some(missing) = members.contains_key(name).then(missing).flatten() {
                return no(format!("lacks `{}`, which `{}` needs", shown(missing), shown(name)));
            }
        }
        for (name, value) in members {
            self.member(rules, name, value, depth, seen)?;
        }
        Ok(())
    }

    fn member(
        &mut self,
        rules: &ObjectRules,
        name: &str,
        value: &Value,
        depth: usize,
        seen: &mut Seen,
    ) -> Checked {
        self.step(1 + rules.patterns.len())?;
        let length = self.place.len();
        // Writing into a text cannot fail.
        let _ = write!(self.place, ".{}", shown(name));
        if let Some(at) = rules.names {
            self.apply(at, &Value::String(name.to_owned()), depth, &mut None)?;
        }
        let mut is_known = false;
        if let Some(at) = rules.properties.get(name) {
            self.apply(*at, value, depth, &mut None)?;
            is_known = true;
        }
        for (_, at) in rules.patterns.iter().filter(|(pattern, _)| pattern.is_found_in(name)) {
            self.apply(*at, value, depth, &mut None)?;
            is_known = true;
        }
        if let Some(at) = rules.additional.filter(|_| !is_known) {
            self.apply(at, value, depth, &mut None)?;
            is_known = true;
        }
        if let Some(seen) = seen.as_mut().filter(|_| is_known) {
            seen.insert(name.to_owned());
        }
        self.place.truncate(length);
        Ok(())
    }

    fn unevaluated(
        &mut self,
        rules: &ObjectRules,
        members: &Map<String, Value>,
        depth: usize,
        seen: &mut Seen,
    ) -> Checked {
        let (Some(at), Some(known)) = (rules.unevaluated, seen.as_ref()) else { return Ok(()) };
        let left: Vec<String> = members.keys().filter(|n| !known.contains(*n)).cloned().collect();
        for name in left {
            let length = self.place.len();
            let _ = write!(self.place, ".{}", shown(&name));
            self.apply(at, members.get(&name).unwrap_or(&Value::Null), depth, &mut None)?;
            self.place.truncate(length);
            if let Some(seen) = seen.as_mut() {
                seen.insert(name);
            }
        }
        Ok(())
    }

    fn array(&mut self, rules: &ArrayRules, items: &[Value], depth: usize) -> Checked {
        within("has", items.len(), rules.fewest, rules.most, "items")?;
        let schemas = rules.prefix.iter().copied().map(Some).chain(std::iter::repeat(rules.items));
        for ((number, item), at) in items.iter().enumerate().zip(schemas) {
            let Some(at) = at else { break };
            let length = self.place.len();
            let _ = write!(self.place, "[{number}]");
            self.apply(at, item, depth, &mut None)?;
            self.place.truncate(length);
        }
        if let Some((at, fewest, most)) = rules.contains {
            let mut count = 0;
            for item in items {
                count += usize::from(self.fits(at, item, depth, &mut None)?);
            }
            within("has", count, Some(fewest), most, "items that the tool's schema asks for")?;
        }
        if rules.are_unique {
            self.step(items.len())?;
            let mut seen = HashSet::new();
            let is_new = |item: &Value| seen.insert(canonical::value_to_vec(&plain(item)).ok());
            if !items.iter().all(is_new) {
                return no("has the same item twice");
            }
        }
        Ok(())
    }
}

impl TextRules {
    fn check(&self, text: &str) -> Checked {
        if self.shortest.is_some() || self.longest.is_some() {
            let length = text.chars().count();
            within("has", length, self.shortest, self.longest, "characters")?;
        }
        match &self.pattern {
            Some(pattern) if !pattern.is_found_in(text) => {
                no("does not match the pattern of the tool's schema")
            }
            _ => Ok(()),
        }
    }
}

impl NumberRules {
    fn check(&self, number: &Number) -> Checked {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let bounds = [
            (&self.least, [Greater, Equal], "at least"),
            (&self.most, [Less, Equal], "at most"),
            (&self.above, [Greater, Greater], "more than"),
            (&self.below, [Less, Less], "less than"),
        ];
        for (bound, allowed, words) in bounds {
            let Some(bound) = bound else { continue };
            if !compare(number, bound).is_some_and(|order| allowed.contains(&order)) {
                return no(format!("must be {words} {bound}"));
            }
        }
        match &self.multiple {
            Some(step) if !is_multiple(number, step) => no(format!("must be a multiple of {step}")),
            _ => Ok(()),
        }
    }
}

impl Type {
    fn is_of(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Integer, Value::Number(number)) => {
                number.is_i64()
                    || number.is_u64()
                    || number.as_f64().is_some_and(|n| n.fract() == 0.0)
            }
            (Self::Null, Value::Null)
            | (Self::Boolean, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::String, Value::String(_))
            | (Self::Array, Value::Array(_))
            | (Self::Object, Value::Object(_)) => true,
            _ => false,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// Equal as JSON Schema has it: 1 and 1.0 are one number.
pub(super) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => compare(a, b) == Some(std::cmp::Ordering::Equal),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| equal(a, b)))
        }
        _ => one == other,
    }
}

/// The same value, whole numbers written as such.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => match whole(number).and_then(|n| i64::try_from(n).ok()) {
            Some(number) => Value::from(number),
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(k, v)| (k.clone(), plain(v))).collect())
        }
        _ => value.clone(),
    }
}

fn whole(number: &Number) -> Option<i128> {
    let exact = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    exact.or_else(|| number.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as i128))
}

fn compare(one: &Number, other: &Number) -> Option<std::cmp::Ordering> {
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

fn is_multiple(number: &Number, step: &Number) -> bool {
    if let (Some(number), Some(step)) = (whole(number), whole(step)) {
        return step != 0 && number % step == 0;
    }
    let (Some(number), Some(step)) = (number.as_f64(), step.as_f64()) else { return false };
    let times = number / step;
    // 0.3 is a multiple of 0.1 to whoever writes such a schema.
    (times - times.round()).abs() < 1e-9 * times.abs().max(1.0)
}

fn within(
    verb: &str,
    count: usize,
    fewest: Option<usize>,
    most: Option<usize>,
    of: &str,
) -> Checked {
    match (fewest, most) {
        (Some(fewest), _) if count < fewest => no(format!("{verb} fewer than {fewest} {of}")),
        (_, Some(most)) if count > most => no(format!("{verb} more than {most} {of}")),
        _ => Ok(()),
    }
}

fn shown(name: &str) -> String {
    let name = model::clip(name, MAX_SHOWN);
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
