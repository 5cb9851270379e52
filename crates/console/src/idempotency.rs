//! Creating something twice with one `Idempotency-Key` creates it once and answers twice.
//!
//! Answers hold keys that are shown once, so they stay in memory, for minutes, and are wiped.
//! After a restart a repeated creation meets the name that is already there: 409, no double.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use model::{Digest, Secret, Timestamp};

use crate::{Principal, Problem};

const HEADER: &str = "idempotency-key";
const MAX_KEY: usize = 255;
const MAX_ANSWERS: usize = 1_000;
const KEPT_FOR: Duration = Duration::from_secs(600);

#[derive(Default)]
pub(crate) struct Answers {
    kept: Mutex<VecDeque<Kept>>,
}

struct Kept {
    /// Of the principal, the tenant and the key: another's key is another key.
    name: Digest,
    request: Digest,
    answer: Secret,
    at: Timestamp,
}

/// A request that may be a repetition.
pub(crate) struct Attempt {
    name: Digest,
    request: Digest,
}

impl Attempt {
    /// `None` without the header.
    pub(crate) fn of(
        headers: &HeaderMap,
        who: &Principal,
        request: &str,
    ) -> Result<Option<Self>, Problem> {
        let Some(key) = headers.get(HEADER) else { return Ok(None) };
        if key.is_empty() || key.len() > MAX_KEY {
            return Err(Problem::bad_request(format!("{HEADER} has 1 to {MAX_KEY} characters")));
        }
        let parts =
            [who.tenant.as_str().as_bytes(), b"\n", who.name.as_bytes(), b"\n", key.as_bytes()];
        let name = Digest::of_parts(&parts);
        Ok(Some(Self { name, request: Digest::of(request.as_bytes()) }))
    }
}

impl Answers {
    /// The answer that the same request got before.
    pub(crate) fn find(
        &self,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<Option<Secret>, Problem> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.front().is_some_and(|oldest| now.since(oldest.at) > KEPT_FOR) {
            kept.pop_front();
        }
        match kept.iter().find(|kept| kept.name == attempt.name) {
            None => Ok(None),
            Some(found) if found.request == attempt.request => Ok(Some(found.answer.clone())),
            Some(_) => {
                let detail = "this Idempotency-Key was used for another request; take a new one";
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
            }
        }
    }

    pub(crate) fn keep(&self, attempt: Attempt, answer: Secret, at: Timestamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_ANSWERS {
            kept.pop_front();
        }
        kept.push_back(Kept { name: attempt.name, request: attempt.request, answer, at });
    }
}
