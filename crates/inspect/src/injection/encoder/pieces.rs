//! Texts to pieces: words or parts of words, each with the way it is written.
//!
//! Case, accents and look-alike forms (full width, mathematical letters) are folded by a table of the
//! model file; invisible characters are not there at all, so they split nothing. The twin of
//! `evals/injection/encoder/pieces.py`: a difference between the two costs accuracy, not safety.

use std::collections::HashMap;

/// The most pieces that a window is judged by.
pub const MAX_PIECES: usize = 256;
/// The most characters of a window that are read, blanks and invisible ones included.
pub const MAX_CHARS: usize = 16_384;
/// A longer word is no word: a key, a hash, an encoded value.
const MAX_WORD_CHARS: usize = 32;

/// Where the hashes of pieces start that begin a word, and of those that go on with one.
const BEGIN: u64 = 0xcbf2_9ce4_8422_2325;
const WITHIN: u64 = !BEGIN;

const UNKNOWN: u16 = 0;
const START: u16 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) id: u16,
    /// Case (0 lower, 1 mixed, 2 upper) and three times the gap before it (0 none, 1 blank, 2 line).
    pub(super) shape: u8,
}

#[derive(Debug)]
pub(super) struct Pieces {
    /// By the hash of their text and of whether they begin a word: 64 bits, so that a strange word which
    /// is taken for a known one is a thing that does not happen, and would cost one wrong piece.
    ids: HashMap<u64, u16>,
    longest: usize,
    /// Characters that count as another one, and whether they are upper case.
    folds: HashMap<char, (char, bool)>,
}

/// A word in the making.
#[derive(Default)]
struct Word {
    text: String,
    chars: usize,
    upper: usize,
}

impl Pieces {
    /// None yet, with room for so many.
    pub(super) fn with_room(pieces: usize, folds: usize) -> Self {
        let (ids, folds) = (HashMap::with_capacity(pieces), HashMap::with_capacity(folds));
        Self { ids, folds, longest: 0 }
    }

    pub(super) fn add_piece(&mut self, piece: &str, id: u16) {
        self.longest = self.longest.max(piece.chars().count());
        let hash = match piece.strip_prefix("##").filter(|rest| !rest.is_empty()) {
            Some(rest) => hashed(WITHIN, rest),
            None => hashed(BEGIN, piece),
        };
        self.ids.insert(hash, id);
    }

    pub(super) fn add_fold(&mut self, from: char, to: char, is_upper: bool) {
        self.folds.insert(from, (to, is_upper));
    }

    /// At least one piece, at most [`MAX_PIECES`].
    pub(super) fn cut(&self, text: &str) -> Vec<Piece> {
        let mut out = vec![Piece { id: START, shape: 0 }];
        let (mut word, mut gap) = (Word::default(), 2);
        for char in text.chars().take(MAX_CHARS) {
            if out.len() >= MAX_PIECES {
                break;
            }
            if is_space(char) {
                self.finish(&mut word, &mut gap, &mut out);
                gap = if char == '\n' || gap == 2 { 2 } else { 1 };
            } else if !is_invisible(char) {
                let (char, is_upper) = self.folds.get(&char).copied().unwrap_or((char, false));
                if self.is_word(char) {
                    word.push(char, is_upper);
                } else {
                    self.finish(&mut word, &mut gap, &mut out);
                    self.mark(char, &mut gap, &mut out);
                }
            }
        }
        self.finish(&mut word, &mut gap, &mut out);
        out.truncate(MAX_PIECES);
        out
    }

    /// Whether a character, already folded, can be part of a word.
    fn is_word(&self, char: char) -> bool {
        if char.is_ascii() {
            return char.is_ascii_alphanumeric();
        }
        let mut buffer = [0; 4];
        let text = char.encode_utf8(&mut buffer);
        [BEGIN, WITHIN].iter().all(|start| self.ids.contains_key(&hashed(*start, text)))
    }

    /// A character that stands for itself. A run of unknown ones is one piece.
    fn mark(&self, char: char, gap: &mut u8, out: &mut Vec<Piece>) {
        let mut buffer = [0; 4];
        let hash = hashed(BEGIN, char.encode_utf8(&mut buffer));
        let id = self.ids.get(&hash).copied().unwrap_or(UNKNOWN);
        let follows_unknown = *gap == 0 && out.last().is_some_and(|last| last.id == UNKNOWN);
        if id != UNKNOWN || !follows_unknown {
            out.push(Piece { id, shape: 3 * *gap });
            *gap = 0;
        }
    }

    fn finish(&self, word: &mut Word, gap: &mut u8, out: &mut Vec<Piece>) {
        if word.chars == 0 {
            return;
        }
        let first = out.len();
        self.split(word, out);
        let case = word.case();
        for (place, piece) in out.iter_mut().skip(first).enumerate() {
            piece.shape = case + if place == 0 { 3 * *gap } else { 0 };
        }
        *word = Word::default();
        *gap = 0;
    }

    /// The longest piece that fits, again and again.
    fn split(&self, word: &Word, out: &mut Vec<Piece>) {
        let mut push = |id| out.push(Piece { id, shape: 0 });
        if word.chars > MAX_WORD_CHARS {
            return push(UNKNOWN);
        }
        let (mut rest, mut start) = (word.text.as_str(), BEGIN);
        while !rest.is_empty() {
            let (id, length) = self.longest(rest, start);
            push(id);
            rest = rest.get(length..).unwrap_or_default();
            start = WITHIN;
        }
    }

    /// The longest piece that the text begins with, and its length in bytes.
    fn longest(&self, text: &str, start: u64) -> (u16, usize) {
        let first = text.chars().next().map_or(0, char::len_utf8);
        let (mut found, mut hash, mut buffer) = ((UNKNOWN, first), start, [0; 4]);
        for (at, char) in text.char_indices().take(self.longest) {
            hash = hashed(hash, char.encode_utf8(&mut buffer));
            if let Some(id) = self.ids.get(&hash) {
                found = (*id, at + char.len_utf8());
            }
        }
        found
    }
}

/// FNV-1a, which goes on where it stopped.
fn hashed(start: u64, text: &str) -> u64 {
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Word {
    fn push(&mut self, char: char, is_upper: bool) {
        self.chars += 1;
        self.upper += usize::from(is_upper);
        if self.chars <= MAX_WORD_CHARS {
            self.text.push(char);
        }
    }

    fn case(&self) -> u8 {
        match self.upper {
            0 => 0,
            upper if upper == self.chars && upper > 1 => 2,
            _ => 1,
        }
    }
}

fn is_space(char: char) -> bool {
    matches!(char, '\t'..='\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}')
        || matches!(char, '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// Controls, combining marks, zero-width and direction marks, variation selectors, tags.
fn is_invisible(char: char) -> bool {
    matches!(char, '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}')
        || matches!(char, '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}')
        || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}')
        || matches!(char, '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}
