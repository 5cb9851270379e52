//! Limits, and how much of each is used.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{Endpoint, endpoint};
use crate::{Principal, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![endpoint!(Read get "/api/v1/limits" list, "Every limit with how much of it is used")]
}

async fn list(State(app): State<Shared>, who: Principal) -> Json<Value> {
    Json(json!({"limits": app.instance.limits(&who.tenant)}))
}
