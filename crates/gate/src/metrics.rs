//! Counters for Prometheus: what was decided, how long it took, what it used.
//!
//! Labels are names from the configuration and fixed words, never text from a request, so their
//! number is bounded by the configuration.

use std::sync::atomic::AtomicU64;

use model::{Record, Status};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Action {
    agent: String,
    kind: String,
    decision: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Agent {
    agent: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Found {
    kind: String,
    severity: &'static str,
}

/// The gate's metrics. Counting is a few atomic additions.
pub struct Metrics {
    registry: Registry,
    actions: Family<Action, Counter>,
    input_tokens: Family<Agent, Counter>,
    output_tokens: Family<Agent, Counter>,
    cost: Family<Agent, Counter<f64, AtomicU64>>,
    findings: Family<Found, Counter>,
    added: Histogram,
    upstream: Histogram,
    sessions: Gauge,
    session_memory: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let fine = [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];
        let coarse = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
        let mut metrics = Self {
            registry: Registry::with_prefix("portcullis"),
            actions: Family::default(),
            input_tokens: Family::default(),
            output_tokens: Family::default(),
            cost: Family::default(),
            findings: Family::default(),
            added: Histogram::new(fine),
            upstream: Histogram::new(coarse),
            sessions: Gauge::default(),
            session_memory: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register(
            "actions",
            "Actions that agents took or tried, by outcome",
            self.actions.clone(),
        );
        r.register("input_tokens", "Tokens sent to models", self.input_tokens.clone());
        r.register("output_tokens", "Tokens that models answered with", self.output_tokens.clone());
        r.register("cost_usd", "US dollars by the configured price table", self.cost.clone());
        r.register("findings", "What inspection found", self.findings.clone());
        r.register_with_unit(
            "added",
            "Time that the gate itself added",
            Unit::Seconds,
            self.added.clone(),
        );
        r.register_with_unit(
            "upstream",
            "Time from a request sent to its answer complete",
            Unit::Seconds,
            self.upstream.clone(),
        );
        r.register(
            "sessions",
            "Sessions of agents whose flow of data is followed",
            self.sessions.clone(),
        );
        r.register_with_unit(
            "session_memory",
            "About what those sessions take in memory",
            Unit::Bytes,
            self.session_memory.clone(),
        );
    }

    /// Counts one finished action.
    pub fn count(&self, record: &Record) {
        let agent = record.agent.as_ref().map_or("none", |a| a.as_str());
        let action = Action {
            agent: agent.to_owned(),
            kind: record.kind.as_str().to_owned(),
            decision: record.decision.effect.as_str(),
            status: status(record.status),
        };
        self.actions.get_or_create(&action).inc();
        self.added.observe(record.usage.added_ms / 1e3);
        if record.usage.upstream_ms > 0.0 {
            self.upstream.observe(record.usage.upstream_ms / 1e3);
        }
        if record.usage.input_tokens + record.usage.output_tokens > 0 {
            let agent = Agent { agent: agent.to_owned() };
            self.input_tokens.get_or_create(&agent).inc_by(record.usage.input_tokens);
            self.output_tokens.get_or_create(&agent).inc_by(record.usage.output_tokens);
            self.cost.get_or_create(&agent).inc_by(record.usage.cost_usd);
        }
        for finding in &record.findings {
            let severity = severity(finding.severity);
            let found = Found { kind: finding.kind.to_string(), severity };
            self.findings.get_or_create(&found).inc_by(u64::from(finding.count));
        }
    }

    /// Says how many sessions are followed, and how many bytes they take.
    pub fn sessions(&self, (count, bytes): (usize, usize)) {
        self.sessions.set(i64::try_from(count).unwrap_or(i64::MAX));
        self.session_memory.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// The exposition format of Prometheus (`OpenMetrics` text).
    pub fn render(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Begun => "begun",
        Status::Ok => "ok",
        Status::Refused => "refused",
        Status::Failed => "failed",
        Status::Cancelled => "cancelled",
        Status::Cut => "cut",
        Status::Interrupted => "interrupted",
    }
}

fn severity(severity: model::Severity) -> &'static str {
    match severity {
        model::Severity::Info => "info",
        model::Severity::Low => "low",
        model::Severity::Medium => "medium",
        model::Severity::High => "high",
        model::Severity::Critical => "critical",
    }
}
