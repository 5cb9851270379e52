//! Is it alive, is it ready, what does it measure.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Endpoint, endpoint};
use crate::Shared;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Public get "/healthz" alive, "Says that the process answers"),
        endpoint!(Public get "/readyz" ready, "Says whether every part is ready; 503 where one is not"),
        endpoint!(Public get "/metrics" metrics, "Metrics in the text format of Prometheus"),
    ]
}

async fn alive() -> &'static str {
    "ok\n"
}

/// Names and whether: what is wrong in detail is for those who may read the API.
async fn ready(State(app): State<Shared>) -> Response {
    let checks = app.instance.readiness();
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let checks: Vec<_> =
        checks.iter().map(|check| json!({"name": check.name, "ok": check.ok})).collect();
    (status, Json(json!({"ready": ready, "checks": checks}))).into_response()
}

async fn metrics(State(app): State<Shared>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.instance.metrics()).into_response()
}
