//! The request as it goes upstream, and the answer's head as it comes back.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, EXPECT, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Uri};
use http_body_util::Full;
use inspect::{Action, Direction, Engine};

use super::findings::Findings;
use crate::identify::{CREDENTIAL_HEADERS, GATE_HEADERS, PROOF_HEADERS};
use crate::net::hop::strip_hop_by_hop;
use crate::refusal::Refusal;
use crate::snapshot::Provider;

const DECODABLE: [&str; 6] = ["gzip", "x-gzip", "deflate", "br", "zstd", "identity"];

/// What the agent sent, made ready for a provider: its credential replaced, the rest unchanged.
pub(super) fn request(
    parts: Parts,
    provider: &Provider,
    path: &str,
    body: Bytes,
    is_decoded: bool,
    is_streamed: bool,
) -> Result<Request<Full<Bytes>>, Refusal> {
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let uri: Uri = format!("{}{path}{query}", provider.base_path)
        .parse()
        .map_err(|_| Refusal::AmbiguousPath)?;
    let mut headers = parts.headers;
    strip_hop_by_hop(&mut headers);
    let own = [HOST, CONTENT_LENGTH, EXPECT];
    for name in CREDENTIAL_HEADERS.iter().chain(&PROOF_HEADERS).chain(&GATE_HEADERS).chain(&own) {
        headers.remove(name);
    }
    if is_decoded {
        headers.remove(CONTENT_ENCODING);
    }
    restrict_encodings(&mut headers, is_streamed);
    if let Some((name, value)) = &provider.credential {
        headers.insert(name, value.clone());
    }
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = parts.method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Asks only for what can be inspected: a stream as it is, an answer in a coding that we decode.
fn restrict_encodings(headers: &mut HeaderMap, is_streamed: bool) {
    let known = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or("?");
        text.split(',')
            .all(|item| DECODABLE.contains(&item.split(';').next().unwrap_or_default().trim()))
    };
    if is_streamed || !headers.get_all(ACCEPT_ENCODING).iter().all(known) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
}

/// Looks into what stands beside the body: the path with its query, and every header that is no
/// credential, as they stand and with encodings off. A finding there cannot be masked without changing
/// what is asked, so it is refused.
pub(super) fn inspect_head(
    engine: &Engine,
    parts: &Parts,
    findings: &mut Findings,
) -> Result<(), Refusal> {
    let is_secret = |name| CREDENTIAL_HEADERS.contains(name) || PROOF_HEADERS.contains(name);
    let headers = parts.headers.iter().filter(|(name, _)| !is_secret(name));
    for (name, value) in headers {
        inspect_one(engine, value.as_bytes(), name.as_str(), findings)?;
    }
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    inspect_one(engine, target.as_bytes(), "target", findings)
}

fn inspect_one(
    engine: &Engine,
    text: &[u8],
    place: &str,
    findings: &mut Findings,
) -> Result<(), Refusal> {
    let mut found = Vec::new();
    engine.scan_views(Direction::Request, text, &mut found);
    for one in &found {
        let detector = engine.detector(one.detector);
        let action = detector.action(Direction::Request);
        let is_refused = match action {
            Action::Block => true,
            _ => !action.passes() && detector.kind().starts_with("secret."),
        };
        if is_refused {
            findings.add_match(engine, one, Direction::Request, place);
            return Err(Refusal::Blocked(detector.kind().to_owned()));
        }
    }
    Ok(())
}
