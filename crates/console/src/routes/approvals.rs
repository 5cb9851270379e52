//! Approvals: calls that wait for people, and what people say of them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{ApprovalState, RecordId, Vote};
use serde::Deserialize;
use serde_json::json;
use store::StoredApproval;

use super::agents::MAX_TEXT;
use super::standing::Reason;
use super::{Endpoint, endpoint};
use crate::change::{Change, commit};
use crate::extract::{Body, Params, Place};
use crate::{App, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/approvals" list, "Calls that a policy holds, the newest first; `state` narrows them"),
        endpoint!(Read get "/api/v1/approvals/{record}" show, "One held call: who, for whom, what exactly, why"),
        endpoint!(Approve post "/api/v1/approvals/{record}/approve" approve, "Lets this call be made once"),
        endpoint!(Approve post "/api/v1/approvals/{record}/deny" deny, "Refuses this call; the agent's developer sees the reason"),
    ]
}

/// A list longer than this is narrowed by `state`.
const MAX_LIST: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    state: Option<ApprovalState>,
}

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    let now = (app.clock)();
    let approvals = app.store.approvals(&who.tenant, which.state, MAX_LIST, now).await?;
    Ok(Json(json!({"approvals": approvals})).into_response())
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(record): Place<RecordId>,
) -> Result<Response, Problem> {
    let approval = app.store.approval(&who.tenant, record, (app.clock)()).await?;
    Ok(Json(approval).into_response())
}

async fn approve(
    State(app): State<Shared>,
    who: Principal,
    Place(record): Place<RecordId>,
    Body(said): Body<Reason>,
) -> Result<Response, Problem> {
    say_yes(&app, &who, record, said.reason).await
}

/// Approves. Whether this person may was for the policies of the console to say.
pub(crate) async fn say_yes(
    app: &App,
    who: &Principal,
    record: RecordId,
    reason: String,
) -> Result<Response, Problem> {
    vote(app, who, record, true, reason).await
}

async fn deny(
    State(app): State<Shared>,
    who: Principal,
    Place(record): Place<RecordId>,
    Body(said): Body<Reason>,
) -> Result<Response, Problem> {
    say_no(&app, &who, record, said.reason).await
}

/// Denies, with a reason.
pub(crate) async fn say_no(
    app: &App,
    who: &Principal,
    record: RecordId,
    reason: String,
) -> Result<Response, Problem> {
    if reason.trim().is_empty() {
        let detail = "say why: the agent's developer is told";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    vote(app, who, record, false, reason).await
}

async fn vote(
    app: &App,
    who: &Principal,
    record: RecordId,
    approves: bool,
    reason: String,
) -> Result<Response, Problem> {
    if reason.len() > MAX_TEXT {
        let detail = format!("a reason has at most {MAX_TEXT} bytes");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let now = (app.clock)();
    let vote = Vote { who: who.name.clone(), approves, reason: reason.clone(), time: now };
    let until = now.plus(app.instance.approval_validity(&who.tenant));
    let approval = app.store.vote(&who.tenant, record, vote, until).await?;
    let change = change(&approval, approves, reason);
    let in_force = commit(app, who, change).await?;
    Ok(in_force.mark(Json(approval).into_response()))
}

fn change(approval: &StoredApproval, approves: bool, reason: String) -> Change {
    let held = &approval.held;
    Change {
        act: if approves { "approval.approve" } else { "approval.deny" },
        kind: "approval",
        name: held.record.to_string(),
        detail: vec![
            ("agent", held.agent.to_string()),
            ("call", held.call.to_string()),
            ("held", held.resource.clone()),
            ("reason", reason),
            ("state", approval.state.as_str().to_owned()),
        ],
        publish: false,
    }
}
