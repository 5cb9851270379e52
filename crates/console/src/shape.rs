//! What a type reads, as a JSON Schema: found by letting it read, so that the description of the
//! API cannot say anything else than the code does.
//!
//! A type that derives `Deserialize` tells its deserialiser what it wants: a structure with these
//! members, a text, a whole number. [`Reader`] writes down what it is asked for, one leaf in each
//! reading, and answers with an error. Which members must be there comes from leaving each out of a
//! sample that can be read.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::{Map, Value, json};

/// Readings of one type; each finds a leaf.
const MAX_READINGS: usize = 512;

/// Texts that a text of some form may look like, the plainest first.
const TEXTS: [&str; 6] = ["", "name", MOMENT, "1h", "0123456789ABCDEFGHJKMNPQRS", "01/23"];

const MOMENT: &str = "2026-01-01T00:00:00Z";

/// The schema of what a type reads.
pub(crate) fn schema<T: DeserializeOwned>() -> Value {
    let mut root = Node::default();
    for _ in 0..MAX_READINGS {
        if !root.is_unread() {
            break;
        }
        let before = root.clone();
        let _ = T::deserialize(Reader(&mut root));
        if root == before {
            root.give_up();
        }
    }
    root.settle::<T>();
    root.schema()
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Node {
    form: Form,
    is_nullable: bool,
    is_required: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Form {
    #[default]
    Unread,
    Anything,
    Boolean,
    Integer {
        least: Option<u8>,
    },
    Number,
    Text {
        sample: &'static str,
    },
    Choice(&'static [&'static str]),
    List(Box<Node>),
    Members {
        members: Vec<(&'static str, Node)>,
        is_closed: bool,
    },
    Object,
}

/// The way from the root to a node: numbers of members; a list has one item.
type Way = [usize];

impl Node {
    fn is_unread(&self) -> bool {
        match &self.form {
            Form::Unread => true,
            Form::List(item) => item.is_unread(),
            Form::Members { members, .. } => members.iter().any(|(_, member)| member.is_unread()),
            _ => false,
        }
    }

    /// What did not say what it wants takes anything.
    fn give_up(&mut self) {
        match &mut self.form {
            Form::Unread => self.form = Form::Anything,
            Form::List(item) => item.give_up(),
            Form::Members { members, .. } => {
                members.iter_mut().for_each(|(_, member)| member.give_up());
            }
            _ => {}
        }
    }

    fn children(&mut self) -> Vec<&mut Self> {
        match &mut self.form {
            Form::List(item) => vec![item],
            Form::Members { members, .. } => members.iter_mut().map(|(_, node)| node).collect(),
            _ => Vec::new(),
        }
    }

    fn at(&mut self, way: &Way) -> Option<&mut Self> {
        match way.split_first() {
            None => Some(self),
            Some((first, rest)) => self.children().into_iter().nth(*first)?.at(rest),
        }
    }

    /// The ways to all nodes, this one's first.
    fn ways(&mut self) -> Vec<Vec<usize>> {
        let mut ways = vec![Vec::new()];
        for (number, child) in self.children().into_iter().enumerate() {
            ways.extend(child.ways().into_iter().map(|way| [vec![number], way].concat()));
        }
        ways
    }

    /// Finds texts that can be read, members that must be there, and whether others may be.
    fn settle<T: DeserializeOwned>(&mut self) {
        let ways = self.ways();
        for way in &ways {
            for text in TEXTS {
                match self.at(way).map(|node| &mut node.form) {
                    Some(Form::Text { sample }) => *sample = text,
                    _ => break,
                }
                if is_read_but_for_others::<T>(self.only(way)) {
                    break;
                }
            }
        }
        if !is_read::<T>(self.sample(&[])) {
            return;
        }
        for way in &ways {
            let is_required = !way.is_empty() && !is_read::<T>(self.sample(way));
            let more = self.with_another(way);
            let Some(node) = self.at(way) else { continue };
            node.is_required = is_required;
            if let Form::Members { is_closed, .. } = &mut node.form {
                *is_closed = !is_read::<T>(more);
            }
        }
    }

    /// A sample of one node, with nothing beside it.
    fn only(&self, way: &Way) -> Value {
        match (&self.form, way.split_first()) {
            (Form::List(item), Some((_, rest))) => json!([item.only(rest)]),
            (Form::Members { members, .. }, Some((number, rest))) => {
                let member = members.get(*number);
                member.map_or(Value::Null, |(name, node)| json!({*name: node.only(rest)}))
            }
            _ => self.sample(&[]),
        }
    }

    /// A sample of everything, but what stands at the end of the way.
    fn sample(&self, but: &Way) -> Value {
        match &self.form {
            Form::Unread | Form::Anything => Value::Null,
            Form::Boolean => json!(false),
            Form::Integer { .. } => json!(1),
            Form::Number => json!(1.0),
            Form::Text { sample } => json!(sample),
            Form::Choice(names) => json!(names.first()),
            Form::List(item) => match but {
                [_] => json!([]),
                _ => json!([item.sample(but.get(1..).unwrap_or_default())]),
            },
            Form::Members { members, .. } => {
                let rest = |number| match but.split_first() {
                    Some((first, rest)) if *first == number => Some(rest),
                    _ => None,
                };
                let kept = members.iter().enumerate().filter(|(n, _)| rest(*n) != Some(&[]));
                let member = |(number, (name, node)): (usize, &(&str, Self))| {
                    ((*name).to_owned(), node.sample(rest(number).unwrap_or_default()))
                };
                Value::Object(kept.map(member).collect())
            }
            Form::Object => json!({}),
        }
    }

    /// A sample in which the node at the end of the way has a member that nobody knows.
    fn with_another(&self, way: &Way) -> Value {
        let mut whole = self.sample(&[]);
        let mut value = &mut whole;
        let mut node = self;
        for number in way {
            let next = match (&node.form, value) {
                (Form::List(item), Value::Array(items)) => items.first_mut().map(|v| (&**item, v)),
                (Form::Members { members, .. }, Value::Object(object)) => members
                    .get(*number)
                    .and_then(|(name, member)| Some((member, object.get_mut(*name)?))),
                _ => None,
            };
            let Some((child, inner)) = next else { return Value::Null };
            (node, value) = (child, inner);
        }
        if let Value::Object(object) = value {
            object.insert("another".to_owned(), Value::Null);
        }
        whole
    }

    fn schema(&self) -> Value {
        let mut schema = match &self.form {
            Form::Unread | Form::Anything => return json!({}),
            Form::Boolean => json!({"type": "boolean"}),
            Form::Integer { least: Some(least) } => json!({"type": "integer", "minimum": least}),
            Form::Integer { least: None } => json!({"type": "integer"}),
            Form::Number => json!({"type": "number"}),
            Form::Text { sample: MOMENT } => json!({"type": "string", "format": "date-time"}),
            Form::Text { .. } => json!({"type": "string"}),
            Form::Choice(names) => json!({"type": "string", "enum": names}),
            Form::List(item) => json!({"type": "array", "items": item.schema()}),
            Form::Object => json!({"type": "object"}),
            Form::Members { members, is_closed } => {
                let named = |(name, node): &(&str, Self)| ((*name).to_owned(), node.schema());
                let properties: Map<String, Value> = members.iter().map(named).collect();
                let required = members.iter().filter(|(_, node)| node.is_required);
                let required: Vec<&str> = required.map(|(name, _)| *name).collect();
                let mut schema = json!({"type": "object", "properties": properties});
                if !required.is_empty() {
                    schema["required"] = json!(required);
                }
                if *is_closed {
                    schema["additionalProperties"] = json!(false);
                }
                schema
            }
        };
        if self.is_nullable {
            schema["type"] = json!([schema["type"], "null"]);
            if let Some(Value::Array(names)) = schema.get_mut("enum") {
                names.push(Value::Null);
            }
        }
        schema
    }
}

fn is_read<T: DeserializeOwned>(value: Value) -> bool {
    serde_json::from_value::<T>(value).is_ok()
}

/// Whether nothing is wrong but that other members are missing: those are looked for last.
fn is_read_but_for_others<T: DeserializeOwned>(value: Value) -> bool {
    let missing = |error: serde_json::Error| error.to_string().starts_with("missing field");
    serde_json::from_value::<T>(value).map_or_else(missing, |_| true)
}

/// Writes down what it is asked for.
struct Reader<'a>(&'a mut Node);

/// The end of a reading.
#[derive(Debug)]
struct Stop;

impl std::fmt::Display for Stop {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("what was asked for is written down")
    }
}

impl std::error::Error for Stop {}

impl serde::de::Error for Stop {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Reader<'_> {
    fn is<T>(self, form: Form) -> Result<T, Stop> {
        if self.0.form == Form::Unread {
            self.0.form = form;
        }
        Err(Stop)
    }
}

macro_rules! leaves {
    ($($method:ident => $form:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
            self.is($form)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Stop;

    leaves! {
        deserialize_any => Form::Anything;
        deserialize_ignored_any => Form::Anything;
        deserialize_unit => Form::Anything;
        deserialize_bool => Form::Boolean;
        deserialize_i8 => Form::Integer { least: None };
        deserialize_i16 => Form::Integer { least: None };
        deserialize_i32 => Form::Integer { least: None };
        deserialize_i64 => Form::Integer { least: None };
        deserialize_u8 => Form::Integer { least: Some(0) };
        deserialize_u16 => Form::Integer { least: Some(0) };
        deserialize_u32 => Form::Integer { least: Some(0) };
        deserialize_u64 => Form::Integer { least: Some(0) };
        deserialize_f32 => Form::Number;
        deserialize_f64 => Form::Number;
        deserialize_char => Form::Text { sample: "" };
        deserialize_str => Form::Text { sample: "" };
        deserialize_string => Form::Text { sample: "" };
        deserialize_bytes => Form::Text { sample: "" };
        deserialize_byte_buf => Form::Text { sample: "" };
        deserialize_identifier => Form::Text { sample: "" };
        deserialize_map => Form::Object;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.0.is_nullable = true;
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: V,
    ) -> Result<V::Value, Stop> {
        self.is(Form::Anything)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        if self.0.form == Form::Unread {
            self.0.form = Form::List(Box::default());
        }
        match &mut self.0.form {
            Form::List(item) => visitor.visit_seq(Item(Some(item))),
            _ => Err(Stop),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if self.0.form == Form::Unread {
            let members = names.iter().map(|name| (*name, Node::default())).collect();
            self.0.form = Form::Members { members, is_closed: false };
        }
        match &mut self.0.form {
            Form::Members { members, .. } => {
                visitor.visit_map(Member(members.iter_mut().find(|(_, node)| node.is_unread())))
            }
            _ => Err(Stop),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Stop> {
        self.is(Form::Choice(names))
    }
}

/// The one item of a list.
struct Item<'a>(Option<&'a mut Node>);

impl<'de> SeqAccess<'de> for Item<'_> {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stop> {
        self.0.take().map(|node| seed.deserialize(Reader(node))).transpose()
    }
}

/// The one member that this reading is about.
struct Member<'a>(Option<&'a mut (&'static str, Node)>);

impl<'de> MapAccess<'de> for Member<'_> {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stop> {
        let name = |member: &&mut (&'static str, Node)| member.0;
        let key: Option<StrDeserializer<'_, Stop>> =
            self.0.as_ref().map(name).map(IntoDeserializer::into_deserializer);
        key.map(|key| seed.deserialize(key)).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        self.0.take().map_or(Err(Stop), |(_, node)| seed.deserialize(Reader(node)))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        Red,
        DeepBlue,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only ever described")]
    struct Inner {
        at: model::Timestamp,
        #[serde(default)]
        count: u32,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only ever described")]
    struct Outer {
        agent: model::AgentName,
        colour: Option<Colour>,
        inner: Vec<Inner>,
        anything: Option<Value>,
    }

    #[test]
    fn a_type_is_described_as_it_reads() {
        let moment = json!({"type": "string", "format": "date-time"});
        let inner = json!({
            "type": "object",
            "properties": {"at": moment, "count": {"type": "integer", "minimum": 0}},
            "required": ["at"],
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "agent": {"type": "string"},
                "colour": {"type": ["string", "null"], "enum": ["red", "deep_blue", null]},
                "inner": {"type": "array", "items": inner},
                "anything": {},
            },
            "required": ["agent", "inner"],
            "additionalProperties": false,
        });
        assert_eq!(schema::<Outer>(), expected);
    }

    #[test]
    fn no_type_keeps_it_busy() {
        assert_eq!(schema::<Value>(), json!({}));
        assert_eq!(schema::<()>(), json!({}));
        assert_eq!(schema::<Vec<Vec<bool>>>()["items"]["items"], json!({"type": "boolean"}));
    }
}
