//! What a record says of whoever calls.

use http::HeaderMap;
use http::header::{HeaderValue, USER_AGENT};
use inspect::Engine;
use model::{Client, Record, SessionId, TenantId, Tier, clip};

use super::Caller;
use crate::llm::without_findings;
use crate::net::peer::Peer;
use crate::snapshot::Snapshot;

const MAX_USER_AGENT: usize = 256;

/// Where the request comes from; before anybody knows whose it is.
pub fn client(snapshot: &Snapshot, peer: &Peer, headers: &HeaderMap) -> Client {
    let user_agent = headers.get(USER_AGENT).map(|v| String::from_utf8_lossy(v.as_bytes()));
    let engine = snapshot.tenants.get(&TenantId::main()).and_then(|t| t.engine.clone());
    // Clipped afterwards: half a secret is found by nobody.
    let shown =
        |text: &str| clip(&without_findings(engine.as_deref(), text), MAX_USER_AGENT).to_owned();
    Client {
        address: peer.address.to_string(),
        credential: String::new(),
        user_agent: user_agent.map_or_else(String::new, |text| shown(&text)),
    }
}

/// Who calls, for whom, through whom. The whole chain stands in every record, permitted or refused.
pub fn caller(record: &mut Record, caller: &Caller, headers: &HeaderMap) {
    let session = headers.get("portcullis-session").and_then(|v| v.to_str().ok());
    let engine: Option<&Engine> = caller.tenant.engine.as_deref();
    let session = session.map(|text| without_findings(engine, text));
    record.tenant = caller.tenant.id.clone();
    record.agent = Some(caller.agent.name.clone());
    record.zone = Some(caller.agent.zone.clone());
    record.session = session.and_then(|text| SessionId::new(&text).ok());
    record.trace = headers.get("traceparent").and_then(trace_id);
    record.on_behalf_of.clone_from(&caller.shown);
    record.chain.clone_from(&caller.chain);
    if let Some(email) = &caller.email {
        record.detail.insert("email".into(), clip(email, MAX_EMAIL).to_owned());
    }
    // A program that acts for itself is the rule, and says nothing.
    if caller.tier != Tier::Api {
        record.detail.insert("tier".into(), caller.tier.as_str().into());
    }
}

const MAX_EMAIL: usize = 256;

/// The `trace-id` of a traceparent header (W3C Trace Context, section 3.2.2).
fn trace_id(value: &HeaderValue) -> Option<String> {
    let id = value.to_str().ok()?.split('-').nth(1)?;
    let is_valid = id.len() == 32
        && id.bytes().all(|b| b.is_ascii_hexdigit())
        && id.bytes().any(|b| b != b'0');
    is_valid.then(|| id.to_ascii_lowercase())
}
