//! What follows the log: the search index, and the exports.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Endpoint, endpoint};
use crate::change::{Change, commit};
use crate::{IndexState, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/exports" exports, "Where records are sent as they are written, and how far each has come"),
        endpoint!(Read get "/api/v1/index" show, "How far the search index over the log has come"),
        endpoint!(Write post "/api/v1/index/rebuild" rebuild, "Gives the search index up and makes it anew from the log"),
    ]
}

async fn exports(State(app): State<Shared>, who: Principal) -> Json<Value> {
    Json(json!({"exports": app.instance.exports(&who.tenant)}))
}

async fn show(State(app): State<Shared>, who: Principal) -> Json<IndexState> {
    Json(app.instance.index(&who.tenant))
}

async fn rebuild(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    app.instance.rebuild_index(&who.tenant).await?;
    let (name, detail) = ("search index".to_owned(), vec![]);
    let change = Change { act: "index.rebuild", kind: "index", name, detail, publish: false };
    let recorded = commit(&app, &who, change).await?;
    let state = Json(app.instance.index(&who.tenant));
    Ok(recorded.mark((StatusCode::ACCEPTED, state).into_response()))
}
