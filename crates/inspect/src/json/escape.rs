//! Escapes in string content: resolving them, finding one's way back, and writing them.

use std::{borrow::Cow, ops::Range};

/// String content with its escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    pub raw: &'a [u8],
    /// UTF-8 where `raw` is. Borrowed when there was no escape.
    pub text: Cow<'a, [u8]>,
}

impl Decoded<'_> {
    /// The raw bytes that stand for a range of the decoded text: whole escapes, surrogate pairs as
    /// one. Walks from the start; for many ranges use a [`Locator`].
    pub fn raw_range(&self, range: Range<usize>) -> Range<usize> {
        match self.text {
            Cow::Borrowed(_) => range,
            Cow::Owned(_) => Locator::new(self.raw).range(range),
        }
    }
}

/// Resolves the escapes of string content.
///
/// Total: what is not a valid escape stands for itself, so text that only resembles JSON can be
/// looked at in the same way. An unpaired surrogate becomes U+FFFD.
pub fn decode(raw: &[u8]) -> Decoded<'_> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Decoded { raw, text: Cow::Borrowed(raw) };
    }
    let mut text = Vec::with_capacity(raw.len());
    decode_into(raw, &mut text);
    Decoded { raw, text: Cow::Owned(text) }
}

/// Appends the decoded text to `out`, which a caller can use again.
pub fn decode_into(raw: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(rest) = raw.get(at..)
        && let Some(plain) = memchr::memchr(b'\\', rest)
    {
        let (before, escape) = rest.split_at(plain);
        out.extend_from_slice(before);
        let (character, length) = resolve(escape);
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        at += plain + length;
    }
    out.extend_from_slice(raw.get(at..).unwrap_or_default());
}

/// Maps decoded offsets to raw ones. Asked in ascending order it walks the content once.
pub struct Locator<'a> {
    raw: &'a [u8],
    /// Raw and decoded offset of the same place, never inside an escape.
    raw_at: usize,
    decoded_at: usize,
    /// Raw offset of the next backslash, or the end: looked for once, not at each question.
    escape_at: usize,
}

impl<'a> Locator<'a> {
    pub fn new(raw: &'a [u8]) -> Self {
        let escape_at = memchr::memchr(b'\\', raw).unwrap_or(raw.len());
        Self { raw, raw_at: 0, decoded_at: 0, escape_at }
    }

    /// The raw bytes behind a decoded range, whole escapes.
    pub fn range(&mut self, range: Range<usize>) -> Range<usize> {
        let start = self.start_of(range.start);
        if range.end <= range.start {
            return start..start;
        }
        let last = self.start_of(range.end - 1);
        // In a plain run that is one byte; in an escape, all of it.
        let length = match self.raw.get(last..) {
            Some(rest) if rest.first() == Some(&b'\\') => resolve(rest).1,
            _ => 1,
        };
        start..(last + length).min(self.raw.len())
    }

    /// The raw offset of the byte, or of the escape, that holds the decoded offset.
    fn start_of(&mut self, decoded: usize) -> usize {
        if decoded < self.decoded_at {
            *self = Self::new(self.raw);
        }
        loop {
            let plain = self.escape_at - self.raw_at;
            if decoded < self.decoded_at + plain || self.escape_at == self.raw.len() {
                return (self.raw_at + (decoded - self.decoded_at)).min(self.raw.len());
            }
            let (character, length) = resolve(self.raw.get(self.escape_at..).unwrap_or_default());
            let width = character.len_utf8();
            if decoded < self.decoded_at + plain + width {
                return self.escape_at;
            }
            self.raw_at = self.escape_at + length;
            self.decoded_at += plain + width;
            let rest = self.raw.get(self.raw_at..).unwrap_or_default();
            self.escape_at = self.raw_at + memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        }
    }
}

/// The character that the escape at the start of `escape` stands for, and the escape's length.
/// A backslash that begins no valid escape stands for itself.
fn resolve(escape: &[u8]) -> (char, usize) {
    let simple = match escape.get(1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return resolve_unicode(escape),
        _ => return ('\\', 1),
    };
    (simple, 2)
}

fn resolve_unicode(escape: &[u8]) -> (char, usize) {
    let Some(first) = unit(escape) else { return ('\\', 1) };
    if let Some(character) = char::from_u32(first) {
        return (character, 6);
    }
    let second = escape.get(6..).and_then(unit);
    if let (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) = (first, second) {
        let point = 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00);
        return (char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::REPLACEMENT_CHARACTER, 6)
}

/// The UTF-16 code unit of an escape `\uXXXX`.
pub(super) fn unit(escape: &[u8]) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = escape.first_chunk::<6>()? else { return None };
    let mut unit = 0;
    for digit in digits {
        unit = unit << 4 | char::from(*digit).to_digit(16)?;
    }
    Some(unit)
}

/// Writes text as the content of a JSON string.
pub fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    encode_into(text.as_bytes(), &mut out);
    out
}

/// Appends text, which should be UTF-8, as the content of a JSON string.
pub fn encode_into(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..=0x1f => out.extend_from_slice(&control(*byte)),
            _ => out.push(*byte),
        }
    }
}

fn control(byte: u8) -> [u8; 6] {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    [b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_edit_covers_whole_escapes() {
        let decoded = decode(br"a\u0042\ud83d\ude00\\c");
        assert_eq!(*decoded.text, *"aB\u{1f600}\\c".as_bytes());
        assert_eq!(decoded.raw_range(1..2), 1..7);
        assert_eq!(decoded.raw_range(2..6), 7..19);
        assert_eq!(decoded.raw_range(3..4), 7..19, "the middle of a pair is all of it");
        assert_eq!(decoded.raw_range(0..8), 0..22);
        assert_eq!(decoded.raw_range(6..7), 19..21);
        assert_eq!(decoded.raw_range(4..4), 7..7);
    }

    #[test]
    fn unpaired_surrogates_become_the_replacement_character() {
        assert_eq!(*decode(br"\ud800x").text, *"\u{fffd}x".as_bytes());
        assert_eq!(*decode(br"\udc00\ud800\u0041").text, *"\u{fffd}\u{fffd}A".as_bytes());
    }

    #[test]
    fn what_is_no_escape_stands_for_itself() {
        assert_eq!(*decode(br"\x \u12g4 \").text, *br"\x \u12g4 \");
    }

    proptest! {
        #[test]
        fn encoding_is_undone_by_decoding(text in any::<String>()) {
            let raw = encode(&text);
            prop_assert_eq!(&*decode(&raw).text, text.as_bytes());
        }

        #[test]
        fn decoding_a_located_range_gives_the_range(
            raw in r#"([a-z]|\\[nt/"u]|\\u00[46][1-9]|\\ud83d\\ude0[0-9]|\\ud83d|é){0,20}"#,
            cut in any::<(prop::sample::Index, prop::sample::Index)>(),
        ) {
            let decoded = decode(raw.as_bytes());
            let text = String::from_utf8(decoded.text.to_vec()).unwrap();
            let places: Vec<usize> =
                text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let (a, b) = (*cut.0.get(&places), *cut.1.get(&places));
            let (from, to) = (a.min(b), a.max(b));
            let found = decoded.raw_range(from..to);
            prop_assert_eq!(&*decode(&raw.as_bytes()[found]).text, &text.as_bytes()[from..to]);
        }

        #[test]
        fn total_on_any_bytes(raw in any::<Vec<u8>>(), from in 0_usize..300, length in 0_usize..300) {
            let decoded = decode(&raw);
            let found = decoded.raw_range(from..from + length);
            prop_assert!(found.start <= found.end);
        }
    }
}
