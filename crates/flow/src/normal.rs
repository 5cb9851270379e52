//! Text in the form in which it is compared: composed, in lower case, blanks as one space, nothing
//! invisible.

use unicode_normalization::{UnicodeNormalization, is_nfkc};

/// Parts two leaves of a memory from each other; normal text has no control characters.
pub(crate) const SEPARATOR: u8 = 1;

/// Normal text, and whether making it so changed more than case and blanks.
pub(crate) struct Normal {
    pub(crate) text: String,
    /// Two values that are not plain may read the same and still be two.
    pub(crate) is_plain: bool,
}

pub(crate) fn normalise(text: &str) -> Normal {
    let (mut out, is_plain) = if text.is_ascii() { of_ascii(text) } else { of_any(text) };
    if out.ends_with(' ') {
        out.pop();
    }
    Normal { text: out, is_plain }
}

fn of_any(text: &str) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let whole = text.nfkc().flat_map(char::to_lowercase);
    let plain = whole.fold(true, |plain, letter| plain & push(&mut out, letter));
    (out, plain && is_nfkc(text))
}

/// What [`push`] does, a word at a time.
fn of_ascii(text: &str) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|letter: char| !letter.is_ascii_graphic()) {
        if !word.is_empty() {
            blank(&mut out);
            out.push_str(word);
        }
    }
    out.make_ascii_lowercase();
    let is_plain = |byte: u8| byte.is_ascii_graphic() || b" \t\n\r".contains(&byte);
    (out, text.bytes().all(is_plain))
}

/// Adds a character in its normal form; false where it was neither kept nor a blank.
fn push(out: &mut String, letter: char) -> bool {
    match letter {
        ' ' | '\t' | '\n' | '\r' => {
            blank(out);
            true
        }
        '!'..='~' => {
            out.push(letter.to_ascii_lowercase());
            true
        }
        letter if letter.is_alphanumeric() => {
            out.push(letter);
            true
        }
        letter if is_invisible(letter) => false,
        // Words between quotation marks are a name, whatever the marks.
        '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{300c}' | '\u{300d}' => {
            out.push('"');
            false
        }
        // Dashes and the like: they end a word and are no part of one.
        _ => {
            blank(out);
            false
        }
    }
}

fn blank(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

/// Characters that take no room: joiners, marks of direction, selectors, tags.
pub(crate) fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a byte of normal text belongs to a word.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Whether a word may be cut between two of its bytes: where digits begin or end.
pub(crate) fn is_turn(before: u8, after: u8) -> bool {
    before.is_ascii_digit() != after.is_ascii_digit()
}

pub(crate) fn byte_at(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(SEPARATOR)
}

/// The byte before a place; the separator at the start.
pub(crate) fn byte_before(text: &[u8], at: usize) -> u8 {
    at.checked_sub(1).map_or(SEPARATOR, |at| byte_at(text, at))
}

/// Whether a word, or a part of one that is all digits or none, begins here.
pub(crate) fn begins(text: &[u8], at: usize) -> bool {
    let (before, here) = (byte_before(text, at), byte_at(text, at));
    is_word(here) && (!is_word(before) || is_turn(before, here))
}

/// The end of the word that begins here.
pub(crate) fn word_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| is_word(**byte)).count()
}

/// The end of the digits, or of the letters, that begin here.
pub(crate) fn run_end(text: &[u8], at: usize) -> usize {
    let digits = byte_at(text, at).is_ascii_digit();
    let rest = text.get(at..).unwrap_or_default();
    let same = |byte: &&u8| is_word(**byte) && byte.is_ascii_digit() == digits;
    at + rest.iter().take_while(same).count()
}

/// How many bytes of a text belong to words.
pub(crate) fn word_bytes(text: &[u8]) -> usize {
    text.iter().filter(|byte| is_word(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_blanks_and_width_are_one() {
        let normal = normalise("  Ｐay\u{200b}  “Bob”\n");
        assert_eq!(normal.text, "pay \"bob\"");
        assert!(!normal.is_plain);
        assert!(normalise("Sarah.Connor@Example.com ").is_plain);
        assert!(normalise("Straße 5").is_plain);
    }

    #[test]
    fn what_is_invisible_is_no_plain_value() {
        assert!(!normalise("bob\u{200d}@example.com").is_plain);
        assert!(!normalise("b\u{e0041}ob").is_plain);
    }

    #[test]
    fn letters_of_one_byte_read_as_any_letters_do() {
        let every: String = (0..128_u8).map(char::from).collect();
        for text in [&every, " A  b\t\nC ", "a\u{0}b", "\u{7f}", ""] {
            let (any, ascii) = (of_any(text), of_ascii(text));
            assert_eq!((any.0.trim_end(), any.1), (ascii.0.trim_end(), ascii.1), "{text:?}");
        }
    }

    #[test]
    fn digits_begin_a_part_of_a_word() {
        let text = b"ab12 c";
        let begun: Vec<usize> = (0..text.len()).filter(|at| begins(text, *at)).collect();
        assert_eq!(begun, [0, 2, 5]);
    }
}
