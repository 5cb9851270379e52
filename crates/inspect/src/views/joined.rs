//! Values in pieces that a program or a reader puts together: literals that are added up
//! (`"abc" + "def"`), lines that go on after a backslash, words that are wrapped at a width.
//!
//! A *joint* is what stands between two pieces. It is taken out only where what comes of it is long
//! enough for a value, and a wrapped line only where both sides look like one and the line is full or
//! a credential has begun in it.

use std::ops::Range;

use super::{beginnings, spaced};
use crate::blocks;
use crate::detectors::{Class, TOKEN, class};

/// Pieces that come to less are no value.
const MIN_VALUE: usize = 16;

/// Blank space between two literals, and the indentation of a line.
const MAX_BLANK: usize = 64;
const MAX_INDENT: usize = 32;

/// Backslashes before a quote or the letter of a blank: of code in code.
const MAX_SLASHES: usize = 3;

/// Lines that may have been wrapped are as wide as this.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=120;

/// A word that is wrapped has at least this many characters before the break.
const MIN_BEFORE: usize = 8;

/// How much of a piece is looked at.
const MAX_PIECE: usize = 256;

/// What puts literals together, the longest first; side by side does as well.
const OPERATORS: [&[u8]; 6] = [b"..", b"||", b"<>", b"+", b".", b"&"];

/// What may follow the quote that ends a piece.
static GOES_ON: Class = class("\\ \t\r\n\"'`.|<+&");

/// How a text is written: as it is, or as the inside of JSON's strings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Plain,
    Raw,
}

impl Written {
    /// Twice as many backslashes stand for one, and one more for what follows.
    fn slashes(self) -> usize {
        if self == Self::Raw { 2 * MAX_SLASHES + 1 } else { MAX_SLASHES }
    }

    fn blank(self) -> usize {
        if self == Self::Raw { MAX_BLANK * (MAX_SLASHES + 1) * 2 } else { MAX_BLANK }
    }
}

fn is_piece(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|byte| TOKEN[usize::from(*byte)])
}

fn slashes(text: &[u8], at: usize, most: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().take(most).take_while(|byte| **byte == b'\\').count()
}

/// Where blank space ends that begins at `at`; escapes of it count, and lines that go on.
fn past_blank(text: &[u8], at: usize, written: Written) -> usize {
    let end = at + written.blank();
    let mut at = at;
    while at < end {
        let slashes = slashes(text, at, written.slashes() + 1);
        match text.get(at + slashes) {
            Some(b' ' | b'\t') if slashes == 0 => at += 1,
            Some(b'\r' | b'\n') => at += slashes + 1,
            Some(b'n' | b't' | b'r') if (1..=written.slashes()).contains(&slashes) => {
                at += slashes + 1;
            }
            _ => break,
        }
    }
    at
}

/// Whether a piece may end with the quote at `at`: most quotes are told by what stands behind them.
#[inline]
fn may_go_on(text: &[u8], at: usize) -> bool {
    text.get(at + 1).is_some_and(|byte| GOES_ON[usize::from(*byte)])
}

/// The joint that begins with the quote at `at`.
fn literals(text: &[u8], at: usize, written: Written) -> Option<Range<usize>> {
    if !may_go_on(text, at) {
        return None;
    }
    let before = text.get(..at)?.iter().rev().take(written.slashes());
    let start = at - before.take_while(|byte| **byte == b'\\').count();
    if start == 0 || !is_piece(text, start - 1) {
        return None;
    }
    let mut next = past_blank(text, at + 1, written);
    let rest = text.get(next..)?;
    let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator));
    next = past_blank(text, next + operator.map_or(0, <[u8]>::len), written);
    // Python marks a literal with a letter.
    let is_marked = operator.is_some() && matches!(text.get(next), Some(b'f' | b'r' | b'b' | b'u'));
    next += usize::from(is_marked);
    next += slashes(text, next, written.slashes());
    let is_quote = matches!(text.get(next), Some(b'"' | b'\'' | b'`'));
    (is_quote && is_piece(text, next + 1)).then_some(start..next + 1)
}

/// Where the words of an item of a list begin.
fn past_marker(text: &[u8], at: usize) -> usize {
    let is_item = matches!(text.get(at..), Some([b'-' | b'*' | b'+', b' ', ..]));
    at + if is_item { 2 } else { 0 }
}

/// The joint around the line feed at `feed`, whose line begins at `line`.
fn broken(text: &[u8], line: usize, feed: usize) -> Option<Range<usize>> {
    let end = feed - usize::from(text.get(feed.checked_sub(1)?) == Some(&b'\r'));
    let indent = |from: usize| {
        let rest = text.get(from..).unwrap_or_default().iter().take(MAX_INDENT);
        rest.take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    };
    let indented = feed + 1 + indent(feed + 1);
    let next = past_marker(text, indented);
    if !is_piece(text, next) {
        return None;
    }
    if matches!(text.get(end.checked_sub(1)?), Some(b'\\' | b'^' | b'`')) {
        return is_piece(text, end.checked_sub(2)?).then_some(end - 1..next);
    }
    let before = end - piece_before(text, end);
    if end - before < MIN_BEFORE {
        return None;
    }
    let is_full = WIDTHS.contains(&(end - line)) && indent(line) == next - feed - 1;
    let is_one =
        (is_full || beginnings::is_begun(&text[before..end])) && is_wrapped(text, end, next);
    is_one.then_some(end..next)
}

/// Whether the word that ends at `end` may go on at `next`: both sides have letters, and digits are
/// about. What is a name of its own, such as that of a variable, is no rest of a word.
fn is_wrapped(text: &[u8], end: usize, next: usize) -> bool {
    let before = &text[end - piece_before(text, end)..end];
    let after = &text[next..next + piece_after(text, next)];
    let has_letter = |piece: &[u8]| piece.iter().any(u8::is_ascii_alphabetic);
    let has_digit = |piece: &[u8]| piece.iter().any(u8::is_ascii_digit);
    let padding = after.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let is_named = after[..after.len() - padding].iter().any(|byte| b":=".contains(byte));
    before.len() >= MIN_BEFORE
        && has_letter(before)
        && has_letter(after)
        && has_digit(before)
        && (has_digit(after) || after.len() >= MIN_VALUE)
        && !is_named
}

fn piece_before(text: &[u8], end: usize) -> usize {
    let before = text.get(..end).unwrap_or_default().iter().rev().take(MAX_PIECE);
    before.take_while(|byte| TOKEN[usize::from(**byte)]).count()
}

fn piece_after(text: &[u8], start: usize) -> usize {
    let after = text.get(start..).unwrap_or_default().iter().take(MAX_PIECE);
    after.take_while(|byte| TOKEN[usize::from(**byte)]).count()
}

/// Every joint of two pieces that make a value, in order and apart.
pub(super) fn find(text: &[u8]) -> Vec<Range<usize>> {
    let mut joints: Vec<Range<usize>> = Vec::new();
    // In JSON and code a quote comes every few bytes.
    let is_quote = |byte| matches!(byte, b'"' | b'\'' | b'`');
    let quotes = blocks::places_where(text, is_quote, |at| may_go_on(text, at));
    joints.extend(quotes.filter_map(|at| literals(text, at, Written::Plain)));
    let mut line = 0;
    for feed in memchr::memchr_iter(b'\n', text) {
        joints.extend(broken(text, line, feed));
        line = feed + 1;
    }
    joints.sort_by_key(|joint| joint.start);
    joints.dedup_by(|later, first| later.start < first.end);
    long_enough(text, joints)
}

/// The joints of chains whose pieces come to enough together.
fn long_enough(text: &[u8], joints: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut kept = Vec::new();
    let mut chain: Vec<Range<usize>> = Vec::new();
    let mut length = 0;
    let mut close = |chain: &mut Vec<Range<usize>>, length: usize| {
        let last = chain.last().map_or(0, |joint| piece_after(text, joint.end));
        let is_value = length + last >= MIN_VALUE;
        kept.extend(chain.drain(..).filter(|_| is_value));
    };
    for joint in joints {
        let between = chain.last().map(|last| last.end..joint.start);
        let piece = between.and_then(|range| text.get(range));
        match piece.filter(|piece| piece.iter().all(|byte| TOKEN[usize::from(*byte)])) {
            Some(piece) => length += piece.len(),
            None => {
                close(&mut chain, length);
                length = piece_before(text, joint.start);
            }
        }
        chain.push(joint);
    }
    close(&mut chain, length);
    kept
}

/// Places in raw JSON in whose strings there may be any: more than there are, never fewer.
pub(super) fn places(raw: &[u8]) -> impl Iterator<Item = usize> {
    let after = |at: &usize| raw.get(at + 1).copied();
    let escapes = memchr::memchr_iter(b'\\', raw).filter(move |at| match after(at) {
        Some(b'"') => literals(raw, at + 1, Written::Raw).is_some(),
        Some(b'n') => may_break(raw, *at) || spaced::may_be_column(raw, *at),
        _ => false,
    });
    let quotes = memchr::memchr2_iter(b'\'', b'`', raw);
    escapes.chain(quotes.filter(|at| literals(raw, *at, Written::Raw).is_some()))
}

/// Whether the escaped line feed at `feed` may break a value.
fn may_break(raw: &[u8], feed: usize) -> bool {
    let before = raw.get(..feed).unwrap_or_default();
    let before = before.strip_suffix(b"\\r").unwrap_or(before);
    let next = past_marker(raw, past_blank(raw, feed + 2, Written::Raw));
    is_piece(raw, next)
        && match before.last() {
            Some(b'\\' | b'^' | b'`') => true,
            Some(_) => is_wrapped(raw, before.len(), next),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> String {
        let mut out = text.to_owned();
        for joint in find(text.as_bytes()).into_iter().rev() {
            out.replace_range(joint, "");
        }
        out
    }

    #[test]
    fn literals_and_lines_are_put_together() {
        for (text, expected) in [
            (r#"k = "abcdefgh12" + "34567890""#, r#"k = "abcdefgh1234567890""#),
            (r#"k = "abcdefgh12" \n  "34567890""#, r#"k = "abcdefgh1234567890""#),
            ("k = (\"abcdefgh12\"\n     \"34567890\")", "k = (\"abcdefgh1234567890\")"),
            ("$k = 'abcdefgh12' . '34567890';", "$k = 'abcdefgh1234567890';"),
            (
                "k = \"ab\"+\"cd\"+\"ef\"+\"gh\"+\"ij\"+\"kl\"+\"mn\"+\"op\"",
                "k = \"abcdefghijklmnop\"",
            ),
            ("k = \\\"abcdefgh12\\\" + f\\\"34567890\\\"", "k = \\\"abcdefgh1234567890\\\""),
            ("curl -H key:abcdefgh\\\n    12345678 x", "curl -H key:abcdefgh12345678 x"),
            ("set K=abcdefgh^\r\n12345678", "set K=abcdefgh12345678"),
        ] {
            assert_eq!(joined(text), expected, "{text}");
        }
    }

    #[test]
    fn a_word_wrapped_at_a_width_is_put_together() {
        let key = "a1b2c3d4e5f6g7h8j9".repeat(9);
        for width in [64, 76] {
            for head in ["", "Authorization: Bearer "] {
                let whole = format!("{head}{key}");
                let lines: Vec<_> =
                    whole.as_bytes().chunks(width).map(String::from_utf8_lossy).collect();
                for (feed, after) in [("\n", ""), ("\r\n", "\r\nGoodbye")] {
                    assert_eq!(
                        joined(&format!("{}{after}", lines.join(feed))),
                        format!("{whole}{after}")
                    );
                }
            }
        }
    }

    #[test]
    fn what_only_stands_side_by_side_stays_apart() {
        let wide = "a1b2c3d4".repeat(9);
        for text in [
            r#"{"abcdefgh12":"34567890abc","x":["abcdefgh12","34567890abc"]}"#.to_owned(),
            r#"say("abc" + "def")"#.to_owned(),
            "abcdefgh12\n34567890abc".to_owned(),
            format!("ONE_KEY={wide}\nTWO_KEY=12345abcdef67890\n"),
            format!("one: {wide}\ntwo: 12345abcdef67890\n"),
            format!("export ONE={wide}\nexport\n"),
            format!("{}2024-01-05\n100234,x", "x,".repeat(30)),
        ] {
            assert_eq!(joined(&text), text);
        }
    }
}
