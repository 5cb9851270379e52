//! Refusals: what the gate answers in place of the upstream, in the protocol's own shape.
//!
//! Each becomes an error that the provider's SDK raises as its own typed exception. The sentence
//! is for the agent's developer: what happened, what to do. It never says what an attacker could
//! use: not whether a key ever existed, not what a detector saw.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Response, StatusCode, header};
use model::{Effect, RecordId, Scopes, Standing, Status, Timestamp};
use serde_json::json;

use crate::answer::AnswerBody;
use crate::identify::Unidentified;
use crate::limits::Exceeded;
use crate::loops::Looping;
use crate::mcp::message::Malformed;
use crate::net::body::ReadError;
use crate::net::upstream::UpstreamError;
use crate::snapshot::{Contained, ProviderKind};

/// Why an action does not go through.
#[derive(Debug)]
pub enum Refusal {
    Unidentified(Unidentified),
    Contained(Contained),
    /// The call does not say for which person it is, and must.
    Unattributable,
    /// A tool needs a scope that was not delegated.
    InsufficientScope {
        lacking: String,
        needed: Scopes,
    },
    NoSuchRoute,
    NoSuchProvider,
    NoProviderForModel,
    AmbiguousPath,
    /// The policies said no.
    Denied(Arc<policy::Verdict>),
    /// A person must approve it first.
    Held(Box<Waiting>),
    /// It waited for people as long as it may, and nobody has decided.
    Unanswered(Box<Waiting>),
    /// A person did not approve it; why.
    Disapproved(String),
    /// As many calls of this agent wait for people as may.
    TooManyHeld,
    /// What a policy holds could not be put before anybody.
    ApprovalsDown,
    Limit(Exceeded),
    /// The same again and again, or a session without an end.
    Loop(Looping),
    /// The request itself is wrong; the text says how.
    Malformed(String),
    /// What a request of MCP asks for lacks something; the text says what.
    Params(String),
    /// A header of a request of MCP does not say what its body says.
    HeaderMismatch(String),
    /// The client speaks a version of MCP that is not carried.
    UnsupportedVersion(String),
    Unreadable(ReadError<hyper::Error>),
    /// Inspection found what may not pass; the kind of finding.
    Blocked(String),
    Uninspectable(&'static str),
    Upstream(UpstreamError),
    /// The upstream answered, but not in a way that makes sense.
    Garbage(&'static str),
    /// The activity log cannot take records, so nothing may happen.
    LogDown,
    /// What the call would have kept could not be written down.
    VaultDown,
    /// What is to be kept of the call could not be written down.
    PayloadsDown,
    Draining,
    /// As many actions are under way as there may be.
    Busy,
    Unsupported(&'static str),
    NoSuchServer,
    /// The session's id was not given to this agent for this place, or is over.
    NoSuchSession,
    /// What was sent is no message of MCP.
    Message(Malformed),
    NoSuchMethod(String),
    NoSuchTool(String),
    /// The tool waits for a person; the text says why.
    /// A tool, prompt or resource that is not what was agreed.
    PinHeld(&'static str, &'static str),
    /// The tool's schema cannot be used; the text says why.
    BadSchema(String),
    /// The server asked for what the agent may not be asked.
    AskDenied(String),
    /// A web page of a stranger calls.
    Origin,
    /// An MCP server could not be used.
    ServerFailed(UpstreamError),
    /// It takes no more calls at once.
    ServerBusy,
    /// It answered, but not in a way that makes sense.
    ServerGarbage(&'static str),
}

/// A call that waits for a person.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub reason: String,
    /// Names the approval: the record of the call that was held first.
    pub record: RecordId,
    pub ends: Timestamp,
}

/// Which shape an error takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    OpenAi,
    Anthropic,
    /// Problem details, RFC 9457.
    Problem,
}

impl From<ProviderKind> for Dialect {
    fn from(kind: ProviderKind) -> Self {
        match kind {
            ProviderKind::OpenAi => Self::OpenAi,
            ProviderKind::Anthropic => Self::Anthropic,
        }
    }
}

impl Refusal {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unidentified(_) | Self::Contained(Contained::Ended | Contained::Credential) => {
                StatusCode::UNAUTHORIZED
            }
            Self::Contained(_)
            | Self::Unattributable
            | Self::InsufficientScope { .. }
            | Self::Denied(_)
            | Self::Held(_)
            | Self::Unanswered(_)
            | Self::Disapproved(_)
            | Self::Blocked(_)
            | Self::PinHeld(..)
            | Self::AskDenied(_)
            | Self::Origin => StatusCode::FORBIDDEN,
            Self::NoSuchRoute
            | Self::NoSuchProvider
            | Self::NoProviderForModel
            | Self::NoSuchServer
            | Self::NoSuchSession
            | Self::NoSuchMethod(_)
            | Self::NoSuchTool(_) => StatusCode::NOT_FOUND,
            Self::AmbiguousPath
            | Self::Malformed(_)
            | Self::Params(_)
            | Self::HeaderMismatch(_)
            | Self::UnsupportedVersion(_)
            | Self::Message(_) => StatusCode::BAD_REQUEST,
            Self::Limit(_) | Self::Loop(_) | Self::TooManyHeld => StatusCode::TOO_MANY_REQUESTS,
            Self::Uninspectable(_) | Self::BadSchema(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unreadable(error) => match error {
                ReadError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                ReadError::Timeout => StatusCode::REQUEST_TIMEOUT,
                _ => StatusCode::BAD_REQUEST,
            },
            Self::Upstream(error) | Self::ServerFailed(error) if error.is_timeout() => {
                StatusCode::GATEWAY_TIMEOUT
            }
            Self::Upstream(_)
            | Self::Garbage(_)
            | Self::ServerFailed(_)
            | Self::ServerGarbage(_) => StatusCode::BAD_GATEWAY,
            Self::LogDown
            | Self::VaultDown
            | Self::PayloadsDown
            | Self::ApprovalsDown
            | Self::Draining
            | Self::Busy
            | Self::ServerBusy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
        }
    }

    /// Whether the policies that are named decided it.
    pub fn is_of_a_policy(&self) -> bool {
        matches!(self, Self::Denied(_) | Self::Held(_) | Self::Unanswered(_) | Self::Disapproved(_))
    }

    /// What the record says became of the action.
    pub fn outcome(&self) -> Status {
        match self {
            Self::Upstream(_)
            | Self::Garbage(_)
            | Self::ServerFailed(_)
            | Self::ServerGarbage(_) => Status::Failed,
            _ => Status::Refused,
        }
    }

    /// The decision that the record and the header show.
    pub fn effect(&self) -> Effect {
        match self {
            Self::Upstream(_)
            | Self::Garbage(_)
            | Self::ServerFailed(_)
            | Self::ServerGarbage(_) => Effect::Permit,
            Self::Held(_) | Self::Unanswered(_) | Self::PinHeld(..) => Effect::Hold,
            _ => Effect::Deny,
        }
    }

    /// One sentence or two for the agent's developer.
    pub fn message(&self) -> String {
        match self {
            Self::Unidentified(why) => why.message(),
            Self::Contained(contained) => contained_message(*contained).into(),
            Self::Unattributable => "Calls here must say for which person they are: exchange the person's token at /oauth/token and send what comes back as `Authorization: Bearer …`, or as `portcullis-delegation` beside the agent's key.".into(),
            Self::InsufficientScope { lacking, .. } => format!("This tool needs the scope {lacking:?}, which the person did not hand on: exchange the person's token again, and ask for it."),
            Self::NoSuchRoute => "There is nothing at this path: model APIs are at /llm/{provider}/… and /v1/…, MCP servers at /mcp/{server}.".into(),
            Self::NoSuchProvider => "No provider of this name is configured at the gate.".into(),
            Self::NoProviderForModel => "No configured provider serves this model: check the model's name, or ask whoever runs the gate to add it to a provider's `models`.".into(),
            Self::AmbiguousPath => "The path has dot segments, empty segments or encoded slashes, which servers read differently: send it in its plain form.".into(),
            Self::Denied(verdict) => verdict.reason.clone(),
            Self::Held(waiting) => waiting.message(),
            Self::Unanswered(waiting) => waiting.unanswered(),
            Self::Disapproved(reason) => format!("A person looked at this call and did not approve it: {reason}"),
            Self::TooManyHeld => "So many calls of this agent wait for approval that no more are taken: wait until people have decided on some (`portcullis approval list`).".into(),
            Self::ApprovalsDown => "This call needs the approval of a person, and the gate cannot ask for it now. Whoever runs it finds the reason with `portcullis doctor`.".into(),
            Self::Limit(exceeded) => limit_message(exceeded),
            Self::Loop(Looping::Repeats(allowed)) => format!("The same call was made {allowed} times in a row, which looks like a loop: the gate lets no more of it pass. Change what is asked, or wait ten minutes."),
            Self::Loop(Looping::SessionCalls(allowed)) => format!("This session has made {allowed} calls, which is as many as one may: begin another session."),
            Self::Malformed(what) | Self::Params(what) => what.clone(),
            Self::HeaderMismatch(why) => format!("Headers and body must say the same: {why}."),
            Self::UnsupportedVersion(_) => crate::mcp::carried_versions(),
            Self::Unreadable(error) => format!("The request's body could not be read: {error}."),
            Self::Blocked(kind) => format!("The gate keeps back {kind}, which was found here and may not pass. Take it out, or ask whoever runs the gate to change what is done about {kind}."),
            Self::Uninspectable(what) => format!("The gate lets through only what it can inspect, and {what}. Whoever runs the gate can let it pass with `uninspectable = \"pass\"` in [inspect]."),
            Self::Upstream(error) => format!("The model API could not be used: {error}."),
            Self::Garbage(what) => format!("The model API gave an answer that makes no sense: {what}."),
            Self::VaultDown => "The gate cannot keep the values that it is to take out of this request, so it lets it not pass. Whoever runs it finds the reason in its log and with `portcullis doctor`.".into(),
            Self::PayloadsDown => "The gate is to keep what is said here and cannot write it down, so it lets it not pass. Whoever runs it finds the reason in its log and with `portcullis doctor`.".into(),
            Self::LogDown => "The gate cannot write its activity log, so it lets nothing through. Whoever runs it finds the reason with `portcullis doctor`.".into(),
            Self::Draining => "The gate is stopping; try again in a moment.".into(),
            Self::Busy => "The gate has as many calls under way as it takes; try again in a moment.".into(),
            Self::NoSuchServer => "No MCP server of this name is configured at the gate.".into(),
            Self::NoSuchSession => "This session is not known: begin a new one with `initialize`.".into(),
            Self::Message(malformed) => format!("This is no message that the gate carries: {malformed}."),
            Self::NoSuchMethod(name) => format!("The gate does not carry the method {name:?}."),
            Self::NoSuchTool(name) => format!("The server has no tool named {name:?} that may be used."),
            Self::PinHeld(what, why) => format!("This {what} waits for a person: {why} (`portcullis tool diff`)."),
            Self::BadSchema(why) => format!("The tool's schema cannot be used to check its arguments: {why}. Whoever runs the server must change it."),
            Self::AskDenied(why) => format!("The server asks for what it may not ask: {why}"),
            Self::Origin => "Web pages of this origin may not call the gate. Whoever runs it can list it in [gate] `origins`.".into(),
            Self::ServerFailed(error) => format!("The MCP server could not be used: {error}."),
            Self::ServerBusy => "The MCP server has as many sessions or calls under way as it takes; try again in a moment.".into(),
            Self::ServerGarbage(what) => format!("The MCP server gave an answer that makes no sense: {what}."),
            Self::Unsupported(what) => format!("The gate does not carry {what}, so it refuses rather than pass it on unseen."),
        }
    }

    /// Whether trying the same again soon could succeed. SDKs retry 5xx and 429 by themselves.
    fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::Limit(exceeded) => exceeded.retry_after <= Duration::from_secs(60),
            Self::Upstream(_) | Self::Garbage(_) | Self::Draining | Self::Busy => true,
            Self::ServerFailed(_) | Self::ServerGarbage(_) => true,
            _ => false,
        }
    }

    /// The whole answer in a protocol's shape.
    pub fn answer(&self, dialect: Dialect, record: RecordId) -> Response<AnswerBody> {
        let (content_type, body) = self.body(dialect, record);
        let mut response = Response::new(AnswerBody::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        // Both official SDKs obey this header before their own rules.
        let retry = if self.is_worth_a_retry() { "true" } else { "false" };
        headers.insert("x-should-retry", HeaderValue::from_static(retry));
        if let Self::Limit(exceeded) = self {
            let seconds = exceeded.retry_after.as_secs_f64().ceil().max(1.0) as u64;
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Self::Held(waiting) = self
            && let Ok(value) = HeaderValue::from_str(&waiting.record.to_string())
        {
            headers.insert("portcullis-approval", value);
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"portcullis\""),
            );
        }
        response
    }

    fn body(&self, dialect: Dialect, record: RecordId) -> (&'static str, String) {
        let message = format!("{} (record {record})", self.message());
        match dialect {
            Dialect::OpenAi => ("application/json", self.open_ai(&message).to_string()),
            Dialect::Anthropic => {
                ("application/json", self.anthropic(&message, record).to_string())
            }
            Dialect::Problem => {
                let status = self.status();
                let problem = json!({
                    "type": "about:blank", "title": status.canonical_reason().unwrap_or("Error"),
                    "status": status.as_u16(), "detail": message, "record": record.to_string(),
                });
                ("application/problem+json", problem.to_string())
            }
        }
    }

    /// The error object of OpenAI's API reference.
    pub fn open_ai(&self, message: &str) -> serde_json::Value {
        let (kind, code) = match self {
            Self::Unidentified(_) => ("invalid_request_error", "invalid_api_key"),
            Self::Limit(exceeded) if exceeded.quantity == "spend" => {
                ("insufficient_quota", "insufficient_quota")
            }
            Self::Limit(_) => ("rate_limit_error", "rate_limit_exceeded"),
            Self::Loop(_) => ("rate_limit_error", "loop_cut"),
            Self::Contained(_) => ("permission_error", "agent_contained"),
            Self::Unattributable => ("permission_error", "person_required"),
            Self::InsufficientScope { .. } => ("permission_error", "insufficient_scope"),
            Self::Denied(_) => ("permission_error", "policy_denied"),
            Self::Held(_) => ("permission_error", "approval_required"),
            Self::Unanswered(_) => ("permission_error", "approval_expired"),
            Self::Disapproved(_) => ("permission_error", "approval_denied"),
            Self::TooManyHeld => ("rate_limit_error", "too_many_held"),
            Self::Blocked(_) => ("permission_error", "content_blocked"),
            Self::Uninspectable(_) => ("invalid_request_error", "uninspectable"),
            Self::NoProviderForModel => ("invalid_request_error", "model_not_found"),
            _ if self.status().is_server_error() => ("server_error", "gateway_error"),
            _ => ("invalid_request_error", "invalid_request"),
        };
        json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
    }

    /// The error object of Anthropic's API reference.
    pub fn anthropic(&self, message: &str, record: RecordId) -> serde_json::Value {
        let kind = match self.status() {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::FORBIDDEN => "permission_error",
            StatusCode::NOT_FOUND => "not_found_error",
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            StatusCode::PAYLOAD_TOO_LARGE => "request_too_large",
            StatusCode::GATEWAY_TIMEOUT => "timeout_error",
            status if status.is_server_error() => "api_error",
            _ => "invalid_request_error",
        };
        json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": record.to_string()})
    }

    /// The error as an event of a stream that has begun already.
    pub fn event(&self, dialect: Dialect, record: RecordId) -> String {
        let message = format!("{} (record {record})", self.message());
        match dialect {
            Dialect::Anthropic => {
                format!("event: error\ndata: {}\n\n", self.anthropic(&message, record))
            }
            _ => format!("data: {}\n\n", self.open_ai(&message)),
        }
    }
}

impl Waiting {
    fn message(&self) -> String {
        let Self { reason, record, ends } = self;
        format!(
            "This call {reason}. Once `portcullis approval approve {record}` was run, send exactly the same call again; it is forgotten at {ends}."
        )
    }

    fn unanswered(&self) -> String {
        let Self { reason, record, ends } = self;
        format!(
            "This call {reason}. Nobody decided on it before {ends}, so {record} is forgotten and cannot be approved any more: send the call again, and it is put before people anew."
        )
    }
}

fn contained_message(contained: Contained) -> &'static str {
    match contained {
        Contained::Agent(Standing::Quarantined) => {
            "This agent is in quarantine: nothing of it passes until a person has reviewed and resumed it."
        }
        Contained::Agent(_) => {
            "This agent is suspended: nothing of it passes until whoever runs the gate resumes it."
        }
        Contained::Provider(_) => {
            "This provider is suspended at the gate: no call goes there until whoever runs the gate resumes it."
        }
        Contained::Server(_) => {
            "This MCP server is suspended at the gate: no call goes there until whoever runs the gate resumes it."
        }
        Contained::Everything(_) => {
            "Everything is suspended at the gate: no agent's call passes until whoever runs it resumes."
        }
        Contained::Delegate(_) => {
            "An agent in the chain that this call is made for is suspended: nothing passes under its delegation until whoever runs the gate resumes it."
        }
        Contained::Person => {
            "The person whom this call is made for may not be acted for at this gate."
        }
        Contained::Ended => {
            "The token has ended: an agent that it was given to, or its key, is there no more. Exchange a new one."
        }
        Contained::Credential => {
            "The key, certificate or token that this was opened with is taken no more: it was taken away or replaced, or its time is over. Open it anew with one that is."
        }
        Contained::Gone => "This agent, provider or server is no longer configured at the gate.",
    }
}

fn limit_message(exceeded: &Exceeded) -> String {
    let Exceeded { limit, quantity, allowed, used, asked, retry_after } = exceeded;
    let wait = retry_after.as_secs_f64().ceil();
    match *quantity {
        "spend" => {
            let dollars = |millionths: u64| millionths as f64 / 1e6;
            format!(
                "The limit \"{limit}\" allows ${} in its window; ${} are spent or reserved and this call may cost ${}. Try again in {wait} s, or ask for less output with max_tokens.",
                dollars(*allowed),
                dollars(*used),
                dollars(*asked),
            )
        }
        "tokens" => format!(
            "The limit \"{limit}\" allows {allowed} tokens in its window; {used} are used or reserved and this call may use {asked}. Try again in {wait} s, or ask for less output with max_tokens."
        ),
        "concurrency" => format!(
            "The limit \"{limit}\" allows {allowed} calls at once, and {used} are under way. Try again when one is done."
        ),
        _ => format!(
            "The limit \"{limit}\" allows {allowed} {quantity} in its window; {used} are used and this call needs {asked}. Try again in {wait} s."
        ),
    }
}
