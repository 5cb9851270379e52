//! Activity records: found by the index, read from the log.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::{
    AgentName, Effect, Kind, Record, RecordId, SessionId, Status, TenantId, Timestamp, UserName,
};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Cursor, Field, Filter, Hit};

use super::{Endpoint, endpoint};
use crate::extract::{Params, Place};
use crate::{App, Failure, Principal, Problem, Shared, names};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/records" search, "Activity records that meet the filters, newest first, in pages"),
        endpoint!(Read get "/api/v1/records/top" top, "The most frequent values of a field among the records that meet the filters"),
        endpoint!(Read get "/api/v1/records/histogram" histogram, "How many records meet the filters in each span of time"),
        endpoint!(Read get "/api/v1/records/{record}" show, "One action's last record, and where it stands in the log"),
        endpoint!(Read get "/api/v1/records/{record}/proof" prove, "The proof that a record is in the log"),
    ]
}

/// Records on one page: each is read from the log.
const MAX_PAGE: usize = 200;

/// Values of a list of the most frequent, unless the request says how many.
const TOP: usize = 20;

/// Bins of a histogram, unless the request says how wide they are.
const BINS: u32 = 60;

/// The span of a histogram, unless the request says since when.
const DAY: Duration = Duration::from_secs(86_400);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    /// A query such as `effect:deny agent:bot "text" since:7d`.
    q: Option<String>,
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
    /// A moment, or a span before now.
    since: Option<String>,
    until: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
    /// Also counts what the filters find.
    #[serde(default)]
    count: bool,
    /// Of the most frequent values: of which field.
    field: Option<String>,
    /// Of a histogram: how wide a bin is, such as `1h`.
    step: Option<String>,
}

impl Query {
    fn filter(&self, now: Timestamp) -> Result<Filter, Problem> {
        let moment = |text: &Option<String>| {
            text.as_deref().map(|text| store::moment(text, now)).transpose()
        };
        let mut filter = Filter {
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
            since: moment(&self.since)?,
            until: moment(&self.until)?,
            clauses: Vec::new(),
        };
        filter.narrow(self.q.as_deref().unwrap_or_default(), now)?;
        Ok(filter)
    }
}

async fn search(
    State(app): State<Shared>,
    who: Principal,
    Params(query): Params<Query>,
) -> Result<Response, Problem> {
    let mut filter = query.filter((app.clock)())?;
    names::in_search(&app, &who, &mut filter).await?;
    let after = query.cursor.as_deref().map(str::parse::<Cursor>).transpose()?;
    let limit = query.limit.unwrap_or(50).clamp(1, MAX_PAGE);
    app.instance.catch_up(&who.tenant).await;
    let page = app.store.search(&who.tenant, filter.clone(), after, limit).await?;
    let mut records = Vec::with_capacity(page.hits.len());
    for hit in page.hits {
        records.push(read(&app, &who, hit).await?);
    }
    let next = page.next.map(|cursor| cursor.to_string());
    let behind = app.instance.index(&who.tenant).behind();
    let mut body = json!({"records": records, "next_cursor": next, "behind": behind});
    if query.count {
        let count = app.store.count(&who.tenant, filter, u64::MAX).await?;
        body["count"] = json!({"value": count.value, "at_least": count.at_least});
    }
    Ok(Json(body).into_response())
}

async fn top(
    State(app): State<Shared>,
    who: Principal,
    Params(query): Params<Query>,
) -> Result<Response, Problem> {
    let mut filter = query.filter((app.clock)())?;
    names::in_search(&app, &who, &mut filter).await?;
    let name = query.field.as_deref().ok_or_else(|| Problem::bad_request("say which field"))?;
    let field = Field::named(name)?;
    app.instance.catch_up(&who.tenant).await;
    let top = app.store.top(&who.tenant, filter, field, query.limit.unwrap_or(TOP)).await?;
    let value = |tally: &store::Tally| json!({"value": tally.value, "count": tally.count});
    let values: Vec<Value> = top.values.iter().map(value).collect();
    let behind = app.instance.index(&who.tenant).behind();
    let body = json!({"field": name, "values": values, "distinct": top.distinct, "behind": behind});
    Ok(Json(body).into_response())
}

async fn histogram(
    State(app): State<Shared>,
    who: Principal,
    Params(query): Params<Query>,
) -> Result<Response, Problem> {
    let now = (app.clock)();
    let mut filter = query.filter(now)?;
    names::in_search(&app, &who, &mut filter).await?;
    // Up to this moment, itself included.
    let until = filter.until.unwrap_or(now.plus(Duration::from_micros(1)));
    let since = filter.since.unwrap_or(until.minus(DAY));
    (filter.since, filter.until) = (Some(since), Some(until));
    let whole = until.since(since);
    let step = match query.step.as_deref() {
        Some(text) => store::span(text).filter(|step| !step.is_zero()),
        None => Some((whole / BINS).max(Duration::from_secs(1))),
    };
    let step =
        step.ok_or_else(|| Problem::bad_request("a step is a span such as 30s, 5m or 1h"))?;
    let bins = whole.as_micros().div_ceil(step.as_micros()).max(1);
    let bins = usize::try_from(bins).ok().filter(|bins| *bins <= store::MAX_BINS);
    let bins = bins.ok_or_else(|| {
        Problem::bad_request(format!(
            "that makes more than {} bins; take a wider step",
            store::MAX_BINS
        ))
    })?;
    app.instance.catch_up(&who.tenant).await;
    let counts = app.store.histogram(&who.tenant, filter, since, step, bins).await?;
    let behind = app.instance.index(&who.tenant).behind();
    let body = json!({"from": since, "until": until, "step_s": step.as_secs_f64(), "counts": counts, "behind": behind});
    Ok(Json(body).into_response())
}

/// The log is the truth: what the index says stands there is read there.
pub(super) async fn read(app: &App, who: &Principal, hit: Hit) -> Result<Value, Problem> {
    let bytes = stored(app, &who.tenant, &hit).await?;
    let record: Value = serde_json::from_slice(&bytes).map_err(|_| no_record(&hit))?;
    Ok(json!({"log": hit.log, "position": hit.position, "begun": hit.begun, "record": record}))
}

/// The record byte for byte.
pub(crate) async fn stored(app: &App, tenant: &TenantId, hit: &Hit) -> Result<Vec<u8>, Problem> {
    Ok(app.journal.read(tenant.clone(), hit.log.clone(), hit.position).await?)
}

pub(crate) async fn record(app: &App, tenant: &TenantId, hit: &Hit) -> Result<Record, Problem> {
    let bytes = stored(app, tenant, hit).await?;
    Record::decode(&bytes).map_err(|_| no_record(hit).into())
}

fn no_record(hit: &Hit) -> Failure {
    Failure(format!("what stands at {} of the log is no record", hit.position))
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

pub(crate) async fn one(app: &App, who: &Principal, id: RecordId) -> Result<Hit, Problem> {
    app.instance.catch_up(&who.tenant).await;
    let filter = Filter { id: Some(id), ..Filter::default() };
    let page = app.store.search(&who.tenant, filter, None, 1).await?;
    page.hits.into_iter().next().ok_or_else(|| Problem::not_found("record"))
}
