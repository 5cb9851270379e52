//! `subscriptions/listen`: what servers say by themselves, to a client that asks for it once and hears
//! it in the answer, of one server or of all that it may use (2026-07-28, "Subscriptions").
//!
//! The acknowledgement is the gate's own, so that it comes first and promises no more than will be heard. A
//! server with sessions is heard through the gate's session there (see [`hub`](super::hub)); a client with a
//! session hears a server without them by its own GET. Whoever listens is looked up anew for each piece of
//! news, since policies change while a stream is open.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::Response;
use model::{AgentName, Effect, Kind, Status, clip};
use policy::{Action, Resource};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::all::{Boxed, Hall, all, is_fatal};
use super::bridge::Crossing;
use super::events::{Event, Events};
use super::filter::{ACKNOWLEDGED, Filter, acknowledgement, end, stamped};
use super::hub::{self, Heard};
use super::link::{self, Along, Reply, ReplyBody};
use super::message::{Id, Message};
use super::method::Method;
use super::news::{MAX_SERVERS, PATIENCE, first};
use super::parts::Voice;
use super::serve::{Call, Ready, Talk};
use super::stream::{broken_off, head};
use crate::answer::{AnswerBody, Broken, Driven};
use crate::books::Books;
use crate::identify::Caller;
use crate::net::upstream::UpstreamError;
use crate::refusal::Refusal;

/// Streams of news that one agent may have open, and all agents of a tenant.
pub const MAX_OF_AGENT: usize = 64;
pub const MAX_OF_TENANT: usize = 4096;

/// How long one is open. Whoever still wants news listens anew, with a credential that still counts.
const MAX_OPEN: Duration = Duration::from_secs(3600);

/// Messages of one server in one stream, passed on or not. One that sends more is heard no longer.
const MAX_NEWS: usize = 100_000;

/// After so much silence a sign of life goes out, so that nothing on the way closes the stream.
const SILENCE: Duration = Duration::from_secs(15);
const SIGN_OF_LIFE: &[u8] = b": nothing new\n\n";

/// Messages of a server before it says what will be heard of it.
const MAX_BEFORE: usize = 64;

/// What some servers say by themselves.
pub(super) struct Listening {
    parts: Vec<Part>,
    /// Under which id the client hears it; none where it has a session.
    id: Option<Id>,
    filter: Filter,
    /// The resources that a client with a session wants news of, as they change.
    wishes: Option<watch::Receiver<BTreeSet<String>>>,
    _seat: Seat,
}

/// One server of them.
struct Part {
    talk: Talk,
    /// Under its own names.
    filter: Filter,
    /// Nothing once it has ended.
    source: Option<Source>,
    said: usize,
}

enum Source {
    Own(Box<Events>),
    Shared(Box<Heard>),
}

/// What is to be done next.
enum Turn {
    Over,
    Silent,
    Wishes,
    Said(usize, Result<Option<Event>, Refusal>),
}

impl Call {
    /// One server, for a client without sessions.
    pub(super) async fn listen_to(
        &mut self,
        talk: &Talk,
        params: &Map<String, Value>,
        body: Bytes,
    ) -> Result<Ready, Refusal> {
        let asked = Filter::of_request(params)?;
        let body = self.inspect_request(body, Voice::Model, &[])?;
        let verdict = self.decide_on_server(talk, Action::UseServer, Method::Listen.as_str())?;
        let body = self.redact(talk, &verdict, body, Voice::Model, &[])?;
        self.approve(talk, &asked.value()).await?;
        let asked = self.readable(talk, asked)?;
        self.leaves_for(talk, &body).await?;
        let seat = Seat::of(&talk.who)?;
        let parts = match asked.is_empty() {
            true => Vec::new(),
            false => vec![self.begin(talk.clone(), asked).await?],
        };
        self.listening(parts, seat)
    }

    /// All servers that the agent may use, as one.
    pub(super) async fn listen_to_all(
        &mut self,
        hall: &Hall,
        params: &Map<String, Value>,
        body: Bytes,
    ) -> Result<Ready, Refusal> {
        let asked = Filter::of_request(params)?;
        let body = self.inspect_request(body, Voice::Model, &[])?;
        self.enforce()?;
        self.base.action.decide(Effect::Permit, "what the servers say by themselves");
        let servers = self.permitted(hall).into_iter();
        let servers = servers.filter(|server| !server.needs_person || hall.who.person.is_some());
        let (mut wanted, mut denied) = (Vec::new(), None);
        for server in servers.take(MAX_SERVERS) {
            let Ok(talk) = self.at(hall, server.name.as_str()) else { continue };
            match self.readable(&talk, asked.of_server(server.name.as_str())) {
                Ok(own) if !own.is_empty() => wanted.push((talk, own)),
                Ok(_) => {}
                Err(refusal) => denied = denied.or(Some(refusal)),
            }
        }
        let seat = Seat::of(&hall.who)?;
        match wanted.first() {
            Some((talk, _)) => self.leaves_for(talk, &body).await?,
            None if asked.is_empty() => {}
            None => return Err(denied.unwrap_or_else(nobodys)),
        }
        let mut begun = Vec::new();
        for (mut talk, own) in wanted {
            let crossed = tokio::time::timeout(PATIENCE, self.cross(&mut talk)).await;
            match crossed.unwrap_or(Err(Refusal::ServerFailed(UpstreamError::TotalTimeout))) {
                Ok(()) => begun.push(self.beginning(talk, own)),
                Err(refusal) if is_fatal(&refusal) => return Err(refusal),
                Err(refusal) => self.unheard(&talk, &refusal),
            }
        }
        let mut parts = Vec::new();
        for (talk, begun) in all(begun).await {
            match begun {
                Ok(part) => parts.push(part),
                Err(refusal) => self.unheard(&talk, &refusal),
            }
        }
        self.listening(parts, seat)
    }

    /// A server without sessions, for a client that has one with the gate.
    pub(super) async fn listen_in_session(
        &mut self,
        talk: &Talk,
        headers: &HeaderMap,
    ) -> Result<Option<Ready>, Refusal> {
        let seat = Seat::of(&talk.who)?;
        let subscriptions = &talk.who.tenant.books.bridges.subscriptions;
        let mut wishes = subscriptions.follow(headers, self.base.action.gate.now())?;
        let uris = wishes.borrow_and_update().clone();
        let asked = self.readable(talk, Filter::everything(uris))?;
        let part = match self.begin(talk.clone(), asked).await {
            Ok(part) => part,
            Err(Refusal::NoSuchMethod(_)) => return Ok(None),
            Err(refusal) => return Err(refusal),
        };
        let Ready::Listening(mut listening) = self.listening(vec![part], seat)? else {
            return Ok(None);
        };
        (listening.id, listening.wishes) = (None, Some(wishes));
        Ok(Some(Ready::Listening(listening)))
    }

    /// Limits, log and what is kept, before anything goes to a server.
    async fn leaves_for(&mut self, talk: &Talk, body: &Bytes) -> Result<(), Refusal> {
        self.reserve(talk, body)?;
        self.base.action.check_log()?;
        self.base.persist().await?;
        self.base.keep_leaving(None, body, "").await
    }

    /// Without the resources that the agent may not read as it likes. An error where nothing else was
    /// asked for.
    fn readable(&mut self, talk: &Talk, mut asked: Filter) -> Result<Filter, Refusal> {
        let mut refusals = Vec::new();
        asked.uris.retain(|uri| match self.may_follow(talk, uri) {
            Ok(()) => true,
            Err(refusal) => {
                refusals.push(refusal);
                false
            }
        });
        if !refusals.is_empty() {
            self.base.action.note("not_to_be_read", refusals.len().to_string());
        }
        match refusals.into_iter().next() {
            Some(refusal) if asked.is_empty() => Err(refusal),
            _ => Ok(asked),
        }
    }

    fn may_follow(&self, talk: &Talk, uri: &str) -> Result<(), Refusal> {
        let resource = Resource::Resource { server: &talk.server.name, uri };
        let method = Method::ReadResource.as_str();
        let verdict = self.if_used(&talk.who, Action::ReadResource, resource, method);
        if !matches!(verdict.effect, Effect::Permit | Effect::Redact) {
            return Err(Refusal::Denied(verdict));
        }
        self.check_covered(talk, uri)
    }

    /// Begins to listen to a server; the talk comes back where that fails.
    fn beginning(&self, talk: Talk, asked: Filter) -> Boxed<(Talk, Result<Part, Refusal>)> {
        let id = Id::Text(format!("portcullis-{}", self.base.action.gate.new_id()));
        let params = Map::from_iter([("notifications".to_owned(), asked.value())]);
        let method = Method::Listen.as_str().to_owned();
        let request = Message::Request { id: id.clone(), method, params };
        let request = self.outgoing(&talk, request).write().into();
        let worker = self.worker.clone();
        Box::pin(async move {
            let opening = async {
                match &talk.crossing {
                    Crossing::ToLegacy(opened) => {
                        let way = (opened, &asked);
                        let joined = hub::join(&worker, &talk.server, &talk.along, way).await?;
                        Ok((joined.0, Source::Shared(Box::new(joined.1))))
                    }
                    _ => {
                        let mirrored = Some((Method::Listen.as_str().to_owned(), None));
                        let along = Along { mirrored, params: Vec::new(), ..talk.along.clone() };
                        let reply = link::post(&worker, &talk.server, &along, request).await?;
                        acknowledged(reply, &id, &asked).await
                    }
                }
            };
            let late = Err(Refusal::ServerFailed(UpstreamError::TotalTimeout));
            match tokio::time::timeout(PATIENCE, opening).await.unwrap_or(late) {
                Ok((filter, source)) => {
                    let part = Part { talk: talk.clone(), filter, source: Some(source), said: 0 };
                    (talk, Ok(part))
                }
                Err(refusal) => (talk, Err(refusal)),
            }
        })
    }

    async fn begin(&self, talk: Talk, asked: Filter) -> Result<Part, Refusal> {
        let (talk, begun) = self.beginning(talk, asked).await;
        begun.map_err(|refusal| match refusal {
            Refusal::NoSuchSession => self.lost(&talk),
            refusal => refusal,
        })
    }

    /// A server of several that is not heard.
    fn unheard(&mut self, talk: &Talk, refusal: &Refusal) {
        if matches!(refusal, Refusal::NoSuchSession) {
            self.lost(talk);
        }
        tracing::debug!(server = %talk.server.name, why = refusal.message(), "a server is not listened to");
    }

    fn listening(&mut self, parts: Vec<Part>, seat: Seat) -> Result<Ready, Refusal> {
        self.base.action.record().kind = Kind::MCP_LISTEN;
        self.base.action.note("servers", parts.len().to_string());
        let mut filter = Filter::default();
        for Part { talk, filter: agreed, .. } in &parts {
            match talk.path.is_empty() {
                true => filter.add_server(talk.server.name.as_str(), agreed),
                false => filter = agreed.clone(),
            }
        }
        self.base.action.note("resources", filter.uris.len().to_string());
        let id = self.id.clone();
        Ok(Ready::Listening(Box::new(Listening { parts, id, filter, wishes: None, _seat: seat })))
    }

    /// Whether whoever listens is still who may: by the state that is in force now.
    fn is_still_let(&self, talk: &mut Talk) -> bool {
        if !talk.who.renew(&self.worker.gate.snapshot()) {
            return false;
        }
        let server = Resource::Server(&talk.server.name);
        let verdict = self.if_used(&talk.who, Action::UseServer, server, Method::Listen.as_str());
        verdict.effect == Effect::Permit
    }

    /// What becomes of one message of a server: bytes for the client, or nothing.
    async fn hear(
        &mut self,
        part: &mut Part,
        id: Option<&Id>,
        event: Event,
    ) -> Result<Option<Bytes>, Refusal> {
        part.said += 1;
        if part.said > MAX_NEWS {
            return Err(Refusal::ServerGarbage("it sends messages without end"));
        }
        if !self.is_still_let(&mut part.talk) {
            return Err(Refusal::AskDenied("the agent may not use this server any more".into()));
        }
        if event.data.is_empty() {
            return Ok(None);
        }
        self.base.action.upstream_bytes(&event.data);
        let garbage = |_| Refusal::ServerGarbage("one of its messages is none");
        match Message::read(&event.data).map_err(garbage)? {
            Message::Notification { method, params } if part.filter.wants(&method, &params) => {
                let news = self.notified(&part.talk, &method, event.data)?;
                let event = |data| Event { data: stamped(data, id), ..Event::default() };
                Ok(news.map(|data| event(data).write()))
            }
            Message::Notification { method, .. } => {
                if method == "notifications/tools/list_changed" {
                    part.talk.mcp.pins.doubt(&part.talk.server.name);
                }
                self.base.action.note("dropped", clip(&method, 128));
                Ok(None)
            }
            Message::Request { id, method, .. } => {
                // Nobody is asked in a stream of news: the server is told no, where it can be.
                if let Crossing::ToLegacy(_) = part.talk.crossing {
                    self.asked(&part.talk, &id, &method, event.data).await?;
                }
                self.base.action.note("dropped", clip(&method, 128));
                Ok(None)
            }
            Message::Result { .. } | Message::Error { .. } => {
                part.source = None;
                Ok(None)
            }
        }
    }
}

fn nobodys() -> Refusal {
    Refusal::Params("Nothing of what is to be heard is a server's here.".into())
}

/// What a server without sessions has agreed to, and its stream.
async fn acknowledged(reply: Reply, id: &Id, asked: &Filter) -> Result<(Filter, Source), Refusal> {
    let declined = |data: &Bytes| match Message::read(data) {
        Ok(Message::Error { error, .. }) if error.get("code") == Some(&Value::from(-32601)) => {
            Refusal::NoSuchMethod(Method::Listen.as_str().to_owned())
        }
        _ => Refusal::ServerGarbage("it does not let itself be listened to"),
    };
    let mut events = match reply.body {
        ReplyBody::Many(events) => events,
        ReplyBody::One(data) => return Err(declined(&data)),
        ReplyBody::Nothing => return Err(declined(&Bytes::new())),
    };
    for _ in 0..MAX_BEFORE {
        let Some(event) = events.next().await? else { break };
        match Message::read(&event.data) {
            Ok(Message::Notification { method, params }) if method == ACKNOWLEDGED => {
                return Ok((asked.agreed(&params), Source::Own(events)));
            }
            Ok(Message::Error { id: Some(own), .. }) if own == *id => {
                return Err(declined(&event.data));
            }
            _ => {}
        }
    }
    Err(Refusal::ServerGarbage("it does not say what will be heard of it"))
}

impl Source {
    async fn next(&mut self) -> Result<Option<Event>, Refusal> {
        match self {
            Self::Own(events) => events.next().await,
            Self::Shared(heard) => Ok(heard.next().await),
        }
    }
}

impl Listening {
    /// The answer's head, and a body that drives the rest.
    pub(super) fn answer(self: Box<Self>, mut call: Call) -> Response<AnswerBody> {
        let mut response = head(&mut call);
        *response.body_mut() =
            AnswerBody::Driven(Box::new(Driven::new(|pieces| self.run(call, pieces))));
        response
    }

    async fn run(
        mut self: Box<Self>,
        mut call: Call,
        pieces: mpsc::Sender<Bytes>,
    ) -> Result<(), Broken> {
        call.base.action.announce().await.map_err(|_| Broken)?;
        let gate = call.worker.gate.clone();
        let contained = self.parts.iter().map(|part| {
            let place = model::Subject::Server(part.talk.server.name.clone());
            Box::pin(gate.until_contained(&part.talk.who, &place))
        });
        let mut contained: Vec<_> = contained.collect();
        let id = self.id.clone();
        if let Some(id) = &id {
            say(&mut call, &pieces, acknowledgement(id, &self.filter).write().into()).await;
        }
        let ended = tokio::select! {
            biased;
            (_, contained) = first(&mut contained) => Err(Refusal::Contained(contained)),
            ended = self.pass(&mut call, &pieces) => ended,
        };
        let (last, status) = match ended {
            Ok(()) => (id.as_ref().map(last).unwrap_or_default(), Status::Ok),
            Err(refusal) => broken_off(&mut call, id.as_ref(), &refusal),
        };
        call.base.action.answer_bytes(&last);
        call.base.action.finish(status).await.map_err(|_| Broken)?;
        if !last.is_empty() {
            let _ = pieces.send(last).await;
        }
        Ok(())
    }

    /// Passes on what each server says, until all have ended or the time is up.
    async fn pass(&mut self, call: &mut Call, pieces: &mpsc::Sender<Bytes>) -> Result<(), Refusal> {
        let until = Instant::now() + MAX_OPEN;
        let (mut turn, mut why) = (0, None);
        while self.parts.iter().any(|part| part.source.is_some()) {
            let waiting = std::time::Instant::now();
            let next = self.next(turn, until).await;
            call.base.action.upstream += waiting.elapsed();
            let (at, said) = match next {
                Turn::Over => return Ok(()),
                Turn::Silent => {
                    let _ = pieces.send(Bytes::from_static(SIGN_OF_LIFE)).await;
                    continue;
                }
                Turn::Wishes => {
                    self.wish(call).await?;
                    continue;
                }
                Turn::Said(at, said) => (at, said),
            };
            // Whoever has just spoken is asked last.
            turn = at + 1;
            let Self { parts, id, .. } = self;
            let Some(part) = parts.get_mut(at) else { break };
            let heard = match said {
                Ok(Some(event)) => call.hear(part, id.as_ref(), event).await,
                Ok(None) => {
                    part.source = None;
                    Ok(None)
                }
                Err(refusal) => Err(refusal),
            };
            match heard {
                Ok(Some(bytes)) => {
                    call.base.action.answer_bytes(&bytes);
                    let _ = pieces.send(bytes).await;
                }
                Ok(None) => {}
                Err(refusal) if is_fatal(&refusal) => return Err(refusal),
                Err(refusal) => {
                    tracing::debug!(server = %part.talk.server.name, why = refusal.message(), "a server is listened to no longer");
                    part.source = None;
                    why = Some(refusal).filter(|refusal| !is_silence(refusal));
                }
            }
        }
        why.map_or(Ok(()), Err)
    }

    async fn next(&mut self, turn: usize, until: Instant) -> Turn {
        let Self { parts, wishes, .. } = self;
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(until) => Turn::Over,
            () = changed(wishes.as_mut()) => Turn::Wishes,
            (at, said) = next_of(parts, turn) => Turn::Said(at, said),
            () = tokio::time::sleep(SILENCE) => Turn::Silent,
        }
    }

    /// A client with a session wants news of other resources now: its server is asked anew, and the
    /// stream before is heard until then.
    async fn wish(&mut self, call: &mut Call) -> Result<(), Refusal> {
        let Some(wishes) = &mut self.wishes else { return Ok(()) };
        let asked = Filter::everything(wishes.borrow_and_update().clone());
        let Some(part) = self.parts.first_mut() else { return Ok(()) };
        let asked = call.readable(&part.talk, asked)?;
        let said = part.said;
        *part = Part { said, ..call.begin(part.talk.clone(), asked).await? };
        Ok(())
    }
}

/// One message to the client.
async fn say(call: &mut Call, pieces: &mpsc::Sender<Bytes>, data: Bytes) {
    let bytes = Event { data, ..Event::default() }.write();
    call.base.action.answer_bytes(&bytes);
    let _ = pieces.send(bytes).await;
}

fn last(id: &Id) -> Bytes {
    Event { data: end(id).write().into(), ..Event::default() }.write()
}

/// A server that has had nothing to say has not failed.
fn is_silence(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::ServerFailed(error) if error.is_timeout())
}

async fn changed(wishes: Option<&mut watch::Receiver<BTreeSet<String>>>) {
    if let Some(wishes) = wishes
        && wishes.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// The next thing that any of them says, the one whose turn it is before others.
async fn next_of(parts: &mut [Part], turn: usize) -> (usize, Result<Option<Event>, Refusal>) {
    let open = parts.iter_mut().enumerate().filter_map(|(at, part)| {
        let source = part.source.as_mut()?;
        Some(Box::pin(async move { (at, source.next().await) }))
    });
    let mut open: Vec<_> = open.collect();
    let from = open.len().min(turn);
    open.rotate_left(from);
    first(&mut open).await.1
}

/// How many streams of news the agents of one tenant have open.
#[derive(Default)]
pub struct Listens(Mutex<HashMap<AgentName, usize>>);

/// A place among them, until it is dropped.
struct Seat {
    books: Arc<Books>,
    agent: AgentName,
}

impl Seat {
    fn of(who: &Caller) -> Result<Self, Refusal> {
        let (books, agent) = (who.tenant.books.clone(), who.agent.name.clone());
        books.listens.enter(&agent)?;
        Ok(Self { books, agent })
    }
}

impl Listens {
    fn enter(&self, agent: &AgentName) -> Result<(), Refusal> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.get(agent).copied().unwrap_or_default();
        if own >= MAX_OF_AGENT || all.values().sum::<usize>() >= MAX_OF_TENANT {
            return Err(Refusal::Busy);
        }
        all.insert(agent.clone(), own + 1);
        Ok(())
    }

    fn leave(&self, agent: &AgentName) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = all.get_mut(agent) {
            *own -= 1;
            if *own == 0 {
                all.remove(agent);
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.books.listens.leave(&self.agent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_counted_by_agent_and_tenant() {
        let listens = Listens::default();
        let agent = |n: usize| AgentName::new(&format!("a{n}")).unwrap();
        for _ in 0..MAX_OF_AGENT {
            listens.enter(&agent(0)).unwrap();
        }
        assert!(listens.enter(&agent(0)).is_err());
        listens.leave(&agent(0));
        listens.enter(&agent(0)).unwrap();
        let room = MAX_OF_TENANT - MAX_OF_AGENT;
        (0..room).for_each(|n| listens.enter(&agent(1 + n / MAX_OF_AGENT)).unwrap());
        assert!(listens.enter(&agent(10_000)).is_err());
        for _ in 0..MAX_OF_AGENT {
            listens.leave(&agent(0));
        }
        assert!(!listens.0.lock().unwrap().contains_key(&agent(0)));
    }
}
