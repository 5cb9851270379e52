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
        endpoint!(Platform get "/api/v1/tenants" tenants, "The tenants of this instance; for the operator at the socket alone"),
        endpoint!(Write post "/api/v1/reload" reload, "Reads configuration and policies again, those of one's own tenant; what does not validate changes nothing"),
    ]
}

async fn show(State(app): State<Shared>, who: Principal) -> Json<Value> {
    let (instance, checks) =
        (app.instance.status(&who.tenant), app.instance.readiness(Some(&who.tenant)));
    Json(json!({"instance": instance, "checks": checks}))
}

async fn tenants(State(app): State<Shared>, _who: Principal) -> Json<Value> {
    Json(json!({"tenants": app.instance.tenants()}))
}

/// The reload publishes by itself: it is all or nothing there.
async fn reload(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let outcome = app.instance.reload(&who.tenant).await;
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
