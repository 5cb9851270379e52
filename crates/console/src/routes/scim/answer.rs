//! Answers and errors in the words of RFC 7644.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use scim::{Document, Kind, Resource, ScimError, Selection};
use serde_json::{Value, json};
use store::StoreError;

use crate::extract::etag;
use crate::problem::Told;
use crate::{Problem, Shared, site};

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/scim+json");

/// Why a request was not done.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    kind: Option<Kind>,
    detail: String,
}

/// What handlers answer with.
pub(super) type Answered = Result<Response, Refused>;

impl Refused {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, kind: None, detail: detail.into() }
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such resource")
    }

    pub(super) fn stale() -> Self {
        let detail = "it has changed since you read it; read it again, then change it";
        Self::new(StatusCode::PRECONDITION_FAILED, detail)
    }

    pub(super) fn is_stale(&self) -> bool {
        self.status == StatusCode::PRECONDITION_FAILED
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut said = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.as_u16().to_string(),
            "detail": self.detail,
        });
        if let Some(kind) = self.kind {
            said["scimType"] = kind.as_str().into();
        }
        json_of(self.status, &said)
    }
}

impl From<ScimError> for Refused {
    fn from(error: ScimError) -> Self {
        let detail = error.to_string();
        Self { status: StatusCode::BAD_REQUEST, kind: Some(error.kind), detail }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::new(problem.status(), problem.detail())
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        let (status, kind) = match &error {
            StoreError::NotFound { .. } => return Self::not_found(),
            StoreError::Stale { .. } => return Self::stale(),
            StoreError::Exists { .. } => (StatusCode::CONFLICT, Kind::Uniqueness),
            StoreError::Full { .. } => (StatusCode::BAD_REQUEST, Kind::TooMany),
            StoreError::Invalid(_) => (StatusCode::BAD_REQUEST, Kind::InvalidValue),
            _ => return Problem::from(error).into(),
        };
        Self { status, kind: Some(kind), detail: error.to_string() }
    }
}

/// A path of SCIM that is none.
pub(crate) fn no_route() -> Response {
    Refused::not_found().into_response()
}

/// Problems that others found are told in the words of SCIM.
pub(crate) async fn surface(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(Told(problem)) = response.extensions().get::<Told>().cloned() else { return response };
    let mut told = Refused::from(problem).into_response();
    for name in ["portcullis-record", "www-authenticate"] {
        if let Some(value) = response.headers().get(name) {
            told.headers_mut().insert(name, value.clone());
        }
    }
    told
}

pub(super) fn json_of(status: StatusCode, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], value.to_string()).into_response()
}

/// What of one resource is to be shown, with its entity tag and its place.
pub(super) fn resource(
    status: StatusCode,
    resource: &Resource,
    document: Document,
    selection: &Selection,
) -> Response {
    let meta = |name: &str| {
        let text = document.get("meta")?.get(name)?.as_str()?;
        HeaderValue::from_str(text).ok()
    };
    let (tag, place) = (meta("version"), meta("location"));
    let shown = selection.apply(resource, document);
    let mut response = json_of(status, &Value::Object(shown));
    let headers = response.headers_mut();
    headers.extend(tag.map(|tag| (header::ETAG, tag)));
    headers.extend(place.map(|place| (header::LOCATION, place)));
    response
}

/// The version that a change asks for. A tag that is none of ours is of no version of it.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Refused> {
    crate::extract::if_match(headers).map_err(|_| Refused::stale())
}

/// Whether a client has this version already (RFC 9110, section 13.1.2).
pub(super) fn is_known(headers: &HeaderMap, version: u64) -> bool {
    let tag = headers.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    tag.is_some_and(|tag| tag.split(',').any(|one| one.trim() == etag(version)))
}

/// A JSON body, whatever its kind of JSON is called.
pub(super) struct Body(pub(super) Value);

impl FromRequest<Shared> for Body {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Refused> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !["application/scim+json", "application/json"].contains(&kind) {
            let detail = "the body is application/scim+json";
            return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let body = Bytes::from_request(request, app).await;
        let body = body.map_err(|why| Refused::new(why.status(), why.body_text()))?;
        let read = serde_json::from_slice(&body);
        let wrong =
            |error: serde_json::Error| ScimError::new(Kind::InvalidSyntax, error.to_string());
        Ok(Self(read.map_err(wrong)?))
    }
}

/// The address of the service, as the client called it.
pub(super) struct Root(pub(super) String);

impl FromRequestParts<Shared> for Root {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refused> {
        let origin = site::origin(app, &parts.headers)?;
        Ok(Self(format!("{origin}/scim/v2")))
    }
}
