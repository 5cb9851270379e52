//! Reading an event: which of its leaves is a text, a name, a number, and what that sets off.

use std::ops::Range;

use inspect::Direction;
use inspect::document::{self, Edit};

use super::event::{Event, Form};
use super::template::Slot;
use super::{Stop, StreamGuard};
use crate::llm::walk::{self, Leaf, LeafKind, Walk, slice};
use crate::sse;

/// Members that name things rather than carry text: the same in each event, never a part of a
/// longer text. They are inspected by themselves.
const NAMES: [&[u8]; 26] = [
    b"id",
    b"object",
    b"model",
    b"type",
    b"role",
    b"name",
    b"finish_reason",
    b"native_finish_reason",
    b"stop_reason",
    b"stop_sequence",
    b"system_fingerprint",
    b"service_tier",
    b"obfuscation",
    b"status",
    b"item_id",
    b"call_id",
    b"response_id",
    b"event_id",
    b"tool_call_id",
    b"tool_use_id",
    b"signature",
    b"encrypted_content",
    b"provider",
    b"created",
    b"phase",
    b"format",
];

/// Numbers that grow from event to event and mean nothing else. (`created` stays the same.)
const COUNTERS: [&[u8]; 1] = [b"sequence_number"];

const ARGUMENTS: [&[u8]; 2] = [b"arguments", b"partial_json"];

impl StreamGuard {
    /// Reads an event in full.
    pub(super) fn read(&mut self, event: &mut Event) -> Result<(), Stop> {
        self.template.forget();
        let fields = sse::fields(&event.raw);
        for line in fields.other {
            self.alone(event, line, false, "event")?;
        }
        match fields.data.as_slice() {
            [] => Ok(()),
            [data] => self.data(event, data.clone()),
            lines => self.data_lines(event, lines),
        }
    }

    /// An event of the shape that was read before: only its slots hold anything new.
    pub(super) fn slots(
        &mut self,
        event: &mut Event,
        slots: impl IntoIterator<Item = (Range<usize>, Slot)>,
    ) -> Result<(), Stop> {
        for (at, slot) in slots {
            match slot {
                Slot::Text { channel } => self.add_piece(event, channel, at, Form::Quoted)?,
                Slot::Alone => self.alone(event, at, false, "padding")?,
                Slot::Number => {}
            }
        }
        Ok(())
    }

    /// The payload of an event whose data is one line, which is how every known API sends it.
    pub(super) fn data(&mut self, event: &mut Event, data: Range<usize>) -> Result<(), Stop> {
        let raw = event.raw.clone();
        let bytes = slice(&raw, &data);
        if bytes == b"[DONE]" {
            return self.end();
        }
        let mut walk = std::mem::take(&mut self.walk);
        let result = match walk.read(bytes) {
            Err(_) => self.line(event, data.clone()),
            Ok(()) if is_whole(walk.top(bytes, b"type")) => self.whole(event, &walk, data),
            Ok(()) => self.delta(event, &walk, data),
        };
        self.walk = walk;
        result
    }

    /// Several data lines are one text with line feeds between (WHATWG HTML, section 9.2.6).
    pub(super) fn data_lines(
        &mut self,
        event: &mut Event,
        lines: &[Range<usize>],
    ) -> Result<(), Stop> {
        let parts: Vec<&[u8]> = lines.iter().map(|line| slice(&event.raw, line)).collect();
        let joined = parts.join(&b'\n');
        if self.walk.read(&joined).is_err() {
            return lines.iter().try_for_each(|line| self.line(event, line.clone()));
        }
        // In JSON a line feed is only blank space, so one line says the same.
        let others = sse::fields(&event.raw).other;
        let mut one: Vec<u8> =
            others.iter().flat_map(|line| [slice(&event.raw, line), b"\n"].concat()).collect();
        one.extend_from_slice(b"data: ");
        let start = one.len();
        one.extend(joined.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
        let data = start..one.len();
        one.extend_from_slice(b"\n\n");
        event.original = Some(std::mem::replace(&mut event.raw, one.into()));
        self.data(event, data)
    }

    /// An event that repeats or frames a text rather than adding to it.
    pub(super) fn whole(
        &mut self,
        event: &mut Event,
        walk: &Walk,
        data: Range<usize>,
    ) -> Result<(), Stop> {
        let raw = event.raw.clone();
        let bytes = slice(&raw, &data);
        self.complete_arguments()?;
        self.count_usage(walk, bytes);
        let limits = walk::limits();
        let report = document::inspect_json(&self.scope(), bytes, &limits, &mut ())
            .map_err(|_| Stop::Uninspectable("an event's data changed its mind"))?;
        for found in &report.findings {
            self.findings.add_found(&self.engine, found, Direction::Answer);
        }
        let shift = |edit: Edit| Edit {
            range: edit.range.start + data.start..edit.range.end + data.start,
            with: edit.with,
        };
        event.edits.extend(report.edits.into_iter().map(shift));
        self.blocked()?;
        if walk.top(bytes, b"type").is_some_and(is_last) { self.end() } else { Ok(()) }
    }

    pub(super) fn delta(
        &mut self,
        event: &mut Event,
        walk: &Walk,
        data: Range<usize>,
    ) -> Result<(), Stop> {
        let raw = event.raw.clone();
        let bytes = slice(&raw, &data);
        let found_before = self.findings.total();
        let mut is_repeatable = !self.count_usage(walk, bytes);
        let mut finished = false;
        let mut slots = Vec::new();
        for leaf in &walk.leaves {
            let at = data.start + leaf.range.start..data.start + leaf.range.end;
            let key = slice(bytes, &leaf.key);
            match leaf.kind {
                LeafKind::Word => {}
                LeafKind::Number if COUNTERS.contains(&key) => {
                    slots.push((at.clone(), Slot::Number));
                    self.alone(event, at, false, "counter")?;
                }
                LeafKind::Key | LeafKind::Number => self.alone(event, at, leaf.escaped, "key")?,
                LeafKind::String if NAMES.contains(&key) => {
                    finished |= key == b"finish_reason";
                    if key == b"obfuscation" {
                        slots.push((at.clone(), Slot::Alone));
                    }
                    self.alone(event, at, leaf.escaped, &String::from_utf8_lossy(key))?;
                }
                LeafKind::String => {
                    let channel = self.text(event, walk, bytes, leaf, at.clone())?;
                    slots.push((at, Slot::Text { channel }));
                }
            }
        }
        is_repeatable &= !finished && self.findings.total() == found_before;
        if is_repeatable && event.original.is_none() {
            self.template.remember(&raw, slots);
        }
        if finished { self.complete_arguments() } else { Ok(()) }
    }

    /// A piece of a longer text.
    pub(super) fn text(
        &mut self,
        event: &mut Event,
        walk: &Walk,
        bytes: &[u8],
        leaf: &Leaf,
        at: Range<usize>,
    ) -> Result<usize, Stop> {
        let key = slice(bytes, &leaf.key);
        let kind = walk.top(bytes, b"type").unwrap_or_default();
        let is_arguments = ARGUMENTS.contains(&key) || key == b"delta" && is_arguments_type(kind);
        let id = walk.channel(bytes, leaf).rotate_left(u32::from(is_arguments));
        let form = if leaf.escaped { Form::Escaped } else { Form::Quoted };
        let channel = self.channel(id, key, is_arguments)?;
        self.add_piece(event, channel, at, form)?;
        Ok(channel)
    }

    /// Text that is not JSON: joined to such text in other events.
    pub(super) fn line(&mut self, event: &mut Event, at: Range<usize>) -> Result<(), Stop> {
        let channel = self.channel(1, b"data", false)?;
        self.add_piece(event, channel, at, Form::Plain)
    }

    /// Takes in what the event says of usage; whether it says anything.
    pub(super) fn count_usage(&mut self, walk: &Walk, bytes: &[u8]) -> bool {
        let numbers = walk.leaves.iter().filter(|l| l.kind == LeafKind::Number);
        let mut any = false;
        for leaf in numbers.filter(|l| walk.container_key(bytes, l) == b"usage") {
            any = true;
            self.tally.number(slice(bytes, &leaf.key), slice(bytes, &leaf.range));
        }
        any
    }
}

/// Anthropic's frames and OpenAI's response events other than deltas: they carry whole values.
fn is_whole(kind: Option<&[u8]>) -> bool {
    let Some(kind) = kind else { return false };
    let frame =
        [&b"message_start"[..], b"message_delta", b"message_stop", b"content_block_stop", b"error"];
    frame.contains(&kind) || kind.starts_with(b"response.") && !kind.ends_with(b".delta")
}

/// The events that end a stream: Anthropic's, and those of the responses API.
fn is_last(kind: &[u8]) -> bool {
    let last =
        [&b"message_stop"[..], b"response.completed", b"response.incomplete", b"response.failed"];
    last.contains(&kind)
}

/// Deltas of the responses API whose text is what a tool will be called with.
fn is_arguments_type(kind: &[u8]) -> bool {
    [&b"arguments.delta"[..], b"tool_call_input.delta", b"call_code.delta"]
        .iter()
        .any(|end| kind.ends_with(end))
}
