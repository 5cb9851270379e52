//! OpenTelemetry logs over HTTP, in the JSON form (OTLP 1.x, "JSON Protobuf Encoding").

use anyhow::Context;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use model::{Effect, Record, Severity, Status};
use serde_json::{Value, json};

use super::http::Http;
use super::sink::Item;

/// Posts the records as an `ExportLogsServiceRequest`.
pub(super) async fn deliver(http: &mut Http, instance: &str, items: &[Item]) -> anyhow::Result<()> {
    let records: Vec<Value> = items.iter().map(record).collect::<anyhow::Result<_>>()?;
    let count = records.len();
    let request = json!({"resourceLogs": [{
        "resource": {"attributes": [text("service.name", "portcullis"), text("service.instance.id", instance)]},
        "scopeLogs": [{
            "scope": {"name": "portcullis", "version": env!("CARGO_PKG_VERSION")},
            "logRecords": records,
        }],
    }]});
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let answer = http.post("/v1/logs", &json, Bytes::from(request.to_string())).await?;
    // What a collector rejects in part must not be sent again, by the specification: it is said.
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    let rejected = &answer["partialSuccess"]["rejectedLogRecords"];
    let rejected = rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or(0);
    if rejected > 0 {
        tracing::warn!(rejected, of = count, "the collector rejected records");
    }
    Ok(())
}

fn record(item: &Item) -> anyhow::Result<Value> {
    let record = &item.record;
    let nanos = record.time.micros().saturating_mul(1_000).to_string();
    let (number, word) = severity(record);
    let body: Value = serde_json::from_slice(&item.text).context("a record is no JSON")?;
    let mut attributes = vec![
        text("portcullis.record", &record.id.to_string()),
        json!({"key": "portcullis.position", "value": {"intValue": item.position.to_string()}}),
        text("portcullis.decision", record.decision.effect.as_str()),
        text("portcullis.status", record.status.as_str()),
    ];
    attributes.extend(record.agent.as_ref().map(|agent| text("gen_ai.agent.name", agent.as_str())));
    attributes.extend(record.on_behalf_of.as_ref().map(|user| text("user.name", user.as_str())));
    let mut event = json!({
        "timeUnixNano": nanos,
        "observedTimeUnixNano": nanos,
        "severityNumber": number,
        "severityText": word,
        "eventName": record.kind.as_str(),
        "body": any(&body),
        "attributes": attributes,
    });
    // A trace's id has 16 bytes that are not all zero (W3C Trace Context).
    let is_trace = |id: &&str| {
        id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b != b'0')
    };
    if let Some(trace) = record.trace.as_deref().filter(is_trace) {
        event["traceId"] = json!(trace);
    }
    Ok(event)
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// A JSON value as an `AnyValue`.
fn any(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(value) => json!({"boolValue": value}),
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            json!({"intValue": number.to_string()})
        }
        Value::Number(number) => json!({"doubleValue": number}),
        Value::String(text) => json!({"stringValue": text}),
        Value::Array(items) => {
            json!({"arrayValue": {"values": items.iter().map(any).collect::<Vec<_>>()}})
        }
        Value::Object(members) => {
            let pair = |(key, value): (&String, &Value)| json!({"key": key, "value": any(value)});
            json!({"kvlistValue": {"values": members.iter().map(pair).collect::<Vec<_>>()}})
        }
    }
}

/// OpenTelemetry's numbers: 9 information, 13 warning, 17 error.
fn severity(record: &Record) -> (u8, &'static str) {
    let worst = record.findings.iter().map(|finding| finding.severity).max();
    match (worst, record.decision.effect, record.status) {
        (Some(Severity::Critical | Severity::High), ..) => (17, "ERROR"),
        (_, Effect::Deny, _)
        | (_, _, Status::Failed | Status::Cut)
        | (Some(Severity::Medium), ..) => (13, "WARN"),
        _ => (9, "INFO"),
    }
}
