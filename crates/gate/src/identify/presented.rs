//! The credentials of a request, from wherever an SDK puts them.

use http::header::{AUTHORIZATION, HeaderName, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderValue};

use super::Unidentified;

/// Where agents present their key or token. None of these ever goes upstream.
pub const CREDENTIAL_HEADERS: [HeaderName; 4] = [
    AUTHORIZATION,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// Where an agent says for whom it acts, beside its own key.
pub const DELEGATION: HeaderName = HeaderName::from_static("portcullis-delegation");

/// What proves a credential, or stands beside it: secret by nature, so no inspection finds that
/// remarkable. None of these goes upstream either.
pub const PROOF_HEADERS: [HeaderName; 5] = [
    DELEGATION,
    HeaderName::from_static("signature"),
    HeaderName::from_static("signature-input"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("dpop"),
];

/// Headers that say something to the gate alone. None of these goes upstream either.
pub const GATE_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("portcullis-session"),
    HeaderName::from_static("portcullis-record"),
    HeaderName::from_static("portcullis-decision"),
];

/// What a request presents.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Presented<'h> {
    /// A key or an access token.
    pub credential: Option<&'h str>,
    pub delegation: Option<&'h str>,
    pub is_signed: bool,
}

/// Gathers the credentials. The same one said twice is one.
pub fn presented(headers: &HeaderMap) -> Result<Presented<'_>, Unidentified> {
    let is_signed = headers.contains_key("signature-input") || headers.contains_key("signature");
    let mut found = Presented { is_signed, ..Presented::default() };
    for name in &CREDENTIAL_HEADERS {
        for value in headers.get_all(name) {
            let value = match name {
                &AUTHORIZATION | &PROXY_AUTHORIZATION => bearer(value),
                _ => text(value),
            };
            one(&mut found.credential, value.ok_or(Unidentified::Malformed)?)?;
        }
    }
    for value in headers.get_all(DELEGATION) {
        let value = text(value).filter(|value| !value.contains(' '));
        one(&mut found.delegation, value.ok_or(Unidentified::Malformed)?)?;
    }
    Ok(found)
}

fn one<'h>(place: &mut Option<&'h str>, value: &'h str) -> Result<(), Unidentified> {
    if place.is_some_and(|earlier| earlier != value) {
        return Err(Unidentified::Ambiguous);
    }
    *place = Some(value);
    Ok(())
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().filter(|text| !text.is_empty())
}

/// The token of `Bearer TOKEN` (RFC 6750, section 2.1), or of `DPoP TOKEN` (RFC 9449, section
/// 7.1); the scheme in any case (RFC 9110, section 11.1).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let is_known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("dpop");
    (is_known && !token.is_empty() && !token.contains(' ')).then_some(token)
}
