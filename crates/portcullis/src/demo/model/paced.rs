//! A streamed answer at the pace of a model: a few milliseconds between its pieces.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::Sleep;

use super::memory::Memory;

/// Between two pieces of text.
const PAUSE: Duration = Duration::from_millis(5);

/// The body of a streamed answer. It notes when pieces leave, and whether the caller hung up.
pub(super) struct Paced {
    events: VecDeque<(Bytes, bool)>,
    pause: Pin<Box<Sleep>>,
    memory: Memory,
    call: usize,
}

impl Paced {
    /// `events` as [`super::wire::Asked::events`] gives them.
    pub(super) fn new(events: Vec<(Bytes, bool)>, memory: Memory, call: usize) -> Self {
        let pause = Box::pin(tokio::time::sleep(PAUSE));
        Self { events: events.into(), pause, memory, call }
    }

    fn note(&self) {
        let now = Instant::now();
        self.memory.change(self.call, |call| {
            call.first_sent.get_or_insert(now);
            call.last_sent = Some(now);
            call.pieces_sent += 1;
        });
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.events.front().is_some_and(|(_, is_text)| *is_text) {
            ready!(self.pause.as_mut().poll(context));
            self.pause.as_mut().reset(tokio::time::Instant::now() + PAUSE);
            self.note();
        }
        let event = self.events.pop_front();
        Poll::Ready(event.map(|(bytes, _)| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.events.is_empty()
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        if !self.events.is_empty() {
            let now = Instant::now();
            self.memory.change(self.call, |call| call.hung_up = Some(now));
        }
    }
}
