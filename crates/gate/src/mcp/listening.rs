//! A stream of what servers say by themselves: one piece after the other, from whichever server speaks.
//!
//! Whoever listens is looked up anew for each piece of news, since policies change while a stream is open.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use model::clip;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::all::is_fatal;
use super::bridge::Crossing;
use super::events::Event;
use super::filter::{Filter, acknowledgement, end, stamped};
use super::listen::Seat;
use super::message::{Id, Message};
use super::method::Method;
use super::serve::{Call, Talk};
use super::still::{Leave, until_over};
use super::stream::{close, driven};
use super::voices::{Said, Voices};
use crate::answer::{AnswerBody, Broken};
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
    /// In the same order.
    pub voices: Voices,
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
    pub leave: Leave,
    pub said: usize,
}

/// What becomes of one message of a server.
enum Passed {
    News(Bytes),
    Nothing,
    /// It says nothing more.
    End,
}

/// What is to be done next.
enum Turn {
    Over,
    Tick,
    Wishes,
    Said(usize, Said),
}

impl Call {
    async fn hear(
        &mut self,
        part: &mut Part,
        id: Option<&Id>,
        event: Event,
    ) -> Result<Passed, Refusal> {
        part.said += 1;
        if part.said > MAX_NEWS {
            return Err(Refusal::ServerGarbage("it sends messages without end"));
        }
        self.check_hears(&mut part.talk, &mut part.leave, Method::Listen.as_str())?;
        if event.data.is_empty() {
            return Ok(Passed::Nothing);
        }
        self.base.action.upstream_bytes(&event.data);
        let garbage = |_| Refusal::ServerGarbage("one of its messages is none");
        match Message::read(&event.data).map_err(garbage)? {
            Message::Notification { method, params } if part.filter.wants(&method, &params) => {
                let news = self.notified(&part.talk, (&method, &params), event.data)?;
                let event = |data| Event { data: stamped(data, id), ..Event::default() };
                Ok(news.map_or(Passed::Nothing, |data| Passed::News(event(data).write())))
            }
            Message::Notification { method, .. } => {
                if method == "notifications/tools/list_changed" {
                    part.talk.mcp.pins.doubt(&part.talk.server.name);
                }
                self.base.action.note("dropped", clip(&method, 128));
                Ok(Passed::Nothing)
            }
            Message::Request { id, method, .. } => {
                // Nobody is asked in a stream of news: the server is told no, where it can be.
                if let Crossing::ToLegacy(_) = part.talk.crossing {
                    self.asked(&part.talk, &id, &method, event.data).await?;
                }
                self.base.action.note("dropped", clip(&method, 128));
                Ok(Passed::Nothing)
            }
            Message::Result { .. } | Message::Error { .. } => Ok(Passed::End),
        }
    }
}

impl Listening {
    /// The answer's head, and a body that drives the rest.
    pub(super) fn answer(self: Box<Self>, call: Call) -> Response<AnswerBody> {
        driven(call, |call, pieces| self.run(call, pieces))
    }

    async fn run(
        mut self: Box<Self>,
        mut call: Call,
        pieces: mpsc::Sender<Bytes>,
    ) -> Result<(), Broken> {
        call.base.action.announce().await.map_err(|_| Broken)?;
        let over = until_over(&call.worker, self.parts.iter().map(|part| &part.talk));
        let id = self.id.clone();
        if let Some(id) = &id {
            say(&mut call, &pieces, acknowledgement(id, &self.filter).write().into()).await;
        }
        let ended = tokio::select! {
            biased;
            contained = over => Err(Refusal::Contained(contained)),
            ended = self.pass(&mut call, &pieces) => ended,
        };
        let last = ended.map(|()| id.as_ref().map(last).unwrap_or_default());
        close(call, id.as_ref(), last, &pieces).await
    }

    /// Passes on what each server says, until all have ended or the time is up.
    async fn pass(&mut self, call: &mut Call, pieces: &mpsc::Sender<Bytes>) -> Result<(), Refusal> {
        let over = tokio::time::sleep(MAX_OPEN);
        let mut over = std::pin::pin!(over);
        let mut ticks = tokio::time::interval_at(Instant::now() + SILENCE, SILENCE);
        let (mut why, mut is_quiet) = (None, true);
        while !self.voices.are_silent() {
            let waiting = std::time::Instant::now();
            let turn = tokio::select! {
                biased;
                () = &mut over => Turn::Over,
                () = changed(self.wishes.as_mut()) => Turn::Wishes,
                (at, said) = self.voices.next() => Turn::Said(at, said),
                _ = ticks.tick() => Turn::Tick,
            };
            call.base.action.upstream += waiting.elapsed();
            match turn {
                Turn::Over => return Ok(()),
                Turn::Tick => {
                    if is_quiet {
                        let _ = pieces.send(Bytes::from_static(SIGN_OF_LIFE)).await;
                    }
                    is_quiet = true;
                }
                Turn::Wishes => self.wish(call).await?,
                Turn::Said(at, said) => {
                    is_quiet = false;
                    if let Some(refusal) = self.told(call, (at, said), pieces).await? {
                        why = Some(refusal).filter(|refusal| !is_silence(refusal));
                    }
                }
            }
        }
        why.map_or(Ok(()), Err)
    }

    /// Passes on what a server has said; why it is heard no longer, where that is so.
    async fn told(
        &mut self,
        call: &mut Call,
        (at, said): (usize, Said),
        pieces: &mpsc::Sender<Bytes>,
    ) -> Result<Option<Refusal>, Refusal> {
        let Some(part) = self.parts.get_mut(at) else { return Ok(None) };
        let passed = match said {
            Ok(Some(event)) => call.hear(part, self.id.as_ref(), event).await,
            Ok(None) => Ok(Passed::End),
            Err(refusal) => Err(refusal),
        };
        match passed {
            Ok(Passed::News(bytes)) => {
                call.base.action.answer_bytes(&bytes);
                let _ = pieces.send(bytes).await;
            }
            Ok(Passed::Nothing) => {}
            Ok(Passed::End) => self.voices.set(at, None),
            Err(refusal) if is_fatal(&refusal) => return Err(refusal),
            Err(refusal) => {
                tracing::debug!(server = %part.talk.server.name, why = refusal.message(), "a server is listened to no longer");
                self.voices.set(at, None);
                return Ok(Some(refusal));
            }
        }
        Ok(None)
    }

    /// A client with a session wants news of other resources now: its server is asked anew, and the
    /// stream before is heard until then.
    async fn wish(&mut self, call: &mut Call) -> Result<(), Refusal> {
        let Some(wishes) = &mut self.wishes else { return Ok(()) };
        let asked = Filter::everything(wishes.borrow_and_update().clone());
        let Some(part) = self.parts.first_mut() else { return Ok(()) };
        let asked = call.readable(&part.talk, asked)?;
        let said = part.said;
        let (begun, source) = call.begin(part.talk.clone(), asked).await?;
        *part = Part { said, ..begun };
        self.voices.set(0, Some(source));
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
