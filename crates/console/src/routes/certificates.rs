//! Client certificates: which names of theirs stand for which agent, and which are not taken any
//! more.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{AgentName, CertificateSerial, CertificateSubject};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Origin, RevokedCertificate, StoreError, StoredCertificate};

use super::agents::MAX_TEXT;
use super::{Endpoint, endpoint};
use crate::change::{Change, commit};
use crate::extract::{Body, Params, Place};
use crate::{Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/agents/{agent}/certificates" list, "Names in client certificates that stand for an agent"),
        endpoint!(Agents post "/api/v1/agents/{agent}/certificates" add, "Lets a name in client certificates stand for an agent"),
        endpoint!(Agents delete "/api/v1/agents/{agent}/certificates/{subject}" remove, "Lets a name stand for nobody any more"),
        endpoint!(Read get "/api/v1/revoked_certificates" revoked, "Certificates that are not taken any more, by serial, in pages"),
        endpoint!(Agents post "/api/v1/revoked_certificates" revoke, "Takes a certificate no more, on open connections either"),
        endpoint!(Agents delete "/api/v1/revoked_certificates/{serial}" reinstate, "Takes a revocation back that was a mistake"),
    ]
}

const MAX_LIST: usize = 1_000;

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
) -> Result<Response, Problem> {
    let stored = app.store.list_certificates(&who.tenant, &name).await?;
    let declared = app.instance.declared_credentials(&who.tenant).certificates;
    let declared = declared.iter().filter(|one| one.agent == name);
    let declared = declared.map(|one| json!({"subject": one.subject, "origin": Origin::Config}));
    let all: Vec<Value> = declared.chain(stored.iter().map(view)).collect();
    Ok(Json(json!({"certificates": all})).into_response())
}

fn view(one: &StoredCertificate) -> Value {
    json!({"subject": one.subject, "origin": Origin::Api, "created": one.created})
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Naming {
    /// `spiffe://…`, or `CN=` and the common name of its subject.
    subject: CertificateSubject,
}

async fn add(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
    Body(Naming { subject }): Body<Naming>,
) -> Result<Response, Problem> {
    if !app.instance.may_name(&who.tenant, &subject)? {
        let detail = "the platform did not leave this name to the tenant: ask it for a pattern under \
             `certificates` of its [[tenant]]";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let declared = app.instance.declared_credentials(&who.tenant).certificates;
    if declared.iter().any(|one| one.subject == subject) {
        return Err(of_configuration(&subject));
    }
    let named = app.store.add_certificate(&who.tenant, &name, subject, (app.clock)()).await?;
    let change = change("agent.add_certificate", &name, &named.subject);
    let in_force = commit(&app, &who, change).await?;
    Ok(in_force.mark((StatusCode::CREATED, Json(view(&named))).into_response()))
}

fn of_configuration(subject: &CertificateSubject) -> Problem {
    StoreError::Declared { what: "the certificate", name: subject.to_string() }.into()
}

fn change(act: &'static str, agent: &AgentName, subject: &CertificateSubject) -> Change {
    let detail = vec![("subject", subject.to_string())];
    Change { act, kind: "agent", name: agent.to_string(), detail, publish: true }
}

async fn remove(
    State(app): State<Shared>,
    who: Principal,
    Place((name, subject)): Place<(AgentName, CertificateSubject)>,
) -> Result<Response, Problem> {
    let declared = app.instance.declared_credentials(&who.tenant).certificates;
    if declared.iter().any(|one| one.subject == subject && one.agent == name) {
        return Err(of_configuration(&subject));
    }
    app.store.remove_certificate(&who.tenant, &name, &subject, (app.clock)()).await?;
    let change = change("agent.remove_certificate", &name, &subject);
    Ok(commit(&app, &who, change).await?.mark(StatusCode::NO_CONTENT.into_response()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    cursor: Option<CertificateSerial>,
    limit: Option<usize>,
}

async fn revoked(
    State(app): State<Shared>,
    who: Principal,
    Params(listing): Params<Listing>,
) -> Result<Response, Problem> {
    let limit = listing.limit.unwrap_or(100).clamp(1, MAX_LIST);
    let found = app.store.list_revoked_certificates(&who.tenant, listing.cursor, limit + 1);
    let found = found.await?;
    let more = found.len() > limit;
    let page: Vec<_> = found.into_iter().take(limit).collect();
    let next = page.last().filter(|_| more).map(|last| last.serial.clone());
    let configured = app.instance.declared_credentials(&who.tenant).revoked;
    let answer =
        json!({"revoked_certificates": page, "configured": configured, "next_cursor": next});
    Ok(Json(answer).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    /// In hexadecimal, with or without colons.
    serial: CertificateSerial,
    reason: String,
}

async fn revoke(
    State(app): State<Shared>,
    who: Principal,
    Body(Revocation { serial, reason }): Body<Revocation>,
) -> Result<Response, Problem> {
    if reason.trim().is_empty() || reason.len() > MAX_TEXT {
        let detail = format!("say why, as `reason`, in at most {MAX_TEXT} bytes");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let (by, since) = (who.name.clone(), (app.clock)());
    let revoked = RevokedCertificate { serial, reason: reason.clone(), who: by, since };
    app.store.revoke_certificate(&who.tenant, revoked.clone()).await?;
    let (name, detail) = (revoked.serial.to_string(), vec![("reason", reason)]);
    let change =
        Change { act: "certificate.revoke", kind: "certificate", name, detail, publish: true };
    let in_force = commit(&app, &who, change).await?;
    Ok(in_force.mark((StatusCode::CREATED, Json(revoked)).into_response()))
}

async fn reinstate(
    State(app): State<Shared>,
    who: Principal,
    Place(serial): Place<CertificateSerial>,
) -> Result<Response, Problem> {
    if app.instance.declared_credentials(&who.tenant).revoked.contains(&serial) {
        let what = "the revoked certificate";
        return Err(StoreError::Declared { what, name: serial.to_string() }.into());
    }
    app.store.reinstate_certificate(&who.tenant, &serial).await?;
    let (name, detail) = (serial.to_string(), vec![]);
    let change =
        Change { act: "certificate.reinstate", kind: "certificate", name, detail, publish: true };
    Ok(commit(&app, &who, change).await?.mark(StatusCode::NO_CONTENT.into_response()))
}
