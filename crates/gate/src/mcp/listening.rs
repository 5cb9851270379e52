//! A stream of what servers say by themselves: one piece after the other, from whichever server speaks.
//!
//! Whoever listens is looked up anew for each piece of news, since policies change while a stream is open.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use model::{Effect, Status, clip};
use policy::{Action, Resource};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::all::is_fatal;
use super::bridge::Crossing;
use super::events::{Event, Events};
use super::filter::{Filter, acknowledgement, end, stamped};
use super::hub::Heard;
use super::listen::Seat;
use super::message::{Id, Message};
use super::method::Method;
use super::news::first;
use super::serve::{Call, Talk};
use super::stream::{broken_off, head};
use crate::answer::{AnswerBody, Broken, Driven};
use crate::refusal::Refusal;

/// How long one is open. Whoever still wants news listens anew, with a credential that still counts.
const MAX_OPEN: Duration = Duration::from_secs(3600);

/// Messages of one server in one stream, passed on or not. One that sends more is heard no longer.
const MAX_NEWS: usize = 100_000;

/// After so much silence a sign of life goes out, so that nothing on the way closes the stream.
const SILENCE: Duration = Duration::from_secs(15);
const SIGN_OF_LIFE: &[u8] = b": nothing new\n\n";

/// What some servers say by themselves.
pub(super) struct Listening {
    pub parts: Vec<Part>,
    /// Under which id the client hears it; none where it has a session.
    pub id: Option<Id>,
    pub filter: Filter,
    /// The resources that a client with a session wants news of, as they change.
    pub wishes: Option<watch::Receiver<BTreeSet<String>>>,
    /// Held for as long as it is open.
    pub _seat: Seat,
}

/// One server of them.
pub(super) struct Part {
    pub talk: Talk,
    /// Under its own names.
    pub filter: Filter,
    /// Nothing once it has ended.
    pub source: Option<Source>,
    pub said: usize,
}

pub(super) enum Source {
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
