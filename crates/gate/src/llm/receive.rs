//! The upstream's answer: streamed on, or read whole and inspected.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Request, Response, StatusCode, response};
use http_body_util::Full;
use inspect::document::{self, Found, Report, Scope};
use inspect::{Action, Direction, Vault};
use model::{Effect, Status};

use super::guard::{BoundVault, StreamGuard};
use super::judge::{self, Judged};
use super::listening::Listening;
use super::models;
use super::request::{decode, note, says_json};
use super::serve::{Call, Destination};
use super::tally::Sniffer;
use super::{answer, tally};
use crate::answer::{Filter, Source};
use crate::identify::Caller;
use crate::net::body::{BodyLimits, ReadError, read_bounded};
use crate::net::hop::strip_hop_by_hop;
use crate::net::upstream::UpstreamError;
use crate::refusal::Refusal;
use crate::route::Endpoint;
use crate::snapshot::{Contained, Uninspectable};
use crate::worker::Worker;

/// Longer than any deadline of an upstream.
const DAY: Duration = Duration::from_secs(86_400);

pub(super) type UntilContained = Pin<Box<dyn Future<Output = Contained> + Send>>;

/// An answer that may leave.
pub(super) enum Received {
    Whole {
        parts: response::Parts,
        body: Bytes,
        status: Status,
    },
    Streamed {
        parts: response::Parts,
        source: Source,
        filter: Filter,
        listening: Option<Box<Listening>>,
        contained: UntilContained,
    },
}

/// Sends the request and takes in the answer, unless the kill switch is faster.
pub(super) async fn receive(
    call: &mut Call,
    worker: &Worker,
    caller: &Caller,
    to: &Destination,
    request: Request<Full<Bytes>>,
    input_estimate: u64,
    contained: impl Future<Output = Contained> + Send + 'static,
) -> Result<Received, Refusal> {
    let mut contained: UntilContained = Box::pin(contained);
    let sent = Instant::now();
    let response = tokio::select! {
        biased;
        response = worker.pool.send(&to.provider.target, request) => response,
        contained = &mut contained => return Err(Refusal::Contained(contained)),
    };
    call.action.upstream = sent.elapsed();
    let response = response.map_err(Refusal::Upstream)?;
    call.action.answer_head(response.headers());
    if is_event_stream(response.headers()) {
        call.action.tokens(input_estimate, 0);
        return streamed(call, caller, response, contained);
    }
    if !is_readable(response.headers()) {
        hear(call, caller, to, None);
        return passed(call, to, response, contained);
    }
    let (parts, source) = response.into_parts();
    let body = tokio::select! {
        biased;
        body = collect(source, to.provider.limits.answer_bytes) => body?,
        contained = &mut contained => return Err(Refusal::Contained(contained)),
    };
    call.action.upstream = sent.elapsed();
    call.action.upstream_bytes(&body);
    whole(call, caller, to, parts, body, input_estimate)
}

fn streamed(
    call: &mut Call,
    caller: &Caller,
    response: Response<Source>,
    contained: UntilContained,
) -> Result<Received, Refusal> {
    let (mut parts, source) = response.into_parts();
    strip_hop_by_hop(&mut parts.headers);
    let listening = call.listen(caller).map(|listening| Box::new(listening.begin()));
    let Some(engine) = &call.engine else {
        return Ok(Received::Streamed {
            parts,
            source,
            filter: Filter::Count(Sniffer::default()),
            listening,
            contained,
        });
    };
    if parts.headers.contains_key(CONTENT_ENCODING) {
        // It was asked for as it is; a stream that is compressed all the same cannot be followed.
        return Err(Refusal::Garbage("a compressed stream that nobody asked for"));
    }
    parts.headers.remove(CONTENT_LENGTH);
    let vault = call.vault.clone().map(|vault| vault as BoundVault);
    let guard = StreamGuard::new(engine.clone()).with_vault(vault);
    let filter = Filter::Guard(Box::new(guard.following(listening.is_some())));
    Ok(Received::Streamed { parts, source, filter, listening, contained })
}

/// Content that has no text: passed on if configuration says so.
fn passed(
    call: &mut Call,
    to: &Destination,
    response: Response<Source>,
    contained: UntilContained,
) -> Result<Received, Refusal> {
    if call.engine.is_some() {
        if to.provider.uninspectable == Uninspectable::Refuse {
            return Err(Refusal::Uninspectable("this answer is binary"));
        }
        call.action.note("uninspected", "answer");
    }
    let (mut parts, source) = response.into_parts();
    strip_hop_by_hop(&mut parts.headers);
    let filter = Filter::Count(Sniffer::default());
    Ok(Received::Streamed { parts, source, filter, listening: None, contained })
}

fn whole(
    call: &mut Call,
    caller: &Caller,
    to: &Destination,
    mut parts: response::Parts,
    body: Bytes,
    input_estimate: u64,
) -> Result<Received, Refusal> {
    strip_hop_by_hop(&mut parts.headers);
    let decoded = match decode(&parts.headers, &body, to.provider.limits.answer_bytes) {
        Ok(decoded) => decoded,
        Err(_) if to.provider.uninspectable == Uninspectable::Pass => {
            call.action.note("uninspected", "answer");
            hear(call, caller, to, None);
            count(call, to, parts.status, None, input_estimate, &body);
            let status = outcome(parts.status);
            return Ok(Received::Whole { parts, body, status });
        }
        Err(refusal) => return Err(refusal),
    };
    let plain = decoded.as_deref().unwrap_or(&body);
    let report = examine(call, to, &parts, plain, input_estimate)?;
    let status = outcome(parts.status);
    let masked = (!report.edits.is_empty()).then(|| document::apply(plain, &report.edits));
    let text = masked.as_deref().unwrap_or(plain);
    let judged = judged(call, text)?;
    let cut = judged.cut(text);
    let is_masked = |f: &Found| f.action.replaces() && f.action != Action::Restore;
    if cut.is_some() || report.findings.iter().any(is_masked) {
        call.action.decide(Effect::Redact, "something was taken out of the answer");
    }
    judged.heard.note(&mut call.action);
    let edited = cut.or(masked).map(Bytes::from);
    let shorter = match to.endpoint {
        Endpoint::Models => models::permitted(edited.as_deref().unwrap_or(plain), |model| {
            call.if_called(caller, to, model).effect != Effect::Deny
        }),
        _ => None,
    };
    hear(call, caller, to, Some(shorter.as_deref().or(edited.as_deref()).unwrap_or(plain)));
    let Some(changed) = shorter.or(edited) else {
        return Ok(Received::Whole { parts, body, status });
    };
    // They speak of the bytes as they were (RFC 9530, RFC 9110 section 8.8.3).
    let of_the_bytes = [
        "content-length",
        "content-encoding",
        "etag",
        "content-digest",
        "repr-digest",
        "content-md5",
    ];
    for name in of_the_bytes {
        parts.headers.remove(name);
    }
    Ok(Received::Whole { parts, body: changed, status })
}

/// Has the session hear which calls an answer asks for; nothing where it cannot be read.
fn hear(call: &mut Call, caller: &Caller, to: &Destination, answer: Option<&[u8]>) {
    if to.endpoint.needs_model()
        && let Some(listening) = call.listen(caller)
    {
        listening.whole(answer);
    }
}

/// Has the judges read an answer, once the values are out of it.
fn judged(call: &mut Call, text: &[u8]) -> Result<Judged, Refusal> {
    let Some(engine) = &call.engine else { return Ok(Judged::default()) };
    let judged = judge::judge(engine, Direction::Answer, text, &mut call.action.findings);
    match call.action.findings.blocker() {
        Some(kind) => Err(Refusal::Blocked(kind.to_owned())),
        None => Ok(judged),
    }
}

fn outcome(status: StatusCode) -> Status {
    if status.is_server_error() { Status::Failed } else { Status::Ok }
}

/// Inspects a decoded answer and takes its findings and usage into the record.
fn examine(
    call: &mut Call,
    to: &Destination,
    parts: &response::Parts,
    plain: &[u8],
    input_estimate: u64,
) -> Result<Report, Refusal> {
    let engine = call.engine.clone();
    let engine = engine.as_deref();
    if plain.is_empty() && to.endpoint.needs_model() && parts.status.is_success() {
        return Err(Refusal::Garbage("it is empty"));
    }
    let vault = call.vault.as_deref().map(|vault| vault as &dyn Vault);
    let scope = engine.map(|engine| Scope { engine, direction: Direction::Answer, vault });
    let inspected = answer::inspect(scope.as_ref(), plain, says_json(&parts.headers));
    if inspected.is_garbage && to.endpoint != Endpoint::Other {
        return Err(Refusal::Garbage("it says that it is JSON and is not"));
    }
    let report = if inspected.is_garbage {
        answer::inspect(scope.as_ref(), plain, false).report
    } else {
        inspected.report
    };
    count(call, to, parts.status, inspected.tally.tokens(), input_estimate, plain);
    note(engine, &report, Direction::Answer, &mut call.action.findings);
    if let Some(kind) = call.action.findings.blocker() {
        return Err(Refusal::Blocked(kind.to_owned()));
    }
    if report.uninspected > 0 {
        call.action.note("uninspected_answer", report.uninspected.to_string());
    }
    Ok(report)
}

fn count(
    call: &mut Call,
    to: &Destination,
    status: StatusCode,
    tokens: Option<(u64, u64)>,
    input_estimate: u64,
    plain: &[u8],
) {
    match tokens {
        Some((input, output)) => call.action.tokens(input, output),
        None if !to.endpoint.needs_model()
            || !status.is_success()
            || to.endpoint == Endpoint::CountTokens => {}
        None => {
            call.action.tokens(input_estimate, tally::estimate(plain));
            call.action.note("usage", "estimated: the answer did not say");
        }
    }
}

async fn collect(source: Source, max: usize) -> Result<Bytes, Refusal> {
    // The source has deadlines of its own.
    let limits = BodyLimits { max_bytes: max, idle: DAY, total: DAY };
    read_bounded(source, limits).await.map_err(|error| match error {
        ReadError::TooLarge => Refusal::Garbage("it is larger than this gate reads"),
        ReadError::Timeout => Refusal::Upstream(UpstreamError::TotalTimeout),
        ReadError::Broken(error) => Refusal::Upstream(error),
    })
}

fn content_type(headers: &HeaderMap) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    content_type(headers) == "text/event-stream"
}

/// Whether there is text to inspect. What does not say what it is, is looked at.
fn is_readable(headers: &HeaderMap) -> bool {
    let kind = content_type(headers);
    let binary =
        ["image/", "audio/", "video/", "font/"].iter().any(|family| kind.starts_with(family));
    let archive =
        ["application/octet-stream", "application/pdf", "application/zip", "application/gzip"];
    !binary && !archive.contains(&kind.as_str())
}
