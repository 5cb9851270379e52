//! Events that wait in line, and the pieces of text that they carry.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use inspect::document::{self, Edit};
use inspect::json;

use crate::llm::walk::slice;

/// An event that waits, with the pieces of text that it carries.
pub(super) struct Event {
    pub(super) raw: Bytes,
    /// The event as it came, where `raw` is another way to write the same.
    pub(super) original: Option<Bytes>,
    pub(super) pieces: Vec<Piece>,
    pub(super) edits: Vec<Edit>,
    /// The line came that ends it.
    pub(super) is_whole: bool,
}

/// A piece of a channel's text in an event.
pub(super) struct Piece {
    pub(super) channel: usize,
    /// Where the piece lies in the channel's text.
    pub(super) text: Range<usize>,
    /// Where it lies in the event.
    pub(super) raw: Range<usize>,
    pub(super) form: Form,
}

/// How a text is written in its event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A line of its own, as it is.
    Plain,
    /// In a JSON string, without escapes.
    Quoted,
    /// In a JSON string with escapes, which offsets must be led through.
    Escaped,
}

impl Piece {
    /// Where a part of the channel's text lies in the event's bytes.
    pub(super) fn raw_of(&self, event: &[u8], text: Range<usize>) -> Range<usize> {
        let inner = text.start - self.text.start..text.end - self.text.start;
        let inner = match self.form {
            Form::Escaped => json::decode(slice(event, &self.raw)).raw_range(inner),
            Form::Plain | Form::Quoted => inner,
        };
        self.raw.start + inner.start..self.raw.start + inner.end
    }
}

impl Event {
    /// An event as it came, with a buffer to put its pieces into.
    pub(super) fn new(raw: Bytes, pieces: Vec<Piece>) -> Self {
        Self { raw, original: None, pieces, edits: Vec::new(), is_whole: true }
    }

    pub(super) fn into_bytes(mut self) -> Bytes {
        if self.edits.is_empty() {
            return self.original.unwrap_or(self.raw);
        }
        self.edits.sort_by_key(|edit| edit.range.start);
        document::apply(&self.raw, &self.edits).into()
    }
}

/// What leaves: one piece as it is, several joined.
#[derive(Default)]
pub(super) struct Out {
    first: Bytes,
    joined: BytesMut,
}

impl Out {
    pub(super) fn push(&mut self, bytes: Bytes) {
        if self.first.is_empty() && self.joined.is_empty() {
            self.first = bytes;
            return;
        }
        self.joined.extend_from_slice(&std::mem::take(&mut self.first));
        self.joined.extend_from_slice(&bytes);
    }

    pub(super) fn join(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.freeze() }
    }
}
