//! Keys that agents sign their requests with (RFC 9421): public halves, and whose they are.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{AgentName, SigningKeyId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{NewSigningKey, Origin, StoreError, StoredSigningKey};

use super::{Endpoint, endpoint};
use crate::change::{Change, commit};
use crate::extract::{Body, Place};
use crate::{DeclaredKey, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/agents/{agent}/signing_keys" list, "Keys that an agent signs its requests with"),
        endpoint!(Agents post "/api/v1/agents/{agent}/signing_keys" add, "Takes an agent's signatures by a public key from now on"),
        endpoint!(Agents delete "/api/v1/agents/{agent}/signing_keys/{signing_key}" remove, "Takes no signature by a key any more, nor a token that was given for one"),
    ]
}

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
) -> Result<Response, Problem> {
    let stored = app.store.list_signing_keys(&who.tenant, &name).await?;
    let declared = app.instance.declared_credentials(&who.tenant).signing_keys;
    let declared = declared.iter().filter(|key| key.agent == name).map(of_configuration);
    let keys: Vec<Value> = declared.chain(stored.iter().map(view)).collect();
    Ok(Json(json!({"signing_keys": keys})).into_response())
}

fn of_configuration(key: &DeclaredKey) -> Value {
    json!({"id": key.id, "algorithm": key.algorithm, "origin": Origin::Config})
}

fn view(key: &StoredSigningKey) -> Value {
    json!({
        "id": key.id, "algorithm": key.algorithm, "origin": Origin::Api,
        "created": key.created, "expires": key.expires,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Creation {
    /// The `keyid` of its signatures; left out, the key's thumbprint (RFC 7638).
    id: Option<SigningKeyId>,
    /// PEM: Ed25519 or ECDSA P-256.
    public_key: String,
    expires: Option<Timestamp>,
}

async fn add(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
    Body(creation): Body<Creation>,
) -> Result<Response, Problem> {
    let read = app.instance.public_key(&creation.public_key);
    let read = read.map_err(|failure| unprocessable(failure.0))?;
    let of_itself = || read.thumbprint.parse().map_err(|_| unprocessable("the key has no name"));
    let id = creation.id.map_or_else(of_itself, Ok)?;
    let now = (app.clock)();
    if creation.expires.is_some_and(|expires| expires <= now) {
        return Err(unprocessable("`expires` lies in the past"));
    }
    let declared = app.instance.declared_credentials(&who.tenant).signing_keys;
    if declared.iter().any(|key| key.id == id) {
        let what = "the signing key";
        return Err(StoreError::Declared { what, name: id.to_string() }.into());
    }
    let algorithm = read.algorithm.to_owned();
    let new = NewSigningKey { id, public_key: read.info, algorithm, expires: creation.expires };
    let key = app.store.add_signing_key(&who.tenant, &name, new, now).await?;
    let mut detail = vec![("signing_key", key.id.to_string()), ("thumbprint", read.thumbprint)];
    detail.extend(key.expires.map(|expires| ("expires", expires.to_string())));
    let change = Change {
        act: "agent.add_signing_key",
        kind: "agent",
        name: name.to_string(),
        detail,
        publish: true,
    };
    let in_force = commit(&app, &who, change).await?;
    Ok(in_force.mark((StatusCode::CREATED, Json(view(&key))).into_response()))
}

fn unprocessable(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

async fn remove(
    State(app): State<Shared>,
    who: Principal,
    Place((name, id)): Place<(AgentName, SigningKeyId)>,
) -> Result<Response, Problem> {
    let declared = app.instance.declared_credentials(&who.tenant).signing_keys;
    if declared.iter().any(|key| key.id == id && key.agent == name) {
        let what = "the signing key";
        return Err(StoreError::Declared { what, name: id.to_string() }.into());
    }
    app.store.remove_signing_key(&who.tenant, &name, &id, (app.clock)()).await?;
    let change = Change {
        act: "agent.remove_signing_key",
        kind: "agent",
        name: name.to_string(),
        detail: vec![("signing_key", id.to_string())],
        publish: true,
    };
    Ok(commit(&app, &who, change).await?.mark(StatusCode::NO_CONTENT.into_response()))
}
