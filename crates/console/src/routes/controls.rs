//! Whether each control does what it is there for, as the self-test last showed it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::TenantId;
use serde_json::Value;

use super::{Endpoint, endpoint};
use crate::change::{Change, commit};
use crate::{Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/controls" list, "Each control and whether it works, as the last self-test showed it"),
        endpoint!(Write post "/api/v1/controls/test" test, "Sends canaries through the gate now, and says of each control whether it works"),
    ]
}

/// They are those of the whole instance, which is the platform's own business.
fn check_platform(who: &Principal) -> Result<(), Problem> {
    let detail = "the self-test is for those who run the instance";
    let is_platform = who.tenant == TenantId::main();
    is_platform.then_some(()).ok_or_else(|| Problem::new(StatusCode::FORBIDDEN, detail))
}

async fn list(State(app): State<Shared>, who: Principal) -> Result<Json<Value>, Problem> {
    check_platform(&who)?;
    Ok(Json(app.instance.controls()))
}

/// The run leaves a record of its own; this one says who asked for it.
async fn test(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    check_platform(&who)?;
    let tested = app.instance.test_controls().await;
    let outcome = match &tested {
        Ok(_) => "done".to_owned(),
        Err(failure) => format!("not done: {failure}"),
    };
    let (act, name) = ("controls.test", "controls".to_owned());
    let detail = vec![("outcome", outcome)];
    let change = Change { act, kind: "instance", name, detail, publish: false };
    let recorded = commit(&app, &who, change).await?;
    let response = match tested {
        Ok(view) => Json(view).into_response(),
        Err(failure) => Problem::new(StatusCode::CONFLICT, failure.0).into_response(),
    };
    Ok(recorded.mark(response))
}
