//! How far the archive has come, and what holds it up.

use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ledger::archive::Archived;
use model::Timestamp;
use serde_json::{Value, json};

/// The archive of one log, as others see it.
pub(in crate::up) struct State {
    to: String,
    inner: Mutex<Inner>,
}

#[derive(Clone, Default)]
struct Inner {
    /// Records that are archived.
    size: u64,
    bytes: u64,
    failures: u64,
    failing: Option<Failing>,
    /// When the last run that succeeded began: what was written before is archived.
    reached: Option<Timestamp>,
}

#[derive(Clone)]
struct Failing {
    since: Timestamp,
    why: String,
    was_late: bool,
}

impl State {
    pub(super) fn new(to: String) -> Self {
        Self { to, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn archived(&self) -> u64 {
        self.lock().size
    }

    /// Notes what was copied; says since when it had failed, if it had.
    pub(super) fn done(&self, done: &Archived, begun: Timestamp) -> Option<Timestamp> {
        let mut inner = self.lock();
        inner.size = done.size;
        inner.bytes += done.bytes;
        inner.reached = Some(begun);
        inner.failing.take().map(|failing| failing.since)
    }

    /// Notes a failure; says whether it is news.
    pub(super) fn failed(&self, why: &str, now: Timestamp) -> bool {
        let mut inner = self.lock();
        inner.failures += 1;
        let is_news = inner.failing.as_ref().is_none_or(|failing| failing.why != why);
        let (since, was_late) = inner
            .failing
            .as_ref()
            .map_or((now, false), |failing| (failing.since, failing.was_late));
        inner.failing = Some(Failing { since, why: why.to_owned(), was_late });
        is_news
    }

    /// Whether it has failed for longer than this; says so once.
    pub(super) fn is_late(&self, limit: Duration, now: Timestamp) -> bool {
        let mut inner = self.lock();
        let Some(failing) = &mut inner.failing else { return false };
        let is_late = !failing.was_late && now.since(failing.since) > limit;
        failing.was_late |= is_late;
        is_late
    }

    pub(super) fn show(&self, size: u64) -> Value {
        let inner = self.lock().clone();
        json!({
            "to": self.to,
            "archived": inner.size,
            "behind": size.saturating_sub(inner.size),
            "failures": inner.failures,
            "state": if inner.failing.is_some() { "failing" } else { "running" },
            "reached": inner.reached,
            "failing_since": inner.failing.as_ref().map(|failing| failing.since),
            "error": inner.failing.map(|failing| failing.why),
        })
    }

    /// The figures in the text format of OpenMetrics, without its end mark.
    pub(super) fn metrics(&self, size: u64, now: Timestamp) -> String {
        let inner = self.lock().clone();
        let behind = size.saturating_sub(inner.size);
        let since = inner.reached.or(inner.failing.as_ref().map(|failing| failing.since));
        let lag = since.filter(|_| behind > 0).map_or(0.0, |since| now.since(since).as_secs_f64());
        let figures = [
            ("behind_records", "Records that are not archived yet", "gauge", behind as f64),
            ("lag_seconds", "Since when records wait to be archived, at most", "gauge", lag),
            (
                "failing",
                "Whether the last attempt failed",
                "gauge",
                f64::from(u8::from(inner.failing.is_some())),
            ),
            ("failures", "Attempts that failed", "counter", inner.failures as f64),
            (
                "written_bytes",
                "Bytes that were put into the archive",
                "counter",
                inner.bytes as f64,
            ),
        ];
        let mut text = String::new();
        for (name, help, kind, value) in figures {
            let name = format!("portcullis_archive_{name}");
            let total = if kind == "counter" { "_total" } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "# HELP {name} {help}.\n# TYPE {name} {kind}\n{name}{total} {value}\n"
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_news_once_and_late_once_and_ends_with_a_copy() {
        let (state, at) = (State::new("s3://logs".to_owned()), Timestamp::from_micros);
        let second = 1_000_000;
        assert!(state.failed("it does not answer", at(0)));
        assert!(!state.failed("it does not answer", at(second)));
        let limit = Duration::from_secs(5);
        assert!(!state.is_late(limit, at(4 * second)));
        assert!(state.is_late(limit, at(6 * second)) && !state.is_late(limit, at(7 * second)));
        let text = state.metrics(9, at(8 * second));
        assert!(text.contains("\nportcullis_archive_lag_seconds 8\n"), "{text}");
        assert!(text.contains("\nportcullis_archive_failures_total 2\n"), "{text}");
        let done = Archived { size: 9, files: 1, bytes: 100 };
        assert_eq!(state.done(&done, at(9 * second)), Some(at(0)));
        let shown = state.show(12);
        assert_eq!((&shown["behind"], &shown["state"]), (&json!(3), &json!("running")));
        assert!(state.metrics(9, at(99 * second)).contains("\nportcullis_archive_lag_seconds 0\n"));
    }
}
