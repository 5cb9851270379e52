//! The way of one model API call: identify, admit, read, inspect, decide, forward, answer.
//!
//! Each step goes on or ends in a [`Refusal`]. Whichever way a call ends, its record is durable
//! before the answer leaves.

use std::sync::Arc;

use http::request::Parts;
use http::{Request, Response};
use hyper::body::Incoming;
use inspect::{Engine, Vault};
use model::{Effect, Kind, Subject};

use super::keep::Sent;
use super::request::{Facts, Inspected, Reading};
use super::{doubt, forward, receive, request, tally};
use crate::action::Action;
use crate::answer::{AnswerBody, Streamed, stamp};
use crate::identify::{Asked, Caller};
use crate::keeping::{Keeping, Unfinished};
use crate::net::body::read_bounded;
use crate::net::peer::Peer;
use crate::refusal::{Dialect, Refusal};
use crate::route::{Endpoint, Route, is_ambiguous};
use crate::snapshot::{Contained, Provider, ProviderKind, Sizes, Snapshot, Tenant};
use crate::vault::Bound;
use crate::worker::Worker;

/// A call as far as it has come.
pub(crate) struct Call {
    pub action: Box<Action>,
    pub dialect: Dialect,
    /// What the call is inspected with, if at all.
    pub engine: Option<Arc<Engine>>,
    /// The tenant's vault, as this agent sees it.
    pub vault: Option<Arc<Bound>>,
    pub(crate) keeping: Option<Arc<Keeping>>,
    pub(crate) sent: Option<Sent>,
    pub(super) snapshot: Arc<Snapshot>,
    /// What a policy said that holds the call until people have approved it.
    pub(crate) held: Option<Arc<policy::Verdict>>,
    /// Of its session.
    pub(crate) labels: Vec<&'static str>,
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
    let mut call = Call::begin(worker, Kind::LLM_CALL, dialect_of(&request, &route));
    call.note_client(peer, request.headers());
    match call.attempt(worker, peer, request, route).await {
        Ok(received) => call.deliver(received).await,
        Err(refusal) => call.refuse(&refusal).await,
    }
}

impl Call {
    pub(crate) fn begin(worker: &Worker, kind: Kind, dialect: Dialect) -> Self {
        Self {
            action: Action::begin(&worker.gate, kind),
            dialect,
            engine: None,
            vault: None,
            keeping: None,
            sent: None,
            snapshot: worker.gate.snapshot().clone(),
            held: None,
            labels: Vec::new(),
        }
    }

    async fn attempt(
        &mut self,
        worker: &Worker,
        peer: &Peer,
        request: Request<Incoming>,
        route: Route<'_>,
    ) -> Result<receive::Received, Refusal> {
        let (parts, body) = request.into_parts();
        if !self.action.is_admitted {
            return Err(Refusal::Busy);
        }
        let asked = Asked { method: &parts.method, uri: &parts.uri, headers: &parts.headers, peer };
        let caller = self.identify(asked).await?;
        if worker.gate.is_draining() {
            return Err(Refusal::Draining);
        }
        match route {
            Route::Unknown => return Err(Refusal::NoSuchRoute),
            Route::Proxy => return Err(Refusal::Unsupported("requests for a forward proxy")),
            _ => {}
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
        let named = self.named_provider(&caller.tenant, &route)?;
        let sizes = named.map_or_else(Sizes::default, |provider| provider.limits);
        let body = read_bounded(body, sizes.body_limits()).await.map_err(Refusal::Unreadable)?;
        self.action.request_body(&body);
        self.sent = Sent::of(&parts.headers, &body).filter(|_| self.keeping.is_some());
        caller.check_body(&body).map_err(Refusal::Unidentified)?;

        let reading = Reading {
            engine: self.engine.as_deref(),
            must_be_json: endpoint.needs_model(),
            max_decoded: sizes.request_bytes,
            vault: self.vault.as_deref().map(|vault| vault as &dyn Vault),
            is_judged: false,
        };
        let sent = body.clone();
        let mut examined =
            request::examine(&reading, &parts.headers, body, &mut self.action.findings)?;
        self.second_judge(worker, &caller, &mut examined).await?;
        let session = self.action.record().session.clone();
        if endpoint.needs_model() {
            self.overhear(&caller, examined.said(), &examined.parts);
        }
        let mut inspected = examined.finish();
        std::mem::take(&mut inspected.heard).note(&mut self.action);
        let provider = match named {
            Some(provider) => provider.clone(),
            None => self.provider_by_model(&caller.tenant, &inspected.facts)?,
        };
        self.admit(&caller, &provider)?;
        let destination = Destination { provider, endpoint, path: path.to_owned() };
        self.decide(&caller, &destination, &parts, &mut inspected)?;
        self.reserve(&caller, &destination, &inspected)?;
        self.approve(&caller, &parts, sent).await?;
        self.count_repeats(&caller, &parts, session.as_ref())?;
        self.action.check_log()?;
        self.persist().await?;
        self.keep(&destination.provider, &inspected).await?;
        self.forward(worker, &caller, destination, parts, inspected).await
    }

    /// Asks the classifier of one's own, where there is one and our judge is unsure.
    async fn second_judge(
        &mut self,
        worker: &Worker,
        caller: &Caller,
        examined: &mut request::Examined,
    ) -> Result<(), Refusal> {
        let (Some(classifier), Some(engine)) = (&caller.tenant.classifier, &self.engine) else {
            return Ok(());
        };
        let mut judged = std::mem::take(&mut examined.judged);
        let findings = &mut self.action.findings;
        let second = (&**classifier, &worker.pool);
        let asked = doubt::ask(second, engine, &mut judged, examined.text(), findings).await;
        if let Err(error) = asked {
            tracing::warn!(%error, "the classifier gave no answer");
            judged.heard.is_unanswered = true;
            if classifier.is_required {
                return Err(Refusal::Uninspectable("its classifier gave no answer"));
            }
        }
        examined.judged = judged;
        Ok(())
    }

    /// What was tokenised must be durable before its placeholder leaves.
    pub(crate) async fn persist(&self) -> Result<(), Refusal> {
        let Some(vault) = &self.vault else { return Ok(()) };
        vault.persist().await.map_err(|error| {
            tracing::error!(%error, "the vault could not be written");
            Refusal::VaultDown
        })
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

    /// The kill switch, for the provider; and whether somebody answers for the call.
    fn admit(&mut self, caller: &Caller, provider: &Arc<Provider>) -> Result<(), Refusal> {
        self.action.fails(provider.fails);
        match provider.standing.is_active() {
            true if provider.needs_person && caller.person.is_none() => {
                self.action.on_model(provider, None);
                Err(Refusal::Unattributable)
            }
            true => Ok(()),
            false => {
                self.action.on_model(provider, None);
                tracing::debug!(agent = %caller.agent.name, provider = %provider.name, "provider is contained");
                Err(Refusal::Contained(Contained::Provider(provider.standing)))
            }
        }
    }

    async fn forward(
        &mut self,
        worker: &Worker,
        caller: &Caller,
        to: Destination,
        parts: Parts,
        inspected: Inspected,
    ) -> Result<receive::Received, Refusal> {
        let Inspected { body, is_decoded, facts, .. } = inspected;
        let estimate = tally::estimate(&body);
        let request =
            forward::request(parts, &to.provider, &to.path, body, is_decoded, facts.is_streamed)?;
        let place = Subject::Provider(to.provider.name.clone());
        let contained = self.action.gate.until_contained(caller, &place);
        receive::receive(self, worker, caller, &to, request, estimate, contained).await
    }

    /// Completes the record, then lets the answer go.
    async fn deliver(mut self, received: receive::Received) -> Response<AnswerBody> {
        let id = self.action.id();
        match received {
            receive::Received::Whole { mut parts, body, status } => {
                self.action.record().http_status = Some(parts.status.as_u16());
                self.action.answer_head(&parts.headers);
                self.action.answer_bytes(&body);
                let effect = self.action.record().decision.effect;
                if let Err(why) = self.action.finish(status).await {
                    return self.unfinished(&why);
                }
                stamp(&mut parts, &id.to_string(), effect);
                self.action.say_failing(&mut parts.headers);
                Response::from_parts(parts, AnswerBody::from(body))
            }
            receive::Received::Streamed { mut parts, source, filter, listening, contained } => {
                let record = self.action.record();
                record.http_status = Some(parts.status.as_u16());
                let effect = record.decision.effect;
                stamp(&mut parts, &id.to_string(), effect);
                self.action.say_failing(&mut parts.headers);
                let streamed = Streamed::new(source, filter, self.action, self.dialect, contained);
                let streamed = streamed.heard_by(listening);
                Response::from_parts(parts, AnswerBody::Streamed(Box::new(streamed)))
            }
        }
    }

    async fn refuse(mut self, refusal: &Refusal) -> Response<AnswerBody> {
        self.keep_refused().await;
        let message = refusal.message();
        let record = self.action.record();
        record.http_status = Some(refusal.status().as_u16());
        let id = record.id;
        self.action.refuse(refusal, message);
        if let Err(why @ Unfinished::Log(_)) = self.action.finish(refusal.outcome()).await {
            return self.unfinished(&why);
        }
        let (mut parts, body) = refusal.answer(self.dialect, id).into_parts();
        stamp(&mut parts, &id.to_string(), refusal.effect());
        Response::from_parts(parts, body)
    }

    /// Nothing leaves that was not recorded, or not kept as it must be.
    fn unfinished(&self, why: &Unfinished) -> Response<AnswerBody> {
        let id = self.action.id();
        let refusal = match why {
            Unfinished::Log(_) => Refusal::LogDown,
            Unfinished::Payload => Refusal::PayloadsDown,
        };
        let (mut parts, body) = refusal.answer(self.dialect, id).into_parts();
        stamp(&mut parts, &id.to_string(), Effect::Deny);
        Response::from_parts(parts, body)
    }
}

/// The shape of errors before the provider is known.
fn dialect_of(request: &Request<Incoming>, route: &Route<'_>) -> Dialect {
    let path = path_of(route);
    let is_anthropic =
        path.starts_with("/v1/messages") || request.headers().contains_key("anthropic-version");
    match route {
        Route::Provider { .. } | Route::ByModel { .. } if is_anthropic => Dialect::Anthropic,
        Route::Provider { .. } | Route::ByModel { .. } => Dialect::OpenAi,
        _ => Dialect::Problem,
    }
}

fn path_of<'a>(route: &Route<'a>) -> &'a str {
    match route {
        Route::Provider { path, .. } | Route::ByModel { path } => path,
        _ => "",
    }
}
