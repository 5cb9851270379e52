//! The two eras of the protocol, told apart by how a client opens (2026-07-28, "Versioning").
//!
//! Up to 2025-11-25 a client opens a session and says there, once, who it is and what it can do.
//! Since 2026-07-28 each request says that itself: in `_meta`, and the version, the method and the
//! name in headers as well.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::link::{METHOD, NAME, VERSION};
use super::method::Method;
use super::mirror;
use crate::refusal::Refusal;

/// Versions whose requests carry what is known of their client.
pub(super) const MODERN: [&str; 1] = ["2026-07-28"];

/// Versions that begin with a handshake.
pub(super) const LEGACY: [&str; 3] = ["2025-03-26", "2025-06-18", "2025-11-25"];

/// Members of `_meta` in each request of the modern era.
pub(super) const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(super) const META_CLIENT: &str = "io.modelcontextprotocol/clientInfo";
pub(super) const META_SERVER: &str = "io.modelcontextprotocol/serverInfo";
pub(super) const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// Which way a client speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Era {
    #[default]
    Legacy,
    Modern,
}

impl Era {
    /// Of a request, by what only the modern era has.
    pub(super) fn of(headers: &HeaderMap, params: &Map<String, Value>) -> Self {
        let is_modern = meta(params).is_some_and(|meta| meta.contains_key(META_VERSION));
        if is_modern { Self::Modern } else { Self::of_headers(headers) }
    }

    /// Of what has no body.
    pub(super) fn of_headers(headers: &HeaderMap) -> Self {
        let version = headers.get(VERSION).and_then(|value| value.to_str().ok());
        match version.is_some_and(|version| MODERN.contains(&version)) {
            true => Self::Modern,
            false => Self::Legacy,
        }
    }

    /// Whether a method is of this era.
    pub(super) fn has(self, method: Method) -> bool {
        match self {
            Self::Legacy => method != Method::Listen,
            Self::Modern => !method.is_of_sessions(),
        }
    }
}

/// What a client is told whose version is none of these.
pub(crate) fn carried_versions() -> String {
    let all: Vec<&str> = LEGACY.iter().chain(&MODERN).copied().collect();
    format!("This gate carries the protocol versions {}.", all.join(", "))
}

/// Whether a version of the protocol is carried.
pub(super) fn is_version(text: &str) -> bool {
    LEGACY.contains(&text) || MODERN.contains(&text)
}

/// The version that a client names; one that nobody here knows could mean anything.
pub(super) fn version_of(headers: &HeaderMap) -> Result<Option<HeaderValue>, Refusal> {
    let value = mirror::single(headers, &VERSION).map_err(Refusal::HeaderMismatch)?;
    match value {
        Some(value) if !value.to_str().is_ok_and(is_version) => {
            let requested = String::from_utf8_lossy(value.as_bytes()).into_owned();
            Err(Refusal::UnsupportedVersion(requested))
        }
        value => Ok(value.cloned()),
    }
}

fn meta(params: &Map<String, Value>) -> Option<&Map<String, Value>> {
    params.get("_meta").and_then(Value::as_object)
}

/// What a client says of itself in a request.
pub(super) fn envelope(params: &Map<String, Value>) -> Map<String, Value> {
    let all = meta(params).into_iter().flatten();
    let own = all.filter(|(name, _)| {
        [META_VERSION, META_CAPABILITIES, META_CLIENT].contains(&name.as_str())
    });
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What each request of the modern era must show before anything else is looked at.
pub(super) fn check_modern(
    headers: &HeaderMap,
    method: &str,
    params: &Map<String, Value>,
) -> Result<(), Refusal> {
    let lacks = |name: &str| Refusal::Params(format!("The request's `_meta` lacks `{name}`."));
    let meta = meta(params).ok_or_else(|| lacks(META_VERSION))?;
    let version = meta.get(META_VERSION).and_then(Value::as_str);
    let version = version.ok_or_else(|| lacks(META_VERSION))?;
    if !meta.contains_key(META_CAPABILITIES) {
        return Err(lacks(META_CAPABILITIES));
    }
    let agrees = |name: &HeaderName, body: &str| {
        mirror::agrees(headers, name, body).map_err(Refusal::HeaderMismatch)
    };
    agrees(&VERSION, version)?;
    agrees(&METHOD, method)?;
    if let Some(name) = named_by(method).and_then(|member| params.get(member)?.as_str()) {
        agrees(&NAME, name)?;
    }
    match MODERN.contains(&version) {
        true => Ok(()),
        false => Err(Refusal::UnsupportedVersion(version.to_owned())),
    }
}

/// The parameter that a request's header names as well.
fn named_by(method: &str) -> Option<&'static str> {
    match Method::of(method)? {
        Method::CallTool | Method::GetPrompt => Some("name"),
        Method::ReadResource => Some("uri"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-07-28";

    fn request(name: &str) -> (HeaderMap, Map<String, Value>) {
        let said = [(VERSION, NOW), (METHOD, "tools/call"), (NAME, name)];
        let headers = said.map(|(name, value)| (name, HeaderValue::from_str(value).unwrap()));
        let meta = json!({META_VERSION: NOW, META_CAPABILITIES: {}});
        let params = json!({"name": name, "arguments": {}, "_meta": meta});
        (headers.into_iter().collect(), params.as_object().unwrap().clone())
    }

    fn code(headers: &HeaderMap, params: &Map<String, Value>) -> i64 {
        check_modern(headers, "tools/call", params).map_or_else(|refusal| refusal.code(), |()| 0)
    }

    #[test]
    fn body_and_headers_say_the_same() {
        let (headers, params) = request("read");
        assert_eq!(Era::of(&headers, &params), Era::Modern);
        assert_eq!(code(&headers, &params), 0);
        for (name, value) in [(VERSION, "2025-06-18"), (METHOD, "TOOLS/CALL"), (NAME, "write")] {
            let mut changed = headers.clone();
            changed.insert(&name, HeaderValue::from_static(value));
            assert_eq!(code(&changed, &params), -32020, "{name}");
            changed.remove(&name);
            assert_eq!(code(&changed, &params), -32020, "{name}");
            changed = headers.clone();
            let same = headers[&name].clone();
            changed.append(&name, same);
            assert_eq!(code(&changed, &params), -32020, "{name}");
        }
    }

    #[test]
    fn what_is_missing_is_named_and_an_unknown_version_is_told_apart() {
        let (headers, params) = request("read");
        for member in [META_VERSION, META_CAPABILITIES] {
            let mut less = params.clone();
            less["_meta"].as_object_mut().unwrap().remove(member);
            assert_eq!(code(&headers, &less), -32602, "{member}");
        }
        let mut later = params.clone();
        later["_meta"][META_VERSION] = "2099-01-01".into();
        assert_eq!(code(&headers, &later), -32020);
        let mut said = headers.clone();
        said.insert(VERSION, HeaderValue::from_static("2099-01-01"));
        assert_eq!(Era::of(&said, &later), Era::Modern);
        assert_eq!(code(&said, &later), -32022);
    }

    #[test]
    fn methods_of_sessions_are_not_of_the_modern_era() {
        for method in [Method::Initialize, Method::Subscribe, Method::Ping, Method::SetLevel] {
            assert!(!Era::Modern.has(method) && Era::Legacy.has(method), "{method:?}");
        }
        assert!(Era::Modern.has(Method::CallTool) && Era::Modern.has(Method::Discover));
        assert!(Era::Modern.has(Method::Listen) && !Era::Legacy.has(Method::Listen));
    }
}
