//! Cuts a text into sentences, and groups neighbours into windows.
//!
//! Made for what tools answer: sentences end at punctuation, at blank lines, where a new list item,
//! key or field begins, and at block mark-up. A line that is merely wrapped does not end one.

use std::ops::Range;

use crate::blocks;

/// A sentence that is longer is cut at a space.
pub const MAX_SENTENCE_BYTES: usize = 400;
/// Neighbouring sentences are looked at together while they fit.
pub const WINDOW_BYTES: usize = 256;
/// How far apart the starts of two windows are, at least.
const STRIDE_BYTES: usize = 96;
/// A line that is shorter was not wrapped: its end is meant.
const WRAPPED_BYTES: usize = 50;

/// Tags inside a sentence; every other closing tag ends one.
const INLINE_TAGS: [&[u8]; 9] =
    [b"a>", b"b>", b"i>", b"u>", b"em>", b"strong>", b"code>", b"small>", b"span>"];

/// The sentences of a text, in order, without the white space around them; those without a letter
/// are left out.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut cutter = Cutter { text, found: Vec::new(), start: 0, line: 0 };
    let mut ends = blocks::places(bytes, may_end);
    let mut end = ends.next();
    let mut at = 0;
    loop {
        while end.is_some_and(|end| end < at) {
            end = ends.next();
        }
        let most = (cutter.start + MAX_SENTENCE_BYTES).max(at);
        at = end.unwrap_or(bytes.len()).min(most);
        let Some(&byte) = bytes.get(at) else { break };
        let rest = bytes.get(at..).unwrap_or_default();
        if let Some(length) = cutter.end(byte, at, rest) {
            cutter.cut(at + length);
            at += length;
            continue;
        }
        if at - cutter.start >= MAX_SENTENCE_BYTES {
            cutter.cut_at_space(at);
        }
        at += 1;
    }
    cutter.cut(bytes.len());
    cutter.found
}

/// Bytes at which a sentence may end.
#[inline]
fn may_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\\' | b'.' | b'!' | b'?' | b'"' | b'\'' | b'<' | b'-' | 0xe3 | 0xef)
}

struct Cutter<'t> {
    text: &'t str,
    found: Vec<Range<usize>>,
    start: usize,
    /// Where the line began.
    line: usize,
}

impl Cutter<'_> {
    /// How many of the bytes from here on still belong to a sentence that ends here.
    fn end(&mut self, byte: u8, at: usize, rest: &[u8]) -> Option<usize> {
        match byte {
            b'\n' => self.line_end(at, rest, 1),
            b'\\' if rest.get(1) == Some(&b'n') => self.line_end(at, rest, 2),
            b'.' | b'!' | b'?' => self.full_stop(byte, at, rest),
            b'"' | b'\'' => field_end(rest),
            b'<' => tag_end(rest, at > self.start),
            b'-' if rest.starts_with(b"-->") => Some(3),
            0xe3 | 0xef => wide_full_stop(rest),
            _ => None,
        }
    }

    fn line_end(&mut self, at: usize, rest: &[u8], length: usize) -> Option<usize> {
        let short = at - self.line < WRAPPED_BYTES;
        self.line = at + length;
        let next = rest.get(length..).unwrap_or_default();
        (short || begins_anew(next)).then_some(length)
    }

    fn full_stop(&self, byte: u8, at: usize, rest: &[u8]) -> Option<usize> {
        let mut length = 1;
        while matches!(
            rest.get(length),
            Some(b'.' | b'!' | b'?' | b'"' | b'\'' | b')' | b']' | b'*')
        ) {
            length += 1;
        }
        let ends = rest
            .get(length)
            .is_none_or(|next| next.is_ascii_whitespace() || *next == b'\\' || *next == b'<');
        (ends && (byte != b'.' || !self.is_abbreviation(at))).then_some(length)
    }

    /// Whether the full stop stands after one or two letters or a number at a line's start, as in
    /// "Dr." and "1.".
    fn is_abbreviation(&self, at: usize) -> bool {
        let before = self.text.as_bytes().get(self.start..at).unwrap_or_default();
        let word = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric());
        let (length, first) = word.fold((0, 0), |(length, _), byte| (length + 1, *byte));
        match length {
            0 => false,
            1 => true,
            2 => first.is_ascii_uppercase() || before.len() <= 4,
            _ => false,
        }
    }

    fn cut_at_space(&mut self, at: usize) {
        let piece = self.text.as_bytes().get(self.start..at).unwrap_or_default();
        let space = piece.iter().rposition(u8::is_ascii_whitespace).filter(|&space| space > 0);
        let mut end = space.map_or(at, |space| self.start + space);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        self.cut(end);
    }

    fn cut(&mut self, end: usize) {
        let piece = self.text.get(self.start..end).unwrap_or_default();
        let is_bare = |byte: Option<&u8>| byte.is_some_and(|byte| (b'!'..0x80).contains(byte));
        let (first, last) = (piece.as_bytes().first(), piece.as_bytes().last());
        let trimmed = if is_bare(first) && is_bare(last) { piece } else { piece.trim() };
        if trimmed.bytes().any(|byte| byte.is_ascii_alphabetic() || byte >= 0x80) {
            let from = self.start + (piece.len() - piece.trim_start().len());
            self.found.push(from..from + trimmed.len());
        }
        self.start = end.max(self.start);
    }
}

/// Whether the next line is not the rest of this one: blank, an item, a key, a row, a field.
fn begins_anew(next: &[u8]) -> bool {
    let blank = next.iter().take_while(|byte| **byte == b' ' || **byte == b'\t').count();
    let line = next.get(blank..).unwrap_or_default();
    match line.first() {
        None | Some(b'\n' | b'\r' | b'-' | b'*' | b'#' | b'|' | b'>' | b'<' | b'{' | b'}') => true,
        Some(b'[' | b']' | b'"' | b'\'' | b'+' | b'=' | b'@' | b'/') => true,
        Some(b'\\') => line.get(1) == Some(&b'n'),
        Some(first) => first.is_ascii_digit() || is_key(line),
    }
}

/// Whether a line begins with `key:`.
fn is_key(line: &[u8]) -> bool {
    let name =
        line.iter().take(24).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_');
    let length = name.count();
    length > 0 && line.get(length) == Some(&b':')
}

/// The end of a string in JSON, YAML's flow style or a printed dictionary.
fn field_end(rest: &[u8]) -> Option<usize> {
    match (rest.get(1)?, rest.get(2), rest.get(3)) {
        (b'}' | b']', _, _) => Some(1),
        (b',' | b':', Some(b'"' | b'\'' | b'{' | b'[' | b'\n'), _) => Some(2),
        (b',' | b':', Some(b' '), Some(next)) => {
            (matches!(next, b'"' | b'\'' | b'{' | b'[') || next.is_ascii_digit()).then_some(2)
        }
        _ => None,
    }
}

/// A comment ends what stood before it; a closing block tag ends what it closes.
fn tag_end(rest: &[u8], is_inside: bool) -> Option<usize> {
    if rest.starts_with(b"<!--") {
        return is_inside.then_some(0);
    }
    let name = rest.strip_prefix(b"</")?;
    if INLINE_TAGS.iter().any(|tag| name.starts_with(tag)) {
        return None;
    }
    let length = name.iter().take(24).position(|byte| *byte == b'>')?;
    Some(length + 3)
}

/// The full stops of Chinese and Japanese.
fn wide_full_stop(rest: &[u8]) -> Option<usize> {
    ["。", "！", "？"].iter().any(|stop| rest.starts_with(stop.as_bytes())).then_some(3)
}

/// Runs of neighbouring sentences that fit into [`WINDOW_BYTES`]; a longer sentence is one alone.
/// Each is a range of indices into `sentences`.
pub fn windows(sentences: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let (mut first, mut end) = (0, 0);
    while let Some(start) = sentences.get(first).map(|sentence| sentence.start) {
        end = end.max(first + 1);
        while sentences.get(end).is_some_and(|next| next.end - start <= WINDOW_BYTES) {
            end += 1;
        }
        let reaches_further = found.last().is_none_or(|last| last.end < end);
        if reaches_further {
            found.push(first..end);
        }
        let from = start + STRIDE_BYTES;
        let next = sentences.iter().skip(first + 1).take_while(|next| next.start < from).count();
        first = (first + 1 + next).min(end.max(first + 1));
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn ends_at_full_stops_and_not_at_abbreviations() {
        assert_eq!(cut("Ask Dr. Weber. Then go! Why?"), ["Ask Dr. Weber.", "Then go!", "Why?"]);
        assert_eq!(cut("1. Mix the flour.\n2. Bake."), ["1. Mix the flour.", "2. Bake."]);
    }

    #[test]
    fn joins_wrapped_lines_and_separates_items() {
        let wrapped = "The quick brown fox jumps over the lazy dog while the\n  cat sleeps on.";
        assert_eq!(cut(wrapped).len(), 1);
        assert_eq!(cut("- body: hello there\n- body: good bye").len(), 2);
    }

    #[test]
    fn separates_fields_and_blocks() {
        assert_eq!(cut(r#"{"note": "send it", "to": "me"}"#).len(), 4);
        assert_eq!(cut("<p>One</p><p>Two</p><!-- three -->four").len(), 4);
        assert_eq!(cut("一です。二です。").len(), 2);
    }

    #[test]
    fn every_sentence_is_in_a_window() {
        let text = "One two three four five six. ".repeat(40);
        let found = sentences(&text);
        let windows = windows(&found);
        assert!((0..found.len()).all(|at| windows.iter().any(|window| window.contains(&at))));
        assert!(windows.len() < found.len());
    }

    proptest! {
        #[test]
        fn cuts_any_text(text in "\\PC{0,300}|[a-z .\n\"'<>/:,{}-]{0,900}") {
            let found = sentences(&text);
            let mut last = 0;
            for range in &found {
                prop_assert!(range.start >= last && range.end <= text.len());
                prop_assert!(text.get(range.clone()).is_some());
                prop_assert!(range.len() <= MAX_SENTENCE_BYTES + 64);
                last = range.end;
            }
            let windows = windows(&found);
            for at in 0..found.len() {
                prop_assert!(windows.iter().any(|window| window.contains(&at)));
            }
        }
    }
}
