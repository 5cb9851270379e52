//! `subscriptions/listen`: what servers say by themselves, to a client that asks for it once and hears
//! it in the answer, of one server or of all that it may use (2026-07-28, "Subscriptions").
//!
//! The acknowledgement is the gate's own, so that it comes first and promises no more than will be heard. A
//! server with sessions is heard through the gate's session there (see [`hub`](super::hub)); a client with a
//! session hears a server without them by its own GET. What comes then is [`listening`](super::listening).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::HeaderMap;
use model::{AgentName, Effect, Kind};
use policy::{Action, Resource};
use serde_json::{Map, Value};

use super::all::{Boxed, Hall, all, is_fatal};
use super::bridge::Crossing;
use super::filter::{ACKNOWLEDGED, Filter};
use super::hub;
use super::link::{self, Along, Reply, ReplyBody};
use super::listening::{Listening, Part};
use super::message::{Id, Message};
use super::method::Method;
use super::news::{MAX_SERVERS, PATIENCE};
use super::parts::Voice;
use super::serve::{Call, Ready, Talk};
use super::still::Leave;
use super::voices::{Source, Voices};
use crate::books::Books;
use crate::identify::Caller;
use crate::net::upstream::UpstreamError;
use crate::refusal::Refusal;

/// Streams of news that one agent may have open, and all agents of a tenant.
pub const MAX_OF_AGENT: usize = 64;
pub const MAX_OF_TENANT: usize = 4096;

/// A server that is listened to, and where it speaks.
pub(super) type Begun = (Part, Source);

/// Names in a record the servers at which a stream of news counts, one after the other with a comma between.
pub const COUNTED_AT: &str = "counted_at";

/// Messages of a server before it says what will be heard of it.
const MAX_BEFORE: usize = 64;

impl Call {
    /// One server, for a client without sessions.
    pub(super) async fn listen_to(
        &mut self,
        talk: &Talk,
        params: &Map<String, Value>,
        body: Bytes,
    ) -> Result<Ready, Refusal> {
        let (asked, body) = self.wanted(params, body)?;
        let verdict = self.decide_on_server(talk, Action::UseServer, Method::Listen.as_str())?;
        let body = self.redact(talk, &verdict, body, Voice::Model, &[])?;
        self.approve(talk, &asked.value()).await?;
        let asked = self.readable(talk, asked)?;
        self.counts_at(talk, &body)?;
        self.leaves(&body).await?;
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
        let (asked, body) = self.wanted(params, body)?;
        self.enforce()?;
        self.base.action.decide(Effect::Permit, "what the servers say by themselves");
        let servers = self.permitted(hall).into_iter();
        let servers = servers.filter(|server| !server.needs_person || hall.who.person.is_some());
        let (mut wanted, mut denied) = (Vec::new(), None);
        let seat = Seat::of(&hall.who)?;
        for server in servers.take(MAX_SERVERS) {
            let Ok(talk) = self.at(hall, server.name.as_str()) else { continue };
            let own = match self.readable(&talk, asked.of_server(server.name.as_str())) {
                Ok(own) if own.is_empty() => continue,
                Ok(own) => self.counts_at(&talk, &body).map(|()| own),
                Err(refusal) => Err(refusal),
            };
            match own {
                Ok(own) => wanted.push((talk, own)),
                Err(refusal) => denied = denied.or(Some(refusal)),
            }
        }
        match denied {
            Some(refusal) if wanted.is_empty() => return Err(refusal),
            None if wanted.is_empty() && !asked.is_empty() => return Err(nobodys()),
            _ => self.leaves(&body).await?,
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

    /// What a client asks to hear, inspected.
    fn wanted(
        &mut self,
        params: &Map<String, Value>,
        body: Bytes,
    ) -> Result<(Filter, Bytes), Refusal> {
        let asked = Filter::of_request(params)?;
        Ok((asked, self.inspect_request(body, Voice::Model, &[])?))
    }

    /// Limits. The record says where it counts, so that counters can be made again from the log.
    fn counts_at(&mut self, talk: &Talk, body: &Bytes) -> Result<(), Refusal> {
        self.reserve(talk, body)?;
        self.base.action.note_more(COUNTED_AT, talk.server.name.as_str());
        Ok(())
    }

    /// Log and what is kept, before anything goes to a server.
    async fn leaves(&mut self, body: &Bytes) -> Result<(), Refusal> {
        self.base.action.check_log()?;
        self.base.persist().await?;
        self.base.keep_leaving(None, body, "").await
    }

    /// Without the resources that the agent may not read as it likes. An error where nothing else was
    /// asked for.
    pub(super) fn readable(&mut self, talk: &Talk, mut asked: Filter) -> Result<Filter, Refusal> {
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
    fn beginning(&self, talk: Talk, asked: Filter) -> Boxed<(Talk, Result<Begun, Refusal>)> {
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
                    let leave = Leave::default();
                    (talk.clone(), Ok((Part { talk, filter, leave, said: 0 }, source)))
                }
                Err(refusal) => (talk, Err(refusal)),
            }
        })
    }

    pub(super) async fn begin(&self, talk: Talk, asked: Filter) -> Result<Begun, Refusal> {
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

    fn listening(&mut self, begun: Vec<Begun>, seat: Seat) -> Result<Ready, Refusal> {
        let (parts, sources): (Vec<_>, Vec<_>) = begun.into_iter().unzip();
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
        let voices = Voices::of(sources);
        let listening = Listening { parts, voices, id, filter, wishes: None, _seat: seat };
        Ok(Ready::Listening(Box::new(listening)))
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

/// How many streams of news the agents of one tenant have open.
#[derive(Default)]
pub struct Listens(Mutex<HashMap<AgentName, usize>>);

/// A place among them, until it is dropped.
pub(super) struct Seat {
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
