//! People: on whose behalf agents may act, and with which scopes.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::{Scopes, Standing, UserName};
use serde::{Deserialize, Deserializer};
use serde_json::json;
use store::{NewPerson, PersonChange, StoredPerson};

use super::agents::MAX_TEXT;
use super::{Endpoint, endpoint};
use crate::change::{Change, commit};
use crate::extract::{Body, Params, Place, etag, if_match};
use crate::names::shown;
use crate::{Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/persons" list, "People by name, in pages"),
        endpoint!(People post "/api/v1/persons" create, "Adds a person for whom agents may act"),
        endpoint!(Read get "/api/v1/persons/{person}" show, "One person"),
        endpoint!(People patch "/api/v1/persons/{person}" update, "Changes address, scopes or standing; holds from the next call on"),
        endpoint!(People delete "/api/v1/persons/{person}" remove, "Removes a person: nobody acts for them any more"),
    ]
}

const MAX_LIST: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    cursor: Option<UserName>,
    limit: Option<usize>,
}

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Params(listing): Params<Listing>,
) -> Result<Response, Problem> {
    let limit = listing.limit.unwrap_or(100).clamp(1, MAX_LIST);
    let persons = app.store.list_persons(&who.tenant, listing.cursor, limit + 1).await?;
    let more = persons.len() > limit;
    let persons: Vec<_> = persons.into_iter().take(limit).collect();
    let next = persons.last().filter(|_| more).map(|last| last.person.name.clone());
    Ok(Json(json!({"persons": persons, "next_cursor": next})).into_response())
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
) -> Result<Response, Problem> {
    Ok(answer(&app.store.person(&who.tenant, &name).await?))
}

fn answer(person: &StoredPerson) -> Response {
    ([(header::ETAG, etag(person.version))], Json(person)).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Creation {
    name: UserName,
    email: Option<String>,
    /// With a blank between them.
    #[serde(default)]
    scopes: Scopes,
}

async fn create(
    State(app): State<Shared>,
    who: Principal,
    Body(creation): Body<Creation>,
) -> Result<Response, Problem> {
    bounded(creation.email.as_deref())?;
    let Creation { name, email, scopes } = creation;
    let detail = vec![("scopes", scopes.to_string())];
    let new = NewPerson { name, email, scopes };
    let person = app.store.add_person(&who.tenant, new, (app.clock)()).await?;
    let name = shown(&app, &who, &person.person.name).await?;
    let change = Change { act: "person.create", kind: "person", name, detail, publish: true };
    let in_force = commit(&app, &who, change).await?;
    Ok(in_force.mark((StatusCode::CREATED, answer(&person)).into_response()))
}

fn bounded(email: Option<&str>) -> Result<(), Problem> {
    if email.is_some_and(|email| email.len() > MAX_TEXT) {
        let detail = format!("a text has at most {MAX_TEXT} bytes");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    /// `null` takes it away; absent leaves it.
    #[serde(default, deserialize_with = "given")]
    email: Option<Option<String>>,
    scopes: Option<Scopes>,
    standing: Option<Standing>,
}

fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

async fn update(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
    headers: HeaderMap,
    Body(update): Body<Update>,
) -> Result<Response, Problem> {
    bounded(update.email.as_ref().and_then(Option::as_deref))?;
    let detail = changed(&update);
    let Update { email, scopes, standing } = update;
    let change = PersonChange { email, scopes, standing };
    let version = if_match(&headers)?;
    let now = (app.clock)();
    let person = app.store.update_person(&who.tenant, &name, change, version, now).await?;
    let name = shown(&app, &who, &name).await?;
    let change = Change { act: "person.update", kind: "person", name, detail, publish: true };
    Ok(commit(&app, &who, change).await?.mark(answer(&person)))
}

/// The address itself stays out of the record of the change.
fn changed(update: &Update) -> Vec<(&'static str, String)> {
    let email = update.email.as_ref().map(|_| "changed".to_owned());
    [
        ("email", email),
        ("scopes", update.scopes.as_ref().map(ToString::to_string)),
        ("standing", update.standing.map(|standing| standing.as_str().to_owned())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

async fn remove(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.store.remove_person(&who.tenant, &name, if_match(&headers)?).await?;
    let (name, detail) = (shown(&app, &who, &name).await?, vec![]);
    let change = Change { act: "person.remove", kind: "person", name, detail, publish: true };
    Ok(commit(&app, &who, change).await?.mark(StatusCode::NO_CONTENT.into_response()))
}
