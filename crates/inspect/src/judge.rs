//! Judges whole texts by what they say, rather than by what a pattern finds at a place.
//!
//! Which judges hear a text depends on who wrote it. A person and a tool can be where an injected
//! instruction comes from, each with a threshold of its own; a model cannot, but what it writes may
//! be code. Each judge is linear in the text and none is asked twice about the same one.

use std::borrow::Cow;
use std::ops::Range;

use crate::code;
use crate::engine::{DetectorId, Direction, Engine, Match};
use crate::harm;
use crate::origin::Origin;
use crate::settings::Judges;

/// How a masked credential begins; see [`crate::mask`].
const MASKED_SECRET: &str = "[redacted:secret.";

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
        let Judges { harm, code, .. } = self.judges;
        if harm && let Some(found) = harm::screen(text) {
            let reason = "a subject, an intention and a question of how stand together".into();
            self.add(found.kind, found.range, found.confidence, reason, out);
        }
        if code && origin == Origin::Model {
            for found in code::check(text, None) {
                self.add(found.kind, found.range, found.confidence, found.why.into(), out);
            }
            self.hardcoded_secrets(text, out);
        }
    }

    /// Credentials in the code of a text, also those whose place a mask has taken already.
    fn hardcoded_secrets(&self, text: &str, out: &mut Vec<Judgement>) {
        let mut found = Vec::new();
        for block in code::blocks(text, None) {
            let code = text.get(block.range.clone()).unwrap_or_default();
            found.clear();
            self.scan(Direction::Answer, code.as_bytes(), &mut found);
            let is_secret =
                |one: &&Match| self.detector(one.detector).kind().starts_with("secret.");
            let mask = code.find(MASKED_SECRET).map(|at| at..at + MASKED_SECRET.len());
            let values = found.iter().filter(is_secret).map(|one| one.range.clone()).chain(mask);
            for value in values {
                let range = block.range.start + value.start..block.range.start + value.end;
                let reason = "a credential stands in code".into();
                self.add(code::HARDCODED_SECRET, range, 0.9, reason, out);
            }
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
