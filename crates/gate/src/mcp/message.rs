//! The messages of MCP: JSON-RPC 2.0 without batches, read so that every reader agrees on them.
//!
//! The gate decides on what it read, and the server acts on what it read itself; the two must be the
//! same. So a message with a repeated member is refused, and one with a member that a lax reader
//! could take for another (`Method`, `\u017fession`) is too.

use std::borrow::Cow;
use std::fmt;

use inspect::document::observe_json;
use inspect::json::Limits;
use serde_json::{Map, Value};

/// Bytes of one message, whichever way it goes.
pub const MAX_MESSAGE_BYTES: usize = crate::sse::MAX_EVENT_BYTES;

/// Bytes of an id that is a text.
pub const MAX_ID_BYTES: usize = 256;

/// Bytes of a method's name.
const MAX_METHOD_BYTES: usize = 128;

/// Members that both sides act on, at the top and in `params`.
const KNOWN: [&str; 17] = [
    "jsonrpc",
    "id",
    "method",
    "params",
    "result",
    "error",
    "name",
    "arguments",
    "uri",
    "ref",
    "_meta",
    "cursor",
    "task",
    "level",
    "requestid",
    "inputresponses",
    "requeststate",
];

/// The id of a request: unique among those that its sender waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Id {
    Number(i64),
    Text(String),
}

impl Id {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_i64().map(Self::Number),
            Value::String(text) if text.len() <= MAX_ID_BYTES => Some(Self::Text(text.clone())),
            _ => None,
        }
    }

    pub fn to_value(&self) -> Value {
        match self {
            Self::Number(number) => Value::from(*number),
            Self::Text(text) => Value::from(text.as_str()),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    Request { id: Id, method: String, params: Map<String, Value> },
    Notification { method: String, params: Map<String, Value> },
    Result { id: Id, result: Map<String, Value> },
    Error { id: Option<Id>, error: Map<String, Value> },
}

/// Why a text is no message, in words for whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("the message is not JSON: {0}")]
    Json(String),
    #[error("batches of messages are not carried: send one message at a time")]
    Batch,
    #[error("a message is a JSON object with `jsonrpc` \"2.0\"")]
    NotOne,
    #[error("an id is a whole number or a text of at most {MAX_ID_BYTES} bytes")]
    Id,
    #[error("`method` is a text of 1 to {MAX_METHOD_BYTES} printable characters")]
    Method,
    #[error("`{0}` must be an object")]
    NotAnObject(&'static str),
    #[error(
        "a member differs from `{0}` only in the form of its letters, which servers read differently"
    )]
    Lookalike(&'static str),
    #[error("a message is a request, a notification or an answer, and no two of them at once")]
    Mixed,
}

impl Malformed {
    /// The code that JSON-RPC 2.0, section 5.1, has for it.
    pub fn code(&self) -> i64 {
        match self {
            Self::Json(_) => -32700,
            _ => -32600,
        }
    }
}

impl Message {
    /// Reads one message.
    pub fn read(text: &[u8]) -> Result<Self, Malformed> {
        // Repeated members, depth and size are this reader's business; serde_json overlooks them.
        let strict = Limits::default();
        observe_json(text, &strict, &mut ()).map_err(|error| Malformed::Json(error.to_string()))?;
        let value: Value =
            serde_json::from_slice(text).map_err(|error| Malformed::Json(error.to_string()))?;
        Self::of(value)
    }

    /// Takes a JSON value for a message.
    pub fn of(value: Value) -> Result<Self, Malformed> {
        let mut members = match value {
            Value::Object(members) => members,
            Value::Array(_) => return Err(Malformed::Batch),
            _ => return Err(Malformed::NotOne),
        };
        if members.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err(Malformed::NotOne);
        }
        no_lookalikes(&members)?;
        let id = members.get("id").filter(|id| !id.is_null() || members.contains_key("method"));
        let id = id.map(|id| Id::read(id).ok_or(Malformed::Id)).transpose()?;
        match (members.remove("method"), members.remove("result"), members.remove("error")) {
            (Some(method), None, None) => {
                let method = name_of(&method)?;
                let params = object(members.remove("params"), "params")?;
                no_lookalikes(&params)?;
                Ok(match id {
                    Some(id) => Self::Request { id, method, params },
                    None => Self::Notification { method, params },
                })
            }
            (None, Some(result), None) => {
                let result = object(Some(result), "result")?;
                Ok(Self::Result { id: id.ok_or(Malformed::Id)?, result })
            }
            (None, None, Some(error)) => {
                Ok(Self::Error { id, error: object(Some(error), "error")? })
            }
            _ => Err(Malformed::Mixed),
        }
    }

    /// The message as text.
    pub fn write(self) -> Vec<u8> {
        let mut members = Map::new();
        members.insert("jsonrpc".into(), "2.0".into());
        match self {
            Self::Request { id, method, params } => {
                members.insert("id".into(), id.to_value());
                members.insert("method".into(), method.into());
                members.insert("params".into(), params.into());
            }
            Self::Notification { method, params } => {
                members.insert("method".into(), method.into());
                members.insert("params".into(), params.into());
            }
            Self::Result { id, result } => {
                members.insert("id".into(), id.to_value());
                members.insert("result".into(), result.into());
            }
            Self::Error { id, error } => {
                members.insert("id".into(), id.map_or(Value::Null, |id| id.to_value()));
                members.insert("error".into(), error.into());
            }
        }
        Value::Object(members).to_string().into_bytes()
    }

    /// An error that answers a request.
    pub fn error(id: Option<Id>, code: i64, message: &str, data: Option<Value>) -> Self {
        let mut error = Map::new();
        error.insert("code".into(), code.into());
        error.insert("message".into(), message.into());
        error.extend(data.map(|data| ("data".to_owned(), data)));
        Self::Error { id, error }
    }
}

fn name_of(method: &Value) -> Result<String, Malformed> {
    let name = method.as_str().ok_or(Malformed::Method)?;
    let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic());
    let fits = !name.is_empty() && name.len() <= MAX_METHOD_BYTES;
    if is_plain && fits { Ok(name.to_owned()) } else { Err(Malformed::Method) }
}

fn object(value: Option<Value>, name: &'static str) -> Result<Map<String, Value>, Malformed> {
    match value {
        None => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members),
        Some(_) => Err(Malformed::NotAnObject(name)),
    }
}

/// Readers that ignore the case of members take the last of those that fold to one name.
fn no_lookalikes(members: &Map<String, Value>) -> Result<(), Malformed> {
    for member in members.keys() {
        let folded = fold(member);
        let known = KNOWN.iter().find(|known| **known == folded.as_ref());
        if let Some(known) = known.filter(|known| !is_spelled_as(member, known)) {
            return Err(Malformed::Lookalike(known));
        }
    }
    Ok(())
}

/// Both ways of letter case, so that what only one of them joins is joined.
fn fold(text: &str) -> Cow<'_, str> {
    let is_folded = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    match text.bytes().all(is_folded) {
        true => Cow::Borrowed(text),
        false => text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect(),
    }
}

/// `known` is folded; these members have capitals.
fn is_spelled_as(member: &str, known: &str) -> bool {
    match known {
        "requestid" => member == "requestId",
        "inputresponses" => member == "inputResponses",
        "requeststate" => member == "requestState",
        _ => member == known,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<Message, Malformed> {
        Message::read(value.to_string().as_bytes())
    }

    #[test]
    fn each_kind_is_recognised() {
        let request = read(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).unwrap();
        assert!(matches!(request, Message::Request { id: Id::Number(1), .. }));
        let note = read(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).unwrap();
        assert!(matches!(note, Message::Notification { .. }));
        let result = read(&json!({"jsonrpc": "2.0", "id": "a", "result": {}})).unwrap();
        assert!(matches!(result, Message::Result { .. }));
        let error = json!({"jsonrpc": "2.0", "id": null, "error": {"code": 1, "message": "x"}});
        assert!(matches!(read(&error).unwrap(), Message::Error { id: None, .. }));
    }

    #[test]
    fn ids_are_whole_numbers_or_short_texts() {
        for id in [json!(0), json!(-1), json!(i64::MAX), json!(""), json!("x".repeat(256))] {
            let message = json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
            assert!(matches!(read(&message), Ok(Message::Request { .. })), "{id}");
        }
        for id in [
            json!(null),
            json!(1.5),
            json!(u64::MAX),
            json!([]),
            json!({}),
            json!(true),
            json!("x".repeat(257)),
        ] {
            let message = json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
            assert_eq!(read(&message), Err(Malformed::Id), "{id}");
        }
    }

    #[test]
    fn what_readers_could_take_for_two_things_is_refused() {
        let call = |params: &str| {
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)
        };
        for (text, why) in [
            (call(r#"{"name":"a","Name":"b"}"#), Malformed::Lookalike("name")),
            (call(r#"{"name":"a","ARGUMENTS":{}}"#), Malformed::Lookalike("arguments")),
            (call("{}").replace("\"id\"", "\"ID\""), Malformed::Lookalike("id")),
            (call("{}").replace("\"params\"", "\"param\u{17f}\""), Malformed::Lookalike("params")),
            (call("[1]"), Malformed::NotAnObject("params")),
            (format!("[{}]", call("{}")), Malformed::Batch),
            (r#"{"id":1,"method":"x"}"#.to_owned(), Malformed::NotOne),
            (r#"{"jsonrpc":"2.0","id":1,"method":"x","result":{}}"#.to_owned(), Malformed::Mixed),
            (r#"{"jsonrpc":"2.0","id":1}"#.to_owned(), Malformed::Mixed),
            (r#"{"jsonrpc":"2.0","id":1,"method":""}"#.to_owned(), Malformed::Method),
            (r#"{"jsonrpc":"2.0","id":1,"result":7}"#.to_owned(), Malformed::NotAnObject("result")),
        ] {
            assert_eq!(Message::read(text.as_bytes()), Err(why), "{text}");
        }
        let twice = call(r#"{"name":"a","name":"b"}"#);
        assert!(matches!(Message::read(twice.as_bytes()), Err(Malformed::Json(_))));
        let deep = call(&format!("{}{}", "[".repeat(500), "]".repeat(500)));
        assert!(matches!(Message::read(deep.as_bytes()), Err(Malformed::Json(_))));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_written_reads_back(text in ".{0,80}", number in any::<i64>()) {
            let _ = Message::read(text.as_bytes());
            let message = json!({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": text}});
            let read = read(&message).unwrap();
            prop_assert_eq!(Message::read(&read.clone().write()).unwrap(), read);
        }
    }
}
