//! An agent's keys: rotation with overlap, and the end of one.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{AgentKey, AgentName, Digest};
use serde::Deserialize;
use serde_json::json;
use store::{NewKey, StoredKey};

use super::{Endpoint, endpoint};
use crate::change::{Change, InForce, commit, no_randomness};
use crate::extract::{Body, Place};
use crate::{App, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/agents/{agent}/keys" list, "An agent's keys: hashes, labels and ends"),
        endpoint!(Agents post "/api/v1/agents/{agent}/rotate" rotate, "Makes a new key, shown this once; the old ones end after the overlap"),
        endpoint!(Agents delete "/api/v1/agents/{agent}/keys/{hash}" delete, "Ends one key now"),
    ]
}

/// How long old keys go on working where nobody says: time to roll out a new one.
const OVERLAP: u64 = 24 * 3600;

const MAX_OVERLAP: u64 = 30 * 24 * 3600;

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
) -> Result<Response, Problem> {
    let keys = app.store.list_keys(&who.tenant, &name).await?;
    Ok(Json(json!({"keys": keys})).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// Zero ends the old keys now.
    pub(crate) overlap_seconds: Option<u64>,
    pub(crate) label: Option<String>,
}

async fn rotate(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
    Body(rotation): Body<Rotation>,
) -> Result<Response, Problem> {
    let (key, keys, in_force) = renew(&app, &who, &name, rotation).await?;
    Ok(in_force.mark(Json(json!({"key": key.secret().expose(), "keys": keys})).into_response()))
}

/// Makes a new key; the old ones end after the overlap.
pub(crate) async fn renew(
    app: &App,
    who: &Principal,
    name: &AgentName,
    rotation: Rotation,
) -> Result<(AgentKey, Vec<StoredKey>, InForce), Problem> {
    let overlap = rotation.overlap_seconds.unwrap_or(OVERLAP);
    super::agents::bounded([&rotation.label, &None], &[])?;
    if overlap > MAX_OVERLAP {
        let detail = format!("old keys may overlap for at most {MAX_OVERLAP} seconds");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let key = AgentKey::from_random((app.random)().ok_or_else(no_randomness)?);
    let label = rotation.label.unwrap_or_else(|| "rotated".to_owned());
    let new = NewKey { hash: key.hash(), label, expires: None };
    let now = (app.clock)();
    let until = now.plus(Duration::from_secs(overlap));
    let keys = app.store.rotate_key(&who.tenant, name, new, until, now).await?;
    let detail = vec![("old_until", until.to_string())];
    let name = name.to_string();
    let change = Change { act: "agent.rotate", kind: "agent", name, detail, publish: true };
    Ok((key, keys, commit(app, who, change).await?))
}

async fn delete(
    State(app): State<Shared>,
    who: Principal,
    Place((name, hash)): Place<(AgentName, Digest)>,
) -> Result<Response, Problem> {
    app.store.delete_key(&who.tenant, &name, hash).await?;
    let (name, detail) = (name.to_string(), vec![("key", hash.to_string())]);
    let change = Change { act: "agent.delete_key", kind: "agent", name, detail, publish: true };
    Ok(commit(&app, &who, change).await?.mark(StatusCode::NO_CONTENT.into_response()))
}
