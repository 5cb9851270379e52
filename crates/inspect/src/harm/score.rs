//! Weighs the cues around a mention: a logistic model small enough to read.
//!
//! The weights are set by hand, so that each can be argued about, and held against generated texts
//! and benign ones by `cargo xtask eval harm`.

use super::cues::{self, Cue, Frame, Seen};
use super::passage::{Passage, STOP};
use super::subjects::Mention;

/// What must be exceeded to be a finding.
pub(super) const THRESHOLD: f64 = 0.5;

const BIAS: f64 = -4.2;
const WEAPON: f64 = 1.5;
const ASK: f64 = 1.5;
const DETAIL: f64 = 0.7;
const MALICE: f64 = 1.2;
const INFORM: f64 = -1.2;
/// A subject that is defended against, not made.
const GUARDED: f64 = -2.5;
/// Every frame of harmless talk takes this much off; a frame costs an attacker one word, so
const FRAME: f64 = -1.0;
/// together they take off no more than this,
const FRAMES_AT_MOST: f64 = -2.5;
/// and a story, which is the usual disguise, less.
const STORY: f64 = -0.6;
/// Details and malice count up to this many times.
const MOST_COUNTED: usize = 3;

/// How far a verb reaches to its subject, in words.
const GOVERNS: usize = 8;
/// How far behind its subject a verb may stand: *is made*, *synthesis*.
const FOLLOWS: usize = 4;

/// Words after which a verb no longer speaks of what follows.
#[rustfmt::skip]
const BREAKS: &[&str] = &[
    "sure", "that", "it", "is", "to", "about", "against", "for", "without", "if", "who", "which",
    "because", "when", "on", "from", "between", "where", "why", "what", "after", "before", "during",
    "was", "were", "are", "did", "i", "you", "they", "we", "while",
];

/// What is done to the subject, by the verb that governs it.
fn verb_weight(cue: Cue) -> Option<f64> {
    match cue {
        Cue::Make => Some(2.2),
        Cue::Acquire => Some(1.5),
        Cue::Spread => Some(1.8),
        Cue::Weaponise => Some(3.2),
        Cue::Guard => Some(GUARDED),
        _ => None,
    }
}

/// The probability that a passage helps somebody to the subject that is mentioned in it.
pub(super) fn confidence(mention: &Mention, passage: &Passage) -> f64 {
    let seen = cues::seen(&passage.words, mention.subject.family);
    let count =
        |wanted: Cue| seen.iter().filter(|s| s.cue == wanted).count().min(MOST_COUNTED) as f64;
    let has = |wanted: Cue| if seen.iter().any(|s| s.cue == wanted) { 1.0 } else { 0.0 };
    let subject = if mention.subject.is_weapon { WEAPON } else { 0.0 };
    let z = BIAS
        + subject
        + governed(&seen, passage)
        + ASK * has(Cue::Ask)
        + DETAIL * count(Cue::Detail)
        + MALICE * count(Cue::Malice)
        + INFORM * has(Cue::Inform)
        + frames(&seen);
    1.0 / (1.0 + (-z).exp())
}

fn frames(seen: &[Seen]) -> f64 {
    let mut distinct: Vec<Frame> = Vec::new();
    for frame in seen.iter().filter_map(|s| if let Cue::Frame(f) = s.cue { Some(f) } else { None })
    {
        if !distinct.contains(&frame) {
            distinct.push(frame);
        }
    }
    let weight = |frame: &Frame| if *frame == Frame::Story { STORY } else { FRAME };
    distinct.iter().map(weight).sum::<f64>().max(FRAMES_AT_MOST)
}

/// The weight of the verb before the subject that is nearest, or else of the one behind it.
fn governed(seen: &[Seen], passage: &Passage) -> f64 {
    let before = seen.iter().rev().find_map(|s| {
        let weight = verb_weight(s.cue)?;
        let between = passage.words.get(s.at + s.words..passage.mention.start)?;
        (between.len() <= GOVERNS && !is_broken(between)).then_some(weight)
    });
    let behind = || {
        seen.iter().find_map(|s| {
            let weight = verb_weight(s.cue)?;
            let between = passage.words.get(passage.mention.end..s.at)?;
            (between.len() <= FOLLOWS && !between.iter().any(|word| word == STOP)).then_some(weight)
        })
    };
    before.or_else(behind).unwrap_or(0.0)
}

fn is_broken(words: &[String]) -> bool {
    words.iter().any(|word| word == STOP || BREAKS.contains(&word.as_str()))
}
