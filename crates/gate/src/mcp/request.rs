//! Requests, method by method: what each must show before it is passed on.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use model::{Kind, Status};
use policy::{Action, Resource};
use serde_json::{Map, Value};

use super::bridge::{Crossing, first_answer, is_declined};
use super::events::{Event, Events};
use super::held::{Round, elicits};
use super::link::{Along, Reply, ReplyBody};
use super::message::{Id, Message};
use super::method::Method;
use super::parts::Voice;
use super::serve::{Call, Ready, Talk};
use super::sort::Sort;
use super::stream::{Expect, Stream, Taken};
use crate::refusal::Refusal;

/// How long a stream is watched for its answer before it is passed on piece by piece: most are over at
/// once, and then the record is whole before anything leaves.
const PATIENCE: Duration = Duration::from_millis(100);

/// Events that are held while the answer is watched for.
const MAX_HELD: usize = 64;

impl Call {
    pub(super) async fn request(
        &mut self,
        talk: &mut Talk,
        parts: &Parts,
        method: Method,
        mut params: Map<String, Value>,
        mut body: Bytes,
    ) -> Result<Ready, Refusal> {
        // What most calls do not need is boxed, so that it does not make the others larger.
        if self.is_to_cross(talk) {
            Box::pin(self.cross(talk)).await?;
        }
        if method == Method::Listen {
            return Box::pin(self.listen_to(talk, &params, body)).await;
        }
        let round = match method {
            Method::CallTool => self.rounds(talk, &mut params, &mut body),
            _ => Round::First,
        };
        self.elicits = method == Method::Initialize && elicits(params.get("capabilities"));
        let mut expect = Expect { id: self.id.clone(), method: Some(method), name: None };
        let came = body.clone();
        let text = |name: &str| params.get(name).and_then(Value::as_str).map(str::to_owned);
        let body = match method {
            Method::CallTool => {
                expect.name = text("name");
                match self.call_tool(talk, parts, &params, body).await? {
                    Ok(body) => body,
                    Err(ready) => return Ok(ready),
                }
            }
            Method::ReadResource | Method::Subscribe | Method::Unsubscribe => {
                let uri = text("uri").ok_or_else(|| lacks("uri"))?;
                let body = self.named(talk, method, Named::Resource(&uri), body)?;
                if method != Method::Unsubscribe {
                    Box::pin(self.check_resource(talk, &uri)).await?;
                }
                expect.name = Some(uri);
                body
            }
            Method::GetPrompt => {
                let name = text("name").ok_or_else(|| lacks("name"))?;
                let body = self.named(talk, method, Named::Prompt(&name), body)?;
                expect.name = Some(name);
                body
            }
            Method::Complete => self.complete(talk, &params, body)?,
            _ => {
                let body = self.inspect_request(body, Voice::Nobody, &[])?;
                let verdict = self.decide_on_server(talk, Action::UseServer, method.as_str())?;
                self.redact(talk, &verdict, body, Voice::Nobody, &[])?
            }
        };
        let sent = if is_same(&came, &body) { None } else { sent_params(&body) };
        let asked = Value::Object(sent.unwrap_or_else(|| without_meta(params)));
        if self.base.held.is_some() {
            let leave = Box::pin(self.leave(talk, round, &expect, (&asked, &body)));
            if let Some(ready) = leave.await? {
                return Ok(ready);
            }
        }
        self.count_repeats(talk, &asked)?;
        self.let_through(talk);
        if let Some(result) = self.answered_here(talk, &expect, &parts.headers)? {
            let id = self.id.clone().ok_or_else(|| lacks("id"))?;
            let data = Message::Result { id, result }.write().into();
            return self.one(talk, &expect, data, StatusCode::OK).await;
        }
        self.forward(talk, expect, body).await
    }

    /// Asks for leave to use a resource or a prompt by its name.
    fn named(
        &mut self,
        talk: &Talk,
        method: Method,
        what: Named<'_>,
        body: Bytes,
    ) -> Result<Bytes, Refusal> {
        let editable: &[&str] = &["params", "arguments"];
        let server = talk.server.name.clone();
        let (kind, name, action, resource) = match what {
            Named::Resource(uri) => (
                "mcp_resource",
                uri,
                Action::ReadResource,
                Resource::Resource { server: &server, uri },
            ),
            Named::Prompt(name) => {
                ("prompt", name, Action::GetPrompt, Resource::Prompt { server: &server, name })
            }
        };
        let sorts: &[Sort] = match what {
            Named::Resource(_) => &[Sort::Resource, Sort::Template],
            Named::Prompt(_) => &[Sort::Prompt],
        };
        let body = self.inspect_request(body, Voice::Model, editable)?;
        self.about(kind, &format!("{server}/{name}"));
        let verdict = self.decide(talk, action, resource, method.as_str())?;
        if method != Method::Unsubscribe {
            sorts.iter().try_for_each(|sort| self.check_pinned(talk, *sort, name))?;
        }
        self.redact(talk, &verdict, body, Voice::Model, editable)
    }

    /// A completion is for a prompt or a resource, and needs the leave to use that.
    fn complete(
        &mut self,
        talk: &Talk,
        params: &Map<String, Value>,
        body: Bytes,
    ) -> Result<Bytes, Refusal> {
        let reference = params.get("ref").and_then(Value::as_object).ok_or_else(|| lacks("ref"))?;
        let text = |name: &str| reference.get(name).and_then(Value::as_str);
        match (text("type"), text("name"), text("uri")) {
            (Some("ref/prompt"), Some(name), _) => {
                self.named(talk, Method::Complete, Named::Prompt(name), body)
            }
            (Some("ref/resource"), _, Some(uri)) => {
                self.named(talk, Method::Complete, Named::Resource(uri), body)
            }
            _ => Err(lacks("ref")),
        }
    }

    /// Passes a request on, and takes in the answer.
    pub(super) async fn forward(
        &mut self,
        talk: &mut Talk,
        expect: Expect,
        body: Bytes,
    ) -> Result<Ready, Refusal> {
        self.reserve(talk, &body)?;
        self.base.action.check_log()?;
        self.base.persist().await?;
        self.base.keep_leaving(None, &body, "").await?;
        talk.along.mirrored =
            expect.method.map(|method| (method.as_str().to_owned(), expect.name.clone()));
        let is_first = expect.method == Some(Method::Initialize);
        let body = match &talk.crossing {
            Crossing::None => body,
            _ => {
                let message = Message::read(&body).map_err(Refusal::Message)?;
                self.outgoing(talk, message).write().into()
            }
        };
        let mut reply = self.send(talk, body.clone()).await?;
        if is_first && is_declined(&reply) {
            let hello = sent_params(&body).unwrap_or_default();
            reply = Box::pin(self.greet_modern(talk, &hello)).await?.unwrap_or(reply);
        }
        let Reply { status, session, body } = reply;
        let events = match body {
            ReplyBody::One(data) => {
                let ready = self.one(talk, &expect, data, status).await?;
                return Ok(if is_first { self.opened(talk, ready, session)? } else { ready });
            }
            ReplyBody::Nothing if status == StatusCode::NOT_FOUND && talk.has_session() => {
                return Err(self.lost(talk));
            }
            ReplyBody::Nothing => return Err(Refusal::ServerGarbage("it is no answer")),
            ReplyBody::Many(events) => events,
        };
        if is_first {
            let ready = Box::pin(self.first_of(talk, &expect, events)).await?;
            return self.opened(talk, ready, session);
        }
        Box::pin(self.many(talk, expect, events)).await
    }

    /// An answer that is one message.
    async fn one(
        &mut self,
        talk: &Talk,
        expect: &Expect,
        data: Bytes,
        status: StatusCode,
    ) -> Result<Ready, Refusal> {
        if status == StatusCode::NOT_FOUND && talk.has_session() {
            return Err(self.lost(talk));
        }
        let event = Event { data, ..Event::default() };
        match self.take(talk, expect, event).await? {
            // A client tells the server's era by the status of an error (2026-07-28, versioning).
            Taken::Answer(event) if status.is_client_error() => {
                Ok(Ready::Whole { status, body: event.data, session: None, outcome: Status::Ok })
            }
            Taken::Answer(event) => Ok(Ready::message(event.data)),
            _ => Err(Refusal::ServerGarbage("it is no answer to what was asked")),
        }
    }

    /// A stream whose answer comes at once is passed on as that answer alone.
    async fn many(
        &mut self,
        talk: &Talk,
        expect: Expect,
        mut events: Box<Events>,
    ) -> Result<Ready, Refusal> {
        let until = tokio::time::Instant::now() + PATIENCE;
        let mut held = Vec::new();
        while held.len() < MAX_HELD {
            let Ok(event) = tokio::time::timeout_at(until, events.next()).await else { break };
            let Some(event) = event? else {
                // What has an id may be taken up again; without one nothing more can come.
                let is_open = held.iter().any(|event: &Event| event.id.is_some());
                if is_open {
                    break;
                }
                return Err(Refusal::ServerGarbage("it ended without an answer"));
            };
            // Asides before it are worth a stream.
            let is_alone = held.iter().all(|held: &Event| held.data.is_empty());
            if is_alone && is_answer(&event, &expect) {
                if !events.are_framed() {
                    return self.one(talk, &expect, event.data, StatusCode::OK).await;
                }
                held.push(event);
                return self.at_once(talk, &expect, held).await;
            }
            held.push(event);
            if !is_alone {
                break;
            }
        }
        Ok(Ready::Streamed(Box::new(Stream { expect, events, held, news: None })))
    }

    /// An answer that nothing came before but ids, framed as its server frames it.
    async fn at_once(
        &mut self,
        talk: &Talk,
        expect: &Expect,
        events: Vec<Event>,
    ) -> Result<Ready, Refusal> {
        let mut text = Vec::new();
        for event in events {
            if let Taken::Aside(event) | Taken::Answer(event) =
                self.take(talk, expect, event).await?
            {
                text.extend_from_slice(&event.write());
            }
        }
        Ok(Ready::Events(text.into()))
    }

    /// The answer of a stream in which nothing else counts.
    pub(super) async fn first_of(
        &mut self,
        talk: &Talk,
        expect: &Expect,
        mut events: Box<Events>,
    ) -> Result<Ready, Refusal> {
        for _ in 0..MAX_HELD {
            let worker = self.worker.clone();
            let event = tokio::select! {
                biased;
                event = events.next() => event?,
                contained = talk.until_contained(&worker) => return Err(Refusal::Contained(contained)),
            };
            let Some(event) = event else { break };
            if is_answer(&event, expect) {
                return self.one(talk, expect, event.data, StatusCode::OK).await;
            }
        }
        Err(Refusal::ServerGarbage("it ended without an answer"))
    }

    /// Asks the server something of the gate's own, as the agent would; nothing where it is no answer.
    pub(super) async fn question(
        &mut self,
        talk: &Talk,
        method: &str,
        params: Map<String, Value>,
    ) -> Result<Option<Message>, Refusal> {
        let mirrored = Some((method.to_owned(), None));
        let along = Along { mirrored, params: Vec::new(), ..talk.along.clone() };
        let id = Id::Text(format!("portcullis-{}", self.base.action.gate.new_id()));
        let question = Message::Request { id: id.clone(), method: method.to_owned(), params };
        let question = self.outgoing(talk, question);
        let reply = self.send_along(talk, &along, question.write().into()).await?;
        if reply.status == StatusCode::NOT_FOUND && talk.has_session() {
            return Err(self.lost(talk));
        }
        first_answer(reply, &id).await
    }

    /// The same where nothing but a result will do.
    pub(super) async fn inquire(
        &mut self,
        talk: &Talk,
        method: &str,
        params: Map<String, Value>,
    ) -> Result<Map<String, Value>, Refusal> {
        match self.question(talk, method, params).await? {
            Some(Message::Result { result, .. }) => Ok(result),
            _ => Err(Refusal::ServerGarbage("it does not say which tools it has")),
        }
    }

    /// A record of its own for something that happens on the way.
    pub(super) fn aside(&mut self, kind: Kind) -> Box<crate::action::Action> {
        let mut aside = crate::action::Action::begin(&self.worker.gate, kind);
        aside.within(&self.base.action);
        let record = self.base.action.record().clone();
        let to = aside.record();
        to.tenant = record.tenant;
        to.agent = record.agent;
        to.zone = record.zone;
        to.session = record.session;
        to.client = record.client;
        to.trace = record.trace;
        to.resource = record.resource;
        aside.note("within", record.id.to_string());
        aside
    }
}

/// The parameters of the message as it will be sent.
pub(super) fn sent_params(body: &[u8]) -> Option<Map<String, Value>> {
    match Message::read(body).ok()? {
        Message::Request { params, .. } => Some(without_meta(params)),
        _ => None,
    }
}

/// A token for progress is another with each try, and changes nothing that is done.
fn without_meta(mut params: Map<String, Value>) -> Map<String, Value> {
    params.remove("_meta");
    params
}

/// Whether nothing was taken out of a body: then it need not be read again.
pub(super) fn is_same(before: &Bytes, after: &Bytes) -> bool {
    before.as_ptr() == after.as_ptr() && before.len() == after.len()
}

/// What a request names.
#[derive(Clone, Copy)]
enum Named<'a> {
    Resource(&'a str),
    Prompt(&'a str),
}

pub(super) fn lacks(name: &str) -> Refusal {
    Refusal::Params(format!("The request's `params` lack a proper `{name}`."))
}

/// Whether an event is the answer, going by its id alone; the message is looked at later.
fn is_answer(event: &Event, expect: &Expect) -> bool {
    let answers = |id: &Option<Id>| id.is_some() && *id == expect.id;
    match Message::read(&event.data) {
        Ok(Message::Result { id, .. }) => answers(&Some(id)),
        Ok(Message::Error { id, .. }) => answers(&id),
        _ => false,
    }
}
