//! The way to a server: one message there, and what comes back.
//!
//! Nothing of the agent's request goes along but the message, the protocol's own headers and the
//! trace: its credential ends here, and so does whatever else it sent.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;

use super::events::{Events, HttpEvents};
use super::message::{MAX_MESSAGE_BYTES, Message};
use super::mirror;
use super::seal::MAX_INNER_BYTES;
use super::server::{Remote, Server, Transport};
use super::stdio::{Launcher, session_name};
use crate::net::body::{BodyLimits, ReadError, read_bounded};
use crate::net::upstream::UpstreamError;
use crate::refusal::Refusal;
use crate::worker::Worker;

pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
pub(super) const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
const TRACE: HeaderName = HeaderName::from_static("traceparent");
pub(super) const METHOD: HeaderName = HeaderName::from_static("mcp-method");
pub(super) const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// Longer than any deadline of an upstream.
const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

/// What goes along with a message.
#[derive(Clone, Debug, Default)]
pub(super) struct Along {
    /// The server's own id of the session.
    pub session: Option<String>,
    pub version: Option<HeaderValue>,
    pub trace: Option<HeaderValue>,
    /// Method and name of the message, for servers that want them in headers as well.
    pub mirrored: Option<(String, Option<String>)>,
    /// Headers for arguments that the tool's server wants in headers as well.
    pub params: Vec<(HeaderName, HeaderValue)>,
}

/// What a server answers.
pub(super) struct Reply {
    pub status: StatusCode,
    pub session: Option<String>,
    pub body: ReplyBody,
}

pub(super) enum ReplyBody {
    Nothing,
    One(Bytes),
    Many(Box<Events>),
}

/// Sends a message.
pub(super) async fn post(
    worker: &Worker,
    server: &Server,
    along: &Along,
    message: Bytes,
) -> Result<Reply, Refusal> {
    let remote = match &server.transport {
        Transport::Http(remote) => remote,
        Transport::Stdio(launcher) => return pipe(worker, launcher, along, message).await,
    };
    let mut request = request(remote, Method::POST, along, message);
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    exchange(worker, server, remote, request).await
}

/// Opens a stream of what the server says by itself, or of what is left of an earlier one.
pub(super) async fn listen(
    worker: &Worker,
    server: &Server,
    along: &Along,
    last_event: Option<&str>,
) -> Result<Reply, Refusal> {
    let remote = match &server.transport {
        Transport::Http(remote) => remote,
        Transport::Stdio(launcher) => {
            let session = along.session.as_deref().ok_or(Refusal::NoSuchSession)?;
            let events = Events::Pipe(launcher.listen(session).await?);
            let body = ReplyBody::Many(Box::new(events));
            return Ok(Reply { status: StatusCode::OK, session: None, body });
        }
    };
    let mut request = request(remote, Method::GET, along, Bytes::new());
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    if let Some(value) = last_event.and_then(|id| HeaderValue::from_str(id).ok()) {
        headers.insert(LAST_EVENT, value);
    }
    exchange(worker, server, remote, request).await
}

/// Ends a session at the server.
pub(super) async fn end(
    worker: &Worker,
    server: &Server,
    along: &Along,
) -> Result<StatusCode, Refusal> {
    let remote = match &server.transport {
        Transport::Http(remote) => remote,
        Transport::Stdio(launcher) => {
            let session = along.session.as_deref().filter(|session| launcher.has(session));
            launcher.close(session.ok_or(Refusal::NoSuchSession)?);
            return Ok(StatusCode::OK);
        }
    };
    let request = request(remote, Method::DELETE, along, Bytes::new());
    exchange(worker, server, remote, request).await.map(|reply| reply.status)
}

/// One message to a process; an `initialize` begins a session and its process.
async fn pipe(
    worker: &Worker,
    launcher: &Arc<Launcher>,
    along: &Along,
    text: Bytes,
) -> Result<Reply, Refusal> {
    let message = Message::read(&text).map_err(Refusal::Message)?;
    let is_first = matches!(&message, Message::Request { method, .. } if method == super::method::Method::Initialize.as_str());
    let (session, events) = if is_first {
        let name = session_name(&worker.gate.new_id());
        let events = launcher.open(name.clone(), text, message).await?;
        (Some(name), Some(events))
    } else {
        let session = along.session.as_deref().ok_or(Refusal::NoSuchSession)?;
        (None, launcher.send(session, message).await?)
    };
    let status = if events.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let many = |events| ReplyBody::Many(Box::new(Events::Pipe(events)));
    let body = events.map_or(ReplyBody::Nothing, many);
    Ok(Reply { status, session, body })
}

fn request(remote: &Remote, method: Method, along: &Along, body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    if let Ok(uri) = remote.path.parse() {
        *request.uri_mut() = uri;
    }
    let headers = request.headers_mut();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let text = |text: &str| HeaderValue::from_str(text).ok();
    let session = along.session.as_deref().and_then(text);
    headers.extend(session.map(|value| (SESSION, value)));
    headers.extend(along.version.clone().map(|value| (VERSION, value)));
    headers.extend(along.trace.clone().map(|value| (TRACE, value)));
    if let Some((method, name)) = &along.mirrored {
        headers.extend(text(method).map(|value| (METHOD, value)));
        headers.extend(name.as_deref().and_then(mirror::encode).map(|value| (NAME, value)));
        headers.extend(along.params.iter().cloned());
    }
    for (name, value) in &remote.headers {
        headers.insert(name, value.clone());
    }
    request
}

async fn exchange(
    worker: &Worker,
    server: &Server,
    remote: &Remote,
    request: Request<Full<Bytes>>,
) -> Result<Reply, Refusal> {
    let response =
        worker.pool.send(&remote.target, request).await.map_err(Refusal::ServerFailed)?;
    let (parts, source) = response.into_parts();
    check_status(parts.status, &parts.headers)?;
    let session = session_of(&parts.headers)?;
    let status = parts.status;
    let body = match content_type(&parts.headers).as_str() {
        "text/event-stream" if status.is_success() => {
            ReplyBody::Many(Box::new(Events::Http(HttpEvents::new(source))))
        }
        "application/json" => {
            let max = server.limits.answer_bytes.min(MAX_MESSAGE_BYTES);
            let body =
                read_bounded(source, BodyLimits { max_bytes: max, idle: DAY, total: DAY }).await;
            ReplyBody::One(body.map_err(unreadable)?)
        }
        _ => ReplyBody::Nothing,
    };
    Ok(Reply { status, session, body })
}

/// What the server says of the gate's own credential is nobody else's business.
fn check_status(status: StatusCode, headers: &HeaderMap) -> Result<(), Refusal> {
    let garbage = |what| Err(Refusal::ServerGarbage(what));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            garbage("it refuses the credential that the gate has for it")
        }
        status if status.is_redirection() => garbage("it sends the gate somewhere else"),
        status if status.is_server_error() => garbage("it failed"),
        _ if headers.contains_key(http::header::CONTENT_ENCODING) => {
            garbage("it compresses its answer, which nobody asked for")
        }
        _ => Ok(()),
    }
}

fn session_of(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get(SESSION) else { return Ok(None) };
    let is_visible = |b: u8| (0x21..0x7f).contains(&b);
    let text =
        value.to_str().ok().filter(|t| t.len() <= MAX_INNER_BYTES && t.bytes().all(is_visible));
    let text = text.ok_or(Refusal::ServerGarbage("its session id is none"))?;
    Ok(Some(text.to_owned()))
}

fn unreadable(error: ReadError<UpstreamError>) -> Refusal {
    match error {
        ReadError::TooLarge => Refusal::ServerGarbage("it is larger than this gate reads"),
        ReadError::Timeout => Refusal::ServerFailed(UpstreamError::TotalTimeout),
        ReadError::Broken(error) => Refusal::ServerFailed(error),
    }
}

pub(super) fn content_type(headers: &HeaderMap) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Headers that a configuration may not set: they are the protocol's.
pub fn is_reserved(name: &HeaderName) -> bool {
    let own = [SESSION, VERSION, LAST_EVENT, METHOD, NAME, ACCEPT, CONTENT_TYPE, ACCEPT_ENCODING];
    let framing = ["host", "content-length", "transfer-encoding", "connection", "te", "upgrade"];
    *name != AUTHORIZATION && (own.contains(name) || framing.contains(&name.as_str()))
}
