//! The body of an upstream's answer. It carries its connection along, gives it back at the end, and
//! closes it when dropped before.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::clock::Alarm;
use super::error::UpstreamError;
use super::http1::Http1;
use super::http2::StreamGuard;
use super::pool::{Inner, Lane};
use super::upstream::{Exchange, RequestBody};

/// The body of an upstream's answer; ends with an error where the upstream broke off or took too long.
pub struct UpstreamBody<B: RequestBody> {
    incoming: Incoming,
    source: Source<B>,
    wait: Wait,
}

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
        let mut body = Self { incoming, source, wait: Wait::new(exchange) };
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
        Self { incoming, source, wait: Wait::new(exchange) }
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

    fn fail(&mut self, error: UpstreamError) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        self.source = Source::Ended;
        Poll::Ready(Some(Err(error)))
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
        let Poll::Ready(polled) = this.poll_source(cx) else { return Poll::Pending };
        this.wait.is_waiting = false;
        match polled {
            Some(Some(Ok(frame))) => {
                this.release_at_end();
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Some(Err(error))) => this.fail(UpstreamError::of(error)),
            Some(None) => {
                this.release();
                Poll::Ready(None)
            }
            None => {
                let error = this.wait.error();
                this.fail(error)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream() || matches!(self.source, Source::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
