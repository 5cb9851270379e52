//! What is found in a text, and what is done about it.

use std::ops::Range;

use inspect::document::{self, Edit, Found, Scope};
use inspect::{Direction, Engine, Match, Origin, Vault, json};

use super::event::{Event, Form, Piece};
use super::{ChannelKind, Stop, StreamGuard};
use crate::llm::judge;
use crate::llm::walk::{self, slice};

impl StreamGuard {
    /// Gives a channel's scanner its next piece, or its end.
    pub(super) fn scan_with(
        &mut self,
        at: usize,
        text: Option<&[u8]>,
        current: Option<&mut Event>,
    ) -> Result<(), Stop> {
        let mut matches = std::mem::take(&mut self.matches);
        matches.clear();
        if let Some(channel) = self.channels.get_mut(at)
            && let ChannelKind::Prose(stream) = &mut channel.kind
        {
            channel.clear = match text {
                Some(text) => stream.push(&self.engine, text, &mut matches),
                None => {
                    stream.finish(&self.engine, &mut matches);
                    channel.length
                }
            };
        }
        let result = self.apply(at, &matches, current);
        self.matches = matches;
        result
    }

    /// Gives the scanners what they have not seen of the events that wait.
    pub(super) fn scan_unread(&mut self) -> Result<(), Stop> {
        for at in 0..self.channels.len() {
            let Some(channel) = self.channels.get_mut(at) else { continue };
            if channel.unread.is_empty() {
                continue;
            }
            let mut unread = std::mem::take(&mut channel.unread);
            self.scan_with(at, Some(&unread), None)?;
            unread.clear();
            if let Some(channel) = self.channels.get_mut(at) {
                channel.unread = unread;
            }
        }
        Ok(())
    }

    /// With what a part of the answer is inspected by itself.
    pub(super) fn scope(&self) -> Scope<'_> {
        let vault = self.vault.as_deref().map(|vault| vault as &dyn Vault);
        Scope { engine: &self.engine, direction: Direction::Answer, vault }
    }

    pub(super) fn apply(
        &mut self,
        at: usize,
        matches: &[Match],
        mut current: Option<&mut Event>,
    ) -> Result<(), Stop> {
        let (engine, vault) = (self.engine.clone(), self.vault.clone());
        for found in matches {
            let name = self.channels.get(at).map(|c| c.name.clone()).unwrap_or_default();
            let action = self.findings.add_match(&engine, found, Direction::Answer, &name);
            if !action.replaces() {
                continue;
            }
            let value = self.value(at, &found.range, current.as_deref());
            let vault = vault.as_deref().map(|vault| vault as &dyn Vault);
            let with = engine.replacement(found.detector, Direction::Answer, &value, vault);
            if let Some(with) = with {
                self.cut(at, &found.range, &with, current.as_deref_mut());
            }
        }
        self.blocked()
    }

    /// A range of a channel's text, put together from the events that hold it.
    fn value(&self, channel: usize, range: &Range<usize>, current: Option<&Event>) -> String {
        let mut value = Vec::with_capacity(range.len());
        for event in self.waiting.iter().chain(current) {
            for piece in event.pieces.iter().filter(|p| p.channel == channel) {
                let start = piece.text.start.max(range.start);
                let end = piece.text.end.min(range.end);
                if start < end {
                    let text = json_text(piece, &event.raw);
                    let inner = start - piece.text.start..end - piece.text.start;
                    value.extend_from_slice(text.get(inner).unwrap_or_default());
                }
            }
        }
        String::from_utf8_lossy(&value).into_owned()
    }

    pub(super) fn blocked(&self) -> Result<(), Stop> {
        self.findings.blocker().map_or(Ok(()), |kind| Err(Stop::Blocked(kind.to_owned())))
    }

    /// Replaces a range of a channel's text in every event that holds a part of it: the first part
    /// becomes the mask, the others nothing.
    pub(super) fn cut(
        &mut self,
        channel: usize,
        range: &Range<usize>,
        mask: &str,
        current: Option<&mut Event>,
    ) {
        let mut mask = Some(mask);
        for event in self.waiting.iter_mut().chain(current) {
            for piece in event.pieces.iter().filter(|p| p.channel == channel) {
                let start = piece.text.start.max(range.start);
                let end = piece.text.end.min(range.end);
                if start >= end {
                    continue;
                }
                let with = mask.take().unwrap_or_default();
                let with = if piece.form == Form::Plain {
                    with.as_bytes().to_vec()
                } else {
                    json::encode(with)
                };
                event.edits.push(Edit { range: piece.raw_of(&event.raw, start..end), with });
            }
        }
    }

    /// Every tool call that was being assembled is whole now: judge it, then let it go.
    pub(super) fn complete_arguments(&mut self) -> Result<(), Stop> {
        for at in 0..self.channels.len() {
            let Some(channel) = self.channels.get_mut(at) else { continue };
            let ChannelKind::Arguments(whole) = &mut channel.kind else { continue };
            if whole.is_empty() {
                channel.clear = channel.length;
                continue;
            }
            let text = std::mem::take(whole);
            self.judge_arguments(at, &text)?;
        }
        Ok(())
    }

    pub(super) fn judge_arguments(&mut self, at: usize, text: &[u8]) -> Result<(), Stop> {
        let Some(channel) = self.channels.get_mut(at) else { return Ok(()) };
        let (start, name) = (channel.length - text.len(), channel.name.clone());
        channel.clear = channel.length;
        let limits = walk::limits();
        let report = document::inspect_json(&self.scope(), text, &limits, &mut ())
            .unwrap_or_else(|_| document::inspect_text(&self.scope(), text));
        for found in report.findings {
            let found = Found { path: format!("{name}.{}", found.path), ..found };
            self.findings.add_found(&self.engine, &found, Direction::Answer);
        }
        for edit in &report.edits {
            self.cut(
                at,
                &(start + edit.range.start..start + edit.range.end),
                &String::from_utf8_lossy(&edit.with),
                None,
            );
        }
        self.blocked()?;
        let judged = judge::judge(&self.engine, Direction::Answer, text, &mut self.findings);
        for edit in judged.edits() {
            let range = start + edit.range.start..start + edit.range.end;
            self.cut(at, &range, &String::from_utf8_lossy(&edit.with), None);
        }
        self.blocked()
    }

    /// Has the judges read what was said, now that it is whole. Most of it has left: a finding that
    /// blocks keeps back what ends the answer, and any other is recorded.
    pub(super) fn judge(&mut self) -> Result<(), Stop> {
        let mut heard = Vec::new();
        for channel in &mut self.channels {
            let said = std::mem::take(&mut channel.said);
            heard.clear();
            self.engine.judge(Origin::Model, &String::from_utf8_lossy(&said), &mut heard);
            for one in &heard {
                self.findings.note_judged(&self.engine, one, Direction::Answer, &channel.name);
            }
        }
        self.blocked()
    }

    /// A leaf that is a text by itself.
    pub(super) fn alone(
        &mut self,
        event: &mut Event,
        at: Range<usize>,
        escaped: bool,
        name: &str,
    ) -> Result<(), Stop> {
        let raw = event.raw.clone();
        let bytes = slice(&raw, &at);
        let decoded = escaped.then(|| json::decode(bytes));
        let mut matches = std::mem::take(&mut self.matches);
        matches.clear();
        let text = decoded.as_ref().map_or(bytes, |d| &d.text);
        self.engine.scan(Direction::Answer, text, &mut matches);
        for found in &matches {
            let action = self.findings.add_match(&self.engine, found, Direction::Answer, name);
            if !action.passes() {
                // A name, key or number cannot be half removed and still mean something: it goes whole.
                event.edits.push(mask_whole(&self.engine, found, &raw, &at));
                break;
            }
        }
        self.matches = matches;
        self.blocked()
    }
}

/// The text of a piece, escapes resolved.
fn json_text<'e>(piece: &Piece, event: &'e [u8]) -> std::borrow::Cow<'e, [u8]> {
    let raw = slice(event, &piece.raw);
    match piece.form {
        Form::Escaped => json::decode(raw).text,
        Form::Plain | Form::Quoted => raw.into(),
    }
}

fn mask_whole(engine: &Engine, found: &Match, raw: &[u8], at: &Range<usize>) -> Edit {
    let mask = json::encode(&inspect::mask(engine.detector(found.detector)));
    let is_quoted = at.start > 0 && raw.get(at.start - 1) == Some(&b'"');
    let is_number = raw.get(at.start).is_some_and(|b| b.is_ascii_digit() || *b == b'-');
    let with = if is_number && !is_quoted { [b"\"", &*mask, b"\""].concat() } else { mask };
    Edit { range: at.clone(), with }
}
