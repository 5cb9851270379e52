//! `/mcp`: all servers that an agent may use, as one.
//!
//! A session here is one session at each of them. Tools are named `server__tool`; the list is theirs
//! together, each filtered and pinned as on its own path, and a call goes where its tool's name says; so it is
//! with prompts and resources (see `names`). What they say by themselves comes in one stream (see `news`).

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Method as Verb, Request, Response, StatusCode};
use hyper::body::Incoming;
use model::{Effect, Kind, clip};
use policy::{Action, Resource};
use serde_json::{Map, Value, json};

use super::bridge::Crossing;
use super::call::MAX_PAGES;
use super::era::{Era, META_SERVER, MODERN, version_of};
use super::events::Event;
use super::held::elicits;
use super::link::{self, Along, Reply, ReplyBody};
use super::list::named;
use super::message::{Id, Message};
use super::method::{Method, is_notification};
use super::names::{renamed, routed};
use super::parts::Voice;
use super::seal::{Session, Use};
use super::serve::{Call, Ready, Talk};
use super::server::{Mcp, Server};
use super::translate;
use super::who::check_origin;
use crate::answer::AnswerBody;
use crate::identify::Asked;
use crate::identify::Caller as Who;
use crate::llm;
use crate::net::peer::Peer;
use crate::refusal::{Dialect, Refusal};
use crate::snapshot::Contained;
use crate::worker::Worker;

/// How long a server is waited for when a session begins; one that takes longer is left out.
const PATIENCE: Duration = Duration::from_secs(10);

/// Events before an answer to a greeting.
const MAX_EVENTS: usize = 64;

/// The version that is settled on where a client asks for one that the gate does not know.
const VERSION: &str = "2025-11-25";

/// Answers one request to `/mcp`.
pub(crate) async fn serve_all(
    worker: &Worker,
    peer: &Peer,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let base = llm::Call::begin(worker, Kind::MCP_REQUEST, Dialect::Problem);
    let mut call = Call::new(base, worker);
    call.base.note_client(peer, request.headers());
    match call.attempt_all(peer, request).await {
        Ok((talk, ready)) => call.deliver(talk, ready).await,
        Err(refusal) => call.refuse(&refusal).await,
    }
}

/// The agent and its session at all servers.
pub(super) struct Hall {
    pub who: Who,
    mcp: Arc<Mcp>,
    pub session: Option<Session>,
    along: Along,
}

impl Call {
    async fn attempt_all(
        &mut self,
        peer: &Peer,
        request: Request<Incoming>,
    ) -> Result<(Option<Talk>, Ready), Refusal> {
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
        self.at_server("*");
        let mcp = who.tenant.mcp.clone();
        check_origin(&parts.headers, &mcp.origins)?;
        let session = self.session(&who, &mcp, "", &parts.headers)?;
        let trace = parts.headers.get("traceparent").cloned();
        let along = Along { trace, ..Along::default() };
        let mut hall = Hall { who, mcp, session, along };
        match parts.method {
            Verb::POST => self.post_all(&mut hall, &parts, body).await,
            Verb::DELETE => Box::pin(self.end_all(&hall)).await.map(|ready| (None, ready)),
            Verb::GET => {
                hall.along.version = version_of(&parts.headers)?;
                Box::pin(self.listen_all(&hall)).await.map(|ready| (None, ready))
            }
            _ => Err(Refusal::Unsupported("methods other than POST, GET and DELETE here")),
        }
    }

    async fn post_all(
        &mut self,
        hall: &mut Hall,
        parts: &Parts,
        body: Incoming,
    ) -> Result<(Option<Talk>, Ready), Refusal> {
        let sizes = crate::snapshot::Sizes::default();
        let body = self.read_message(&hall.who, parts, body, sizes).await?;
        let message = Message::read(&body).map_err(Refusal::Message)?;
        hall.along.version = self.opens(&message, &parts.headers)?;
        match message {
            Message::Request { id, method, params } => {
                let method = self.method(method)?;
                match method {
                    Method::CallTool
                    | Method::GetPrompt
                    | Method::ReadResource
                    | Method::Subscribe
                    | Method::Unsubscribe
                    | Method::Complete => self.route(hall, parts, &id, (method, params)).await,
                    Method::Initialize => {
                        Box::pin(self.greet_all(hall, &id, params)).await.map(|ready| (None, ready))
                    }
                    Method::ListTools
                    | Method::ListPrompts
                    | Method::ListResources
                    | Method::ListTemplates => {
                        Box::pin(self.list_all(hall, &id, method)).await.map(|ready| (None, ready))
                    }
                    Method::Listen => {
                        let listening = Box::pin(self.listen_to_all(hall, &params, body));
                        listening.await.map(|ready| (None, ready))
                    }
                    Method::Discover => self.introduce_all(&id).map(|ready| (None, ready)),
                    Method::Ping => Ok((None, result(&id, json!({})))),
                    method => Err(Refusal::NoSuchMethod(method.as_str().to_owned())),
                }
            }
            Message::Notification { method, .. } => {
                self.base.action.record().kind = Kind::MCP_MESSAGE;
                self.base.action.note("method", clip(&method, 128));
                if !is_notification(&method) {
                    return Err(Refusal::NoSuchMethod(method));
                }
                Box::pin(self.tell_all(hall, &method, body)).await.map(|ready| (None, ready))
            }
            Message::Result { id, result } => {
                if let Some(ready) = self.answers_gate(&hall.who, Some(&id), Some(&result)) {
                    return Ok((None, ready));
                }
                let (server, id) = asker(&id).ok_or(Refusal::NoSuchSession)?;
                Box::pin(self.reply(hall, &server, Message::Result { id, result })).await
            }
            Message::Error { id, error } => {
                if let Some(ready) = self.answers_gate(&hall.who, id.as_ref(), None) {
                    return Ok((None, ready));
                }
                let (server, id) = id.as_ref().and_then(asker).ok_or(Refusal::NoSuchSession)?;
                Box::pin(self.reply(hall, &server, Message::Error { id: Some(id), error })).await
            }
        }
    }

    /// The servers that an agent may talk to now.
    pub(super) fn permitted(&self, hall: &Hall) -> Vec<Arc<Server>> {
        let may = |server: &&Arc<Server>| {
            let resource = Resource::Server(&server.name);
            let verdict = self.if_used(&hall.who, Action::UseServer, resource, "tools/list");
            server.standing.is_active() && verdict.effect == Effect::Permit
        };
        hall.mcp.servers.iter().filter(may).cloned().collect()
    }

    /// Opens a session at each server at once. One that does not answer is left out, and said so.
    async fn greet_all(
        &mut self,
        hall: &Hall,
        id: &Id,
        params: Map<String, Value>,
    ) -> Result<Ready, Refusal> {
        let asked = params.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
        let version = if super::era::is_version(asked) { asked } else { VERSION }.to_owned();
        let elicits = elicits(params.get("capabilities"));
        let mut hello = params;
        hello.insert("protocolVersion".into(), version.clone().into());
        let hello =
            Message::Request { id: Id::Number(0), method: "initialize".into(), params: hello };
        let hello = self.inspect_request(hello.write().into(), Voice::Nobody, &[])?;
        self.enforce()?;
        let servers = self.permitted(hall);
        let greetings = servers.iter().map(|server| {
            let (worker, server, hello) = (self.worker.clone(), server.clone(), hello.clone());
            let along = hall.along.clone();
            let greeting = async move { greet(&worker, &server, along, hello).await };
            Box::pin(
                async move { tokio::time::timeout(PATIENCE, greeting).await.unwrap_or_default() },
            ) as Boxed<Option<Option<String>>>
        });
        let greeted = all(greetings.collect()).await;
        let mut session = Session { version: version.clone(), elicits, ..Session::default() };
        let mut missing = Vec::new();
        for (server, inner) in servers.iter().zip(greeted) {
            match inner {
                Some(inner) => session.servers.push((server.name.to_string(), inner)),
                None => missing.push(server.name.as_str()),
            }
        }
        self.base.action.note("servers", session.servers.len().to_string());
        if !missing.is_empty() {
            self.base.action.note("missing", missing.join(", "));
        }
        self.base.action.decide(Effect::Permit, "a session at each server that the agent may use");
        let agent = hall.who.agent.name.as_str();
        let sealed = hall.mcp.seal.seal(Use::Session, agent, "", &session);
        let sealed = sealed.ok_or(Refusal::VaultDown)?;
        self.name_session(&sealed);
        self.begin_session(&hall.who);
        let answer = json!({
            "protocolVersion": version,
            "capabilities": offered(),
            "serverInfo": {"name": "portcullis", "version": env!("CARGO_PKG_VERSION")},
        });
        let Ready::Whole { status, body, outcome, .. } = result(id, answer) else {
            return Err(Refusal::VaultDown);
        };
        Ok(Ready::Whole { status, body, session: Some(sealed), outcome })
    }

    /// What the gate says of itself in place of all servers.
    fn introduce_all(&mut self, id: &Id) -> Result<Ready, Refusal> {
        self.enforce()?;
        self.base.action.decide(Effect::Permit, "what the gate says of itself");
        let server = json!({"name": "portcullis", "version": env!("CARGO_PKG_VERSION")});
        let said = json!({"supportedVersions": MODERN, "capabilities": offered(), "_meta": {META_SERVER: server}});
        let mut said = said.as_object().cloned().unwrap_or_default();
        translate::result_to_modern(Method::Discover, &mut said);
        Ok(result(id, said.into()))
    }

    /// The entries of a list of one server.
    pub(super) async fn entries_of(
        &mut self,
        talk: &Talk,
        method: Method,
    ) -> Result<Vec<Value>, Refusal> {
        if method == Method::ListTools {
            return self.tools_of(talk).await;
        }
        let (mut cursor, mut entries) = (None, Vec::new());
        for _ in 0..MAX_PAGES {
            let params = cursor.map(|cursor| ("cursor".to_owned(), cursor)).into_iter().collect();
            // A server that has no such list says so with an error.
            let Some(Message::Result { mut result, .. }) =
                self.question(talk, method.as_str(), params).await?
            else {
                break;
            };
            entries.extend(self.observe_others(talk, method, &mut result).await?);
            cursor = result.remove("nextCursor").filter(|cursor| !cursor.is_null());
            if cursor.is_none() {
                break;
            }
        }
        Ok(entries)
    }

    /// The tools, prompts or resources of all servers, named after them.
    async fn list_all(&mut self, hall: &Hall, id: &Id, method: Method) -> Result<Ready, Refusal> {
        let mut entries = Vec::new();
        let mut missing = Vec::new();
        for server in self.permitted(hall) {
            let name = server.name.to_string();
            let Ok(mut talk) = self.at(hall, &name) else { continue };
            let found = match self.cross(&mut talk).await {
                Ok(()) => self.entries_of(&talk, method).await,
                Err(refusal) => Err(refusal),
            };
            match found {
                Ok(found) => {
                    entries.extend(found.into_iter().map(|entry| renamed(&name, method, entry)));
                }
                Err(refusal) if is_fatal(&refusal) => return Err(refusal),
                Err(refusal) => {
                    tracing::warn!(server = %name, why = refusal.message(), "an MCP server does not say what it has");
                    missing.push(name);
                }
            }
        }
        if !missing.is_empty() {
            self.base.action.note("missing", missing.join(", "));
        }
        self.base.action.note("listed", entries.len().to_string());
        self.base.action.decide(Effect::Permit, "everything of them that the agent may use");
        let name = named(method).unwrap_or("tools").to_owned();
        let mut list = Map::from_iter([(name, Value::Array(entries))]);
        if self.era == Era::Modern {
            translate::result_to_modern(method, &mut list);
        }
        let Ready::Whole { status, body, session, outcome } = result(id, list.into()) else {
            return Err(Refusal::VaultDown);
        };
        let body = self.inspect_all(body)?;
        Ok(Ready::Whole { status, body, session, outcome })
    }

    /// A request goes to the server that the name in it begins with.
    async fn route(
        &mut self,
        hall: &Hall,
        parts: &Parts,
        id: &Id,
        (method, mut params): (Method, Map<String, Value>),
    ) -> Result<(Option<Talk>, Ready), Refusal> {
        let name = params.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let unknown = || match method {
            Method::CallTool => Refusal::NoSuchTool(clip(&name, 128).to_owned()),
            _ => Refusal::Params("What the request names is none of a server's here.".into()),
        };
        let server = routed(method, &mut params).ok_or_else(unknown)?;
        let mut talk = self.at(hall, &server)?;
        let request = Message::Request {
            id: id.clone(),
            method: method.as_str().to_owned(),
            params: params.clone(),
        };
        let body = Bytes::from(request.write());
        let ready = self.request(&mut talk, parts, method, params, body).await?;
        Ok((Some(talk), ready))
    }

    /// The talk with one of the servers.
    pub(super) fn at(&self, hall: &Hall, name: &str) -> Result<Talk, Refusal> {
        let server = hall.mcp.server(name).cloned().ok_or(Refusal::NoSuchServer)?;
        if !server.standing.is_active() {
            return Err(Refusal::Contained(Contained::Server(server.standing)));
        }
        let inner = match &hall.session {
            // A server that did not answer when the session began has no part in it.
            Some(session) if !session.holds(name) => return Err(Refusal::NoSuchServer),
            Some(session) => session.of(name).map(str::to_owned),
            None => None,
        };
        Ok(Talk {
            who: hall.who.clone(),
            mcp: hall.mcp.clone(),
            server,
            path: String::new(),
            session: hall.session.clone(),
            along: Along { session: inner, ..hall.along.clone() },
            crossing: Crossing::default(),
        })
    }

    /// Every server hears a notification; the greeting was finished with each already.
    async fn tell_all(&mut self, hall: &Hall, method: &str, body: Bytes) -> Result<Ready, Refusal> {
        let body = self.inspect_request(body, Voice::Nobody, &[])?;
        self.enforce()?;
        self.base.action.decide(Effect::Permit, "for each server of the session");
        if method != "notifications/initialized" {
            for server in self.permitted(hall) {
                let Ok(talk) = self.at(hall, server.name.as_str()) else { continue };
                if let Err(refusal) = self.send(&talk, body.clone()).await {
                    tracing::debug!(server = %server.name, why = refusal.message(), "a server could not be told");
                }
            }
        }
        Ok(Ready::accepted(StatusCode::ACCEPTED))
    }

    /// An answer to what one of the servers has asked.
    async fn reply(
        &mut self,
        hall: &Hall,
        server: &str,
        message: Message,
    ) -> Result<(Option<Talk>, Ready), Refusal> {
        self.base.action.record().kind = Kind::MCP_MESSAGE;
        self.base.action.note("method", "answer");
        let mut talk = self.at(hall, server)?;
        self.at_server(server);
        let ready = self.pass_on(&mut talk, message.write().into(), Voice::Model).await?;
        Ok((Some(talk), ready))
    }

    async fn end_all(&mut self, hall: &Hall) -> Result<Ready, Refusal> {
        self.base.action.record().kind = Kind::MCP_END;
        let Some(session) = &hall.session else { return Err(Refusal::NoSuchSession) };
        for (name, inner) in &session.servers {
            let Ok(talk) = self.at(hall, name) else { continue };
            if inner.is_some()
                && let Err(refusal) = link::end(&self.worker, &talk.server, &talk.along).await
            {
                tracing::debug!(server = %name, why = refusal.message(), "a session could not be ended");
            }
        }
        self.base.action.decide(Effect::Permit, "the agent ends its session");
        Ok(Ready::accepted(StatusCode::OK))
    }
}

/// Nothing else will go through either.
pub(super) fn is_fatal(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::LogDown | Refusal::VaultDown | Refusal::Contained(_))
}

fn result(id: &Id, result: Value) -> Ready {
    let result = match result {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    Ready::message(Message::Result { id: id.clone(), result }.write().into())
}

/// What all servers together offer.
fn offered() -> Value {
    json!({
        "tools": {"listChanged": true},
        "prompts": {"listChanged": true},
        "resources": {"subscribe": true, "listChanged": true},
        "completions": {},
    })
}

/// A server's id of what it asks, with its name before it: ids of two servers may be the same.
pub(super) fn asked_by(server: &str, id: &Id) -> Id {
    Id::Text(format!("{server}/{}", id.to_value()))
}

fn asker(id: &Id) -> Option<(String, Id)> {
    let Id::Text(text) = id else { return None };
    let (server, inner) = text.split_once('/')?;
    let inner = match serde_json::from_str(inner).ok()? {
        Value::Number(number) => Id::Number(number.as_i64()?),
        Value::String(text) => Id::Text(text),
        _ => return None,
    };
    Some((server.to_owned(), inner))
}

/// Opens a session at a server; its own id of it, if it has one. Nothing where it does not answer.
async fn greet(
    worker: &Worker,
    server: &Server,
    along: Along,
    hello: Bytes,
) -> Option<Option<String>> {
    let Reply { session, body, .. } = link::post(worker, server, &along, hello).await.ok()?;
    let data = match body {
        ReplyBody::One(data) => data,
        ReplyBody::Many(mut events) => {
            let mut data = Bytes::new();
            for _ in 0..MAX_EVENTS {
                let Event { data: next, .. } = events.next().await.ok()??;
                if matches!(Message::read(&next), Ok(Message::Result { .. })) {
                    data = next;
                    break;
                }
            }
            data
        }
        ReplyBody::Nothing => return None,
    };
    matches!(Message::read(&data), Ok(Message::Result { .. })).then_some(())?;
    let along = Along { session: session.clone(), ..along };
    let params = Map::new();
    let ready = Message::Notification { method: "notifications/initialized".into(), params };
    link::post(worker, server, &along, ready.write().into()).await.ok()?;
    Some(session)
}

pub(super) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// All at once; the results in the order of the futures.
pub(super) async fn all<T>(mut futures: Vec<Boxed<T>>) -> Vec<T> {
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, slot) in futures.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_remembers_who_asked() {
        for id in [Id::Number(-3), Id::Text("a/b\"".into()), Id::Text(String::new())] {
            assert_eq!(asker(&asked_by("files", &id)), Some(("files".into(), id)));
        }
        for bad in [Id::Number(1), Id::Text("files".into()), Id::Text("files/{}".into())] {
            assert_eq!(asker(&bad), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn all_results_keep_their_order() {
        let slow: Boxed<u8> = Box::pin(async {
            tokio::task::yield_now().await;
            1
        });
        assert_eq!(all(vec![slow, Box::pin(std::future::ready(2))]).await, [1, 2]);
    }
}
