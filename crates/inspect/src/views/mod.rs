//! Views: what a text says once its encodings and disguises are off.
//!
//! A model reads `QUtJQQ==`, `&#65;`, `ＡＫＩＡ` and `A K I A` as `AKIA`, so a control that only looks at
//! bytes is passed by any of them. A *view* is the same text one layer further: all escapes
//! (JSON, Unicode, octal, percent, HTML, quoted-printable), all runs of base64, base32 and hex and rows of
//! numbers that decode to text, all look-alikes and invisible characters, all letters that stand apart, and what parts the
//! pieces of one value, replaced in place. So what is in two encodings at once, or half in one, comes off in one layer; what is in
//! one inside another comes off in the next, up to [`Limits::layers`].
//!
//! - A view is only made where a cheap look over the text says that there is something to take off.
//! - Every view knows the way back: [`View::source`] gives the bytes of the original, whole escapes
//!   and whole encoded runs.
//! - No replacement is longer than what it replaces: layers shrink, and nothing explodes.
//! - [`readings`] adds, for a judge of meaning, what only makes sense as language: ROT13, words
//!   written backwards, digits for letters. Of credentials ROT13 is taken off in any view.
//!
//! Not taken off: ciphers with a key, other bases (58, 85), compression, pictures of text, mark-up
//! within a value, values written backwards, look-alikes beyond the table, letters that come with
//! their accent.

mod beginnings;
mod cipher;
mod escape;
pub(crate) mod fold;
mod joined;
mod lookalikes;
mod map;
mod numbers;
pub(crate) mod packed;
mod peel;
mod sieve;
mod spaced;
mod spread;
pub(crate) mod utf8;

use std::ops::{BitOr, Range};
use std::sync::Arc;

use map::Map;

/// How far texts are taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Layers taken off, one inside the other.
    pub layers: u8,
    /// Whether `+` is a space, as in forms.
    pub is_form: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { layers: MAX_LAYERS, is_form: false }
    }
}

/// How many layers are taken off a text by default. A text of `n` bytes has views of at most
/// `MAX_LAYERS × n` bytes together, and in practice far less.
pub const MAX_LAYERS: u8 = 5;

/// What was taken off to get a view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// Escapes of single characters: JSON, Unicode, octal, percent, HTML, quoted-printable.
    pub const ESCAPED: Self = Self(1);
    /// Runs of base64 or hex.
    pub const PACKED: Self = Self(2);
    /// Look-alikes, invisible characters, text in tags and variation selectors.
    pub const FOLDED: Self = Self(4);
    /// Letters that stood apart.
    pub const SPACED: Self = Self(8);
    /// ROT13.
    pub const ROTATED: Self = Self(16);
    /// The text backwards.
    pub const REVERSED: Self = Self(32);
    /// Digits and signs in the place of letters.
    pub const LEET: Self = Self(64);
    /// Literals that are added up, and broken lines.
    pub const JOINED: Self = Self(128);

    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Kinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A text with layers taken off.
#[derive(Debug)]
pub struct View<'a> {
    text: &'a [u8],
    kinds: Kinds,
    maps: &'a [Arc<Map>],
    original: &'a [u8],
}

impl View<'_> {
    pub fn text(&self) -> &[u8] {
        self.text
    }

    /// Everything that was taken off, in this layer and those around it.
    pub fn kinds(&self) -> Kinds {
        self.kinds
    }

    /// The bytes of the original behind a range of the view: whole characters, escapes, runs.
    pub fn source(&self, range: Range<usize>) -> Range<usize> {
        back(self.maps, self.original, range)
    }
}

/// Through all layers to the original, and there out to the edges of its characters.
fn back(maps: &[Arc<Map>], original: &[u8], range: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } =
        maps.iter().rev().fold(range, |range, map| map.source(&range));
    let continues = |at: usize| original.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    for _ in 0..3 {
        start -= usize::from(start > 0 && continues(start));
        end += usize::from(continues(end));
    }
    start..end.min(original.len())
}

/// Shows every view of a text, the outermost layer first; none where there is nothing to take off.
/// Gives whether there may be anything but what parts the pieces of a value.
pub fn each(text: &[u8], limits: &Limits, look: &mut dyn FnMut(&View<'_>)) -> bool {
    let signs = sieve::Signs::read(text, limits.is_form);
    each_with(text, signs, limits, look);
    signs.any()
}

/// The same where the signs of the text are known.
fn each_with(
    text: &[u8],
    mut signs: sieve::Signs,
    limits: &Limits,
    look: &mut dyn FnMut(&View<'_>),
) {
    let mut maps = Vec::new();
    let mut kinds = Kinds::default();
    let mut inner: Option<Vec<u8>> = None;
    for layer in 0..limits.layers {
        let outer = inner.as_deref().unwrap_or(text);
        if layer > 0 {
            signs = sieve::Signs::read(outer, false);
        }
        let Some(peeled) = peel::peel(outer, signs) else { return };
        kinds = kinds | peeled.kinds;
        maps.push(Arc::new(peeled.map));
        look(&View { text: &peeled.text, kinds, maps: &maps, original: text });
        inner = Some(peeled.text);
    }
}

/// Words that are held together by signs (`ignore_all-previous.rules`) set apart by spaces, byte for
/// byte; nothing where spaces do that already.
pub fn spread(text: &str) -> Option<String> {
    spread::spread(text)
}

/// Whether there is anything to take off a text.
pub fn has_layers(text: &[u8]) -> bool {
    sieve::Signs::are_in(text)
}

/// Where in a text something could be taken off, as a JSON body shows it; in no order.
pub(crate) fn places(raw: &[u8]) -> impl Iterator<Item = usize> {
    sieve::places(raw)
}

/// A view that a judge of meaning reads.
#[derive(Clone, Debug)]
pub struct Reading {
    pub text: String,
    pub kinds: Kinds,
    maps: Vec<Arc<Map>>,
}

impl Reading {
    /// The bytes behind a range of the reading in `original`, which must be the text that it was
    /// made of.
    pub fn source(&self, original: &str, range: Range<usize>) -> Range<usize> {
        back(&self.maps, original.as_bytes(), range)
    }
}

/// Every way to read a text other than as it stands, layers off, and as language.
pub fn readings(text: &str) -> Vec<Reading> {
    let bytes = text.as_bytes();
    readings_with(text, sieve::Signs::read(bytes, false), cipher::may_be(bytes))
}

/// The same of a text that holds anything to take off, or may be in a cipher; none of any other.
/// `is_plain`: it is known to hold nothing.
pub(crate) fn other_readings(text: &str, is_plain: bool) -> Vec<Reading> {
    let bytes = text.as_bytes();
    let signs = if is_plain { sieve::Signs::default() } else { sieve::Signs::read(bytes, false) };
    let ciphers = cipher::may_be(bytes);
    let is_other = signs.any() || ciphers.contains(&true);
    if is_other { readings_with(text, signs, ciphers) } else { Vec::new() }
}

fn readings_with(text: &str, signs: sieve::Signs, ciphers: [bool; 2]) -> Vec<Reading> {
    let mut readings = Vec::new();
    let language = |inner: &[u8], ciphers, kinds: Kinds, maps: &[Arc<Map>], all: &mut Vec<_>| {
        for (kind, text, map) in cipher::all(inner, ciphers) {
            let mut maps = maps.to_vec();
            maps.push(Arc::new(map));
            all.push(Reading { text: lossy(&text), kinds: kinds | kind, maps });
        }
    };
    language(text.as_bytes(), ciphers, Kinds::default(), &[], &mut readings);
    each_with(text.as_bytes(), signs, &Limits::default(), &mut |view| {
        let (text, kinds, maps) = (lossy(view.text), view.kinds, view.maps.to_vec());
        readings.push(Reading { text, kinds, maps });
        language(view.text, cipher::may_be(view.text), view.kinds, view.maps, &mut readings);
    });
    readings
}

/// As a string; each byte that is part of no character becomes `?`, so that offsets stay.
fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    text
}

#[cfg(test)]
mod tests;
