//! A client of one era before a server of the other: the gate speaks to each in its own way.
//!
//! For a client without sessions the gate opens one at the server, one for each agent and person, and
//! keeps its id. For a client with a session it says with each request who the client is, which it
//! carries in the sealed id. How a server speaks is found out once, by asking it, and remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use model::{AgentName, Effect, ServerName, Timestamp, UserName};
use policy::{Action, Resource};
use serde_json::{Map, Value};

use super::era::{Era, MODERN};
use super::hub::Hub;
use super::link::{Along, Reply, ReplyBody};
use super::message::{Id, Message};
use super::method::Method;
use super::serve::{Call, Talk};
use super::server::Transport;
use super::stream::Expect;
use super::subscriptions::Subscriptions;
use super::translate;
use crate::refusal::Refusal;

/// How long it counts how a server spoke: it may be another one tomorrow.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Servers whose way of speaking is remembered.
const MAX_SERVERS: usize = 4096;

/// Sessions that the gate holds for clients that have none. One that lies idle for so long is let go.
const MAX_SESSIONS: usize = 4096;
const IDLE: Duration = Duration::from_secs(1800);

/// Codes by which a server without sessions is known (2026-07-28, "Error Codes").
const MODERN_CODES: std::ops::RangeInclusive<i64> = -32022..=-32020;

/// Which way messages are translated.
#[derive(Clone, Debug, Default)]
pub(super) enum Crossing {
    /// Both speak alike.
    #[default]
    None,
    /// To a server with sessions.
    ToLegacy(Arc<Opened>),
    /// To a server that hears of its client with each request: this.
    ToModern(Map<String, Value>),
}

/// A session that the gate has opened.
#[derive(Debug)]
pub(super) struct Opened {
    session: Option<String>,
    version: HeaderValue,
    /// What the server said of itself.
    said: Map<String, Value>,
    /// Who listens to what it says by itself.
    pub hub: Hub,
}

impl Opened {
    pub(super) fn capabilities(&self) -> Option<&Value> {
        self.said.get("capabilities")
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Whose {
    server: ServerName,
    agent: AgentName,
    person: Option<UserName>,
}

/// What is remembered of servers of the other era.
#[derive(Default)]
pub struct Bridges {
    eras: Mutex<HashMap<ServerName, (Era, Timestamp)>>,
    sessions: Mutex<HashMap<Whose, (Arc<Opened>, Timestamp)>>,
    pub(super) subscriptions: Subscriptions,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bridges {
    fn era(&self, talk: &Talk, now: Timestamp) -> Option<Era> {
        let known = lock(&self.eras).get(&talk.server.name).copied();
        known.filter(|(_, at)| now.since(*at) < REMEMBERED).map(|(era, _)| era)
    }

    fn note_era(&self, talk: &Talk, era: Era, now: Timestamp) {
        let mut eras = lock(&self.eras);
        if eras.len() >= MAX_SERVERS {
            eras.clear();
        }
        eras.insert(talk.server.name.clone(), (era, now));
    }

    fn session(&self, whose: &Whose, now: Timestamp) -> Option<Arc<Opened>> {
        let mut sessions = lock(&self.sessions);
        let (opened, used) = sessions.get_mut(whose)?;
        *used = now;
        Some(opened.clone())
    }

    fn keep(&self, whose: Whose, opened: &Arc<Opened>, now: Timestamp) -> Result<(), Refusal> {
        let mut sessions = lock(&self.sessions);
        if sessions.len() >= MAX_SESSIONS {
            // One in which somebody listens is not idle.
            let is_used = |opened: &Arc<Opened>| Arc::strong_count(opened) > 1;
            sessions.retain(|_, (opened, used)| now.since(*used) < IDLE || is_used(opened));
        }
        if sessions.len() >= MAX_SESSIONS {
            return Err(Refusal::ServerBusy);
        }
        sessions.insert(whose, (opened.clone(), now));
        Ok(())
    }

    fn forget(&self, whose: &Whose) {
        drop(lock(&self.sessions).remove(whose));
    }
}

impl Whose {
    fn of(talk: &Talk) -> Self {
        Self {
            server: talk.server.name.clone(),
            agent: talk.who.agent.name.clone(),
            person: talk.who.person.clone(),
        }
    }
}

impl Crossing {
    /// What the server is told of its client with each request.
    pub(super) fn envelope(&self) -> Option<Map<String, Value>> {
        match self {
            Self::ToModern(envelope) => Some(envelope.clone()),
            _ => None,
        }
    }
}

impl Talk {
    /// How the server is spoken to.
    pub(super) fn theirs(&self, client: Era) -> Era {
        match self.crossing {
            Crossing::None => client,
            Crossing::ToLegacy(_) => Era::Legacy,
            Crossing::ToModern(_) => Era::Modern,
        }
    }

    /// A session whose client is known from its id: the server hears it with each request.
    pub(super) fn cross_to_modern(&mut self) {
        let client = self.session.as_ref().and_then(|session| session.client.as_ref());
        if let Some(envelope) = client.and_then(Value::as_object) {
            self.speak_modern(envelope.clone());
        }
    }

    fn speak_modern(&mut self, envelope: Map<String, Value>) {
        self.along.session = None;
        self.along.version = MODERN.last().map(|version| HeaderValue::from_static(version));
        self.crossing = Crossing::ToModern(envelope);
    }
}

impl Call {
    /// Whether it is still to be found out how a server speaks.
    pub(super) fn is_to_cross(&self, talk: &Talk) -> bool {
        self.era == Era::Modern && matches!(talk.crossing, Crossing::None)
    }

    /// For a client without sessions: finds out how the server speaks, and opens a session where that
    /// is what it wants.
    pub(super) async fn cross(&mut self, talk: &mut Talk) -> Result<(), Refusal> {
        if !self.is_to_cross(talk) {
            return Ok(());
        }
        // Nothing is said to a server that the agent may not use; the decision itself comes later.
        let server = Resource::Server(&talk.server.name);
        let verdict = self.if_used(&talk.who, Action::UseServer, server, "initialize");
        if verdict.effect == Effect::Deny {
            return Ok(());
        }
        let now = self.base.action.gate.now();
        let era = match (&talk.server.transport, talk.who.tenant.books.bridges.era(talk, now)) {
            (Transport::Stdio(_), _) => Some(Era::Legacy),
            (_, known) => known,
        };
        match era {
            Some(Era::Modern) => return Ok(()),
            Some(Era::Legacy) => {}
            None if self.is_modern(talk).await? => {
                talk.who.tenant.books.bridges.note_era(talk, Era::Modern, now);
                return Ok(());
            }
            None => {}
        }
        let Some(opened) = self.session_for(talk).await? else { return Ok(()) };
        talk.who.tenant.books.bridges.note_era(talk, Era::Legacy, now);
        self.base.action.note("translated", "to a server with sessions");
        talk.along.session.clone_from(&opened.session);
        talk.along.version = Some(opened.version.clone());
        talk.crossing = Crossing::ToLegacy(opened);
        Ok(())
    }

    /// Asks a server what it is, in the way of the modern era.
    async fn is_modern(&mut self, talk: &Talk) -> Result<bool, Refusal> {
        let said = self.question(talk, Method::Discover.as_str(), Map::new()).await?;
        Ok(match said {
            Some(Message::Result { .. }) => true,
            Some(Message::Error { error, .. }) => {
                let code = error.get("code").and_then(Value::as_i64);
                code.is_some_and(|code| MODERN_CODES.contains(&code))
            }
            _ => false,
        })
    }

    /// The session at a server for this agent and person; nothing where the server opens none.
    async fn session_for(&mut self, talk: &Talk) -> Result<Option<Arc<Opened>>, Refusal> {
        let (whose, now) = (Whose::of(talk), self.base.action.gate.now());
        if let Some(opened) = talk.who.tenant.books.bridges.session(&whose, now) {
            return Ok(Some(opened));
        }
        let params = translate::hello(&self.envelope);
        let id = Id::Number(0);
        let hello = Message::Request { id: id.clone(), method: "initialize".into(), params };
        let plain = Along { trace: talk.along.trace.clone(), ..Along::default() };
        let reply = self.send_along(talk, &plain, hello.write().into()).await?;
        let session = reply.session.clone();
        let Some(Message::Result { result: said, .. }) = first_answer(reply, &id).await? else {
            return Ok(None);
        };
        let version = said.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
        let version = HeaderValue::from_str(version)
            .map_err(|_| Refusal::ServerGarbage("its version is none"))?;
        let opened = Arc::new(Opened { session, version, said, hub: Hub::default() });
        let version = Some(opened.version.clone());
        let along = Along { session: opened.session.clone(), version, ..plain };
        let method = "notifications/initialized".into();
        let ready = Message::Notification { method, params: Map::new() };
        self.send_along(talk, &along, ready.write().into()).await?;
        talk.who.tenant.books.bridges.keep(whose, &opened, now)?;
        Ok(Some(opened))
    }

    /// A handshake that a server declined: it may be one that is asked instead.
    pub(super) async fn greet_modern(
        &mut self,
        talk: &mut Talk,
        hello: &Map<String, Value>,
    ) -> Result<Option<Reply>, Refusal> {
        let Some(id) = self.id.clone() else { return Ok(None) };
        let before = (talk.along.clone(), talk.crossing.clone());
        talk.speak_modern(translate::envelope(hello));
        let said = self.question(talk, Method::Discover.as_str(), Map::new()).await?;
        let Some(Message::Result { result, .. }) = said else {
            (talk.along, talk.crossing) = before;
            return Ok(None);
        };
        self.base.action.note("translated", "to a server without sessions");
        let asked = hello.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
        let result = translate::initialized(&result, asked);
        let body = ReplyBody::One(Message::Result { id, result }.write().into());
        Ok(Some(Reply { status: StatusCode::OK, session: None, body }))
    }

    /// A request as its server takes it.
    pub(super) fn outgoing(&self, talk: &Talk, message: Message) -> Message {
        let Message::Request { id, method, mut params } = message else { return message };
        match &talk.crossing {
            Crossing::ToLegacy(_) => translate::to_legacy(&mut params),
            Crossing::ToModern(envelope) => translate::to_modern(&mut params, envelope),
            Crossing::None if self.era == Era::Modern => {
                translate::to_modern(&mut params, &self.envelope);
            }
            Crossing::None => {}
        }
        Message::Request { id, method, params }
    }

    /// What the gate answers itself, since only one of the two eras has it.
    pub(super) fn answered_here(
        &self,
        talk: &Talk,
        expect: &Expect,
        headers: &HeaderMap,
    ) -> Result<Option<Map<String, Value>>, Refusal> {
        let (Some(method), uri) = (expect.method, expect.name.as_deref().unwrap_or_default())
        else {
            return Ok(None);
        };
        match (&talk.crossing, method) {
            (Crossing::ToLegacy(opened), Method::Discover) => {
                Ok(Some(translate::discovered(&opened.said)))
            }
            (Crossing::ToModern(_), Method::Ping) => Ok(Some(Map::new())),
            // The server hears of it when the client listens.
            (Crossing::ToModern(_), Method::Subscribe | Method::Unsubscribe) => {
                let (now, wish) = (self.base.action.gate.now(), (uri, method == Method::Subscribe));
                let subscriptions = &talk.who.tenant.books.bridges.subscriptions;
                subscriptions.change(headers, now, wish).map(|()| Some(Map::new()))
            }
            (Crossing::ToModern(_), Method::SetLevel) => {
                Err(Refusal::NoSuchMethod(method.as_str().to_owned()))
            }
            _ => Ok(None),
        }
    }

    /// A session that the server does not know any more is opened anew by the next request.
    pub(super) fn lost(&self, talk: &Talk) -> Refusal {
        match talk.crossing {
            Crossing::ToLegacy(_) => {
                talk.who.tenant.books.bridges.forget(&Whose::of(talk));
                Refusal::ServerGarbage("it has ended its session; the same request begins another")
            }
            _ => Refusal::NoSuchSession,
        }
    }
}

/// Whether a handshake was not answered as one.
pub(super) fn is_declined(reply: &Reply) -> bool {
    match &reply.body {
        ReplyBody::One(data) => !matches!(Message::read(data), Ok(Message::Result { .. })),
        ReplyBody::Nothing => reply.status.is_client_error(),
        ReplyBody::Many(_) => false,
    }
}

/// The answer in a reply; nothing where it has none.
pub(super) async fn first_answer(reply: Reply, id: &Id) -> Result<Option<Message>, Refusal> {
    /// Events before an answer.
    const MAX_EVENTS: usize = 64;
    let is_it = |message: &Message| match message {
        Message::Result { id: own, .. } => own == id,
        Message::Error { id: own, .. } => own.as_ref().is_none_or(|own| own == id),
        _ => false,
    };
    let mut events = match reply.body {
        ReplyBody::Nothing => return Ok(None),
        ReplyBody::One(data) => return Ok(Message::read(&data).ok().filter(is_it)),
        ReplyBody::Many(events) => events,
    };
    for _ in 0..MAX_EVENTS {
        let Some(event) = events.next().await? else { break };
        if let Some(message) = Message::read(&event.data).ok().filter(is_it) {
            return Ok(Some(message));
        }
    }
    Ok(None)
}
