//! Judges whole texts by what they say, rather than by what a pattern finds at a place.
//!
//! Which judges hear a text depends on who wrote it. A person and a tool can be where an injected
//! instruction comes from, each with a threshold of its own; a model cannot, but what it writes may
//! be code. Each judge is linear in the text and none is asked twice about the same one.

use std::borrow::Cow;
use std::ops::Range;

use crate::engine::{DetectorId, Engine};
use crate::harm;
use crate::injection::{self, Channel};
use crate::origin::Origin;
use crate::settings::Judges;

/// Something that a text says.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub detector: DetectorId,
    /// The passage, in bytes of the text.
    pub range: Range<usize>,
    /// 0 to 1, of this passage.
    pub confidence: f64,
    /// Why, in words that hold nothing of the text.
    pub reason: Cow<'static, str>,
}

impl Engine {
    /// Appends what the judges find in a whole text of an author.
    pub fn judge(&self, origin: Origin, text: &str, out: &mut Vec<Judgement>) {
        let Judges { harm, injection, .. } = self.judges;
        if harm && let Some(found) = harm::screen(text) {
            let reason = "a subject, an intention and a question of how stand together".into();
            self.add(found.kind, found.range, found.confidence, reason, out);
        }
        if injection {
            self.judge_instructions(origin, text, out);
        }
    }

    fn judge_instructions(&self, origin: Origin, text: &str, out: &mut Vec<Judgement>) {
        let Some(channel) = Channel::of(origin) else { return };
        let scored = injection::score(origin, text);
        if scored.probability >= channel.threshold() {
            let (reason, confidence) = (scored.reason().into(), f64::from(scored.probability));
            self.add(channel.kind(), scored.sentence, confidence, reason, out);
        }
    }

    fn add(
        &self,
        kind: &str,
        range: Range<usize>,
        confidence: f64,
        reason: Cow<'static, str>,
        out: &mut Vec<Judgement>,
    ) {
        if let Some((detector, _)) = self.detectors().find(|(_, one)| one.kind() == kind) {
            out.push(Judgement { detector, range, confidence, reason });
        }
    }
}
