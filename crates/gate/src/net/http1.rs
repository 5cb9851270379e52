//! An HTTP/1 connection to an upstream, polled by whoever uses it (see [`super::relay`]).

use std::future::Future;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use super::clock::{Alarm, Clock};
use super::error::UpstreamError;
use super::io::Stream;
use super::pool::Permit;
use super::relay::Relay;
use super::target::Target;
use super::upstream::{Failed, RequestBody};

pub(super) struct Http1<B: RequestBody> {
    sender: SendRequest<B>,
    /// None when it has ended.
    connection: Option<Connection<TokioIo<Stream>, B>>,
    relay: Arc<Relay>,
    waker: Waker,
    pub(super) alarm: Alarm,
    /// On the worker's clock.
    pub(super) idle_since: u64,
    _permit: Permit,
}

/// What one connection buffers at least, also where the limit for heads is lower.
const SMALLEST_BUFFER: usize = 64 * 1024;

impl<B: RequestBody> Http1<B> {
    pub(super) async fn open(
        stream: Stream,
        target: &Target,
        permit: Permit,
        clock: &Clock,
    ) -> Result<Box<Self>, UpstreamError> {
        let header_bytes = target.limits.header_bytes;
        let (sender, connection) = http1::Builder::new()
            .max_header_size(header_bytes)
            .max_buf_size(header_bytes.max(SMALLEST_BUFFER))
            .handshake(TokioIo::new(stream))
            .await
            .map_err(UpstreamError::of)?;
        let relay = Arc::new(Relay::default());
        let waker = Waker::from(relay.clone());
        let alarm = clock.alarm();
        alarm.register(&Context::from_waker(&waker));
        Ok(Box::new(Self {
            sender,
            connection: Some(connection),
            relay,
            waker,
            alarm,
            idle_since: 0,
            _permit: permit,
        }))
    }

    /// Sends a request and waits for its answer's head.
    pub(super) async fn send(
        &mut self,
        request: Request<B>,
        target: &Target,
        total_due: u64,
    ) -> Result<Response<Incoming>, Failed<B>> {
        let first_byte_due = self.alarm.deadline(target.timeouts.first_byte);
        self.alarm.arm_at(first_byte_due.min(total_due));
        let mut sending = pin!(self.sender.try_send_request(request));
        let sent = poll_fn(|cx| self.poll_with(cx, |cx| sending.as_mut().poll(cx)));
        match sent.await {
            Some(Ok(response)) => Ok(response),
            Some(Err(mut failed)) => {
                let unsent = failed.take_message();
                Err(Failed { error: UpstreamError::of(failed.into_error()), unsent })
            }
            None if total_due < first_byte_due => Err(Failed::sent(UpstreamError::TotalTimeout)),
            None => Err(Failed::sent(UpstreamError::FirstByteTimeout)),
        }
    }

    /// Polls the connection and then `part`, which lives on it. None when the alarm fires first.
    pub(super) fn poll_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut part: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Option<T>> {
        let (connection, alarm) = (&mut self.connection, &self.alarm);
        self.relay.poll(&self.waker, cx, |cx| {
            advance(connection, cx);
            match part(cx) {
                Poll::Ready(value) => Poll::Ready(Some(value)),
                Poll::Pending if alarm.has_fired() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
    }

    /// Is the connection alive and without a request? Looks at the socket only where the runtime knows of news.
    pub(super) fn is_idle_and_open(&mut self) -> bool {
        let connection = &mut self.connection;
        let mut nobody = Context::from_waker(Waker::noop());
        let polled = self.relay.poll(&self.waker, &mut nobody, |cx| {
            advance(connection, cx);
            Poll::<()>::Pending
        });
        debug_assert!(polled.is_pending());
        self.relay.detach();
        self.alarm.disarm();
        self.connection.is_some() && self.sender.is_ready()
    }
}

/// Its end, good or bad, is seen by the parts that live on it.
fn advance<B: RequestBody>(
    connection: &mut Option<Connection<TokioIo<Stream>, B>>,
    cx: &mut Context<'_>,
) {
    if let Some(open) = connection
        && let Poll::Ready(ended) = Pin::new(open).poll(cx)
    {
        if let Err(error) = ended {
            tracing::debug!(%error, "an upstream connection ended early");
        }
        *connection = None;
    }
}
