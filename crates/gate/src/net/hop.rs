//! Hop-by-hop header fields, which end at this hop (RFC 9110 section 7.6.1).

use http::HeaderMap;
use http::header::{self, HeaderName};

/// Fields that end here even where `Connection` does not name them. `Trailer` stays out: trailers are
/// not forwarded, and a field that announces them would be false.
const ALWAYS: [HeaderName; 7] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Removes every field that must not be forwarded, those that `Connection` names included. Fields
/// that route or frame the message (`Host`, `Content-Length`) stay even when `Connection` names them.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    strip_named_by_connection(headers);
    for name in &ALWAYS {
        headers.remove(name);
    }
}

fn strip_named_by_connection(headers: &mut HeaderMap) {
    let header::Entry::Occupied(connection) = headers.entry(header::CONNECTION) else {
        return;
    };
    let (_, values) = connection.remove_entry_mult();
    let named: Vec<HeaderName> = values
        .filter_map(|value| value.to_str().map(str::to_owned).ok())
        .flat_map(|value| value.split(',').filter_map(option_name).collect::<Vec<_>>())
        .collect();
    for name in named {
        headers.remove(name);
    }
}

fn option_name(option: &str) -> Option<HeaderName> {
    let option = option.trim();
    let is_plain =
        ["close", "keep-alive", "host", "content-length", "content-type", "authorization"]
            .iter()
            .any(|plain| option.eq_ignore_ascii_case(plain));
    if is_plain { None } else { HeaderName::from_bytes(option.as_bytes()).ok() }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn stripped(fields: &[(&'static str, &'static str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        strip_hop_by_hop(&mut headers);
        let mut names: Vec<_> = headers.keys().map(|name| name.to_string()).collect();
        names.sort();
        names
    }

    #[test]
    fn fields_that_connection_names_go_with_it() {
        let left = stripped(&[
            ("connection", "X-Secret, close"),
            ("connection", "x-other"),
            ("x-secret", "1"),
            ("x-other", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("x-kept", "1"),
        ]);
        assert_eq!(left, ["x-kept"]);
    }

    #[test]
    fn connection_cannot_name_away_what_frames_or_identifies() {
        let left = stripped(&[
            ("connection", "content-length, Host, authorization"),
            ("content-length", "3"),
            ("host", "a"),
            ("authorization", "b"),
        ]);
        assert_eq!(left, ["authorization", "content-length", "host"]);
    }
}
