//! OpenTelemetry traces: each finished action as a span of the GenAI conventions, over OTLP/HTTP.
//!
//! Off unless `[telemetry] otlp` names a collector. The gate never waits for it: spans that the
//! collector does not take in time are dropped and counted in a log line.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use gate::net::body::{BodyLimits, read_bounded};
use gate::net::clock::Clock;
use gate::net::tls::{ClientSettings, ClientTls};
use gate::net::upstream::{Pool, Target, TargetSettings};
use http::Request;
use http_body_util::Full;
use model::{Effect, Record, Status as Outcome};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::config::sections::Telemetry;
use crate::config::types::BaseUrl;

/// Spans that may wait for the collector.
const MAX_WAITING: usize = 8192;
/// Spans of one request to the collector.
const MAX_BATCH: usize = 512;
const MAX_ANSWER: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

type Exporter = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// The gate's observer and the task that sends what it sees; nothing where traces are off.
pub(super) fn exporter(
    telemetry: &Telemetry,
    instance: &str,
) -> anyhow::Result<(Option<gate::gate::Observer>, Option<Exporter>)> {
    let Some(collector) = &telemetry.otlp else { return Ok((None, None)) };
    let collector = Collector::new(collector)?;
    let (sender, receiver) = mpsc::channel(MAX_WAITING);
    let dropped = Arc::new(AtomicU64::new(0));
    let lost = dropped.clone();
    let observer: gate::gate::Observer = Arc::new(move |record: &Record| {
        if sender.try_send(span(record)).is_err() {
            lost.fetch_add(1, Ordering::Relaxed);
        }
    });
    let task = Box::pin(send(collector, instance.to_owned(), receiver, dropped));
    Ok((Some(observer), Some(task)))
}

async fn send(
    collector: Collector,
    instance: String,
    mut spans: mpsc::Receiver<Value>,
    dropped: Arc<AtomicU64>,
) {
    let pool = Pool::new(Clock::start());
    let mut batch = Vec::new();
    while spans.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let request = envelope(&instance, std::mem::take(&mut batch));
        let sent = tokio::time::timeout(PATIENCE, collector.post(&pool, &request)).await;
        let lost = dropped.swap(0, Ordering::Relaxed);
        if !matches!(sent, Ok(Ok(()))) || lost > 0 {
            tracing::warn!(dropped = lost, "the trace collector did not take everything");
        }
    }
}

/// Where the spans go.
struct Collector {
    target: Arc<Target>,
    path: String,
}

impl Collector {
    fn new(base: &BaseUrl) -> anyhow::Result<Self> {
        let is_tls = base.0.scheme_str() == Some("https");
        let host = base.0.host().unwrap_or_default().trim_matches(['[', ']']);
        let mut settings =
            TargetSettings::plain(host, base.0.port_u16().unwrap_or(if is_tls { 443 } else { 80 }));
        if is_tls {
            settings.tls = Some(ClientTls::new(ClientSettings::public())?);
        }
        let path = format!("{}/v1/traces", base.0.path().trim_end_matches('/'));
        Ok(Self { target: Arc::new(Target::new(settings)?), path })
    }

    async fn post(&self, pool: &Pool<Full<Bytes>>, body: &Value) -> anyhow::Result<()> {
        let request = Request::post(&self.path).header("content-type", "application/json");
        let request = request.body(Full::new(Bytes::from(body.to_string())))?;
        let answer = pool.send(&self.target, request).await?;
        let status = answer.status();
        let limits = BodyLimits { max_bytes: MAX_ANSWER, idle: PATIENCE, total: PATIENCE };
        // Read to the end so that the connection can be used again; what it says does not matter.
        let _ = read_bounded(answer.into_body(), limits).await;
        anyhow::ensure!(status.is_success(), "the collector answered {status}");
        Ok(())
    }
}

/// An `ExportTraceServiceRequest` in OTLP's JSON form (OTLP 1.x, "JSON Protobuf Encoding").
fn envelope(instance: &str, spans: Vec<Value>) -> Value {
    json!({"resourceSpans": [{
        "resource": {"attributes": [text("service.name", "portcullis"), text("service.instance.id", instance)]},
        "scopeSpans": [{"scope": {"name": "portcullis", "version": env!("CARGO_PKG_VERSION")}, "spans": spans}],
    }]})
}

/// One action as a span: names and attributes of the OpenTelemetry GenAI conventions where they
/// have one, `portcullis.*` elsewhere. No payload and no finding's value is in it.
fn span(record: &Record) -> Value {
    let id = record.id.as_u128();
    let trace = record.trace.clone().unwrap_or_else(|| format!("{id:032x}"));
    let end = nanos(record);
    let took = (record.usage.upstream_ms + record.usage.added_ms) * 1e6;
    let (provider, model) = names(record);
    let operation = record.detail.get("endpoint").map_or("chat", |endpoint| operation(endpoint));
    let mut attributes = vec![
        text("gen_ai.operation.name", operation),
        text("gen_ai.provider.name", provider),
        text("gen_ai.request.model", model),
        number("gen_ai.usage.input_tokens", record.usage.input_tokens),
        number("gen_ai.usage.output_tokens", record.usage.output_tokens),
        text("portcullis.record", &record.id.to_string()),
        text("portcullis.decision", record.decision.effect.as_str()),
        text("portcullis.tenant", record.tenant.as_str()),
    ];
    attributes.extend(record.agent.as_ref().map(|agent| text("gen_ai.agent.name", agent.as_str())));
    attributes.extend(
        record.http_status.map(|status| number("http.response.status_code", u64::from(status))),
    );
    let failed = matches!(record.status, Outcome::Failed | Outcome::Cut | Outcome::Interrupted)
        || record.decision.effect == Effect::Deny;
    json!({
        "traceId": trace,
        "spanId": format!("{:016x}", id as u64),
        "name": format!("{operation} {model}").trim_end(),
        "kind": 3,
        "startTimeUnixNano": (end - took.max(0.0) as u64).to_string(),
        "endTimeUnixNano": end.to_string(),
        "attributes": attributes,
        "status": {"code": if failed { 2 } else { 1 }},
    })
}

fn nanos(record: &Record) -> u64 {
    let micros = u64::try_from(record.time.micros()).unwrap_or_else(|_| {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
    });
    micros.saturating_mul(1000)
}

fn names(record: &Record) -> (&str, &str) {
    let name = record.resource.as_ref().map_or("", |resource| resource.name.as_str());
    name.split_once('/').unwrap_or((name, ""))
}

fn operation(endpoint: &str) -> &'static str {
    match endpoint {
        "embeddings" => "embeddings",
        "completions" => "text_completion",
        "chat_completions" | "responses" | "messages" => "chat",
        _ => "request",
    }
}

fn text(key: &'static str, value: &str) -> Value {
    json!({"key": Cow::Borrowed(key), "value": {"stringValue": value}})
}

fn number(key: &'static str, value: u64) -> Value {
    json!({"key": key, "value": {"intValue": value.to_string()}})
}
