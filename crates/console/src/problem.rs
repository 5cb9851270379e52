//! One place that turns an error into an answer: problem details (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::StoreError;

use crate::Failure;
use crate::routes::scim;

/// An answer that says what went wrong and what to do about it.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// `about:blank`: the status says which problem it is (RFC 9457, section 4.2.1).
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("error");
        Self { r#type: "about:blank", title, status: status.as_u16(), detail: detail.into() }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }
}

/// Beside an answer: the problem that it tells, for who shows it otherwise.
#[derive(Clone)]
pub(crate) struct Told(pub(crate) Problem);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(&self)).into_response();
        response.extensions_mut().insert(Told(self));
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"portcullis\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let status = match error {
            StoreError::NotFound { .. } => StatusCode::NOT_FOUND,
            StoreError::Exists { .. }
            | StoreError::Declared { .. }
            | StoreError::Quarantined
            | StoreError::Settled(_)
            | StoreError::Full { .. } => StatusCode::CONFLICT,
            StoreError::Stale { .. } => StatusCode::PRECONDITION_FAILED,
            StoreError::Invalid(_) | StoreError::Query(_) => StatusCode::UNPROCESSABLE_ENTITY,
            StoreError::TooSlow | StoreError::Closed => StatusCode::SERVICE_UNAVAILABLE,
            StoreError::Gap { .. }
            | StoreError::Newer { .. }
            | StoreError::Corrupt(_)
            | StoreError::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!(error = ?error, "the store refused a request of the admin API");
        }
        Self::new(status, error.to_string())
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        tracing::error!(error = %failure, "the instance failed a request of the admin API");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, failure.0)
    }
}

pub(crate) async fn no_route(uri: Uri) -> Response {
    if uri.path().starts_with("/scim/") {
        return scim::no_route();
    }
    let detail = "nothing is here; see /api/openapi.json for what is";
    Problem::new(StatusCode::NOT_FOUND, detail).into_response()
}

pub(crate) async fn no_method() -> Problem {
    let detail = "this path has other methods; see /api/openapi.json";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}
