//! What of SCIM can be used here (RFC 7644, section 4).

use axum::http::StatusCode;
use axum::response::Response;
use scim::schema;
use serde_json::Value;

use super::MAX_BODY;
use super::answer::{Answered, Refused, Root, json_of};
use super::query::MAX_RESULTS;
use crate::extract::Place;

pub(super) async fn service(Root(root): Root) -> Response {
    json_of(StatusCode::OK, &schema::service_provider(&root, MAX_RESULTS, MAX_BODY))
}

pub(super) async fn resource_types(Root(root): Root) -> Response {
    all(schema::resource_types(&root))
}

pub(super) async fn resource_type(Root(root): Root, Place(name): Place<String>) -> Answered {
    one(schema::resource_types(&root), &name)
}

pub(super) async fn schemas(Root(root): Root) -> Response {
    all(schema::schemas(&root))
}

pub(super) async fn schema(Root(root): Root, Place(id): Place<String>) -> Answered {
    one(schema::schemas(&root), &id)
}

fn all(found: Vec<Value>) -> Response {
    let total = found.len();
    json_of(StatusCode::OK, &schema::list(found, total, 1))
}

fn one(found: Vec<Value>, id: &str) -> Answered {
    let one = found.iter().find(|one| one.get("id").and_then(Value::as_str) == Some(id));
    one.map(|one| json_of(StatusCode::OK, one)).ok_or_else(Refused::not_found)
}
