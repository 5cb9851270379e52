//! The API's description of itself.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::{Endpoint, endpoint};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Public get "/api/openapi.json" show, "This description"),
        endpoint!(Public get "/api/v1/openapi.json" show, "This description"),
    ]
}

/// Made once: anybody may ask for it.
static DESCRIPTION: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(crate::describe().to_string()));

async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION.clone()).into_response()
}
