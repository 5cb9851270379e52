//! Refusals in MCP's shape: an error of JSON-RPC where there is a request to answer.
//!
//! Such an error travels with status 200, as the SDKs want it: they take any other status for a
//! broken transport. The exceptions are those by which a client tells what it speaks with. What is refused before there is a request, or where none is answered, has its
//! status and the same body.

use http::{HeaderValue, Response, StatusCode, header};
use model::{Effect, Scopes};
use serde_json::json;

use super::era::{Era, MODERN};
use super::message::Message;
use super::serve::Call;
use crate::answer::AnswerBody;
use crate::refusal::Refusal;

/// Codes of the gate's own: the HTTP status that says the same stands in the last three digits. The
/// specification leaves everything outside of -32768 to -32000 to applications.
const OWN_CODES: i64 = -31_000;

impl Refusal {
    /// The code of JSON-RPC.
    pub(super) fn code(&self) -> i64 {
        match self {
            Self::Message(malformed) => malformed.code(),
            Self::Malformed(_) => -32600,
            Self::NoSuchMethod(_) => -32601,
            Self::NoSuchTool(_) | Self::Params(_) => -32602,
            Self::HeaderMismatch(_) => -32020,
            Self::UnsupportedVersion(_) => -32022,
            _ => OWN_CODES - i64::from(self.status().as_u16()),
        }
    }
}

impl Call {
    /// The error as a message.
    pub(super) fn error(&self, refusal: &Refusal) -> Message {
        let record = self.base.action.id().to_string();
        let mut data = json!({ "record": record, "decision": refusal.effect().as_str() });
        if let Refusal::Held(waiting) | Refusal::Unanswered(waiting) = refusal {
            data["approval"] = json!(waiting.record.to_string());
        }
        if let Refusal::UnsupportedVersion(requested) = refusal {
            data["supported"] = json!(MODERN);
            data["requested"] = json!(requested);
        }
        let text = format!("{} (record {record})", refusal.message());
        Message::error(self.id.clone(), refusal.code(), &text, Some(data))
    }

    /// The status that an error travels with.
    fn status_of(&self, refusal: &Refusal) -> StatusCode {
        let is_modern = self.era == Era::Modern;
        match refusal {
            // A client begins a new session where its own is not found, asks for more where that is what
            // it lacks, and knows both by the status; so it knows the era of a server (2026-07-28,
            // versioning).
            Refusal::NoSuchSession
            | Refusal::InsufficientScope { .. }
            | Refusal::HeaderMismatch(_)
            | Refusal::UnsupportedVersion(_) => refusal.status(),
            Refusal::NoSuchMethod(_) | Refusal::Params(_) if is_modern => refusal.status(),
            _ if self.id.is_some() => StatusCode::OK,
            _ => refusal.status(),
        }
    }

    /// Records the refusal, then says so.
    pub(super) async fn refuse(mut self, refusal: &Refusal) -> Response<AnswerBody> {
        let status = self.status_of(refusal);
        self.base.keep_refused().await;
        self.base.action.record().http_status = Some(status.as_u16());
        self.base.action.refuse(refusal, refusal.message());
        if self.base.action.finish(refusal.outcome()).await.is_err() {
            return self.unrecorded();
        }
        self.answer(status, refusal)
    }

    /// The log is down: nothing that was not recorded leaves.
    pub(super) fn unrecorded(&self) -> Response<AnswerBody> {
        self.answer(Refusal::LogDown.status(), &Refusal::LogDown)
    }

    fn answer(&self, status: StatusCode, refusal: &Refusal) -> Response<AnswerBody> {
        let body = bytes::Bytes::from(self.error(refusal).write());
        let mut response = Response::new(AnswerBody::from(body));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if let Refusal::Unidentified(_) = refusal {
            let challenge = HeaderValue::from_static("Bearer realm=\"portcullis\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Refusal::InsufficientScope { needed, .. } = refusal
            && let Some(challenge) = step_up(needed)
        {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        let effect =
            if matches!(refusal, Refusal::LogDown) { Effect::Deny } else { refusal.effect() };
        self.stamp(&mut response, effect);
        response
    }
}

/// What a client has to ask for (RFC 6750, section 3.1). A scope has no quotation mark and no
/// backslash, so the text ends where it should.
fn step_up(needed: &Scopes) -> Option<HeaderValue> {
    let text =
        format!("Bearer realm=\"portcullis\", error=\"insufficient_scope\", scope=\"{needed}\"");
    HeaderValue::from_str(&text).ok()
}
