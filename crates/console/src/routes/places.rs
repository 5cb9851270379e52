//! Places that agents call, model APIs and MCP servers: what is configured, and the kill switch for one.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::{ProviderName, ServerName, Standing, Subject, TenantId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::standing::{Reason, contain, release};
use super::{Endpoint, endpoint};
use crate::extract::{Body, Place};
use crate::{App, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/providers" list::<ProviderName>, "Configured providers and their standing"),
        endpoint!(Contain post "/api/v1/providers/{provider}/suspend" suspend::<ProviderName>, "Lets nothing pass to it and cuts what is open"),
        endpoint!(Contain post "/api/v1/providers/{provider}/quarantine" quarantine::<ProviderName>, "As suspend, until a reviewed resume"),
        endpoint!(Resume post "/api/v1/providers/{provider}/resume" resume::<ProviderName>, "Lets calls pass to it again"),
        endpoint!(Read get "/api/v1/servers" list::<ServerName>, "Configured MCP servers and their standing"),
        endpoint!(Contain post "/api/v1/servers/{server}/suspend" suspend::<ServerName>, "Lets nothing pass to it and cuts what is open"),
        endpoint!(Contain post "/api/v1/servers/{server}/quarantine" quarantine::<ServerName>, "As suspend, until a reviewed resume"),
        endpoint!(Resume post "/api/v1/servers/{server}/resume" resume::<ServerName>, "Lets calls pass to it again"),
    ]
}

/// The name of a place, and what there is of its kind.
trait PlaceName: Clone + PartialEq + DeserializeOwned + Send + 'static {
    const ONE: &'static str;
    const ALL: &'static str;

    fn subject(self) -> Subject;

    /// Each that is configured: its name, and what is shown of it.
    fn configured(app: &App, tenant: &TenantId) -> Vec<(Self, Value)>;
}

impl PlaceName for ProviderName {
    const ONE: &'static str = "provider";
    const ALL: &'static str = "providers";

    fn subject(self) -> Subject {
        Subject::Provider(self)
    }

    fn configured(app: &App, tenant: &TenantId) -> Vec<(Self, Value)> {
        let all = app.instance.providers(tenant).into_iter();
        all.map(|one| (one.name.clone(), json!(one))).collect()
    }
}

impl PlaceName for ServerName {
    const ONE: &'static str = "server";
    const ALL: &'static str = "servers";

    fn subject(self) -> Subject {
        Subject::Server(self)
    }

    fn configured(app: &App, tenant: &TenantId) -> Vec<(Self, Value)> {
        let all = app.instance.servers(tenant).into_iter();
        all.map(|one| (one.name.clone(), json!(one))).collect()
    }
}

async fn list<N: PlaceName>(
    State(app): State<Shared>,
    who: Principal,
) -> Result<Response, Problem> {
    let containments = app.store.list_containments(&who.tenant).await?;
    let standing = |name: N| {
        let subject = name.subject();
        let held = containments.iter().find(|held| held.containment.subject == subject);
        held.map_or(Standing::Active, |held| held.containment.standing)
    };
    let all = N::configured(&app, &who.tenant).into_iter();
    let all: Vec<Value> =
        all.map(|(name, shown)| json!({N::ONE: shown, "standing": standing(name)})).collect();
    Ok(Json(json!({N::ALL: all})).into_response())
}

/// A slip in the name must not look like a place that is held.
fn subject<N: PlaceName>(app: &App, tenant: &TenantId, name: N) -> Result<Subject, Problem> {
    let is_known = N::configured(app, tenant).iter().any(|(known, _)| *known == name);
    if is_known { Ok(name.subject()) } else { Err(Problem::not_found(N::ONE)) }
}

async fn suspend<N: PlaceName>(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<N>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Response, Problem> {
    let subject = subject(&app, &who.tenant, name)?;
    contain(&app, &who, subject, Standing::Suspended, reason).await
}

async fn quarantine<N: PlaceName>(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<N>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Response, Problem> {
    let subject = subject(&app, &who.tenant, name)?;
    contain(&app, &who, subject, Standing::Quarantined, reason).await
}

/// One that is no longer configured can be resumed too.
async fn resume<N: PlaceName>(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<N>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Response, Problem> {
    release(&app, &who, name.subject(), reason).await
}
