//! What is kept of requests and answers: by which rule, and what became of it.
//!
//! A payload is on the disk before the record that refers to it is. Where it cannot be kept, the
//! answer stays back and the record says why, unless the configuration lets it pass; then the
//! record says so too.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::StatusCode;
use ledger::{Log, LogError};
use model::{DataSubject, Digest, Effect, Month, PayloadRef, Record, Status, has_label};
use payloads::{DataKey, Direction, Durable, KeepError, Payloads, Place, Reference, Sink};

use crate::books::Books;
use crate::gate::Gate;
use crate::unrecorded::{FailMode, Writing};

/// How much of a payload is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    #[default]
    Off,
    /// As it leaves the gate: what inspection took out is not in it.
    Redacted,
    /// As it came to the gate.
    Full,
}

impl Keep {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Redacted => "redacted",
            Self::Full => "full",
        }
    }
}

/// For some calls. What is left out is true of any.
#[derive(Clone, Debug)]
pub struct Rule {
    pub provider: Option<policy::Pattern>,
    pub agent: Option<policy::Pattern>,
    /// A label of the request, such as `pii.email`, or a family of them, such as `pii`.
    pub label: Option<String>,
    pub keep: Keep,
}

/// Which calls are kept how.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The first that fits decides.
    pub list: Vec<Rule>,
    pub otherwise: Keep,
}

/// One tenant's way of keeping payloads.
pub struct Keeping {
    pub payloads: Arc<Payloads>,
    pub rules: Rules,
    /// The labels that retention knows payloads by. The first that a request has counts.
    pub retention_labels: Vec<String>,
    /// Bytes that are kept of one payload.
    pub max_bytes: u64,
    /// Whether an answer may leave though it, or what it answers, could not be kept.
    pub may_fail: bool,
}

impl Rule {
    fn fits(&self, provider: Option<&str>, agent: &str, labels: &[String]) -> bool {
        let is = |pattern: &Option<policy::Pattern>, text: Option<&str>| {
            let Some(pattern) = pattern else { return true };
            text.is_some_and(|text| pattern.matches(text))
        };
        is(&self.provider, provider)
            && is(&self.agent, Some(agent))
            && self.label.as_ref().is_none_or(|wanted| has_label(labels, wanted))
    }
}

impl Rules {
    /// Whether anything is ever kept.
    pub fn keep_anything(&self) -> bool {
        self.otherwise != Keep::Off || self.list.iter().any(|rule| rule.keep != Keep::Off)
    }

    /// How a call's payloads are kept. `provider` is not known of a call that was refused early.
    pub fn keep(&self, provider: Option<&str>, agent: &str, labels: &[String]) -> Keep {
        let fits = |rule: &&Rule| rule.fits(provider, agent, labels);
        self.list.iter().find(fits).map_or(self.otherwise, |rule| rule.keep)
    }
}

/// What one action keeps, and how far that has come.
pub(crate) struct Kept {
    keeping: Arc<Keeping>,
    key: Arc<DataKey>,
    pub(crate) keep: Keep,
    request: Ended,
    response: Answer,
    coding: String,
}

/// An answer as far as it has come.
enum Answer {
    None,
    Passing(Box<Sink>),
    Failed(KeepError),
}

/// A payload of which all is on its way.
struct Ended {
    durable: Durable,
    is_truncated: bool,
}

impl Kept {
    /// Takes in a request's body. The key that is needed for it is on the disk when this answers.
    pub(crate) async fn begin(
        keeping: Arc<Keeping>,
        keep: Keep,
        record: &Record,
        labels: &[String],
        (body, coding): (&[u8], &str),
    ) -> Result<Self, KeepError> {
        let subject = subject(record).ok_or(KeepError::Closed)?;
        let label = keeping.retention_labels.iter().find(|label| has_label(labels, label));
        let label = label.map_or("", String::as_str);
        let key = keeping.payloads.key(&subject, Month::of(record.time), label).await?;
        let place = place(record, Direction::Request);
        let mut sink = keeping.payloads.keep(&key, place, coding, keeping.max_bytes)?;
        sink.push(body);
        let request = Ended::of(sink);
        Ok(Self { keeping, key, keep, request, response: Answer::None, coding: String::new() })
    }

    /// The content coding of the answer whose bytes come next.
    pub(crate) fn answer_coding(&mut self, coding: &str) {
        coding.clone_into(&mut self.coding);
    }

    /// Takes in a part of the answer. What goes wrong is told at the end.
    pub(crate) fn push(&mut self, record: &Record, bytes: &[u8]) {
        if let Answer::None = self.response {
            let Self { keeping, key, coding, .. } = self;
            let place = place(record, Direction::Response);
            let sink = keeping.payloads.keep(key, place, coding, keeping.max_bytes);
            self.response =
                sink.map_or_else(Answer::Failed, |sink| Answer::Passing(Box::new(sink)));
        }
        if let Answer::Passing(sink) = &mut self.response {
            sink.push(bytes);
        }
    }

    /// Where the request is kept, if that is durable already.
    pub(crate) fn request_now(&mut self) -> Option<Reference> {
        self.request.durable.now()
    }
}

impl Ended {
    fn of(sink: Sink) -> Self {
        Self { is_truncated: sink.is_truncated(), durable: sink.finish() }
    }
}

/// Whose data it is: the person's on whose behalf the agent acts, or else the agent's.
fn subject(record: &Record) -> Option<DataSubject> {
    let person = record.on_behalf_of.clone().map(DataSubject::Person);
    person.or_else(|| record.agent.clone().map(DataSubject::Agent))
}

fn place(record: &Record, direction: Direction) -> Place {
    Place { tenant: record.tenant.clone(), record: record.id, direction }
}

/// Why nothing more may leave.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unfinished {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the payload could not be kept")]
    Payload,
}

/// Resolves once an action's record is durable, and before it what the record refers to.
pub enum Finishing {
    Record(Writing),
    Kept(Box<Late>),
}

impl Future for Finishing {
    type Output = Result<(), Unfinished>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Record(writing) => {
                let written = ready!(Pin::new(writing).poll(cx));
                Poll::Ready(written.map_err(Unfinished::from))
            }
            Self::Kept(late) => late.poll(cx),
        }
    }
}

/// A record that waits for its payloads. Dropped before it was written, it is written as it is.
pub struct Late {
    gate: Arc<Gate>,
    books: Arc<Books>,
    log: Log,
    record: Record,
    keep: Keep,
    may_fail: bool,
    max_bytes: u64,
    request: Option<Ended>,
    response: Option<Ended>,
    written: Option<Writing>,
    mode: FailMode,
    is_lost: bool,
    /// The head of the answer has left already.
    has_begun: bool,
}

impl Late {
    pub(crate) fn new(
        (gate, books): (&Arc<Gate>, &Arc<Books>),
        (log, mode): (&Log, FailMode),
        record: Record,
        kept: Kept,
        has_begun: bool,
    ) -> Self {
        let Kept { keeping, keep, request, response, .. } = kept;
        Self {
            gate: gate.clone(),
            books: books.clone(),
            log: log.clone(),
            record,
            keep,
            may_fail: keeping.may_fail,
            max_bytes: keeping.max_bytes,
            request: Some(request),
            response: match response {
                Answer::None => None,
                Answer::Passing(sink) => Some(Ended::of(*sink)),
                Answer::Failed(error) => {
                    Some(Ended { durable: Durable::failed(error), is_truncated: false })
                }
            },
            written: None,
            mode,
            is_lost: false,
            has_begun,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Unfinished>> {
        for direction in [Direction::Request, Direction::Response] {
            let Some(ended) = self.ended(direction) else { continue };
            let result = ready!(Pin::new(&mut ended.durable).poll(cx));
            self.note(direction, result);
        }
        if self.written.is_none() {
            self.decide();
            self.gate.observe(&self.books, &self.record);
            self.written = Some(Writing::new(&self.log, &self.books, &self.record, self.mode));
        }
        if let Some(written) = &mut self.written {
            ready!(Pin::new(written).poll(cx))?;
        }
        Poll::Ready(match self.is_lost && !self.may_fail {
            true => Err(Unfinished::Payload),
            false => Ok(()),
        })
    }

    fn ended(&mut self, direction: Direction) -> Option<&mut Ended> {
        match direction {
            Direction::Request => self.request.as_mut(),
            Direction::Response => self.response.as_mut(),
        }
    }

    /// Puts into the record what became of a payload.
    fn note(&mut self, direction: Direction, result: Result<Reference, KeepError>) {
        let ended = match direction {
            Direction::Request => self.request.take(),
            Direction::Response => self.response.take(),
        };
        let said = match &result {
            Ok(_) if ended.is_some_and(|ended| ended.is_truncated) => {
                format!("{}, cut off after {} bytes", self.keep.as_str(), self.max_bytes)
            }
            Ok(_) => self.keep.as_str().to_owned(),
            Err(error) => {
                self.is_lost = true;
                tracing::error!(%error, record = %self.record.id, "a payload could not be kept");
                format!("could not be kept: {error}")
            }
        };
        let payload = match direction {
            Direction::Request => &mut self.record.payload.request,
            Direction::Response => &mut self.record.payload.response,
        };
        if let Ok(reference) = result {
            let nothing = || PayloadRef { reference: None, sha256: Digest::of(b"") };
            payload.get_or_insert_with(nothing).reference = Some(reference.to_string());
        }
        self.record.detail.insert(noted(direction).into(), said);
    }

    /// An answer that stays back because of its payload is a refusal of ours.
    fn decide(&mut self) {
        let would_leave = matches!(self.record.status, Status::Ok | Status::Failed);
        if self.is_lost && !self.may_fail && would_leave {
            self.record.status = Status::Refused;
            self.record.decision.effect = Effect::Deny;
            if !self.has_begun {
                self.record.http_status = Some(StatusCode::SERVICE_UNAVAILABLE.as_u16());
            }
            self.record.decision.reason = "what was to be kept could not be written down".into();
        }
    }
}

pub(crate) fn noted(direction: Direction) -> &'static str {
    match direction {
        Direction::Request => "kept_request",
        Direction::Response => "kept_response",
    }
}

impl Drop for Late {
    fn drop(&mut self) {
        if self.written.is_some() {
            return;
        }
        for direction in [Direction::Request, Direction::Response] {
            if let Some(reference) = self.ended(direction).and_then(|ended| ended.durable.now()) {
                self.note(direction, Ok(reference));
            }
        }
        self.gate.observe(&self.books, &self.record);
        if let Ok(bytes) = self.record.encode() {
            drop(self.log.append_unwaited(bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_decides() {
        let pattern = |text: &str| Some(policy::Pattern::new(text).unwrap());
        let rule = |provider, agent, label: Option<&str>, keep| Rule {
            provider,
            agent,
            label: label.map(str::to_owned),
            keep,
        };
        let list = vec![
            rule(None, None, Some("pii"), Keep::Off),
            rule(pattern("openai"), pattern("support-*"), None, Keep::Full),
            rule(pattern("openai"), None, None, Keep::Redacted),
        ];
        let rules = Rules { list, otherwise: Keep::Off };
        let labels = |label: &str| vec![label.to_owned()];
        for (provider, agent, labels, keep) in [
            (Some("openai"), "support-bot", vec![], Keep::Full),
            (Some("openai"), "other", vec![], Keep::Redacted),
            (Some("openai"), "other", labels("pii.email"), Keep::Off),
            (Some("openai"), "other", labels("pii"), Keep::Off),
            (Some("openai"), "other", labels("piitwo"), Keep::Redacted),
            (Some("anthropic"), "support-bot", vec![], Keep::Off),
            (None, "support-bot", vec![], Keep::Off),
        ] {
            let found = rules.keep(provider, agent, &labels);
            assert_eq!(found, keep, "{provider:?} {agent} {labels:?}");
        }
        assert!(rules.keep_anything() && !Rules::default().keep_anything());
    }
}
