//! The instance itself.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Endpoint, endpoint};
use crate::change::{Change, commit};
use crate::{Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/instance" show, "What runs here, and how each part is"),
        endpoint!(Write post "/api/v1/reload" reload, "Reads configuration and policies again; what does not validate changes nothing"),
    ]
}

async fn show(State(app): State<Shared>, _who: Principal) -> Json<Value> {
    Json(json!({"instance": app.instance.status(), "checks": app.instance.readiness()}))
}

/// The reload publishes by itself: it is all or nothing there.
async fn reload(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let outcome = app.instance.reload().await;
    let done = match &outcome {
        Ok(_) => "done".to_owned(),
        Err(failure) => format!("refused: {failure}"),
    };
    let (name, detail) = ("configuration".to_owned(), vec![("outcome", done)]);
    let change =
        Change { act: "instance.reload", kind: "configuration", name, detail, publish: false };
    let recorded = commit(&app, &who, change).await?;
    let response = match outcome {
        Ok(report) => Json(report).into_response(),
        Err(failure) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, failure.0).into_response(),
    };
    Ok(recorded.mark(response))
}
