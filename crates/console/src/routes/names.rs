//! Pseudonyms of people: whose one is, and which one somebody has. Each leaves a record.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::UserName;
use serde::Deserialize;
use serde_json::json;

use super::{Endpoint, endpoint};
use crate::change::with_record;
use crate::extract::Body;
use crate::{Principal, Problem, Shared, names};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Names post "/api/v1/names/resolve" resolve, "Whose pseudonym it is; leaves a record"),
        endpoint!(Names post "/api/v1/names/find" find, "The pseudonym of a person; leaves a record"),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pseudonym {
    /// As records have it.
    pseudonym: UserName,
}

async fn resolve(
    State(app): State<Shared>,
    who: Principal,
    Body(Pseudonym { pseudonym }): Body<Pseudonym>,
) -> Result<Response, Problem> {
    let (name, record) = names::resolve(&app, &who, &pseudonym).await?;
    let answer = Json(json!({"pseudonym": pseudonym, "name": name})).into_response();
    Ok(with_record(answer, record))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    /// As the identity provider names the person.
    name: UserName,
}

async fn find(
    State(app): State<Shared>,
    who: Principal,
    Body(Name { name }): Body<Name>,
) -> Result<Response, Problem> {
    let (pseudonym, record) = names::find(&app, &who, &name).await?;
    let answer = Json(json!({"pseudonym": pseudonym, "name": name})).into_response();
    Ok(with_record(answer, record))
}
