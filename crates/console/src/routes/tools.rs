//! Tools of MCP servers: what was agreed of each, and what waits for a person.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::{Digest, ServerName};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Ruling, StoredTool};

use super::{Endpoint, endpoint};
use crate::change::{Change, commit};
use crate::extract::{Body, Place};
use crate::{App, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/tools" list, "Tools, prompts and resources of MCP servers, and which of them wait"),
        endpoint!(Read get "/api/v1/tools/{server}/{tool}" show, "A tool with what was agreed of it and what is offered instead"),
        endpoint!(Tools post "/api/v1/tools/{server}/{tool}/accept" accept, "Agrees to what is offered"),
        endpoint!(Tools post "/api/v1/tools/{server}/{tool}/reject" reject, "Keeps the tool from being used as it is offered"),
    ]
}

async fn list(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let tools = app.store.list_tools(&who.tenant).await?;
    let tools: Vec<Value> = tools.iter().map(summary).collect();
    Ok(Json(json!({ "tools": tools })).into_response())
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place((server, tool)): Place<(ServerName, String)>,
) -> Result<Response, Problem> {
    let tool = app.store.tool(&who.tenant, &server, &tool).await?;
    Ok(Json(whole(&tool)).into_response())
}

/// Which revision was looked at: nobody agrees to what he has not seen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Looked {
    pub(crate) revision: u64,
}

async fn accept(
    State(app): State<Shared>,
    who: Principal,
    Place((server, tool)): Place<(ServerName, String)>,
    Body(looked): Body<Looked>,
) -> Result<Response, Problem> {
    rule(&app, &who, (server, tool), looked, Ruling::Accept).await
}

async fn reject(
    State(app): State<Shared>,
    who: Principal,
    Place((server, tool)): Place<(ServerName, String)>,
    Body(looked): Body<Looked>,
) -> Result<Response, Problem> {
    rule(&app, &who, (server, tool), looked, Ruling::Reject).await
}

pub(crate) async fn rule(
    app: &App,
    who: &Principal,
    (server, tool): (ServerName, String),
    Looked { revision }: Looked,
    ruling: Ruling,
) -> Result<Response, Problem> {
    let by = (who.name.as_str(), (app.clock)());
    let ruled = app.store.rule_on_tool(&who.tenant, &server, &tool, revision, ruling, by).await?;
    let (act, description) = match ruling {
        Ruling::Accept => ("tool.accept", &ruled.accepted),
        Ruling::Reject => ("tool.reject", &ruled.offered.as_ref().map(|o| o.description.clone())),
    };
    let hash = description.as_ref().map(|text| Digest::of(text.as_bytes()).to_string());
    let detail =
        vec![("description", hash.unwrap_or_default()), ("revision", ruled.revision.to_string())];
    let name = format!("{server}/{tool}");
    let change = Change { act, kind: "tool", name, detail, publish: true };
    let in_force = commit(app, who, change).await?;
    Ok(in_force.mark(Json(whole(&ruled)).into_response()))
}

pub(crate) fn state(tool: &StoredTool) -> &'static str {
    match &tool.offered {
        None => "accepted",
        Some(offer) if offer.rejected => "rejected",
        Some(_) => "held",
    }
}

/// What it is: a tool, or what its name begins with.
pub(crate) fn kind(tool: &StoredTool) -> &str {
    let named = tool.name.strip_prefix('@').and_then(|rest| rest.split_once('/'));
    named.map_or("tool", |(kind, _)| kind)
}

fn summary(tool: &StoredTool) -> Value {
    let offer = tool.offered.as_ref();
    json!({
        "server": tool.server,
        "name": tool.name,
        "kind": kind(tool),
        "state": state(tool),
        "why": offer.map(|offer| &offer.why),
        "findings": offer.map(|offer| &offer.findings),
        "differs": offer.is_some_and(|offer| offer.differs),
        "revision": tool.revision,
        "who": tool.who,
        "changed": tool.changed,
    })
}

/// With both descriptions as JSON and their hashes.
fn whole(tool: &StoredTool) -> Value {
    let description = |text: &str| {
        json!({
            "sha256": Digest::of(text.as_bytes()),
            "description": serde_json::from_str::<Value>(text).unwrap_or_default(),
        })
    };
    let mut value = summary(tool);
    value["accepted"] = tool.accepted.as_deref().map_or(Value::Null, description);
    value["offered"] =
        tool.offered.as_ref().map_or(Value::Null, |offer| description(&offer.description));
    value["offered_to"] = json!(tool.offered.as_ref().and_then(|offer| offer.agent.as_ref()));
    value
}
