//! What the mock upstream answers: a status, headers, and a body in pieces with pauses between.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use serde_json::Value;

/// One step of a body.
#[derive(Clone, Debug)]
pub enum Step {
    Data(Bytes),
    Pause(Duration),
    /// Nothing more, and no end.
    Hang,
    /// The connection breaks.
    Break,
    /// The same again and again, with a pause before each.
    Forever(Bytes, Duration),
}

/// An answer as the upstream will play it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub steps: Vec<Step>,
    /// Waits before the head is sent.
    pub delay: Duration,
    /// Whether the length is declared; chunked otherwise.
    pub sized: bool,
}

impl Answer {
    pub fn new(status: u16, kind: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        let steps = vec![Step::Data(body.into())];
        Self { status, headers, steps, delay: Duration::ZERO, sized: true }
    }

    pub fn json(value: &Value) -> Self {
        Self::new(200, "application/json", value.to_string())
    }

    /// Server-sent events, one step each: `data: …` and an empty line are added.
    pub fn events<T: AsRef<str>>(events: impl IntoIterator<Item = T>) -> Self {
        let steps = events.into_iter().map(|event| Step::Data(event.as_ref().to_owned().into()));
        Self { steps: steps.collect(), sized: false, ..Self::new(200, "text/event-stream", "") }
    }

    /// Any steps, as server-sent events.
    pub fn steps(steps: Vec<Step>) -> Self {
        Self { steps, sized: false, ..Self::new(200, "text/event-stream", "") }
    }

    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// A pause before every step but the first.
    #[must_use]
    pub fn paced(mut self, pause: Duration) -> Self {
        let mut steps = Vec::with_capacity(self.steps.len() * 2);
        for (number, step) in self.steps.into_iter().enumerate() {
            if number > 0 {
                steps.push(Step::Pause(pause));
            }
            steps.push(step);
        }
        self.steps = steps;
        self
    }

    /// The data joined, encoded and cut again into `pieces`.
    #[must_use]
    pub fn encoded(self, coding: &str, pieces: usize) -> Self {
        let joined: Vec<u8> = self.data();
        let encoded = crate::compress::encode(coding, &joined);
        let size = encoded.len().div_ceil(pieces).max(1);
        let steps =
            encoded.chunks(size).map(|piece| Step::Data(Bytes::copy_from_slice(piece))).collect();
        Self { steps, ..self }.header("content-encoding", coding)
    }

    /// The body's bytes, pauses left out.
    pub fn data(&self) -> Vec<u8> {
        let data = self.steps.iter().filter_map(|step| match step {
            Step::Data(bytes) => Some(bytes.to_vec()),
            _ => None,
        });
        data.flatten().collect()
    }
}

/// A body while it plays. Dropped before its end, it counts as a hang-up.
pub struct Playing {
    steps: VecDeque<Step>,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
    length: Option<u64>,
    done: bool,
    hangups: Arc<AtomicUsize>,
}

impl Playing {
    pub(crate) fn new(answer: &Answer, hangups: Arc<AtomicUsize>) -> Self {
        let length = answer.sized.then(|| answer.data().len() as u64);
        Self { steps: answer.steps.clone().into(), pause: None, length, done: false, hangups }
    }

    /// Starts the pause, and gives the step that comes after it.
    fn pause(&mut self, pause: Duration, then: Option<Step>) {
        self.pause = Some(Box::pin(tokio::time::sleep(pause)));
        if let Some(step) = then {
            self.steps.push_front(step);
        }
    }
}

impl http_body::Body for Playing {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            if let Some(pause) = self.pause.as_mut() {
                std::task::ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            match self.steps.pop_front() {
                None => {
                    self.done = true;
                    return Poll::Ready(None);
                }
                Some(Step::Data(bytes)) if bytes.is_empty() => {}
                Some(Step::Data(bytes)) => {
                    self.done = self.steps.is_empty() && self.length.is_some();
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Pause(pause)) => self.pause(pause, None),
                Some(Step::Hang) => self.pause(Duration::from_secs(3600), None),
                Some(Step::Break) => {
                    self.done = true;
                    return Poll::Ready(Some(Err(std::io::Error::other("told to break"))));
                }
                Some(Step::Forever(bytes, pause)) => {
                    let again = Step::Forever(bytes.clone(), pause);
                    self.steps.push_front(again);
                    self.pause(pause, Some(Step::Data(bytes)));
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.pause.is_none()
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        let is_waiting = self.pause.is_some() || !self.steps.is_empty();
        if !self.done && is_waiting {
            self.hangups.fetch_add(1, Ordering::SeqCst);
        }
    }
}
