//! Letters that stand apart: `i g n o r e`, `p.a.s.s`, one a line. Between letters that are set apart in
//! one way, a sign that is as well is part of what they spell: `k e y _ 4 f`.

use std::ops::Range;

use crate::blocks;

/// Fewer are initials.
const MIN_LETTERS: usize = 5;

/// A longer gap ends the row; a shorter one between words is a space.
const MAX_GAP: usize = 4;

const LETTER: u8 = 1;
const GAP: u8 = 2;

/// What stands alone, and what may stand between.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let one = byte as u8;
        classes[byte] = if one.is_ascii_alphanumeric() {
            LETTER
        } else if matches!(
            one,
            b' ' | b'.' | b'-' | b'_' | b'*' | b'|' | b',' | b'/' | b'~' | b'+' | b'\n'
        ) {
            GAP
        } else {
            0
        };
        byte += 1;
    }
    classes
};

fn class(text: &[u8], at: usize) -> u8 {
    text.get(at).map_or(0, |byte| CLASSES[usize::from(*byte)])
}

/// A row of single letters, and the text that they spell.
#[derive(Debug)]
pub(super) struct Spaced {
    pub(super) range: Range<usize>,
    pub(super) text: Vec<u8>,
}

/// Places inside of rows, one at least in each; also where JSON hides a letter of the row behind an
/// escape.
pub(super) fn places(text: &[u8]) -> impl Iterator<Item = usize> {
    blocks::places_by_two(text, (is_letter, is_gap), |letters, gaps| rows(letters, gaps) & SAMPLED)
        .map(move |at| at + usize::from(class(text, at) == GAP))
        .filter(move |at| may_spell(text, *at))
}

/// A row of five letters holds one of every four places with four more behind it.
const SAMPLED: u64 = 0x1111_1111_1111_1111;

/// Where five letters and gaps in turn begin.
#[inline(always)]
fn rows(letters: u128, gaps: u128) -> u64 {
    let turns = letters & gaps >> 1 | gaps & letters >> 1;
    let two = turns & turns >> 1;
    (two & two >> 2) as u64
}

/// As [`CLASSES`] has it, without a look into a table.
#[inline]
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

#[inline]
fn is_gap(byte: u8) -> bool {
    matches!(byte, b'*'..=b'/' | b' ' | b'_' | b'|' | b'~' | b'\n')
}

/// Whether enough letters stand alone around a letter between two gaps or before one: prose has
/// one, seldom two. In JSON as it stands the first of a row may look like the end of an escape.
fn may_spell(text: &[u8], at: usize) -> bool {
    const ENOUGH: usize = MIN_LETTERS - 1;
    let is_alone = at.checked_sub(1).is_none_or(|before| class(text, before) != LETTER);
    let after = singles(|steps| text.get(at + steps).map_or(0, |byte| CLASSES[usize::from(*byte)]));
    let before = singles(|steps| at.checked_sub(steps).map_or(0, |place| class(text, place)));
    usize::from(is_alone) + after + before >= ENOUGH
}

/// How many letters stand alone one after the other on one side of a letter, as far as that matters.
fn singles(class: impl Fn(usize) -> u8) -> usize {
    let (mut count, mut at) = (0, 0);
    while count < MIN_LETTERS {
        let gap = (1..=MAX_GAP).take_while(|step| class(at + step) == GAP).count();
        let next = at + gap + 1;
        if gap == 0 || class(next) != LETTER || class(next + 1) == LETTER {
            break;
        }
        count += 1;
        at = next;
    }
    count
}

/// Every row, in order.
pub(super) fn find(text: &[u8]) -> Vec<Spaced> {
    let mut found: Vec<Spaced> = Vec::new();
    for place in places(text) {
        if found.last().is_some_and(|last| place < last.range.end) {
            continue;
        }
        let floor = found.last().map_or(0, |last| last.range.end);
        found.extend(row(text, first_letter(text, place, floor)));
    }
    found
}

/// The first letter of the row that holds `at`.
fn first_letter(text: &[u8], mut at: usize, floor: usize) -> usize {
    while at >= floor + 2
        && class(text, at - 1) == GAP
        && class(text, at - 2) == LETTER
        && (at < 3 || class(text, at - 3) != LETTER)
    {
        at -= 2;
    }
    at
}

/// Reads a row from its first letter on. All gaps are of one kind.
fn row(text: &[u8], start: usize) -> Option<Spaced> {
    let separator = *text.get(start + 1)?;
    let mut spelled = vec![*text.get(start)?];
    let mut end = start + 1;
    loop {
        let gap =
            text.get(end..)?.iter().take(MAX_GAP + 1).take_while(|b| **b == separator).count();
        let next = end + gap;
        let is_single = class(text, next) == LETTER && class(text, next + 1) != LETTER;
        if gap == 0 || gap > MAX_GAP || !(is_single || gap == 1 && is_sign(text, next)) {
            break;
        }
        match gap {
            1 => {}
            // The separator itself, set apart as the letters are.
            3 if !separator.is_ascii_whitespace() => spelled.push(separator),
            _ => spelled.push(b' '),
        }
        spelled.push(text[next]);
        end = next + 1;
    }
    is_spelled(&spelled).then_some(Spaced { range: start..end, text: spelled })
}

/// Whether a sign stands between two of the gaps around it, with a letter behind: `_ 4`.
fn is_sign(text: &[u8], at: usize) -> bool {
    let [before, sign, after] = [at.wrapping_sub(1), at, at + 1].map(|at| text.get(at).copied());
    sign.is_some_and(|sign| sign.is_ascii_punctuation())
        && before == after
        && text.get(at + 2).is_some_and(u8::is_ascii_graphic)
        && class(text, at + 3) != LETTER
}

/// Rows of digits are columns of a table, and those with many signs a calculation.
fn is_spelled(spelled: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| spelled.iter().filter(|byte| is(byte)).count();
    let (letters, signs) = (count(u8::is_ascii_alphabetic), count(u8::is_ascii_punctuation));
    spelled.len() >= MIN_LETTERS && letters * 4 >= spelled.len() && signs * 4 <= spelled.len()
}

/// Whether letters that stand on a line each may begin at the escaped line feed at `feed`, in raw JSON.
pub(super) fn may_be_column(raw: &[u8], feed: usize) -> bool {
    let rows = raw.get(feed..).unwrap_or_default().as_chunks::<3>().0;
    rows.len() >= MIN_LETTERS - 1
        && rows
            .iter()
            .take(MIN_LETTERS - 1)
            .all(|row| matches!(row, [b'\\', b'n', letter] if letter.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, String)> {
        let show =
            |row: Spaced| (&text[row.range], String::from_utf8_lossy(&row.text).into_owned());
        find(text.as_bytes()).into_iter().map(show).collect()
    }

    #[test]
    fn bytes_are_letters_and_gaps() {
        for byte in 0..=255 {
            let class = CLASSES[usize::from(byte)];
            assert_eq!((is_letter(byte), is_gap(byte)), (class == LETTER, class == GAP));
        }
    }

    #[test]
    fn rows_are_read() {
        let one = |text, range: &'static str, spelled: &str| {
            assert_eq!(found(text), [(range, spelled.to_owned())], "{text}");
        };
        one("now i g n o r e   a l l now", "i g n o r e   a l l", "ignore all");
        one("p.a.s.s.w", "p.a.s.s.w", "passw");
        one("the _k_e_y_s_t_ are", "k_e_y_s_t", "keyst");
        one("so k e y _ 4 f / g.", "k e y _ 4 f / g", "key_4f/g");
        one("k_e_y___4_f_-_g", "k_e_y___4_f_-_g", "key_4f-g");
        one("k-e-y-_-4---f-g-h", "k-e-y-_-4---f-g-h", "key_4-fgh");
        one("now\nk\ne\ny\n4\nf\nand", "k\ne\ny\n4\nf", "key4f");
        for lead in 0..8 {
            let text = format!("{}A K I A 4 T", "-".repeat(lead));
            assert!(found(&text).iter().any(|(_, spelled)| spelled == "AKIA4T"), "{text}");
        }
    }

    #[test]
    fn prose_has_no_places() {
        let text = "In a house I saw a cat, a dog & a hen; plan B is a walk. J. R. R. Tolkien";
        assert_eq!(places(text.as_bytes()).count(), 0);
        let raw = r"\nA K I A 4 T and \tp.a.s.s.w";
        assert!(places(raw.as_bytes()).count() > 1);
    }

    #[test]
    fn prose_initials_and_tables_are_none() {
        for text in
            ["a b c", "J. R. R. Tolkien was a man I met", "1 2 3 4 5 6 7 8 9", "i = a + b - c / d"]
        {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
