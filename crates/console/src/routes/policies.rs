//! Policies as versions: proposed, approved by a second person, put in force, taken back.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use serde::Deserialize;
use serde_json::json;
use store::{NewPolicyVersion, PolicyFile, PolicyVersion};

use super::agents::MAX_TEXT;
use super::{Endpoint, endpoint};
use crate::change::{Change, InForce, commit};
use crate::extract::{Body, Place};
use crate::{App, Failure, PolicyReport, PolicySource, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/policies" list, "Versions of the policies, the newest first"),
        Endpoint {
            handler: propose_route,
            ..endpoint!(Author post "/api/v1/policies" propose, "Proposes a version; it must compile and its tests must pass")
        },
        endpoint!(Read get "/api/v1/policies/{number}" show, "One version with its files"),
        endpoint!(Deploy post "/api/v1/policies/{number}/approve" approve, "Approves a version; not its author"),
        endpoint!(Deploy post "/api/v1/policies/{number}/deploy" deploy, "Puts an approved version in force"),
        endpoint!(Deploy post "/api/v1/policies/rollback" rollback, "Puts the version before in force again"),
    ]
}

/// All files of a version, in bytes.
pub(crate) const MAX_FILES_BYTES: usize = 512 * 1024;

/// Files of a version.
const MAX_FILES: usize = 200;

/// What is listed; older ones are reached by their number.
pub(crate) const MAX_LISTED: usize = 500;

/// A request that brings whole files, in whatever encoding.
pub(crate) fn roomy(route: MethodRouter<Shared>) -> MethodRouter<Shared> {
    route.layer(DefaultBodyLimit::max(4 * MAX_FILES_BYTES))
}

fn propose_route() -> MethodRouter<Shared> {
    roomy(axum::routing::post(propose))
}

async fn list(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let versions = app.store.policy_versions(&who.tenant, MAX_LISTED).await?;
    let declared = app.instance.are_policies_declared(&who.tenant);
    Ok(Json(json!({"versions": versions, "declared_in_configuration": declared})).into_response())
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(number): Place<u32>,
) -> Result<Response, Problem> {
    Ok(Json(app.store.policy_version(&who.tenant, number).await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposal {
    /// `*.cedar`, and `*.test.toml` with their cases.
    files: Vec<PolicyFile>,
    /// What changes and why.
    note: String,
}

async fn propose(
    State(app): State<Shared>,
    who: Principal,
    Body(Proposal { files, note }): Body<Proposal>,
) -> Result<Response, Problem> {
    let (version, in_force) = draft(&app, &who, files, note).await?;
    Ok(in_force.mark((StatusCode::CREATED, Json(version)).into_response()))
}

/// Keeps a version that compiles and whose tests pass.
pub(crate) async fn draft(
    app: &App,
    who: &Principal,
    files: Vec<PolicyFile>,
    note: String,
) -> Result<(PolicyVersion, InForce), Problem> {
    if note.trim().is_empty() || note.len() > MAX_TEXT {
        return Err(unfit(format!(
            "say what changes and why, in at most {MAX_TEXT} bytes, as `note`"
        )));
    }
    let report = tried(app, who, &files)?;
    let new = NewPolicyVersion {
        hash: report.version,
        files,
        note: note.clone(),
        author: who.name.clone(),
    };
    let version = app.store.propose_policy(&who.tenant, new, (app.clock)()).await?;
    let in_force = told(app, who, "policy.propose", &version, vec![("note", note)]).await?;
    Ok((version, in_force))
}

/// What files come to: they compile, and every case passes.
pub(crate) fn tried(
    app: &App,
    who: &Principal,
    files: &[PolicyFile],
) -> Result<PolicyReport, Problem> {
    check_files(files)?;
    let source =
        |file: &PolicyFile| PolicySource { name: file.name.clone(), text: file.text.clone() };
    let sources: Vec<PolicySource> = files.iter().map(source).collect();
    let report =
        app.instance.try_policies(&who.tenant, &sources).map_err(|Failure(why)| unfit(why))?;
    match report.failed.as_slice() {
        [] => Ok(report),
        failed => Err(unfit(format!("{} of its cases fail:\n{}", failed.len(), failed.join("\n")))),
    }
}

/// How many files there may be, how large, and what they are called.
pub(super) fn check_files(files: &[PolicyFile]) -> Result<(), Problem> {
    let bytes: usize = files.iter().map(|file| file.name.len() + file.text.len()).sum();
    if files.len() > MAX_FILES || bytes > MAX_FILES_BYTES {
        return Err(unfit(format!(
            "a version has at most {MAX_FILES} files of {MAX_FILES_BYTES} bytes together"
        )));
    }
    if let Some(file) = files.iter().find(|file| !is_file_name(&file.name)) {
        return Err(unfit(format!(
            "{:?} is no name of a policy file: *.cedar or *.test.toml, in small letters, digits, points and dashes",
            file.name
        )));
    }
    Ok(())
}

fn is_file_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let ends = name.ends_with(".cedar") || name.ends_with(".test.toml");
    ends && !name.contains("..") && name.len() <= 128 && name.bytes().all(plain)
}

pub(super) fn unfit(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

async fn approve(
    State(app): State<Shared>,
    who: Principal,
    Place(number): Place<u32>,
) -> Result<Response, Problem> {
    review(&app, &who, number).await
}

/// A second person's yes.
pub(crate) async fn review(app: &App, who: &Principal, number: u32) -> Result<Response, Problem> {
    let version = app.store.approve_policy(&who.tenant, number, &who.name, (app.clock)()).await?;
    let in_force = told(app, who, "policy.approve", &version, vec![]).await?;
    Ok(in_force.mark(Json(version).into_response()))
}

async fn deploy(
    State(app): State<Shared>,
    who: Principal,
    Place(number): Place<u32>,
) -> Result<Response, Problem> {
    put_in_force(&app, &who, number, "policy.deploy").await
}

async fn rollback(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    take_back(&app, &who).await
}

pub(crate) async fn take_back(app: &App, who: &Principal) -> Result<Response, Problem> {
    let before = app.store.policy_before(&who.tenant).await?;
    let nothing = || Problem::new(StatusCode::CONFLICT, "there is no version before this one");
    put_in_force(app, who, before.ok_or_else(nothing)?, "policy.rollback").await
}

/// All or nothing: what cannot be put in force is not the version in force afterwards either.
pub(crate) async fn put_in_force(
    app: &App,
    who: &Principal,
    number: u32,
    act: &'static str,
) -> Result<Response, Problem> {
    if app.instance.are_policies_declared(&who.tenant) {
        let detail = "the configuration names a folder of policies, which rules; change its files, or take [policy] dir away";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let version = app.store.policy_version(&who.tenant, number).await?;
    // The grants may have changed since it was proposed.
    tried(app, who, &version.files)?;
    let version = app.store.deploy_policy(&who.tenant, number, &who.name, (app.clock)()).await?;
    if let Err(Failure(why)) = app.instance.reload(&who.tenant).await {
        app.store.undeploy_policy(&who.tenant, number).await?;
        return Err(unfit(why));
    }
    let hash = vec![("policy_version", version.hash.clone())];
    let in_force = told(app, who, act, &version, hash).await?;
    Ok(in_force.mark(Json(version).into_response()))
}

async fn told(
    app: &App,
    who: &Principal,
    act: &'static str,
    version: &PolicyVersion,
    detail: Vec<(&'static str, String)>,
) -> Result<InForce, Problem> {
    let name = version.number.to_string();
    commit(app, who, Change { act, kind: "policy", name, detail, publish: false }).await
}
