//! An answer that is not streamed: read whole, inspected, then sent.

use inspect::document::{self, Leaf, Observer, Path, Report, Scope, Step};
use inspect::json;

use super::tally::Tally;

impl Observer for Tally {
    fn leaf(&mut self, path: &Path<'_>, leaf: Leaf<'_>) {
        let Leaf::Number(text) = leaf else { return };
        let mut steps = path.steps().rev();
        let (Some(Step::Key(key)), Some(Step::Key(parent))) = (steps.next(), steps.next()) else {
            return;
        };
        if *parent == *b"usage" {
            self.number(&key, text);
        }
    }
}

/// What inspection of an answer came to.
pub(super) struct Inspected {
    pub report: Report,
    pub tally: Tally,
    /// The body says it is JSON and is not.
    pub is_garbage: bool,
}

/// Inspects a decoded answer; without an engine it is only read for its usage.
pub(super) fn inspect(scope: Option<&Scope<'_>>, body: &[u8], is_json: bool) -> Inspected {
    let mut tally = Tally::default();
    let limits = json::Limits { unique_keys: false, ..json::Limits::default() };
    let report = match (scope, is_json) {
        (Some(scope), true) => document::inspect_json(scope, body, &limits, &mut tally),
        (None, true) => {
            document::observe_json(body, &limits, &mut tally).map(|()| Report::default())
        }
        (Some(scope), false) => Ok(document::inspect_text(scope, body)),
        (None, false) => Ok(Report::default()),
    };
    let is_garbage = report.is_err() && !body.is_empty();
    Inspected { report: report.unwrap_or_default(), tally, is_garbage }
}
