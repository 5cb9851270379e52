//! Access reviews: everybody's access, looked at by somebody else and kept, narrowed or revoked.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::{RoleName, Timestamp};
use people::elevation::check_reason;
use serde::Deserialize;
use serde_json::json;
use store::{
    AccessKind, NewReview, ReviewDecision, ReviewItem, ReviewWord, StoreError, StoredReview,
};

use super::access::alarm;
use super::{Endpoint, endpoint};
use crate::change::{Change, InForce, commit, commit_alert};
use crate::extract::{Body, Params, Place};
use crate::rules::{self, Ruling};
use crate::{Access, App, Principal, Problem, Shared, holdings};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/reviews" list, "Access reviews, the newest first"),
        endpoint!(Review post "/api/v1/reviews" start, "Begins an access review"),
        endpoint!(Read get "/api/v1/reviews/{review}" show, "One access review, and how far it has come"),
        endpoint!(Read get "/api/v1/reviews/{review}/items" items, "What it looks at, in pages"),
        endpoint!(Review post "/api/v1/reviews/{review}/items/{item}/decide" decide, "Keeps, narrows or revokes one thing, at once"),
        endpoint!(Review post "/api/v1/reviews/{review}/close" close, "Closes it; what is undecided is settled as at its deadline"),
        endpoint!(Read get "/api/v1/reviews/{review}/evidence" evidence, "What it came to, as the log has its hash"),
    ]
}

const MAX_LIST: usize = 1_000;

async fn list(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let reviews = app.store.reviews(&who.tenant, MAX_LIST).await?;
    Ok(Json(json!({"reviews": reviews})).into_response())
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(review): Place<u64>,
) -> Result<Response, Problem> {
    Ok(Json(app.store.review(&who.tenant, review).await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    cursor: Option<u64>,
    limit: Option<usize>,
}

async fn items(
    State(app): State<Shared>,
    who: Principal,
    Place(review): Place<u64>,
    Params(listing): Params<Listing>,
) -> Result<Response, Problem> {
    app.store.review(&who.tenant, review).await?;
    let (after, limit) = (listing.cursor.unwrap_or(0), listing.limit.unwrap_or(100));
    let limit = limit.clamp(1, MAX_LIST);
    let mut items = app.store.review_items(&who.tenant, review, after, limit + 1).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| last.number.to_string());
    Ok(Json(json!({"items": items, "next_cursor": next})).into_response())
}

async fn start(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let (review, recorded) = begin(&app, &who).await?;
    Ok(recorded.mark((StatusCode::CREATED, Json(review)).into_response()))
}

/// Begins a review of what everybody may do now.
pub(crate) async fn begin(app: &App, who: &Principal) -> Result<(StoredReview, InForce), Problem> {
    let now = (app.clock)();
    let rules = app.instance.review(&who.tenant);
    let held = holdings::gather(app, &who.tenant, now).await?;
    let new = NewReview {
        started_by: who.name.clone(),
        deadline: now.plus(rules.lasts),
        escalates: rules.escalates,
    };
    let review = app.store.start_review(&who.tenant, new, held, now).await?;
    let detail = vec![
        ("items", review.counts.items.to_string()),
        ("deadline", review.deadline.to_string()),
        ("undecided", if review.escalates { "escalate" } else { "revoke" }.to_owned()),
    ];
    let recorded = commit(app, who, change("review.start", review.number, detail)).await?;
    Ok((review, recorded))
}

fn change(act: &'static str, review: u64, detail: Vec<(&'static str, String)>) -> Change {
    Change { act, kind: "access_review", name: review.to_string(), detail, publish: false }
}

/// What somebody says of an item.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    pub(crate) decision: ReviewDecision,
    /// To narrow a role, a token or a key.
    pub(crate) ends: Option<Timestamp>,
    /// To narrow an agent: the roles that stay.
    pub(crate) roles: Option<Vec<RoleName>>,
    pub(crate) reason: String,
}

async fn decide(
    State(app): State<Shared>,
    who: Principal,
    Place((review, item)): Place<(u64, u64)>,
    Body(said): Body<Said>,
) -> Result<Response, Problem> {
    let (item, recorded) = say(&app, &who, (review, item), said).await?;
    Ok(recorded.mark(Json(item).into_response()))
}

/// Decides on an item, and does what was decided.
pub(crate) async fn say(
    app: &App,
    who: &Principal,
    (review, number): (u64, u64),
    said: Said,
) -> Result<(ReviewItem, InForce), Problem> {
    let unfit = |detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
    check_reason(&said.reason).map_err(|error| unfit(error.to_string()))?;
    let Said { decision, ends, roles, reason } = said;
    let person = who.person().cloned();
    let word = ReviewWord { decision, ends, roles, reason, who: who.name.clone(), person };
    let (tenant, now) = (&who.tenant, (app.clock)());
    let item = app.store.decide_review_item(tenant, review, number, word, now).await?;
    let recorded = commit(app, who, decided(review, &item)).await?;
    Ok((item, recorded))
}

/// The same for one of many that a form names: the policies are asked for each of them.
pub(crate) async fn check_may(
    app: &App,
    who: &Principal,
    (review, number): (u64, u64),
) -> Result<(), Problem> {
    let item = app.store.review_item(&who.tenant, review, number).await?;
    let Ruling { verdict, .. } = rules::rule(app, who, Access::Review, &rules::review_item(&item));
    if verdict.is_permitted {
        return Ok(());
    }
    let detail = format!("{} {}: {}", item.access.holder, item.access.held, verdict.reason);
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

fn decided(review: u64, item: &ReviewItem) -> Change {
    let access = &item.access;
    let decision = item.decision.map_or("", ReviewDecision::as_str);
    let mut detail = vec![
        ("item", item.number.to_string()),
        ("kind", access.kind.as_str().to_owned()),
        ("holder", access.holder.clone()),
        ("held", access.held.clone()),
        ("decision", decision.to_owned()),
        ("reason", item.reason.clone().unwrap_or_default()),
        ("outcome", item.outcome.clone().unwrap_or_default()),
    ];
    detail.extend(item.narrowed.clone().map(|text| ("narrowed", text)));
    detail.extend(access.last_used.map(|at| ("last_used", at.to_string())));
    // What an agent may do holds in the gate.
    let publish = matches!(access.kind, AccessKind::Agent | AccessKind::Key)
        && matches!(item.decision, Some(ReviewDecision::Narrow | ReviewDecision::Revoke));
    Change { publish, ..change("review.decide", review, detail) }
}

async fn close(
    State(app): State<Shared>,
    who: Principal,
    Place(review): Place<u64>,
) -> Result<Response, Problem> {
    let (review, recorded) = end(&app, &who, review, true).await?;
    Ok(recorded.mark(Json(review).into_response()))
}

/// Items settled in one transaction when a review ends.
const SETTLED: usize = 256;

/// Settles what is undecided, and closes the review: the record has the counts and the hash of the
/// evidence.
pub(crate) async fn end(
    app: &App,
    who: &Principal,
    review: u64,
    by_hand: bool,
) -> Result<(StoredReview, InForce), Problem> {
    if app.store.review(&who.tenant, review).await?.closed.is_some() {
        return Err(StoreError::Settled("closed already").into());
    }
    loop {
        let (store, now) = (&app.store, (app.clock)());
        let settled = store.settle_review(&who.tenant, review, by_hand, SETTLED, now).await?;
        for item in &settled {
            commit(app, &Principal::clock(&who.tenant), decided(review, item)).await?;
        }
        if settled.is_empty() {
            break;
        }
    }
    let closed = app.store.close_review(&who.tenant, review, &who.name, (app.clock)()).await?;
    let counts = closed.counts;
    let detail = vec![
        ("items", counts.items.to_string()),
        ("kept", counts.kept.to_string()),
        ("narrowed", counts.narrowed.to_string()),
        ("revoked", counts.revoked.to_string()),
        ("escalated", counts.escalated.to_string()),
        ("evidence_sha256", closed.hash.clone().unwrap_or_default()),
    ];
    let late = (counts.escalated > 0).then(|| alarm("access.undecided"));
    let change = change("review.close", review, detail);
    let recorded = commit_alert(app, who, change, late.into_iter().collect()).await?;
    Ok((closed, recorded))
}

async fn evidence(
    State(app): State<Shared>,
    who: Principal,
    Place(review): Place<u64>,
) -> Result<Response, Problem> {
    let text = app.store.review_evidence(&who.tenant, review).await?;
    let name = format!("attachment; filename=\"access-review-{review}.json\"");
    let kind = "application/json";
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, &name)], text).into_response())
}

/// Does what the calendar asks for: closes a review whose deadline has come, begins one that is due.
pub(crate) async fn keep_up(app: &App, clock: &Principal) -> Result<(), Problem> {
    let (tenant, now) = (&clock.tenant, (app.clock)());
    let last = app.store.reviews(tenant, 1).await?.pop();
    match &last {
        Some(open) if open.closed.is_none() => {
            if open.deadline <= now {
                end(app, clock, open.number, false).await?;
            }
            return Ok(());
        }
        _ => {}
    }
    let since = match last {
        Some(last) => Some(last.started),
        None => app.store.first_user_added(tenant).await?,
    };
    if since.is_some_and(|since| app.instance.review(tenant).every.is_due(since, now)) {
        begin(app, clock).await?;
    }
    Ok(())
}
