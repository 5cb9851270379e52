//! What clients read to find out how to get in: RFC 9728 (protected resource), RFC 8414
//! (authorization server), and the keys that the gate's tokens are verified with (RFC 7517).

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::token::{CLIENT_CREDENTIALS, TOKEN_EXCHANGE};
use crate::answer::AnswerBody;
use crate::identify::Trust;
use crate::net::peer::Peer;
use crate::snapshot::{Snapshot, Tenant};

const PROTECTED_RESOURCE: &str = "/.well-known/oauth-protected-resource";
const SERVER: &str = "/.well-known/oauth-authorization-server";
const KEYS: &str = "/.well-known/jwks.json";

/// Answers for a path under `/.well-known/`.
pub(crate) fn document(
    snapshot: &Snapshot,
    peer: &Peer,
    headers: &HeaderMap,
    path: &str,
) -> Response<AnswerBody> {
    let Some(tenant) = reached(snapshot, headers) else { return missing() };
    let trust = &tenant.trust;
    let origin = origin(trust, peer, headers);
    let found = match path {
        SERVER => trust.key.as_ref().map(|_| server(&origin)),
        // Whose a token is its holder knows; here are the keys of all.
        KEYS => Some(json!({"keys": keys(snapshot)})),
        path => path.strip_prefix(PROTECTED_RESOURCE).and_then(|resource| {
            let is_path = resource.is_empty() || resource.starts_with('/');
            is_path.then(|| protected_resource(trust, &origin, resource))
        }),
    };
    match found {
        Some(found) => json_answer(StatusCode::OK, &found),
        None => missing(),
    }
}

fn missing() -> Response<AnswerBody> {
    json_answer(StatusCode::NOT_FOUND, &json!({"error": "not_found"}))
}

/// The tenant whose name of the gate the client uses.
fn reached<'s>(snapshot: &'s Snapshot, headers: &HeaderMap) -> Option<&'s Arc<Tenant>> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    snapshot.reached_by(host.unwrap_or_default())
}

/// In an order that tells nothing: by the keys themselves.
fn keys(snapshot: &Snapshot) -> Vec<Value> {
    let keys = snapshot.tenants.values().filter_map(|tenant| tenant.trust.key.as_ref());
    let mut keys: Vec<Value> = keys.map(|key| key.jwk()).collect();
    keys.sort_by_key(|key| key["kid"].to_string());
    keys
}

/// How the gate is reached, as it was told or as the client says.
pub(crate) fn origin(trust: &Trust, peer: &Peer, headers: &HeaderMap) -> String {
    if let Some(url) = &trust.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let scheme = if peer.is_tls { "https" } else { "http" };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.map_or_else(|| format!("{scheme}://{}", peer.local), |host| format!("{scheme}://{host}"))
}

fn protected_resource(trust: &Trust, origin: &str, resource: &str) -> Value {
    // People get tokens at their own providers, agents here; clients without a preference take the
    // first.
    let mut servers: Vec<String> = trust.authorization_servers();
    servers.extend(trust.key.is_some().then(|| origin.to_owned()));
    json!({
        "resource": format!("{origin}{}", resource.trim_end_matches('/')),
        "authorization_servers": servers,
        "bearer_methods_supported": ["header"],
        "resource_name": "Portcullis",
    })
}

fn server(origin: &str) -> Value {
    json!({
        "issuer": origin,
        // RFC 8414 asks for one only where it is used; the clients of MCP ask for one always. It is
        // there, and says that nobody is authorised by it.
        "authorization_endpoint": format!("{origin}/oauth/authorize"),
        "token_endpoint": format!("{origin}/oauth/token"),
        "jwks_uri": format!("{origin}{KEYS}"),
        "grant_types_supported": [TOKEN_EXCHANGE, CLIENT_CREDENTIALS],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["EdDSA", "ES256"],
        "response_types_supported": [],
    })
}

/// What a client that was turned away is told (RFC 9728, section 5.1; RFC 6750, section 3).
pub(crate) fn challenge(
    snapshot: &Snapshot,
    peer: &Peer,
    headers: &HeaderMap,
    path: &str,
) -> Option<Challenge> {
    let origin = origin(&reached(snapshot, headers)?.trust, peer, headers);
    let pointer = format!("{origin}{PROTECTED_RESOURCE}{path}");
    // A host with a quotation mark would end the text early: such a one gets no pointer.
    (!pointer.contains(['"', '\\'])).then_some(Challenge(pointer))
}

/// Where a client finds out how to get in.
pub(crate) struct Challenge(String);

impl Challenge {
    /// For a client that is turned away.
    pub(crate) fn alone(&self) -> Option<HeaderValue> {
        self.after("Bearer realm=\"portcullis\"")
    }

    /// Behind what else the client is told.
    pub(crate) fn after(&self, told: &str) -> Option<HeaderValue> {
        HeaderValue::from_str(&format!("{told}, resource_metadata=\"{}\"", self.0)).ok()
    }
}

fn json_answer(status: StatusCode, body: &Value) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::from(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
