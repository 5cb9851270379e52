//! What a character says to a reader who does not look at code points: look-alikes of ASCII, and
//! characters that nobody sees.

use std::sync::LazyLock;

use unicode_normalization::char::decompose_compatible;

use super::lookalikes::{DIGIT_ZEROS, LOOKALIKES, RANGES};
use super::utf8;

/// What takes a character's place in a normalised text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Itself.
    Keep,
    /// Nothing: it is not seen.
    Nothing,
    /// A byte that a variation selector stands for where several stand in a row.
    Selector(u8),
    /// ASCII, never longer than the character.
    Ascii([u8; 4], u8),
}

impl Fold {
    fn byte(byte: u8) -> Self {
        Self::Ascii([byte, 0, 0, 0], 1)
    }

    pub(crate) fn text(&self) -> &[u8] {
        match self {
            Self::Ascii(bytes, length) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            _ => &[],
        }
    }

    fn is_word(&self) -> bool {
        self.text().iter().any(u8::is_ascii_alphanumeric)
    }
}

/// Whether nothing is seen of a character where it stands alone: format characters, fillers, tags.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
        || selector(character).is_some()
}

/// An accent that is written over the character before it.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

/// The byte that a variation selector stands for in texts that carry data in them.
pub(crate) fn selector(character: char) -> Option<u8> {
    match character {
        '\u{fe00}'..='\u{fe0f}' => Some((character as u32 - 0xfe00) as u8),
        '\u{e0100}'..='\u{e01ef}' => Some((character as u32 - 0xe0100 + 16) as u8),
        _ => None,
    }
}

/// What the character looks like or stands for.
pub(crate) fn fold(character: char) -> Fold {
    let point = character as u32;
    if is_foreign(character) {
        return foreign(character);
    }
    match character {
        '\0'..='\u{7f}'
        | '\u{3001}'
        | '\u{3003}'..='\u{312f}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' => return Fold::Keep,
        '\u{e0020}'..='\u{e007e}' => return Fold::byte((point - 0xe0000) as u8),
        _ => {}
    }
    if let Some(byte) = selector(character) {
        return Fold::Selector(byte);
    }
    if is_invisible(character) || is_mark(character) {
        return Fold::Nothing;
    }
    lookalike(character).or_else(|| compatible(character)).unwrap_or(Fold::Keep)
}

/// The digit that a digit of another script means.
pub(crate) fn digit(character: char) -> Option<u8> {
    let point = character as u32;
    let before = DIGIT_ZEROS.partition_point(|zero| *zero <= point);
    let zero = DIGIT_ZEROS.get(before.checked_sub(1)?)?;
    (point - zero < 10).then(|| b'0' + (point - zero) as u8)
}

static TABLE: LazyLock<Vec<(char, u8)>> = LazyLock::new(|| {
    let pairs = LOOKALIKES.iter().flat_map(|(ascii, all)| all.chars().map(|c| (c, *ascii)));
    let mut table: Vec<(char, u8)> = pairs.collect();
    table.sort_unstable();
    table
});

/// The table of Greek, Cyrillic and Armenian letters: whole texts are made of them.
static FOREIGN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let ascii = |point: u32| {
        let at = TABLE.binary_search_by_key(&point, |(c, _)| *c as u32).ok()?;
        TABLE.get(at).map(|(_, ascii)| *ascii)
    };
    (FIRST_FOREIGN..=LAST_FOREIGN).map(|point| ascii(point).unwrap_or(0)).collect()
});

const FIRST_FOREIGN: u32 = 0x370;
const LAST_FOREIGN: u32 = 0x58f;

fn foreign(character: char) -> Fold {
    let at = (character as u32 - FIRST_FOREIGN) as usize;
    match FOREIGN.get(at) {
        None | Some(0) => Fold::Keep,
        Some(ascii) => Fold::byte(*ascii),
    }
}

fn lookalike(character: char) -> Option<Fold> {
    if let Some(digit) = digit(character) {
        return Some(Fold::byte(digit));
    }
    let point = character as u32;
    if let Some((first, _, ascii)) =
        RANGES.iter().find(|(first, last, _)| (*first..=*last).contains(&point))
    {
        return Some(Fold::byte(ascii + (point - first) as u8));
    }
    let at = TABLE.binary_search_by_key(&character, |(c, _)| *c).ok()?;
    TABLE.get(at).map(|(_, ascii)| Fold::byte(*ascii))
}

/// A letter of another alphabet that looks like a Latin one, not merely one in another style.
pub(crate) fn is_foreign_lookalike(character: char) -> bool {
    matches!(character, '\u{370}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}' | '\u{a4d0}'..='\u{a4ff}')
        && fold(character).is_word()
}

/// The compatibility decomposition (Unicode Standard Annex 15), where it is ASCII and no longer.
fn compatible(character: char) -> Option<Fold> {
    let (mut bytes, mut length, mut fits) = ([0; 4], 0, true);
    decompose_compatible(character, |part| {
        fits &= part.is_ascii() && length < character.len_utf8();
        if let Some(slot) = bytes.get_mut(length) {
            *slot = part as u8;
        }
        length += 1;
    });
    (fits && length > 0).then_some(Fold::Ascii(bytes, length as u8))
}

/// Whether a character beyond ASCII, `length` bytes at `at`, could hide something: folded, the
/// text around it would read otherwise. Letters of their own script do not, nor emoji.
pub(super) fn is_suspect(text: &[u8], at: usize, character: char, length: usize) -> bool {
    if is_plain(character) || (is_foreign(character) && !is_beside_ascii(text, at, length)) {
        return false;
    }
    let before = || utf8::before(text, at);
    let after = || utf8::at(text, at + length).map(|(next, _)| next);
    match fold(character) {
        Fold::Keep => false,
        Fold::Nothing if at == 0 && character == '\u{feff}' => false,
        Fold::Nothing => {
            let touches = |near: char| near.is_ascii_graphic() || is_invisible(near);
            before().is_some_and(touches) || after().is_some_and(touches)
        }
        Fold::Selector(byte) => {
            let is_selector = |near: char| selector(near).is_some();
            before().is_some_and(|near| is_selector(near) || (near.is_ascii_graphic() && byte < 14))
                || after().is_some_and(is_selector)
        }
        Fold::Ascii(bytes, _) => match bytes[0] {
            _ if (0xe0000..0xe0080).contains(&(character as u32)) => true,
            b' ' => digits_around(before(), after()),
            b'-' => before().is_some_and(is_word) && after().is_some_and(is_word),
            first if first.is_ascii_alphanumeric() => {
                is_suspect_letter(text, at, character, length)
            }
            _ => before().is_some_and(is_word) && after().is_some_and(is_word),
        },
    }
}

/// Characters of ordinary text, for which nothing is looked up: letters with accents, ideographs
/// and syllables, the quotes and dashes of typographers.
fn is_plain(character: char) -> bool {
    matches!(character,
        '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{130}' | '\u{3001}'..='\u{312f}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{2013}' | '\u{2014}' | '\u{2018}'..='\u{201e}' | '\u{2022}' | '\u{2026}')
}

/// Whether a text with this character may read otherwise than it is written, whatever is around it.
pub(crate) fn reads_otherwise(character: char) -> bool {
    !is_plain(character) && fold(character) != Fold::Keep
}

/// Greek, Cyrillic and Armenian letters.
fn is_foreign(character: char) -> bool {
    (FIRST_FOREIGN..=LAST_FOREIGN).contains(&(character as u32))
}

/// Whether ASCII's letters, digits or dashes stand beside a character.
fn is_beside_ascii(text: &[u8], at: usize, length: usize) -> bool {
    let is_near = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    at.checked_sub(1).and_then(|before| text.get(before)).is_some_and(is_near)
        || text.get(at + length).is_some_and(is_near)
}

fn is_suspect_letter(text: &[u8], at: usize, character: char, length: usize) -> bool {
    let is_foreign = is_foreign_lookalike(character);
    let near = |near: char| {
        near.is_ascii_alphanumeric() || (!is_foreign && !near.is_ascii() && is_word(near))
    };
    let before = utf8::before(text, at);
    let after = utf8::at(text, at + length).map(|(next, _)| next);
    if before.is_some_and(near) || after.is_some_and(near) {
        return true;
    }
    // `ѕк-ant`: beyond the dash.
    let is_dash = |near: char| matches!(near, '-' | '_' | '.');
    after.is_some_and(is_dash) && text.get(at + length + 1).is_some_and(u8::is_ascii_alphanumeric)
}

/// Letters and digits, and whatever looks like one.
fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || fold(character).is_word() || is_invisible(character)
}

fn digits_around(before: Option<char>, after: Option<char>) -> bool {
    let is_digit = |near: char| near.is_ascii_digit() || digit(near).is_some();
    before.is_some_and(is_digit) && after.is_some_and(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let one = |c: char| match fold(c) {
            Fold::Keep => c.to_string(),
            other => String::from_utf8_lossy(other.text()).into_owned(),
        };
        text.chars().map(one).collect()
    }

    #[test]
    fn look_alikes_become_what_they_look_like() {
        for (text, ascii) in [
            ("\u{455}\u{43a}-\u{430}nt", "sk-ant"),
            ("\u{ff29}\u{ff47}\u{ff4e}\u{ff10}", "Ign0"),
            ("\u{1d422}\u{1d420}\u{1d427}\u{1d7d2}", "ign4"),
            ("\u{24d8}\u{1f158}\u{1f178}\u{1f1ee}", "iIII"),
            ("\u{663}\u{6f3}\u{969}", "333"),
            ("a\u{2011}b\u{2044}c\u{a0}d", "a-b/c d"),
            ("p\u{200b}a\u{200d}s\u{ad}s", "pass"),
            ("\u{e0041}\u{e0062}", "Ab"),
            ("\u{1d00}\u{a731}\u{13aa}\u{a4d0}", "asAB"),
            ("\u{fb01}", "fi"),
        ] {
            assert_eq!(folded(text), ascii);
        }
        let own = "Größe ñandú Привет 你好 한국어 ελληνικά שלום";
        assert!(!folded(own).is_ascii());
        assert_eq!(folded("你好 한국어 Größe שלום"), "你好 한국어 Größe שלום");
    }

    #[test]
    fn nothing_grows() {
        for character in (0..=0x10_ffff).filter_map(char::from_u32) {
            assert!(fold(character).text().len() <= character.len_utf8(), "{character:?}");
        }
    }

    #[test]
    fn ordinary_text_of_any_language_is_not_suspect() {
        let suspects = |text: &str| {
            let suspect = |(at, c): (usize, char)| is_suspect(text.as_bytes(), at, c, c.len_utf8());
            text.char_indices().filter(|(_, c)| !c.is_ascii()).any(suspect)
        };
        for text in [
            "Größe, naïve, señor; “quoted” – or—not…",
            "Привет, как дела? ООО «Ромашка» и IT-отдел",
            "Η γρήγορη αλεπού",
            "你好，世界。①第一",
            "مرحبا بالعالم، می\u{200c}خواهم",
            "हिन्दी में क्\u{200d}ष",
            "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f} 1\u{fe0f}\u{20e3}",
            "\u{feff}hello",
            "10 µm² at 20 ℃ costs 5 €",
        ] {
            assert!(!suspects(text), "{text}");
        }
        for text in [
            "s\u{200b}k",
            "\u{455}k-",
            "\u{455}\u{43a}-ant",
            "\u{ff14}\u{ff11}",
            "\u{e0041}",
            "😀\u{fe01}\u{fe02}",
            "4111\u{a0}1111",
            "sk\u{2011}ant",
            "\u{1d422}\u{1d420}",
        ] {
            assert!(suspects(text), "{text}");
        }
    }
}
