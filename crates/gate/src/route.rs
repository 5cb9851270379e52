//! From a request's path to what it asks for.
//!
//! A known endpoint is recognised by its exact path and method, nothing fuzzier: a path that
//! an upstream might read differently than we do is either unknown (and met by the policy for
//! unknown endpoints) or refused.

use http::{Method, Request, Version};

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Route<'a> {
    Health,
    Ready,
    /// `/oauth/token`: tokens of the gate's own.
    Token,
    /// `/oauth/authorize`: where other servers give out codes.
    Authorization,
    /// `/.well-known/…`: how to get in.
    WellKnown,
    /// `/llm/{provider}/…`: the path from the slash after the provider's name on.
    Provider {
        provider: &'a str,
        path: &'a str,
    },
    /// `/v1/…`: the provider is chosen by the model's name.
    ByModel {
        path: &'a str,
    },
    /// `/mcp`: all MCP servers as one.
    AllMcp,
    /// `/mcp/{server}`.
    Mcp {
        server: &'a str,
    },
    /// Another server is asked for: a tunnel, or a whole URL as the target.
    Proxy,
    Unknown,
}

/// Whether a request asks for another server (RFC 9112, sections 3.2.2 and 3.2.3). In HTTP/2
/// every target has an authority, so there it says nothing.
pub fn is_for_a_proxy<B>(request: &Request<B>) -> bool {
    let is_whole_url = request.version() < Version::HTTP_2 && request.uri().authority().is_some();
    is_whole_url || request.method() == Method::CONNECT
}

/// Finds the route of a path, without its query.
pub fn route(path: &str) -> Route<'_> {
    match path {
        "/healthz" => return Route::Health,
        "/readyz" => return Route::Ready,
        "/mcp" | "/mcp/" => return Route::AllMcp,
        "/oauth/token" => return Route::Token,
        "/oauth/authorize" => return Route::Authorization,
        path if path.starts_with("/.well-known/") => return Route::WellKnown,
        _ => {}
    }
    if let Some(rest) = path.strip_prefix("/llm/") {
        let end = rest.find('/').unwrap_or(rest.len());
        let (provider, path) = rest.split_at(end);
        return Route::Provider { provider, path };
    }
    if let Some(server) = path.strip_prefix("/mcp/")
        && !server.is_empty()
        && !server.contains('/')
    {
        return Route::Mcp { server };
    }
    if path.starts_with("/v1/") { Route::ByModel { path } } else { Route::Unknown }
}

/// Whether different software may read this path differently: dot segments, empty segments,
/// encoded slashes and dots, backslashes. Such a path is refused.
pub fn is_ambiguous(path: &str) -> bool {
    let segments = || path.split('/').skip(1);
    let inner_empty = path.contains("//");
    let dots = segments().any(|s| s == "." || s == "..");
    let lower = path.to_ascii_lowercase();
    let encoded = ["%2e", "%2f", "%5c", "%00", "\\", ";"].iter().any(|mark| lower.contains(mark));
    inner_empty || dots || encoded
}

/// The APIs that are understood, not only passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    ChatCompletions,
    Completions,
    Responses,
    Embeddings,
    Models,
    Messages,
    CountTokens,
    /// Anything else of a configured provider: passed on, inspected as text, recorded.
    Other,
}

impl Endpoint {
    pub fn of(method: &Method, path: &str) -> Self {
        match (method, path) {
            (&Method::POST, "/v1/chat/completions") => Self::ChatCompletions,
            (&Method::POST, "/v1/completions") => Self::Completions,
            (&Method::POST, "/v1/responses") => Self::Responses,
            (&Method::POST, "/v1/embeddings") => Self::Embeddings,
            (&Method::POST, "/v1/messages") => Self::Messages,
            (&Method::POST, "/v1/messages/count_tokens") => Self::CountTokens,
            (&Method::GET, "/v1/models") => Self::Models,
            (&Method::GET, path)
                if path.strip_prefix("/v1/models/").is_some_and(|m| !m.contains('/')) =>
            {
                Self::Models
            }
            _ => Self::Other,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat_completions",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Embeddings => "embeddings",
            Self::Models => "models",
            Self::Messages => "messages",
            Self::CountTokens => "count_tokens",
            Self::Other => "other",
        }
    }

    /// Whether a request without a `model` is malformed.
    pub fn needs_model(self) -> bool {
        !matches!(self, Self::Models | Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_route() {
        assert_eq!(
            route("/llm/openai/v1/models"),
            Route::Provider { provider: "openai", path: "/v1/models" }
        );
        assert_eq!(route("/llm/openai"), Route::Provider { provider: "openai", path: "" });
        assert_eq!(route("/v1/messages"), Route::ByModel { path: "/v1/messages" });
        assert_eq!(route("/healthz"), Route::Health);
        assert_eq!(route("/mcp"), Route::AllMcp);
        assert_eq!(route("/mcp/files"), Route::Mcp { server: "files" });
        assert_eq!(route("/oauth/token"), Route::Token);
        assert_eq!(route("/.well-known/oauth-protected-resource/mcp"), Route::WellKnown);
        for unknown in [
            "/",
            "/v1",
            "/llm",
            "/LLM/openai/v1",
            "/mcpx",
            "/mcp/a/b",
            "/v2/x",
            "//v1/x",
            "/oauth",
            "/oauth/token/",
        ] {
            assert_eq!(route(unknown), Route::Unknown, "{unknown}");
        }
    }

    #[test]
    fn only_the_exact_path_and_method_are_a_known_endpoint() {
        assert_eq!(Endpoint::of(&Method::POST, "/v1/chat/completions"), Endpoint::ChatCompletions);
        for path in [
            "/v1/chat/completions/",
            "/v1/Chat/completions",
            "/v1/chat%63ompletions",
            "/chat/completions",
        ] {
            assert_eq!(Endpoint::of(&Method::POST, path), Endpoint::Other, "{path}");
        }
        assert_eq!(Endpoint::of(&Method::GET, "/v1/chat/completions"), Endpoint::Other);
        assert_eq!(Endpoint::of(&Method::GET, "/v1/models/gpt-4o"), Endpoint::Models);
    }

    #[test]
    fn paths_that_software_reads_differently_are_ambiguous() {
        for path in
            ["/a/../b", "/a/./b", "/a//b", "/a/%2e%2E/b", "/a%2Fb", "/a\\b", "/a/..", "/a;x/b"]
        {
            assert!(is_ambiguous(path), "{path}");
        }
        for path in ["/v1/models", "/v1/files/", "/v1/a.b", "/v1/models/gpt-4o..x", ""] {
            assert!(!is_ambiguous(path), "{path}");
        }
    }
}
