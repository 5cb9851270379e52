//! Inspects a whole body: what was found where, and the edits that take it out.
//!
//! What is looked at, and how:
//!
//! - **Strings and keys** are scanned decoded, escapes resolved; an edit covers whole escapes. What
//!   has no finding is never touched, so it arrives byte for byte as it was sent.
//! - **Numbers** are scanned by their text; a masked number becomes a JSON string.
//! - **JSON inside a string** (tool-call arguments) is inspected as JSON, [`MAX_LEVELS`] deep; its
//!   edits are written back through every level of escapes. It is scanned only inside, so nothing
//!   is reported twice. Repeated keys are no mistake there: every member is scanned.
//! - **Text in an encoding or disguise** (`\u0041` in prose, `%41` in a link, base64 in a sentence,
//!   look-alikes, letters apart) is scanned once more for each layer that comes off: see
//!   [`crate::views`]. An edit covers whole escapes and whole encoded runs.
//! - **Base64** that decodes to text is inspected decoded. Where a `data:` URI or a media type
//!   beside it says what it is, a masked text is encoded again; elsewhere a finding masks the whole
//!   string. What is declared as (or begins like) an image, audio, or PDF and does not decode to
//!   text is not scanned but counted in [`Report::uninspected`].
//! - **Seams** between neighbouring texts: see [`seams`].
//!
//! A leaf gets these looks only where the engine's sieve, which goes over the whole body once, says
//! that something might be found in it, or where it may hold more than it shows.
//!
//! A path in a finding never shows a key that itself held one.

mod blob;
mod clean;
mod edit;
mod glued;
mod marks;
mod members;
mod names;
mod path;
mod seams;
mod string;
mod walk;

use std::borrow::Cow;

use crate::{
    Action, DetectorId, Direction, Engine, Fingerprint, Vault,
    json::{self, Limits},
};
use marks::Marks;
use string::Inspector;

pub use edit::{Edit, apply};
pub use path::{MAX_PATH_BYTES, Path, Step};

/// How many times text is unpacked: JSON in a string, or base64, inside each other.
pub const MAX_LEVELS: u8 = 3;

/// Findings of one body. Further ones are counted in the last; their edits are still made.
pub const MAX_FOUND: usize = model::MAX_FINDINGS;

/// With what a body is inspected.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub engine: &'a Engine,
    pub direction: Direction,
    /// Keeps what is tokenised. Without it such values are masked.
    pub vault: Option<&'a dyn Vault>,
}

impl<'a> Scope<'a> {
    /// Without a vault.
    pub fn new(engine: &'a Engine, direction: Direction) -> Self {
        Self { engine, direction, vault: None }
    }
}

/// Sees the leaves of a body as it is read, keys excepted.
pub trait Observer {
    /// One string, number, true, false or null of the body itself (not of JSON inside a string).
    #[inline]
    fn leaf(&mut self, path: &Path<'_>, leaf: Leaf<'_>) {
        let _ = (path, leaf);
    }

    /// One string of the body itself that may read otherwise than it is written, by the place where
    /// its content starts: there may be an encoding or a disguise to take off. Those are named in
    /// order, and only where the body is inspected.
    #[inline]
    fn layered(&mut self, start: usize) {
        let _ = start;
    }
}

/// Sees nothing.
impl Observer for () {}

/// A leaf as an [`Observer`] sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf<'a> {
    /// The content between the quotes, and whether it holds escapes. See [`Leaf::text`].
    String {
        raw: &'a [u8],
        escaped: bool,
    },
    /// As written.
    Number(&'a [u8]),
    Bool(bool),
    Null,
}

impl<'a> Leaf<'a> {
    /// The decoded text of a string leaf.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        match *self {
            Leaf::String { raw, escaped: false } => Some(String::from_utf8_lossy(raw)),
            Leaf::String { raw, escaped: true } => {
                let text = json::decode(raw).text;
                Some(Cow::Owned(String::from_utf8_lossy(&text).into_owned()))
            }
            _ => None,
        }
    }

    /// The value of a number that is a whole one and fits.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Leaf::Number(text) => std::str::from_utf8(text).ok()?.parse().ok(),
            _ => None,
        }
    }
}

/// Findings of one detector in one place; of credentials, of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub detector: DetectorId,
    /// Such as `messages[1].content[0].text`; what stands in JSON inside a string follows a `$`.
    /// `$` alone is the whole body.
    pub path: String,
    /// Of a credential: which one it is.
    pub fingerprint: Option<Fingerprint>,
    pub count: u32,
    pub action: Action,
}

/// What inspection of one body came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub findings: Vec<Found>,
    /// Sorted, not overlapping: what [`apply`] wants.
    pub edits: Vec<Edit>,
    /// Something was found whose action is [`Action::Block`].
    pub blocked: bool,
    /// Binary blobs that were not looked into.
    pub uninspected: u32,
}

/// Inspects a JSON body.
///
/// # Errors
/// When the body is not JSON within the limits; see [`json`].
pub fn inspect_json(
    scope: &Scope<'_>,
    body: &[u8],
    limits: &Limits,
    observer: &mut impl Observer,
) -> Result<Report, json::Error> {
    inspect_with(&mut Inspector::new(scope, limits), body, observer)
}

fn inspect_with(
    inspector: &mut Inspector<'_>,
    body: &[u8],
    observer: &mut impl Observer,
) -> Result<Report, json::Error> {
    let marks = inspector.json(body, 0, observer)?;
    let mut report = report(&inspector.scope, marks);
    if inspector.has_masked_keys() && repeats_a_key(body, &report.edits, &inspector.limits) {
        report.blocked = true;
    }
    Ok(report)
}

/// Shows a JSON body's leaves to an observer without inspecting them.
///
/// # Errors
/// As [`inspect_json`].
pub fn observe_json(
    body: &[u8],
    limits: &Limits,
    observer: &mut impl Observer,
) -> Result<(), json::Error> {
    walk::observe(body, limits, observer)
}

/// Inspects a body that is not JSON: plain text, forms, multipart, also invalid UTF-8.
///
/// The bytes are scanned as they are; then as JSON, with escapes or percent-encoding resolved,
/// where they look like it.
pub fn inspect_text(scope: &Scope<'_>, body: &[u8]) -> Report {
    let marks = Inspector::new(scope, &Limits::default()).body_text(body);
    report(scope, marks)
}

/// Two keys with one mask, or a mask that was there before: masking would make the body ambiguous.
fn repeats_a_key(body: &[u8], edits: &[Edit], limits: &Limits) -> bool {
    let body = apply(body, edits);
    let mut reader = json::Reader::new(&body, limits);
    loop {
        match reader.next() {
            Ok(Some(_)) => {}
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}

fn report(scope: &Scope<'_>, marks: Marks) -> Report {
    let mut findings: Vec<Found> = Vec::with_capacity(marks.hits.len());
    for hit in marks.hits {
        let same = |found: &&mut Found| {
            (found.detector, found.fingerprint) == (hit.detector, hit.fingerprint)
                && found.path == hit.path
        };
        match findings.iter_mut().find(same) {
            Some(found) => found.count = found.count.saturating_add(hit.count),
            None => findings.push(Found {
                action: scope.engine.detector(hit.detector).action(scope.direction),
                detector: hit.detector,
                path: hit.path,
                fingerprint: hit.fingerprint,
                count: hit.count,
            }),
        }
    }
    Report { findings, edits: marks.edits, blocked: marks.blocked, uninspected: marks.uninspected }
}

#[cfg(test)]
mod tests;
