//! One request on an accepted connection: refuse what is malformed, call the handler, survive its panic.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::connection::Busy;
use super::head::Shapes;
use super::listen::{Handler, Refused};
use super::peer::Peer;

/// Runs one exchange. The answer holds `busy` until its body has been sent or dropped.
pub(super) async fn exchange<H: Handler>(
    handler: H,
    peer: Arc<Peer>,
    request: Request<Incoming>,
    busy: Busy,
) -> Response<Answer<H::Body>> {
    if let Some(why) = malformed(&request, busy.shapes()) {
        handler.refused(&peer, why);
        return refusal(why).map(|body| Answer { body, _busy: busy });
    }
    let answered = call_caught(&handler, &peer, request).await;
    let response = match answered {
        Some(response) => response.map(AnswerBody::Handler),
        None => {
            tracing::error!("a request handler panicked; its request was answered with 500");
            handler.refused(&peer, Refused::Panicked);
            refusal(Refused::Panicked)
        }
    };
    response.map(|body| Answer { body, _busy: busy })
}

async fn call_caught<H: Handler>(
    handler: &H,
    peer: &Arc<Peer>,
    request: Request<Incoming>,
) -> Option<Response<H::Body>> {
    let mut call = pin!(handler.call(peer, request));
    // A handler that panicked is not polled again, so a broken state inside it is never seen.
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(response)) => Poll::Ready(Some(response)),
        Err(_) => Poll::Ready(None),
    })
    .await
}

/// The shapes that request smuggling is made of (RFC 9112 section 11.2), as far as the parser lets them through.
fn malformed(request: &Request<Incoming>, shapes: Shapes) -> Option<Refused> {
    if request.version() == Version::HTTP_2 {
        return None;
    }
    if shapes.content_length && shapes.transfer_encoding {
        return Some(Refused::AmbiguousLength);
    }
    if shapes.bare_line_feed {
        return Some(Refused::BareLineFeed);
    }
    let mut encodings = request.headers().get_all(header::TRANSFER_ENCODING).iter();
    let only_chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
    if encodings.next().is_some_and(|first| !only_chunked(first)) || encodings.next().is_some() {
        return Some(Refused::TransferEncoding);
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_first_missing = hosts.next().is_none() && request.version() == Version::HTTP_11;
    if is_first_missing || hosts.next().is_some() { Some(Refused::Host) } else { None }
}

fn refusal<B>(why: Refused) -> Response<AnswerBody<B>> {
    let (status, detail) = why.status_and_detail();
    let text = format!(
        r#"{{"type":"about:blank","title":"{}","status":{},"detail":"{detail}"}}"#,
        status.canonical_reason().unwrap_or_default(),
        status.as_u16(),
    );
    let mut response = Response::new(AnswerBody::Text(Some(Bytes::from(text))));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::BAD_REQUEST {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// An answer's body together with what counts its connection as busy.
pub(super) struct Answer<B> {
    body: AnswerBody<B>,
    _busy: Busy,
}

pub(super) enum AnswerBody<B> {
    Handler(B),
    Text(Option<Bytes>),
}

impl<B: Body<Data = Bytes> + Unpin> Body for Answer<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut self.get_mut().body {
            AnswerBody::Handler(body) => Pin::new(body).poll_frame(cx),
            AnswerBody::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            AnswerBody::Handler(body) => body.is_end_stream(),
            AnswerBody::Text(text) => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            AnswerBody::Handler(body) => body.size_hint(),
            AnswerBody::Text(text) => {
                SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64))
            }
        }
    }
}
