//! Who calls: the agent's credential, from wherever its SDK puts one.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, PROXY_AUTHORIZATION};
use model::{Digest, KeyHash, Timestamp};

use crate::snapshot::{Credential, Snapshot};

/// Where agents present their key. None of these ever goes upstream.
pub const CREDENTIAL_HEADERS: [HeaderName; 4] = [
    AUTHORIZATION,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// Why nobody could be recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unidentified {
    Missing,
    Malformed,
    /// Two credentials that differ: refused rather than one of them picked.
    Ambiguous,
    Unknown,
    Expired,
}

impl Unidentified {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "no key was given",
            Self::Malformed => "the credential has no form that is understood",
            Self::Ambiguous => "two different credentials were given",
            Self::Unknown => "the key is not known",
            Self::Expired => "the key has expired",
        }
    }
}

/// The hash of the key that a request carries.
pub fn key_hash(headers: &HeaderMap) -> Result<KeyHash, Unidentified> {
    let mut found: Option<&[u8]> = None;
    for name in &CREDENTIAL_HEADERS {
        for value in headers.get_all(name) {
            let key = match name {
                &AUTHORIZATION | &PROXY_AUTHORIZATION => {
                    bearer(value.as_bytes()).ok_or(Unidentified::Malformed)?
                }
                _ => value.as_bytes(),
            };
            if found.is_some_and(|earlier| earlier != key) {
                return Err(Unidentified::Ambiguous);
            }
            found = Some(key);
        }
    }
    found.map(Digest::of).ok_or(Unidentified::Missing)
}

/// The token of `Bearer TOKEN` (RFC 6750, section 2.1); the scheme in any case (RFC 9110, section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer ");
    (is_bearer && !token.is_empty() && !token.contains(&b' ')).then_some(token)
}

/// Looks the key up. The hash is compared, not the key, so the time it takes tells nothing of a key.
pub fn identify(
    snapshot: &Snapshot,
    hash: &KeyHash,
    now: Timestamp,
) -> Result<Credential, Unidentified> {
    let credential = snapshot.keys.get(hash).ok_or(Unidentified::Unknown)?;
    match credential.expires {
        Some(expires) if expires <= now => Err(Unidentified::Expired),
        _ => Ok(credential.clone()),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use model::{AgentName, TenantId};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        pairs.for_each(|(name, value)| {
            headers.append(name, value);
        });
        headers
    }

    #[test]
    fn a_key_is_found_where_an_sdk_puts_it() {
        let hash = Ok(Digest::of(b"k"));
        assert_eq!(key_hash(&headers(&[("authorization", "Bearer k")])), hash);
        assert_eq!(key_hash(&headers(&[("authorization", "bearer k")])), hash);
        assert_eq!(key_hash(&headers(&[("x-api-key", "k")])), hash);
        assert_eq!(key_hash(&headers(&[("x-api-key", "k"), ("authorization", "Bearer k")])), hash);
    }

    #[test]
    fn credentials_that_disagree_or_have_another_form_are_refused() {
        let cases: [(&[(&str, &str)], Unidentified); 6] = [
            (&[], Unidentified::Missing),
            (&[("x-api-key", "a"), ("authorization", "Bearer b")], Unidentified::Ambiguous),
            (
                &[("authorization", "Bearer a"), ("authorization", "Bearer b")],
                Unidentified::Ambiguous,
            ),
            (&[("authorization", "Basic a")], Unidentified::Malformed),
            (&[("authorization", "Bearer a b")], Unidentified::Malformed),
            (&[("authorization", "Bearer ")], Unidentified::Malformed),
        ];
        for (pairs, reason) in cases {
            let pairs: Vec<_> = pairs.to_vec();
            let mut map = HeaderMap::new();
            for (name, value) in pairs {
                map.append(
                    HeaderName::from_bytes(name.as_bytes()).unwrap(),
                    HeaderValue::from_str(value).unwrap(),
                );
            }
            assert_eq!(key_hash(&map), Err(reason));
        }
    }

    #[test]
    fn a_key_stops_at_its_expiry() {
        let mut snapshot = Snapshot::default();
        let at = Timestamp::from_micros;
        let credential = Credential {
            tenant: TenantId::main(),
            agent: AgentName::new("a").unwrap(),
            expires: Some(at(10)),
        };
        snapshot.keys.insert(Digest::of(b"k"), credential);
        assert!(identify(&snapshot, &Digest::of(b"k"), at(9)).is_ok());
        assert_eq!(
            identify(&snapshot, &Digest::of(b"k"), at(10)).err(),
            Some(Unidentified::Expired)
        );
        assert_eq!(
            identify(&snapshot, &Digest::of(b"other"), at(9)).err(),
            Some(Unidentified::Unknown)
        );
    }
}
