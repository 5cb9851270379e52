//! The way of one MCP request: identify, read, inspect, decide, forward, answer.
//!
//! A client posts one message at a time, listens with GET and leaves with DELETE (streamable HTTP,
//! revisions 2025-03-26 to 2025-11-25), or posts each request with all that it needs (2026-07-28).
//! Each of these is one action with one record, and each message that a server sends by itself and
//! that asks for something is another.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method as Verb, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use model::{Effect, Kind, Resource, Status, clip};
use serde_json::{Map, Value};

use super::bridge::Crossing;
use super::era::{Era, check_modern, envelope, version_of};
use super::flow::Followed;
use super::held::Held;
use super::link::{self, Along, LAST_EVENT, Reply, ReplyBody, SESSION};
use super::listening::Listening;
use super::message::{Id, MAX_MESSAGE_BYTES, Message};
use super::method::{Method, is_notification};
use super::news::News;
use super::parts::Voice;
use super::seal::{Place, Session, Use};
use super::server::{Mcp, Server};
use super::still::Leave;
use super::stream::{Expect, Stream};
use super::who::check_origin;
use crate::answer::{AnswerBody, DECISION, RECORD};
use crate::identify::{Asked, Caller as Who};
use crate::llm;
use crate::net::body::read_bounded;
use crate::net::peer::Peer;
use crate::refusal::{Dialect, Refusal};
use crate::snapshot::{Contained, Sizes};
use crate::worker::Worker;

/// Bytes of a name in a record's resource.
const MAX_SHOWN: usize = 512;

/// How the name of a session begins that an MCP server opened.
pub(super) const SESSION_PREFIX: &str = "mcp-";

/// An action as far as it has come.
pub(super) struct Call {
    pub base: llm::Call,
    pub worker: Worker,
    /// The request's id, once it is read.
    pub id: Option<Id>,
    pub era: Era,
    /// What a client of the modern era says of itself with each request.
    pub envelope: Map<String, Value>,
    /// What is known of where the arguments of a tool's call come from.
    pub followed: Option<Followed>,
    /// The client that greets can be asked something in words.
    pub elicits: bool,
}

/// Who talks with whom, in which session.
#[derive(Clone)]
pub(super) struct Talk {
    pub who: Who,
    pub mcp: Arc<Mcp>,
    pub server: Arc<Server>,
    /// Where the client talks, which sealed ids are bound to.
    pub path: String,
    pub session: Option<Session>,
    pub along: Along,
    pub crossing: Crossing,
}

/// An answer that may leave.
pub(super) enum Ready {
    /// One message, or none.
    Whole {
        status: StatusCode,
        body: Bytes,
        session: Option<String>,
        outcome: Status,
    },
    /// Events that came at once.
    Events(Bytes),
    Streamed(Box<Stream>),
    /// What several servers say by themselves.
    News(Box<News>),
    /// The same to a client that has asked for it in a request.
    Listening(Box<Listening>),
    /// Its client waits for people.
    Held(Box<Held>),
}

impl Ready {
    pub(super) fn accepted(status: StatusCode) -> Self {
        Self::Whole { status, body: Bytes::new(), session: None, outcome: Status::Ok }
    }

    pub(super) fn message(body: Bytes) -> Self {
        Self::Whole { status: StatusCode::OK, body, session: None, outcome: Status::Ok }
    }
}

/// Answers one request to `/mcp/{server}`.
pub(crate) async fn serve(
    worker: &Worker,
    peer: &Peer,
    request: Request<Incoming>,
    server: &str,
) -> Response<AnswerBody> {
    let base = llm::Call::begin(worker, Kind::MCP_REQUEST, Dialect::Problem);
    let mut call = Call::new(base, worker);
    call.base.note_client(peer, request.headers());
    match call.attempt(peer, request, server).await {
        Ok((talk, ready)) => call.deliver(Some(talk), ready).await,
        Err(refusal) => call.refuse(&refusal).await,
    }
}

impl Call {
    pub(super) fn new(base: llm::Call, worker: &Worker) -> Self {
        let (era, envelope) = (Era::default(), Map::new());
        Self {
            base,
            worker: worker.clone(),
            id: None,
            era,
            envelope,
            followed: None,
            elicits: false,
        }
    }

    async fn attempt(
        &mut self,
        peer: &Peer,
        request: Request<Incoming>,
        server: &str,
    ) -> Result<(Talk, Ready), Refusal> {
        let (parts, body) = request.into_parts();
        if !self.base.action.is_admitted {
            return Err(Refusal::Busy);
        }
        let asked = Asked { method: &parts.method, uri: &parts.uri, headers: &parts.headers, peer };
        let who = self.base.identify(asked).await?;
        self.base.engine.clone_from(&who.tenant.tool_engine);
        if self.worker.gate.is_draining() {
            return Err(Refusal::Draining);
        }
        let mut talk = self.meet(who, &parts, server)?;
        let ready = match parts.method {
            Verb::POST => self.post(&mut talk, &parts, body).await?,
            Verb::GET => Box::pin(self.listen(&mut talk, &parts)).await?,
            Verb::DELETE => Box::pin(self.end(&mut talk, &parts)).await?,
            _ => return Err(Refusal::Unsupported("methods other than POST, GET and DELETE here")),
        };
        Ok((talk, ready))
    }

    /// Finds the server and the session, and holds both against the kill switch.
    fn meet(&mut self, who: Who, parts: &Parts, server: &str) -> Result<Talk, Refusal> {
        let mcp = who.tenant.mcp.clone();
        check_origin(&parts.headers, &mcp.origins)?;
        let found = mcp.server(server).cloned().ok_or(Refusal::NoSuchServer)?;
        self.at_server(found.name.as_str());
        self.base.action.fails(found.fails);
        if !found.standing.is_active() {
            return Err(Refusal::Contained(Contained::Server(found.standing)));
        }
        let path = found.name.to_string();
        let session = self.session(&who, &mcp, &path, &parts.headers)?;
        let inner = session.as_ref().and_then(|session| session.of(&path)).map(str::to_owned);
        let trace = parts.headers.get("traceparent").cloned();
        let along = Along { session: inner, trace, ..Along::default() };
        let crossing = Crossing::default();
        let mut talk = Talk { who, mcp, server: found, path, session, along, crossing };
        talk.cross_to_modern();
        Ok(talk)
    }

    /// Opens the id of the session that the client presents. The modern era has none.
    pub(super) fn session(
        &mut self,
        who: &Who,
        mcp: &Mcp,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Option<Session>, Refusal> {
        let Some(value) = headers.get(SESSION) else { return Ok(None) };
        if Era::of_headers(headers) == Era::Modern {
            return Ok(None);
        }
        let sealed = value.to_str().map_err(|_| Refusal::NoSuchSession)?;
        let opened = mcp.seal.open(Use::Session, who.agent.name.as_str(), path, sealed);
        let session: Session = opened.ok_or(Refusal::NoSuchSession)?;
        self.name_session(sealed);
        Ok(Some(session))
    }

    /// The session's name in the record, unless the agent gave one itself.
    pub(super) fn name_session(&mut self, sealed: &str) {
        let record = self.base.action.record();
        if record.session.is_none() {
            let digest = model::Digest::of(sealed.as_bytes()).to_string();
            record.session =
                model::SessionId::new(&format!("{SESSION_PREFIX}{}", clip(&digest, 32))).ok();
        }
    }

    /// What the record says is acted on; a name in which something is found does not show.
    pub(super) fn about(&mut self, kind: &'static str, name: &str) {
        let shown = llm::without_findings(self.base.engine.as_deref(), name);
        let name = clip(&shown, MAX_SHOWN).to_owned();
        self.base.action.record().resource = Some(Resource { name, kind: kind.into() });
    }

    /// The same of a server by its own name, which is the operator's.
    pub(super) fn at_server(&mut self, name: &str) {
        let resource = Resource { name: name.to_owned(), kind: "server".into() };
        self.base.action.record().resource = Some(resource);
    }

    /// The bytes of a message, decoded.
    pub(super) async fn read_message(
        &mut self,
        who: &Who,
        parts: &Parts,
        body: Incoming,
        sizes: Sizes,
    ) -> Result<Bytes, Refusal> {
        if link::content_type(&parts.headers) != "application/json" {
            return Err(Refusal::Malformed("A message is sent as application/json.".into()));
        }
        let mut limits = sizes.body_limits();
        limits.max_bytes = limits.max_bytes.min(MAX_MESSAGE_BYTES);
        let body = read_bounded(body, limits).await.map_err(Refusal::Unreadable)?;
        self.base.action.request_body(&body);
        who.check_body(&body).map_err(Refusal::Unidentified)?;
        self.base.sent =
            llm::keep::Sent::of(&parts.headers, &body).filter(|_| self.base.keeping.is_some());
        let plain = llm::request::decode(&parts.headers, &body, limits.max_bytes)?;
        Ok(plain.map_or(body, Bytes::from))
    }

    async fn post(
        &mut self,
        talk: &mut Talk,
        parts: &Parts,
        body: Incoming,
    ) -> Result<Ready, Refusal> {
        let body = self.read_message(&talk.who, parts, body, talk.server.limits).await?;
        let message = Message::read(&body).map_err(Refusal::Message)?;
        let version = self.opens(&message, &parts.headers)?;
        if matches!(talk.crossing, Crossing::None) {
            talk.along.version = version;
        }
        match message {
            Message::Request { method, params, .. } => {
                let method = self.method(method)?;
                self.request(talk, parts, method, params, body).await
            }
            Message::Notification { method, .. } => {
                self.base.action.record().kind = Kind::MCP_MESSAGE;
                self.base.action.note("method", clip(&method, 128));
                match is_notification(&method) {
                    true => Box::pin(self.pass_on(talk, body, Voice::Nobody)).await,
                    false => Err(Refusal::NoSuchMethod(method)),
                }
            }
            Message::Result { .. } | Message::Error { .. } => {
                let gates = match &message {
                    Message::Result { id, result } => {
                        self.answers_gate(&talk.who, Some(id), Some(result))
                    }
                    Message::Error { id, .. } => self.answers_gate(&talk.who, id.as_ref(), None),
                    _ => None,
                };
                if let Some(ready) = gates {
                    return Ok(ready);
                }
                self.base.action.record().kind = Kind::MCP_MESSAGE;
                self.base.action.note("method", "answer");
                Box::pin(self.pass_on(talk, body, Voice::Model)).await
            }
        }
    }

    /// Which era a message is of, held against what that era demands; the version that it names.
    pub(super) fn opens(
        &mut self,
        message: &Message,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, Refusal> {
        if let Message::Request { id, method, params } = message {
            self.id = Some(id.clone());
            self.era = Era::of(headers, params);
            if self.era == Era::Modern {
                check_modern(headers, method, params)?;
                self.envelope = envelope(params);
            }
        }
        version_of(headers)
    }

    /// The method of a request, for its record.
    pub(super) fn method(&mut self, name: String) -> Result<Method, Refusal> {
        let found = Method::of(&name).filter(|method| self.era.has(*method));
        let method = found.ok_or(Refusal::NoSuchMethod(name))?;
        self.base.action.record().kind = method.kind();
        self.base.action.note("method", method.as_str());
        Ok(method)
    }

    /// A notification, or an answer to what the server asked.
    pub(super) async fn pass_on(
        &mut self,
        talk: &mut Talk,
        body: Bytes,
        voice: Voice,
    ) -> Result<Ready, Refusal> {
        let body = self.inspect_request(body, voice, &["result"])?;
        self.decide_on_server(talk, policy::Action::UseServer, "message")?;
        self.approve(talk, &Value::Null).await?;
        self.base.action.check_log()?;
        self.base.persist().await?;
        self.base.keep_leaving(None, &body, "").await?;
        if !matches!(talk.crossing, Crossing::None) {
            // One era's news of a session, or answers within one, are nothing to the other.
            return Ok(Ready::accepted(StatusCode::ACCEPTED));
        }
        let reply = self.send(talk, body).await?;
        match reply.status {
            StatusCode::NOT_FOUND => Err(Refusal::NoSuchSession),
            status if status.is_success() => Ok(Ready::accepted(StatusCode::ACCEPTED)),
            _ => Err(Refusal::ServerGarbage("it does not take this message")),
        }
    }

    /// Sends to the server, unless the kill switch is faster. Nothing that a policy holds gets here.
    pub(super) async fn send(&mut self, talk: &Talk, body: Bytes) -> Result<Reply, Refusal> {
        self.send_along(talk, &talk.along, body).await
    }

    /// The same with something else going along.
    pub(super) async fn send_along(
        &mut self,
        talk: &Talk,
        along: &Along,
        body: Bytes,
    ) -> Result<Reply, Refusal> {
        if self.base.held.is_some() {
            return Err(Refusal::ApprovalsDown);
        }
        let sent = std::time::Instant::now();
        let worker = self.worker.clone();
        let reply = tokio::select! {
            biased;
            reply = link::post(&worker, &talk.server, along, body) => reply,
            contained = talk.until_contained(&worker) => Err(Refusal::Contained(contained)),
        };
        self.base.action.upstream += sent.elapsed();
        reply
    }

    async fn listen(&mut self, talk: &mut Talk, parts: &Parts) -> Result<Ready, Refusal> {
        self.base.action.record().kind = Kind::MCP_LISTEN;
        talk.along.version = version_of(&parts.headers)?;
        self.decide_on_server(talk, policy::Action::UseServer, "listen")?;
        self.approve(talk, &Value::Null).await?;
        let (expect, last_event) = self.resumed(talk, &parts.headers)?;
        if !matches!(talk.crossing, Crossing::None) {
            let ready = self.listen_in_session(talk, &parts.headers).await?;
            return Ok(ready.unwrap_or_else(|| Ready::accepted(StatusCode::METHOD_NOT_ALLOWED)));
        }
        let worker = self.worker.clone();
        let listening = link::listen(&worker, &talk.server, &talk.along, last_event.as_deref());
        let reply = tokio::select! {
            biased;
            reply = listening => reply?,
            contained = talk.until_contained(&worker) => return Err(Refusal::Contained(contained)),
        };
        match (reply.status, reply.body) {
            (_, ReplyBody::Many(events)) => {
                let news = Some(Leave::default());
                let stream = Stream { expect, events, held: Vec::new(), news };
                Ok(Ready::Streamed(Box::new(stream)))
            }
            (StatusCode::NOT_FOUND, _) => Err(Refusal::NoSuchSession),
            _ => Ok(Ready::accepted(StatusCode::METHOD_NOT_ALLOWED)),
        }
    }

    /// What is left of an earlier stream is inspected as what it answers.
    fn resumed(
        &mut self,
        talk: &Talk,
        headers: &HeaderMap,
    ) -> Result<(Expect, Option<String>), Refusal> {
        let Some(value) = headers.get(LAST_EVENT) else { return Ok((Expect::default(), None)) };
        let sealed = value.to_str().map_err(|_| Refusal::NoSuchSession)?;
        let agent = talk.who.agent.name.as_str();
        let place: Option<Place> = talk.mcp.seal.open(Use::Event, agent, &talk.path, sealed);
        let place = place.filter(|place| place.server == talk.server.name.as_str());
        let place = place.ok_or(Refusal::NoSuchSession)?;
        let expect = Expect::of(&place);
        self.id.clone_from(&expect.id);
        if let Some(method) = expect.method {
            self.base.action.note("resumes", method.as_str());
        }
        Ok((expect, Some(place.event)))
    }

    async fn end(&mut self, talk: &mut Talk, parts: &Parts) -> Result<Ready, Refusal> {
        self.base.action.record().kind = Kind::MCP_END;
        talk.along.version = version_of(&parts.headers)?;
        self.decide_on_server(talk, policy::Action::UseServer, "end")?;
        self.approve(talk, &Value::Null).await?;
        if talk.session.is_none() {
            return Err(Refusal::NoSuchSession);
        }
        if talk.along.session.is_none() {
            // The server has no session of its own to end.
            talk.who.tenant.books.bridges.subscriptions.end(&parts.headers);
            return Ok(Ready::accepted(StatusCode::OK));
        }
        let status = link::end(&self.worker, &talk.server, &talk.along).await?;
        match status {
            StatusCode::NOT_FOUND => Err(Refusal::NoSuchSession),
            status if status.is_success() => Ok(Ready::accepted(StatusCode::OK)),
            _ => Ok(Ready::accepted(StatusCode::METHOD_NOT_ALLOWED)),
        }
    }

    /// Completes the record, then lets the answer go.
    ///
    /// Only what is of one server is streamed, so that a stream has somebody to talk with.
    pub(super) async fn deliver(
        mut self,
        talk: Option<Talk>,
        ready: Ready,
    ) -> Response<AnswerBody> {
        let mut kind = "application/json";
        let (status, body, session, outcome) = match ready {
            Ready::Whole { status, body, session, outcome } => (status, body, session, outcome),
            Ready::Events(body) => {
                kind = "text/event-stream";
                (StatusCode::OK, body, None, Status::Ok)
            }
            Ready::Streamed(stream) => match talk {
                Some(talk) => return stream.answer(self, talk),
                None => return self.refuse(&Refusal::ServerGarbage("it is no answer")).await,
            },
            Ready::News(news) => return news.answer(self),
            Ready::Listening(listening) => return listening.answer(self),
            Ready::Held(held) => match talk {
                Some(talk) => return held.answer(self, talk),
                None => return self.refuse(&Refusal::ApprovalsDown).await,
            },
        };
        let has_message = !body.is_empty();
        let action = &mut self.base.action;
        action.record().http_status = Some(status.as_u16());
        action.answer_bytes(&body);
        let effect = action.record().decision.effect;
        if action.finish(outcome).await.is_err() {
            return self.unrecorded();
        }
        let mut response = Response::new(AnswerBody::from(body));
        *response.status_mut() = status;
        self.stamp(&mut response, effect);
        let headers = response.headers_mut();
        if let Some(value) = session.and_then(|id| HeaderValue::from_str(&id).ok()) {
            headers.insert(SESSION, value);
        }
        if has_message {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        response
    }

    /// The headers that every answer carries.
    pub(super) fn stamp(&self, response: &mut Response<AnswerBody>, effect: Effect) {
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(&self.base.action.id().to_string()) {
            headers.insert(RECORD, value);
        }
        headers.insert(DECISION, HeaderValue::from_static(effect.as_str()));
        self.base.action.say_failing(headers);
    }
}

impl Talk {
    /// Whether what is said belongs to a session, the client's or one of the gate's own.
    pub(super) fn has_session(&self) -> bool {
        self.session.is_some() || matches!(self.crossing, Crossing::ToLegacy(_))
    }

    /// Ends when the kill switch hits the agent or the server.
    pub(super) fn until_contained(
        &self,
        worker: &Worker,
    ) -> impl Future<Output = Contained> + Send + use<> {
        let place = model::Subject::Server(self.server.name.clone());
        worker.gate.until_contained(&self.who, &place)
    }
}
