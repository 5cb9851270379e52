//! Is it alive, is it ready, what does it measure.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::TenantId;
use serde_json::json;

use super::{Endpoint, endpoint};
use crate::{App, Principal, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Public get "/healthz" alive, "Says that the process answers"),
        endpoint!(Public get "/readyz" ready, "Says whether every part is ready; 503 where one is not"),
        endpoint!(Public get "/metrics" metrics, "Metrics in the text format of Prometheus"),
        endpoint!(Read get "/api/v1/metrics" own_metrics, "The metrics of one's own tenant, in the same format"),
    ]
}

async fn alive() -> &'static str {
    "ok\n"
}

/// Names and whether: what is wrong in detail is for those who may read the API.
async fn ready(State(app): State<Shared>) -> Response {
    let checks = app.instance.readiness(None);
    let ready = checks.iter().all(|check| check.ok || !check.is_needed);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let checks: Vec<_> =
        checks.iter().map(|check| json!({"name": check.name, "ok": check.ok})).collect();
    (status, Json(json!({"ready": ready, "checks": checks}))).into_response()
}

/// The platform's own. A tenant's are for who may read in it.
async fn metrics(State(app): State<Shared>) -> Response {
    measured(&app, &TenantId::main())
}

async fn own_metrics(State(app): State<Shared>, who: Principal) -> Response {
    measured(&app, &who.tenant)
}

fn measured(app: &App, tenant: &TenantId) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.instance.metrics(tenant)).into_response()
}
