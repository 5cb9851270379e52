//! Has the texts of a body judged by who wrote them.

use inspect::document::{self, Edit};
use inspect::{Direction, Engine, Judgement, Vault};

use super::findings::Findings;
use super::parts::{Part, parts, path_of};
use super::walk::slice;
use crate::action::Action;

/// Bytes of one body that are judged, from its end backwards: what is new stands last. What is left
/// out is counted.
const MAX_JUDGED_BYTES: usize = 4 * 1024 * 1024;

/// What came of judging a body.
#[derive(Default)]
pub(crate) struct Judged {
    /// Sorted, not overlapping.
    edits: Vec<Edit>,
    pub heard: Heard,
}

/// What the record says of the judges beside their findings.
#[derive(Default)]
pub(crate) struct Heard {
    /// Bytes of text that none of them has read.
    unread: usize,
    /// Why the surest finding is one.
    reason: Option<String>,
}

impl Judged {
    pub(super) fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The body without the passages that are to be taken out; nothing if it stays as it is.
    pub(crate) fn cut(&self, body: &[u8]) -> Option<Vec<u8>> {
        (!self.edits.is_empty()).then(|| document::apply(body, &self.edits))
    }
}

impl Heard {
    pub(crate) fn note(self, action: &mut Action) {
        if self.unread > 0 {
            action.note("unjudged_bytes", self.unread.to_string());
        }
        if let Some(reason) = self.reason {
            action.note("judged", reason);
        }
    }
}

/// Judges a JSON body, whose findings join those of the action.
pub(super) fn judge(
    engine: &Engine,
    direction: Direction,
    body: &[u8],
    findings: &mut Findings,
) -> Judged {
    judge_parts(engine, direction, body, &parts(body, direction), findings)
}

/// The same for the texts that somebody else has found in it.
pub(crate) fn judge_parts(
    engine: &Engine,
    direction: Direction,
    body: &[u8],
    parts: &[Part],
    findings: &mut Findings,
) -> Judged {
    let mut judged = Judged::default();
    let mut left = MAX_JUDGED_BYTES;
    let mut heard = Vec::new();
    let mut surest = 0.0;
    for part in parts.iter().rev() {
        let Some(rest) = left.checked_sub(part.range.len()) else {
            judged.heard.unread += part.range.len();
            continue;
        };
        left = rest;
        let text = part.text(body);
        let Ok(words) = std::str::from_utf8(&text.text) else { continue };
        heard.clear();
        match part.is_description {
            true => engine.judge_description(words, &mut heard),
            false => {
                let name = std::str::from_utf8(slice(body, &part.key)).unwrap_or_default();
                engine.judge_argument(part.origin, name, words, &mut heard);
            }
        }
        if heard.is_empty() {
            continue;
        }
        let path = path_of(body, part);
        for one in &heard {
            if one.confidence > surest {
                surest = one.confidence;
                judged.heard.reason = Some(one.reason.clone().into_owned());
            }
            let action = findings.add_judged(engine, one, direction, &path);
            if action.replaces() {
                judged.edits.extend(edit(engine, direction, part, one, body));
            }
        }
    }
    judged.edits.sort_by_key(|edit| edit.range.start);
    judged.edits.dedup_by(|later, first| later.range.start < first.range.end);
    judged
}

/// Takes the passage out.
fn edit(
    engine: &Engine,
    direction: Direction,
    part: &Part,
    one: &Judgement,
    body: &[u8],
) -> Option<Edit> {
    let text = part.text(body);
    // A passage is no value that anybody wants back.
    let vault: Option<&dyn Vault> = None;
    let with = engine.replacement(one.detector, direction, "", vault)?;
    let raw = text.raw_range(one.range.clone());
    let range = part.range.start + raw.start..part.range.start + raw.end;
    Some(Edit { range, with: with.into_bytes() })
}
