//! Admin tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::Timestamp;
use serde::Deserialize;
use serde_json::json;
use store::{NewToken, Scope};

use super::{Endpoint, endpoint};
use crate::change::{Change, commit, no_randomness};
use crate::extract::{Body, Place};
use crate::{Principal, Problem, Shared, new_token};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/tokens" list, "Admin tokens: names, scopes and ends"),
        endpoint!(Tokens post "/api/v1/tokens" create, "Makes an admin token; shows it this once"),
        endpoint!(Tokens delete "/api/v1/tokens/{token}" delete, "Ends an admin token now"),
    ]
}

async fn list(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let tokens = app.store.list_tokens(&who.tenant).await?;
    Ok(Json(json!({"tokens": tokens})).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Creation {
    /// The form of an agent's name.
    name: model::AgentName,
    scope: Scope,
    expires: Option<Timestamp>,
}

async fn create(
    State(app): State<Shared>,
    who: Principal,
    Body(creation): Body<Creation>,
) -> Result<Response, Problem> {
    if matches!(creation.scope, Scope::Payload | Scope::Provision) && !who.is_operator() {
        let detail = "only the operator at the socket makes a token that reads payloads or provisions people";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let (token, hash) = new_token((app.random)().ok_or_else(no_randomness)?);
    let name = creation.name.to_string();
    // Whatever a person makes does no more than they may themselves.
    let owner = who.person().cloned();
    let Creation { scope, expires, .. } = creation;
    let new = NewToken { hash, name: name.clone(), scope, owner, expires };
    let stored = app.store.add_token(&who.tenant, new, (app.clock)()).await?;
    let scope = format!("{:?}", creation.scope).to_lowercase();
    let detail = vec![("scope", scope)];
    let change = Change { act: "token.create", kind: "admin_token", name, detail, publish: false };
    let recorded = commit(&app, &who, change).await?;
    let body = Json(json!({"token": token.expose(), "admin_token": stored}));
    Ok(recorded.mark((StatusCode::CREATED, body).into_response()))
}

async fn delete(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<String>,
) -> Result<Response, Problem> {
    app.store.delete_token(&who.tenant, &name).await?;
    let detail = vec![];
    let change = Change { act: "token.delete", kind: "admin_token", name, detail, publish: false };
    Ok(commit(&app, &who, change).await?.mark(StatusCode::NO_CONTENT.into_response()))
}
