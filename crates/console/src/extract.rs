//! Reading requests: what cannot be read is a problem that says where.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use model::Client;
use serde::de::DeserializeOwned;

use crate::{Peer, Principal, Problem, authorise};

/// A JSON body. Without one, what an empty object gives.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let typed = request.headers().contains_key(header::CONTENT_TYPE);
        if !typed && length.is_none_or(|length| length == "0") {
            return serde_json::from_str("{}").map(Self).map_err(|e| unreadable(&e.to_string()));
        }
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(refusal(&rejection)),
        }
    }
}

fn refusal(rejection: &JsonRejection) -> Problem {
    match rejection.status() {
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST => {
            unreadable(&rejection.body_text())
        }
        status => Problem::new(status, rejection.body_text()),
    }
}

fn unreadable(text: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text)
}

/// The query's parameters; an unknown one is refused, so that no filter is silently ignored.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::bad_request(rejection.body_text())),
        }
    }
}

/// Names in the path.
pub(crate) struct Place<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Place<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::bad_request(rejection.body_text())),
        }
    }
}

/// Present on every route that is not public: [`crate::authorise`] put it there.
impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get::<Self>().cloned();
        found.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "nobody was identified"))
    }
}

/// Where a request comes from, whoever sent it.
pub(crate) struct Sender(pub(crate) Client);

impl<S: Send + Sync> FromRequestParts<S> for Sender {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Peer>().copied();
        Ok(Self(authorise::client_of(peer, &parts.headers)))
    }
}

/// The version that `If-Match` asks for (RFC 9110, section 13.1.1); `*` and none ask for none.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    if value == "*" {
        return Ok(None);
    }
    let text = value.to_str().ok().and_then(|tag| tag.strip_prefix("\"v")?.strip_suffix('"'));
    let version = text.and_then(|digits| digits.parse().ok());
    let bad = || Problem::bad_request("If-Match holds the ETag of an earlier answer");
    version.map(Some).ok_or_else(bad)
}

pub(crate) fn etag(version: u64) -> String {
    format!("\"v{version}\"")
}
