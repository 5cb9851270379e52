//! The activity record: one for every action, permitted or refused.
//!
//! A record never holds a payload or a secret: payloads are referred to by hash, findings say
//! where and what, not the value. Fields are declared in the order of RFC 8785, which is how
//! they are encoded.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AgentName, Decision, Digest, Finding, RecordId, SessionId, TenantId, Timestamp, UserName,
    ZoneName, canonical,
};

/// A record's encoding is smaller than this, so that it fits an entry of a tile log.
pub const MAX_RECORD_BYTES: usize = 65_535;

/// Findings beyond this are counted in the last one's place, not listed.
pub const MAX_FINDINGS: usize = 100;

/// What kind of action a record is about, such as `llm.call`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kind(Cow<'static, str>);

impl Kind {
    pub const LLM_CALL: Self = Self(Cow::Borrowed("llm.call"));
    pub const MCP_INITIALIZE: Self = Self(Cow::Borrowed("mcp.initialize"));
    pub const MCP_DISCOVER: Self = Self(Cow::Borrowed("mcp.discover"));
    pub const MCP_LIST_TOOLS: Self = Self(Cow::Borrowed("mcp.list_tools"));
    pub const MCP_CALL_TOOL: Self = Self(Cow::Borrowed("mcp.call_tool"));
    pub const MCP_LIST_RESOURCES: Self = Self(Cow::Borrowed("mcp.list_resources"));
    pub const MCP_READ_RESOURCE: Self = Self(Cow::Borrowed("mcp.read_resource"));
    pub const MCP_LIST_PROMPTS: Self = Self(Cow::Borrowed("mcp.list_prompts"));
    pub const MCP_GET_PROMPT: Self = Self(Cow::Borrowed("mcp.get_prompt"));
    /// Any other request to an MCP server: its method is in the detail.
    pub const MCP_REQUEST: Self = Self(Cow::Borrowed("mcp.request"));
    /// A notification to an MCP server, or an answer to what it asked.
    pub const MCP_MESSAGE: Self = Self(Cow::Borrowed("mcp.message"));
    /// A stream that the agent opened to hear what the server says by itself.
    pub const MCP_LISTEN: Self = Self(Cow::Borrowed("mcp.listen"));
    /// The end of a session.
    pub const MCP_END: Self = Self(Cow::Borrowed("mcp.end"));
    /// A server asks the agent: for a completion of its model, for something of its user, for its
    /// folders.
    pub const MCP_SAMPLE: Self = Self(Cow::Borrowed("mcp.sample"));
    pub const MCP_ELICIT: Self = Self(Cow::Borrowed("mcp.elicit"));
    pub const MCP_LIST_ROOTS: Self = Self(Cow::Borrowed("mcp.list_roots"));
    /// A tool was seen for the first time, or is not what it was.
    pub const MCP_PIN: Self = Self(Cow::Borrowed("mcp.pin"));
    pub const AUTH_ATTEMPT: Self = Self(Cow::Borrowed("auth.attempt"));
    pub const HTTP_REQUEST: Self = Self(Cow::Borrowed("http.request"));
    pub const ADMIN_CHANGE: Self = Self(Cow::Borrowed("admin.change"));
    /// Somebody read a kept payload.
    pub const PAYLOAD_READ: Self = Self(Cow::Borrowed("payload.read"));
    /// Somebody tied a pseudonym to a name.
    pub const NAME_RESOLVE: Self = Self(Cow::Borrowed("name.resolve"));
    /// The keys to somebody's data were destroyed.
    pub const DATA_ERASE: Self = Self(Cow::Borrowed("data.erase"));
    /// What was kept long enough was let go.
    pub const DATA_RETAIN: Self = Self(Cow::Borrowed("data.retain"));
    pub const SYSTEM_START: Self = Self(Cow::Borrowed("system.start"));
    pub const SYSTEM_STOP: Self = Self(Cow::Borrowed("system.stop"));
    /// The log was opened after an end that nothing announced.
    pub const SYSTEM_RECOVERED: Self = Self(Cow::Borrowed("system.recovered"));
    pub const SYSTEM_RELOAD: Self = Self(Cow::Borrowed("system.reload"));
    /// What the self-test's canaries came to.
    pub const SYSTEM_SELFTEST: Self = Self(Cow::Borrowed("system.selftest"));

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How the action ended, or that it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The first of two records of an action that takes time; a second with the same id follows.
    Begun,
    #[default]
    Ok,
    /// Refused by the gate; nothing, or nothing more, was let through.
    Refused,
    /// The other side failed: unreachable, too slow, or an answer that is none.
    Failed,
    /// The agent hung up.
    Cancelled,
    /// Ended by the kill switch.
    Cut,
    /// The gate ended without completing it; written at the next start.
    Interrupted,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Cut => "cut",
            Self::Interrupted => "interrupted",
        }
    }
}

/// One activity record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentName>,
    /// The agents between the person and this action, in order; the one that acted is the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<AgentName>,
    #[serde(default, skip_serializing_if = "Client::is_empty")]
    pub client: Client,
    pub decision: Decision,
    /// What a kind adds of its own: the change made, what was recovered. Names are ASCII.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<Cow<'static, str>, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What the agent was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    pub id: RecordId,
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<UserName>,
    #[serde(default, skip_serializing_if = "Payload::is_empty")]
    pub payload: Payload,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    pub status: Status,
    pub tenant: TenantId,
    pub time: Timestamp,
    /// The trace that it belongs to (W3C Trace Context, `trace-id`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    #[serde(default, skip_serializing_if = "Usage::is_empty")]
    pub usage: Usage,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<ZoneName>,
}

/// What was acted on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Such as `openai/gpt-4o`.
    pub name: String,
    /// `model`, `provider`, `agent`, `policy`, …
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
}

/// Where the action came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub address: String,
    /// How it identified itself: `key:` and the first eight digits of the key's hash.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub credential: String,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub user_agent: String,
}

impl Client {
    fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

/// Both payloads, by reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// What the agent sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<PayloadRef>,
    /// What the agent was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<PayloadRef>,
}

impl Payload {
    fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

/// A payload's hash, and where it is kept if it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadRef {
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    pub sha256: Digest,
}

/// What the action used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Milliseconds that the gate itself added.
    #[serde(default, skip_serializing_if = "is_zero_f64")]
    pub added_ms: f64,
    /// Bytes from the agent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes_in: u64,
    /// Bytes to the agent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes_out: u64,
    /// US dollars, by the configured price table.
    #[serde(default, skip_serializing_if = "is_zero_f64")]
    pub cost_usd: f64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub input_tokens: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub output_tokens: u64,
    /// Milliseconds from the request sent to the last byte of the answer received.
    #[serde(default, skip_serializing_if = "is_zero_f64")]
    pub upstream_ms: f64,
}

impl Usage {
    fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero_f64(value: &f64) -> bool {
    *value == 0.0
}

/// Why a record could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error("a record has at most {MAX_RECORD_BYTES} bytes; this one has {0}")]
    TooLarge(usize),
    #[error("a record could not be encoded")]
    Json(#[from] serde_json::Error),
}

impl Record {
    /// A record with what every record has; the rest is filled in by field.
    pub fn new(
        id: RecordId,
        time: Timestamp,
        tenant: TenantId,
        kind: Kind,
        decision: Decision,
    ) -> Self {
        Self {
            agent: None,
            chain: Vec::new(),
            client: Client::default(),
            decision,
            detail: BTreeMap::new(),
            findings: Vec::new(),
            http_status: None,
            id,
            kind,
            labels: Vec::new(),
            on_behalf_of: None,
            payload: Payload::default(),
            resource: None,
            session: None,
            status: Status::Ok,
            tenant,
            time,
            trace: None,
            usage: Usage::default(),
            zone: None,
        }
    }

    /// The canonical form, which is what the log hashes and keeps.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let bytes = canonical::to_vec(self)?;
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(EncodeError::TooLarge(bytes.len()));
        }
        Ok(bytes)
    }

    pub fn decode(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }
}

/// Whether any label is this one or of its family: `pii.email` is of the family `pii`.
pub fn has_label(labels: &[String], wanted: &str) -> bool {
    let rest = |label: &String| {
        label.strip_prefix(wanted).map(|rest| rest.starts_with('.') || rest.is_empty())
    };
    labels.iter().filter_map(rest).any(|fits| fits)
}

/// Cuts text from outside to `max` bytes at a character boundary, so that no record outgrows its bound.
pub fn clip(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Effect, PolicyId, Severity};

    fn full() -> Record {
        let time = Timestamp::from_micros(1_795_442_700_000_000);
        let decision = Decision {
            effect: Effect::Redact,
            obligations: vec!["redact".to_owned()],
            policies: vec![PolicyId::new("models-for-support").unwrap()],
            reason: "a secret was \"masked\"\u{7}".into(),
        };
        let mut record =
            Record::new(RecordId::new(time, 7), time, TenantId::main(), Kind::LLM_CALL, decision);
        record.agent = Some(AgentName::new("support-bot").unwrap());
        record.chain = vec![AgentName::new("planner").unwrap()];
        record.client = Client {
            address: "127.0.0.1:5".into(),
            credential: "key:00".into(),
            user_agent: "é".into(),
        };
        record.detail.insert("what".into(), "x".into());
        record.findings = vec![Finding {
            confidence: 0.99,
            count: 2,
            detector: "github_token".into(),
            fingerprint: Some("0123456789abcdef01234567".into()),
            kind: "secret.github_token".into(),
            severity: Severity::Critical,
            location: "request:messages[0].content".into(),
        }];
        record.http_status = Some(200);
        record.labels = vec!["confidential".into()];
        record.on_behalf_of = Some(UserName::new("ann@example.com").unwrap());
        let payload = PayloadRef { reference: Some("p".into()), sha256: Digest::of(b"") };
        record.payload = Payload { request: Some(payload.clone()), response: Some(payload) };
        record.resource = Some(Resource { name: "openai/gpt-4o".into(), kind: "model".into() });
        record.session = Some(SessionId::new("s1").unwrap());
        record.trace = Some("0af7651916cd43dd8448eb211c80319c".into());
        record.usage = Usage {
            added_ms: 0.25,
            bytes_in: 1,
            bytes_out: 2,
            cost_usd: 1e-7,
            input_tokens: 3,
            output_tokens: 4,
            upstream_ms: 5.0,
        };
        record.zone = Some(ZoneName::new("production").unwrap());
        record
    }

    #[test]
    fn the_encoding_is_canonical_and_reads_back() {
        let record = full();
        let bytes = record.encode().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let general = canonical::value_to_vec(&value).unwrap();
        assert_eq!(String::from_utf8(bytes.clone()), String::from_utf8(general));
        assert_eq!(Record::decode(&bytes).unwrap(), record);
    }

    #[test]
    fn every_field_of_the_contract_has_its_name() {
        let value = serde_json::to_value(full()).unwrap();
        let names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "agent",
                "chain",
                "client",
                "decision",
                "detail",
                "findings",
                "http_status",
                "id",
                "kind",
                "labels",
                "on_behalf_of",
                "payload",
                "resource",
                "session",
                "status",
                "tenant",
                "time",
                "trace",
                "usage",
                "zone",
            ]
        );
    }

    #[test]
    fn a_finding_without_a_fingerprint_is_written_as_before_there_were_any() {
        let mut record = full();
        record.findings[0].fingerprint = None;
        let bytes = record.encode().unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("fingerprint"));
        assert_eq!(Record::decode(&bytes).unwrap(), record);
    }

    #[test]
    fn a_record_that_outgrows_its_bound_is_refused() {
        let mut record = full();
        record.detail.insert("long".into(), "x".repeat(MAX_RECORD_BYTES));
        assert!(matches!(record.encode(), Err(EncodeError::TooLarge(_))));
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(clip("aé", 2), "a");
        assert_eq!(clip("aé", 3), "aé");
    }
}
