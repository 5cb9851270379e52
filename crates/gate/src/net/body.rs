//! Reading a body whole, within bounds.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

/// How much of a body is read, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Bytes in total.
    pub max_bytes: usize,
    /// Between two pieces.
    pub idle: Duration,
    /// From the first look to the end.
    pub total: Duration,
}

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    #[error("the body is larger than is allowed")]
    TooLarge,
    #[error("the body did not arrive in time")]
    Timeout,
    #[error("the body broke off or is not framed as HTTP wants")]
    Broken(#[source] E),
}

/// Reads a body to its end. A body that arrives in one piece is neither copied nor timed. Trailers are dropped.
pub async fn read_bounded<B>(mut body: B, limits: BodyLimits) -> Result<Bytes, ReadError<B::Error>>
where
    B: Body<Data = Bytes> + Unpin,
{
    // A lying or honest length that is too large is refused before a byte is read.
    if body.size_hint().lower() > limits.max_bytes as u64 {
        return Err(ReadError::TooLarge);
    }
    let mut wait = Wait { limits, total_at: None };
    let mut whole = Bytes::new();
    let mut joined = BytesMut::new();
    let mut length = 0;
    while !body.is_end_stream() {
        let Some(frame) = wait.next(&mut body).await? else { break };
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length > limits.max_bytes {
            return Err(ReadError::TooLarge);
        }
        if length == data.len() {
            whole = data;
            continue;
        }
        if joined.is_empty() {
            let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0);
            joined.reserve((length + expected).min(limits.max_bytes));
            joined.extend_from_slice(&whole);
        }
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() { whole } else { joined.freeze() })
}

struct Wait {
    limits: BodyLimits,
    /// Set when the first wait begins.
    total_at: Option<Instant>,
}

impl Wait {
    async fn next<B>(&mut self, body: &mut B) -> Result<Option<Frame<Bytes>>, ReadError<B::Error>>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let frame = match poll_now(body).await {
            Some(frame) => frame,
            None => {
                let now = Instant::now();
                let total_at = *self.total_at.get_or_insert(now + self.limits.total);
                let deadline = total_at.min(now + self.limits.idle);
                timeout_at(deadline, body.frame()).await.map_err(|_| ReadError::Timeout)?
            }
        };
        frame.transpose().map_err(ReadError::Broken)
    }
}

/// What is there already, without a timer.
async fn poll_now<B>(body: &mut B) -> Option<Option<Result<Frame<Bytes>, B::Error>>>
where
    B: Body<Data = Bytes> + Unpin,
{
    use std::task::Poll;
    std::future::poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
        Poll::Ready(frame) => Poll::Ready(Some(frame)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
