//! Finds credentials: they stand in long words, and long words are found by skipping.
//!
//! A format is at least [`MIN_TOKEN`] token characters long, and runs of so many are rare: they are
//! found among the bits of whole blocks. Elsewhere a run is looked for by what would be its last
//! character; if that is none of the class, the whole stretch is passed over unseen.

use crate::blocks;
use crate::detectors::{ALNUM, TOKEN};
use crate::engine::index::{Index, MIN_TOKEN, is_boundary};
use crate::engine::resolve::Candidate;
use crate::engine::{Engine, Keywords};

/// Adds every token that begins in `from..to`; the text may go on after `to`.
pub(crate) fn find(
    index: &Index,
    text: &[u8],
    from: usize,
    to: usize,
    keywords: Keywords,
    out: &mut Vec<Candidate>,
) {
    let Some(window) = text.get(from..text.len().min(to + MIN_TOKEN - 1)) else { return };
    for start in blocks::long_runs::<MIN_TOKEN>(window, is_of_token).map(|at| from + at) {
        let end = run_end(&TOKEN, text, start + MIN_TOKEN);
        find_in_run(index, text, start..end, to, keywords, out);
    }
}

impl Engine {
    /// Whether a token with a prefix of its own begins in a text, however it may go on.
    pub(crate) fn begins_token(&self, text: &[u8]) -> bool {
        (0..text.len()).any(|at| self.index.begins(&text[at..]) && is_boundary(text, at))
    }
}

/// As [`TOKEN`] has it, without a look into a table.
#[inline]
pub(crate) fn is_of_token(byte: u8) -> bool {
    matches!(byte, b'-'..=b':' | b'+' | b'=' | b'_' | b'~') || byte.is_ascii_alphabetic()
}

/// The start of the next run of at least `shortest` bytes of a class that begins before `to`.
/// A run that reaches back before `from` counts from there.
#[inline]
pub(crate) fn next_run(
    class: &[bool; 256],
    shortest: usize,
    text: &[u8],
    from: usize,
    to: usize,
) -> Option<usize> {
    let mut at = from;
    // Everything in at..known is of the class.
    let mut known = from;
    while at < to {
        let probe = at + shortest - 1;
        if !class[usize::from(*text.get(probe)?)] {
            at = probe + 1;
            known = at;
            continue;
        }
        let unknown = text.get(known..probe)?;
        match unknown.iter().rposition(|byte| !class[usize::from(*byte)]) {
            None => return Some(at),
            Some(gap) => at = known + gap + 1,
        }
        known = probe + 1;
    }
    None
}

/// Where the run that holds `at` ends.
#[inline]
pub(crate) fn run_end(class: &[bool; 256], text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !class[usize::from(*byte)]).unwrap_or(rest.len())
}

fn find_in_run(
    index: &Index,
    text: &[u8],
    run: std::ops::Range<usize>,
    to: usize,
    keywords: Keywords,
    out: &mut Vec<Candidate>,
) {
    // No token fits into the last bytes of the run.
    let last = (run.end - MIN_TOKEN + 1).min(to);
    let has_digits = text[run.clone()].iter().any(u8::is_ascii_digit);
    for at in (run.start..last).take(3) {
        if is_boundary(text, at) {
            index.find(text, at, (run.end - at, has_digits), keywords, out);
        }
    }
    let mut at = run.start + 2;
    while at + 1 < last {
        let Some(gap) = text[at..last - 1].iter().position(|byte| !ALNUM[usize::from(*byte)])
        else {
            return;
        };
        at += gap + 1;
        index.find(text, at, (run.end - at, has_digits), keywords, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_of_what_credentials_consist_of() {
        assert!((0..=255).all(|byte| is_of_token(byte) == TOKEN[usize::from(byte)]));
    }
}
