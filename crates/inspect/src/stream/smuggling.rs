//! The tail of rows of invisible characters and of words of several alphabets.

use super::Asked;
use crate::detectors::Cargo;
use crate::engine::Rules;
use crate::engine::smuggling::{SEGMENT, Sort, WORD_BYTES, word_start};
use crate::views::utf8;

/// `floors` say up to where all has been looked at: for what is recorded, and for what is enforced.
/// A segment that has not ended begins at one of them, or at the start of its row.
pub(super) fn hold(
    rules: &Rules,
    text: &[u8],
    floors: (usize, usize),
    is_enforced: impl Fn(u16) -> bool,
    asked: &mut Asked,
) {
    let end = text.len();
    if let Some(sort) = utf8::before(text, end).and_then(Sort::of) {
        let is_enforced = sort.rules(rules).iter().any(|rule| is_enforced(*rule));
        let floor = if is_enforced { floors.1 } else { floors.0 };
        asked.hold(is_enforced, || Some(open_segment(text, floor, end, sort)));
    }
    asked.hold(is_enforced(rules.smuggled[Cargo::Homoglyphs as usize]), || {
        let word = word_start(text, end);
        (word < end && end - word < WORD_BYTES).then_some(word)
    });
}

/// Where the segment begins that reaches `end` and may go on.
fn open_segment(text: &[u8], floor: usize, end: usize, sort: Sort) -> usize {
    let mut start = end;
    let mut characters = 0;
    while start > floor
        && let Some(character) = utf8::before(text, start)
        && Sort::of(character) == Some(sort)
    {
        start -= character.len_utf8();
        characters += 1;
    }
    for _ in 0..characters / SEGMENT * SEGMENT {
        start += utf8::at(text, start).map_or(0, |(_, length)| length);
    }
    start
}
