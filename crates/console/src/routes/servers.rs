//! MCP servers: what is configured, and the kill switch for one.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::{ServerName, Standing, Subject, TenantId};
use serde_json::json;

use super::standing::{Reason, contain, release};
use super::{Endpoint, endpoint};
use crate::extract::{Body, Place};
use crate::{App, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/servers" list, "Configured MCP servers and their standing"),
        endpoint!(Write post "/api/v1/servers/{server}/suspend" suspend, "Lets nothing pass to it and cuts what is open"),
        endpoint!(Write post "/api/v1/servers/{server}/quarantine" quarantine, "As suspend, until a reviewed resume"),
        endpoint!(Write post "/api/v1/servers/{server}/resume" resume, "Lets calls pass to it again"),
    ]
}

async fn list(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let held = app.store.list_containments(&who.tenant).await?;
    let standing = |name: &ServerName| {
        let subject = Subject::Server(name.clone());
        let found = held.iter().find(|held| held.containment.subject == subject);
        found.map_or(Standing::Active, |held| held.containment.standing)
    };
    let servers = app.instance.servers(&who.tenant);
    let servers: Vec<_> = servers
        .iter()
        .map(|server| json!({"server": server, "standing": standing(&server.name)}))
        .collect();
    Ok(Json(json!({"servers": servers})).into_response())
}

/// A slip in the name must not look like a server that is held.
fn subject(app: &App, tenant: &TenantId, name: ServerName) -> Result<Subject, Problem> {
    let known = app.instance.servers(tenant).iter().any(|server| server.name == name);
    if known { Ok(Subject::Server(name)) } else { Err(Problem::not_found("server")) }
}

async fn suspend(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<ServerName>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Response, Problem> {
    let subject = subject(&app, &who.tenant, name)?;
    contain(&app, &who, subject, Standing::Suspended, reason).await
}

async fn quarantine(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<ServerName>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Response, Problem> {
    let subject = subject(&app, &who.tenant, name)?;
    contain(&app, &who, subject, Standing::Quarantined, reason).await
}

/// One that is no longer configured can be resumed too.
async fn resume(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<ServerName>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Response, Problem> {
    release(&app, &who, Subject::Server(name), reason).await
}
