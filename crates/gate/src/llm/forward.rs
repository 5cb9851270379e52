//! The request as it goes upstream, and the answer's head as it comes back.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, EXPECT, HOST, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Uri};
use http_body_util::Full;
use inspect::{Action, Direction, Engine, Match};

use crate::identify::CREDENTIAL_HEADERS;
use crate::net::hop::strip_hop_by_hop;
use crate::refusal::Refusal;
use crate::snapshot::Provider;

/// Headers that are for the gate alone.
const OWN_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("portcullis-session"),
    HeaderName::from_static("portcullis-delegation"),
    HeaderName::from_static("portcullis-record"),
    HeaderName::from_static("portcullis-decision"),
];

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
    for name in CREDENTIAL_HEADERS.iter().chain(&OWN_HEADERS).chain(&[HOST, CONTENT_LENGTH, EXPECT])
    {
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

/// Looks into what leaves beside the body: the path with its query, and every header that goes
/// upstream. A finding there cannot be masked without changing what is asked, so it is refused.
pub(super) fn inspect_head(
    engine: &Engine,
    parts: &Parts,
    found: &mut Vec<Match>,
) -> Result<(), Refusal> {
    let texts = parts
        .headers
        .iter()
        .filter(|(name, _)| !CREDENTIAL_HEADERS.contains(name))
        .map(|(_, value)| value.as_bytes());
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    for text in texts.chain([target.as_bytes()]) {
        found.clear();
        engine.scan(Direction::Request, text, found);
        for one in found.iter() {
            let detector = engine.detector(one.detector);
            if detector.kind().starts_with("secret.")
                && detector.action(Direction::Request) != Action::Allow
            {
                return Err(Refusal::Blocked(detector.kind().to_owned()));
            }
        }
    }
    Ok(())
}
