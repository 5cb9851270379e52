//! One task of one agent: what its user said, what its tools returned, and the labels of that.

use std::collections::HashSet;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use crate::asked::{Arguments, Asked, AskedBy};
use crate::block::{Block, Fit};
use crate::content::Leaves;
use crate::labels::Labels;
use crate::memory::Memory;
use crate::normal::{begins, byte_at, byte_before, normalise};
use crate::{Origin, Reading, Source, decode, naming};

/// Bytes of the user's own words that a session remembers.
pub const MAX_USER_BYTES: usize = 256 * 1024;

/// Bytes of doubtful values that calls of a session wrote somewhere.
pub const MAX_WRITTEN_BYTES: usize = 64 * 1024;

/// Texts that are known again when they come a second time.
const MAX_HEARD: usize = 16 * 1024;

/// What a session knows. Nothing in it reads a clock; whoever keeps sessions decides when one ends.
#[derive(Default)]
pub struct Session {
    pub(crate) user: Block<()>,
    pub(crate) memory: Memory,
    /// Doubtful values that its own calls wrote, and may read again from a source that is trusted.
    written: Block<()>,
    has_overwritten: bool,
    labels: Labels,
    asked: Asked,
    heard: HashSet<u64, RandomState>,
}

impl Session {
    /// A session of which nothing is known but that it went on before: whatever is not the user's
    /// own word may have stood in untrusted content.
    pub fn forgotten(labels: Labels) -> Self {
        let mut session = Self { labels: Labels { untrusted: true, ..labels }, ..Self::default() };
        session.memory.has_forgotten = true;
        session
    }

    /// A session of which nothing is known any more but its labels.
    pub fn remembered(labels: Labels) -> Self {
        match labels.untrusted {
            true => Self::forgotten(labels),
            // Nothing that a stranger wrote has come into it.
            false => Self { labels, ..Self::default() },
        }
    }

    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// A person took the labels away, and with them what the session had seen.
    pub fn clear(&mut self) {
        let (user, asked) = (std::mem::take(&mut self.user), std::mem::take(&mut self.asked));
        *self = Self { user, asked, ..Self::default() };
    }

    /// About what it takes in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let blocks = self.user.bytes() + self.written.bytes() + self.memory.bytes();
        blocks + self.asked.bytes() + self.heard.capacity() * 9 + size_of::<Self>()
    }

    /// A model has answered here. `is_followed` says that whatever calls it asks for are told.
    pub fn model_answered(&mut self, is_followed: bool) {
        self.asked.answered(is_followed);
    }

    /// The answer of that record asks for a call of a tool, by the name that the model knows it by.
    pub fn model_asked(&mut self, name: &str, arguments: Arguments, record: &str) {
        self.asked.add(name, arguments, record);
    }

    /// Whether a model has answered here at all: else nobody can have asked for a call.
    pub fn has_answers(&self) -> bool {
        self.asked.has_answers()
    }

    /// Which answer asked for a call.
    pub fn asked_by(&self, tool: &str, arguments: &Arguments) -> AskedBy {
        self.asked.by(tool, arguments)
    }

    /// The user's own words.
    pub fn hear_user(&mut self, text: &str) {
        if !self.is_new("\n", text) {
            return;
        }
        if self.user.text_bytes() + text.len() > MAX_USER_BYTES {
            // Whatever else the user said is nobody's word from here on, which is the careful way.
            self.user = Block::default();
        }
        if text.len() <= MAX_USER_BYTES {
            self.user.add(&normalise(text).text, ());
        }
    }

    /// What a tool returned, as MCP wraps it: `structuredContent`, or else blocks of text.
    pub fn learn_result(
        &mut self,
        source: &Source,
        reading: impl Into<Reading>,
        result: &serde_json::Value,
    ) {
        let reading = reading.into();
        if let Some(structured) = result.get("structuredContent") {
            self.learn(source, reading, structured);
        }
        let blocks = result.get("content").and_then(|content| content.as_array());
        for block in blocks.into_iter().flatten() {
            let resource = || block.get("resource").and_then(|resource| resource.get("text"));
            let text = block.get("text").or_else(resource).and_then(|text| text.as_str());
            match text {
                Some(text) => self.learn_text(source, reading, text),
                None => self.learn(source, reading, block),
            }
        }
    }

    /// A tool's answer as the agent passes it on to its model. Nothing is learnt from what came by
    /// the tool itself, whose source is known better.
    pub fn learn_echo(&mut self, source: &Source, text: &str) {
        if self.is_new("", text) {
            self.learn_text(source, false, text);
        }
    }

    /// Text that a tool returned. JSON in it is read as such.
    pub fn learn_text(&mut self, source: &Source, reading: impl Into<Reading>, text: &str) {
        self.is_new("", text);
        if !self.is_new(&source.name, text) {
            return;
        }
        let looks_structured = text.trim_start().starts_with(['{', '[']);
        match serde_json::from_str(text) {
            Ok(value) if looks_structured => self.learn(source, reading, &value),
            _ => self.learn_value(source, reading.into(), &serde_json::Value::from(text)),
        }
    }

    /// A structured result.
    pub fn learn(
        &mut self,
        source: &Source,
        reading: impl Into<Reading>,
        value: &serde_json::Value,
    ) {
        let text = value.to_string();
        self.is_new("", &text);
        if self.is_new(&format!("{}\n", source.name), &text) {
            self.learn_value(source, reading.into(), value);
        }
    }

    fn learn_value(&mut self, source: &Source, reading: Reading, value: &serde_json::Value) {
        self.memory.begin_output();
        let mut leaves = Leaves::new(source, reading);
        let Self { memory, written, has_overwritten, .. } = self;
        leaves.walk(value, memory, &|text| *has_overwritten || holds_any(written, text));
        self.labels.add(&source.name, leaves.has_untrusted, source.confidential);
    }

    /// Whether a text comes for the first time from somewhere; a line break is the user.
    fn is_new(&mut self, from: &str, text: &str) -> bool {
        if self.heard.len() >= MAX_HEARD {
            self.heard.clear();
        }
        self.heard.insert(self.heard.hasher().hash_one((from, text)))
    }

    /// A call was let through that writes somewhere. What it read again from there is no more to be
    /// trusted than what it wrote.
    pub fn wrote(&mut self, arguments: &serde_json::Value) {
        if !self.labels.untrusted {
            return;
        }
        let values = self.trace_kinds(arguments, |_| None).into_iter();
        let doubtful = values.filter(|(traced, _)| traced.origin >= Origin::Unknown);
        for (_, text) in doubtful.collect::<Vec<_>>() {
            self.has_overwritten |= text.is_none();
            let text = text.unwrap_or_default();
            if self.written.text_bytes() + text.len() > MAX_WRITTEN_BYTES {
                self.has_overwritten = true;
                return;
            }
            for view in decode::views(&text).iter().chain([&text]) {
                self.written.add(&normalise(view).text, ());
            }
        }
    }

    /// Whether the arguments of a reading call point at one thing in the user's own words, such as
    /// the name of a file.
    pub fn points(&self, arguments: &serde_json::Value) -> bool {
        if self.user.text_bytes() == 0 {
            return false;
        }
        let strings = crate::arguments::strings(arguments);
        strings.iter().any(|(_, text)| self.names(&normalise(text).text).is_some())
    }

    /// The words by which the user names a thing of that name, where the user does: quoted, a file name
    /// or an address, or a phrase too long for chance.
    pub(crate) fn names(&self, name: &str) -> Option<String> {
        if naming::plain(name).is_some_and(|name| self.says(&name)) {
            return Some(name.to_owned());
        }
        let spoken = naming::spoken(name)?;
        let mut spellings = [" ", "-", "_"].into_iter().map(|sign| spoken.replace(' ', sign));
        let is_said = |spelt: String| naming::plain(&spelt).is_some_and(|name| self.says(&name));
        spellings.any(is_said).then_some(spoken)
    }

    fn says(&self, name: &naming::Name) -> bool {
        let mut is_said = false;
        self.user.find(&name.needle, |hit| {
            let is_name = !name.needs_quotes || self.user.is_quoted(hit.start, hit.end);
            is_said = hit.fit == Fit::Whole && is_name;
            !is_said
        });
        is_said
    }
}

impl Block<()> {
    fn is_quoted(&self, start: usize, end: usize) -> bool {
        let text = self.text();
        let (before, after) = (byte_before(text, start), byte_at(text, end));
        matches!(before, b'"' | b'\'' | b'`') && matches!(after, b'"' | b'\'' | b'`')
    }
}

/// Whether a text holds a stretch of what was written.
fn holds_any(written: &Block<()>, text: &str) -> bool {
    const STRETCH: usize = 6;
    if written.text_bytes() == 0 {
        return false;
    }
    let text = normalise(text).text.into_bytes();
    let words = text.iter().filter(|byte| crate::normal::is_word(**byte)).count();
    let mut places = (0..text.len()).filter(|at| begins(&text, *at));
    places.any(|at| {
        let length = written.longest(&text, at, true).map_or(0, |(length, ())| length);
        length >= STRETCH || (length > 0 && length == words)
    })
}
