//! Labels of sessions: a person takes them away who has looked at what the agent has read.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{AgentName, SessionId, UserName};
use serde::Deserialize;
use serde_json::json;

use super::agents::MAX_TEXT;
use super::{Endpoint, endpoint};
use crate::change::{Change, commit};
use crate::extract::{Body, Place};
use crate::instance::LabelledSession;
use crate::{Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Labels post "/api/v1/agents/{agent}/clear_labels" clear, "Takes the labels of an agent's session away, once a person has looked"),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clearing {
    /// For whom the agent acts there, where it is anybody.
    person: Option<UserName>,
    /// Left out, what the agent does outside of any session.
    session: Option<SessionId>,
    reason: String,
}

async fn clear(
    State(app): State<Shared>,
    who: Principal,
    Place(agent): Place<AgentName>,
    Body(Clearing { person, session, reason }): Body<Clearing>,
) -> Result<Response, Problem> {
    if reason.trim().is_empty() || reason.len() > MAX_TEXT {
        let detail = format!("say why, in at most {MAX_TEXT} bytes");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let tenant = who.tenant.clone();
    let person = match person {
        Some(person) => Some(app.custody.shown(who.tenant.clone(), person).await?),
        None => None,
    };
    let of = LabelledSession { tenant, agent: agent.clone(), person, session };
    let Some(labels) = app.instance.clear_labels(&of) else {
        return Err(Problem::not_found("session"));
    };
    // What is not there is left out: the log's readers tell it from a name.
    let person = of.person.as_ref().map(|person| ("person", person.to_string()));
    let session = of.session.as_ref().map(|session| ("session", session.to_string()));
    let always = [("labels", labels.join(" ")), ("reason", reason)];
    let detail = always.into_iter().chain(person).chain(session).collect();
    let (act, name) = ("session.clear_labels", agent.to_string());
    let change = Change { act, kind: "agent", name, detail, publish: false };
    let in_force = commit(&app, &who, change).await?;
    Ok(in_force.mark(Json(json!({"labels": labels})).into_response()))
}
