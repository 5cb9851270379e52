//! Finds characters that carry what nobody sees.
//!
//! Rows of one sort of invisible characters are found in segments of at most [`SEGMENT`] characters,
//! so that a stream need never hold a longer one: a segment that goes on from another is judged as
//! part of it.

mod manifest;

use crate::detectors::Cargo;
use crate::engine::Rules;
use crate::engine::resolve::Candidate;
use crate::views::fold::{self, Fold, is_foreign_lookalike, selector};
use crate::views::utf8;
pub(crate) use manifest::Wrapper;

/// Characters of one finding.
pub(crate) const SEGMENT: usize = 256;

/// Zero-width characters in a row: fewer stand in ordinary text, left by editors and mail.
const MIN_ZERO_WIDTH: usize = 6;

/// Longer words are not looked at, in bytes.
pub(crate) const WORD_BYTES: usize = 64;

/// Letters of the shortest mixed word that is no unit or formula.
const MIN_LETTERS: usize = 4;

/// Sorts of characters that stand in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Tag,
    Selector,
    ZeroWidth,
    Bidi,
}

impl Sort {
    #[inline]
    pub(crate) fn of(character: char) -> Option<Self> {
        Some(match character {
            '\u{e0000}'..='\u{e007f}' => Self::Tag,
            _ if selector(character).is_some() => Self::Selector,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Self::Bidi,
            '\u{34f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}'
            | '\u{feff}'
            | '\u{ad}'
            | '\u{180e}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{3164}'
            | '\u{ffa0}' => Self::ZeroWidth,
            _ => return None,
        })
    }

    /// The rules that may report a row.
    pub(crate) fn rules(self, rules: &Rules) -> [u16; 2] {
        let of = |cargo: Cargo| rules.smuggled[cargo as usize];
        match self {
            Self::Tag => [of(Cargo::Tags); 2],
            Self::Selector => [of(Cargo::Selectors), of(Cargo::Manifest)],
            Self::ZeroWidth => [of(Cargo::ZeroWidth); 2],
            Self::Bidi => [of(Cargo::Bidi); 2],
        }
    }
}

/// Adds every row and word that begins in `from..to`; the text may go on after `to`. `wrapper` is
/// the manifest that a row before `from` began with, and then the last one before `to`.
pub(crate) fn find(
    rules: &Rules,
    text: &[u8],
    (from, to): (usize, usize),
    wrapper: &mut Wrapper,
    out: &mut Vec<Candidate>,
) {
    let mut at = from;
    while let Some(place) = utf8::next_high(text, at).filter(|place| *place < to + WORD_BYTES) {
        if let Some(end) = plain_words(text, place) {
            at = end;
            continue;
        }
        let Some((character, length)) = utf8::at(text, place) else {
            at = place + 1;
            continue;
        };
        at = place + length;
        if let Some(sort) = Sort::of(character) {
            let segment = segment(text, place, sort);
            at = segment.end;
            if place < to {
                let cargo = judge(text, place, &segment, sort, wrapper);
                out.extend(cargo.map(|cargo| candidate(rules, place..segment.end, cargo)));
            }
        } else if is_foreign_lookalike(character) {
            let word = word(text, place);
            at = word.end.max(at);
            if (from..to).contains(&word.start) && is_disguised(text, &word) {
                out.push(candidate(rules, word, Cargo::Homoglyphs));
            }
        }
    }
}

/// Where letters of one foreign script end that begin at a place, if nothing of ASCII is glued to them:
/// a word of these alone hides nothing.
#[inline]
fn plain_words(text: &[u8], at: usize) -> Option<usize> {
    let end = at + utf8::foreign_run(text, at);
    let parts = |byte: Option<&u8>| {
        byte.is_none_or(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric())
    };
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    (end > at && parts(before) && parts(text.get(end))).then_some(end)
}

fn candidate(rules: &Rules, range: std::ops::Range<usize>, cargo: Cargo) -> Candidate {
    Candidate::new(range.start, range.end, rules.smuggled[cargo as usize])
}

struct Segment {
    end: usize,
    characters: usize,
    has_override: bool,
}

fn segment(text: &[u8], start: usize, sort: Sort) -> Segment {
    let mut segment = Segment { end: start, characters: 0, has_override: false };
    while segment.characters < SEGMENT
        && let Some((character, length)) = utf8::at(text, segment.end)
        && Sort::of(character) == Some(sort)
    {
        segment.end += length;
        segment.characters += 1;
        segment.has_override |= matches!(character, '\u{202d}' | '\u{202e}');
    }
    segment
}

fn judge(
    text: &[u8],
    start: usize,
    segment: &Segment,
    sort: Sort,
    wrapper: &mut Wrapper,
) -> Option<Cargo> {
    let before = utf8::before(text, start);
    let goes_on = before.is_some_and(|before| Sort::of(before) == Some(sort));
    match sort {
        Sort::Tag => {
            let row = text.get(start..segment.end)?;
            let is_flag = before == Some('\u{1f3f4}') && FLAGS.iter().any(|f| f.as_bytes() == row);
            (!is_flag).then_some(Cargo::Tags)
        }
        Sort::Selector if wrapper.holds(text, start, goes_on, segment) => Some(Cargo::Manifest),
        Sort::Selector if goes_on => Some(Cargo::Selectors),
        Sort::Selector => {
            let varies = before.is_some_and(|base| may_vary(base, text, start));
            (segment.characters > 1 || !varies).then_some(Cargo::Selectors)
        }
        Sort::ZeroWidth => {
            (goes_on || segment.characters >= MIN_ZERO_WIDTH).then_some(Cargo::ZeroWidth)
        }
        Sort::Bidi => segment.has_override.then_some(Cargo::Bidi),
    }
}

/// England, Scotland and Wales, after a black flag: all that are in use (UTS 51, annex C).
const FLAGS: [&str; 3] = [
    "\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

/// Whether one selector may stand after a character: keycaps have one after a digit, nothing else
/// of ASCII does.
fn may_vary(base: char, text: &[u8], start: usize) -> bool {
    let is_emoji_style = utf8::at(text, start)
        .is_some_and(|(one, _)| matches!(one, '\u{fe00}' | '\u{fe0e}' | '\u{fe0f}'));
    !base.is_ascii() || (matches!(base, '0'..='9' | '#' | '*') && is_emoji_style)
}

/// The letters and digits around a place, no further than [`WORD_BYTES`] to each side.
fn word(text: &[u8], at: usize) -> std::ops::Range<usize> {
    let start = word_start(text, at);
    let mut end = at;
    while end < at + WORD_BYTES
        && let Some((character, length)) = utf8::at(text, end)
        && is_letter(character)
    {
        end += length;
    }
    start..end
}

/// Where the word that reaches `end` begins; a longer one is cut.
pub(crate) fn word_start(text: &[u8], end: usize) -> usize {
    // Nearly all words are of ASCII alone.
    let window = &text[end.saturating_sub(WORD_BYTES)..end];
    let ascii = window.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let mut start = end - ascii;
    while start + WORD_BYTES > end
        && let Some(character) = utf8::before(text, start)
        && is_letter(character)
    {
        start -= character.len_utf8();
    }
    start + usize::from(start < end && is_escaped(text, start))
}

/// Whether the letter at a place belongs to an escape of JSON (`\n`).
fn is_escaped(text: &[u8], at: usize) -> bool {
    text.get(..at).is_some_and(|before| before.ends_with(b"\\"))
        && text.get(at).is_some_and(|letter| b"nrtbf".contains(letter))
}

fn is_letter(character: char) -> bool {
    matches!(character, '\u{410}'..='\u{44f}') || character.is_alphanumeric()
}

/// A word of ASCII letters and of others that look like them, and of nothing else.
fn is_disguised(text: &[u8], word: &std::ops::Range<usize>) -> bool {
    if word.len() >= WORD_BYTES {
        return false;
    }
    let Some(word) = text.get(word.clone()).filter(|word| word.iter().any(u8::is_ascii_alphabetic))
    else {
        return false;
    };
    let Ok(word) = std::str::from_utf8(word) else { return false };
    let reads_latin = |c: char| {
        c.is_ascii_alphabetic() || (is_foreign_lookalike(c) && fold::fold(c) != Fold::Keep)
    };
    word.chars().count() >= MIN_LETTERS && word.chars().all(reads_latin)
}

#[cfg(test)]
mod tests {
    use crate::{Direction, Engine, Settings};

    fn kinds(text: &str) -> Vec<String> {
        let engine = Engine::compile(&Settings::default()).unwrap();
        let mut found = Vec::new();
        engine.scan(Direction::Request, text.as_bytes(), &mut found);
        found.iter().map(|m| engine.detector(m.detector).name().to_owned()).collect()
    }

    #[test]
    fn what_is_smuggled_is_found() {
        assert_eq!(kinds("hi\u{e0068}\u{e0069}"), ["unicode_tags"]);
        assert_eq!(kinds("\u{1f3f4}\u{e0068}\u{e0069}\u{e007f}"), ["unicode_tags"]);
        assert_eq!(kinds("\u{1f600}\u{fe01}\u{e0101}"), ["variation_selectors"]);
        assert_eq!(kinds("a\u{fe01}b\u{fe02}"), ["variation_selectors"; 2]);
        assert_eq!(kinds("a\u{200b}\u{200c}\u{200b}\u{200c}\u{2060}\u{feff}b"), ["zero_width"]);
        assert_eq!(kinds("user\u{202e}\u{2066}nimda"), ["bidi_override"]);
        assert_eq!(kinds("enter your p\u{430}\u{455}sword"), ["homoglyphs"]);
        assert_eq!(kinds(&"\u{e0041}".repeat(600)), ["unicode_tags"; 3]);
        assert_eq!(kinds(&"\u{200b}".repeat(258)), ["zero_width"; 2]);
    }

    #[test]
    fn what_scripts_and_emoji_need_is_not() {
        for text in [
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f466} \u{2764}\u{fe0f}\u{200d}\u{1f525}",
            "1\u{fe0f}\u{20e3} #\u{fe0f}\u{20e3} \u{845b}\u{e0100}",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645} \u{915}\u{94d}\u{200d}\u{937}",
            "\u{feff}start, soft\u{ad}hyphen and a\u{200b}break",
            "\u{2067}\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{2069} \u{202b}\u{627}\u{644}\u{202c}",
            "COVID-\u{430}\u{43c} IT-\u{43e}\u{442}\u{434}\u{435}\u{43b} \u{3b1}-test 10 \u{3bc}m \u{394}t p\u{3b1}",
        ] {
            assert_eq!(kinds(text), [""; 0], "{text}");
        }
    }
}
