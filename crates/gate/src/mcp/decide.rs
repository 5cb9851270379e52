//! What is decided on a message: policies, obligations, limits.

use std::sync::Arc;

use bytes::Bytes;
use inspect::document::{self, Scope};
use inspect::json::Limits;
use inspect::{Direction, Engine};
use model::{Digest, Effect, canonical};
use policy::replay::ASKED;
use policy::{Action, Context, Question, Resource, Verdict};

use serde_json::Value;

use super::parts::Voice;
use super::serve::{Call, Talk};
use crate::approvals::{self, Held};
use crate::identify::Caller as Who;
use crate::limits::{Amount, Place};
use crate::loops::LoopRules;
use crate::refusal::Refusal;

/// The obligations that MCP calls can meet.
const MET: [&str; 5] = ["approve", "flag", "four_eyes", "redact", "redact_answer"];

/// What is known of an action besides who takes it and on what.
#[derive(Clone, Copy, Default)]
struct Known<'a> {
    findings: &'a [&'a str],
    labels: &'a [&'a str],
    origins: &'a [&'a str],
}

/// What a person is shown of a call's arguments: values that are found masked.
fn shown(engine: Option<&Engine>, arguments: &[u8]) -> String {
    let Some(engine) = engine else { return String::from_utf8_lossy(arguments).into_owned() };
    let scope = Scope::new(engine, Direction::Request);
    let report = document::inspect_json(&scope, arguments, &Limits::default(), &mut ());
    let shown = report.map(|report| document::apply(arguments, &report.edits));
    shown.map_or_else(|_| String::new(), |text| String::from_utf8_lossy(&text).into_owned())
}

impl Call {
    /// What the policies say of an action with what is known so far, and the question as the record
    /// keeps it.
    fn verdict(
        &self,
        who: &Who,
        action: Action,
        resource: Resource<'_>,
        method: &str,
    ) -> (Arc<Verdict>, String) {
        let origins = self.followed.iter().flat_map(|followed| &followed.origins);
        let origins: Vec<&str> = origins.map(String::as_str).collect();
        let findings = self.base.action.findings.kinds();
        let known = Known { findings: &findings, labels: &self.base.labels, origins: &origins };
        self.ask(who, (action, resource, method), known, |question| {
            let bundle = &who.tenant.bundle;
            (bundle.decide(question), bundle.asked(question, self.base.action.shown()))
        })
    }

    /// What the agent would meet if it used something: what is listed and what works are one decision.
    pub(super) fn if_used(
        &self,
        who: &Who,
        action: Action,
        resource: Resource<'_>,
        method: &str,
    ) -> Arc<Verdict> {
        let bundle = &who.tenant.bundle;
        self.ask(who, (action, resource, method), Known::default(), |asked| bundle.decide(asked))
    }

    fn ask<T>(
        &self,
        who: &Who,
        (action, resource, method): (Action, Resource<'_>, &str),
        known: Known<'_>,
        put: impl FnOnce(&Question<'_>) -> T,
    ) -> T {
        who.with_delegation(|delegation| {
            let context = Context {
                time: self.base.action.gate.now(),
                stream: false,
                max_output_tokens: None,
                findings: known.findings,
                labels: known.labels,
                origins: known.origins,
                delegation,
                endpoint: method,
            };
            let (agent, on_behalf_of) = (&who.agent, who.person.as_ref());
            put(&Question { agent, on_behalf_of, action, resource, context })
        })
    }

    /// Decides, and writes the decision into the record.
    pub(super) fn decide(
        &mut self,
        talk: &Talk,
        action: Action,
        resource: Resource<'_>,
        method: &str,
    ) -> Result<Arc<Verdict>, Refusal> {
        if talk.server.needs_person && talk.who.person.is_none() {
            return Err(Refusal::Unattributable);
        }
        let (verdict, asked) = self.verdict(&talk.who, action, resource, method);
        self.base.action.note(ASKED, asked);
        let verdict = self.explained(verdict);
        let is_redacted = self.base.action.record().decision.effect == Effect::Redact;
        let record = self.base.action.record();
        record.decision.policies.clone_from(&verdict.policies);
        record.decision.obligations.clone_from(&verdict.obligations);
        if verdict.effect != Effect::Permit || !is_redacted {
            self.base.action.decide(verdict.effect, verdict.reason.clone());
        }
        match verdict.effect {
            Effect::Deny => return Err(Refusal::Denied(verdict)),
            // What inspection keeps back anyhow is put before nobody: see `approve`.
            Effect::Hold => self.base.held = Some(verdict.clone()),
            Effect::Permit | Effect::Redact => {}
        }
        if let Some(unmet) = verdict.obligations.iter().find(|one| !MET.contains(&one.as_str())) {
            tracing::warn!(obligation = %unmet, "an obligation that MCP calls cannot meet");
            return Err(Refusal::Denied(verdict));
        }
        self.enforce()?;
        Ok(verdict)
    }

    /// A call that is held says which of its values it is held for.
    fn explained(&self, verdict: Arc<Verdict>) -> Arc<Verdict> {
        let reason = self.followed.as_ref().and_then(|followed| followed.reason.as_ref());
        match reason.filter(|_| verdict.effect == Effect::Hold) {
            None => verdict,
            Some(why) => {
                let reason = format!("needs the approval of a person: {why}");
                Arc::new(Verdict { reason, ..Verdict::clone(&verdict) })
            }
        }
    }

    /// Where a policy holds the call: uses up the approval of people, or refuses and says how it
    /// stands. It binds to `asked`, in canonical form: another call of the same has another id.
    pub(super) async fn approve(&mut self, talk: &Talk, asked: &Value) -> Result<(), Refusal> {
        let Some(verdict) = self.base.held.clone() else { return Ok(()) };
        let arguments = canonical::value_to_vec(asked)
            .map_err(|_| Refusal::Uninspectable("it could not be shown to a person"))?;
        let shown = shown(talk.who.tenant.redacting.as_deref(), &arguments);
        let agent = &talk.who.agent.name;
        let held = Held { agent, verdict: &verdict, arguments: &arguments, shown: &shown };
        approvals::claim(&mut self.base.action, &talk.who.tenant, held).await?;
        // Until here nothing passes: see `send_along`.
        self.base.held = None;
        Ok(())
    }

    /// Cuts loops of tool calls: the same tool with the same arguments, whatever the id.
    pub(super) fn count_repeats(&mut self, talk: &Talk, asked: &Value) -> Result<(), Refusal> {
        let rules = talk.who.tenant.loops;
        if rules == LoopRules::default() {
            return Ok(());
        }
        let record = self.base.action.record();
        let tool = record.resource.as_ref().filter(|about| about.kind == "tool");
        let Some(tool) = tool.map(|tool| tool.name.clone()) else { return Ok(()) };
        let session = record.session.clone();
        let arguments = canonical::value_to_vec(asked)
            .map_err(|_| Refusal::Uninspectable("its arguments have no canonical form"))?;
        let call = Digest::of_parts(&[tool.as_bytes(), b"\0", &arguments]);
        let gate = &self.base.action.gate;
        let counted =
            talk.who.tenant.books.loops.count(rules, &talk.who, session.as_ref(), call, gate.now());
        counted.map_err(Refusal::Loop)
    }

    pub(super) fn decide_on_server(
        &mut self,
        talk: &Talk,
        action: Action,
        method: &str,
    ) -> Result<Arc<Verdict>, Refusal> {
        let server = talk.server.name.clone();
        self.decide(talk, action, Resource::Server(&server), method)
    }

    /// An obligation to redact: from here on whatever is found is masked, in what comes back too; or
    /// only in that.
    pub(super) fn redact(
        &mut self,
        talk: &Talk,
        verdict: &Verdict,
        body: Bytes,
        voice: Voice,
        editable: &[&str],
    ) -> Result<Bytes, Refusal> {
        let asks_for = |name: &str| verdict.obligations.iter().any(|obligation| obligation == name);
        let (both_ways, back) = (asks_for("redact"), asks_for("redact_answer"));
        if !both_ways && !back {
            return Ok(body);
        }
        let Some(engine) = &talk.who.tenant.redacting else {
            return Err(Refusal::Uninspectable("inspection is off, so it could not be redacted"));
        };
        self.base.engine = Some(engine.clone());
        if both_ways { self.inspect_request(body, voice, editable) } else { Ok(body) }
    }

    /// Whether everything was delegated that a tool needs (RFC 6750, section 3.1).
    pub(super) fn check_scopes(&self, talk: &Talk, tool: &str) -> Result<(), Refusal> {
        let Some(needed) = talk.server.scopes_of(tool) else { return Ok(()) };
        let has = talk.who.scopes.as_ref();
        match needed.iter().find(|scope| !has.is_some_and(|has| has.contains(scope))) {
            None => Ok(()),
            Some(lacking) => Err(Refusal::InsufficientScope {
                lacking: lacking.to_owned(),
                needed: needed.clone(),
            }),
        }
    }

    /// Counts a call under every limit that applies. One that goes to several servers counts at each of them,
    /// and under limits that are not a server's once.
    pub(super) fn reserve(&mut self, talk: &Talk, body: &[u8]) -> Result<(), Refusal> {
        let amount = Amount { bytes: body.len() as u64, ..Amount::default() };
        let about = self.base.action.record().resource.clone();
        let tool = about.as_ref().filter(|about| about.kind == "tool");
        let place = Place::Server(talk.server.name.as_str());
        let caller = talk.who.counted(place, tool.map(|tool| tool.name.as_str()));
        let now = self.base.action.gate.now();
        let limits = &talk.who.tenant.limits;
        if let Some(reservation) = self.base.action.reservation() {
            return reservation.extend(limits, &caller, now).map_err(Refusal::Limit);
        }
        let reserved = talk.who.tenant.books.counters.reserve(limits, &caller, amount, now);
        self.base.action.reserved(reserved.map_err(Refusal::Limit)?);
        Ok(())
    }
}
