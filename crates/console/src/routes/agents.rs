//! Agents: who is known, and what stands of them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::{AgentKey, AgentName, RoleName, Secret, Standing, Tier, Timestamp, ZoneName};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use store::{AgentChange, NewAgent, NewKey, StoredAgent};

use super::standing::{Reason, set};
use super::{Endpoint, endpoint};
use crate::change::{Change, InForce, commit, no_randomness};
use crate::extract::{Body, Params, Place, etag, if_match};
use crate::idempotency::Attempt;
use crate::{App, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/agents" list, "Agents by name, in pages"),
        endpoint!(Agents post "/api/v1/agents" create, "Adds an agent; shows its key this once"),
        endpoint!(Read get "/api/v1/agents/{agent}" show, "One agent"),
        endpoint!(Agents patch "/api/v1/agents/{agent}" update, "Changes owner, purpose, roles or zone"),
        endpoint!(Agents delete "/api/v1/agents/{agent}" remove, "Removes an agent and its keys"),
        endpoint!(Contain post "/api/v1/agents/{agent}/suspend" suspend, "Lets nothing of it pass and cuts what is open"),
        endpoint!(Contain post "/api/v1/agents/{agent}/quarantine" quarantine, "As suspend, until a reviewed resume"),
        endpoint!(Resume post "/api/v1/agents/{agent}/resume" resume, "Lets it act again; out of quarantine with a reason"),
    ]
}

/// The longest owner, purpose, label or reason.
pub(crate) const MAX_TEXT: usize = 1_024;

const MAX_ROLES: usize = 64;

const MAX_LIST: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    standing: Option<Standing>,
    cursor: Option<AgentName>,
    limit: Option<usize>,
}

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Params(listing): Params<Listing>,
) -> Result<Response, Problem> {
    let limit = listing.limit.unwrap_or(100).clamp(1, MAX_LIST);
    let agents =
        app.store.list_agents(&who.tenant, listing.standing, listing.cursor, limit + 1).await?;
    let more = agents.len() > limit;
    let agents: Vec<_> = agents.into_iter().take(limit).collect();
    let next = agents.last().filter(|_| more).map(|last| last.agent.name.clone());
    Ok(Json(json!({"agents": agents, "next_cursor": next})).into_response())
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
) -> Result<Response, Problem> {
    Ok(answer(&app.store.agent(&who.tenant, &name).await?))
}

pub(super) fn answer(agent: &StoredAgent) -> Response {
    ([(header::ETAG, etag(agent.version))], Json(agent)).into_response()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Creation {
    pub(crate) name: AgentName,
    pub(crate) owner: Option<String>,
    pub(crate) purpose: Option<String>,
    #[serde(default)]
    pub(crate) roles: Vec<RoleName>,
    pub(crate) zone: Option<ZoneName>,
    pub(crate) tier: Option<Tier>,
    /// When its key ends; without it, never.
    pub(crate) key_expires: Option<Timestamp>,
}

async fn create(
    State(app): State<Shared>,
    who: Principal,
    headers: HeaderMap,
    Body(creation): Body<Creation>,
) -> Result<Response, Problem> {
    let asked = serde_json::to_string(&creation).unwrap_or_default();
    let attempt = Attempt::of(&headers, &who, &asked)?;
    let now = (app.clock)();
    if let Some(attempt) = &attempt
        && let Some(before) = app.idempotency.0.find(attempt, now)?
    {
        return Ok(created(&before));
    }
    let (agent, key, in_force) = add(&app, &who, creation).await?;
    let body = Secret::new(json!({"agent": agent, "key": key.secret().expose()}).to_string());
    let response = in_force.mark(created(&body));
    if let Some(attempt) = attempt {
        app.idempotency.0.keep(attempt, body, now);
    }
    Ok(response)
}

/// Adds an agent with its first key, records that and puts it in force.
pub(crate) async fn add(
    app: &App,
    who: &Principal,
    creation: Creation,
) -> Result<(StoredAgent, AgentKey, InForce), Problem> {
    let (agent, key) = store(app, who, creation, (app.clock)()).await?;
    let name = agent.agent.name.to_string();
    let owner = agent.agent.owner.clone().unwrap_or_default();
    let detail = vec![("owner", owner), ("zone", agent.agent.zone.to_string())];
    let change = Change { act: "agent.create", kind: "agent", name, detail, publish: true };
    let in_force = commit(app, who, change).await?;
    Ok((agent, key, in_force))
}

async fn store(
    app: &App,
    who: &Principal,
    creation: Creation,
    now: Timestamp,
) -> Result<(StoredAgent, AgentKey), Problem> {
    bounded([&creation.owner, &creation.purpose], &creation.roles)?;
    let zone = ZoneName::new("production").map_err(|e| Problem::bad_request(e.to_string()))?;
    let agent = NewAgent {
        name: creation.name,
        owner: creation.owner,
        purpose: creation.purpose,
        roles: creation.roles,
        zone: creation.zone.unwrap_or(zone),
        tier: creation.tier,
    };
    let key = AgentKey::from_random((app.random)().ok_or_else(no_randomness)?);
    let stored =
        NewKey { hash: key.hash(), label: "first".to_owned(), expires: creation.key_expires };
    Ok((app.store.add_agent(&who.tenant, agent, Some(stored), now).await?, key))
}

fn created(body: &Secret) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::CREATED, kind, body.expose().to_owned()).into_response()
}

pub(crate) fn bounded(texts: [&Option<String>; 2], roles: &[RoleName]) -> Result<(), Problem> {
    let long = texts.iter().any(|text| text.as_ref().is_some_and(|text| text.len() > MAX_TEXT));
    if long || roles.len() > MAX_ROLES {
        let detail =
            format!("a text has at most {MAX_TEXT} bytes, an agent at most {MAX_ROLES} roles");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    Ok(())
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Update {
    /// `null` takes it away; absent leaves it.
    #[serde(default, deserialize_with = "given")]
    pub(crate) owner: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) purpose: Option<Option<String>>,
    pub(crate) roles: Option<Vec<RoleName>>,
    pub(crate) zone: Option<ZoneName>,
    pub(crate) tier: Option<Tier>,
}

fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

async fn update(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
    headers: HeaderMap,
    Body(update): Body<Update>,
) -> Result<Response, Problem> {
    change(&app, &who, name, if_match(&headers)?, update).await
}

/// Changes an agent, if it still has the version that was looked at.
pub(crate) async fn change(
    app: &App,
    who: &Principal,
    name: AgentName,
    version: Option<u64>,
    update: Update,
) -> Result<Response, Problem> {
    let (owner, purpose) = (update.owner.clone().flatten(), update.purpose.clone().flatten());
    bounded([&owner, &purpose], update.roles.as_deref().unwrap_or_default())?;
    let detail = changed_fields(&update);
    let Update { owner, purpose, roles, zone, tier } = update;
    let change = AgentChange { owner, purpose, roles, zone, tier: tier.map(Some) };
    let now = (app.clock)();
    let agent = app.store.update_agent(&who.tenant, &name, change, version, now).await?;
    let name = name.to_string();
    let change = Change { act: "agent.update", kind: "agent", name, detail, publish: true };
    Ok(commit(app, who, change).await?.mark(answer(&agent)))
}

fn changed_fields(update: &Update) -> Vec<(&'static str, String)> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let roles =
        |roles: &Vec<RoleName>| roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(" ");
    [
        ("owner", update.owner.as_ref().map(text)),
        ("purpose", update.purpose.as_ref().map(text)),
        ("roles", update.roles.as_ref().map(roles)),
        ("zone", update.zone.as_ref().map(ToString::to_string)),
        ("tier", update.tier.map(|tier| tier.as_str().to_owned())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

async fn remove(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.store.remove_agent(&who.tenant, &name, if_match(&headers)?).await?;
    let (name, detail) = (name.to_string(), vec![]);
    let change = Change { act: "agent.remove", kind: "agent", name, detail, publish: true };
    Ok(commit(&app, &who, change).await?.mark(StatusCode::NO_CONTENT.into_response()))
}

async fn suspend(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
    Body(reason): Body<Reason>,
) -> Result<Response, Problem> {
    set(&app, &who, name, Standing::Suspended, reason).await
}

async fn quarantine(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
    Body(reason): Body<Reason>,
) -> Result<Response, Problem> {
    set(&app, &who, name, Standing::Quarantined, reason).await
}

async fn resume(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
    Body(reason): Body<Reason>,
) -> Result<Response, Problem> {
    set(&app, &who, name, Standing::Active, reason).await
}
