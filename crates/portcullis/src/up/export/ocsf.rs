//! Records as events of the Open Cybersecurity Schema Framework, version 1.8.0.
//!
//! An action is one event, and each of its findings another: API Activity (6003) for what agents do,
//! Authentication (3002), Entity Management (3004) for what administrators change, Detection Finding
//! (2004). What OCSF has no place for stands under `unmapped`. Whether events hold to the schema is
//! tested against the published one (`tests/python/test_ocsf.py`).

use model::{Effect, Finding, Kind, Record, Severity, Status};
use serde_json::{Map, Value, json};

use super::sink::Item;

const VERSION: &str = "1.8.0";
/// The events of one record.
pub(super) fn events(item: &Item) -> Vec<Value> {
    let record = &item.record;
    let action = match &record.kind {
        kind if *kind == Kind::AUTH_ATTEMPT => authentication(item),
        kind if *kind == Kind::ADMIN_CHANGE => entity_management(item),
        _ => api_activity(item),
    };
    let findings = record.findings.iter().enumerate();
    let findings = findings.map(|(place, finding)| detection_finding(item, place, finding));
    std::iter::once(action).chain(findings).collect()
}

/// An event of a class: identifiers follow from category, class and activity.
fn event(item: &Item, class: u32, activity: (u32, &str), profiles: &[&str]) -> Map<String, Value> {
    let record = &item.record;
    let (severity_id, severity) = severity(record);
    let mut metadata = json!({
        "version": VERSION,
        "product": {"name": "Portcullis", "vendor_name": "Portcullis", "version": env!("CARGO_PKG_VERSION")},
        "uid": record.id.to_string(),
        "sequence": item.position,
        "log_name": "main",
        "tenant_uid": record.tenant.as_str(),
        "profiles": profiles,
    });
    if let Some(trace) = &record.trace {
        metadata["correlation_uid"] = json!(trace);
    }
    if !record.labels.is_empty() {
        metadata["labels"] = json!(record.labels);
    }
    let mut event = Map::new();
    let mut set = |name: &str, value: Value| event.insert(name.to_owned(), value);
    set("category_uid", json!(class / 1_000));
    set("class_uid", json!(class));
    set("activity_id", json!(activity.0));
    set("activity_name", json!(activity.1));
    set("type_uid", json!(class * 100 + activity.0));
    set("time", json!(record.time.micros() / 1_000));
    set("severity_id", json!(severity_id));
    set("severity", json!(severity));
    set("metadata", metadata);
    if !record.decision.reason.is_empty() {
        set("message", json!(record.decision.reason));
    }
    event
}

/// Success, failure, or another end that has a name.
fn set_status(event: &mut Map<String, Value>, record: &Record) {
    let (id, name) = match (record.decision.effect, record.status) {
        (Effect::Deny, _) | (_, Status::Refused | Status::Failed | Status::Cut) => (2, "Failure"),
        (_, Status::Ok) => (1, "Success"),
        _ => (99, record.status.as_str()),
    };
    event.insert("status_id".to_owned(), json!(id));
    event.insert("status".to_owned(), json!(name));
    event.insert("status_detail".to_owned(), json!(record.status.as_str()));
    if let Some(code) = record.http_status {
        event.insert("status_code".to_owned(), json!(code.to_string()));
    }
}

fn api_activity(item: &Item) -> Value {
    let record = &item.record;
    let mut event = event(item, 6003, (99, record.kind.as_str()), &["ai_operation"]);
    set_status(&mut event, record);
    let usage = &record.usage;
    let mut set = |name: &str, value: Value| event.insert(name.to_owned(), value);
    set("actor", actor(record));
    set("api", api(record));
    set("src_endpoint", endpoint(record));
    set("duration", json!((usage.upstream_ms + usage.added_ms).max(0.0) as u64));
    set("unmapped", unmapped(record));
    if let Some(request) = http_request(record) {
        set("http_request", request);
    }
    if let Some(code) = record.http_status {
        set("http_response", json!({"code": code}));
    }
    let Some(resource) = &record.resource else { return Value::Object(event) };
    set("resources", json!([{"name": resource.name, "type": resource.kind}]));
    let Some((provider, model)) =
        resource.name.split_once('/').filter(|_| resource.kind == "model")
    else {
        return Value::Object(event);
    };
    set("ai_model", json!({"ai_provider": provider, "name": model}));
    set(
        "message_context",
        json!({
            "service": {"name": provider},
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens.saturating_add(usage.output_tokens),
        }),
    );
    Value::Object(event)
}

fn authentication(item: &Item) -> Value {
    let record = &item.record;
    let mut event = event(item, 3002, (1, "Logon"), &[]);
    set_status(&mut event, record);
    let mut set = |name: &str, value: Value| event.insert(name.to_owned(), value);
    let who = record.agent.as_ref().map_or("unknown", |agent| agent.as_str());
    let mut user = json!({"name": who});
    if !record.client.credential.is_empty() {
        user["credential_uid"] = json!(record.client.credential);
    }
    set("user", user);
    set("service", json!({"name": "portcullis"}));
    set("src_endpoint", endpoint(record));
    set("is_remote", json!(true));
    set("auth_protocol_id", json!(99));
    set("auth_protocol", json!("key"));
    set("unmapped", unmapped(record));
    if let Some(request) = http_request(record) {
        set("http_request", request);
    }
    Value::Object(event)
}

fn entity_management(item: &Item) -> Value {
    let record = &item.record;
    let detail = |name: &str| record.detail.get(name).map(String::as_str);
    let act = detail("act").unwrap_or_default();
    let mut event = event(item, 3004, activity(act), &[]);
    set_status(&mut event, record);
    let mut set = |name: &str, value: Value| event.insert(name.to_owned(), value);
    set("actor", json!({"user": {"name": detail("who").unwrap_or("unknown")}}));
    let resource = record.resource.as_ref();
    let name = resource.map_or("portcullis", |resource| resource.name.as_str());
    let kind = resource.map_or("instance", |resource| &*resource.kind);
    set("entity", json!({"name": name, "type": kind}));
    set("unmapped", unmapped(record));
    if let Some(reason) = detail("reason").filter(|reason| !reason.is_empty()) {
        set("comment", json!(reason));
    }
    if !record.client.address.is_empty() {
        set("src_endpoint", endpoint(record));
    }
    Value::Object(event)
}

/// OCSF's activity for the verb of a change.
fn activity(act: &str) -> (u32, &'static str) {
    match act.rsplit('.').next().unwrap_or_default() {
        "add" | "create" | "declare" => (1, "Create"),
        "remove" | "delete" | "revoke" | "erase" => (4, "Delete"),
        "suspend" | "quarantine" => (12, "Suspend"),
        "resume" | "release" => (13, "Resume"),
        _ => (3, "Update"),
    }
}

fn detection_finding(item: &Item, place: usize, finding: &Finding) -> Value {
    let record = &item.record;
    let mut event = event(item, 2004, (1, "Create"), &[]);
    let (severity_id, severity) = level(finding.severity);
    let percent = (finding.confidence * 100.0).clamp(0.0, 100.0) as u32;
    let mut set = |name: &str, value: Value| event.insert(name.to_owned(), value);
    set("severity_id", json!(severity_id));
    set("severity", json!(severity));
    set("status_id", json!(1));
    set("status", json!("New"));
    set("confidence_score", json!(percent));
    set("is_alert", json!(finding.severity >= Severity::High));
    set("count", json!(finding.count.max(1)));
    set(
        "finding_info",
        json!({
            "uid": format!("{}/{place}", record.id),
            "title": &*finding.kind,
            "types": [&*finding.kind],
            "created_time": record.time.micros() / 1_000,
            "analytic": {"type_id": 1, "name": &*finding.detector},
        }),
    );
    let mut evidence =
        json!({"data": {"where": finding.location}, "src_endpoint": endpoint(record)});
    evidence["actor"] = actor(record);
    set("evidences", json!([evidence]));
    set(
        "unmapped",
        json!({"record": record.id.to_string(), "effect": record.decision.effect.as_str()}),
    );
    if let Some(resource) = &record.resource {
        set("resources", json!([{"name": resource.name, "type": resource.kind}]));
    }
    Value::Object(event)
}

/// The agent is the application; the person behind it is the user.
fn actor(record: &Record) -> Value {
    let agent = record.agent.as_ref().map_or("unknown", |agent| agent.as_str());
    let mut actor = json!({"app_name": agent});
    if let Some(user) = &record.on_behalf_of {
        actor["user"] = json!({"name": user.as_str()});
    }
    if let Some(session) = &record.session {
        actor["session"] = json!({"uid": session.as_str()});
    }
    let policy = |id: &model::PolicyId| json!({"decision": record.decision.effect.as_str(), "policy": {"name": id.as_str()}});
    let policies: Vec<Value> = record.decision.policies.iter().map(policy).collect();
    if !policies.is_empty() {
        actor["authorizations"] = json!(policies);
    }
    actor
}

fn api(record: &Record) -> Value {
    let operation = match record.detail.get("endpoint") {
        Some(endpoint) => format!("{}:{endpoint}", record.kind.as_str()),
        None => record.kind.as_str().to_owned(),
    };
    let mut api = json!({"operation": operation, "request": {"uid": record.id.to_string()}});
    if let Some(code) = record.http_status {
        api["response"] = json!({"code": code});
    }
    if let Some(resource) = &record.resource {
        let service = resource.name.split('/').next().unwrap_or_default();
        api["service"] = json!({"name": service});
    }
    api
}

fn endpoint(record: &Record) -> Value {
    let address = record.client.address.as_str();
    match address.parse::<std::net::SocketAddr>() {
        Ok(address) => json!({"ip": address.ip().to_string(), "port": address.port()}),
        Err(_) if address.is_empty() => json!({"name": "portcullis"}),
        Err(_) => json!({"name": address}),
    }
}

fn http_request(record: &Record) -> Option<Value> {
    let agent = &record.client.user_agent;
    (!agent.is_empty()).then(|| json!({"user_agent": agent}))
}

/// What OCSF has no place for.
fn unmapped(record: &Record) -> Value {
    let usage = &record.usage;
    let mut rest = json!({
        "kind": record.kind.as_str(),
        "effect": record.decision.effect.as_str(),
        "status": record.status.as_str(),
        "bytes_in": usage.bytes_in,
        "bytes_out": usage.bytes_out,
        "cost_usd": usage.cost_usd,
        "added_ms": usage.added_ms,
    });
    let chain: Vec<&str> = record.chain.iter().map(|agent| agent.as_str()).collect();
    if !chain.is_empty() {
        rest["chain"] = json!(chain);
    }
    if let Some(zone) = &record.zone {
        rest["zone"] = json!(zone.as_str());
    }
    if !record.decision.obligations.is_empty() {
        rest["obligations"] = json!(record.decision.obligations);
    }
    if !record.detail.is_empty() {
        rest["detail"] = json!(record.detail);
    }
    let hash = |side: &Option<model::PayloadRef>| side.as_ref().map(|side| side.sha256.to_string());
    if let Some(hash) = hash(&record.payload.request) {
        rest["request_sha256"] = json!(hash);
    }
    if let Some(hash) = hash(&record.payload.response) {
        rest["response_sha256"] = json!(hash);
    }
    rest
}

/// That of the worst finding; of what was refused without one, low.
fn severity(record: &Record) -> (u32, &'static str) {
    match record.findings.iter().map(|finding| finding.severity).max() {
        Some(worst) => level(worst),
        None if record.decision.effect == Effect::Deny => level(Severity::Low),
        None => level(Severity::Info),
    }
}

fn level(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}
