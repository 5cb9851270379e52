//! The body of an upstream's answer. It carries its connection along, gives it back at the end, and
//! closes it when dropped before.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::clock::Alarm;
use super::error::UpstreamError;
use super::http1::Http1;
use super::http2::StreamGuard;
use super::pool::{Inner, Lane};
use super::upstream::{Exchange, RequestBody};

/// Pieces that are there at once leave as one, up to this many of each. An upstream that is faster
/// than we are fills our buffers with small chunks: each of them alone would cost as much to inspect,
/// frame and write as all of them.
const JOINED_BYTES: usize = 16 * 1024;
const JOINED_FRAMES: usize = 64;

/// The body of an upstream's answer; ends with an error where the upstream broke off or took too long.
pub struct UpstreamBody<B: RequestBody> {
    incoming: Incoming,
    source: Source<B>,
    wait: Wait,
    /// What came behind pieces that were joined, and is no piece of data. Rare, so it is kept elsewhere.
    next: Option<Box<Next>>,
}

/// A frame, an error or the end.
type Next = Option<Result<Frame<Bytes>, UpstreamError>>;

enum Source<B: RequestBody> {
    Http1 {
        connection: Box<Http1<B>>,
        lane: Arc<Lane<B>>,
        inner: Arc<Inner<B>>,
    },
    Http2 {
        alarm: Alarm,
        _guard: StreamGuard,
    },
    /// The connection was given back or closed.
    Ended,
}

/// The deadlines of a body.
struct Wait {
    idle: Duration,
    total_due: u64,
    /// The idle time counts only while we wait for the upstream, not while the agent reads slowly.
    is_waiting: bool,
    ends_in_total: bool,
}

impl Wait {
    fn new<B: RequestBody>(exchange: &Exchange<'_, B>) -> Self {
        Self {
            idle: exchange.target.timeouts.idle,
            total_due: exchange.total_due,
            is_waiting: false,
            ends_in_total: false,
        }
    }

    /// Called before polling: arms the alarm for a wait that may begin now.
    fn begin(&mut self, alarm: &Alarm) {
        if self.is_waiting {
            return;
        }
        self.is_waiting = true;
        let idle_due = alarm.deadline(self.idle);
        self.ends_in_total = self.total_due <= idle_due;
        alarm.arm_at(idle_due.min(self.total_due));
    }

    fn error(&self) -> UpstreamError {
        if self.ends_in_total { UpstreamError::TotalTimeout } else { UpstreamError::IdleTimeout }
    }
}

type Polled = Poll<Option<Option<Result<Frame<Bytes>, hyper::Error>>>>;

impl<B: RequestBody> UpstreamBody<B> {
    pub(super) fn http1(
        incoming: Incoming,
        connection: Box<Http1<B>>,
        exchange: &Exchange<'_, B>,
    ) -> Self {
        let (lane, inner) = (exchange.lane.clone(), exchange.inner.clone());
        let source = Source::Http1 { connection, lane, inner };
        let mut body = Self { incoming, source, wait: Wait::new(exchange), next: None };
        body.release_at_end();
        body
    }

    pub(super) fn http2(
        incoming: Incoming,
        alarm: Alarm,
        guard: StreamGuard,
        exchange: &Exchange<'_, B>,
    ) -> Self {
        let source = Source::Http2 { alarm, _guard: guard };
        Self { incoming, source, wait: Wait::new(exchange), next: None }
    }

    fn poll_source(&mut self, cx: &mut Context<'_>) -> Polled {
        let (incoming, wait) = (&mut self.incoming, &mut self.wait);
        match &mut self.source {
            Source::Http1 { connection, .. } => {
                wait.begin(&connection.alarm);
                connection.poll_with(cx, |cx| Pin::new(&mut *incoming).poll_frame(cx))
            }
            Source::Http2 { alarm, .. } => {
                wait.begin(alarm);
                alarm.register(cx);
                match Pin::new(incoming).poll_frame(cx) {
                    Poll::Pending if alarm.has_fired() => Poll::Ready(None),
                    polled => polled.map(Some),
                }
            }
            Source::Ended => Poll::Ready(Some(None)),
        }
    }

    fn release_at_end(&mut self) {
        if self.incoming.is_end_stream() {
            self.release();
        }
    }

    fn release(&mut self) {
        if let Source::Http1 { connection, lane, inner } =
            std::mem::replace(&mut self.source, Source::Ended)
        {
            lane.keep_http1(connection, inner.clock.now());
        }
    }

    fn fail(&mut self, error: UpstreamError) -> Next {
        self.source = Source::Ended;
        Some(Err(error))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        let polled = ready!(self.poll_source(cx));
        self.wait.is_waiting = false;
        Poll::Ready(match polled {
            Some(Some(Ok(frame))) => {
                self.release_at_end();
                Some(Ok(frame))
            }
            Some(Some(Err(error))) => self.fail(UpstreamError::of(error)),
            Some(None) => {
                self.release();
                None
            }
            None => {
                let error = self.wait.error();
                self.fail(error)
            }
        })
    }

    /// Adds the pieces to a first one that are already there.
    fn join(&mut self, first: Bytes, cx: &mut Context<'_>) -> Bytes {
        let mut joined = BytesMut::new();
        for _ in 1..JOINED_FRAMES {
            if first.len().max(joined.len()) >= JOINED_BYTES || self.is_end_stream() {
                break;
            }
            let Some(data) = self.poll_more(cx) else { break };
            if joined.is_empty() {
                joined.extend_from_slice(&first);
            }
            joined.extend_from_slice(&data);
        }
        if joined.is_empty() { first } else { joined.freeze() }
    }

    /// Data that is already there; what else is there has its turn after what was joined.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Option<Bytes> {
        match self.poll_next(cx) {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => return Some(data),
                Err(trailers) => self.next = Some(Box::new(Some(Ok(trailers)))),
            },
            Poll::Ready(last) => self.next = Some(Box::new(last)),
            // While the agent reads what there is, we do not wait for more.
            Poll::Pending => self.wait.is_waiting = false,
        }
        None
    }
}

impl<B: RequestBody> Body for UpstreamBody<B> {
    type Data = Bytes;
    type Error = UpstreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        let this = self.get_mut();
        if let Some(next) = this.next.take() {
            return Poll::Ready(*next);
        }
        let frame = match ready!(this.poll_next(cx)) {
            Some(Ok(frame)) => frame,
            last => return Poll::Ready(last),
        };
        Poll::Ready(Some(Ok(match frame.into_data() {
            Ok(data) => Frame::data(this.join(data, cx)),
            Err(trailers) => trailers,
        })))
    }

    fn is_end_stream(&self) -> bool {
        let is_over = self.incoming.is_end_stream() || matches!(self.source, Source::Ended);
        is_over && self.next.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
