//! The scanner of a channel whose text arrives in pieces.

use crate::engine::{Direction, Engine, Match};

/// State of one channel. See [`Stream::push`].
#[derive(Debug)]
pub struct Stream {
    direction: Direction,
    text: Vec<u8>,
}

impl Stream {
    pub(crate) fn new(direction: Direction) -> Self {
        Self { direction, text: Vec::new() }
    }

    /// Takes the next piece. Returns the channel offset before which all decisions are final.
    pub fn push(&mut self, _engine: &Engine, text: &[u8], _out: &mut Vec<Match>) -> usize {
        self.text.extend_from_slice(text);
        0
    }

    /// The channel has ended: decides all that is left.
    pub fn finish(&mut self, engine: &Engine, out: &mut Vec<Match>) -> usize {
        engine.scan(self.direction, &self.text, out);
        self.text.len()
    }
}
