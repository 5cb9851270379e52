//! Providers: what is configured, and the kill switch for one.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::{ProviderName, Standing, Subject, TenantId};
use serde_json::json;

use super::standing::{Reason, contain, release};
use super::{Endpoint, endpoint};
use crate::extract::{Body, Place};
use crate::{App, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/providers" list, "Configured providers and their standing"),
        endpoint!(Write post "/api/v1/providers/{provider}/suspend" suspend, "Lets nothing pass to it and cuts what is open"),
        endpoint!(Write post "/api/v1/providers/{provider}/quarantine" quarantine, "As suspend, until a reviewed resume"),
        endpoint!(Write post "/api/v1/providers/{provider}/resume" resume, "Lets calls pass to it again"),
    ]
}

async fn list(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let held = app.store.list_containments(&who.tenant).await?;
    let standing = |name: &ProviderName| {
        let subject = Subject::Provider(name.clone());
        let found = held.iter().find(|held| held.containment.subject == subject);
        found.map_or(Standing::Active, |held| held.containment.standing)
    };
    let providers = app.instance.providers(&who.tenant);
    let providers: Vec<_> = providers
        .iter()
        .map(|provider| json!({"provider": provider, "standing": standing(&provider.name)}))
        .collect();
    Ok(Json(json!({"providers": providers})).into_response())
}

/// A slip in the name must not look like a provider that is held.
fn subject(app: &App, tenant: &TenantId, name: ProviderName) -> Result<Subject, Problem> {
    let known = app.instance.providers(tenant).iter().any(|provider| provider.name == name);
    if known { Ok(Subject::Provider(name)) } else { Err(Problem::not_found("provider")) }
}

async fn suspend(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<ProviderName>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Response, Problem> {
    let subject = subject(&app, &who.tenant, name)?;
    contain(&app, &who, subject, Standing::Suspended, reason).await
}

async fn quarantine(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<ProviderName>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Response, Problem> {
    let subject = subject(&app, &who.tenant, name)?;
    contain(&app, &who, subject, Standing::Quarantined, reason).await
}

/// One that is no longer configured can be resumed too.
async fn resume(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<ProviderName>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Response, Problem> {
    release(&app, &who, Subject::Provider(name), reason).await
}
