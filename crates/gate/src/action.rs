//! One action on its way through the gate, and the record that it leaves behind.
//!
//! An [`Action`] that is dropped before it was finished leaves a record too: the agent hung up.
//! So there is no way through the gate that leaves none.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};
use ledger::{Append, Log};
use model::{Decision, Digest, Effect, Kind, PayloadRef, Record, RecordId, Resource, Status, clip};
use payloads::{Direction, KeepError};

use crate::answer::FAILING;
use crate::books::{Books, Place};
use crate::gate::Gate;
use crate::keeping::{Finishing, Keep, Keeping, Kept, Late, noted};
use crate::limits::{Amount, Reservation};
use crate::llm::findings::Findings;
use crate::refusal::Refusal;
use crate::snapshot::{Provider, Tenant};
use crate::unrecorded::{Beginning, FailMode, Writing};

const MAX_REASON: usize = 1024;

/// An action from its first byte to its record.
pub struct Action {
    pub gate: Arc<Gate>,
    log: Log,
    books: Arc<Books>,
    /// Its place among those of its tenant.
    place: Option<Place>,
    record: Record,
    pub findings: Findings,
    reservation: Option<Reservation>,
    started: Instant,
    /// Time spent waiting for the upstream.
    pub upstream: Duration,
    response: ring::digest::Context,
    kept: Option<Box<Kept>>,
    /// What tokens cost where the answer comes from.
    pricing: Option<(Arc<Provider>, String)>,
    is_finished: bool,
    has_begun: bool,
    /// What becomes of it where the log takes no record.
    mode: FailMode,
    /// There was room for it among the actions under way.
    pub is_admitted: bool,
}

impl Action {
    /// Boxed, because it moves with the call from hand to hand and is large.
    pub fn begin(gate: &Arc<Gate>, kind: Kind) -> Box<Self> {
        let tenant = model::TenantId::main();
        let record = Record::new(gate.new_id(), gate.now(), tenant, kind, Decision::default());
        Box::new(Self {
            gate: gate.clone(),
            log: gate.log.clone(),
            books: gate.books.clone(),
            place: None,
            record,
            findings: Findings::default(),
            reservation: None,
            started: Instant::now(),
            upstream: Duration::ZERO,
            response: ring::digest::Context::new(&ring::digest::SHA256),
            kept: None,
            pricing: None,
            is_finished: false,
            has_begun: false,
            mode: FailMode::Closed,
            is_admitted: gate.enter(),
        })
    }

    pub fn id(&self) -> RecordId {
        self.record.id
    }

    /// The record in the making.
    pub fn record(&mut self) -> &mut Record {
        &mut self.record
    }

    /// What it is done to, as the record names it.
    pub fn shown(&self) -> &str {
        self.record.resource.as_ref().map_or("", |resource| &resource.name)
    }

    /// From here on it is one of this tenant's, in its log and its books; whether the tenant may have
    /// one more under way.
    pub fn belongs_to(&mut self, tenant: &Tenant) -> bool {
        self.log = tenant.log.clone();
        self.books = tenant.books.clone();
        self.place = tenant.books.enter(tenant.in_flight);
        self.place.is_some()
    }

    /// Says what the route that it takes does where the log takes no record.
    pub(crate) fn fails(&mut self, mode: FailMode) {
        self.mode = mode;
    }

    /// Whether the log takes records, or the route passes calls without. To be asked before anything
    /// leaves that cannot be taken back.
    pub(crate) fn check_log(&self) -> Result<(), Refusal> {
        match self.mode {
            FailMode::Closed if self.is_log_down() => Err(Refusal::LogDown),
            _ => Ok(()),
        }
    }

    pub(crate) fn is_log_down(&self) -> bool {
        !matches!(self.log.health(), ledger::Health::Running)
    }

    /// Marks an answer that passes without its record being written.
    pub(crate) fn say_failing(&self, headers: &mut HeaderMap) {
        if self.mode == FailMode::Open && self.is_log_down() {
            headers.insert(FAILING, HeaderValue::from_static("log"));
        }
    }

    /// It happens within another action, so it is of the same tenant.
    pub(crate) fn within(&mut self, other: &Self) {
        self.log = other.log.clone();
        self.books = other.books.clone();
        self.mode = other.mode;
    }

    pub fn on_model(&mut self, provider: &Arc<Provider>, model: Option<&str>) {
        let model = model.unwrap_or_default();
        let name = match model {
            "" => provider.name.to_string(),
            model => format!("{}/{}", provider.name, clip(model, 256)),
        };
        let kind = if model.is_empty() { "provider" } else { "model" };
        self.record.resource = Some(Resource { name, kind: kind.into() });
        self.pricing = Some((provider.clone(), model.to_owned()));
    }

    pub fn reserved(&mut self, reservation: Reservation) {
        self.reservation = Some(reservation);
    }

    /// What was reserved, for a call that goes to another place too.
    pub fn reservation(&mut self) -> Option<&mut Reservation> {
        self.reservation.as_mut()
    }

    /// What the agent sent, by its hash.
    pub fn request_body(&mut self, body: &[u8]) {
        self.record.usage.bytes_in = body.len() as u64;
        let sha256 = Digest::of(body);
        self.record.payload.request = Some(PayloadRef { reference: None, sha256 });
    }

    /// How this action's payloads are kept, as far as is known of it.
    pub fn how_kept(&self, keeping: &Keeping, provider: Option<&str>) -> Keep {
        let agent = self.record.agent.as_ref().map_or("", |agent| agent.as_str());
        keeping.rules.keep(provider, agent, &self.labels())
    }

    /// Those that the action has by now.
    fn labels(&self) -> Vec<String> {
        [&self.record.labels[..], self.findings.marks()].concat()
    }

    /// Begins to keep payloads, the request first. An error says that nothing of this action is
    /// kept; the record says it too.
    pub async fn keep(
        &mut self,
        keeping: Arc<Keeping>,
        keep: Keep,
        body: &[u8],
        coding: &str,
    ) -> Result<(), KeepError> {
        let labels = self.labels();
        match Kept::begin(keeping, keep, &self.record, &labels, (body, coding)).await {
            Ok(kept) => {
                self.kept = Some(Box::new(kept));
                Ok(())
            }
            Err(error) => {
                self.note(noted(Direction::Request), format!("could not be kept: {error}"));
                Err(error)
            }
        }
    }

    /// The head of the answer whose bytes come next.
    pub fn answer_head(&mut self, headers: &HeaderMap) {
        let Some(kept) = &mut self.kept else { return };
        let coding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        kept.answer_coding(coding.unwrap_or_default());
    }

    /// A part of the answer as it came.
    pub fn upstream_bytes(&mut self, bytes: &[u8]) {
        self.keep_answer(Keep::Full, bytes);
    }

    /// A part of what the agent is sent.
    pub fn answer_bytes(&mut self, bytes: &[u8]) {
        self.record.usage.bytes_out += bytes.len() as u64;
        self.response.update(bytes);
        self.keep_answer(Keep::Redacted, bytes);
    }

    fn keep_answer(&mut self, as_it: Keep, bytes: &[u8]) {
        if let Some(kept) = self.kept.as_mut().filter(|kept| kept.keep == as_it) {
            kept.push(&self.record, bytes);
        }
    }

    pub fn tokens(&mut self, input: u64, output: u64) {
        self.record.usage.input_tokens = input;
        self.record.usage.output_tokens = output;
    }

    pub fn note(&mut self, name: &'static str, value: impl Into<String>) {
        self.record.detail.insert(Cow::Borrowed(name), value.into());
    }

    /// One more of several, after a comma.
    pub fn note_more(&mut self, name: &'static str, value: &str) {
        let noted = self.record.detail.entry(Cow::Borrowed(name)).or_default();
        if !noted.is_empty() {
            noted.push(',');
        }
        noted.push_str(value);
    }

    pub fn has_noted(&self, name: &str) -> bool {
        self.record.detail.contains_key(name)
    }

    pub fn decide(&mut self, effect: Effect, reason: impl Into<Cow<'static, str>>) {
        self.record.decision.effect = effect;
        let reason = reason.into();
        self.record.decision.reason = match reason.len() > MAX_REASON {
            true => clip(&reason, MAX_REASON).to_owned().into(),
            false => reason,
        };
    }

    /// The decision that a refusal is. Policies are named only where they decided it.
    pub fn refuse(&mut self, refusal: &Refusal, message: String) {
        if !refusal.is_of_a_policy() {
            self.record.decision.policies.clear();
        }
        self.decide(refusal.effect(), message);
    }

    /// Writes that the action has begun. The future resolves when that is durable.
    pub fn announce(&mut self) -> Beginning {
        self.has_begun = true;
        let mut begun = self.record.clone();
        let kept = self.kept.as_mut().and_then(|kept| kept.request_now());
        if let (Some(request), Some(reference)) = (&mut begun.payload.request, kept) {
            request.reference = Some(reference.to_string());
        }
        begun.status = Status::Begun;
        begun.findings = self.findings.as_slice().to_vec();
        Writing::of_beginning(append(&self.log, &begun), self.mode)
    }

    /// Completes the record. The future resolves when it is durable, and what it refers to;
    /// nothing more may leave before.
    pub fn finish(&mut self, status: Status) -> Finishing {
        self.is_finished = true;
        self.record.status = status;
        self.record.time = self.gate.now();
        self.record.findings = self.findings.as_slice().to_vec();
        self.record.labels.extend_from_slice(self.findings.marks());
        if self.record.usage.bytes_out > 0 {
            let mut sha256 = Digest([0; 32]);
            sha256.0.copy_from_slice(self.response.clone().finish().as_ref());
            self.record.payload.response = Some(PayloadRef { reference: None, sha256 });
        }
        self.settle();
        let whole = self.started.elapsed();
        self.record.usage.upstream_ms = millis(self.upstream);
        self.record.usage.added_ms = millis(whole.saturating_sub(self.upstream));
        if let Some(kept) = self.kept.take() {
            let record = self.record.clone();
            let told = (&self.gate, &self.books);
            let written = (&self.log, self.mode);
            let late = Late::new(told, written, record, *kept, self.has_begun);
            return Finishing::Kept(Box::new(late));
        }
        self.gate.observe(&self.books, &self.record);
        Finishing::Record(Writing::new(&self.log, &self.books, &self.record, self.mode))
    }

    /// As [`Action::finish`] where nobody waits for an answer. The log takes the record all the same.
    pub fn finish_unwaited(&mut self, status: Status) {
        let finishing = self.finish(status);
        let is_accepted = matches!(&finishing, Finishing::Record(append) if append.is_accepted());
        if !is_accepted && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(finishing);
        }
    }

    fn settle(&mut self) {
        let usage = &mut self.record.usage;
        let spend = self.pricing.as_ref().map_or(0, |(provider, model)| {
            provider.cost(model, usage.input_tokens, usage.output_tokens)
        });
        usage.cost_usd = spend as f64 / 1e6;
        let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        let used = Amount { tokens, spend, bytes: usage.bytes_in.saturating_add(usage.bytes_out) };
        let now = self.gate.now();
        match self.reservation.take() {
            Some(reservation) if self.record.status == Status::Refused && tokens == 0 => {
                reservation.cancel(now)
            }
            Some(reservation) => reservation.settle(used, now),
            None => {}
        }
    }
}

/// Hands a record to a log.
pub(crate) fn append(log: &Log, record: &Record) -> Append {
    match record.encode() {
        Ok(bytes) => log.append(bytes),
        Err(error) => {
            // Every text in a record is clipped, so this is a defect; say what can be said.
            tracing::error!(%error, record = %record.id, "a record could not be encoded");
            let mut small = Record::new(
                record.id,
                record.time,
                record.tenant.clone(),
                record.kind.clone(),
                record.decision.clone(),
            );
            small.status = record.status;
            small.agent = record.agent.clone();
            small.detail.insert("lost".into(), "the full record was too large".into());
            log.append(small.encode().unwrap_or_default())
        }
    }
}

impl Drop for Action {
    fn drop(&mut self) {
        self.gate.leave();
        if !self.is_finished {
            self.finish_unwaited(Status::Cancelled);
        }
    }
}

/// Milliseconds to the microsecond.
fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}
