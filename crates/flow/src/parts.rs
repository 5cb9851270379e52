//! The parts of a value that decide where something goes.

/// Parts of one value that are looked up.
const MAX_PARTS: usize = 32;

/// The names before and after the sign of an address; host, path and query of a URL; the items of a
/// list in one text. None where a value is no such thing.
pub(crate) fn parts(value: &str) -> Vec<String> {
    let items = value.split([',', ';', '\n', '\t', '<', '>', ' ']);
    let items = items.filter(|item| !item.is_empty()).take(MAX_PARTS);
    let mut parts = Vec::new();
    for item in items {
        let url = if item.contains(':') { item.split_once("://") } else { None };
        match url {
            Some((_, rest)) => parts.extend(rest.split(['/', '?', '&', '=', '#', '@']).map(own)),
            None if is_address(item) => parts.extend(item.split('@').map(own)),
            None => {}
        }
    }
    parts.truncate(MAX_PARTS);
    parts
}

fn is_address(item: &str) -> bool {
    item.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

fn own(part: &str) -> String {
    part.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_a_url_have_parts() {
        assert_eq!(parts("Eve <eve@evil.example>"), ["eve", "evil.example"]);
        assert_eq!(parts("https://a.example/p?q=5"), ["a.example", "p", "q", "5"]);
        assert!(parts("some words").is_empty());
    }
}
