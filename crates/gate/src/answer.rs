//! The body of an answer on its way to the agent.
//!
//! A streamed answer is where the order matters most: its first byte waits for the record that it
//! has begun, its last for the record of how it ended, and in between the kill switch can end it
//! at any time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use ledger::Append;
use model::{Effect, Status};

use crate::action::Action;
use crate::llm::guard::{Stop, StreamGuard};
use crate::llm::tally::Tally;
use crate::net::upstream::UpstreamBody;
use crate::refusal::{Dialect, Refusal};
use crate::snapshot::Contained;

/// The upstream's side of an answer.
pub type Source = UpstreamBody<Full<Bytes>>;

/// What the agent is sent.
pub enum AnswerBody {
    Whole(Bytes),
    Streamed(Box<Streamed>),
}

/// The connection must end without the sign of a complete answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer was broken off because its record could not be written")]
pub struct Broken;

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
    Count(Tally),
}

enum State {
    /// The record that the action began is on its way to the disk.
    Beginning(Append),
    Flowing,
    /// The last bytes wait for the final record.
    Ending(Append, Bytes),
    /// All is said; the source is read to its end so that its connection can be used again.
    Draining,
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
            action,
            dialect,
            contained,
            state: State::Beginning(begun),
            waiting_since: Instant::now(),
        }
    }

    /// The next chunk from upstream, inspected.
    fn flow(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        if let Poll::Ready(contained) = self.contained.as_mut().poll(cx) {
            return Poll::Ready(self.cut(contained));
        }
        let Some(source) = self.source.as_mut() else { return Poll::Ready(self.end(Status::Ok)) };
        let frame = ready!(Pin::new(source).poll_frame(cx));
        self.action.upstream += self.waiting_since.elapsed();
        let bytes = match frame {
            None => self.end(Status::Ok),
            Some(Err(error)) => self.fail(&Refusal::Upstream(error), Status::Failed),
            // Trailers carry nothing that an agent's SDK reads.
            Some(Ok(frame)) => {
                frame.into_data().map_or_else(|_| Bytes::new(), |data| self.pass(data))
            }
        };
        self.waiting_since = Instant::now();
        Poll::Ready(bytes)
    }

    fn pass(&mut self, data: Bytes) -> Bytes {
        let guard = match &mut self.filter {
            Filter::Guard(guard) => guard,
            Filter::Count(tally) => {
                tally.sniff(&data);
                self.action.answer_bytes(&data);
                return data;
            }
        };
        match guard.push(data) {
            Ok(bytes) if guard.has_ended() => self.complete(bytes, Status::Ok),
            Ok(bytes) => {
                self.action.answer_bytes(&bytes);
                bytes
            }
            Err(stop) => self.stop(stop),
        }
    }

    /// The stream ended by itself: what was held back is decided now.
    fn end(&mut self, status: Status) -> Bytes {
        self.source = None;
        let rest = match &mut self.filter {
            Filter::Guard(guard) => guard.finish(),
            Filter::Count(_) => Ok(Bytes::new()),
        };
        match rest {
            Ok(rest) => self.complete(rest, status),
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
        self.action.decide(refusal.effect(), refusal.message());
        let event = refusal.event(self.dialect, self.action.id());
        self.complete_with(event.into(), status)
    }

    /// The upstream failed midway: what is decided leaves, then the error.
    fn fail(&mut self, refusal: &Refusal, status: Status) -> Bytes {
        self.source = None;
        let rest = match &mut self.filter {
            Filter::Guard(guard) => guard.finish(),
            Filter::Count(_) => Ok(Bytes::new()),
        };
        let Ok(rest) = rest else { return self.refuse(refusal, Status::Refused) };
        self.action.note("upstream", refusal.message());
        let event = refusal.event(self.dialect, self.action.id());
        self.complete_with([&rest[..], event.as_bytes()].concat().into(), status)
    }

    fn complete(&mut self, last: Bytes, status: Status) -> Bytes {
        self.complete_with(last, status)
    }

    /// Writes the final record; the last bytes wait for it.
    fn complete_with(&mut self, last: Bytes, status: Status) -> Bytes {
        self.take_counts();
        self.action.answer_bytes(&last);
        let written = self.action.finish(status);
        self.state = State::Ending(written, last);
        Bytes::new()
    }

    /// Moves what the guard saw into the record.
    fn take_counts(&mut self) {
        let (tokens, text_bytes) = match &mut self.filter {
            Filter::Count(tally) => (tally.tokens(), self.action.record().usage.bytes_out),
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
        if matches!(self.state, State::Beginning(_) | State::Flowing) {
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
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Streamed(streamed) => matches!(streamed.state, State::Over),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(_) => SizeHint::default(),
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
                State::Flowing => ready!(self.flow(cx)),
                State::Ending(written, last) => {
                    if ready!(Pin::new(written).poll(cx)).is_err() {
                        return self.broken();
                    }
                    let last = std::mem::take(last);
                    self.state = State::Draining;
                    last
                }
                State::Draining => {
                    ready!(self.drain(cx));
                    self.state = State::Over;
                    return Poll::Ready(None);
                }
                State::Over => return Poll::Ready(None),
            };
            if !bytes.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
        }
    }

    /// Whatever still comes after the end that the protocol announced is dropped.
    fn drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(source) = self.source.as_mut() {
            match ready!(Pin::new(source).poll_frame(cx)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => self.source = None,
            }
        }
        Poll::Ready(())
    }

    fn broken(&mut self) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.source = None;
        self.state = State::Over;
        Poll::Ready(Some(Err(Broken)))
    }
}
