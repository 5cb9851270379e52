//! What was kept of requests and answers: read by who may, erased for good.
//!
//! Whoever reads a payload leaves a record, which is durable before the payload leaves. An erasure
//! has two: the first says what is about to be destroyed and why, so that a crash in between
//! cannot hide it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{DataSubject, Decision, Effect, Kind, Month, Record, RecordId, Resource, Status, clip};
use serde::Deserialize;
use serde_json::{Value, json};

use super::records::{one, record};
use super::retention::held;
use super::{Endpoint, endpoint};
use crate::change::{Change, MAX_DETAIL, commit, random_id, with_record};
use crate::custody::{ErasedKey, KeyLevel, PayloadPart, PayloadPlace, PayloadView};
use crate::extract::{Body, Place};
use crate::{App, Failure, Principal, Problem, Shared, names};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Payload get "/api/v1/records/{record}/payload/{part}" show, "What was kept of a record's request or response; leaves a record"),
        endpoint!(Erase post "/api/v1/erasures" erase, "Destroys the keys to a subject's payloads for good, and forgets what it sent as placeholders"),
        endpoint!(Keys post "/api/v1/keys/rotate" rotate, "Exchanges the root key, the tenant's key or all data keys"),
    ]
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place((id, part)): Place<(RecordId, PayloadPart)>,
) -> Result<Response, Problem> {
    let hit = one(&app, &who, id).await?;
    let found = record(&app, &who.tenant, &hit).await?;
    let opened = open(&app, &who, &found, part).await?;
    let answer = match opened.view {
        Some(view) => Json(shown(id, part.as_str(), &view)).into_response(),
        None => {
            let detail = "its key was destroyed, so nobody can read it any more";
            Problem::new(StatusCode::GONE, detail).into_response()
        }
    };
    Ok(with_record(answer, opened.record))
}

/// A payload that somebody asked for.
pub(crate) struct Opened {
    /// Nothing where its key was destroyed.
    pub(crate) view: Option<PayloadView>,
    /// Which record tells of it.
    pub(crate) record: RecordId,
}

/// Opens a payload; the record that tells of it is durable when this resolves.
pub(crate) async fn open(
    app: &App,
    who: &Principal,
    of: &Record,
    part: PayloadPart,
) -> Result<Opened, Problem> {
    let id = of.id;
    let kept = match part {
        PayloadPart::Request => &of.payload.request,
        PayloadPart::Response => &of.payload.response,
    };
    let reference = kept.as_ref().and_then(|kept| kept.reference.clone());
    let Some(reference) = reference else { return Err(Problem::not_found("kept payload")) };
    let place = PayloadPlace { tenant: who.tenant.clone(), record: id, part, reference };
    let view = app.custody.payload(place).await?;
    let mut record = record_of(app, who, Kind::PAYLOAD_READ);
    record.resource = Some(Resource { name: id.to_string(), kind: "record".into() });
    record.detail.insert("part".into(), part.as_str().to_owned());
    record.status = if view.is_some() { Status::Ok } else { Status::Failed };
    app.journal.record(record.clone()).await?;
    Ok(Opened { view, record: record.id })
}

fn shown(id: RecordId, part: &str, view: &PayloadView) -> Value {
    let text = std::str::from_utf8(&view.bytes).ok();
    let encoding = if text.is_some() { "utf-8" } else { "base64" };
    let content = text.map_or_else(|| STANDARD.encode(&view.bytes), str::to_owned);
    json!({
        "record": id, "part": part, "encoding": encoding, "content": content,
        "content_coding": view.coding, "is_truncated": view.is_truncated,
    })
}

/// A record of something that was done here and is no change.
pub(crate) fn record_of(app: &App, who: &Principal, kind: Kind) -> Record {
    let now = (app.clock)();
    let id = RecordId::new(now, random_id(app).unwrap_or_default());
    let decision = Decision { effect: Effect::Permit, ..Decision::default() };
    let mut record = Record::new(id, now, who.tenant.clone(), kind, decision);
    record.client = who.client.clone();
    record.detail.insert("who".into(), who.name.clone());
    record
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// `{"type": "agent", "name": …}` or a person.
    subject: DataSubject,
    /// Only this month's.
    month: Option<Month>,
    /// Why; a record tells it.
    reason: String,
}

async fn erase(
    State(app): State<Shared>,
    who: Principal,
    Body(order): Body<Order>,
) -> Result<Response, Problem> {
    if order.reason.trim().is_empty() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "say why, as `reason`"));
    }
    // Both what was kept by name and what is kept by a pseudonym.
    let kept_as = app.custody.kept_as(&who.tenant, order.subject.clone());
    let hold = match held(&app, &who, &order.subject).await? {
        None => held(&app, &who, &kept_as).await?,
        hold => hold,
    };
    if let Some(hold) = hold {
        let detail = format!("this is under the legal hold {:?}; remove that first", hold.name);
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let mut record = record_of(&app, &who, Kind::DATA_ERASE);
    let named = match &order.subject {
        DataSubject::Person(name) if kept_as == order.subject => {
            names::shown(&app, &who, name).await?
        }
        _ => kept_as.name().to_owned(),
    };
    record.resource = Some(Resource { name: named, kind: order.subject.kind().into() });
    record.detail.insert("reason".into(), clip(&order.reason, MAX_DETAIL).to_owned());
    if let Some(month) = order.month {
        record.detail.insert("month".into(), month.to_string());
    }
    record.status = Status::Begun;
    app.journal.record(record.clone()).await?;
    let erased = erase_all(&app, &who, [order.subject, kept_as], order.month).await;
    record.status = if erased.is_ok() { Status::Ok } else { Status::Failed };
    record.time = (app.clock)();
    if let Ok((keys, values)) = &erased {
        record.detail.insert("keys".into(), keys.len().to_string());
        record.detail.insert("values".into(), values.to_string());
    }
    app.journal.record(record.clone()).await?;
    let (keys, values) = erased?;
    let answer = Json(json!({"erased": keys, "values": values})).into_response();
    Ok(with_record(answer, record.id))
}

/// The keys to a subject's payloads, what is theirs in the vault of placeholders, and what ties them to
/// their pseudonym. Only payloads have months: the rest goes with the whole.
async fn erase_all(
    app: &App,
    who: &Principal,
    subjects: [DataSubject; 2],
    month: Option<Month>,
) -> Result<(Vec<ErasedKey>, u64), Failure> {
    let [named, kept_as] = subjects;
    let other = (named != kept_as).then_some(named);
    let (mut erased, mut values) = (Vec::new(), 0);
    for subject in other.into_iter().chain([kept_as]) {
        if month.is_none() {
            values += app.custody.forget_values(who.tenant.clone(), subject.clone()).await?;
        }
        erased.extend(app.custody.erase(who.tenant.clone(), subject.clone(), month).await?);
        if let (DataSubject::Person(person), None) = (subject, month) {
            app.custody.forget_name(who.tenant.clone(), person).await?;
        }
    }
    Ok((erased, values))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    level: KeyLevel,
}

async fn rotate(
    State(app): State<Shared>,
    who: Principal,
    Body(rotation): Body<Rotation>,
) -> Result<Response, Problem> {
    let level = rotation.level;
    let keys = app.custody.rotate(who.tenant.clone(), level).await?;
    let name = format!("{level:?}").to_lowercase();
    let detail = vec![("keys", keys.to_string())];
    let change = Change { act: "key.rotate", kind: "key", name, detail, publish: false };
    let recorded = commit(&app, &who, change).await?;
    Ok(recorded.mark(Json(json!({"level": level, "keys": keys})).into_response()))
}
