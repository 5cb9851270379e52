//! The API's description of itself.

use axum::Json;
use serde_json::Value;

use super::{Endpoint, endpoint};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Public get "/api/openapi.json" show, "This description"),
        endpoint!(Public get "/api/v1/openapi.json" show, "This description"),
    ]
}

async fn show() -> Json<Value> {
    Json(crate::describe())
}
