//! Calling an upstream: a pooled connection, one request, one answer, every wait bounded.
//!
//! A request is sent a second time only where nothing of it was sent the first time: on a kept
//! connection that turned out to be closed. Dropping the future or the answer aborts the exchange at once.

use std::sync::Arc;

use bytes::Bytes;
use http::uri::{PathAndQuery, Uri};
use http::{Request, Response, Version, header};
use http_body::Body;

use super::BoxError;
use super::connect::{Connected, connect};
use super::http1::Http1;
use super::http2::Http2Connection;
use super::pool::{Inner, Lane};

pub use super::answer::UpstreamBody;
pub use super::error::UpstreamError;
pub use super::pool::Pool;
pub use super::target::{Http2, InvalidHost, Limits, Target, TargetSettings, Timeouts};

/// A request body that can be sent upstream.
pub trait RequestBody: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static {}
impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static> RequestBody for B {}

/// An attempt that failed, with the request where nothing of it was sent.
pub(super) struct Failed<B> {
    pub(super) error: UpstreamError,
    pub(super) unsent: Option<Request<B>>,
}

impl<B> Failed<B> {
    pub(super) fn sent(error: UpstreamError) -> Self {
        Self { error, unsent: None }
    }
}

/// What the attempts at one request share.
pub(super) struct Exchange<'a, B: RequestBody> {
    pub(super) target: &'a Target,
    pub(super) lane: Arc<Lane<B>>,
    pub(super) inner: &'a Arc<Inner<B>>,
    /// On the worker's clock.
    pub(super) total_due: u64,
}

impl<B: RequestBody> Pool<B> {
    /// Sends a request and waits for the head of its answer. Only path and query of the request's URI
    /// count; scheme, authority and `Host` are the target's. The caller strips hop-by-hop fields
    /// (see [`super::hop`]).
    pub async fn send(
        &self,
        target: &Arc<Target>,
        request: Request<B>,
    ) -> Result<Response<UpstreamBody<B>>, UpstreamError> {
        let exchange = Exchange {
            target,
            lane: self.inner.lane(target),
            inner: &self.inner,
            total_due: self.inner.clock.deadline(target.timeouts.total),
        };
        exchange.run(request).await
    }
}

impl<B: RequestBody> Exchange<'_, B> {
    /// Ends, because each turn uses up a kept connection or returns.
    async fn run(
        &self,
        mut request: Request<B>,
    ) -> Result<Response<UpstreamBody<B>>, UpstreamError> {
        loop {
            let (attempt, was_kept) = if let Some(kept) = self.lane.take_http2() {
                (self.over_http2(kept, request).await, true)
            } else if let Some(kept) = self.lane.take_http1() {
                (self.over_http1(kept, request).await, true)
            } else {
                (self.over_fresh(request).await, false)
            };
            match attempt {
                Ok(response) => return Ok(response),
                Err(Failed { unsent: Some(unsent), .. }) if was_kept => request = unsent,
                Err(failed) => return Err(failed.error),
            }
        }
    }

    async fn over_fresh(
        &self,
        request: Request<B>,
    ) -> Result<Response<UpstreamBody<B>>, Failed<B>> {
        let permit = self.lane.permit(self.target.limits.max_connections);
        let permit = permit.ok_or(Failed::sent(UpstreamError::TooManyConnections))?;
        let Connected { stream, is_http2 } = connect(self.target).await.map_err(Failed::sent)?;
        if is_http2 {
            let opening = Http2Connection::open(stream, self.target, permit);
            let opened = opening.await.map_err(Failed::sent)?;
            let stream = self.lane.keep_http2(opened, self.inner.clock.now());
            let stream = stream.ok_or(Failed::sent(UpstreamError::TooManyConnections))?;
            return self.over_http2(stream, request).await;
        }
        let opening = Http1::open(stream, self.target, permit, &self.inner.clock);
        let opened = opening.await.map_err(Failed::sent)?;
        self.over_http1(opened, request).await
    }

    async fn over_http1(
        &self,
        mut connection: Box<Http1<B>>,
        mut request: Request<B>,
    ) -> Result<Response<UpstreamBody<B>>, Failed<B>> {
        *request.uri_mut() = Uri::from(path_of(&request));
        *request.version_mut() = Version::HTTP_11;
        request.headers_mut().insert(header::HOST, self.target.host_header.clone());
        request.headers_mut().remove(header::EXPECT);
        let response = connection.send(request, self.target, self.total_due).await?;
        Ok(response.map(|body| UpstreamBody::http1(body, connection, self)))
    }
}

pub(super) fn path_of<B>(request: &Request<B>) -> PathAndQuery {
    let path = request.uri().path_and_query().cloned();
    path.unwrap_or_else(|| PathAndQuery::from_static("/"))
}
