//! Where a browser may be sent after a log-in.

/// The longest way that is followed.
const MAX_WAY: usize = 1_024;

/// Whether it is a path on this very host. What browsers read as another host is not:
/// `//host`, `/\host`, and both with control characters in between (WHATWG URL, section 4.4).
pub fn is_local(way: &str) -> bool {
    let mut bytes = way.bytes();
    let begins = bytes.next() == Some(b'/') && !matches!(bytes.next(), Some(b'/' | b'\\'));
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    begins && way.len() <= MAX_WAY && way.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_host_are_followed() {
        for way in ["/", "/agents", "/activity?agent=a%20b#x", "/a//b"] {
            assert!(is_local(way), "{way}");
        }
        let long = format!("/{}", "a".repeat(MAX_WAY));
        for way in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil.example",
            "/\t/evil.example",
            "\t//evil.example",
            "/a\r\nset-cookie: x=y",
            "/a\\b",
            "/ä",
            "javascript:alert(1)",
            long.as_str(),
        ] {
            assert!(!is_local(way), "{way}");
        }
    }
}
