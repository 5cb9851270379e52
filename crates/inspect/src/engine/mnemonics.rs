//! Finds the words from which a wallet can be made again (BIP 39): twelve to twenty-four of a list,
//! of which the last says whether the others are right.
//!
//! A look at every [`STRIDE`] bytes finds a word of the list or dismisses the stretch. So that prose
//! flows, a stream does not hold words before the third in a row, and the finding begins with it;
//! the words before say 22 of at least 128 bits.

mod words;

use std::ops::Range;

use crate::detectors::class;
use crate::engine::resolve::Candidate;
pub(crate) use words::phrase;
use words::{
    COUNTS, LONGEST, SHORTEST, is_phrase, letters_at, letters_before, may_be, may_become,
    may_seem_to_become, place,
};

/// Words of a phrase that are never held, and never masked.
pub(crate) const LEAD: usize = 2;

/// The most between two words: a blank, a line's end and a number, a comma and quotation marks.
pub(crate) const GAP_BYTES: usize = 8;

/// The same in JSON whose escapes are unresolved.
pub(crate) const RAW_GAP_BYTES: usize = 2 * GAP_BYTES;

/// Shorter than what is found of the shortest phrase.
const STRIDE: usize = 32;

/// Words of the longest phrase.
const MOST: usize = COUNTS[0];

/// Words of the shortest.
const FEWEST: usize = COUNTS[COUNTS.len() - 1];

/// A phrase in which words change more seldom is none: one in a million drawn ones does.
const MIN_CHANGES: usize = 4;

static BETWEEN: [bool; 256] = class(" \t\r\n,;.:_|\"'[](){}/\\*#0-9-");
static LETTER: [bool; 256] = class("a-zA-Z");

/// A word that may be one of the list: few are not.
#[derive(Clone, Copy, Debug)]
struct Word {
    start: usize,
    end: usize,
}

impl Word {
    fn place(&self, text: &[u8]) -> Option<u16> {
        place(text.get(self.start..)?, self.end - self.start)
    }
}

/// Adds every phrase of which the finding begins in `from..to`; the text may go on after `to`.
pub(crate) fn find(
    rule: u16,
    text: &[u8],
    range: Range<usize>,
    most_gap: usize,
    out: &mut Vec<Candidate>,
) {
    let last = text.len().min(range.end + STRIDE);
    let mut at = range.start;
    while at < last {
        let word = word_around(text, at, most_gap);
        if let Some(run) = word.map(|word| run_around(text, word, &range, most_gap)) {
            if run.len() >= FEWEST {
                let chained = run.chunk_by(|_, word| word.place(text).is_some());
                chained.for_each(|run| judge((rule, text), run, &range, out));
            }
            at = run.last().map_or(at, |word| word.end);
        }
        at += STRIDE;
    }
}

/// Whether letters are a word of the list.
pub(crate) fn is_word(letters: &[u8]) -> bool {
    place(letters, letters.len()).is_some()
}

/// The words around one that matter for what begins in a range.
fn run_around(text: &[u8], word: Word, range: &Range<usize>, most_gap: usize) -> Vec<Word> {
    let mut run = Vec::new();
    let mut first = word.start;
    while (run.len() < LEAD || first >= range.start)
        && let Some(before) = word_before(text, first, most_gap)
    {
        first = before.start;
        run.push(before);
    }
    run.reverse();
    run.push(word);
    let mut end = word.end;
    while (run.len() < MOST || run[run.len() - MOST + LEAD].start < range.end)
        && let Some(next) = word_after(text, end, most_gap)
    {
        end = next.end;
        run.push(next);
    }
    run
}

/// Adds the longest phrase that begins at each word of a run.
fn judge((rule, text): (u16, &[u8]), run: &[Word], range: &Range<usize>, out: &mut Vec<Candidate>) {
    // A run may begin with what is no word of the list.
    let skipped = run.iter().take_while(|word| word.place(text).is_none()).count();
    let run = run.get(skipped..).unwrap_or_default();
    let places: Vec<u16> = run.iter().filter_map(|word| word.place(text)).collect();
    if places.len() < FEWEST || places.len() != run.len() {
        return;
    }
    let changes = changes(&places);
    for begin in 0..run.len().saturating_sub(LEAD) {
        let start = run[begin + LEAD].start;
        let last = (begin + MOST).min(run.len()) - 1;
        // What goes on with one word or two is no phrase, and may go on for long.
        if !range.contains(&start) || changes[last] - changes[begin] < MIN_CHANGES {
            continue;
        }
        let fits = |count: &usize| places.get(begin..begin + count).is_some_and(is_phrase);
        if let Some(count) = COUNTS.into_iter().find(fits) {
            out.push(Candidate::new(start, run[begin + count - 1].end, rule));
        }
    }
}

/// How often, up to each place, a word was another than the one before it.
fn changes(places: &[u16]) -> Vec<usize> {
    let mut count = 0;
    let mut before = places.first();
    let change = |place| {
        count += usize::from(before != Some(place));
        before = Some(place);
        count
    };
    places.iter().map(change).collect()
}

/// The words of the list, one after the other, that reach the end of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// How many they are, at most those of the longest phrase; one that has only begun counts.
    pub(crate) words: usize,
    /// From where on they could still become a phrase, the first of them left out.
    pub(crate) open: Option<usize>,
}

/// Whether a phrase may end in `new` bytes that come after so many words of the list.
#[inline]
pub(crate) fn may_end(words: usize, new: usize) -> bool {
    // All other words stand in them, and blanks between.
    new + 1 >= FEWEST.saturating_sub(words) * (SHORTEST + 1)
}

/// The row of words at the end of a text. Most are told to be short by a sieve, which takes some
/// others for words of the list.
pub(crate) fn row(text: &[u8]) -> Row {
    let letters = text.iter().rev().take(LONGEST + 1).take_while(|b| LETTER[usize::from(**b)]);
    let mut start = text.len() - letters.count();
    start += usize::from(is_escape(text, start));
    let cut_off = &text[start..];
    let is_open = cut_off.is_empty() || begins(text, start) && may_seem_to_become(cut_off);
    if !is_open {
        return Row { words: 0, open: None };
    }
    let row = row_before(text, start, |_| true);
    if row.open.is_none() || !(cut_off.is_empty() || may_become(cut_off)) {
        return Row { open: None, ..row };
    }
    row_before(text, start, |word| word.place(text).is_some())
}

/// The row that the words before a place make with what begins there.
fn row_before(text: &[u8], start: usize, is_of_list: impl Fn(&Word) -> bool) -> Row {
    let mut starts = [start; MOST];
    let mut words = 1;
    while words < MOST
        && let Some(before) = word_before(text, starts[words - 1], GAP_BYTES)
        && is_of_list(&before)
    {
        starts[words] = before.start;
        words += 1;
    }
    let third = words.checked_sub(1 + LEAD).map(|third| starts[third]);
    Row { words, open: third.filter(|third| *third < text.len()) }
}

/// The word at a place, or the first after it.
fn word_around(text: &[u8], at: usize, most_gap: usize) -> Option<Word> {
    if !LETTER[usize::from(*text.get(at)?)] || is_escape(text, at) {
        return word_after(text, at, most_gap);
    }
    let start = at - letters_before(&text[..at]);
    word_at(text, start + usize::from(is_escape(text, start)))
}

/// The next word, if only what may stand between words comes before it.
fn word_after(text: &[u8], at: usize, most_gap: usize) -> Option<Word> {
    let rest = text.get(at..)?;
    let gap = (0..rest.len().min(most_gap + 1)).find(|gap| !is_between(text, at + gap))?;
    word_at(text, at + gap)
}

/// The word that ends before the gap before a place.
fn word_before(text: &[u8], at: usize, most_gap: usize) -> Option<Word> {
    let mut end = at;
    while end > 0 && is_between(text, end - 1) {
        end -= 1;
        if at - end > most_gap {
            return None;
        }
    }
    let mut length = letters_before(&text[..end]);
    // One more than any word has, and it is none.
    length += usize::from(
        length == LONGEST && end > length && LETTER[usize::from(text[end - length - 1])],
    );
    let start = end - length;
    let start = start + usize::from(length > 0 && is_escape(text, start));
    (end < at).then(|| word_at(text, start))?
}

fn word_at(text: &[u8], start: usize) -> Option<Word> {
    let rest = text.get(start..)?;
    let length = letters_at(rest);
    let is_word = may_be(rest, length) && begins(text, start);
    is_word.then_some(Word { start, end: start + length })
}

/// Whether what stands before a place may stand between words.
fn begins(text: &[u8], at: usize) -> bool {
    at == 0
        || is_between(text, at - 1)
        || (b' '..0x7f).contains(&text[at - 1]) && !LETTER[usize::from(text[at - 1])]
}

fn is_between(text: &[u8], at: usize) -> bool {
    BETWEEN[usize::from(text[at])] || is_escape(text, at)
}

/// Whether a letter is that of an escape, such as `\n`.
fn is_escape(text: &[u8], at: usize) -> bool {
    matches!(text.get(..=at), Some([.., b'\\', b'n' | b'r' | b't']))
}

#[cfg(test)]
mod tests;
