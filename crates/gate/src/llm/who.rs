//! Who calls: from the credential to the agent, and what is noted of the client.

use http::header::{HeaderMap, HeaderValue};
use inspect::{Direction, Engine};
use model::{Client, Kind, SessionId, TenantId, clip};

use super::serve::{Call, Caught};
use crate::identify::{Unidentified, identify, key_hash};
use crate::net::peer::Peer;
use crate::refusal::Refusal;

const MAX_USER_AGENT: usize = 256;

impl Call {
    pub(crate) fn identify(&mut self, headers: &HeaderMap) -> Result<Caught, Refusal> {
        let found = self.credential(headers).map_err(|why| {
            self.action.record().kind = Kind::AUTH_ATTEMPT;
            Refusal::Unidentified(why)
        });
        let caught = found?;
        let session = headers.get("portcullis-session").and_then(|v| v.to_str().ok());
        let engine = caught.tenant.engine.as_deref();
        let session = session.map(|text| without_findings(engine, text));
        let record = self.action.record();
        record.tenant = caught.tenant.id.clone();
        record.agent = Some(caught.agent.name.clone());
        record.zone = Some(caught.agent.zone.clone());
        record.session = session.and_then(|text| SessionId::new(&text).ok());
        record.trace = headers.get("traceparent").and_then(trace_id);
        self.action.use_log(&caught.tenant.log);
        self.engine.clone_from(&caught.tenant.engine);
        self.vault = caught.tenant.vault.as_ref().map(|vault| vault.bind(&caught.agent.name));
        self.keeping.clone_from(&caught.tenant.keeping);
        match caught.tenant.contained(&caught.agent) {
            None => Ok(caught),
            Some(contained) => Err(Refusal::Contained(contained)),
        }
    }

    pub(super) fn credential(&mut self, headers: &HeaderMap) -> Result<Caught, Unidentified> {
        let hash = key_hash(headers)?;
        let shown = hash.to_string();
        self.action.record().client.credential = format!("key:{}", clip(&shown, 8));
        let credential = identify(&self.snapshot, &hash, self.action.gate.now())?;
        let tenant = self.snapshot.tenants.get(&credential.tenant).ok_or(Unidentified::Unknown)?;
        let agent = tenant.agents.get(&credential.agent).ok_or(Unidentified::Unknown)?;
        Ok(Caught { tenant: tenant.clone(), agent: agent.clone() })
    }

    pub(crate) fn note_client(&mut self, peer: &Peer, headers: &HeaderMap) {
        let user_agent =
            headers.get(http::header::USER_AGENT).map(|v| String::from_utf8_lossy(v.as_bytes()));
        let engine = self.snapshot.tenants.get(&TenantId::main()).and_then(|t| t.engine.clone());
        // Clipped afterwards: half a secret is found by nobody.
        let shown = |text: &str| {
            clip(&without_findings(engine.as_deref(), text), MAX_USER_AGENT).to_owned()
        };
        self.action.record().client = Client {
            address: peer.address.to_string(),
            credential: String::new(),
            user_agent: user_agent.map_or_else(String::new, |text| shown(&text)),
        };
    }
}

/// A text of the client's as a record may hold it: gone as a whole where anything in it is found
/// that is kept back (invariant 7).
pub(crate) fn without_findings(engine: Option<&Engine>, text: &str) -> String {
    let Some(engine) = engine else { return text.to_owned() };
    let mut found = Vec::new();
    engine.scan_views(Direction::Request, text.as_bytes(), &mut found);
    let mut detectors = found.iter().map(|one| engine.detector(one.detector));
    let kept_back = detectors.find(|detector| !detector.action(Direction::Request).passes());
    kept_back.map_or_else(|| text.to_owned(), inspect::mask)
}

/// The `trace-id` of a traceparent header (W3C Trace Context, section 3.2.2).
fn trace_id(value: &HeaderValue) -> Option<String> {
    let id = value.to_str().ok()?.split('-').nth(1)?;
    let is_valid = id.len() == 32
        && id.bytes().all(|b| b.is_ascii_hexdigit())
        && id.bytes().any(|b| b != b'0');
    is_valid.then(|| id.to_ascii_lowercase())
}
