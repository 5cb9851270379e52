//! A call of a tool: its pin, its arguments, the decision.
//!
//! [`Call::call_tool`] is where everything is known that a decision on a call can depend on: the
//! session and agent (in the record and [`Talk`]), the server, the tool with what is known of it, and
//! the arguments as a value. [`Call::answered`] is where everything is known of what came back.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::header::HeaderName;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use model::{Classification, Effect, Status};
use policy::{Action, Resource};
use serde_json::{Map, Value, json};

use super::era::Era;
use super::message::Message;
use super::method::Method;
use super::parts::Voice;
use super::pins::Known;
use super::request::{is_same, lacks, sent_params};
use super::serve::{Call, Ready, Talk};
use crate::refusal::Refusal;

/// Pages of a list that the gate reads by itself.
pub(super) const MAX_PAGES: usize = 50;

/// Where in a call something may be taken out.
const ARGUMENTS: &[&str] = &["params", "arguments"];

/// A call as it is decided on.
pub(super) struct ToolCall<'a> {
    pub tool: &'a str,
    pub class: Classification,
    /// As they will be sent, masked values masked.
    pub arguments: &'a Value,
    /// As they came: by these a model's answer that asked for it is found.
    pub given: &'a Value,
}

impl Call {
    /// The call as it is to be sent on; or an answer that makes that needless.
    pub(super) async fn call_tool(
        &mut self,
        talk: &mut Talk,
        parts: &Parts,
        params: &Map<String, Value>,
        body: Bytes,
    ) -> Result<Result<Bytes, Ready>, Refusal> {
        let name = params.get("name").and_then(Value::as_str).ok_or_else(|| lacks("name"))?;
        self.about("tool", &format!("{}/{name}", talk.server.name));
        let known = self.known(talk, name).await?;
        if let Some(because) = known.pin.held_because() {
            return Err(Refusal::PinHeld("tool", because));
        }
        let arguments = arguments_of(params)?;
        self.check_mirrored(&known, arguments, &parts.headers)?;
        if let Some(ready) = self.check_arguments(&known, arguments)? {
            return Ok(Err(ready));
        }
        let (inspected, sent) = self.inspect_arguments(talk, name, arguments, body)?;
        let sent = sent.as_ref().unwrap_or(arguments);
        talk.along.params = self.mirrored(talk, &known, sent);
        let class = talk.server.classify(name, Some(&known));
        let call = ToolCall { tool: name, class, arguments: sent, given: arguments };
        self.trace(talk, &call);
        let verdict = self.decide_call(talk, &call)?;
        self.check_scopes(talk, name)?;
        self.redact(talk, &verdict, inspected, Voice::Model, ARGUMENTS).map(Ok)
    }

    /// Arguments that are in headers as well say there what they say here.
    fn check_mirrored(
        &self,
        known: &Known,
        arguments: &Value,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        if self.era == Era::Legacy {
            return Ok(());
        }
        let params = known.mirrored.as_ref().map_err(|why| Refusal::BadSchema(why.clone()))?;
        let arguments = arguments.as_object().ok_or_else(|| lacks("arguments"))?;
        let checked = params.iter().try_for_each(|param| param.check(headers, arguments));
        checked.map_err(Refusal::HeaderMismatch)
    }

    /// The headers for arguments as they are sent.
    fn mirrored(
        &self,
        talk: &Talk,
        known: &Known,
        arguments: &Value,
    ) -> Vec<(HeaderName, HeaderValue)> {
        let params = known.mirrored.as_deref().unwrap_or_default();
        let arguments = arguments.as_object().filter(|_| talk.theirs(self.era) == Era::Modern);
        let arguments = arguments.into_iter();
        arguments.flat_map(|a| params.iter().filter_map(|param| param.header(a))).collect()
    }

    /// Takes out of the arguments what may not pass; those that are sent, where they are others. What the user said in so many words is theirs to
    /// hand to a tool that the operator knows: masked, a new password would be the mask. Policies see
    /// what was found either way.
    fn inspect_arguments(
        &mut self,
        talk: &Talk,
        tool: &str,
        arguments: &Value,
        body: Bytes,
    ) -> Result<(Bytes, Option<Value>), Refusal> {
        let before = self.base.action.record().decision.clone();
        let inspected = self.inspect_request(body.clone(), Voice::Model, ARGUMENTS)?;
        if is_same(&body, &inspected) {
            return Ok((body, None));
        }
        let sent = sent_params(&inspected).and_then(|mut params| params.remove("arguments"));
        let Some(sent) = sent.filter(|sent| sent != arguments) else {
            return Ok((inspected, None));
        };
        let may_stay = self.base.action.findings.blocker().is_none() && talk.server.declares(tool);
        if may_stay && self.are_users_words(talk, arguments, &sent) {
            self.base.action.record().decision = before;
            self.base.action.note("left", "what was found are the user's own words");
            return Ok((body, None));
        }
        Ok((inspected, Some(sent)))
    }

    /// The decision on a call.
    fn decide_call(
        &mut self,
        talk: &Talk,
        call: &ToolCall<'_>,
    ) -> Result<Arc<policy::Verdict>, Refusal> {
        let ToolCall { tool, class, arguments, .. } = *call;
        self.base.action.note("effect", class.effect.as_str());
        let count = arguments.as_object().map_or(0, Map::len);
        self.base.action.note("arguments", count.to_string());
        let server = talk.server.name.clone();
        let resource = Resource::Tool { server: &server, name: tool, class };
        self.decide(talk, Action::CallTool, resource, Method::CallTool.as_str())
    }

    /// The tool's pin; a tool that was never listed is looked for at its server.
    async fn known(&mut self, talk: &Talk, name: &str) -> Result<Arc<Known>, Refusal> {
        // A server that has said its tools are others is asked before any of them is used.
        let is_doubted = talk.mcp.pins.is_doubted(&talk.server.name);
        if !is_doubted && let Some(known) = talk.mcp.pins.find(&talk.server.name, name) {
            return Ok(known);
        }
        if let Err(refusal) = Box::pin(self.tools_of(talk)).await {
            if is_doubted {
                talk.mcp.pins.doubt(&talk.server.name);
            }
            return Err(refusal);
        }
        let known = talk.mcp.pins.find(&talk.server.name, name);
        known.ok_or_else(|| Refusal::NoSuchTool(model::clip(name, 128).to_owned()))
    }

    /// All tools of a server that the agent may call. Looking at them pins them.
    pub(super) async fn tools_of(&mut self, talk: &Talk) -> Result<Vec<Value>, Refusal> {
        let (mut cursor, mut tools) = (None, Vec::new());
        for _ in 0..MAX_PAGES {
            let params = cursor.map(|cursor| ("cursor".to_owned(), cursor)).into_iter().collect();
            let result = self.inquire(talk, Method::ListTools.as_str(), params).await?;
            tools.extend(self.observe_tools(talk, &result).await?);
            match result.get("nextCursor") {
                Some(Value::String(next)) => cursor = Some(Value::from(next.as_str())),
                _ => break,
            }
        }
        Ok(tools)
    }

    /// Holds the arguments against the tool's schema. What does not fit is the model's mistake, and so
    /// the answer is one that a model reads (MCP, "Tool Execution Errors").
    fn check_arguments(
        &mut self,
        known: &Known,
        arguments: &Value,
    ) -> Result<Option<Ready>, Refusal> {
        let schema = known.schema.as_ref().map_err(|why| Refusal::BadSchema(why.clone()))?;
        let Err(violation) = schema.check("arguments", arguments) else { return Ok(None) };
        let record = self.base.action.id();
        let text = format!(
            "The arguments do not fit the tool's schema: {violation}. The tool was not called \
             (record {record})."
        );
        self.base.action.decide(Effect::Deny, format!("the arguments do not fit: {violation}"));
        let result = json!({
            "content": [{"type": "text", "text": text}],
            "isError": true,
            // Since 2026-07-28; before, nobody looks at it.
            "resultType": "complete",
            "_meta": {"portcullis/record": record.to_string()},
        });
        let Value::Object(result) = result else { return Err(lacks("arguments")) };
        let id = self.id.clone().ok_or_else(|| lacks("id"))?;
        let body = Message::Result { id, result }.write().into();
        Ok(Some(Ready::Whole {
            status: StatusCode::OK,
            body,
            session: None,
            outcome: Status::Refused,
        }))
    }
}

/// A call that has none has empty ones.
static NO_ARGUMENTS: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));

fn arguments_of(params: &Map<String, Value>) -> Result<&Value, Refusal> {
    match params.get("arguments") {
        None => Ok(&NO_ARGUMENTS),
        Some(arguments @ Value::Object(_)) => Ok(arguments),
        Some(_) => Err(Refusal::Malformed("`arguments` must be an object.".into())),
    }
}
