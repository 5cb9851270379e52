//! The kill switch as the API works it, for agents and for everything else.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{AgentName, Containment, Standing, Subject};
use serde::Deserialize;

use super::agents::{MAX_TEXT, answer};
use crate::change::{Change, InForce, commit};
use crate::{App, Principal, Problem};

/// Why. A suspension needs none: whoever pulls the switch is in a hurry; other acts say where they do.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    #[serde(default)]
    pub(crate) reason: String,
}

/// Suspends, quarantines or resumes an agent that exists.
pub(crate) async fn set(
    app: &App,
    who: &Principal,
    name: AgentName,
    standing: Standing,
    Reason { reason }: Reason,
) -> Result<Response, Problem> {
    check_length(&reason)?;
    if standing.is_active() {
        let before = app.store.agent(&who.tenant, &name).await?.agent.standing;
        need_reason(before, &reason)?;
    }
    let now = (app.clock)();
    let agent =
        app.store.set_standing(&who.tenant, &name, standing, &reason, &who.name, now).await?;
    let act = match standing {
        Standing::Active => "agent.resume",
        Standing::Suspended => "agent.suspend",
        Standing::Quarantined => "agent.quarantine",
    };
    let in_force = record(app, who, act, &Subject::Agent(name), reason).await?;
    Ok(in_force.mark(answer(&agent)))
}

/// Puts a containment of any subject in force.
pub(crate) async fn contain(
    app: &App,
    who: &Principal,
    subject: Subject,
    standing: Standing,
    reason: String,
) -> Result<Response, Problem> {
    check_length(&reason)?;
    let act = match standing {
        Standing::Quarantined => "containment.quarantine",
        _ => "containment.suspend",
    };
    let (tenant, now) = (who.tenant.clone(), (app.clock)());
    let containment =
        Containment { tenant, subject: subject.clone(), standing, reason: reason.clone() };
    let stored = app.store.contain(containment, &who.name, now).await?;
    let in_force = record(app, who, act, &subject, reason).await?;
    Ok(in_force.mark(Json(stored).into_response()))
}

/// Ends a containment.
pub(crate) async fn release(
    app: &App,
    who: &Principal,
    subject: Subject,
    reason: String,
) -> Result<Response, Problem> {
    check_length(&reason)?;
    if let Some(held) = app.store.containment(&who.tenant, &subject).await? {
        need_reason(held.containment.standing, &reason)?;
    }
    let ended = app.store.release(&who.tenant, &subject, (app.clock)()).await?;
    let in_force = record(app, who, "containment.release", &subject, reason).await?;
    Ok(in_force.mark(Json(ended).into_response()))
}

async fn record(
    app: &App,
    who: &Principal,
    act: &'static str,
    subject: &Subject,
    reason: String,
) -> Result<InForce, Problem> {
    let (kind, name) = match subject {
        Subject::Agent(name) => ("agent", name.to_string()),
        Subject::Provider(name) => ("provider", name.to_string()),
        Subject::Server(name) => ("server", name.to_string()),
        Subject::Everything => ("everything", who.tenant.to_string()),
    };
    let detail = vec![("reason", reason)];
    commit(app, who, Change { act, kind, name, detail, publish: true }).await
}

/// Out of quarantine nobody comes by a slip of the hand.
fn need_reason(before: Standing, reason: &str) -> Result<(), Problem> {
    if before == Standing::Quarantined && reason.trim().is_empty() {
        let detail = "it is quarantined: give the reason why it may act again";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    Ok(())
}

fn check_length(reason: &str) -> Result<(), Problem> {
    if reason.len() > MAX_TEXT {
        let detail = format!("a reason has at most {MAX_TEXT} bytes");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    Ok(())
}
