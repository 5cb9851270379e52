//! The one way of a change: written to the store, recorded, published, answered.
//!
//! The store comes first, because it is what a restart reads. Where the record then cannot be
//! written the change is published all the same, and the answer says so: a suspension must not
//! fail to bite because the log is broken. (A gate whose log is broken refuses everything.)

use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use model::{Decision, Effect, Finding, Kind, Record, RecordId, Resource};

use crate::{App, Principal, Problem};

/// What was changed.
pub(crate) struct Change {
    /// A verb and a noun, such as `agent.suspend`.
    pub(crate) act: &'static str,
    /// `agent`, `provider`, …
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// Never a secret: a record is for ever.
    pub(crate) detail: Vec<(&'static str, String)>,
    /// Whether the gate has to know.
    pub(crate) publish: bool,
}

/// Proof that a change was recorded and is in force.
pub(crate) struct InForce {
    record: RecordId,
    micros: Option<u128>,
}

const RECORD: HeaderName = HeaderName::from_static("portcullis-record");
const IN_FORCE: HeaderName = HeaderName::from_static("portcullis-in-force-us");

/// Detail texts are cut here, so that a record stays far below its bound.
pub(crate) const MAX_DETAIL: usize = 2_048;

/// Records a change that the store has, and puts it in force.
pub(crate) async fn commit(app: &App, who: &Principal, change: Change) -> Result<InForce, Problem> {
    commit_alert(app, who, change, Vec::new()).await
}

/// The same, of what is to be noticed: findings are what alerts and exports go by.
pub(crate) async fn commit_alert(
    app: &App,
    who: &Principal,
    change: Change,
    findings: Vec<Finding>,
) -> Result<InForce, Problem> {
    app.pages.glass.forget(&who.tenant);
    let now = (app.clock)();
    // Without randomness the id is still unique enough to say what happened.
    let id = RecordId::new(now, random_id(app).unwrap_or_default());
    let publish = change.publish;
    let record = Record { findings, ..record_of(id, now, who, change) };
    let recorded = app.journal.record(record).await;
    let micros = match publish {
        true => Some(app.instance.publish(&who.tenant).await?.as_micros()),
        false => None,
    };
    recorded.map_err(|failure| {
        let text = format!("the change is in force, but could not be recorded: {failure}");
        Problem::from(crate::Failure(text))
    })?;
    Ok(InForce { record: id, micros })
}

fn record_of(id: RecordId, now: model::Timestamp, who: &Principal, change: Change) -> Record {
    let policies = who.policies.clone();
    let decision = Decision { effect: Effect::Permit, policies, ..Decision::default() };
    let mut record = Record::new(id, now, who.tenant.clone(), Kind::ADMIN_CHANGE, decision);
    record.client = who.client.clone();
    record.resource = Some(Resource { name: change.name, kind: change.kind.into() });
    let mut detail =
        BTreeMap::from([("act".into(), change.act.to_owned()), ("who".into(), who.name.clone())]);
    for (name, text) in change.detail {
        detail.insert(name.into(), model::clip(&text, MAX_DETAIL).to_owned());
    }
    record.detail = detail;
    record
}

impl InForce {
    /// Says in the answer's headers which record tells of the change, and how soon it held.
    pub(crate) fn mark(&self, response: Response) -> Response {
        let mut response = with_record(response, self.record);
        let micros = self.micros.and_then(|micros| HeaderValue::from_str(&micros.to_string()).ok());
        if let Some(micros) = micros {
            response.headers_mut().insert(IN_FORCE, micros);
        }
        response
    }
}

pub(crate) fn with_record(mut response: Response, id: RecordId) -> Response {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(RECORD, value);
    }
    response
}

pub(crate) fn random_id(app: &App) -> Option<u128> {
    let bytes = (app.random)()?;
    bytes.first_chunk::<16>().map(|bytes| u128::from_be_bytes(*bytes))
}

pub(crate) fn no_randomness() -> Problem {
    crate::Failure("the system gives no random numbers; restart it".to_owned()).into()
}
