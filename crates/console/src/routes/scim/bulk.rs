//! Many operations in one request (RFC 7644, section 3.7). Each is done as if it had come alone: with its
//! own transaction, its own record and its own answer.

use std::collections::HashMap;

use axum::body::to_bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use scim::{Act, Bulk, Kind, ScimError, Task, USER};
use serde_json::{Map, Value, json};

use super::answer::{Answered, Body, Refused, Root, json_of};
use super::query::Asked;
use super::{MAX_BODY, groups, users};
use crate::extract::{Params, Place};
use crate::{Principal, Shared};

pub(super) async fn all(
    State(app): State<Shared>,
    who: Principal,
    Root(root): Root,
    Body(body): Body,
) -> Answered {
    let bulk = Bulk::read(&body).map_err(too_much)?;
    drop(body);
    let mut said: Vec<Option<Value>> = bulk.operations.iter().map(|_| None).collect();
    let (mut created, mut errors) = (HashMap::new(), 0);
    for place in bulk.order() {
        let (Some(operation), Some(said)) = (bulk.operations.get(place), said.get_mut(place))
        else {
            continue;
        };
        let name = operation.bulk_id.as_deref();
        let is_twice = name.is_some_and(|name| created.contains_key(name));
        let task = match &operation.task {
            Ok(task) if is_twice && task.act == Act::Create => Err(twice()),
            Ok(task) => task.clone().resolved(&created),
            Err(error) => Err(error.clone()),
        };
        let done = match task {
            Ok(task) => perform(&app, &who, &root, task).await,
            Err(error) => Refused::from(error).into_response(),
        };
        let is_error = !done.status().is_success();
        if let (Some(name), Some(id)) = (name, id_of(&done)) {
            created.entry(name.to_owned()).or_insert(id);
        }
        *said = Some(told(&operation.method, name, done).await);
        errors += usize::from(is_error);
        if errors >= bulk.errors {
            break;
        }
    }
    let operations: Vec<Value> = said.into_iter().flatten().collect();
    let answer = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
        "Operations": operations,
    });
    Ok(json_of(StatusCode::OK, &answer))
}

/// RFC 7644, section 3.7.4.
fn too_much(error: ScimError) -> Refused {
    match error.kind {
        Kind::TooMany => Refused::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
        _ => error.into(),
    }
}

fn twice() -> ScimError {
    ScimError::new(Kind::InvalidValue, "another operation has this `bulkId`")
}

/// Does one operation as its own request would.
async fn perform(app: &Shared, who: &Principal, root: &str, task: Task) -> Response {
    let (app, who, root) = (State(Shared::clone(app)), who.clone(), Root(root.to_owned()));
    let (id, asked, body) = (Place(task.id), Params(Asked::default()), Body(task.data));
    let headers = match if_match(task.version) {
        Ok(headers) => headers,
        Err(refused) => return refused.into_response(),
    };
    let is_user = std::ptr::eq(task.resource, &raw const USER);
    let done = match (task.act, is_user) {
        (Act::Create, true) => users::create(app, who, root, asked, body).await,
        (Act::Create, false) => groups::create(app, who, root, asked, body).await,
        (Act::Replace, true) => users::replace(app, who, root, id, headers, asked, body).await,
        (Act::Replace, false) => groups::replace(app, who, root, id, headers, asked, body).await,
        (Act::Patch, true) => users::patch(app, who, root, id, headers, asked, body).await,
        (Act::Patch, false) => groups::patch(app, who, root, id, headers, asked, body).await,
        (Act::Remove, true) => users::remove(app, who, id, headers).await,
        (Act::Remove, false) => groups::remove(app, who, id, headers).await,
    };
    done.into_response()
}

fn if_match(version: Option<String>) -> Result<HeaderMap, Refused> {
    let value = version.map(|version| HeaderValue::from_str(&version)).transpose();
    let value = value.map_err(|_| Refused::stale())?;
    Ok(value.map(|value| (header::IF_MATCH, value)).into_iter().collect())
}

/// The id in the place of what was created.
fn id_of(done: &Response) -> Option<String> {
    let place = Some(done).filter(|done| done.status() == StatusCode::CREATED)?;
    let (_, id) = place.headers().get(header::LOCATION)?.to_str().ok()?.rsplit_once('/')?;
    Some(id.to_owned())
}

/// What is said of one operation: of what was done its place and its version, otherwise what was wrong.
async fn told(method: &str, name: Option<&str>, done: Response) -> Value {
    let (parts, body) = done.into_parts();
    let mut said = Map::new();
    said.insert("method".to_owned(), method.into());
    said.extend(name.map(|name| ("bulkId".to_owned(), name.into())));
    let mut add = |name: &str, header: HeaderName| {
        let text = parts.headers.get(header).and_then(|value| value.to_str().ok());
        said.extend(text.map(|text| (name.to_owned(), text.into())));
    };
    add("location", header::LOCATION);
    add("version", header::ETAG);
    said.insert("status".to_owned(), parts.status.as_str().into());
    if !parts.status.is_success() {
        let body = to_bytes(body, MAX_BODY).await.unwrap_or_default();
        said.insert("response".to_owned(), serde_json::from_slice(&body).unwrap_or_default());
    }
    said.into()
}
