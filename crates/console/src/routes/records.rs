//! Activity records: found by the index, read from the log.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::{AgentName, Effect, Kind, RecordId, SessionId, Status, Timestamp, UserName};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Cursor, Filter, Hit};

use super::{Endpoint, endpoint};
use crate::extract::{Params, Place};
use crate::{App, Failure, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/records" search, "Activity records that meet the filters, newest first, in pages"),
        endpoint!(Read get "/api/v1/records/{record}" show, "One action's last record, and where it stands in the log"),
        endpoint!(Read get "/api/v1/records/{record}/proof" prove, "The proof that a record is in the log"),
    ]
}

/// Records on one page: each is read from the log.
const MAX_PAGE: usize = 200;

/// Counting stops here.
const MAX_COUNT: u64 = 100_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    id: Option<RecordId>,
    agent: Option<AgentName>,
    user: Option<UserName>,
    kind: Option<Kind>,
    effect: Option<Effect>,
    status: Option<Status>,
    provider: Option<String>,
    /// Such as `openai/gpt-4o`.
    resource: Option<String>,
    session: Option<SessionId>,
    finding: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    cursor: Option<String>,
    limit: Option<usize>,
    /// Also counts what the filters find.
    #[serde(default)]
    count: bool,
}

impl Query {
    fn filter(&self) -> Filter {
        Filter {
            id: self.id,
            agent: self.agent.clone(),
            person: self.user.clone(),
            kind: self.kind.clone(),
            effect: self.effect,
            status: self.status,
            provider: self.provider.clone(),
            resource: self.resource.clone(),
            session: self.session.clone(),
            finding: self.finding.clone(),
            since: self.since,
            until: self.until,
        }
    }
}

async fn search(
    State(app): State<Shared>,
    who: Principal,
    Params(query): Params<Query>,
) -> Result<Response, Problem> {
    let after = query.cursor.as_deref().map(str::parse::<Cursor>).transpose()?;
    let limit = query.limit.unwrap_or(50).clamp(1, MAX_PAGE);
    app.instance.catch_up().await;
    let page = app.store.search(&who.tenant, query.filter(), after, limit).await?;
    let mut records = Vec::with_capacity(page.hits.len());
    for hit in page.hits {
        records.push(read(&app, &who, hit).await?);
    }
    let next = page.next.map(|cursor| cursor.to_string());
    let mut body = json!({"records": records, "next_cursor": next});
    if query.count {
        let count = app.store.count(&who.tenant, query.filter(), MAX_COUNT).await?;
        body["count"] = json!({"value": count.value, "at_least": count.at_least});
    }
    Ok(Json(body).into_response())
}

/// The log is the truth: what the index says stands there is read there.
pub(super) async fn read(app: &App, who: &Principal, hit: Hit) -> Result<Value, Problem> {
    let bytes = app.journal.read(who.tenant.clone(), hit.log.clone(), hit.position).await?;
    let record: Value = serde_json::from_slice(&bytes)
        .map_err(|_| Failure(format!("what stands at {} of the log is no record", hit.position)))?;
    Ok(json!({"log": hit.log, "position": hit.position, "begun": hit.begun, "record": record}))
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<RecordId>,
) -> Result<Response, Problem> {
    let hit = one(&app, &who, id).await?;
    Ok(Json(read(&app, &who, hit).await?).into_response())
}

async fn prove(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<RecordId>,
) -> Result<Response, Problem> {
    let hit = one(&app, &who, id).await?;
    let proof = app.journal.prove(who.tenant, hit.log, hit.position).await?;
    Ok(Json(proof).into_response())
}

pub(super) async fn one(app: &App, who: &Principal, id: RecordId) -> Result<Hit, Problem> {
    app.instance.catch_up().await;
    let filter = Filter { id: Some(id), ..Filter::default() };
    let page = app.store.search(&who.tenant, filter, None, 1).await?;
    page.hits.into_iter().next().ok_or_else(|| Problem::not_found("record"))
}
