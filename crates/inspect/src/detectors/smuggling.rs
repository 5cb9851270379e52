//! Characters that a person does not see and a model reads: what is smuggled, not what is said.

use model::Severity;

use super::{Declaration, Form};
use crate::action::Action;

/// What is smuggled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cargo {
    /// Characters of the block of tags, which spell ASCII unseen.
    Tags,
    /// Variation selectors that vary nothing: each stands for a byte.
    Selectors,
    /// The same, framed as a manifest of C2PA.
    Manifest,
    /// Zero-width characters in rows, each a bit or two.
    ZeroWidth,
    /// Overrides of the direction of writing.
    Bidi,
    /// Words of look-alike letters from several alphabets.
    Homoglyphs,
}

const fn declare(
    name: &'static str,
    kind: &'static str,
    finds: &'static str,
    cargo: Cargo,
    reference: &'static str,
) -> Declaration {
    Declaration::new(name, kind, finds, Form::Smuggled(cargo), reference)
        .actions(Action::Allow, Action::Allow)
}

pub(super) const ALL: &[Declaration] = &[
    declare(
        "unicode_tags",
        "smuggling.unicode_tags",
        "text in Unicode tag characters, flags of regions excepted",
        Cargo::Tags,
        "Unicode Standard, section 23.9; Unicode Technical Standard 51, annex C",
    )
    .confidence(0.99)
    .actions(Action::Mask, Action::Mask)
    .make(|seed| written(seed, |byte| char::from_u32(0xe0000 + u32::from(byte)))),
    declare(
        "variation_selectors",
        "smuggling.variation_selectors",
        "bytes in variation selectors",
        Cargo::Selectors,
        "Unicode Standard, section 23.4",
    )
    .confidence(0.97)
    .actions(Action::Mask, Action::Mask)
    .make(|seed| written(seed, selector)),
    declare(
        "c2pa_manifest",
        "smuggling.c2pa_manifest",
        "what is framed as a C2PA manifest in variation selectors; its signature is not verified",
        Cargo::Manifest,
        "C2PA Technical Specification 2.4, appendix A.8",
    )
    .severity(Severity::Low)
    .confidence(0.9)
    .make(manifest),
    declare(
        "zero_width",
        "smuggling.zero_width",
        "rows of zero-width characters",
        Cargo::ZeroWidth,
        "Unicode Standard, section 23.2",
    )
    .severity(Severity::Medium)
    .confidence(0.9)
    .make(|seed| {
        let bit = |at: u64| if seed >> (at % 64) & 1 == 1 { '\u{200b}' } else { '\u{200c}' };
        (0..24_u64).map(bit).collect()
    }),
    declare(
        "bidi_override",
        "smuggling.bidi",
        "overrides that show text in another order than it is read",
        Cargo::Bidi,
        "Unicode Standard Annex 9; CVE-2021-42574",
    )
    .severity(Severity::Medium)
    .confidence(0.8)
    .make(|seed| ["\u{202e}", "\u{202d}", "\u{202e}\u{2066}"][(seed % 3) as usize].to_owned()),
    declare(
        "homoglyphs",
        "smuggling.homoglyphs",
        "words in which letters of other alphabets stand for Latin ones",
        Cargo::Homoglyphs,
        "Unicode Technical Standard 39, section 5",
    )
    .severity(Severity::Medium)
    .confidence(0.85)
    .make(|seed| {
        ["p\u{430}ssword", "\u{455}ecret", "ign\u{3bf}re"][(seed % 3) as usize].to_owned()
    }),
];

/// Some words with each byte written as another character.
fn written(seed: u64, write: fn(u8) -> Option<char>) -> String {
    format!("note {seed}").bytes().filter_map(write).collect()
}

/// The variation selector that stands for a byte.
fn selector(byte: u8) -> Option<char> {
    match byte {
        0..16 => char::from_u32(0xfe00 + u32::from(byte)),
        _ => char::from_u32(0xe0100 + u32::from(byte) - 16),
    }
}

/// A frame around the smallest superbox.
fn manifest(seed: u64) -> String {
    let mut store = vec![0, 0, 0, 37, b'j', b'u', b'm', b'b', 0, 0, 0, 29];
    store.extend(b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71\x03c2pa\x00");
    let last = store.len() as u8;
    store[3] = last;
    store[11] = last - 8;
    store.extend(seed.to_be_bytes());
    let mut frame = b"C2PATXT\0\x01".to_vec();
    frame.extend((store.len() as u32).to_be_bytes());
    frame.extend(store);
    frame.into_iter().filter_map(selector).collect()
}
