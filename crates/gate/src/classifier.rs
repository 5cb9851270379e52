//! A classifier of the operator's own, in a process beside the gate: asked about the passages of which
//! our own judge is unsure.
//!
//! `POST` to its address, `{"passages":[{"text":"…","source":"tool"}]}`; the answer is
//! `{"scores":[0.93]}`, one from 0 to 1 for each. What it has said of a passage is remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use foldhash::fast::RandomState;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::Full;
use inspect::Origin;
use model::Digest;
use serde::{Deserialize, Serialize};

use crate::net::body::{BodyLimits, read_bounded};
use crate::net::upstream::{InvalidHost, Limits, Pool, Target, TargetSettings, Timeouts};

/// Passages that it is asked about for one body.
pub const MAX_PASSAGES: usize = 16;

/// Scores that are remembered; then all are forgotten.
const MAX_REMEMBERED: usize = 65_536;

/// Bytes of an answer.
const MAX_ANSWER: usize = 64 * 1024;

/// What a classifier is set up from.
#[derive(Debug)]
pub struct Settings {
    /// The host's address, without brackets.
    pub host: String,
    pub port: u16,
    pub path: Uri,
    /// How long an answer may take.
    pub timeout: Duration,
    /// The score from which a passage counts as an instruction.
    pub threshold: f64,
    /// Whether a request without an answer is refused.
    pub is_required: bool,
}

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    #[error("it cannot be reached, or took too long: {0}")]
    Unreachable(String),
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("its answer is not one score from 0 to 1 for each passage")]
    Form,
}

/// One passage, and who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Passage<'t> {
    pub text: &'t str,
    pub source: Origin,
}

/// A classifier that can be asked.
#[derive(Debug)]
pub struct Classifier {
    target: Arc<Target>,
    path: Uri,
    timeout: Duration,
    pub threshold: f64,
    pub is_required: bool,
    known: Mutex<HashMap<Digest, f64, RandomState>>,
}

#[derive(Serialize)]
struct Question<'q> {
    passages: &'q [Passage<'q>],
}

#[derive(Deserialize)]
struct Answer {
    scores: Vec<f64>,
}

impl Classifier {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// When the host is none.
    pub fn new(settings: Settings) -> Result<Self, InvalidHost> {
        let Settings { host, port, path, timeout, threshold, is_required } = settings;
        let timeouts =
            Timeouts { connect: timeout, first_byte: timeout, idle: timeout, total: timeout };
        let plain = TargetSettings::plain(&host, port);
        let target = Target::new(TargetSettings { timeouts, limits: Limits::default(), ..plain })?;
        let target = Arc::new(target);
        Ok(Self { target, path, timeout, threshold, is_required, known: Mutex::default() })
    }

    /// One score for each passage, in order.
    ///
    /// # Errors
    /// When not every passage has one in time.
    pub async fn scores(
        &self,
        pool: &Pool<Full<Bytes>>,
        passages: &[Passage<'_>],
    ) -> Result<Vec<f64>, Unanswered> {
        let new: Vec<Passage<'_>> =
            passages.iter().filter(|one| self.remembered(one).is_none()).copied().collect();
        let mut fresh = HashMap::new();
        if !new.is_empty() {
            let scores = self.ask(pool, &new).await?;
            self.remember(&new, &scores);
            fresh.extend(new.iter().map(name).zip(scores));
        }
        let score = |one: &Passage<'_>| {
            fresh.get(&name(one)).copied().or_else(|| self.remembered(one)).ok_or(Unanswered::Form)
        };
        passages.iter().map(score).collect()
    }

    async fn ask(
        &self,
        pool: &Pool<Full<Bytes>>,
        passages: &[Passage<'_>],
    ) -> Result<Vec<f64>, Unanswered> {
        let body = serde_json::to_vec(&Question { passages }).map_err(|_| Unanswered::Form)?;
        let json = HeaderValue::from_static("application/json");
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.path.clone();
        request.headers_mut().insert(CONTENT_TYPE, json.clone());
        request.headers_mut().insert(ACCEPT, json);
        request.headers_mut().remove(CONTENT_LENGTH);
        let unreachable =
            |error: &dyn std::fmt::Display| Unanswered::Unreachable(error.to_string());
        let response =
            pool.send(&self.target, request).await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let limits = BodyLimits { max_bytes: MAX_ANSWER, idle: self.timeout, total: self.timeout };
        let body = read_bounded(response.into_body(), limits).await;
        let body = body.map_err(|_| unreachable(&"its answer broke off, or is too long"))?;
        if !status.is_success() {
            return Err(Unanswered::Status(status.as_u16()));
        }
        let Answer { scores } = serde_json::from_slice(&body).map_err(|_| Unanswered::Form)?;
        let is_whole = scores.len() == passages.len()
            && scores.iter().all(|score| (0.0..=1.0).contains(score));
        if is_whole { Ok(scores) } else { Err(Unanswered::Form) }
    }

    fn remembered(&self, passage: &Passage<'_>) -> Option<f64> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&name(passage)).copied()
    }

    fn remember(&self, passages: &[Passage<'_>], scores: &[f64]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() + passages.len() > MAX_REMEMBERED {
            known.clear();
        }
        known.extend(passages.iter().map(name).zip(scores.iter().copied()));
    }
}

/// What a passage is remembered by.
fn name(passage: &Passage<'_>) -> Digest {
    let source = [passage.source as u8];
    Digest::of_parts(&[&source, passage.text.as_bytes()])
}
