//! What a request presents.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers
}

#[test]
fn a_key_is_found_where_an_sdk_puts_it() {
    let key = |pairs: &[(&'static str, &'static str)]| {
        presented(&headers(pairs)).unwrap().credential.map(str::to_owned)
    };
    let found = Some("k".to_owned());
    assert_eq!(key(&[("authorization", "Bearer k")]), found);
    assert_eq!(key(&[("authorization", "bearer k")]), found);
    assert_eq!(key(&[("authorization", "DPoP k")]), found);
    assert_eq!(key(&[("x-api-key", "k")]), found);
    assert_eq!(key(&[("x-api-key", "k"), ("authorization", "Bearer k")]), found);
    assert_eq!(key(&[]), None);
}

#[test]
fn credentials_that_disagree_or_have_another_form_are_refused() {
    let cases: [(&[(&str, &str)], Unidentified); 8] = [
        (&[("x-api-key", "a"), ("authorization", "Bearer b")], Unidentified::Ambiguous),
        (&[("authorization", "Bearer a"), ("authorization", "Bearer b")], Unidentified::Ambiguous),
        (
            &[("portcullis-delegation", "a"), ("portcullis-delegation", "b")],
            Unidentified::Ambiguous,
        ),
        (&[("authorization", "Basic a")], Unidentified::Malformed),
        (&[("authorization", "Bearer a b")], Unidentified::Malformed),
        (&[("authorization", "Bearer ")], Unidentified::Malformed),
        (&[("portcullis-delegation", "a b")], Unidentified::Malformed),
        (&[("x-api-key", "")], Unidentified::Malformed),
    ];
    for (pairs, reason) in cases {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        assert_eq!(presented(&map), Err(reason), "{pairs:?}");
    }
}
