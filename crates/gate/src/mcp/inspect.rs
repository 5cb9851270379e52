//! Inspection of messages, both ways.

use std::ops::Range;

use bytes::Bytes;
use inspect::document::{self, Report, Scope};
use inspect::json::{Kind, Limits, Reader};
use inspect::{Direction, Engine, Vault};
use model::Effect;

use super::parts::{Voice, parts};
use super::serve::{Call, Talk};
use crate::llm::judge::judge_parts;
use crate::llm::request::note;
use crate::refusal::Refusal;
use crate::snapshot::Uninspectable;

impl Call {
    /// Looks into a message on its way to a server. Something may be taken out only below
    /// `editable`: anywhere else that would change what is asked, and the message is refused.
    ///
    /// What inspection finds is refused only after the policies have had their say; see
    /// [`Call::enforce`].
    pub(super) fn inspect_request(
        &mut self,
        body: Bytes,
        voice: Voice,
        editable: &[&str],
    ) -> Result<Bytes, Refusal> {
        let Some(engine) = self.base.engine.clone() else { return Ok(body) };
        let direction = Direction::Request;
        let report = self.report(&engine, direction, &body)?;
        // Where something may be taken out is looked for only where something is to be.
        let span = || span(&body, editable).unwrap_or(0..0);
        let span = if report.edits.is_empty() { 0..0 } else { span() };
        if let Some(edit) = report.edits.iter().find(|edit| !contains(&span, &edit.range)) {
            tracing::debug!(
                at = edit.range.start,
                "a value that may not pass stands in an envelope"
            );
            let kinds = self.base.action.findings.kinds();
            return Err(Refusal::Blocked(kinds.first().copied().unwrap_or("a value").to_owned()));
        }
        if report.uninspected > 0 {
            self.base.action.note("uninspected", report.uninspected.to_string());
        }
        Ok(self.edited(&engine, direction, body, &report, voice))
    }

    /// The same for what a server says.
    pub(super) fn inspect_answer(
        &mut self,
        talk: &Talk,
        body: Bytes,
        voice: Voice,
    ) -> Result<Bytes, Refusal> {
        let Some(engine) = self.base.engine.clone() else { return Ok(body) };
        let direction = Direction::Answer;
        let report = self.report(&engine, direction, &body)?;
        if report.uninspected > 0 {
            self.base.action.note("uninspected_answer", report.uninspected.to_string());
            if talk.server.uninspectable == Uninspectable::Refuse {
                return Err(Refusal::Uninspectable("this answer has an image or another blob"));
            }
        }
        let body = self.edited(&engine, direction, body, &report, voice);
        match self.base.action.findings.blocker() {
            Some(kind) => Err(Refusal::Blocked(kind.to_owned())),
            None => Ok(body),
        }
    }

    /// The same for what the gate has put together of several servers' words.
    pub(super) fn inspect_all(&mut self, body: Bytes) -> Result<Bytes, Refusal> {
        let Some(engine) = self.base.engine.clone() else { return Ok(body) };
        let report = self.report(&engine, Direction::Answer, &body)?;
        let body = self.edited(&engine, Direction::Answer, body, &report, Voice::Nobody);
        self.enforce()?;
        Ok(body)
    }

    fn report(
        &mut self,
        engine: &Engine,
        direction: Direction,
        body: &[u8],
    ) -> Result<Report, Refusal> {
        let vault = self.base.vault.as_deref().map(|vault| vault as &dyn Vault);
        let scope = Scope { engine, direction, vault };
        let report = document::inspect_json(&scope, body, &Limits::default(), &mut ());
        let report = report
            .map_err(|_| Refusal::Uninspectable("this message is larger than it inspects"))?;
        note(Some(engine), &report, direction, &mut self.base.action.findings);
        Ok(report)
    }

    /// The body without what is to be taken out.
    fn edited(
        &mut self,
        engine: &Engine,
        direction: Direction,
        body: Bytes,
        report: &Report,
        voice: Voice,
    ) -> Bytes {
        let masked = (!report.edits.is_empty()).then(|| document::apply(&body, &report.edits));
        let text = masked.as_deref().unwrap_or(&body);
        let found = parts(text, voice);
        let action = &mut self.base.action;
        let judged = judge_parts(engine, direction, text, &found, &mut action.findings);
        let cut = judged.cut(text);
        judged.heard.note(action);
        let changed = cut.or(masked).map(Bytes::from);
        if changed.is_some() && action.findings.anything_masked() {
            let what = match direction {
                Direction::Request => "something was taken out of the call",
                Direction::Answer => "something was taken out of the answer",
            };
            action.decide(Effect::Redact, what);
        }
        changed.unwrap_or(body)
    }

    /// What inspection asks for, after the policies had their say.
    pub(super) fn enforce(&mut self) -> Result<(), Refusal> {
        match self.base.action.findings.blocker() {
            Some(kind) => Err(Refusal::Blocked(kind.to_owned())),
            None => Ok(()),
        }
    }
}

fn contains(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Where the value at a path of members stands in a message.
fn span(body: &[u8], path: &[&str]) -> Option<Range<usize>> {
    let limits = Limits::default();
    let mut reader = Reader::new(body, &limits);
    let (mut depth, mut matched, mut start) = (0_usize, 0_usize, None);
    let mut is_next = false;
    while let Ok(Some(token)) = reader.next() {
        if let Some((begin, at)) = start {
            match token.kind {
                Kind::ObjectStart | Kind::ArrayStart => depth += 1,
                Kind::ObjectEnd | Kind::ArrayEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == at {
                return Some(begin..token.range.end);
            }
            continue;
        }
        match token.kind {
            Kind::Key => {
                let name = body.get(token.range.clone()).unwrap_or_default();
                is_next =
                    depth == matched + 1 && path.get(matched).is_some_and(|p| p.as_bytes() == name);
            }
            Kind::ObjectStart | Kind::ArrayStart => {
                if std::mem::take(&mut is_next) {
                    matched += 1;
                    if matched == path.len() {
                        start = Some((token.range.start, depth));
                    }
                }
                depth += 1;
            }
            Kind::ObjectEnd | Kind::ArrayEnd => {
                depth = depth.saturating_sub(1);
                // The object that the path leads into has ended without the next member.
                if matched > 0 && depth <= matched {
                    return None;
                }
            }
            _ => is_next = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_member_is_found() {
        let body = br#"{"a":{"arguments":[1]},"params":{"name":"arguments","arguments":{"x":[1,{}]},"z":1}}"#;
        let text = |path: &[&str]| span(body, path).map(|r| std::str::from_utf8(&body[r]).unwrap());
        assert_eq!(text(&["params", "arguments"]), Some(r#"{"x":[1,{}]}"#));
        assert_eq!(text(&["params", "other"]), None);
        assert_eq!(text(&["result"]), None);
        let outside = br#"{"params":{"name":"x"},"arguments":{"y":1}}"#;
        assert_eq!(span(outside, &["params", "arguments"]), None);
    }
}
