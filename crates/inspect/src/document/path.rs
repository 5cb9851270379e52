//! Where in a document one stands.

use std::{borrow::Cow, fmt::Write as _};

use crate::json::{Kind, Token, decode};

/// Bytes of a rendered path; a longer one ends in three dots.
pub const MAX_PATH_BYTES: usize = 256;

/// Bytes of one key in a rendered path.
const MAX_KEY_BYTES: usize = 64;

#[derive(Clone, Copy, Debug)]
enum Segment {
    Key { start: usize, end: usize },
    Index(usize),
}

/// Keeps the path of the value that the next token belongs to.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    segments: Vec<Segment>,
}

impl Tracker {
    /// Before the token's value is looked at: a key names it.
    #[inline]
    pub(super) fn before(&mut self, token: &Token) {
        if token.kind == Kind::Key
            && let Some(last) = self.segments.last_mut()
        {
            *last = Segment::Key { start: token.range.start, end: token.range.end };
        }
    }

    /// After it: containers open and close, the next item of an array is due.
    #[inline]
    pub(super) fn after(&mut self, token: &Token) {
        match token.kind {
            Kind::ObjectStart => self.segments.push(Segment::Key { start: 0, end: 0 }),
            Kind::ArrayStart => self.segments.push(Segment::Index(0)),
            Kind::Key => {}
            Kind::ObjectEnd | Kind::ArrayEnd => {
                self.segments.pop();
                self.advance();
            }
            _ => self.advance(),
        }
    }

    #[inline]
    fn advance(&mut self) {
        if let Some(Segment::Index(index)) = self.segments.last_mut() {
            *index += 1;
        }
    }

    #[inline]
    pub(super) fn path<'a>(&'a self, text: &'a [u8]) -> Path<'a> {
        Path { text, segments: &self.segments }
    }
}

/// The path of a leaf. Rendered only when asked to.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    text: &'a [u8],
    segments: &'a [Segment],
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A key, decoded.
    Key(Cow<'a, [u8]>),
    /// From 0.
    Index(usize),
}

impl<'a> Path<'a> {
    /// How many steps lead here; 0 for the whole body.
    #[inline]
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// The steps from the root.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = Step<'a>> {
        let text = self.text;
        self.segments.iter().map(move |segment| step(text, *segment))
    }

    /// Whether the path is exactly these keys; `*` stands for any step, key or index.
    #[inline]
    pub fn is(&self, keys: &[&str]) -> bool {
        self.segments.len() == keys.len()
            && self.steps().zip(keys).all(|(step, key)| match step {
                _ if *key == "*" => true,
                Step::Key(found) => *found == *key.as_bytes(),
                Step::Index(_) => false,
            })
    }

    /// Renders the path. Keys that start at one of the `hidden` offsets held a finding and are not
    /// shown; what is not a plain character is shown as `?`.
    pub(super) fn render(&self, hidden: &[usize]) -> String {
        let mut out = String::new();
        for segment in self.segments {
            match segment {
                Segment::Index(index) => {
                    let _ = write!(out, "[{index}]");
                }
                Segment::Key { start, .. } if hidden.contains(start) => push(&mut out, b"[hidden]"),
                Segment::Key { .. } => {
                    if let Step::Key(key) = step(self.text, *segment) {
                        push(&mut out, &key);
                    }
                }
            }
            if out.len() > MAX_PATH_BYTES {
                break;
            }
        }
        clip(out)
    }
}

/// Rendered whole, for a reader who may see every key of it.
impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(&[]))
    }
}

/// Cuts a path that became too long.
pub(super) fn clip(mut path: String) -> String {
    if path.len() > MAX_PATH_BYTES {
        // Paths are ASCII, so any place is a boundary.
        path.truncate(MAX_PATH_BYTES - 3);
        path.push_str("...");
    }
    path
}

fn push(out: &mut String, key: &[u8]) {
    if !out.is_empty() {
        out.push('.');
    }
    for byte in key.iter().take(MAX_KEY_BYTES) {
        let plain = byte.is_ascii_alphanumeric() || b"_-/$@:+[]".contains(byte);
        out.push(if plain { char::from(*byte) } else { '?' });
    }
    if key.len() > MAX_KEY_BYTES {
        out.push('~');
    }
}

fn step(text: &[u8], segment: Segment) -> Step<'_> {
    match segment {
        Segment::Index(index) => Step::Index(index),
        Segment::Key { start, end } => {
            Step::Key(decode(text.get(start..end).unwrap_or_default()).text)
        }
    }
}
