//! The way of one model API call: identify, admit, read, inspect, decide, forward, answer.
//!
//! Each step goes on or ends in a [`Refusal`]. Whichever way a call ends, its record is durable
//! before the answer leaves.

use std::sync::Arc;

use http::header::{HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Request, Response, response};
use hyper::body::Incoming;
use inspect::Engine;
use model::{Agent, Client, Effect, Kind, SessionId, clip};

use super::findings::Findings;
use super::request::{Facts, Inspected, Reading};
use super::{forward, receive, request, tally};
use crate::action::Action;
use crate::answer::{AnswerBody, Streamed};
use crate::identify::{Unidentified, identify, key_hash};
use crate::limits::{Amount, Caller};
use crate::net::body::read_bounded;
use crate::net::peer::Peer;
use crate::refusal::{Dialect, Refusal};
use crate::route::{Endpoint, Route, is_ambiguous};
use crate::snapshot::{Contained, Provider, ProviderKind, Sizes, Snapshot, Tenant, Uninspectable};
use crate::worker::Worker;

const MAX_USER_AGENT: usize = 256;

/// A call as far as it has come.
pub(super) struct Call {
    pub action: Box<Action>,
    pub dialect: Dialect,
    /// What the call is inspected with, if at all.
    pub engine: Option<Arc<Engine>>,
    snapshot: Arc<Snapshot>,
}

/// Who calls.
pub(super) struct Caught {
    pub tenant: Arc<Tenant>,
    pub agent: Arc<Agent>,
}

/// Where the call goes.
pub(super) struct Destination {
    pub provider: Arc<Provider>,
    pub endpoint: Endpoint,
    pub path: String,
}

/// Answers one call of a model API.
pub(crate) async fn serve(
    worker: &Worker,
    peer: &Peer,
    request: Request<Incoming>,
    route: Route<'_>,
) -> Response<AnswerBody> {
    let mut call = Call {
        action: Action::begin(&worker.gate, Kind::LLM_CALL),
        dialect: dialect_of(&request, &route),
        engine: None,
        snapshot: worker.gate.snapshot().clone(),
    };
    call.note_client(peer, request.headers());
    match call.attempt(worker, request, route).await {
        Ok(received) => call.deliver(received).await,
        Err(refusal) => call.refuse(&refusal).await,
    }
}

impl Call {
    async fn attempt(
        &mut self,
        worker: &Worker,
        request: Request<Incoming>,
        route: Route<'_>,
    ) -> Result<receive::Received, Refusal> {
        let (parts, body) = request.into_parts();
        if !self.action.is_admitted {
            return Err(Refusal::Busy);
        }
        let caught = self.identify(&parts.headers)?;
        if worker.gate.is_draining() {
            return Err(Refusal::Draining);
        }
        if route == Route::Unknown {
            return Err(Refusal::NoSuchRoute);
        }
        let path = path_of(&route);
        if is_ambiguous(path) {
            return Err(Refusal::AmbiguousPath);
        }
        if parts.headers.contains_key(http::header::UPGRADE) {
            return Err(Refusal::Unsupported("upgraded connections such as WebSockets"));
        }
        let endpoint = Endpoint::of(&parts.method, path);
        self.action.note("endpoint", endpoint.as_str());
        let named = self.named_provider(&caught.tenant, &route)?;
        let sizes = named.map_or_else(Sizes::default, |provider| provider.limits);
        let body = read_bounded(body, sizes.body_limits()).await.map_err(Refusal::Unreadable)?;
        self.action.request_body(&body);

        let reading = Reading {
            engine: self.engine.as_deref(),
            must_be_json: endpoint.needs_model(),
            max_decoded: sizes.request_bytes,
        };
        let mut inspected =
            request::inspect(&reading, &parts.headers, body, &mut self.action.findings)?;
        let provider = match named {
            Some(provider) => provider.clone(),
            None => self.provider_by_model(&caught.tenant, &inspected.facts)?,
        };
        self.admit(&caught, &provider)?;
        let destination = Destination { provider, endpoint, path: path.to_owned() };
        self.decide(&caught, &destination, &parts, &mut inspected)?;
        self.reserve(&caught, &destination, &inspected)?;
        self.forward(worker, &caught, destination, parts, inspected).await
    }

    fn identify(&mut self, headers: &HeaderMap) -> Result<Caught, Refusal> {
        let found = self.credential(headers).map_err(|why| {
            self.action.record().kind = Kind::AUTH_ATTEMPT;
            Refusal::Unidentified(why)
        });
        let caught = found?;
        let record = self.action.record();
        record.tenant = caught.tenant.id.clone();
        record.agent = Some(caught.agent.name.clone());
        record.zone = Some(caught.agent.zone.clone());
        let session = headers.get("portcullis-session").and_then(|v| v.to_str().ok());
        record.session = session.and_then(|text| SessionId::new(text).ok());
        record.trace = headers.get("traceparent").and_then(trace_id);
        self.action.use_log(&caught.tenant.log);
        self.engine.clone_from(&caught.tenant.engine);
        match caught.tenant.contained(&caught.agent) {
            None => Ok(caught),
            Some(contained) => Err(Refusal::Contained(contained)),
        }
    }

    fn credential(&mut self, headers: &HeaderMap) -> Result<Caught, Unidentified> {
        let hash = key_hash(headers)?;
        let shown = hash.to_string();
        self.action.record().client.credential = format!("key:{}", clip(&shown, 8));
        let credential = identify(&self.snapshot, &hash, self.action.gate.now())?;
        let tenant = self.snapshot.tenants.get(&credential.tenant).ok_or(Unidentified::Unknown)?;
        let agent = tenant.agents.get(&credential.agent).ok_or(Unidentified::Unknown)?;
        Ok(Caught { tenant: tenant.clone(), agent: agent.clone() })
    }

    fn named_provider<'t>(
        &mut self,
        tenant: &'t Tenant,
        route: &Route<'_>,
    ) -> Result<Option<&'t Arc<Provider>>, Refusal> {
        let Route::Provider { provider, .. } = route else { return Ok(None) };
        let found = tenant.provider(provider).ok_or(Refusal::NoSuchProvider)?;
        self.dialect = found.kind.into();
        Ok(Some(found))
    }

    fn provider_by_model(
        &mut self,
        tenant: &Tenant,
        facts: &Facts,
    ) -> Result<Arc<Provider>, Refusal> {
        let kind = match self.dialect {
            Dialect::Anthropic => ProviderKind::Anthropic,
            _ => ProviderKind::OpenAi,
        };
        let found = tenant.provider_for(facts.model.as_deref(), Some(kind));
        found.cloned().ok_or(Refusal::NoProviderForModel)
    }

    /// The kill switch, for the provider.
    fn admit(&mut self, caught: &Caught, provider: &Arc<Provider>) -> Result<(), Refusal> {
        match provider.standing.is_active() {
            true => Ok(()),
            false => {
                self.action.on_model(provider, None);
                tracing::debug!(agent = %caught.agent.name, provider = %provider.name, "provider is contained");
                Err(Refusal::Contained(Contained::Provider(provider.standing)))
            }
        }
    }

    fn decide(
        &mut self,
        caught: &Caught,
        to: &Destination,
        parts: &Parts,
        inspected: &mut Inspected,
    ) -> Result<(), Refusal> {
        let model = inspected.facts.model.as_deref();
        self.action.on_model(&to.provider, model);
        if to.endpoint.needs_model() && model.is_none() {
            return Err(Refusal::Malformed("The request names no `model`.".into()));
        }
        if let Some(engine) = &self.engine {
            forward::inspect_head(engine, parts, &mut Vec::new())?;
        }
        let verdict = self.verdict(caught, to, &inspected.facts);
        let record = self.action.record();
        record.decision.policies.clone_from(&verdict.policies);
        record.decision.obligations.clone_from(&verdict.obligations);
        self.action.decide(verdict.effect, verdict.reason.clone());
        match verdict.effect {
            Effect::Deny => return Err(Refusal::Denied(verdict)),
            Effect::Hold => return Err(Refusal::Held(verdict)),
            Effect::Permit | Effect::Redact => {}
        }
        if let Some(unmet) = verdict.obligations.iter().find(|o| *o != "redact") {
            tracing::warn!(obligation = %unmet, "an obligation that model calls cannot meet");
            return Err(Refusal::Denied(verdict));
        }
        if verdict.obligations.iter().any(|obligation| obligation == "redact") {
            self.redact(caught, parts, inspected)?;
        }
        self.enforce(to, inspected)
    }

    /// An obligation to redact: from here on whatever is found is masked.
    fn redact(
        &mut self,
        caught: &Caught,
        parts: &Parts,
        inspected: &mut Inspected,
    ) -> Result<(), Refusal> {
        let Some(engine) = &caught.tenant.redacting else {
            return Err(Refusal::Uninspectable("inspection is off, so it could not be redacted"));
        };
        self.engine = Some(engine.clone());
        let mut headers = parts.headers.clone();
        if inspected.is_decoded {
            headers.remove(http::header::CONTENT_ENCODING);
        }
        let reading = Reading {
            engine: Some(engine),
            must_be_json: false,
            max_decoded: Sizes::default().request_bytes,
        };
        let mut found = Findings::default();
        let again = request::inspect(&reading, &headers, inspected.body.clone(), &mut found)?;
        if found.anything_masked() {
            self.action.decide(Effect::Redact, "a policy has everything that is found taken out");
        }
        inspected.is_decoded |= again.is_decoded;
        inspected.body = again.body;
        Ok(())
    }

    fn verdict(&self, caught: &Caught, to: &Destination, facts: &Facts) -> Arc<policy::Verdict> {
        let action = match to.endpoint {
            Endpoint::Models => policy::Action::ListModels,
            Endpoint::Other => policy::Action::UseProvider,
            _ => policy::Action::CallModel,
        };
        let context = policy::Context {
            time: self.action.gate.now(),
            stream: facts.is_streamed,
            max_output_tokens: facts.max_output_tokens,
            findings: &self.action.findings.kinds(),
            labels: &[],
            endpoint: &to.path,
        };
        let model = facts.model.as_deref();
        let resource = policy::Resource { provider: &to.provider.name, model };
        let agent = &caught.agent;
        let question = policy::Question { agent, on_behalf_of: None, action, resource, context };
        caught.tenant.bundle.decide(&question)
    }

    /// Whether the agent may call a model of a list: the same decision that the call will meet.
    pub(super) fn may_call(&self, caught: &Caught, to: &Destination, model: &str) -> bool {
        let context = policy::Context {
            time: self.action.gate.now(),
            stream: false,
            max_output_tokens: None,
            findings: &[],
            labels: &[],
            endpoint: &to.path,
        };
        let resource = policy::Resource { provider: &to.provider.name, model: Some(model) };
        let (agent, action) = (&caught.agent, policy::Action::CallModel);
        let question = policy::Question { agent, on_behalf_of: None, action, resource, context };
        caught.tenant.bundle.decide(&question).effect != Effect::Deny
    }

    /// What inspection asks for, after the policies had their say.
    fn enforce(&mut self, to: &Destination, inspected: &Inspected) -> Result<(), Refusal> {
        if let Some(kind) = self.action.findings.blocker() {
            return Err(Refusal::Blocked(kind.to_owned()));
        }
        if self.engine.is_some() && inspected.uninspected > 0 {
            self.action.note("uninspected", inspected.uninspected.to_string());
            if to.provider.uninspectable == Uninspectable::Refuse && to.endpoint == Endpoint::Other
            {
                return Err(Refusal::Uninspectable("this request has binary content"));
            }
        }
        if self.action.findings.anything_masked() {
            self.action.decide(Effect::Redact, "something was taken out of the request");
        }
        Ok(())
    }

    fn reserve(
        &mut self,
        caught: &Caught,
        to: &Destination,
        inspected: &Inspected,
    ) -> Result<(), Refusal> {
        let input = tally::estimate(&inspected.body);
        let output = match to.endpoint {
            Endpoint::ChatCompletions
            | Endpoint::Completions
            | Endpoint::Responses
            | Endpoint::Messages => {
                inspected.facts.output_ceiling(to.provider.limits.output_tokens)
            }
            _ => 0,
        };
        let model = inspected.facts.model.as_deref().unwrap_or_default();
        let amount = Amount {
            tokens: if to.endpoint.needs_model() { input.saturating_add(output) } else { 0 },
            spend: to.provider.cost(model, input, output),
            bytes: inspected.body.len() as u64,
        };
        let caller = Caller {
            tenant: &caught.tenant.id,
            agent: caught.agent.name.as_str(),
            provider: to.provider.name.as_str(),
        };
        let gate = &self.action.gate;
        let reserved = gate.counters.reserve(&caught.tenant.limits, &caller, amount, gate.now());
        self.action.reserved(reserved.map_err(Refusal::Limit)?);
        Ok(())
    }

    async fn forward(
        &mut self,
        worker: &Worker,
        caught: &Caught,
        to: Destination,
        parts: Parts,
        inspected: Inspected,
    ) -> Result<receive::Received, Refusal> {
        let Inspected { body, is_decoded, facts, .. } = inspected;
        let estimate = tally::estimate(&body);
        let request =
            forward::request(parts, &to.provider, &to.path, body, is_decoded, facts.is_streamed)?;
        let contained = self.action.gate.until_contained(
            &caught.tenant.id,
            &caught.agent.name,
            &to.provider.name,
        );
        receive::receive(self, worker, caught, &to, request, estimate, contained).await
    }

    /// Completes the record, then lets the answer go.
    async fn deliver(mut self, received: receive::Received) -> Response<AnswerBody> {
        let id = self.action.id();
        match received {
            receive::Received::Whole { mut parts, body, status } => {
                self.action.record().http_status = Some(parts.status.as_u16());
                self.action.answer_bytes(&body);
                let effect = self.action.record().decision.effect;
                if self.action.finish(status).await.is_err() {
                    return self.unrecorded();
                }
                stamp(&mut parts, &id.to_string(), effect);
                Response::from_parts(parts, AnswerBody::from(body))
            }
            receive::Received::Streamed { mut parts, source, filter, contained } => {
                let record = self.action.record();
                record.http_status = Some(parts.status.as_u16());
                let effect = record.decision.effect;
                stamp(&mut parts, &id.to_string(), effect);
                let streamed = Streamed::new(source, filter, self.action, self.dialect, contained);
                Response::from_parts(parts, AnswerBody::Streamed(Box::new(streamed)))
            }
        }
    }

    async fn refuse(mut self, refusal: &Refusal) -> Response<AnswerBody> {
        let message = refusal.message();
        let record = self.action.record();
        record.http_status = Some(refusal.status().as_u16());
        let id = record.id;
        self.action.refuse(refusal, message);
        if self.action.finish(refusal.outcome()).await.is_err() {
            return self.unrecorded();
        }
        let (mut parts, body) = refusal.answer(self.dialect, id).into_parts();
        stamp(&mut parts, &id.to_string(), refusal.effect());
        Response::from_parts(parts, body)
    }

    /// The log is down: nothing that was not recorded leaves.
    fn unrecorded(&self) -> Response<AnswerBody> {
        let id = self.action.id();
        let (mut parts, body) = Refusal::LogDown.answer(self.dialect, id).into_parts();
        stamp(&mut parts, &id.to_string(), Effect::Deny);
        Response::from_parts(parts, body)
    }

    fn note_client(&mut self, peer: &Peer, headers: &HeaderMap) {
        let user_agent =
            headers.get(http::header::USER_AGENT).map(|v| String::from_utf8_lossy(v.as_bytes()));
        self.action.record().client = Client {
            address: peer.address.to_string(),
            credential: String::new(),
            user_agent: user_agent
                .map_or_else(String::new, |text| clip(&text, MAX_USER_AGENT).to_owned()),
        };
    }
}

/// The headers that every answer carries.
fn stamp(parts: &mut response::Parts, id: &str, effect: Effect) {
    if let Ok(value) = HeaderValue::from_str(id) {
        parts.headers.insert("portcullis-record", value);
    }
    parts.headers.insert("portcullis-decision", HeaderValue::from_static(effect.as_str()));
}

/// The shape of errors before the provider is known.
fn dialect_of(request: &Request<Incoming>, route: &Route<'_>) -> Dialect {
    let path = path_of(route);
    let is_anthropic =
        path.starts_with("/v1/messages") || request.headers().contains_key("anthropic-version");
    match route {
        Route::Unknown | Route::Health | Route::Ready => Dialect::Problem,
        _ if is_anthropic => Dialect::Anthropic,
        _ => Dialect::OpenAi,
    }
}

fn path_of<'a>(route: &Route<'a>) -> &'a str {
    match route {
        Route::Provider { path, .. } | Route::ByModel { path } => path,
        _ => "",
    }
}

/// The `trace-id` of a traceparent header (W3C Trace Context, section 3.2.2).
fn trace_id(value: &HeaderValue) -> Option<String> {
    let id = value.to_str().ok()?.split('-').nth(1)?;
    let is_valid = id.len() == 32
        && id.bytes().all(|b| b.is_ascii_hexdigit())
        && id.bytes().any(|b| b != b'0');
    is_valid.then(|| id.to_ascii_lowercase())
}
