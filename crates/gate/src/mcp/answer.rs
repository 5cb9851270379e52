//! What a server says: answers, notifications, and what it asks of the agent.

use bytes::Bytes;
use model::{Effect, Kind, Status, clip};
use policy::{Action, Resource};
use serde_json::{Map, Value};

use super::all::asked_by;
use super::bridge::Crossing;
use super::link;
use super::message::{Id, Message};
use super::method::{Ask, Method};
use super::names::{outer_uri, rename_uris};
use super::parts::Voice;
use super::request::is_same;
use super::seal::{Session, Use};
use super::serve::{Call, Ready, Talk};
use super::stream::Expect;
use super::tool::poison;
use super::translate;
use crate::refusal::Refusal;

/// Notifications of a server that are passed on.
const NOTIFICATIONS: [&str; 10] = [
    "notifications/progress",
    "notifications/message",
    "notifications/cancelled",
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/tasks/status",
    "notifications/elicitation/complete",
    "notifications/subscriptions/acknowledged",
];

impl Call {
    /// The answer to a request, as the agent may have it.
    pub(super) async fn answered(
        &mut self,
        talk: &Talk,
        expect: &Expect,
        result: Map<String, Value>,
        data: Bytes,
    ) -> Result<Bytes, Refusal> {
        let (Some(id), Some(method)) = (&expect.id, expect.method) else {
            return Err(Refusal::ServerGarbage("it answers what nobody asked"));
        };
        let (result, data) = match talk.crossing {
            Crossing::ToLegacy(_) => completed(id, method, result),
            _ => (result, data),
        };
        let data = match method {
            Method::CallTool | Method::ReadResource | Method::GetPrompt | Method::TaskResult => {
                let data = self.returned(talk, expect, result, data)?;
                if method == Method::ReadResource
                    && let Some(uri) = &expect.name
                {
                    Box::pin(self.pin_read(talk, uri)).await?;
                }
                return Ok(outward(talk, data));
            }
            Method::Initialize | Method::Discover => self.introduced(id, result, data),
            Method::ListTools
            | Method::ListResources
            | Method::ListTemplates
            | Method::ListPrompts => {
                Box::pin(self.filtered(talk, method, id, result, data)).await?
            }
            _ => {
                self.check_inputs(talk, &result)?;
                data
            }
        };
        self.inspect_answer(talk, data, Voice::Nobody)
    }

    /// What a tool returned, or what a resource or prompt is: a text that somebody wrote.
    fn returned(
        &mut self,
        talk: &Talk,
        expect: &Expect,
        result: Map<String, Value>,
        data: Bytes,
    ) -> Result<Bytes, Refusal> {
        self.check_inputs(talk, &result)?;
        let inspected = self.inspect_answer(talk, data.clone(), Voice::Tool)?;
        if is_same(&data, &inspected) {
            self.learn(talk, expect, result);
        } else if let Ok(Message::Result { result, .. }) = Message::read(&inspected) {
            self.learn(talk, expect, result);
        }
        Ok(inspected)
    }

    /// An error is a text like any other.
    pub(super) fn failed(
        &mut self,
        talk: &Talk,
        expect: &Expect,
        data: Bytes,
    ) -> Result<Bytes, Refusal> {
        self.base.action.note("answer", "error");
        let data = match (&talk.crossing, Message::read(&data)) {
            (Crossing::ToLegacy(_), Ok(Message::Error { id, mut error })) => {
                translate::error_to_modern(&mut error);
                Message::Error { id, error }.write().into()
            }
            _ => data,
        };
        let data = self.inspect_answer(talk, data, Voice::Tool)?;
        self.learn_text(talk, expect, &data);
        Ok(data)
    }

    /// What a server says to the model of itself is left out where it gives orders.
    fn introduced(&mut self, id: &Id, mut result: Map<String, Value>, data: Bytes) -> Bytes {
        let Some(engine) = &self.base.engine else { return data };
        let instructions = result.get("instructions").and_then(Value::as_str);
        let found = poison(engine, instructions.into_iter());
        if found.is_empty() {
            return data;
        }
        self.base.action.note("instructions", format!("left out: {}", found.join(", ")));
        self.base.action.decide(Effect::Redact, "the server's instructions were left out");
        result.remove("instructions");
        Message::Result { id: id.clone(), result }.write().into()
    }

    /// Gives the session that a server has opened a name of the gate's own.
    pub(super) fn opened(
        &mut self,
        talk: &Talk,
        ready: Ready,
        inner: Option<String>,
    ) -> Result<Ready, Refusal> {
        let Ready::Whole { status, body, outcome, .. } = ready else { return Ok(ready) };
        let Ok(Message::Result { result, .. }) = Message::read(&body) else {
            return Ok(Ready::Whole { status, body, session: None, outcome });
        };
        let version = result.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
        self.base.action.note("version", clip(version, 32));
        let session = Session {
            version: clip(version, 32).to_owned(),
            servers: vec![(talk.server.name.to_string(), inner)],
            client: talk.crossing.envelope().map(Value::from),
            elicits: self.elicits,
        };
        let agent = talk.who.agent.name.as_str();
        let sealed = talk.mcp.seal.seal(Use::Session, agent, &talk.path, &session);
        let sealed = sealed.ok_or(Refusal::VaultDown)?;
        self.name_session(&sealed);
        self.begin_session(&talk.who);
        Ok(Ready::Whole { status, body, session: Some(sealed), outcome })
    }

    pub(super) fn notified(
        &mut self,
        talk: &Talk,
        (method, params): (&str, &Map<String, Value>),
        data: Bytes,
    ) -> Result<Option<Bytes>, Refusal> {
        if !NOTIFICATIONS.contains(&method) {
            self.base.action.note("dropped", clip(method, 128));
            return Ok(None);
        }
        if method == "notifications/tools/list_changed" {
            talk.mcp.pins.doubt(&talk.server.name);
        }
        if method == "notifications/resources/updated" && !self.may_hear(talk, params) {
            self.base.action.note("dropped", "news of a resource that the agent may not read");
            return Ok(None);
        }
        let data = self.inspect_answer(talk, data, Voice::Tool)?;
        Ok(Some(news_outward(talk, data)))
    }

    /// Whether the agent may read the resource that there is news of.
    fn may_hear(&self, talk: &Talk, params: &Map<String, Value>) -> bool {
        let Some(uri) = params.get("uri").and_then(Value::as_str) else { return false };
        let resource = Resource::Resource { server: &talk.server.name, uri };
        let method = Method::ReadResource.as_str();
        self.if_used(&talk.who, Action::ReadResource, resource, method).effect != Effect::Deny
    }

    /// Something that the server asks of the agent: an action of its own. What is not permitted is
    /// answered here, and the agent never sees it.
    pub(super) async fn asked(
        &mut self,
        talk: &Talk,
        id: &Id,
        method: &str,
        data: Bytes,
    ) -> Result<Option<Bytes>, Refusal> {
        let ask = Ask::of(method);
        let mut aside = self.aside(ask.map_or(Kind::MCP_REQUEST, Ask::kind));
        aside.note("method", clip(method, 128));
        let refused = match ask {
            None => Some("this gate does not carry what the server asks".to_owned()),
            Some(_) if matches!(talk.crossing, Crossing::ToLegacy(_)) => Some(
                "the agent speaks 2026-07-28, in which nobody is asked during a call".to_owned(),
            ),
            Some(ask) => self.refused_ask(talk, ask, method, &mut aside),
        };
        let inspected = match refused {
            None => {
                self.learn_text(talk, &Expect::default(), &data);
                self.inspect_answer(talk, data, Voice::Tool).map_err(|r| r.message())
            }
            Some(why) => Err(why),
        };
        let (passed, outcome) = match inspected {
            Ok(data) => (Some(named_after(talk, data)), Status::Ok),
            Err(why) => {
                aside.decide(Effect::Deny, why.clone());
                self.turn_down(talk, id, &why).await;
                (None, Status::Refused)
            }
        };
        aside.finish(outcome).await.map_err(|_| Refusal::LogDown)?;
        Ok(passed)
    }

    /// Why the agent may not be asked this; nothing where it may.
    fn refused_ask(
        &self,
        talk: &Talk,
        ask: Ask,
        method: &str,
        aside: &mut crate::action::Action,
    ) -> Option<String> {
        let Some(action) = ask.action() else {
            aside.decide(Effect::Permit, "a sign of life");
            return None;
        };
        let server = Resource::Server(&talk.server.name);
        let verdict = self.if_used(&talk.who, action, server, method);
        let record = aside.record();
        record.decision.policies.clone_from(&verdict.policies);
        record.decision.obligations.clone_from(&verdict.obligations);
        aside.decide(verdict.effect, verdict.reason.clone());
        (verdict.effect != Effect::Permit).then(|| verdict.reason.clone())
    }

    /// Tells the server that the agent will not answer.
    async fn turn_down(&mut self, talk: &Talk, id: &Id, why: &str) {
        let error = Message::error(Some(id.clone()), -31_403, why, None);
        let sent = link::post(&self.worker, &talk.server, &talk.along, error.write().into()).await;
        if let Err(refusal) = sent {
            tracing::debug!(server = %talk.server.name, why = refusal.message(), "a server could not be told no");
        }
    }

    /// What a stateless server asks for within its answer (2026-07-28, multi round-trip requests).
    fn check_inputs(&mut self, talk: &Talk, result: &Map<String, Value>) -> Result<(), Refusal> {
        if result.get("resultType").and_then(Value::as_str) != Some("input_required") {
            return Ok(());
        }
        if matches!(talk.crossing, Crossing::ToModern(_)) {
            let why = "what the agent speaks has no way to be asked so; an agent that speaks 2026-07-28 has";
            return Err(Refusal::AskDenied(format!("{why}.")));
        }
        let requests = result.get("inputRequests").and_then(Value::as_object);
        for request in requests.into_iter().flat_map(Map::values) {
            let method = request.get("method").and_then(Value::as_str).unwrap_or_default();
            let mut aside = self.aside(Ask::of(method).map_or(Kind::MCP_REQUEST, Ask::kind));
            aside.note("method", clip(method, 128));
            let refused = match Ask::of(method) {
                Some(ask) => self.refused_ask(talk, ask, method, &mut aside),
                None => Some("this gate does not carry what the server asks".to_owned()),
            };
            let outcome = if refused.is_some() { Status::Refused } else { Status::Ok };
            if let Some(why) = &refused {
                aside.decide(Effect::Deny, why.clone());
            }
            aside.finish_unwaited(outcome);
            if let Some(why) = refused {
                return Err(Refusal::AskDenied(why));
            }
        }
        Ok(())
    }
}

/// A result of a server with sessions, as a client without one takes it.
fn completed(
    id: &Id,
    method: Method,
    mut result: Map<String, Value>,
) -> (Map<String, Value>, Bytes) {
    translate::result_to_modern(method, &mut result);
    let data = Message::Result { id: id.clone(), result: result.clone() }.write();
    (result, data.into())
}

/// At `/mcp` the resources in what was returned are called as they are there.
fn outward(talk: &Talk, data: Bytes) -> Bytes {
    if !talk.path.is_empty() {
        return data;
    }
    match Message::read(&data) {
        Ok(Message::Result { id, mut result }) => {
            match rename_uris(talk.server.name.as_str(), &mut result) {
                true => Message::Result { id, result }.write().into(),
                false => data,
            }
        }
        _ => data,
    }
}

/// The same of a resource that there is news of.
fn news_outward(talk: &Talk, data: Bytes) -> Bytes {
    if !talk.path.is_empty() {
        return data;
    }
    match Message::read(&data) {
        Ok(Message::Notification { method, mut params }) => {
            let Some(Value::String(uri)) = params.get_mut("uri") else { return data };
            *uri = outer_uri(talk.server.name.as_str(), uri);
            Message::Notification { method, params }.write().into()
        }
        _ => data,
    }
}

/// What is asked at `/mcp` carries the name of who asks.
fn named_after(talk: &Talk, data: Bytes) -> Bytes {
    if !talk.path.is_empty() {
        return data;
    }
    match Message::read(&data) {
        Ok(Message::Request { id, method, params }) => {
            let id = asked_by(talk.server.name.as_str(), &id);
            Message::Request { id, method, params }.write().into()
        }
        _ => data,
    }
}
