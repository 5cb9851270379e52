//! Encodings in two strings that are glued to the letters of the strings around them.
//!
//! Where text ends right before base64 begins, the two are one run of digits, and its first ones give
//! no alignment; where text begins right behind it, the last ones spoil the end. So a run is read
//! from where each string begins to where the next ends, too.

use crate::engine::tokens::run_end;
use crate::views::packed::{DIGITS, MIN_RUN, Packed, unpack};

/// The most of one run that is read.
const RUN_BYTES: usize = 1024;

/// Shorter strings begin no encoding: a text in pieces of a letter would be read over and over.
const MIN_PIECE: usize = 8;

/// What the runs say that begin with one of the strings, besides those that stand alone. `ends` are
/// where strings end in the text, in order, the first one's beginning before them.
pub(super) fn glued(text: &[u8], ends: &[usize]) -> Vec<Packed> {
    let mut found: Vec<Packed> = Vec::new();
    for (at, two) in ends.windows(2).enumerate() {
        let [start, end] = *two else { continue };
        let is_read = found.last().is_some_and(|last| start < last.range.end);
        if end - start < MIN_PIECE || is_read {
            continue;
        }
        let within = text.get(..text.len().min(start + RUN_BYTES)).unwrap_or_default();
        let all = run_end(&DIGITS, within, start);
        let next = ends.get(at + 2).copied().unwrap_or(all).min(all);
        let is_glued = start.checked_sub(1).and_then(|at| text.get(at)).is_some_and(is_digit);
        let tries = [(next, is_glued || next < all), (all, is_glued && next < all)];
        let runs = tries.into_iter().filter(|(end, is_new)| *is_new && end - start >= MIN_RUN);
        found.extend(runs.filter_map(|(end, _)| unpack(within, start..end)).next());
    }
    found
}

fn is_digit(byte: &u8) -> bool {
    DIGITS[usize::from(*byte)]
}
