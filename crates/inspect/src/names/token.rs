//! A text as tokens: words, numbers, marks, ends of lines; links and addresses of mail in one piece.

use super::fold::{SEED, fold, step};
use super::lists;

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Form {
    /// Letters in lower case, or of a script without case.
    Lower,
    /// A capital, then small letters.
    Title,
    Upper,
    /// One capital.
    Initial,
    /// Capitals within: `McDonald`, `readFile`.
    Camel,
    Digits,
    /// Letters and digits: `12b`, `SW1A`.
    Mixed,
    /// With an underscore: a name in code.
    Identifier,
    /// A URL or a mail address.
    Link,
    Mark,
    /// The end of a line, or several.
    Break,
}

/// One token, with all that the features need of its characters.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub start: usize,
    pub end: usize,
    pub form: Form,
    /// The hash of the folded word; of the shape for numbers, of the character for marks.
    pub word: u32,
    /// Hashes of the last two, three and four letters and of the first three.
    pub ends: [u32; 4],
    /// The gazetteers that hold it, as bits of [`lists`].
    pub lists: u32,
    /// Characters, at most 255.
    pub length: u8,
    /// Whether a character that is no blank stands directly before it, and directly after it.
    pub glued: [bool; 2],
}

impl Token {
    pub(super) fn is_word(&self) -> bool {
        (self.form as u8) <= Form::Camel as u8
    }

    pub(super) fn has_capital(&self) -> bool {
        matches!(self.form, Form::Title | Form::Upper | Form::Initial | Form::Camel)
    }

    pub(super) fn is_mark(&self, mark: char) -> bool {
        self.form == Form::Mark && self.word == mark_word(mark)
    }
}

/// What stands for the word of a mark.
fn mark_word(mark: char) -> u32 {
    mark as u32 | 1 << 31
}

/// Letters of a word that are hashed; what is longer is no name.
const MAX_LETTERS: usize = 40;

/// The longest link that is seen as one.
const MAX_LINK: usize = 2048;

/// The tokens of a text, in order.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0, chunk_end: 0 }
}

/// See [`tokens`].
#[derive(Debug)]
pub struct Tokens<'t> {
    text: &'t str,
    at: usize,
    /// Up to where the run without blanks was looked at for a link.
    chunk_end: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.at + blanks(self.text.as_bytes().get(self.at..)?);
        let rest = self.text.get(start..)?;
        let first = rest.chars().next()?;
        let mut token = if let Some(length) = self.link(start, rest) {
            bare(start, length, Form::Link, SEED)
        } else if let Some(length) = line_end(rest) {
            bare(start, length, Form::Break, SEED)
        } else if is_word(first) {
            word(start, rest)
        } else {
            bare(start, first.len_utf8(), Form::Mark, mark_word(first))
        };
        token.glued = self.glue(&token);
        self.at = token.end;
        Some(token)
    }
}

impl Tokens<'_> {
    /// The length of the link that begins here. Each run without blanks is searched once.
    fn link(&mut self, start: usize, rest: &str) -> Option<usize> {
        if start < self.chunk_end {
            return None;
        }
        let is_end = |b: &u8| b.is_ascii_whitespace() || b"\"'<>()[]{},;`|\\".contains(b);
        let bytes = rest.as_bytes();
        let window = bytes.get(..MAX_LINK).unwrap_or(bytes);
        let mut length = window.iter().position(is_end).unwrap_or(window.len());
        while !rest.is_char_boundary(length) {
            length -= 1;
        }
        self.chunk_end = start + length;
        let chunk = bytes.get(..length)?;
        let is_link = memchr::memchr2(b'@', b':', chunk).is_some_and(|at| {
            chunk.get(at) == Some(&b'@') || chunk.get(at..at + 3) == Some(b"://")
        });
        let is_link = is_link || chunk.starts_with(b"www.");
        let trailing = chunk.iter().rev().take_while(|b| b".:!?".contains(b)).count();
        (is_link && length > trailing + 3).then_some(length - trailing)
    }

    fn glue(&self, token: &Token) -> [bool; 2] {
        let bytes = self.text.as_bytes();
        let is_solid = |b: Option<&u8>| b.is_some_and(|b| !b.is_ascii_whitespace());
        let before = token.start.checked_sub(1).and_then(|at| bytes.get(at));
        [is_solid(before), is_solid(bytes.get(token.end))]
    }
}

/// The blanks at the start, without line ends.
fn blanks(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// The length of the line ends at the start with the blanks between, written raw or escaped.
fn line_end(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut length = 0;
    loop {
        let at = length + blanks(bytes.get(length..)?);
        length = match bytes.get(at..) {
            Some([b'\n' | b'\r', ..]) => at + 1,
            Some([b'\\', b'n' | b'r', ..]) => at + 2,
            _ => return (length > 0).then_some(length),
        };
    }
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || (!letter.is_ascii() && is_letter(letter))
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || is_combining(letter)
}

fn is_combining(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

fn bare(start: usize, length: usize, form: Form, word: u32) -> Token {
    let length_seen = u8::try_from(length).unwrap_or(u8::MAX);
    Token {
        start,
        end: start + length,
        form,
        word,
        ends: [0; 4],
        lists: 0,
        length: length_seen,
        glued: [false; 2],
    }
}

/// What is counted while a word is read.
#[derive(Default)]
struct Seen {
    lower: usize,
    upper: usize,
    digits: usize,
    marks: usize,
    is_capital_first: bool,
}

impl Seen {
    fn note(&mut self, letter: char) {
        if letter.is_numeric() {
            self.digits += 1;
        } else if letter == '_' {
            self.marks += 1;
        } else if letter.is_uppercase() {
            self.is_capital_first |= self.lower + self.upper + self.digits == 0;
            self.upper += 1;
        } else {
            self.lower += 1;
        }
    }

    fn form(&self) -> Form {
        match (self.lower, self.upper, self.digits) {
            _ if self.marks > 0 => Form::Identifier,
            (0, 0, _) => Form::Digits,
            (_, _, 1..) => Form::Mixed,
            (_, 0, 0) => Form::Lower,
            (0, 1, 0) => Form::Initial,
            (0, _, 0) => Form::Upper,
            (_, 1, 0) if self.is_capital_first => Form::Title,
            _ => Form::Camel,
        }
    }
}

/// The word, number or name in code at the start.
fn word(start: usize, rest: &str) -> Token {
    let mut seen = Seen::default();
    let mut folded = ['\0'; MAX_LETTERS];
    let mut count = 0;
    let mut length = 0;
    for letter in rest.chars().take_while(|c| is_word(*c)) {
        length += letter.len_utf8();
        if is_combining(letter) {
            continue;
        }
        seen.note(letter);
        if let Some(place) = folded.get_mut(count) {
            *place = if letter.is_ascii_digit() { '0' } else { fold(letter) };
        }
        count += 1;
    }
    let letters = folded.get(..count.min(MAX_LETTERS)).unwrap_or(&folded);
    let form = seen.form();
    let hash = letters.iter().copied().fold(SEED, step);
    let mut token = bare(start, length, form, hash);
    token.length = u8::try_from(count).unwrap_or(u8::MAX);
    token.ends = ends(letters);
    token.lists = lists::of_word(hash, form, letters, token.ends[1]);
    token
}

fn ends(letters: &[char]) -> [u32; 4] {
    let last = |n: usize| {
        let from = letters.len().saturating_sub(n);
        letters.iter().skip(from).copied().fold(SEED, step)
    };
    [last(2), last(3), last(4), letters.iter().take(3).copied().fold(SEED, step)]
}

#[cfg(test)]
mod tests;
