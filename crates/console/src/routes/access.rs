//! Time-limited access: roles that people ask for, or take at once, for some minutes.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{Finding, Severity, UserName};
use people::Role;
use people::elevation::{ElevationError, check_reason};
use serde::Deserialize;
use serde_json::json;
use store::{ElevationJudge, ElevationState, NewElevation, StoredElevation, WhichElevations};

use super::standing::Reason;
use super::{Endpoint, endpoint};
use crate::change::{Change, InForce, commit, commit_alert};
use crate::extract::{Body, Params, Place};
use crate::{App, Principal, Problem, Shared, login};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/access" list, "Roles asked for or taken for some time, the newest first; `which` narrows them"),
        endpoint!(Ask post "/api/v1/access" ask, "Asks for a role for some minutes"),
        endpoint!(BreakGlass post "/api/v1/access/break_glass" take, "Takes a declared role at once, in front of everybody"),
        endpoint!(Read get "/api/v1/access/{elevation}" show, "One of them"),
        endpoint!(Decide post "/api/v1/access/{elevation}/approve" approve, "Lets somebody have the role that they ask for"),
        endpoint!(Decide post "/api/v1/access/{elevation}/deny" deny, "Refuses it, with a reason"),
        endpoint!(End post "/api/v1/access/{elevation}/end" end, "Ends a role before its time, or takes a request back"),
        endpoint!(Review post "/api/v1/access/{elevation}/sign_off" sign_off, "Says that a role which was taken at once was looked at"),
    ]
}

/// A list ends here; the log tells of what is older.
pub(crate) const MAX_LIST: usize = 1_000;

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    #[default]
    All,
    Open,
    Unreviewed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    #[serde(default)]
    which: Which,
}

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Params(listing): Params<Listing>,
) -> Result<Response, Problem> {
    let which = match listing.which {
        Which::All => WhichElevations::All,
        Which::Open => WhichElevations::Open,
        Which::Unreviewed => WhichElevations::Unreviewed,
    };
    let found = app.store.elevations(&who.tenant, which, MAX_LIST, (app.clock)()).await?;
    Ok(Json(json!({"access": found})).into_response())
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
) -> Result<Response, Problem> {
    Ok(Json(app.store.elevation(&who.tenant, &id, (app.clock)()).await?).into_response())
}

/// What somebody wants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    pub(crate) role: Role,
    pub(crate) minutes: u32,
    pub(crate) reason: String,
}

impl Wish {
    fn span(&self) -> Duration {
        Duration::from_secs(u64::from(self.minutes) * 60)
    }

    fn of(self, app: &App, user: UserName) -> Result<NewElevation, Problem> {
        let (id, span) = (login::row_id(app)?, self.span());
        Ok(NewElevation {
            id,
            user,
            role: self.role.as_str().to_owned(),
            span,
            reason: self.reason,
        })
    }
}

fn unfit(error: ElevationError) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
}

/// Programs and the operator have no roles that could be more.
fn person(who: &Principal) -> Result<UserName, Problem> {
    let nobody = || {
        let detail = "only a person asks for a role; log in as one, or use a token of your own";
        Problem::new(StatusCode::FORBIDDEN, detail)
    };
    who.person().cloned().ok_or_else(nobody)
}

async fn ask(
    State(app): State<Shared>,
    who: Principal,
    Body(wish): Body<Wish>,
) -> Result<Response, Problem> {
    let (stored, recorded) = wish_for(&app, &who, wish).await?;
    Ok(recorded.mark((StatusCode::CREATED, Json(stored)).into_response()))
}

/// Asks for a role.
pub(crate) async fn wish_for(
    app: &App,
    who: &Principal,
    wish: Wish,
) -> Result<(StoredElevation, InForce), Problem> {
    let user = person(who)?;
    let rules = app.instance.elevation(&who.tenant);
    rules.check_request(wish.span(), &wish.reason).map_err(unfit)?;
    let now = (app.clock)();
    let new = wish.of(app, user)?;
    let stored = app.store.ask_elevation(&who.tenant, new, now.plus(rules.waits), now).await?;
    let recorded = commit(app, who, change("access.request", &stored)).await?;
    Ok((stored, recorded))
}

async fn take(
    State(app): State<Shared>,
    who: Principal,
    Body(wish): Body<Wish>,
) -> Result<Response, Problem> {
    let (stored, recorded) = break_glass(&app, &who, wish).await?;
    Ok(recorded.mark((StatusCode::CREATED, Json(stored)).into_response()))
}

/// Takes a role at once. The record carries a finding of high severity, which alerts go by.
pub(crate) async fn break_glass(
    app: &App,
    who: &Principal,
    wish: Wish,
) -> Result<(StoredElevation, InForce), Problem> {
    let user = person(who)?;
    let rules = app.instance.elevation(&who.tenant);
    rules.check_break_glass(wish.role, wish.span(), &wish.reason).map_err(unfit)?;
    let new = wish.of(app, user)?;
    let stored = app.store.break_glass(&who.tenant, new, (app.clock)()).await?;
    let change = change("access.break_glass", &stored);
    let recorded = commit_alert(app, who, change, vec![alarm("access.break_glass")]).await?;
    Ok((stored, recorded))
}

/// What somebody must notice.
pub(crate) fn alarm(kind: &str) -> Finding {
    Finding {
        confidence: 1.0,
        count: 1,
        detector: Arc::from("people"),
        fingerprint: None,
        kind: Arc::from(kind),
        severity: Severity::High,
        location: "detail:elevation".to_owned(),
    }
}

pub(crate) fn change(act: &'static str, stored: &StoredElevation) -> Change {
    let mut detail = vec![
        ("elevation", stored.id.clone()),
        ("role", stored.role.clone()),
        ("minutes", (stored.seconds / 60).to_string()),
        ("reason", stored.reason.clone()),
        ("state", stored.state.as_str().to_owned()),
    ];
    if stored.starts.is_some() {
        detail.push(("ends", stored.ends.to_string()));
    }
    detail.extend(stored.decision.clone().map(|text| ("decision", text)));
    detail.extend(stored.review.clone().map(|text| ("review", text)));
    Change { act, kind: "user", name: stored.user.to_string(), detail, publish: false }
}

async fn approve(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
    Body(said): Body<Reason>,
) -> Result<Response, Problem> {
    decide(&app, &who, &id, true, said.reason).await
}

async fn deny(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
    Body(said): Body<Reason>,
) -> Result<Response, Problem> {
    decide(&app, &who, &id, false, said.reason).await
}

fn judge(who: &Principal, reason: String) -> ElevationJudge {
    ElevationJudge { who: who.name.clone(), person: who.person().cloned(), reason }
}

/// Says yes or no. Whether this person may was for the policies of the console to say.
pub(crate) async fn decide(
    app: &App,
    who: &Principal,
    id: &str,
    approves: bool,
    reason: String,
) -> Result<Response, Problem> {
    // Who is refused is told why; a yes speaks for itself.
    match check_reason(&reason) {
        Err(ElevationError::NoReason) if approves => {}
        other => other.map_err(unfit)?,
    }
    let now = (app.clock)();
    let judge = judge(who, reason);
    let stored = app.store.decide_elevation(&who.tenant, id, judge, approves, now).await?;
    let act = if approves { "access.approve" } else { "access.deny" };
    let recorded = commit(app, who, change(act, &stored)).await?;
    Ok(recorded.mark(Json(stored).into_response()))
}

async fn end(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
) -> Result<Response, Problem> {
    give_back(&app, &who, &id).await
}

/// Ends a role before its time, or takes a request back.
pub(crate) async fn give_back(app: &App, who: &Principal, id: &str) -> Result<Response, Problem> {
    let stored = app.store.end_elevation(&who.tenant, id, &who.name, (app.clock)()).await?;
    let act = match stored.state {
        ElevationState::Withdrawn => "access.withdraw",
        _ => "access.end",
    };
    let recorded = commit(app, who, change(act, &stored)).await?;
    Ok(recorded.mark(Json(stored).into_response()))
}

async fn sign_off(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
    Body(said): Body<Reason>,
) -> Result<Response, Problem> {
    look_at(&app, &who, &id, said.reason).await
}

/// Signs off a role that was taken at once.
pub(crate) async fn look_at(
    app: &App,
    who: &Principal,
    id: &str,
    reason: String,
) -> Result<Response, Problem> {
    check_reason(&reason).map_err(unfit)?;
    let judge = judge(who, reason);
    let stored = app.store.sign_off_elevation(&who.tenant, id, judge, (app.clock)()).await?;
    let recorded = commit(app, who, change("access.sign_off", &stored)).await?;
    Ok(recorded.mark(Json(stored).into_response()))
}

/// Requests settled at once when their time is up.
const SETTLED: usize = 256;

/// Records what time has ended: what was given for some minutes, and requests that nobody decided on.
pub(crate) async fn settle(app: &App, who: &Principal) -> Result<(), Problem> {
    let over = app.store.settle_elevations(&who.tenant, SETTLED, (app.clock)()).await?;
    for one in over {
        let act = match one.state {
            ElevationState::Lapsed => "access.lapse",
            _ => "access.end",
        };
        commit(app, who, change(act, &one)).await?;
    }
    Ok(())
}
