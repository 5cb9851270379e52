//! Whether a view could show anything that the text does not: one cheap pass, mostly by skipping.

use super::{beginnings, escape, fold, joined, numbers, packed, spaced, utf8};

/// What a text holds that could be peeled off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) characters: bool,
    pub(super) escapes: bool,
    pub(super) quoted: bool,
    pub(super) packed: bool,
    pub(super) spaced: bool,
    pub(super) numbers: bool,
    /// Credentials in ROT13.
    pub(super) rotated: bool,
    /// Forms write a space as `+`.
    pub(super) plus: bool,
}

impl Signs {
    pub(super) fn read(text: &[u8], is_form: bool) -> Self {
        let packed = packed::places(text).next().is_some();
        Self {
            characters: characters(text).next().is_some(),
            escapes: escapes(text).next().is_some(),
            quoted: quoted(text).next().is_some(),
            packed,
            spaced: spaced::places(text).next().is_some(),
            numbers: numbers::places(text).next().is_some(),
            rotated: packed && beginnings::in_rot13(text).next().is_some(),
            plus: is_form && memchr::memchr(b'+', text).is_some(),
        }
    }

    /// Whether a text holds any of them but a `+`; ends with the first.
    pub(super) fn are_in(text: &[u8]) -> bool {
        packed::places(text).next().is_some()
            || spaced::places(text).next().is_some()
            || numbers::places(text).next().is_some()
            || escapes(text).next().is_some()
            || characters(text).next().is_some()
            || quoted(text).next().is_some()
    }

    /// Whether something is to be taken off that is a character or an escape.
    pub(super) fn in_characters(&self) -> bool {
        self.characters || self.escapes || self.quoted || self.plus
    }

    /// Whether there is anything but joints.
    pub(super) fn any(&self) -> bool {
        self.packed || self.spaced || self.numbers || self.rotated || self.in_characters()
    }
}

/// Every place in raw JSON that may be peeled, as far as the escapes of JSON do not hide it.
pub(super) fn places(text: &[u8]) -> impl Iterator<Item = usize> {
    let breaks = memchr::memchr_iter(b'=', text).filter(|at| {
        text.get(at + 1..at + 3).is_some_and(|two| matches!(two, [b'\\', b'n' | b'r']))
    });
    characters(text)
        .chain(escapes(text))
        .chain(quoted(text))
        .chain(breaks)
        .chain(packed::places(text))
        .chain(spaced::places(text))
        .chain(numbers::places(text))
        .chain(joined::places(text))
}

fn characters(text: &[u8]) -> impl Iterator<Item = usize> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let mut place = utf8::next_high(text, at)?;
            // In the middle of a word of Greek or Cyrillic letters nothing stands beside ASCII.
            let run = utf8::foreign_run(text, place);
            if run > 2 && place == at && at > 0 && text.get(at - 1).is_some_and(|b| *b >= 0x80) {
                place += run - 2;
            }
            let Some((character, length)) = utf8::at(text, place) else {
                at = place + 1;
                continue;
            };
            at = place + length;
            if fold::is_suspect(text, place, character, length) {
                return Some(place);
            }
        }
    })
}

fn escapes(text: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memchr3_iter(b'\\', b'%', b'&', text).filter(|at| escaped(&text[*at..]).is_some())
}

/// The escape that begins a text, of any kind but quoted-printable.
#[inline]
pub(super) fn escaped(rest: &[u8]) -> Option<escape::Escape> {
    match rest.first()? {
        b'\\' => escape::backslash(rest),
        b'%' => escape::percent(rest),
        b'&' => escape::entity(rest),
        _ => None,
    }
}

/// Quoted-printable is soon found in any text by chance, so only enough of it is a sign.
fn quoted(text: &[u8]) -> impl Iterator<Item = usize> {
    const SIGNS: usize = 3;
    let mut signs = 0;
    memchr::memchr_iter(b'=', text).filter(move |at| {
        signs += usize::from(quoted_at(text, *at).is_some());
        signs >= SIGNS
    })
}

/// What quoted-printable has at an equals sign, unless that is the padding of base64.
pub(super) fn quoted_at(text: &[u8], at: usize) -> Option<escape::Escape> {
    let escape = escape::quoted(text.get(at..)?)?;
    let is_padding = escape.text().is_empty() && ends_base64(text.get(..at)?);
    (!is_padding).then_some(escape)
}

/// Whether a text ends with what one `=` fills up, or with an `=`.
fn ends_base64(text: &[u8]) -> bool {
    const LONGEST: usize = 1024;
    let digits = text.iter().rev().take(LONGEST);
    let digits = digits.take_while(|byte| packed::DIGITS[usize::from(**byte)]).count();
    text.ends_with(b"=") || (digits >= 16 && digits % 4 == 3)
}
