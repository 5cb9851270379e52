//! Has the texts of a body judged by who wrote them.

use inspect::document::{self, Edit};
use inspect::{Direction, Engine, Judgement, Said, Vault};

use super::doubt;
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
    /// Texts that pass and might not have to, the newest first.
    pub doubts: Vec<Part>,
}

/// Texts in doubt that are remembered for a second judge.
const MAX_DOUBTS: usize = 8;

/// What the record says of the judges beside their findings.
#[derive(Default)]
pub(crate) struct Heard {
    /// Bytes of text that none of them has read.
    unread: usize,
    /// Why the surest finding is one, and how sure it is.
    reason: Option<String>,
    surest: f64,
    /// The classifier of one's own was asked in vain.
    pub is_unanswered: bool,
}

impl Judged {
    pub(super) fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The body without the passages that are to be taken out; nothing if it stays as it is.
    pub(crate) fn cut(&self, body: &[u8]) -> Option<Vec<u8>> {
        (!self.edits.is_empty()).then(|| document::apply(body, &self.edits))
    }

    /// Takes in what a judge says of a text's passage.
    pub(super) fn hear(
        &mut self,
        engine: &Engine,
        direction: Direction,
        part: &Part,
        one: &Judgement,
        body: &[u8],
        findings: &mut Findings,
    ) {
        if one.confidence > self.heard.surest {
            self.heard.surest = one.confidence;
            self.heard.reason = Some(one.reason.clone().into_owned());
        }
        let action = findings.add_judged(engine, one, direction, &path_of(body, part));
        if action.replaces() {
            self.edits.extend(edit(engine, direction, part, one, body));
        }
    }

    /// Once all is heard.
    pub(super) fn settle(&mut self) {
        self.edits.sort_by_key(|edit| edit.range.start);
        self.edits.dedup_by(|later, first| later.range.start < first.range.end);
    }
}

impl Heard {
    pub(crate) fn note(self, action: &mut Action) {
        if self.unread > 0 {
            action.note("unjudged_bytes", self.unread.to_string());
        }
        if self.is_unanswered {
            action.note("classifier", "gave no answer");
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
    judge_known(engine, direction, body, (parts, None), findings)
}

/// The same where inspection has told of the very body which texts may read otherwise than they are
/// written, by their places; see [`Observer::layered`](document::Observer::layered).
pub(super) fn judge_known(
    engine: &Engine,
    direction: Direction,
    body: &[u8],
    (parts, layered): (&[Part], Option<&[usize]>),
    findings: &mut Findings,
) -> Judged {
    let is_plain =
        |part: &Part| layered.is_some_and(|all| all.binary_search(&part.range.start).is_err());
    let mut judged = Judged::default();
    let mut left = MAX_JUDGED_BYTES;
    let mut heard = Vec::new();
    for part in parts.iter().rev() {
        let Some(rest) = left.checked_sub(part.range.len()) else {
            judged.heard.unread += part.range.len();
            continue;
        };
        left = rest;
        let text = part.text(body);
        let Ok(words) = std::str::from_utf8(&text.text) else { continue };
        heard.clear();
        let suspicion = match part.is_description {
            true => {
                engine.judge_description(words, &mut heard);
                None
            }
            false => {
                let name = std::str::from_utf8(slice(body, &part.key)).unwrap_or_default();
                let (origin, is_plain) = (part.origin, is_plain(part));
                engine.judge_said(&Said { origin, name, text: words, is_plain }, &mut heard)
            }
        };
        heard.iter().for_each(|one| judged.hear(engine, direction, part, one, body, findings));
        let is_in_doubt = suspicion.is_some_and(|how| doubt::is_in_doubt(part.origin, how));
        if is_in_doubt && judged.doubts.len() < MAX_DOUBTS {
            judged.doubts.push(part.clone());
        }
    }
    judged.settle();
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
