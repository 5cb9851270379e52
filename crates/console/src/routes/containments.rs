//! Containments: everything that the kill switch holds.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::{Standing, Subject};
use serde::Deserialize;
use serde_json::json;

use super::standing::{contain, release};
use super::{Endpoint, endpoint};
use crate::extract::Body;
use crate::{Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/containments" list, "What is contained, by whom, since when and why"),
        endpoint!(Contain post "/api/v1/containments" set, "Contains an agent, a provider, a server or everything"),
        endpoint!(Release post "/api/v1/containments/release" end, "Ends a containment"),
    ]
}

async fn list(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let containments = app.store.list_containments(&who.tenant).await?;
    Ok(Json(json!({"containments": containments})).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// `{"type": "everything"}`, or `{"type": "agent", "name": …}`, or a provider or a server.
    subject: Subject,
    standing: Standing,
    #[serde(default)]
    reason: String,
}

async fn set(
    State(app): State<Shared>,
    who: Principal,
    Body(order): Body<Order>,
) -> Result<Response, Problem> {
    contain(&app, &who, order.subject, order.standing, order.reason).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    subject: Subject,
    #[serde(default)]
    reason: String,
}

async fn end(
    State(app): State<Shared>,
    who: Principal,
    Body(order): Body<Release>,
) -> Result<Response, Problem> {
    release(&app, &who, order.subject, order.reason).await
}
