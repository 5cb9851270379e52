//! Client assertions (RFC 7523, section 2.2): an agent proves at the token endpoint that it holds a
//! key, and sends no secret.

use std::time::Duration;

use model::{Digest, Timestamp};

use crate::claims::Claims;
use crate::jwk::PublicKey;
use crate::jws::{TokenError, Unverified};

/// The `client_assertion_type` that is understood.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion may be good for: what was said must be remembered as long.
pub const MAX_LIFETIME: Duration = Duration::from_secs(600);
/// How far clocks may differ.
pub const SKEW: Duration = Duration::from_secs(5);

/// An assertion that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asserted {
    /// What may be seen once, until `forgotten`.
    pub once: Digest,
    pub forgotten: Timestamp,
}

/// Whom an assertion says it is of. Of no worth before [`verify`].
pub fn claimed_client(assertion: &Unverified<'_>) -> Result<String, TokenError> {
    assertion.claims::<Claims>()?.sub.ok_or(TokenError::Missing("sub"))
}

/// Checks an assertion of `client` for the authorization server that is called `server`.
///
/// The server's own name must stand there, alone: an assertion that is for several could be used
/// against one of them by another (RFC 7523bis).
pub fn verify(
    assertion: &Unverified<'_>,
    key: &PublicKey,
    client: &str,
    server: &str,
    now: Timestamp,
) -> Result<Asserted, TokenError> {
    let types = ["", "JWT", "client-authentication+jwt"];
    if !types.iter().any(|typ| assertion.header.is_of_type(typ)) {
        return Err(TokenError::Type);
    }
    assertion.verify(key)?;
    let claims: Claims = assertion.claims()?;
    if claims.iss.as_deref() != Some(client) || claims.sub.as_deref() != Some(client) {
        return Err(TokenError::Issuer);
    }
    if !claims.is_for(server) || claims.aud.iter().flat_map(|aud| aud.iter()).count() != 1 {
        return Err(TokenError::Audience);
    }
    let expires = claims.check_times(now, SKEW)?;
    if expires > now.plus(MAX_LIFETIME).plus(SKEW) {
        return Err(TokenError::Claim("exp"));
    }
    let id = claims.jti.filter(|id| !id.is_empty()).ok_or(TokenError::Missing("jti"))?;
    let thumbprint = key.thumbprint();
    let once = Digest::of_parts(&[b"assertion\0", thumbprint.as_bytes(), b"\0", id.as_bytes()]);
    Ok(Asserted { once, forgotten: expires.plus(SKEW) })
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair};
    use serde_json::{Value, json};

    use super::*;
    use crate::jws::sign;

    const SERVER: &str = "https://gate.example.com";
    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[4; 32]).unwrap()
    }

    fn assertion(header: &Value, claims: &Value) -> String {
        let pair = pair();
        sign(&header.to_string(), claims.to_string().as_bytes(), |bytes| {
            pair.sign(bytes).as_ref().to_vec()
        })
    }

    fn claims() -> Value {
        json!({"iss": "bot", "sub": "bot", "aud": SERVER, "exp": 1300, "iat": 1000, "jti": "1"})
    }

    fn verified(header: &Value, claims: &Value) -> Result<Asserted, TokenError> {
        let text = assertion(header, claims);
        let key = PublicKey::ed25519(pair().public_key().as_ref());
        verify(&Unverified::parse(&text)?, &key, "bot", SERVER, NOW)
    }

    #[test]
    fn an_assertion_holds_and_names_what_may_be_said_once() {
        let header = json!({"alg": "EdDSA"});
        let first = verified(&header, &claims()).unwrap();
        assert_eq!(first.forgotten, Timestamp::from_micros(1_305_000_000));
        let mut other = claims();
        other["jti"] = json!("2");
        assert_ne!(verified(&header, &other).unwrap().once, first.once);
        let typed = json!({"alg": "EdDSA", "typ": "client-authentication+jwt"});
        other["aud"] = json!([SERVER]);
        assert!(verified(&typed, &other).is_ok());
    }

    #[test]
    fn what_is_not_for_this_server_by_this_client_and_soon_over_is_refused() {
        let header = json!({"alg": "EdDSA"});
        for (name, value) in [
            ("iss", json!("other")),
            ("sub", json!("other")),
            ("aud", json!("https://gate.example.com/")),
            ("aud", json!([SERVER, "https://elsewhere.example.com"])),
            ("aud", json!([])),
            ("exp", json!(995)),
            ("exp", json!(1606)),
            ("exp", Value::Null),
            ("iat", json!(1006)),
            ("jti", json!("")),
            ("jti", Value::Null),
        ] {
            let mut claims = claims();
            claims[name] = value.clone();
            assert!(verified(&header, &claims).is_err(), "{name} {value}");
        }
        for header in [
            json!({"alg": "ES256"}),
            json!({"alg": "none"}),
            json!({"alg": "EdDSA", "typ": "dpop+jwt"}),
            json!({"alg": "EdDSA", "typ": "at+jwt"}),
        ] {
            assert!(verified(&header, &claims()).is_err(), "{header}");
        }
    }
}
