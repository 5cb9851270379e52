//! What holds for every request: security headers, a time limit, and which hosts we answer to.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::{Peer, Problem, Shared};

/// The longest that a request may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    // What may be kept says so itself.
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(no_store);
    response
}

pub(crate) async fn time_limit(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIME_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail =
                "it took too long; a change may still have been made: look before you try again";
            Problem::new(StatusCode::GATEWAY_TIMEOUT, detail).into_response()
        }
    }
}

/// A page elsewhere can point its own name at our address (DNS rebinding); the Host header then
/// carries that name.
pub(crate) async fn host(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let over_socket = matches!(request.extensions().get(), Some(Peer::Socket { .. }));
    if over_socket || is_ours(&app.hosts, request.headers(), request.uri().host()) {
        name_host(&mut request);
        return next.run(request).await;
    }
    let detail = "this is not a name of this console; add it to its configured hosts";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response()
}

/// What asks further in under which name it was called looks in one place.
fn name_host(request: &mut Request) {
    let named =
        request.uri().authority().and_then(|name| HeaderValue::from_str(name.as_str()).ok());
    if let Some(named) = named {
        request.headers_mut().entry(header::HOST).or_insert(named);
    }
}

/// HTTP/2 puts the name into the target instead of the Host header.
fn is_ours(hosts: &[String], headers: &HeaderMap, target: Option<&str>) -> bool {
    let mut named = headers.get_all(header::HOST).iter();
    let name = match (named.next(), named.next(), target) {
        (Some(host), None, None) => host.to_str().ok().map(without_port),
        (Some(host), None, Some(target)) => {
            host.to_str().ok().map(without_port).filter(|host| *host == target)
        }
        (None, _, Some(target)) => Some(target),
        _ => None,
    };
    let loopback = ["localhost", "127.0.0.1", "[::1]"];
    name.is_some_and(|name| {
        let same = |ours: &str| ours.eq_ignore_ascii_case(name);
        loopback.iter().copied().any(same) || hosts.iter().map(String::as_str).any(same)
    })
}

pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}
