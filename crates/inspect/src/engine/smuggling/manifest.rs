//! Manifests of C2PA in text: a frame of variation selectors around a manifest store.
//!
//! That says what a row wants to be, not who signed it. What stands behind the end that the frame
//! gives is no part of it, and takes the segment that it stands in along.

use super::Segment;
use crate::views::fold::selector;
use crate::views::utf8;

/// Bytes of the frame before the manifest store: magic, version, length.
const FRAME: usize = 13;

/// Bytes of the store that are looked at: the box of its description, with its type.
const STORE: usize = 32;

/// The type of a manifest store, as its description has it: a UUID that begins like its label.
const TYPE: &[u8; 16] = b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71";

/// The longest manifest store that a text is believed to carry.
const MAX_STORE: usize = 1 << 20;

/// The manifest that a row of selectors is, as far as it has been read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wrapper {
    /// Where the row goes on.
    at: usize,
    /// Selectors that are still to come.
    left: usize,
}

impl Wrapper {
    /// Whether all of a segment is a manifest's; `goes_on`: selectors stand before it.
    pub(super) fn holds(
        &mut self,
        text: &[u8],
        start: usize,
        goes_on: bool,
        segment: &Segment,
    ) -> bool {
        let known = if self.at == start { self.left } else { 0 };
        let left = if goes_on { known } else { selectors(text, start).unwrap_or(0) };
        let rest = left.checked_sub(segment.characters);
        *self = Self { at: segment.end, left: rest.unwrap_or(0) };
        rest.is_some()
    }

    /// The text now begins `by` bytes later.
    pub(crate) fn shift(&mut self, by: usize) {
        self.at = self.at.saturating_sub(by);
    }
}

/// How many selectors a manifest takes that begins at `start`: those after its frame must begin like
/// a JUMBF superbox that describes itself as a manifest store.
fn selectors(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    let mut bytes = Vec::with_capacity(FRAME + STORE);
    while bytes.len() < FRAME + STORE
        && let Some((character, length)) = utf8::at(text, at)
        && let Some(byte) = selector(character)
    {
        bytes.push(byte);
        at += length;
    }
    let (frame, store) = bytes.split_at_checked(FRAME)?;
    let number = |at: usize, bytes: &[u8]| {
        let four = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(four)).ok()
    };
    let (length, outer, inner) = (number(9, frame)?, number(0, store)?, number(8, store)?);
    let is_store = frame.starts_with(b"C2PATXT\0\x01")
        && store.get(4..8) == Some(b"jumb")
        && store.get(12..16) == Some(b"jumd")
        && store.get(16..32) == Some(TYPE)
        && (inner > 24 && inner < outer && outer <= length && length <= MAX_STORE);
    is_store.then_some(FRAME + length)
}

#[cfg(test)]
mod tests {
    use crate::{Direction, Engine, Match, Settings};

    fn selector(byte: u8) -> char {
        let point = if byte < 16 { 0xfe00 } else { 0xe0100 - 16 };
        char::from_u32(point + u32::from(byte)).unwrap()
    }

    /// A manifest whose store has so many bytes, then others.
    fn manifest(store: u32, more: usize) -> String {
        let mut bytes = b"C2PATXT\0\x01".to_vec();
        bytes.extend(store.to_be_bytes());
        bytes.extend(store.to_be_bytes());
        bytes.extend(b"jumb\0\0\0\x1ejumd");
        bytes.extend(super::TYPE);
        bytes.resize(super::FRAME + store as usize + more, 7);
        bytes.into_iter().map(selector).collect()
    }

    fn engine() -> Engine {
        Engine::compile(&Settings::default()).unwrap()
    }

    fn names(engine: &Engine, found: &[Match]) -> Vec<String> {
        found.iter().map(|m| engine.detector(m.detector).name().to_owned()).collect()
    }

    /// In a whole text, and in pieces of every size.
    fn found(text: &str) -> Vec<String> {
        let engine = engine();
        let mut whole = Vec::new();
        engine.scan(Direction::Answer, text.as_bytes(), &mut whole);
        for size in [1, 7, 300, 5_000, 100_000] {
            let (mut stream, mut pieces) = (engine.stream(Direction::Answer), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                stream.push(&engine, piece, &mut pieces);
            }
            stream.finish(&engine, &mut pieces);
            assert_eq!(pieces, whole, "in pieces of {size}");
        }
        names(&engine, &whole)
    }

    #[test]
    fn a_manifest_is_one_to_its_last_selector() {
        for store in [60, 255 - 13, 256 - 13, 257 - 13, 5_000] {
            let text = format!("Signed text.\u{feff}{} And more.", manifest(store, 0));
            let segments = (store as usize + super::FRAME).div_ceil(super::super::SEGMENT);
            assert_eq!(found(&text), vec!["c2pa_manifest"; segments], "{store}");
            let engine = engine();
            let mut stream = engine.stream(Direction::Answer);
            let clear = stream.push(&engine, text.as_bytes(), &mut Vec::new());
            assert_eq!(clear, text.len(), "a manifest passes");
        }
    }

    #[test]
    fn what_stands_behind_a_manifest_is_none() {
        assert_eq!(found(&manifest(60, 1)), ["variation_selectors"]);
        let kinds = found(&manifest(500, 300));
        assert_eq!(
            kinds,
            ["c2pa_manifest", "c2pa_manifest", "variation_selectors", "variation_selectors"][..]
        );
        let parted = format!("{}a{}", manifest(400, 0), manifest(20, 30));
        assert_eq!(found(&parted), ["c2pa_manifest", "c2pa_manifest", "variation_selectors"]);
    }

    #[test]
    fn what_only_looks_like_a_manifest_is_none() {
        let whole = manifest(60, 0);
        for broken in [3, 10, 18, 26, 40] {
            let mut characters: Vec<char> = whole.chars().collect();
            characters[broken] = selector(200);
            let text: String = characters.into_iter().collect();
            assert_eq!(found(&text), ["variation_selectors"], "byte {broken}");
        }
        let short: String = whole.chars().take(44).collect();
        assert_eq!(found(&short), ["variation_selectors"]);
    }
}
