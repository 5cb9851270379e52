//! Values that are split over members of an object: `{"first": "ghp_…", "rest": "…"}`.
//!
//! Most strings of a body are members, and most of them end and begin with letters, so a seam between
//! two of them (see [`super::seams`]) is looked at only where something is known to run over it: a
//! format's prefix stands in the run of characters that reaches the seam, or over it, or what stands
//! there decodes to text. Each byte is looked at once, whatever the pieces.

use super::seams::{MIN_RUN, Pieces, head_run, tail_run};
use crate::Engine;
use crate::json::Token;
use crate::views::packed;

/// What is looked at on each side of a seam for a prefix that stands over it; none is longer.
const REACH: usize = 24;

/// The pieces whose characters run on into each other, as far as they have been read.
#[derive(Default)]
pub(super) struct Members {
    chain: Vec<Token>,
    /// How long the run is that reaches the end of the last.
    run: usize,
    /// Whether a value has begun in it.
    has_begun: bool,
    /// Up to which piece of the chain that is known.
    read: usize,
    /// The end of the run.
    tail: Vec<u8>,
    /// Chains that a value may run through.
    found: Vec<Pieces>,
    /// Whether the chain is one of them.
    is_kept: bool,
}

impl Members {
    /// Takes the next string of an object.
    #[inline]
    pub(super) fn add(&mut self, engine: &Engine, text: &[u8], token: &Token) {
        let bytes = text.get(token.range.clone()).unwrap_or_default();
        if bytes.is_empty() {
            return;
        }
        let head = if self.run == 0 { 0 } else { head_run(bytes) };
        if head > 0 && self.run + head >= MIN_RUN && self.runs_over(engine, text, bytes) {
            self.keep(token);
        }
        let is_whole = head == bytes.len();
        if !is_whole {
            self.begin_anew();
        }
        self.run = tail_run(bytes) + if is_whole { self.run } else { 0 };
        let end = bytes.len().saturating_sub(REACH.min(self.run));
        self.tail.extend_from_slice(bytes.get(end..).unwrap_or_default());
        self.tail.drain(..self.tail.len().saturating_sub(REACH));
        self.chain.push(token.clone());
    }

    /// The chains through which a value may run.
    pub(super) fn into_chains(self) -> Vec<Pieces> {
        self.found
    }

    fn begin_anew(&mut self) {
        self.chain.clear();
        self.tail.clear();
        (self.read, self.has_begun, self.is_kept) = (0, false, false);
    }

    /// Whether a value may run from the chain into the string that comes next.
    fn runs_over(&mut self, engine: &Engine, text: &[u8], next: &[u8]) -> bool {
        for piece in self.chain.get(self.read..).unwrap_or_default() {
            let bytes = text.get(piece.range.clone()).unwrap_or_default();
            let run = bytes.get(bytes.len() - tail_run(bytes)..).unwrap_or_default();
            self.has_begun |= engine.begins_token(run) || run.contains(&b'\\') || is_packed(run);
        }
        self.read = self.chain.len();
        let over = [&self.tail, next.get(..REACH).unwrap_or(next)].concat();
        self.has_begun |= engine.begins_token(&over);
        self.has_begun
    }

    /// Remembers the chain, and what comes next as its last piece.
    fn keep(&mut self, next: &Token) {
        if !self.is_kept {
            let mut pieces = Pieces::default();
            self.chain.iter().for_each(|piece| pieces.add(piece, 0));
            self.found.push(pieces);
            self.is_kept = true;
        }
        if let Some(pieces) = self.found.last_mut() {
            pieces.add(next, 0);
        }
    }
}

/// Whether a run is the beginning of a text in an encoding.
fn is_packed(run: &[u8]) -> bool {
    run.len() >= packed::MIN_RUN && packed::unpack(run, 0..run.len()).is_some()
}
