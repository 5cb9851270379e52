//! Retention, and the legal holds that it must leave alone.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{AgentName, DataSubject, RecordId};
use serde::Deserialize;
use serde_json::json;
use store::Hold;

use super::{Endpoint, endpoint};
use crate::change::{Change, commit, random_id, with_record};
use crate::extract::{Body, Place};
use crate::{App, Asker, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/holds" list, "Legal holds: what retention and erasure leave alone, and why"),
        endpoint!(Retention post "/api/v1/holds" add, "Holds a subject's data, or everybody's"),
        endpoint!(Retention delete "/api/v1/holds/{hold}" remove, "Ends a legal hold"),
        endpoint!(Retention post "/api/v1/retention/run" run, "Lets go now what was kept long enough"),
    ]
}

async fn list(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let holds = app.store.list_holds(&who.tenant).await?;
    Ok(Json(json!({"holds": holds})).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// The form of an agent's name.
    name: AgentName,
    /// Left out, everybody's data.
    subject: Option<DataSubject>,
    reason: String,
}

async fn add(
    State(app): State<Shared>,
    who: Principal,
    Body(order): Body<Order>,
) -> Result<Response, Problem> {
    if order.reason.trim().is_empty() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "say why, as `reason`"));
    }
    let name = order.name.to_string();
    // By what is kept of them, which may be a pseudonym.
    let order = match order.subject {
        Some(DataSubject::Person(person)) => {
            let shown = app.custody.shown(who.tenant.clone(), person).await?;
            Order { subject: Some(DataSubject::Person(shown)), ..order }
        }
        _ => order,
    };
    let subject = order.subject.as_ref().map_or("everything".to_owned(), ToString::to_string);
    let hold = Hold {
        name: name.clone(),
        subject: order.subject,
        reason: order.reason.clone(),
        who: who.name.clone(),
        created: (app.clock)(),
    };
    app.store.add_hold(&who.tenant, hold.clone()).await?;
    let detail = vec![("subject", subject), ("reason", order.reason)];
    let change = Change { act: "hold.add", kind: "hold", name, detail, publish: false };
    let recorded = commit(&app, &who, change).await?;
    Ok(recorded.mark((StatusCode::CREATED, Json(json!({"hold": hold}))).into_response()))
}

async fn remove(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<String>,
) -> Result<Response, Problem> {
    app.store.remove_hold(&who.tenant, &name).await?;
    let detail = vec![];
    let change = Change { act: "hold.remove", kind: "hold", name, detail, publish: false };
    Ok(commit(&app, &who, change).await?.mark(StatusCode::NO_CONTENT.into_response()))
}

async fn run(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let record = RecordId::new((app.clock)(), random_id(&app).unwrap_or_default());
    let (name, address) = (who.name.clone(), who.client.address.clone());
    let asker = Asker { record, name, address };
    let let_go = app.custody.retain(who.tenant, asker).await?;
    Ok(with_record(Json(let_go).into_response(), record))
}

/// The hold that an erasure of this subject would break.
pub(super) async fn held(
    app: &App,
    who: &Principal,
    subject: &DataSubject,
) -> Result<Option<Hold>, Problem> {
    let holds = app.store.list_holds(&who.tenant).await?;
    let is_it = |hold: &Hold| hold.subject.as_ref().is_none_or(|held| held == subject);
    Ok(holds.into_iter().find(is_it))
}
