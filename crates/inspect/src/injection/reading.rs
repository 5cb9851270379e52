//! A text read for its instructions: sentences with what they show, and the windows to judge.

use std::ops::Range;

use super::features::{self, Seen};
use super::lexicon::{Sign, Signs};
use super::sentences::{sentences, windows};

/// How much of a text is looked at to tell its form.
const FORM_BYTES: usize = 2048;
/// A sentence up to this length speaks with two words.
const SHORT_BYTES: usize = 24;
/// Fewer words say nothing to anybody.
const MIN_WORDS: u32 = 2;

/// What is judged as one: a sentence alone, or a window of neighbours.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Indices into [`Reading::sentences`].
    pub sentences: Range<usize>,
    pub seen: Seen,
}

#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub sentences: Vec<Range<usize>>,
    pub candidates: Vec<Candidate>,
}

impl Reading {
    /// The bytes of a candidate.
    pub fn range(&self, candidate: &Candidate) -> Range<usize> {
        let first = self.sentences.get(candidate.sentences.start).map_or(0, |first| first.start);
        let last = self.sentences.get(candidate.sentences.end.saturating_sub(1));
        first..last.map_or(first, |last| last.end)
    }
}

/// Reads a text; `gram` gets the index of each sentence with each of its hashed features.
pub fn read(text: &str, mut gram: impl FnMut(usize, usize)) -> Reading {
    read_with(text, |at, sentence| features::read(sentence, &mut |slot| gram(at, slot)))
}

/// Reads a text; `one` reads each sentence, of which it gets the index.
pub(super) fn read_with(text: &str, mut one: impl FnMut(usize, &str) -> Seen) -> Reading {
    let sentences = sentences(text);
    let form = form(text);
    let mut seen: Vec<Seen> = Vec::with_capacity(sentences.len());
    for (at, range) in sentences.iter().enumerate() {
        let sentence = text.get(range.clone()).unwrap_or_default();
        if !speaks(sentence) {
            seen.push(Seen::default());
            continue;
        }
        let mut what = one(at, sentence);
        what.signs = what.signs.with(form).with(place(text, range, at, sentences.len()));
        seen.push(what);
    }
    let candidates = candidates(&sentences, &seen);
    Reading { sentences, candidates }
}

/// Whether it can be a sentence at all: two spaces, or letters of other scripts, or mark-up. Most
/// of what records hold is passed over here.
fn speaks(sentence: &str) -> bool {
    if sentence.len() <= SHORT_BYTES {
        // Most of what records hold, so without a branch for each byte.
        let is_sign = |byte: u8| matches!(byte, b' ' | b'\n' | b'<' | 0x80..);
        return sentence.bytes().fold(false, |any, byte| any | is_sign(byte));
    }
    let mut spaces = 0;
    for byte in sentence.bytes() {
        match byte {
            b' ' | b'\n' => spaces += 1,
            b'<' | 0x80.. => return true,
            _ => {}
        }
        if spaces >= MIN_WORDS {
            return true;
        }
    }
    false
}

fn candidates(sentences: &[Range<usize>], seen: &[Seen]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::with_capacity(sentences.len() * 2);
    for window in windows(sentences) {
        let all = seen.get(window.clone()).unwrap_or_default();
        let speaking = all.iter().filter(|one| one.words > 0).count();
        if speaking > 1 {
            let seen = all.iter().fold(Seen::default(), |sum, one| sum.and(*one));
            found.push(Candidate { sentences: window, seen });
        }
    }
    let alone = seen.iter().enumerate().filter(|(_, one)| one.words >= MIN_WORDS);
    found.extend(alone.map(|(at, one)| Candidate { sentences: at..at + 1, seen: *one }));
    found
}

/// Where the sentence stands.
fn place(text: &str, range: &Range<usize>, at: usize, count: usize) -> Signs {
    let mut signs = Signs::default();
    if at == 0 {
        signs.add(Sign::First);
    }
    if at + 1 == count {
        signs.add(if count == 1 { Sign::Alone } else { Sign::Last });
    }
    let bytes = text.as_bytes();
    let before = range.start.checked_sub(1).and_then(|before| bytes.get(before));
    if before.is_none_or(|byte| *byte == b'\n')
        && bytes.get(range.end).is_none_or(|byte| *byte == b'\n')
    {
        signs.add(Sign::OwnLine);
    }
    signs
}

/// Bits of each of the five counts of [`form`], which are summed up in one number.
const COUNT_BITS: u32 = 12;

const _: () = assert!(FORM_BYTES < 1 << COUNT_BITS && 5 * COUNT_BITS <= u64::BITS);

/// The kinds of bytes that pairs are made of.
static FORM_KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let all = [b"\"'", b"::", b"  ", b"<<", b"//", b";{", b"))", b"\n\n", b"((", b"||"];
    let mut kind = 0;
    while kind < all.len() {
        kinds[all[kind][0] as usize] = kind as u8 + 1;
        kinds[all[kind][1] as usize] = kind as u8 + 1;
        kind += 1;
    }
    kinds
};

/// What a pair of kinds counts for.
static FORM_COUNTS: [[u64; 16]; 16] = {
    const QUOTE: usize = 1;
    const COLON: usize = 2;
    const SPACE: usize = 3;
    const OPEN_TAG: usize = 4;
    const SLASH: usize = 5;
    const END: usize = 6;
    const CLOSE: usize = 7;
    const FEED: usize = 8;
    const OPEN: usize = 9;
    const CELL: usize = 10;
    let mut counts = [[0; 16]; 16];
    counts[FEED] = [1 << (4 * COUNT_BITS); 16];
    counts[QUOTE][COLON] = 2;
    counts[COLON][SPACE] = 1;
    counts[OPEN_TAG][SLASH] = 1 << COUNT_BITS;
    counts[END][FEED] = 1 << (2 * COUNT_BITS);
    counts[CLOSE][FEED] = 1 << (2 * COUNT_BITS);
    counts[OPEN][CLOSE] = 1 << (2 * COUNT_BITS);
    counts[SPACE][CELL] = 1 << (3 * COUNT_BITS);
    counts
};

/// What kind of text it is: records, mark-up, code, a table, or none of these.
fn form(text: &str) -> Signs {
    let head = text.as_bytes();
    let head = head.get(..FORM_BYTES.min(head.len())).unwrap_or_default();
    // Without a branch for each: pairs come as they come.
    let (mut sum, mut last) = (0, 0);
    for byte in head {
        let kind = usize::from(FORM_KINDS[usize::from(*byte)] & 15);
        sum += FORM_COUNTS[last][kind];
        last = kind;
    }
    let count = |at: u32| sum >> (at * COUNT_BITS) & ((1 << COUNT_BITS) - 1);
    let counts = [0, 1, 2, 3, 4].map(count);
    let [fields, tags, code, cells, lines] = counts;
    let mut signs = Signs::default();
    let some = [
        (fields >= 3 && fields * 2 > lines, Sign::InFields),
        (tags >= 2, Sign::InMarkup),
        (code >= 2, Sign::InCode),
        (cells >= 4, Sign::InTable),
    ];
    some.into_iter().filter(|(shows, _)| *shows).for_each(|(_, sign)| signs.add(sign));
    signs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_over_what_is_no_sentence() {
        let reading =
            read(r#"{"id": "a8f3", "city": "Oslo", "note": "Send it to me now."}"#, |_, _| {});
        assert!(reading.candidates.iter().all(|one| one.seen.signs.has(Sign::InFields)));
        let alone: Vec<_> =
            reading.candidates.iter().filter(|one| one.sentences.len() == 1).collect();
        assert_eq!(alone.len(), 1);
    }

    #[test]
    fn knows_places() {
        let reading = read("One is here now.\nTwo is here now.\nThree is here now.", |_, _| {});
        let signs: Vec<Signs> = reading
            .candidates
            .iter()
            .filter(|one| one.sentences.len() == 1)
            .map(|one| one.seen.signs)
            .collect();
        assert!(signs[0].has(Sign::First) && signs[2].has(Sign::Last));
        assert!(signs.iter().all(|signs| signs.has(Sign::OwnLine)));
    }
}
