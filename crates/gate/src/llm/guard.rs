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
mod judge;
mod read;
mod template;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use inspect::{Direction, Engine, Match, json};

use self::event::{Event, Form, Out, Piece};
use self::template::Template;
use super::calls::{Followed, Lost, Wanted};
use super::findings::Findings;
use super::tally::Tally;
use super::walk::{Walk, slice};
use crate::sse::Splitter;

/// Events that wait for a decision hold at most this much, together.
pub const MAX_HELD_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of an answer's texts that are kept until its end, to be judged as a whole.
pub const MAX_JUDGED_BYTES: usize = 256 * 1024;
/// Buffers that are kept for the next chunk's events.
const MAX_SPARE: usize = 32;
/// Texts that one stream may interleave.
pub const MAX_CHANNELS: usize = 1024;

/// A vault as one call sees it.
pub type BoundVault = Arc<dyn inspect::Vault>;

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
    vault: Option<BoundVault>,
    /// Hears the events that leave, where somebody asks for the calls in them.
    followed: Option<Box<Followed>>,
    splitter: Splitter,
    walk: Walk,
    channels: Vec<Channel>,
    waiting: VecDeque<Event>,
    held_bytes: usize,
    template: Template,
    /// Buffers for the next events' pieces.
    spare: Vec<Vec<Piece>>,
    /// Whether the chunk holds another event: texts wait for it, to be scanned together.
    has_more: bool,
    matches: Vec<Match>,
    pub findings: Findings,
    pub tally: Tally,
    /// Bytes of text that the answer's channels carried, for estimating tokens nobody counted.
    pub text_bytes: u64,
    /// How much of it is kept for the judges.
    judged_bytes: usize,
    has_ended: bool,
}

/// One text of the stream.
struct Channel {
    id: u64,
    name: String,
    kind: ChannelKind,
    /// What a judge reads at the end: the text, as far as it is kept.
    said: Vec<u8>,
    /// The end of what came, of several events of one chunk, that the scanner has not seen yet.
    unread: Vec<u8>,
    /// How much text came, and how much of it is decided.
    length: usize,
    clear: usize,
}

enum ChannelKind {
    Prose(Box<inspect::Stream>),
    /// A tool call's arguments so far.
    Arguments(Vec<u8>),
}

impl StreamGuard {
    pub fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            vault: None,
            followed: None,
            splitter: Splitter::default(),
            walk: Walk::default(),
            channels: Vec::new(),
            waiting: VecDeque::new(),
            held_bytes: 0,
            template: Template::default(),
            spare: Vec::new(),
            has_more: false,
            matches: Vec::new(),
            findings: Findings::default(),
            tally: Tally::default(),
            text_bytes: 0,
            judged_bytes: 0,
            has_ended: false,
        }
    }

    /// Placeholders of this vault become values again, where the agent may have them.
    pub fn with_vault(self, vault: Option<BoundVault>) -> Self {
        Self { vault, ..self }
    }

    /// Follows which calls of tools leave; see [`StreamGuard::wanted`].
    pub(crate) fn following(self, follows: bool) -> Self {
        Self { followed: follows.then(Box::default), ..self }
    }

    /// The calls that left whole since this was asked last, where they are followed.
    pub(crate) fn wanted(&mut self) -> Result<Vec<Wanted>, Lost> {
        self.followed.as_mut().map_or(Ok(Vec::new()), |followed| followed.wanted())
    }

    /// Takes a chunk from upstream; gives what may leave now, which can be nothing.
    pub fn push(&mut self, chunk: Bytes) -> Result<Bytes, Stop> {
        let mut out = Out::default();
        self.splitter.push(chunk);
        let mut next = self.next_event()?;
        while let Some(raw) = next {
            next = self.next_event()?;
            self.has_more = next.is_some();
            self.event(raw, true, &mut out)?;
        }
        self.scan_unread()?;
        self.release(&mut out);
        Ok(out.join())
    }

    /// The stream has ended: everything is decided, the rest leaves.
    pub fn finish(&mut self) -> Result<Bytes, Stop> {
        let mut out = Out::default();
        let rest = self.splitter.finish();
        if !rest.is_empty() {
            self.event(rest, false, &mut out)?;
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
        self.scan_unread()?;
        (0..self.channels.len()).try_for_each(|channel| self.scan_with(channel, None, None))?;
        self.judge()
    }

    fn end(&mut self) -> Result<(), Stop> {
        self.has_ended = true;
        self.decide_all()
    }

    fn next_event(&mut self) -> Result<Option<Bytes>, Stop> {
        self.splitter.next_event().map_err(|_| Stop::Uninspectable("an event is too large"))
    }

    fn event(&mut self, raw: Bytes, is_whole: bool, out: &mut Out) -> Result<(), Stop> {
        if self.has_ended && self.waiting.is_empty() {
            // What a sender adds after the end belongs to none of the texts before it.
            self.channels.clear();
            self.template.forget();
        }
        let spare = self.spare.pop().unwrap_or_default();
        let mut event = Event { is_whole, ..Event::new(raw, spare) };
        match self.template.fit(&event.raw) {
            Some(slots) => self.slots(&mut event, slots)?,
            None => self.read(&mut event)?,
        }
        self.settle(event, out)
    }

    /// Lets the event go if all that it carries is decided, or puts it in line.
    fn settle(&mut self, event: Event, out: &mut Out) -> Result<(), Stop> {
        if self.waiting.is_empty() && event.edits.is_empty() && self.is_clear(&event) {
            self.let_go(event, out);
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
            ChannelKind::Prose(_) => {
                let room = MAX_JUDGED_BYTES.saturating_sub(self.judged_bytes).min(bytes.len());
                state.said.extend_from_slice(bytes.get(..room).unwrap_or_default());
                self.judged_bytes += room;
                if self.has_more || !state.unread.is_empty() {
                    state.unread.extend_from_slice(bytes);
                    return Ok(());
                }
                self.scan_with(channel, Some(bytes), Some(event))
            }
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
        let (said, unread) = (Vec::new(), Vec::new());
        self.channels.push(Channel { id, name, kind, said, unread, length: 0, clear: 0 });
        Ok(self.channels.len() - 1)
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
            self.let_go(event, out);
        }
    }

    fn let_go(&mut self, mut event: Event, out: &mut Out) {
        let mut pieces = std::mem::take(&mut event.pieces);
        if self.spare.len() < MAX_SPARE {
            pieces.clear();
            self.spare.push(pieces);
        }
        let (is_whole, is_edited) = (event.is_whole, !event.edits.is_empty());
        let bytes = event.into_bytes();
        if let Some(followed) = self.followed.as_mut().filter(|_| is_whole) {
            followed.event(&bytes, is_edited);
        }
        out.push(bytes);
    }
}

#[cfg(test)]
mod tests;
