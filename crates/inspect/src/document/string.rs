//! Inspects one string, decoded: as JSON, as base64, or as the text that it is.

use std::ops::Range;

use super::{
    MAX_LEVELS, Scope,
    blob::Media,
    clean::Clean,
    edit::{Edit, settle},
    marks::Marks,
};
use crate::{
    Action, DetectorId, Match,
    engine::Suspects,
    engine::assignments::{self, Meaning},
    json::{self, Limits},
    views::{self, View},
};

/// The inspection of one body.
pub(super) struct Inspector<'e> {
    pub(super) scope: Scope<'e>,
    pub(super) limits: Limits,
    clean: Clean,
    /// For [`Engine::scan`], empty between uses.
    matches: Vec<Match>,
    /// For decoded strings, to be used again.
    spare: Vec<Vec<u8>>,
    /// Whether the last string was read for views and has nothing to take off.
    pub(super) was_plain: bool,
    masked_keys: usize,
    /// Whether every leaf gets every look, as if the sieve knew nothing.
    #[cfg(test)]
    pub(super) is_thorough: bool,
}

impl<'e> Inspector<'e> {
    pub(super) fn new(scope: &Scope<'e>, limits: &Limits) -> Self {
        Self {
            scope: *scope,
            limits: *limits,
            clean: Clean::new(),
            matches: Vec::new(),
            spare: Vec::new(),
            was_plain: false,
            masked_keys: 0,
            #[cfg(test)]
            is_thorough: false,
        }
    }

    pub(super) fn suspects(&self, text: &[u8]) -> Suspects {
        #[cfg(test)]
        if self.is_thorough {
            return Suspects::all();
        }
        self.scope.engine.suspects(text)
    }

    pub(super) fn has_masked_keys(&self) -> bool {
        self.masked_keys > 0
    }

    /// Calls `look` with the decoded content and lifts what it marks into `marks`.
    #[inline]
    pub(super) fn decoded(
        &mut self,
        (raw, escaped, at): (&[u8], bool, usize),
        marks: &mut Marks,
        look: impl FnOnce(&mut Self, &[u8]) -> Marks,
    ) -> bool {
        let found = if escaped {
            let mut buffer = self.spare.pop().unwrap_or_default();
            buffer.clear();
            json::decode_into(raw, &mut buffer);
            let found = look(self, &buffer);
            self.spare.push(buffer);
            found
        } else {
            look(self, raw)
        };
        let any = !found.is_empty();
        if any {
            marks.lift(found, raw, at);
        }
        any
    }

    /// A string leaf, `level` unpackings deep. Offsets in the result are those of `text`.
    #[inline]
    pub(super) fn string(&mut self, text: &[u8], level: u8, media: Media) -> Marks {
        self.was_plain = false;
        if text.is_empty() || self.clean.holds(text) {
            return Marks::default();
        }
        let inside = self.unpacked(text, level, media);
        // Whatever the last of the strings inside was.
        self.was_plain = false;
        let marks = inside.unwrap_or_else(|| self.plain(text));
        if marks.is_empty() {
            self.clean.remember(text);
        }
        marks
    }

    /// Looks inside, if there is an inside. None: scan it as text.
    fn unpacked(&mut self, text: &[u8], level: u8, media: Media) -> Option<Marks> {
        if level >= MAX_LEVELS {
            return None;
        }
        match text.trim_ascii_start().first() {
            Some(b'{' | b'[') => self.nested(text, level),
            _ => self.blob(text, level, media),
        }
    }

    fn nested(&mut self, text: &[u8], level: u8) -> Option<Marks> {
        let mut marks = self.json(text, level + 1, &mut ()).ok()?;
        for hit in &mut marks.hits {
            hit.at = 0;
            hit.span = 0..text.len();
        }
        Some(marks)
    }

    /// A body that is not JSON as a whole.
    pub(super) fn body_text(&mut self, body: &[u8]) -> Marks {
        let mut marks = self.string(body, 0, Media::Unknown);
        if is_form(body) {
            self.views(body, true, &mut marks);
        }
        settle(&mut marks.edits);
        for hit in &mut marks.hits {
            if hit.path.is_empty() {
                hit.path.push('$');
            }
        }
        marks
    }

    /// A string that is secret, as a whole, because the name of its member says so.
    pub(super) fn member(&mut self, meaning: Meaning, text: &[u8]) -> Marks {
        let mut marks = Marks::default();
        let assigned = &self.scope.engine.rules.assigned;
        if let Some(rule) = assignments::member(assigned, meaning, text) {
            let (detector, range) = (DetectorId(rule), 0..text.len());
            let fingerprint = self.scope.engine.fingerprint(detector, text);
            let found = Match { detector, range: range.clone(), fingerprint };
            let with = self.mark(&found, text, 0, range.clone(), &mut marks);
            marks.edits.extend(with.map(|with| Edit { range, with: with.into() }));
        }
        marks
    }

    /// A key: scanned as text. Two masked keys of one object must not become the same.
    pub(super) fn key(&mut self, text: &[u8]) -> Marks {
        if text.is_empty() || self.clean.holds(text) {
            return Marks::default();
        }
        let mut marks = self.plain(text);
        if marks.is_empty() {
            self.clean.remember(text);
        }
        if let Some(edit) = marks.edits.last_mut() {
            self.masked_keys += 1;
            edit.with.extend_from_slice(format!("_{}", self.masked_keys).as_bytes());
        }
        marks
    }

    /// The numbers in a value whose name says what they are; see [`crate::Engine::said_by_name`].
    pub(super) fn named(&mut self, said: &[u8], text: &[u8], marks: &mut Marks) {
        let mut matches = std::mem::take(&mut self.matches);
        self.scope.engine.scan_named(self.scope.direction, said, text, &mut matches);
        for found in matches.drain(..) {
            let range = found.range.clone();
            let overlaps = |span: &Range<usize>| span.start < range.end && range.start < span.end;
            if marks.hits.iter().any(|hit| overlaps(&hit.span)) {
                continue;
            }
            let value = text.get(range.clone()).unwrap_or_default();
            let with = self.mark(&found, value, 0, range.clone(), marks);
            marks.edits.extend(with.map(|with| Edit { range, with: with.into() }));
        }
        self.matches = matches;
    }

    /// A number: all of it becomes a string when something in it is masked. `said`: by its name.
    pub(super) fn number(
        &mut self,
        text: &[u8],
        said: Option<&[u8]>,
        at: usize,
        marks: &mut Marks,
    ) {
        let mut found = Marks::default();
        if !self.clean.holds(text) {
            self.scan(text, &mut found);
            if found.is_empty() {
                self.clean.remember(text);
            }
        }
        if let Some(said) = said {
            self.named(said, text, &mut found);
        }
        if let Some(first) = found.edits.first_mut() {
            first.with.insert(0, b'"');
            first.with.push(b'"');
            first.range = 0..text.len();
            found.edits.truncate(1);
        }
        for hit in &mut found.hits {
            hit.at = 0;
        }
        marks.absorb(found, at);
    }

    /// Text as it stands, and with every layer off that it may have.
    pub(super) fn plain(&mut self, text: &[u8]) -> Marks {
        let mut marks = self.raw(text);
        self.views(text, false, &mut marks);
        marks
    }

    /// Text as it stands.
    pub(super) fn raw(&mut self, text: &[u8]) -> Marks {
        let mut marks = Marks::default();
        self.scan(text, &mut marks);
        marks
    }

    fn scan(&mut self, text: &[u8], marks: &mut Marks) {
        self.scope.engine.scan(self.scope.direction, text, &mut self.matches);
        if self.matches.is_empty() {
            return;
        }
        let mut matches = std::mem::take(&mut self.matches);
        for found in matches.drain(..) {
            let value = text.get(found.range.clone()).unwrap_or_default();
            let with = self.mark(&found, value, 0, found.range.clone(), marks);
            marks.edits.extend(with.map(|with| Edit { range: found.range, with: with.into() }));
        }
        self.matches = matches;
    }

    /// Counts a match at a span of the leaf at `at`; gives the replacement when it is to be masked.
    pub(super) fn mark(
        &self,
        found: &Match,
        value: &[u8],
        at: usize,
        span: Range<usize>,
        marks: &mut Marks,
    ) -> Option<String> {
        marks.hit(at, found, span);
        let Scope { engine, direction, vault } = self.scope;
        let detector = found.detector;
        marks.blocked |= engine.detector(detector).action(direction) == Action::Block;
        engine.replacement(detector, direction, &String::from_utf8_lossy(value), vault)
    }

    fn views(&mut self, text: &[u8], is_form: bool, marks: &mut Marks) {
        let limits = views::Limits { is_form, ..views::Limits::default() };
        let is_layered = views::each(text, &limits, &mut |view| self.view(text, view, marks));
        self.was_plain = !is_layered;
    }

    /// Scans a view of the text; adds what the text and the views before did not show.
    fn view(&mut self, text: &[u8], view: &View<'_>, marks: &mut Marks) {
        let decoded = view.text();
        let known: Vec<_> = marks.hits.iter().map(|hit| (hit.detector, hit.span.clone())).collect();
        let mut matches = std::mem::take(&mut self.matches);
        self.scope.engine.scan(self.scope.direction, decoded, &mut matches);
        for found in matches.drain(..) {
            let range = view.source(found.range.clone());
            let overlaps = |(detector, span): &(DetectorId, Range<usize>)| {
                *detector == found.detector && span.start < range.end && range.start < span.end
            };
            let value = decoded.get(found.range.clone()).unwrap_or_default();
            let mut uncounted = Marks::default();
            let marks_here = if known.iter().any(overlaps) { &mut uncounted } else { &mut *marks };
            let with = self.mark(&found, value, 0, range.clone(), marks_here);
            marks.blocked |= uncounted.blocked;
            let is_percent = is_percent_encoded(text.get(range.clone()).unwrap_or_default());
            marks.edits.extend(with.map(|with| Edit {
                range,
                with: if is_percent { percent_encoded(&with) } else { with.into_bytes() },
            }));
        }
        self.matches = matches;
    }
}

/// Whether bytes look like `application/x-www-form-urlencoded`.
fn is_form(body: &[u8]) -> bool {
    memchr::memchr(b'=', body).is_some() && !body.iter().any(|byte| *byte <= b' ')
}

/// Whether a percent-encoded octet is among what a mask replaces, so that the mask must stand
/// where only such octets may.
fn is_percent_encoded(source: &[u8]) -> bool {
    let mut places = memchr::memchr_iter(b'%', source);
    places.any(|at| {
        source.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Writes text so that it may stand anywhere in a form or a link (RFC 3986, section 2.1).
fn percent_encoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}
