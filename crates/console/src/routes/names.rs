//! Pseudonyms of people: whose one is, and which one somebody has. Each leaves a record.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::UserName;
use serde_json::json;

use super::{Endpoint, endpoint};
use crate::change::with_record;
use crate::extract::Place;
use crate::{Principal, Problem, Shared, names};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Names get "/api/v1/pseudonyms/{person}" resolve, "Whose pseudonym it is; leaves a record"),
        endpoint!(Names get "/api/v1/persons/{person}/pseudonym" find, "The pseudonym of a person; leaves a record"),
    ]
}

async fn resolve(
    State(app): State<Shared>,
    who: Principal,
    Place(pseudonym): Place<UserName>,
) -> Result<Response, Problem> {
    let (name, record) = names::resolve(&app, &who, &pseudonym).await?;
    let answer = Json(json!({"pseudonym": pseudonym, "name": name})).into_response();
    Ok(with_record(answer, record))
}

async fn find(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
) -> Result<Response, Problem> {
    let (pseudonym, record) = names::find(&app, &who, &name).await?;
    let answer = Json(json!({"pseudonym": pseudonym, "name": name})).into_response();
    Ok(with_record(answer, record))
}
