//! What is decided on a call: policies, what inspection asks for, limits.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use inspect::Engine;
use model::{Digest, Effect, SessionId};
use policy::replay::ASKED;

use super::findings::Findings;
use super::request::{Facts, Inspected, Reading};
use super::serve::{Call, Destination};
use super::who::without_findings;
use super::{forward, request, tally};
use crate::approvals;
use crate::identify::Caller;
use crate::limits::{Amount, Place};
use crate::refusal::Refusal;
use crate::route::Endpoint;
use crate::snapshot::{Sizes, Uninspectable};

/// The obligations that model calls can meet.
const MET: [&str; 5] = ["approve", "flag", "four_eyes", "redact", "redact_answer"];

/// The engine that masks whatever it finds.
fn redacting(caller: &Caller) -> Result<Arc<Engine>, Refusal> {
    let found = caller.tenant.redacting.clone();
    found.ok_or(Refusal::Uninspectable("inspection is off, so it could not be redacted"))
}

/// Puts a question of whoever calls, with what was delegated to them.
fn ask<T>(
    caller: &Caller,
    action: policy::Action,
    resource: policy::Resource<'_>,
    context: policy::Context<'_>,
    put: impl FnOnce(&policy::Question<'_>) -> T,
) -> T {
    caller.with_delegation(|delegation| {
        let context = policy::Context { delegation, ..context };
        let (agent, on_behalf_of) = (&caller.agent, caller.person.as_ref());
        put(&policy::Question { agent, on_behalf_of, action, resource, context })
    })
}

impl Call {
    pub(super) fn decide(
        &mut self,
        caller: &Caller,
        to: &Destination,
        parts: &Parts,
        inspected: &mut Inspected,
    ) -> Result<(), Refusal> {
        let model = inspected.facts.model.as_deref();
        self.name_model(to, model);
        if to.endpoint.needs_model() && model.is_none() {
            return Err(Refusal::Malformed("The request names no `model`.".into()));
        }
        if let Some(engine) = &self.engine {
            forward::inspect_head(engine, parts, &mut self.action.findings)?;
        }
        let (verdict, asked) = self.verdict(caller, to, &inspected.facts);
        self.action.note(ASKED, asked);
        let record = self.action.record();
        record.decision.policies.clone_from(&verdict.policies);
        record.decision.obligations.clone_from(&verdict.obligations);
        self.action.decide(verdict.effect, verdict.reason.clone());
        match verdict.effect {
            Effect::Deny => return Err(Refusal::Denied(verdict)),
            // What inspection keeps back anyhow is put before nobody: see `approve`.
            Effect::Hold => self.held = Some(verdict.clone()),
            Effect::Permit | Effect::Redact => {}
        }
        if let Some(model) = to.path.strip_prefix("/v1/models/")
            && to.endpoint == Endpoint::Models
        {
            let verdict = self.if_called(caller, to, model);
            if verdict.effect == Effect::Deny {
                return Err(Refusal::Denied(verdict));
            }
        }
        if let Some(unmet) = verdict.obligations.iter().find(|one| !MET.contains(&one.as_str())) {
            tracing::warn!(obligation = %unmet, "an obligation that model calls cannot meet");
            return Err(Refusal::Denied(verdict));
        }
        let asks_for = |name: &str| verdict.obligations.iter().any(|obligation| obligation == name);
        if asks_for("redact") {
            self.redact(caller, parts, inspected)?;
        } else if asks_for("redact_answer") {
            self.engine = Some(redacting(caller)?);
        }
        self.enforce(to, inspected)
    }

    /// Says in the record which model is asked for.
    fn name_model(&mut self, to: &Destination, model: Option<&str>) {
        // A name without findings is the rule, and then the body was searched already.
        if self.action.findings.as_slice().is_empty() {
            return self.action.on_model(&to.provider, model);
        }
        let shown = model.map(|name| without_findings(self.engine.as_deref(), name));
        self.action.on_model(&to.provider, shown.as_deref());
    }

    /// An obligation to redact: from here on whatever is found is masked.
    pub(super) fn redact(
        &mut self,
        caller: &Caller,
        parts: &Parts,
        inspected: &mut Inspected,
    ) -> Result<(), Refusal> {
        let engine = &redacting(caller)?;
        self.engine = Some(engine.clone());
        // Where nothing was found, nothing is found with other actions.
        if self.action.findings.as_slice().is_empty() {
            return Ok(());
        }
        let mut headers = parts.headers.clone();
        if inspected.is_decoded {
            headers.remove(http::header::CONTENT_ENCODING);
        }
        let reading = Reading {
            engine: Some(engine),
            must_be_json: false,
            max_decoded: Sizes::default().request_bytes,
            vault: self.vault.as_deref().map(|vault| vault as &dyn inspect::Vault),
            // They have heard it, and a passage is masked by its own action alone.
            is_judged: true,
        };
        let mut found = Findings::default();
        let again = request::examine(&reading, &headers, inspected.body.clone(), &mut found)?;
        let again = again.finish();
        if found.anything_masked() {
            self.action.decide(Effect::Redact, "a policy has everything that is found taken out");
        }
        inspected.is_decoded |= again.is_decoded;
        inspected.body = again.body;
        Ok(())
    }

    /// Where a policy holds the call: goes on once people have approved it.
    pub(super) async fn approve(
        &mut self,
        caller: &Caller,
        parts: &Parts,
        sent: Bytes,
    ) -> Result<(), Refusal> {
        let Some(verdict) = self.held.take() else { return Ok(()) };
        let place = format!("{} {}\n", parts.method, parts.uri);
        let arguments = [place.as_bytes(), &sent].concat();
        let shown = shown(caller.tenant.redacting.as_deref(), parts, sent);
        let agent = &caller.agent.name;
        let held =
            approvals::Held { agent, verdict: &verdict, arguments: &arguments, shown: &shown };
        approvals::claim(&mut self.action, &caller.tenant, held).await
    }

    /// What the policies say, and the question as the record keeps it.
    fn verdict(
        &self,
        caller: &Caller,
        to: &Destination,
        facts: &Facts,
    ) -> (Arc<policy::Verdict>, String) {
        let action = match to.endpoint {
            Endpoint::Models => policy::Action::ListModels,
            Endpoint::Other => policy::Action::UseProvider,
            _ => policy::Action::CallModel,
        };
        let provider = &to.provider.name;
        let resource = match action {
            policy::Action::CallModel => {
                let name = facts.model.as_deref().unwrap_or_default();
                policy::Resource::Model { provider, name }
            }
            _ => policy::Resource::Provider(provider),
        };
        let context = policy::Context {
            time: self.action.gate.now(),
            stream: facts.is_streamed,
            max_output_tokens: facts.max_output_tokens,
            findings: &self.action.findings.kinds(),
            labels: &self.labels,
            origins: &[],
            delegation: policy::Delegation::default(),
            endpoint: &to.path,
        };
        ask(caller, action, resource, context, |question| {
            let bundle = &caller.tenant.bundle;
            (bundle.decide(question), bundle.asked(question, self.action.shown()))
        })
    }

    /// What the agent would meet if it called a model: what is listed and what works are one decision.
    pub(super) fn if_called(
        &self,
        caller: &Caller,
        to: &Destination,
        model: &str,
    ) -> Arc<policy::Verdict> {
        let resource = policy::Resource::Model { provider: &to.provider.name, name: model };
        let context = policy::Context {
            time: self.action.gate.now(),
            stream: false,
            max_output_tokens: None,
            findings: &[],
            labels: &self.labels,
            origins: &[],
            delegation: policy::Delegation::default(),
            endpoint: &to.path,
        };
        let action = policy::Action::CallModel;
        ask(caller, action, resource, context, |question| caller.tenant.bundle.decide(question))
    }

    /// What inspection asks for, after the policies had their say.
    pub(super) fn enforce(
        &mut self,
        to: &Destination,
        inspected: &Inspected,
    ) -> Result<(), Refusal> {
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

    /// Cuts loops in a session that the agent named, or else in all that it does. What was refused
    /// before this does not count, nor does asking again whether people have approved a call.
    pub(super) fn count_repeats(
        &mut self,
        caller: &Caller,
        parts: &Parts,
        session: Option<&SessionId>,
    ) -> Result<(), Refusal> {
        let record = self.action.record();
        let body = record.payload.request.as_ref().map_or([0; 32], |body| body.sha256.0);
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
        let call = Digest::of_parts(&[parts.method.as_str().as_bytes(), path.as_bytes(), &body]);
        let gate = &self.action.gate;
        let rules = caller.tenant.loops;
        let counted = caller.tenant.books.loops.count(rules, caller, session, call, gate.now());
        counted.map_err(Refusal::Loop)
    }

    pub(super) fn reserve(
        &mut self,
        caller: &Caller,
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
        let place = Place::Provider(to.provider.name.as_str());
        let by = caller.counted(place, None);
        let gate = &self.action.gate;
        let reserved =
            caller.tenant.books.counters.reserve(&caller.tenant.limits, &by, amount, gate.now());
        self.action.reserved(reserved.map_err(Refusal::Limit)?);
        Ok(())
    }
}

/// A request as a person may see it who is to approve it: whatever is found in it is masked, and
/// where nothing could look into it, nothing of it is shown.
fn shown(redacting: Option<&Engine>, parts: &Parts, sent: Bytes) -> String {
    let Some(engine) = redacting else {
        return "(not shown, since inspection is off)".to_owned();
    };
    let reading = Reading {
        engine: Some(engine),
        must_be_json: false,
        max_decoded: Sizes::default().request_bytes,
        vault: None,
        is_judged: false,
    };
    let mut found = Findings::default();
    match request::examine(&reading, &parts.headers, sent, &mut found) {
        Ok(masked) => String::from_utf8_lossy(&masked.finish().body).into_owned(),
        Err(_) => "(not shown, since it could not be inspected)".to_owned(),
    }
}
