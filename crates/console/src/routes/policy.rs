//! The policy in force.

use axum::Json;
use axum::extract::State;

use super::{Endpoint, endpoint};
use crate::{PolicyView, Principal, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![endpoint!(Read get "/api/v1/policy" show, "The policy in force: its version and its text")]
}

async fn show(State(app): State<Shared>, who: Principal) -> Json<PolicyView> {
    Json(app.instance.policy(&who.tenant))
}
