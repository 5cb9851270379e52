//! Whether a web page of a stranger calls in somebody's name.

use http::HeaderMap;
use http::header::ORIGIN;

use crate::refusal::Refusal;

/// A page that a browser was sent to a name which now leads here (DNS rebinding) tells its own origin.
pub(super) fn check_origin(headers: &HeaderMap, allowed: &[String]) -> Result<(), Refusal> {
    let is_allowed =
        |origin: &str| is_of_this_machine(origin) || allowed.iter().any(|a| a == origin);
    for origin in headers.get_all(ORIGIN) {
        if !origin.to_str().is_ok_and(is_allowed) {
            return Err(Refusal::Origin);
        }
    }
    Ok(())
}

fn is_of_this_machine(origin: &str) -> bool {
    let Some((scheme, rest)) = origin.split_once("://") else { return false };
    let host = match rest.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => rest.split(':').next().unwrap_or_default(),
    };
    let is_loopback = host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    matches!(scheme, "http" | "https") && (host == "localhost" || is_loopback)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_pages_of_this_machine_or_listed_ones_may_call() {
        let check = |origin: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
            check_origin(&headers, &["https://tools.example.com".to_owned()]).is_ok()
        };
        for good in [
            "http://localhost:6274",
            "http://127.0.0.1",
            "http://[::1]:80",
            "https://tools.example.com",
        ] {
            assert!(check(good), "{good}");
        }
        for bad in [
            "http://evil.example",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "null",
            "file://localhost",
            "https://tools.example.com.evil.example",
            "",
        ] {
            assert!(!check(bad), "{bad}");
        }
        assert!(check_origin(&HeaderMap::new(), &[]).is_ok());
    }
}
