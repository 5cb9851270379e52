//! How far a sink has come, and what holds it up.

use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::Timestamp;
use serde_json::{Value, json};

/// One sink, as others see it.
pub(in crate::up) struct State {
    pub(super) name: String,
    kind: &'static str,
    inner: Mutex<Inner>,
}

#[derive(Clone)]
struct Inner {
    /// Up to here the sink has acknowledged.
    position: u64,
    sent: u64,
    failures: u64,
    failing: Option<Failing>,
    /// The time of the oldest record that waits.
    waiting: Option<Timestamp>,
}

#[derive(Clone)]
struct Failing {
    since: Timestamp,
    why: String,
}

impl State {
    pub(super) fn new(name: String, kind: &'static str, position: u64) -> Self {
        let inner = Inner { position, sent: 0, failures: 0, failing: None, waiting: None };
        Self { name, kind, inner: Mutex::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn position(&self) -> u64 {
        self.lock().position
    }

    pub(super) fn waits_since(&self, oldest: Option<Timestamp>) {
        self.lock().waiting = oldest;
    }

    /// Notes what was taken; says since when it had failed, if it had.
    pub(super) fn delivered(&self, position: u64, records: u64) -> Option<Timestamp> {
        let mut inner = self.lock();
        inner.position = inner.position.max(position);
        inner.sent += records;
        inner.waiting = None;
        inner.failing.take().map(|failing| failing.since)
    }

    /// Notes a failure; says whether it is news.
    pub(super) fn failed(&self, why: &str, now: Timestamp) -> bool {
        let mut inner = self.lock();
        inner.failures += 1;
        let is_news = inner.failing.as_ref().is_none_or(|failing| failing.why != why);
        let since = inner.failing.as_ref().map_or(now, |failing| failing.since);
        inner.failing = Some(Failing { since, why: why.to_owned() });
        is_news
    }

    pub(super) fn show(&self, size: u64) -> Value {
        let inner = self.lock().clone();
        json!({
            "name": self.name,
            "kind": self.kind,
            "position": inner.position,
            "behind": size.saturating_sub(inner.position),
            "sent": inner.sent,
            "failures": inner.failures,
            "state": if inner.failing.is_some() { "failing" } else { "running" },
            "failing_since": inner.failing.as_ref().map(|failing| failing.since),
            "error": inner.failing.map(|failing| failing.why),
        })
    }
}

/// A figure of each sink: name, what it tells, type, value.
type Figure = (&'static str, &'static str, &'static str, fn(&Inner, u64, Timestamp) -> f64);

const FIGURES: [Figure; 5] = [
    (
        "export_behind_records",
        "Records that the sink has not acknowledged",
        "gauge",
        |inner, size, _| size.saturating_sub(inner.position) as f64,
    ),
    (
        "export_lag_seconds",
        "Age of the oldest record that waits for the sink",
        "gauge",
        |inner, _, now| inner.waiting.map_or(0.0, |oldest| now.since(oldest).as_secs_f64()),
    ),
    ("export_failing", "Whether the last attempt failed", "gauge", |inner, _, _| {
        f64::from(u8::from(inner.failing.is_some()))
    }),
    ("export_sent", "Records that the sink acknowledged", "counter", |inner, _, _| {
        inner.sent as f64
    }),
    ("export_failures", "Attempts that failed", "counter", |inner, _, _| inner.failures as f64),
];

/// The figures in the text format of OpenMetrics, without its end mark. Names were checked with the
/// configuration, and need no escape.
pub(super) fn metrics(all: &[Arc<State>], size: u64, now: Timestamp) -> String {
    let mut text = String::new();
    let states: Vec<(&str, Inner)> =
        all.iter().map(|state| (state.name.as_str(), state.lock().clone())).collect();
    for (name, help, kind, value) in FIGURES.iter().filter(|_| !states.is_empty()) {
        let total = if *kind == "counter" { "_total" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP portcullis_{name} {help}.\n# TYPE portcullis_{name} {kind}");
        for (export, inner) in &states {
            let value = value(inner, size, now);
            let _ = writeln!(text, "portcullis_{name}{total}{{export=\"{export}\"}} {value}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_news_once_and_ends_with_what_is_taken() {
        let (state, at) = (State::new("siem".to_owned(), "ocsf", 3), Timestamp::from_micros);
        assert!(state.failed("it does not answer", at(1)));
        assert!(!state.failed("it does not answer", at(2)));
        assert!(state.failed("it answered 503", at(3)));
        let shown = state.show(9);
        assert_eq!((&shown["behind"], &shown["state"]), (&json!(6), &json!("failing")));
        assert_eq!(shown["failing_since"], json!(at(1)));
        assert_eq!(state.delivered(7, 4), Some(at(1)));
        assert_eq!(state.show(9)["behind"], 2);
        // A sink that goes back acknowledges nothing anew.
        assert_eq!((state.delivered(5, 1), state.position()), (None, 7));
        let text = metrics(&[Arc::new(state)], 9, at(9));
        assert!(text.contains("portcullis_export_behind_records{export=\"siem\"} 2\n"), "{text}");
        assert!(text.contains("portcullis_export_failures_total{export=\"siem\"} 3\n"), "{text}");
        assert_eq!(metrics(&[], 9, at(9)), "");
    }
}
