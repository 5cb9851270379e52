//! An HTTP/2 connection to an upstream: a task of its own, shared by many requests.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use http::uri::Uri;
use http::{Request, Response, Version, header};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::answer::UpstreamBody;
use super::error::UpstreamError;
use super::io::Stream;
use super::pool::Permit;
use super::target::Target;
use super::upstream::{Exchange, Failed, RequestBody, path_of};

/// How often a connection with running requests is pinged, and how long the answer may take.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Streams beyond this open another connection. Where an upstream allows fewer, the rest wait inside
/// the connection.
const STREAMS: usize = 100;

pub(super) struct Http2Connection<B> {
    sender: SendRequest<B>,
    in_flight: Arc<AtomicUsize>,
    /// On the worker's clock.
    pub(super) used_at: u64,
}

/// A place for one request on a connection; given back when dropped.
pub(super) struct Http2Stream<B> {
    sender: SendRequest<B>,
    _guard: StreamGuard,
}

pub(super) struct StreamGuard(Arc<AtomicUsize>);

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl<B: RequestBody> Http2Connection<B> {
    pub(super) async fn open(
        stream: Stream,
        target: &Target,
        permit: Permit,
    ) -> Result<Self, UpstreamError> {
        let header_bytes = u32::try_from(target.limits.header_bytes).unwrap_or(u32::MAX);
        let opening = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_header_list_size(header_bytes)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .handshake(TokioIo::new(stream));
        let (sender, connection) = opening.await.map_err(UpstreamError::of)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an upstream connection ended early");
            }
            drop(permit);
        });
        Ok(Self { sender, in_flight: Arc::default(), used_at: 0 })
    }
}

impl<B: RequestBody> Http2Connection<B> {
    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    pub(super) fn is_unused(&self) -> bool {
        self.in_flight.load(Relaxed) == 0
    }

    pub(super) fn stream(&self) -> Option<Http2Stream<B>> {
        if self.in_flight.load(Relaxed) >= STREAMS {
            return None;
        }
        self.in_flight.fetch_add(1, Relaxed);
        let guard = StreamGuard(self.in_flight.clone());
        Some(Http2Stream { sender: self.sender.clone(), _guard: guard })
    }
}

impl<B: RequestBody> Exchange<'_, B> {
    pub(super) async fn over_http2(
        &self,
        stream: Http2Stream<B>,
        mut request: Request<B>,
    ) -> Result<Response<UpstreamBody<B>>, Failed<B>> {
        let Http2Stream { mut sender, _guard: guard } = stream;
        *request.uri_mut() = self.absolute(&request);
        *request.version_mut() = Version::HTTP_2;
        request.headers_mut().remove(header::HOST);
        request.headers_mut().remove(header::EXPECT);
        let alarm = self.inner.clock.alarm();
        let first_byte_due = alarm.deadline(self.target.timeouts.first_byte);
        alarm.arm_at(first_byte_due.min(self.total_due));
        let mut sending = pin!(sender.try_send_request(request));
        let sent = poll_fn(|cx| {
            alarm.register(cx);
            match sending.as_mut().poll(cx) {
                Poll::Ready(sent) => Poll::Ready(Some(sent)),
                Poll::Pending if alarm.has_fired() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        match sent.await {
            Some(Ok(response)) => {
                Ok(response.map(|body| UpstreamBody::http2(body, alarm, guard, self)))
            }
            Some(Err(mut failed)) => {
                let unsent = failed.take_message();
                Err(Failed { error: UpstreamError::of(failed.into_error()), unsent })
            }
            None if self.total_due < first_byte_due => {
                Err(Failed::sent(UpstreamError::TotalTimeout))
            }
            None => Err(Failed::sent(UpstreamError::FirstByteTimeout)),
        }
    }

    fn absolute(&self, request: &Request<B>) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.target.scheme());
        parts.authority = Some(self.target.authority.clone());
        parts.path_and_query = Some(path_of(request));
        // All three parts are present and valid, so this cannot fail.
        Uri::from_parts(parts).unwrap_or_default()
    }
}
