//! The calls of tools that a model's answer asks for, whole or streamed, in each of the APIs: so that
//! a call that comes to an MCP server can be told from one that no model asked for.
//!
//! Pure: pieces of an answer in, calls out.

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use model::{Digest, canonical};
use serde_json::Value;

use crate::sse::{Splitter, fields};

/// Bytes of a whole answer that is looked into.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Calls of one answer, and bytes of their arguments together while they come in pieces.
const MAX_CALLS: usize = 128;
const MAX_ARGUMENT_BYTES: usize = 1024 * 1024;

/// Every call of a tool is announced by one of these.
static MARKS: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| [Finder::new(b"tool_"), Finder::new(b"function_call")]);

/// A call that a model asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub name: String,
    pub arguments: [u8; 32],
}

/// Something in an answer could not be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

/// The digest by which a call is known again.
pub(crate) fn digest(arguments: &Value) -> Option<[u8; 32]> {
    Some(Digest::of(&canonical::value_to_vec(arguments).ok()?).0)
}

/// What a whole answer asks for.
pub(crate) fn of_answer(body: &[u8]) -> Result<Vec<Wanted>, Lost> {
    if !is_marked(body) {
        return Ok(Vec::new());
    }
    if body.len() > MAX_ANSWER_BYTES {
        return Err(Lost);
    }
    let answer: Value = serde_json::from_slice(body).map_err(|_| Lost)?;
    let messages = list(&answer, "choices").filter_map(|choice| choice.get("message"));
    let functions = messages.flat_map(functions);
    let items = list(&answer, "output").chain(list(&answer, "content"));
    let found: Vec<_> = functions.chain(items.filter_map(item)).take(MAX_CALLS + 1).collect();
    if found.len() > MAX_CALLS { Err(Lost) } else { found.into_iter().collect() }
}

fn is_marked(text: &[u8]) -> bool {
    MARKS.iter().any(|mark| mark.find(text).is_some())
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Of a message of chat completions.
fn functions(message: &Value) -> impl Iterator<Item = Result<Wanted, Lost>> {
    let tools = list(message, "tool_calls").filter_map(|call| call.get("function"));
    let tools = tools.chain(message.get("function_call"));
    tools.map(|call| spelt(text(call, "name"), text(call, "arguments")))
}

/// An item of the responses API, or a block of Anthropic's messages.
fn item(item: &Value) -> Option<Result<Wanted, Lost>> {
    let name = text(item, "name");
    match text(item, "type") {
        "function_call" => Some(spelt(name, text(item, "arguments"))),
        "tool_use" => Some(given(name, item.get("input").unwrap_or(&Value::Null))),
        _ => None,
    }
}

/// Arguments that are JSON in a text.
fn spelt(name: &str, arguments: &str) -> Result<Wanted, Lost> {
    let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
    given(name, &serde_json::from_str(arguments).map_err(|_| Lost)?)
}

fn given(name: &str, arguments: &Value) -> Result<Wanted, Lost> {
    Ok(Wanted { name: name.to_owned(), arguments: digest(arguments).ok_or(Lost)? })
}

/// Follows a streamed answer.
#[derive(Default)]
pub(crate) struct Calls {
    splitter: Splitter,
    open: Vec<Open>,
    bytes: usize,
}

/// A call whose arguments are still coming, by its choice and its place there.
struct Open {
    place: (u64, u64),
    name: String,
    arguments: String,
}

impl Calls {
    /// Takes the next piece; gives the calls that are whole now.
    pub(crate) fn push(&mut self, piece: Bytes) -> Result<Vec<Wanted>, Lost> {
        self.splitter.push(piece);
        let mut whole = Vec::new();
        while let Some(event) = self.splitter.next_event().map_err(|_| Lost)? {
            self.take(&event, &mut whole)?;
        }
        Ok(whole)
    }

    /// The same of one whole event.
    fn take(&mut self, event: &[u8], whole: &mut Vec<Wanted>) -> Result<(), Lost> {
        let says_nothing = self.open.is_empty() && !is_marked(event);
        if says_nothing { Ok(()) } else { self.event(event, whole) }
    }

    fn event(&mut self, event: &[u8], whole: &mut Vec<Wanted>) -> Result<(), Lost> {
        let lines = fields(event).data;
        let lines: Vec<&[u8]> = lines.into_iter().filter_map(|range| event.get(range)).collect();
        let data = lines.join(&b'\n');
        if data == b"[DONE]" {
            return self.close(|_| true, whole);
        }
        let Ok(event) = serde_json::from_slice::<Value>(&data) else { return Ok(()) };
        let index = |value: &Value| value.get("index").and_then(Value::as_u64).unwrap_or_default();
        match text(&event, "type") {
            "content_block_start" => match event.get("content_block") {
                Some(block) if text(block, "type") == "tool_use" => {
                    self.add((0, index(&event)), text(block, "name"), "")
                }
                _ => Ok(()),
            },
            "content_block_delta" => {
                let piece = event.get("delta").map_or("", |delta| text(delta, "partial_json"));
                self.add((0, index(&event)), "", piece)
            }
            "content_block_stop" => self.close(|place| place == (0, index(&event)), whole),
            "message_stop" => self.close(|_| true, whole),
            "response.output_item.done" => {
                whole.extend(event.get("item").and_then(item).transpose()?);
                Ok(())
            }
            "" => list(&event, "choices").try_for_each(|choice| self.choice(choice, whole)),
            _ => Ok(()),
        }
    }

    /// A piece of one choice of chat completions.
    fn choice(&mut self, choice: &Value, whole: &mut Vec<Wanted>) -> Result<(), Lost> {
        let index = |value: &Value| value.get("index").and_then(Value::as_u64).unwrap_or_default();
        let number = index(choice);
        let delta = choice.get("delta").unwrap_or(&Value::Null);
        for call in list(delta, "tool_calls") {
            let function = call.get("function").unwrap_or(&Value::Null);
            let place = (number, index(call) + 1);
            self.add(place, text(function, "name"), text(function, "arguments"))?;
        }
        if let Some(function) = delta.get("function_call") {
            self.add((number, 0), text(function, "name"), text(function, "arguments"))?;
        }
        match choice.get("finish_reason") {
            None | Some(Value::Null) => Ok(()),
            Some(_) => self.close(|place| place.0 == number, whole),
        }
    }

    fn add(&mut self, place: (u64, u64), name: &str, piece: &str) -> Result<(), Lost> {
        self.bytes += name.len() + piece.len();
        if self.bytes > MAX_ARGUMENT_BYTES || self.open.len() > MAX_CALLS {
            return Err(Lost);
        }
        match self.open.iter_mut().find(|open| open.place == place) {
            Some(open) => {
                open.name.push_str(name);
                open.arguments.push_str(piece);
            }
            // A piece of what is no call of a tool.
            None if name.is_empty() => {}
            None => {
                self.open.push(Open { place, name: name.to_owned(), arguments: piece.to_owned() });
            }
        }
        Ok(())
    }

    fn close(
        &mut self,
        ends: impl Fn((u64, u64)) -> bool,
        whole: &mut Vec<Wanted>,
    ) -> Result<(), Lost> {
        let (ended, open) =
            std::mem::take(&mut self.open).into_iter().partition(|open| ends(open.place));
        self.open = open;
        for call in ended {
            whole.push(spelt(&call.name, &call.arguments)?);
        }
        Ok(())
    }
}

/// Follows a streamed answer whose events somebody else has cut.
#[derive(Default)]
pub(crate) struct Followed {
    calls: Calls,
    wanted: Vec<Wanted>,
    is_lost: bool,
}

impl Followed {
    /// Takes the next event as it leaves; one that was edited may be several by now.
    pub(crate) fn event(&mut self, event: &Bytes, is_edited: bool) {
        if self.is_lost {
            return;
        }
        let followed = if is_edited {
            self.calls.push(event.clone()).map(|wanted| self.wanted.extend(wanted))
        } else {
            self.calls.take(event, &mut self.wanted)
        };
        self.is_lost = followed.is_err();
    }

    /// The calls that became whole since this was asked last.
    pub(crate) fn wanted(&mut self) -> Result<Vec<Wanted>, Lost> {
        if self.is_lost { Err(Lost) } else { Ok(std::mem::take(&mut self.wanted)) }
    }
}

#[cfg(test)]
#[path = "calls/tests.rs"]
mod tests;
