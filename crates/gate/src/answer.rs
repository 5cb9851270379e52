//! The body of an answer on its way to the agent.
//!
//! A streamed answer is where the order matters most: its first byte waits for the record that it
//! has begun, its last for the record of how it ended, and in between the kill switch can end it
//! at any time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use model::{Effect, Status};
use tokio::sync::mpsc;
use tokio::time::Sleep;

use crate::action::Action;
use crate::keeping::Finishing;
use crate::llm::guard::{MAX_HELD_BYTES, Stop, StreamGuard};
use crate::llm::listening::Listening;
use crate::llm::tally::Sniffer;
use crate::net::upstream::UpstreamBody;
use crate::refusal::{Dialect, Refusal};
use crate::snapshot::Contained;
use crate::unrecorded::Beginning;

/// Says on an answer that its record waits for the log.
pub(crate) const FAILING: &str = "portcullis-failing";

/// Names the record of an action on its answer, and what was decided.
pub(crate) const RECORD: HeaderName = HeaderName::from_static("portcullis-record");
pub(crate) const DECISION: HeaderName = HeaderName::from_static("portcullis-decision");

/// The headers that every answer carries.
pub(crate) fn stamp(parts: &mut response::Parts, id: &str, effect: Effect) {
    if let Ok(value) = HeaderValue::from_str(id) {
        parts.headers.insert(RECORD, value);
    }
    parts.headers.insert(DECISION, HeaderValue::from_static(effect.as_str()));
}

/// How long a stream may stay open after the protocol's last event.
const TAIL: Duration = Duration::from_millis(100);

/// The upstream's side of an answer.
pub type Source = UpstreamBody<Full<Bytes>>;

/// What the agent is sent.
pub enum AnswerBody {
    Whole(Bytes),
    Streamed(Box<Streamed>),
    Driven(Box<Driven>),
}

/// The connection must end without the sign of a complete answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer was broken off because its record could not be written")]
pub struct Broken;

/// Pieces that a future writes while the body is read: what drops the body ends the future.
pub struct Driven {
    work: Option<Work>,
    pieces: mpsc::Receiver<Bytes>,
}

type Work = Pin<Box<dyn Future<Output = Result<(), Broken>> + Send>>;

impl Driven {
    /// `work` sends one piece at a time; each waits until the one before has left.
    pub fn new<F>(work: impl FnOnce(mpsc::Sender<Bytes>) -> F) -> Self
    where
        F: Future<Output = Result<(), Broken>> + Send + 'static,
    {
        let (sender, pieces) = mpsc::channel(1);
        Self { work: Some(Box::pin(work(sender))), pieces }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        loop {
            match self.pieces.poll_recv(cx) {
                Poll::Ready(Some(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Poll::Ready(None) if self.work.is_none() => return Poll::Ready(None),
                _ => {}
            }
            let Some(work) = &mut self.work else { return Poll::Ready(None) };
            match work.as_mut().poll(cx) {
                Poll::Ready(Ok(())) => self.work = None,
                Poll::Ready(Err(broken)) => {
                    self.work = None;
                    self.pieces.close();
                    return Poll::Ready(Some(Err(broken)));
                }
                Poll::Pending => match self.pieces.poll_recv(cx) {
                    Poll::Ready(Some(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                    _ => return Poll::Pending,
                },
            }
        }
    }
}

impl From<String> for AnswerBody {
    fn from(text: String) -> Self {
        Self::Whole(text.into())
    }
}

impl From<Bytes> for AnswerBody {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }
}

/// An answer that leaves as it arrives.
pub struct Streamed {
    source: Option<Source>,
    filter: Filter,
    /// Hears which calls of tools it asks for.
    listening: Option<Box<Listening>>,
    action: Box<Action>,
    dialect: Dialect,
    contained: Pin<Box<dyn Future<Output = Contained> + Send>>,
    state: State,
    waiting_since: Instant,
}

/// What is done to the pieces.
pub enum Filter {
    Guard(Box<StreamGuard>),
    /// Nothing is inspected: that is off, or the content cannot be and may pass. Usage is looked for.
    Count(Sniffer),
}

enum State {
    /// The record that the action began is on its way to the disk.
    Beginning(Beginning),
    Flowing,
    /// The protocol's last event has come. It waits for the end of the stream, which usually
    /// comes with it; a sender that stays on the line is not waited for longer than [`TAIL`],
    /// and not heard beyond [`MAX_HELD_BYTES`].
    Tail(Vec<u8>, Pin<Box<Sleep>>),
    /// The last bytes wait for the final record.
    Ending(Finishing, Bytes),
    Over,
}

impl Streamed {
    pub fn new(
        source: Source,
        filter: Filter,
        mut action: Box<Action>,
        dialect: Dialect,
        contained: Pin<Box<dyn Future<Output = Contained> + Send>>,
    ) -> Self {
        let begun = action.announce();
        Self {
            source: Some(source),
            filter,
            listening: None,
            action,
            dialect,
            contained,
            state: State::Beginning(begun),
            waiting_since: Instant::now(),
        }
    }

    pub(crate) fn heard_by(mut self, listening: Option<Box<Listening>>) -> Self {
        self.listening = listening;
        self
    }

    fn hear(&mut self, bytes: &Bytes) {
        let Some(listening) = &mut self.listening else { return };
        match &mut self.filter {
            Filter::Guard(guard) => listening.hear(guard.wanted()),
            Filter::Count(_) => listening.push(bytes),
        }
    }

    /// The next chunk from upstream, inspected.
    fn flow(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        if let Poll::Ready(contained) = self.contained.as_mut().poll(cx) {
            return Poll::Ready(self.cut(contained));
        }
        let is_over = self.tail_is_over(cx);
        let frame = match &mut self.source {
            Some(source) if !is_over => ready!(Pin::new(source).poll_frame(cx)),
            _ => None,
        };
        self.action.upstream += self.waiting_since.elapsed();
        let bytes = match frame {
            None => self.end(),
            Some(Err(error)) => self.fail(&Refusal::Upstream(error)),
            // Trailers carry nothing that an agent's SDK reads.
            Some(Ok(frame)) => frame.into_data().map_or_else(
                |_| Bytes::new(),
                |data| {
                    self.action.upstream_bytes(&data);
                    self.pass(data)
                },
            ),
        };
        self.waiting_since = Instant::now();
        Poll::Ready(bytes)
    }

    fn tail_is_over(&mut self, cx: &mut Context<'_>) -> bool {
        match &mut self.state {
            State::Tail(held, patience) => {
                held.len() > MAX_HELD_BYTES || patience.as_mut().poll(cx).is_ready()
            }
            _ => false,
        }
    }

    fn pass(&mut self, data: Bytes) -> Bytes {
        let (passed, has_ended) = match &mut self.filter {
            Filter::Guard(guard) => (guard.push(data), guard.has_ended()),
            Filter::Count(sniffer) => {
                sniffer.push(&data);
                (Ok(data), false)
            }
        };
        let bytes = match passed {
            Ok(bytes) => bytes,
            Err(stop) => return self.stop(stop),
        };
        self.hear(&bytes);
        match &mut self.state {
            State::Tail(held, _) => held.extend_from_slice(&bytes),
            _ if has_ended => {
                let patience = Box::pin(tokio::time::sleep(TAIL));
                self.state = State::Tail(bytes.to_vec(), patience);
            }
            _ => {
                self.action.answer_bytes(&bytes);
                return bytes;
            }
        }
        Bytes::new()
    }

    /// What was held for the end of the stream.
    fn take_tail(&mut self) -> Vec<u8> {
        match &mut self.state {
            State::Tail(held, _) => std::mem::take(held),
            _ => Vec::new(),
        }
    }

    /// The stream ended by itself: what was held back is decided now.
    fn end(&mut self) -> Bytes {
        self.source = None;
        let rest = match &mut self.filter {
            Filter::Guard(guard) => guard.finish(),
            Filter::Count(_) => Ok(Bytes::new()),
        };
        match rest {
            Ok(rest) => {
                self.hear(&rest);
                self.complete(&rest, b"", Status::Ok)
            }
            Err(stop) => self.stop(stop),
        }
    }

    fn stop(&mut self, stop: Stop) -> Bytes {
        let refusal = match stop {
            Stop::Blocked(kind) => Refusal::Blocked(kind),
            Stop::Uninspectable(what) => Refusal::Uninspectable(what),
        };
        self.refuse(&refusal, Status::Refused)
    }

    fn cut(&mut self, contained: Contained) -> Bytes {
        self.refuse(&Refusal::Contained(contained), Status::Cut)
    }

    /// What is still held back stays back; the agent is told in the protocol's way.
    fn refuse(&mut self, refusal: &Refusal, status: Status) -> Bytes {
        self.source = None;
        self.action.refuse(refusal, refusal.message());
        let event = refusal.event(self.dialect, self.action.id());
        self.complete(b"", event.as_bytes(), status)
    }

    /// The upstream failed midway: what is whole and decided leaves, then the error.
    fn fail(&mut self, refusal: &Refusal) -> Bytes {
        self.source = None;
        let rest = match &mut self.filter {
            Filter::Guard(guard) => guard.abandon(),
            // Nobody knows where an event ends; a blank line ends whatever was begun.
            Filter::Count(_) => Ok(Bytes::from_static(b"\n\n")),
        };
        let Ok(rest) = rest else { return self.refuse(refusal, Status::Refused) };
        self.hear(&rest);
        self.action.note("upstream", refusal.message());
        let event = refusal.event(self.dialect, self.action.id());
        self.complete(&rest, event.as_bytes(), Status::Failed)
    }

    /// Writes the final record; the last bytes wait for it.
    fn complete(&mut self, rest: &[u8], event: &[u8], status: Status) -> Bytes {
        let mut last = self.take_tail();
        last.extend_from_slice(rest);
        last.extend_from_slice(event);
        self.take_counts();
        self.action.answer_bytes(&last);
        let written = self.action.finish(status);
        self.state = State::Ending(written, last.into());
        Bytes::new()
    }

    /// Moves what the guard saw into the record.
    fn take_counts(&mut self) {
        let (tokens, text_bytes) = match &mut self.filter {
            Filter::Count(sniffer) => (sniffer.tokens(), self.action.record().usage.bytes_out),
            Filter::Guard(guard) => {
                let findings = std::mem::take(&mut guard.findings);
                if findings.anything_masked() {
                    self.action.decide(Effect::Redact, "something was taken out of the answer");
                }
                self.action.findings.extend(findings);
                (guard.tally.tokens(), guard.text_bytes)
            }
        };
        if let Some((input, output)) = tokens {
            self.action.tokens(input, output);
            return;
        }
        let input = self.action.record().usage.input_tokens;
        self.action.tokens(input, text_bytes.div_ceil(4));
        self.action.note("usage", "estimated: the answer did not say");
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        if matches!(self.state, State::Beginning(_) | State::Flowing | State::Tail(..)) {
            self.take_counts();
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Streamed(streamed) => streamed.poll(cx),
            Self::Driven(driven) => driven.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Streamed(streamed) => matches!(streamed.state, State::Over),
            Self::Driven(driven) => driven.work.is_none() && driven.pieces.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(_) | Self::Driven(_) => SizeHint::default(),
        }
    }
}

impl Streamed {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        loop {
            let bytes = match &mut self.state {
                State::Beginning(begun) => {
                    if ready!(Pin::new(begun).poll(cx)).is_err() {
                        return self.broken();
                    }
                    self.state = State::Flowing;
                    continue;
                }
                State::Flowing | State::Tail(..) => ready!(self.flow(cx)),
                State::Ending(written, last) => {
                    if ready!(Pin::new(written).poll(cx)).is_err() {
                        return self.broken();
                    }
                    let last = std::mem::take(last);
                    self.state = State::Over;
                    last
                }
                State::Over => return Poll::Ready(None),
            };
            if !bytes.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
        }
    }

    fn broken(&mut self) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.source = None;
        self.state = State::Over;
        Poll::Ready(Some(Err(Broken)))
    }
}
