//! The guard of a streamed answer: no byte of what is kept back leaves, and nothing else waits.
//!
//! Text in a stream arrives in pieces: each event carries a few characters of one of several
//! texts (a choice, a content block, reasoning). The guard joins the pieces of each text in a
//! channel of its own and gives them to a scanner that carries its state from piece to piece.
//! Events wait in line until everything that they carry is decided, then leave byte for byte as
//! they came, or with the found value cut out of each event that held a part of it. Tool-call
//! arguments wait until they are whole. See `docs/inspection.md` for how long that can take.
//!
//! The guard is pure: chunks in, chunks out.

mod event;
mod template;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use inspect::document::{self, Edit};
use inspect::{Action, Direction, Engine, Match, json};

use self::event::{Event, Form, Out, Piece};
use self::template::{Slot, Template};
use super::findings::Findings;
use super::tally::Tally;
use super::walk::{Leaf, LeafKind, Walk, slice};
use crate::sse::{self, Splitter};

/// Events that wait for a decision hold at most this much, together.
pub const MAX_HELD_BYTES: usize = 16 * 1024 * 1024;
/// Texts that one stream may interleave.
pub const MAX_CHANNELS: usize = 1024;

/// Why a stream cannot go on.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Stop {
    #[error("the answer holds {0}, which may not reach the agent")]
    Blocked(String),
    #[error("the answer could not be inspected: {0}")]
    Uninspectable(&'static str),
}

/// Inspects one streamed answer.
pub struct StreamGuard {
    engine: Arc<Engine>,
    splitter: Splitter,
    walk: Walk,
    channels: Vec<Channel>,
    waiting: VecDeque<Event>,
    held_bytes: usize,
    template: Template,
    /// A buffer for the next event's pieces.
    spare: Vec<Piece>,
    matches: Vec<Match>,
    pub findings: Findings,
    pub tally: Tally,
    /// Bytes of text that the answer's channels carried, for estimating tokens nobody counted.
    pub text_bytes: u64,
    has_ended: bool,
}

/// One text of the stream.
struct Channel {
    id: u64,
    name: String,
    kind: ChannelKind,
    /// How much text came, and how much of it is decided.
    length: usize,
    clear: usize,
}

enum ChannelKind {
    Prose(Box<inspect::Stream>),
    /// A tool call's arguments so far.
    Arguments(Vec<u8>),
}

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

/// Numbers that grow from event to event and mean nothing else.
const COUNTERS: [&[u8]; 2] = [b"sequence_number", b"created"];

const ARGUMENTS: [&[u8]; 2] = [b"arguments", b"partial_json"];

impl StreamGuard {
    pub fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            splitter: Splitter::default(),
            walk: Walk::default(),
            channels: Vec::new(),
            waiting: VecDeque::new(),
            held_bytes: 0,
            template: Template::default(),
            spare: Vec::new(),
            matches: Vec::new(),
            findings: Findings::default(),
            tally: Tally::default(),
            text_bytes: 0,
            has_ended: false,
        }
    }

    /// Takes a chunk from upstream; gives what may leave now, which can be nothing.
    pub fn push(&mut self, chunk: Bytes) -> Result<Bytes, Stop> {
        let mut out = Out::default();
        self.splitter.push(chunk);
        while let Some(raw) = self.next_event()? {
            self.event(raw, &mut out)?;
        }
        Ok(out.join())
    }

    /// The stream has ended: everything is decided, the rest leaves.
    pub fn finish(&mut self) -> Result<Bytes, Stop> {
        let mut out = Out::default();
        let rest = self.splitter.finish();
        if !rest.is_empty() {
            self.event(rest, &mut out)?;
        }
        self.decide_all()?;
        self.release(&mut out);
        Ok(out.join())
    }

    /// The stream broke off: everything whole is decided and leaves, half an event does not.
    pub fn abandon(&mut self) -> Result<Bytes, Stop> {
        self.splitter = Splitter::default();
        self.finish()
    }

    /// Whether the event came that the protocol ends a stream with.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Nothing more belongs to any text.
    fn decide_all(&mut self) -> Result<(), Stop> {
        self.complete_arguments()?;
        (0..self.channels.len()).try_for_each(|channel| self.scan_with(channel, None, None))
    }

    fn end(&mut self) -> Result<(), Stop> {
        self.has_ended = true;
        self.decide_all()
    }

    /// Bytes that wait for a decision.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    fn next_event(&mut self) -> Result<Option<Bytes>, Stop> {
        self.splitter.next_event().map_err(|_| Stop::Uninspectable("an event is too large"))
    }

    fn event(&mut self, raw: Bytes, out: &mut Out) -> Result<(), Stop> {
        if self.has_ended && self.waiting.is_empty() {
            // What a sender adds after the end belongs to none of the texts before it.
            self.channels.clear();
            self.template.forget();
        }
        let mut event = Event::new(raw, std::mem::take(&mut self.spare));
        match self.template.fit(&event.raw) {
            Some(slots) => self.slots(&mut event, slots)?,
            None => self.read(&mut event)?,
        }
        self.settle(event, out)
    }

    /// An event of the shape that was read before: only its slots hold anything new.
    fn slots(
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

    /// Reads an event in full.
    fn read(&mut self, event: &mut Event) -> Result<(), Stop> {
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

    /// Lets the event go if all that it carries is decided, or puts it in line.
    fn settle(&mut self, mut event: Event, out: &mut Out) -> Result<(), Stop> {
        if self.waiting.is_empty() && event.edits.is_empty() && self.is_clear(&event) {
            self.spare = std::mem::take(&mut event.pieces);
            self.spare.clear();
            out.push(event.into_bytes());
            return Ok(());
        }
        self.held_bytes += event.raw.len();
        if self.held_bytes > MAX_HELD_BYTES {
            return Err(Stop::Uninspectable("too much of it has to be held back at once"));
        }
        self.waiting.push_back(event);
        self.release(out);
        Ok(())
    }

    /// The payload of an event whose data is one line, which is how every known API sends it.
    fn data(&mut self, event: &mut Event, data: Range<usize>) -> Result<(), Stop> {
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
    fn data_lines(&mut self, event: &mut Event, lines: &[Range<usize>]) -> Result<(), Stop> {
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
    fn whole(&mut self, event: &mut Event, walk: &Walk, data: Range<usize>) -> Result<(), Stop> {
        let raw = event.raw.clone();
        let bytes = slice(&raw, &data);
        self.complete_arguments()?;
        self.count_usage(walk, bytes);
        let limits = super::walk::limits();
        let report =
            document::inspect_json(&self.engine, Direction::Answer, bytes, &limits, &mut ())
                .map_err(|_| Stop::Uninspectable("an event's data changed its mind"))?;
        for found in &report.findings {
            self.findings.add(
                &self.engine,
                found.detector,
                Direction::Answer,
                &found.path,
                found.count,
            );
        }
        let shift = |edit: Edit| Edit {
            range: edit.range.start + data.start..edit.range.end + data.start,
            with: edit.with,
        };
        event.edits.extend(report.edits.into_iter().map(shift));
        self.blocked()?;
        if walk.top(bytes, b"type").is_some_and(is_last) { self.end() } else { Ok(()) }
    }

    fn delta(&mut self, event: &mut Event, walk: &Walk, data: Range<usize>) -> Result<(), Stop> {
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
    fn text(
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
    fn line(&mut self, event: &mut Event, at: Range<usize>) -> Result<(), Stop> {
        let channel = self.channel(1, b"data", false)?;
        self.add_piece(event, channel, at, Form::Plain)
    }

    fn add_piece(
        &mut self,
        event: &mut Event,
        channel: usize,
        raw: Range<usize>,
        form: Form,
    ) -> Result<(), Stop> {
        let source = event.raw.clone();
        let bytes = slice(&source, &raw);
        let decoded = (form == Form::Escaped).then(|| json::decode(bytes));
        let bytes = decoded.as_ref().map_or(bytes, |d| &d.text);
        let Some(state) = self.channels.get_mut(channel) else { return Ok(()) };
        let text = state.length..state.length + bytes.len();
        state.length = text.end;
        self.text_bytes += bytes.len() as u64;
        event.pieces.push(Piece { channel, text, raw, form });
        match &mut state.kind {
            ChannelKind::Arguments(whole) => {
                whole.extend_from_slice(bytes);
                Ok(())
            }
            ChannelKind::Prose(_) => self.scan_with(channel, Some(bytes), Some(event)),
        }
    }

    fn channel(&mut self, id: u64, key: &[u8], is_arguments: bool) -> Result<usize, Stop> {
        if let Some(at) = self.channels.iter().position(|c| c.id == id) {
            return Ok(at);
        }
        if self.channels.len() >= MAX_CHANNELS {
            return Err(Stop::Uninspectable("it interleaves too many texts"));
        }
        let kind = match is_arguments {
            true => ChannelKind::Arguments(Vec::new()),
            false => ChannelKind::Prose(Box::new(self.engine.stream(Direction::Answer))),
        };
        let name = String::from_utf8_lossy(key).into_owned();
        self.channels.push(Channel { id, name, kind, length: 0, clear: 0 });
        Ok(self.channels.len() - 1)
    }

    /// Gives a channel's scanner its next piece, or its end.
    fn scan_with(
        &mut self,
        at: usize,
        text: Option<&[u8]>,
        current: Option<&mut Event>,
    ) -> Result<(), Stop> {
        let mut matches = std::mem::take(&mut self.matches);
        matches.clear();
        if let Some(channel) = self.channels.get_mut(at)
            && let ChannelKind::Prose(stream) = &mut channel.kind
        {
            channel.clear = match text {
                Some(text) => stream.push(&self.engine, text, &mut matches),
                None => {
                    stream.finish(&self.engine, &mut matches);
                    channel.length
                }
            };
        }
        let result = self.apply(at, &matches, current);
        self.matches = matches;
        result
    }

    fn apply(
        &mut self,
        at: usize,
        matches: &[Match],
        mut current: Option<&mut Event>,
    ) -> Result<(), Stop> {
        let engine = self.engine.clone();
        for found in matches {
            let name = self.channels.get(at).map(|c| c.name.clone()).unwrap_or_default();
            let action = self.findings.add(&engine, found.detector, Direction::Answer, &name, 1);
            if action == Action::Mask {
                let mask = inspect::mask(engine.detector(found.detector), "");
                self.cut(at, &found.range, &mask, current.as_deref_mut());
            }
        }
        self.blocked()
    }

    fn blocked(&self) -> Result<(), Stop> {
        self.findings.blocker().map_or(Ok(()), |kind| Err(Stop::Blocked(kind.to_owned())))
    }

    /// Replaces a range of a channel's text in every event that holds a part of it: the first part
    /// becomes the mask, the others nothing.
    fn cut(
        &mut self,
        channel: usize,
        range: &Range<usize>,
        mask: &str,
        current: Option<&mut Event>,
    ) {
        let mut mask = Some(mask);
        for event in self.waiting.iter_mut().chain(current) {
            for piece in event.pieces.iter().filter(|p| p.channel == channel) {
                let start = piece.text.start.max(range.start);
                let end = piece.text.end.min(range.end);
                if start >= end {
                    continue;
                }
                let with = mask.take().unwrap_or_default();
                let with = if piece.form == Form::Plain {
                    with.as_bytes().to_vec()
                } else {
                    json::encode(with)
                };
                event.edits.push(Edit { range: piece.raw_of(&event.raw, start..end), with });
            }
        }
    }

    /// Every tool call that was being assembled is whole now: judge it, then let it go.
    fn complete_arguments(&mut self) -> Result<(), Stop> {
        for at in 0..self.channels.len() {
            let Some(channel) = self.channels.get_mut(at) else { continue };
            let ChannelKind::Arguments(whole) = &mut channel.kind else { continue };
            if whole.is_empty() {
                channel.clear = channel.length;
                continue;
            }
            let text = std::mem::take(whole);
            self.judge_arguments(at, &text)?;
        }
        Ok(())
    }

    fn judge_arguments(&mut self, at: usize, text: &[u8]) -> Result<(), Stop> {
        let Some(channel) = self.channels.get_mut(at) else { return Ok(()) };
        let (start, name) = (channel.length - text.len(), channel.name.clone());
        channel.clear = channel.length;
        let limits = super::walk::limits();
        let report =
            document::inspect_json(&self.engine, Direction::Answer, text, &limits, &mut ())
                .unwrap_or_else(|_| document::inspect_text(&self.engine, Direction::Answer, text));
        for found in &report.findings {
            let path = format!("{name}.{}", found.path);
            self.findings.add(&self.engine, found.detector, Direction::Answer, &path, found.count);
        }
        for edit in &report.edits {
            self.cut(
                at,
                &(start + edit.range.start..start + edit.range.end),
                &String::from_utf8_lossy(&edit.with),
                None,
            );
        }
        self.blocked()
    }

    /// A leaf that is a text by itself.
    fn alone(
        &mut self,
        event: &mut Event,
        at: Range<usize>,
        escaped: bool,
        name: &str,
    ) -> Result<(), Stop> {
        let raw = event.raw.clone();
        let bytes = slice(&raw, &at);
        let decoded = escaped.then(|| json::decode(bytes));
        let mut matches = std::mem::take(&mut self.matches);
        matches.clear();
        let text = decoded.as_ref().map_or(bytes, |d| &d.text);
        self.engine.scan(Direction::Answer, text, &mut matches);
        for found in &matches {
            let action =
                self.findings.add(&self.engine, found.detector, Direction::Answer, name, 1);
            if action != Action::Allow {
                // A name, key or number cannot be half removed and still mean something: it goes whole.
                event.edits.push(mask_whole(&self.engine, found, &raw, &at));
                break;
            }
        }
        self.matches = matches;
        self.blocked()
    }

    /// Takes in what the event says of usage; whether it says anything.
    fn count_usage(&mut self, walk: &Walk, bytes: &[u8]) -> bool {
        let numbers = walk.leaves.iter().filter(|l| l.kind == LeafKind::Number);
        let mut any = false;
        for leaf in numbers.filter(|l| walk.container_key(bytes, l) == b"usage") {
            any = true;
            self.tally.number(slice(bytes, &leaf.key), slice(bytes, &leaf.range));
        }
        any
    }

    fn is_clear(&self, event: &Event) -> bool {
        let decided =
            |p: &Piece| self.channels.get(p.channel).is_some_and(|c| c.clear >= p.text.end);
        event.pieces.iter().all(decided)
    }

    fn release(&mut self, out: &mut Out) {
        while self.waiting.front().is_some_and(|event| self.is_clear(event)) {
            let Some(event) = self.waiting.pop_front() else { return };
            self.held_bytes -= event.raw.len().min(self.held_bytes);
            out.push(event.into_bytes());
        }
    }
}

fn mask_whole(engine: &Engine, found: &Match, raw: &[u8], at: &Range<usize>) -> Edit {
    let mask = json::encode(&inspect::mask(engine.detector(found.detector), ""));
    let is_quoted = at.start > 0 && raw.get(at.start - 1) == Some(&b'"');
    let is_number = raw.get(at.start).is_some_and(|b| b.is_ascii_digit() || *b == b'-');
    let with = if is_number && !is_quoted { [b"\"", &*mask, b"\""].concat() } else { mask };
    Edit { range: at.clone(), with }
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

#[cfg(test)]
mod tests;
