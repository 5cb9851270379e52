//! A screen for requests and answers that would help somebody to a weapon: chemical, biological,
//! radiological and nuclear ones, explosives and firearms, malicious software.
//!
//! It knows subjects (public names from control lists), what somebody may want to do with them, and
//! the frames in which people speak of them without wanting it. A subject alone is never a finding:
//! something must be made, got or spread, and somebody must be told how. What it knows of a text is
//! a few hundred bytes around each subject, so it is linear, and cheap where no subject is named.
//!
//! It is a screen, not a judge. It reads English, misses whatever avoids the names, and cannot tell
//! a chemist from a liar; so it records by default and its figures stand beside it in the docs.

mod cues;
mod passage;
mod score;
mod subjects;
#[cfg(test)]
mod tests;

use std::ops::Range;

use passage::Passage;

/// What the screen found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// `harm.cbrn_chemical` and its like.
    pub kind: &'static str,
    /// The sentence that names the subject, in bytes of the text.
    pub range: Range<usize>,
    /// 0.5 to 1.
    pub confidence: f64,
}

/// How many mentions of subjects are weighed in one text; in longer texts the first ones.
pub const MAX_MENTIONS: usize = 256;

/// The passage that most looks like help towards a weapon, if any does more than not.
pub fn screen(text: &str) -> Option<Found> {
    let mut best: Option<Found> = None;
    for mention in subjects::mentions(text).take(MAX_MENTIONS) {
        let passage = Passage::around(text, &mention.range);
        let confidence = score::confidence(&mention, &passage);
        if confidence > best.as_ref().map_or(score::THRESHOLD, |found| found.confidence) {
            let range = passage.sentence.clone();
            best = Some(Found { kind: mention.subject.family.kind(), range, confidence });
        }
    }
    best
}
