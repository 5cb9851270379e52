//! What a server says in answer, message by message, until the answer itself.
//!
//! Each message is read whole and inspected before it leaves. The first waits for the record that the
//! action has begun, the last for the record of how it ended.

use std::future::Future;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use model::Status;
use tokio::sync::mpsc;

use super::events::{Event, Events};
use super::message::{Id, Message};
use super::method::Method;
use super::seal::{Place, Use};
use super::serve::{Call, Talk};
use super::still::{Leave, until_over};
use crate::answer::{AnswerBody, Broken, Driven};
use crate::refusal::Refusal;

/// Messages of a server that are not the answer, within one answer.
const MAX_ASIDES: usize = 10_000;

/// What a stream is the answer to.
#[derive(Clone, Debug, Default)]
pub(super) struct Expect {
    pub id: Option<Id>,
    pub method: Option<Method>,
    /// The tool, resource or prompt.
    pub name: Option<String>,
}

/// A stream of a server's messages.
pub(super) struct Stream {
    pub expect: Expect,
    pub events: Box<Events>,
    /// Events that were read already.
    pub held: Vec<Event>,
    /// Where it is no answer to a call: it ends with what opened it, and with the leave to hear it.
    pub news: Option<Leave>,
}

/// What became of one event.
pub(super) enum Taken {
    /// Goes on to the agent.
    Aside(Event),
    /// The answer.
    Answer(Event),
    /// Is not passed on.
    Dropped,
}

impl Expect {
    pub(super) fn of(place: &Place) -> Self {
        Self {
            id: place.id.as_ref().and_then(|id| match id {
                serde_json::Value::Number(number) => number.as_i64().map(Id::Number),
                serde_json::Value::String(text) => Some(Id::Text(text.clone())),
                _ => None,
            }),
            method: place.method.as_deref().and_then(Method::of),
            name: place.name.clone(),
        }
    }
}

impl Stream {
    /// The answer's head, and a body that drives the rest.
    pub(super) fn answer(self: Box<Self>, call: Call, talk: Talk) -> Response<AnswerBody> {
        driven(call, |call, pieces| self.run(call, talk, pieces))
    }

    async fn run(
        mut self: Box<Self>,
        mut call: Call,
        mut talk: Talk,
        pieces: mpsc::Sender<Bytes>,
    ) -> Result<(), Broken> {
        call.base.action.announce().await.map_err(|_| Broken)?;
        let (worker, id) = (call.worker.clone(), self.expect.id.clone());
        let over = match self.news {
            Some(_) => until_over(&worker, [&talk]),
            None => Box::pin(talk.until_contained(&worker)),
        };
        let ended = tokio::select! {
            biased;
            contained = over => Err(Refusal::Contained(contained)),
            ended = self.pass(&mut call, &mut talk, &pieces) => ended,
        };
        let last = ended.map(|answer| answer.map(|event| event.write()).unwrap_or_default());
        close(call, id.as_ref(), last, &pieces).await
    }

    /// Passes asides on until the answer is there; nothing where the stream may be taken up again.
    pub(super) async fn pass(
        &mut self,
        call: &mut Call,
        talk: &mut Talk,
        pieces: &mpsc::Sender<Bytes>,
    ) -> Result<Option<Event>, Refusal> {
        let (mut asides, mut can_resume) = (0, false);
        let mut held = std::mem::take(&mut self.held).into_iter();
        loop {
            let waiting = std::time::Instant::now();
            let event = match held.next() {
                Some(event) => Some(event),
                None => self.events.next().await?,
            };
            call.base.action.upstream += waiting.elapsed();
            let Some(event) = event else { break };
            can_resume |= event.id.is_some();
            if let Some(leave) = &mut self.news {
                call.check_hears(talk, leave, "listen")?;
            }
            match call.take(talk, &self.expect, event).await? {
                Taken::Answer(event) => return Ok(Some(event)),
                Taken::Dropped => {}
                Taken::Aside(event) => {
                    let bytes = event.write();
                    call.base.action.answer_bytes(&bytes);
                    let _ = pieces.send(bytes).await;
                }
            }
            asides += 1;
            if asides > MAX_ASIDES && self.expect.id.is_some() {
                return Err(Refusal::ServerGarbage("it sends messages without end and no answer"));
            }
        }
        if self.expect.id.is_some() && !can_resume {
            return Err(Refusal::ServerGarbage("it ended without an answer"));
        }
        Ok(None)
    }
}

/// An answer whose events `work` writes.
pub(super) fn driven<F>(
    mut call: Call,
    work: impl FnOnce(Call, mpsc::Sender<Bytes>) -> F,
) -> Response<AnswerBody>
where
    F: Future<Output = Result<(), Broken>> + Send + 'static,
{
    let mut response = head(&mut call);
    *response.body_mut() = AnswerBody::Driven(Box::new(Driven::new(|pieces| work(call, pieces))));
    response
}

/// Completes the record of a stream of events, then lets its last event go.
pub(super) async fn close(
    mut call: Call,
    id: Option<&Id>,
    ended: Result<Bytes, Refusal>,
    pieces: &mpsc::Sender<Bytes>,
) -> Result<(), Broken> {
    let (last, status) = match ended {
        Ok(last) => (last, Status::Ok),
        Err(refusal) => broken_off(&mut call, id, &refusal),
    };
    call.base.action.answer_bytes(&last);
    call.base.action.finish(status).await.map_err(|_| Broken)?;
    if !last.is_empty() {
        // The receiver is the body that drives this.
        let _ = pieces.send(last).await;
    }
    Ok(())
}

/// The head of an answer that is a stream of events.
fn head(call: &mut Call) -> Response<AnswerBody> {
    let record = call.base.action.record();
    record.http_status = Some(200);
    let effect = record.decision.effect;
    let mut response = Response::new(AnswerBody::Whole(Bytes::new()));
    call.stamp(&mut response, effect);
    let set = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    let headers = set.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}

/// The error as the last event; nothing where nobody waits for an answer.
fn broken_off(call: &mut Call, id: Option<&Id>, refusal: &Refusal) -> (Bytes, Status) {
    let status = match refusal {
        Refusal::Contained(_) => Status::Cut,
        refusal => refusal.outcome(),
    };
    call.base.action.refuse(refusal, refusal.message());
    let Some(id) = id else { return (Bytes::new(), status) };
    call.id = Some(id.clone());
    let event = Event { data: call.error(refusal).write().into(), ..Event::default() };
    (event.write(), status)
}

impl Call {
    /// Looks at one event: what it is, whether it may pass, and what is taken out of it.
    pub(super) async fn take(
        &mut self,
        talk: &Talk,
        expect: &Expect,
        event: Event,
    ) -> Result<Taken, Refusal> {
        let id = self.seal_event(talk, expect, event.id.as_deref())?;
        if event.data.is_empty() {
            return Ok(Taken::Aside(Event { id, ..event }));
        }
        self.base.action.upstream_bytes(&event.data);
        let message = Message::read(&event.data)
            .map_err(|_| Refusal::ServerGarbage("one of its messages is none"))?;
        let (data, is_answer) = match message {
            Message::Request { id, method, .. } => {
                (Box::pin(self.asked(talk, &id, &method, event.data)).await?, false)
            }
            Message::Notification { method, params } => {
                (self.notified(talk, (&method, &params), event.data)?, false)
            }
            Message::Result { id, result } if Some(&id) == expect.id.as_ref() => {
                (Some(self.answered(talk, expect, result, event.data).await?), true)
            }
            Message::Error { id: Some(id), .. } if Some(&id) == expect.id.as_ref() => {
                (Some(self.failed(talk, expect, event.data)?), true)
            }
            Message::Result { .. } | Message::Error { .. } => {
                self.base.action.note("dropped", "an answer to something else");
                (None, false)
            }
        };
        let Some(data) = data else { return Ok(Taken::Dropped) };
        let event = Event { id, data, ..event };
        Ok(if is_answer { Taken::Answer(event) } else { Taken::Aside(event) })
    }

    fn seal_event(
        &self,
        talk: &Talk,
        expect: &Expect,
        event: Option<&str>,
    ) -> Result<Option<String>, Refusal> {
        let Some(event) = event else { return Ok(None) };
        let place = Place {
            server: talk.server.name.to_string(),
            event: event.to_owned(),
            method: expect.method.map(|method| method.as_str().to_owned()),
            id: expect.id.as_ref().map(Id::to_value),
            name: expect.name.clone(),
        };
        let agent = talk.who.agent.name.as_str();
        let sealed = talk.mcp.seal.seal(Use::Event, agent, &talk.path, &place);
        sealed.map(Some).ok_or(Refusal::VaultDown)
    }
}
