//! What the gate must know of a request: read, decoded, inspected.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use inspect::document::{self, Leaf, Observer, Path, Report, Scope};
use inspect::{Direction, Engine, Vault, encoding, json};

use super::findings::Findings;
use super::judge::{self, Heard, Judged};
use super::parts::{Part, parts};
use crate::refusal::Refusal;

/// The members of a request that decisions depend on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub model: Option<String>,
    pub is_streamed: bool,
    pub max_output_tokens: Option<u64>,
    /// How many answers are asked for at once.
    answers: Option<u64>,
    /// Where the strings start that may read otherwise than they are written; nothing where that is
    /// not known of all of them.
    layered: Option<Vec<usize>>,
}

impl Facts {
    /// The most output that this call may come to.
    pub(super) fn output_ceiling(&self, otherwise: u64) -> u64 {
        let one = self.max_output_tokens.unwrap_or(otherwise);
        one.saturating_mul(self.answers.unwrap_or(1).max(1))
    }
}

impl Observer for Facts {
    fn leaf(&mut self, path: &Path<'_>, leaf: Leaf<'_>) {
        if path.len() != 1 {
            return;
        }
        if path.is(&["model"]) {
            self.model = leaf.text().map(|text| text.into_owned());
        } else if path.is(&["stream"]) {
            self.is_streamed = leaf == Leaf::Bool(true);
        } else if path.is(&["n"]) {
            self.answers = leaf.as_u64();
        } else if path.is(&["max_tokens"])
            || path.is(&["max_completion_tokens"])
            || path.is(&["max_output_tokens"])
        {
            self.max_output_tokens = self.max_output_tokens.max(leaf.as_u64());
        }
    }

    fn layered(&mut self, start: usize) {
        self.layered.get_or_insert_default().push(start);
    }
}

/// A request's body, and what inspection made of it.
pub(super) struct Inspected {
    /// What goes upstream.
    pub body: Bytes,
    /// The body is no longer what its `content-encoding` says.
    pub is_decoded: bool,
    pub facts: Facts,
    pub uninspected: u32,
    pub heard: Heard,
}

/// How a body is to be read.
pub(super) struct Reading<'a> {
    /// `None` where inspection is off: the body is still read for what decisions depend on.
    pub engine: Option<&'a Engine>,
    /// A body that is not JSON is an error of the caller.
    pub must_be_json: bool,
    pub max_decoded: usize,
    /// Keeps what is tokenised.
    pub vault: Option<&'a dyn Vault>,
    /// The judges have heard the body already.
    pub is_judged: bool,
}

impl<'a> Reading<'a> {
    fn scope(&self, engine: &'a Engine) -> Scope<'a> {
        Scope { engine, direction: Direction::Request, vault: self.vault }
    }
}

/// A body that detectors and judges have read, before the judges' passages are taken out.
pub(super) struct Examined {
    /// As it came.
    body: Bytes,
    decoded: Option<Vec<u8>>,
    /// Without the detectors' values, where there were any.
    masked: Option<Vec<u8>>,
    /// Who wrote which text of what came.
    pub parts: Vec<Part>,
    pub judged: Judged,
    pub facts: Facts,
    uninspected: u32,
}

impl Examined {
    /// What came, decoded.
    pub(super) fn said(&self) -> &[u8] {
        self.decoded.as_deref().unwrap_or(&self.body)
    }

    /// What the judges have read.
    pub(super) fn text(&self) -> &[u8] {
        self.masked.as_deref().unwrap_or_else(|| self.said())
    }

    /// What goes upstream.
    pub(super) fn finish(self) -> Inspected {
        let cut = self.judged.cut(self.text());
        let heard = self.judged.heard;
        let (facts, uninspected) = (self.facts, self.uninspected);
        match cut.or(self.masked) {
            None => Inspected { body: self.body, is_decoded: false, facts, uninspected, heard },
            Some(changed) => {
                let (body, is_decoded) = (changed.into(), self.decoded.is_some());
                Inspected { body, is_decoded, facts, uninspected, heard }
            }
        }
    }
}

/// Decodes and examines a body.
pub(super) fn examine(
    reading: &Reading<'_>,
    headers: &HeaderMap,
    body: Bytes,
    findings: &mut Findings,
) -> Result<Examined, Refusal> {
    let decoded = decode(headers, &body, reading.max_decoded)?;
    let plain = decoded.as_deref().unwrap_or(&body);
    let mut facts = Facts::default();
    let report = report(reading, headers, plain, &mut facts)?;
    let uninspected = report.uninspected;
    note(reading.engine, &report, Direction::Request, findings);
    let masked = (!report.edits.is_empty()).then(|| document::apply(plain, &report.edits));
    let direction = Direction::Request;
    let judging = reading.engine.filter(|_| !reading.is_judged);
    let is_asked_for = judging.is_some() || reading.must_be_json;
    let parts = if is_asked_for { parts(plain, direction) } else { Vec::new() };
    let judged = judging.map_or_else(Judged::default, |engine| match &masked {
        None => {
            let known = (parts.as_slice(), facts.layered.as_deref());
            judge::judge_known(engine, direction, plain, known, findings)
        }
        // What was taken out has moved the texts.
        Some(text) => judge::judge(engine, direction, text, findings),
    });
    Ok(Examined { body, decoded, masked, parts, judged, facts, uninspected })
}

/// Puts a report's findings into the action's.
pub(crate) fn note(
    engine: Option<&Engine>,
    report: &Report,
    direction: Direction,
    findings: &mut Findings,
) {
    let Some(engine) = engine else { return };
    for found in &report.findings {
        findings.add_found(engine, found, direction);
    }
}

/// `None` where the body has no content coding.
pub(crate) fn decode(
    headers: &HeaderMap,
    body: &[u8],
    max: usize,
) -> Result<Option<Vec<u8>>, Refusal> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter().peekable();
    if values.peek().is_none() || body.is_empty() {
        return Ok(None);
    }
    let text: Result<Vec<&str>, _> = values.map(http::HeaderValue::to_str).collect();
    let text = text
        .map_err(|_| Refusal::Uninspectable("its content encoding is not understood"))?
        .join(",");
    let codings = encoding::parse(&text)
        .map_err(|_| Refusal::Uninspectable("its content encoding is not understood"))?;
    match encoding::decode(&codings, body, max) {
        Ok(plain) => Ok(Some(plain)),
        Err(_) => {
            Err(Refusal::Uninspectable("its compressed body could not be decoded within the limit"))
        }
    }
}

fn report(
    reading: &Reading<'_>,
    headers: &HeaderMap,
    body: &[u8],
    facts: &mut Facts,
) -> Result<Report, Refusal> {
    if body.is_empty() && !reading.must_be_json {
        return Ok(Report::default());
    }
    let limits = json::Limits::default();
    let inspected = match reading.engine {
        Some(engine) => document::inspect_json(&reading.scope(engine), body, &limits, facts),
        None => document::observe_json(body, &limits, facts).map(|()| Report::default()),
    };
    // A body that was given up was read in part.
    facts.layered = match &inspected {
        Ok(_) => reading.engine.and(Some(facts.layered.take().unwrap_or_default())),
        Err(_) => None,
    };
    match inspected {
        Ok(report) => Ok(report),
        Err(error) if reading.must_be_json || says_json(headers) => Err(Refusal::Malformed(
            format!("The request's body is not the JSON that this endpoint takes: {error}."),
        )),
        Err(_) => Ok(reading.engine.map_or_else(Report::default, |engine| {
            document::inspect_text(&reading.scope(engine), body)
        })),
    }
}

/// Whether a content type is JSON (RFC 8259, section 11; the `+json` suffix of RFC 6839, section 3.1).
pub(super) fn says_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

#[cfg(test)]
#[path = "request/tests.rs"]
mod tests;
