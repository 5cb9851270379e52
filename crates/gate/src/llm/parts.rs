//! Who wrote which text of a model API's body: the person, a tool, a document, the model.
//!
//! A body mixes what the operator says (`system`), what a person asks, what the model said before,
//! and what tools gave back. Only the position tells them apart, and detectors that judge meaning
//! need to know it. The walk goes by what stands around a text, in whatever order the members
//! come: a block's `type` before the message's `role`, both before the place in the body.

use std::ops::Range;

use inspect::document::{Leaf, Observer, Path};
use inspect::json::{self, Kind, Limits, Reader, Token};
use inspect::{Direction, Origin};

use super::walk::slice;

/// A text of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The string's content in the body, without the quotes.
    pub range: Range<usize>,
    /// The name under which it stands, without the quotes; empty in a list.
    pub key: Range<usize>,
    pub origin: Origin,
    /// It describes a tool to the model.
    pub is_description: bool,
    /// Its number among the body's leaves; see [`path_of`].
    pub leaf: usize,
}

/// What an object or a place says of the texts in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Of(Origin),
    /// The operator's own words: nobody judges them.
    Operator,
}

/// A text whose author is not known yet, or is.
struct Heard {
    part: Part,
    voice: Option<Voice>,
}

/// An open array or object.
struct Frame {
    /// The name under which it stands in its parent; an array hands its name on.
    key: Range<usize>,
    /// How many texts there were when it opened.
    first: usize,
    block: Option<Voice>,
    role: Option<Voice>,
}

/// Texts of a body, in order; none where it is not JSON. What the operator wrote is left out.
pub(crate) fn parts(body: &[u8], direction: Direction) -> Vec<Part> {
    let limits = Limits { unique_keys: false, ..Limits::default() };
    let mut walk = Walk { body, direction, open: Vec::new(), heard: Vec::new(), leaves: 0 };
    let mut reader = Reader::new(body, &limits);
    let mut key = 0..0;
    while let Ok(Some(token)) = reader.next() {
        match token.kind {
            Kind::Key => key = token.range,
            Kind::ObjectStart | Kind::ArrayStart => walk.open(std::mem::take(&mut key)),
            Kind::ObjectEnd | Kind::ArrayEnd => walk.close(),
            _ => {
                walk.leaf(std::mem::take(&mut key), &token);
                walk.leaves += 1;
            }
        }
    }
    walk.heard.into_iter().filter_map(Heard::settled).collect()
}

/// The path of a part, such as `messages[2].content`.
pub(super) fn path_of(body: &[u8], part: &Part) -> String {
    struct Count {
        left: usize,
        path: String,
    }
    impl Observer for Count {
        fn leaf(&mut self, path: &Path<'_>, _: Leaf<'_>) {
            if self.left == 0 && self.path.is_empty() {
                self.path = path.to_string();
            }
            self.left = self.left.saturating_sub(1);
        }
    }
    let mut count = Count { left: part.leaf, path: String::new() };
    let limits = Limits { unique_keys: false, ..Limits::default() };
    // What was read once is read again; a body that is no JSON has no parts.
    let _ = inspect::document::observe_json(body, &limits, &mut count);
    count.path
}

impl Part {
    /// The text itself, escapes resolved.
    pub(crate) fn text<'b>(&self, body: &'b [u8]) -> json::Decoded<'b> {
        json::decode(slice(body, &self.range))
    }
}

impl Heard {
    fn settled(self) -> Option<Part> {
        match self.voice {
            Some(Voice::Of(origin)) => Some(Part { origin, ..self.part }),
            Some(Voice::Operator) | None => None,
        }
    }
}

struct Walk<'b> {
    body: &'b [u8],
    direction: Direction,
    open: Vec<Frame>,
    heard: Vec<Heard>,
    leaves: usize,
}

impl Walk<'_> {
    fn open(&mut self, key: Range<usize>) {
        let key =
            if key.is_empty() { self.open.last().map_or(0..0, |f| f.key.clone()) } else { key };
        self.open.push(Frame { key, first: self.heard.len(), block: None, role: None });
    }

    /// What the container says of itself holds for all in it that nothing closer has settled.
    fn close(&mut self) {
        let Some(frame) = self.open.pop() else { return };
        // Members of the body itself that are texts were settled where they stand.
        let is_member = self.open.len() == 1;
        let place = is_member.then(|| self.place(slice(self.body, &frame.key))).flatten();
        if let Some(voice) = frame.block.or(frame.role).or(place) {
            let texts = self.heard.get_mut(frame.first..).unwrap_or_default();
            texts.iter_mut().for_each(|heard| _ = heard.voice.get_or_insert(voice));
        }
    }

    fn leaf(&mut self, key: Range<usize>, token: &Token) {
        if token.kind != Kind::String {
            return;
        }
        let name = slice(self.body, &key);
        let raw = slice(self.body, &token.range);
        if let Some(frame) = self.open.last_mut() {
            match name {
                b"role" => frame.role = role(raw),
                b"type" => frame.block = block(raw),
                _ => {}
            }
        }
        if NO_TEXT.contains(&name) || raw.is_empty() {
            return;
        }
        let is_description = name == b"description" && self.is_in_tools();
        let voice = match self.open.len() {
            _ if is_description => Some(Voice::Of(Origin::Tool)),
            0 | 1 => self.place(name),
            _ => None,
        };
        let range = token.range.clone();
        let part = Part { range, key, origin: Origin::User, is_description, leaf: self.leaves };
        self.heard.push(Heard { part, voice });
    }

    /// Whose words stand under a member of the body.
    fn place(&self, name: &[u8]) -> Option<Voice> {
        match (self.direction, name) {
            (Direction::Answer, _) => Some(Voice::Of(Origin::Model)),
            (Direction::Request, b"input" | b"prompt" | b"messages") => {
                Some(Voice::Of(Origin::User))
            }
            (Direction::Request, _) => Some(Voice::Operator),
        }
    }

    fn is_in_tools(&self) -> bool {
        self.direction == Direction::Request
            && self.open.get(1).is_some_and(|frame| slice(self.body, &frame.key) == b"tools")
    }
}

/// Members whose strings are names and marks, not texts.
const NO_TEXT: &[&[u8]] = &[b"role", b"type", b"id", b"model", b"name", b"media_type", b"object"];

/// A message's author.
fn role(name: &[u8]) -> Option<Voice> {
    Some(match name {
        b"user" => Voice::Of(Origin::User),
        b"tool" | b"function" => Voice::Of(Origin::Tool),
        b"assistant" | b"model" => Voice::Of(Origin::Model),
        b"system" | b"developer" => Voice::Operator,
        _ => return None,
    })
}

/// What a block or an item of a conversation holds, where that differs from its message's author.
fn block(name: &[u8]) -> Option<Voice> {
    let name = std::str::from_utf8(name).ok()?;
    Some(match name {
        "document" | "input_file" | "file" => Voice::Of(Origin::File),
        "search_result" | "web_search_result" | "web_search_tool_result" | "web_fetch_result" => {
            Voice::Of(Origin::Web)
        }
        "tool_use" | "function_call" | "custom_tool_call" | "mcp_tool_use" => {
            Voice::Of(Origin::Model)
        }
        _ if name.ends_with("tool_result") || name.ends_with("_call_output") => {
            Voice::Of(Origin::Tool)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> Vec<(String, Origin)> {
        let heard = parts(body.as_bytes(), Direction::Request);
        let text = |part: &Part| String::from_utf8_lossy(&part.text(body.as_bytes()).text).into();
        heard.iter().map(|part| (text(part), part.origin)).collect()
    }

    #[test]
    fn a_chat_is_told_apart_by_role() {
        let body = r#"{"model":"m","messages":[
            {"role":"system","content":"be kind"},
            {"content":[{"type":"text","text":"a\nb"}],"role":"user"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"1","content":"seen"}],
            "metadata":{"x":"y"}}"#;
        let told: Vec<_> = told(body).into_iter().filter(|(text, _)| text != "1").collect();
        let expected = [("a\nb", Origin::User), ("{}", Origin::Model), ("seen", Origin::Tool)];
        assert_eq!(told, expected.map(|(text, origin)| (text.to_owned(), origin)));
    }

    #[test]
    fn a_tool_result_inside_a_users_message_is_the_tools() {
        let body = r#"{"system":"be kind","messages":[{"role":"user","content":[
            {"content":[{"type":"text","text":"from a tool"}],"type":"tool_result"},
            {"type":"document","source":{"type":"text","media_type":"text/plain","data":"from a file"}},
            {"type":"text","text":"from a person"}]}]}"#;
        let expected = [
            ("from a tool", Origin::Tool),
            ("from a file", Origin::File),
            ("from a person", Origin::User),
        ];
        assert_eq!(told(body), expected.map(|(text, origin)| (text.to_owned(), origin)));
    }

    #[test]
    fn responses_items_and_plain_input_are_told() {
        let expected = |text: &str, origin| vec![(text.to_owned(), origin)];
        assert_eq!(
            told(r#"{"instructions":"i","input":"hello"}"#),
            expected("hello", Origin::User)
        );
        let body = r#"{"input":[{"type":"function_call_output","call_id":"","output":"seen"}]}"#;
        assert_eq!(told(body), expected("seen", Origin::Tool));
    }

    #[test]
    fn descriptions_of_tools_are_told() {
        let body = r#"{"tools":[{"type":"function","function":{"name":"f","description":"does it",
            "parameters":{"properties":{"a":{"description":"first"}}}}}]}"#;
        let heard = parts(body.as_bytes(), Direction::Request);
        assert!(heard.iter().all(|part| part.is_description && part.origin == Origin::Tool));
        assert_eq!(heard.len(), 2);
        let path = path_of(body.as_bytes(), &heard[1]);
        assert_eq!(path, "tools[0].function.parameters.properties.a.description");
    }

    #[test]
    fn an_answer_is_the_models() {
        let body = br#"{"choices":[{"message":{"role":"assistant","content":"hi"}}]}"#;
        let heard = parts(body, Direction::Answer);
        assert_eq!(heard.iter().map(|part| part.origin).collect::<Vec<_>>(), [Origin::Model]);
    }

    #[test]
    fn what_is_no_json_has_no_parts() {
        assert!(parts(b"plain text", Direction::Request).is_empty());
    }
}
