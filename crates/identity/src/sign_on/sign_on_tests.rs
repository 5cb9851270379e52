use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::{LOGOUT, Party};
use crate::jws::{TokenError, Unverified, sign};
use crate::{Algorithm, JwkSet};
use model::Timestamp;

const NOW: i64 = 1_000_000;

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap()
}

fn keys() -> JwkSet {
    let x = URL_SAFE_NO_PAD.encode(pair().public_key());
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k", "alg": "EdDSA"});
    JwkSet::parse(json!({"keys": [key]}).to_string().as_bytes()).unwrap()
}

fn party() -> Party {
    Party {
        issuer: "https://login.example.com".to_owned(),
        client: "portcullis".to_owned(),
        algorithms: vec![Algorithm::EdDsa],
        skew: Duration::from_secs(5),
    }
}

/// A token with the header and claims of `base`, and what of them is other.
fn token(typ: &str, base: Value, other: Value) -> String {
    let mut claims = base;
    for (name, value) in other.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    let header = json!({"alg": "EdDSA", "kid": "k", "typ": typ}).to_string();
    sign(&header, claims.to_string().as_bytes(), |bytes| pair().sign(bytes).as_ref().to_vec())
}

fn now() -> Timestamp {
    Timestamp::from_micros(NOW * 1_000_000)
}

fn id(typ: &str, other: Value) -> Result<String, TokenError> {
    let base = json!({
        "iss": "https://login.example.com", "aud": "portcullis", "sub": "7", "nonce": "n",
        "exp": NOW + 60, "iat": NOW, "groups": ["a", "b"], "sid": "s",
    });
    let text = token(typ, base, other);
    let token = Unverified::parse(&text).unwrap();
    party().id_token(&token, &keys(), "n", now()).map(|signed| signed.subject)
}

fn logout(typ: &str, other: Value) -> Result<Option<String>, TokenError> {
    let base = json!({
        "iss": "https://login.example.com", "aud": "portcullis", "sub": "7", "jti": "j",
        "exp": NOW + 60, "iat": NOW, "events": {LOGOUT: {}},
    });
    let text = token(typ, base, other);
    let token = Unverified::parse(&text).unwrap();
    party().logout_token(&token, &keys(), now()).map(|out| out.subject)
}

#[test]
fn an_id_token_is_for_this_log_in_alone() {
    assert_eq!(id("JWT", json!({})), Ok("7".to_owned()));
    assert_eq!(
        id("", json!({"aud": ["portcullis", "x"], "azp": "portcullis"})),
        Ok("7".to_owned())
    );
    for (other, error) in [
        (json!({"nonce": "m"}), TokenError::Claim("nonce")),
        (json!({"nonce": null}), TokenError::Missing("nonce")),
        (json!({"aud": "other"}), TokenError::Audience),
        (json!({"aud": null}), TokenError::Audience),
        (json!({"aud": ["portcullis", "x"]}), TokenError::Missing("azp")),
        (json!({"azp": "x"}), TokenError::Audience),
        (json!({"iss": "https://login.example.com/"}), TokenError::Issuer),
        (json!({"iss": "https://evil.example"}), TokenError::Issuer),
        (json!({"sub": null}), TokenError::Missing("sub")),
        (json!({"sub": ""}), TokenError::Claim("sub")),
        (json!({"sub": "x".repeat(256)}), TokenError::Claim("sub")),
        (json!({"exp": NOW - 60}), TokenError::Expired),
        (json!({"exp": null}), TokenError::Missing("exp")),
        (json!({"iat": NOW + 60}), TokenError::Early),
    ] {
        assert_eq!(id("JWT", other.clone()), Err(error), "{other}");
    }
    assert_eq!(id("logout+jwt", json!({})), Err(TokenError::Type));
    assert_eq!(id("at+jwt", json!({})), Err(TokenError::Type));
}

#[test]
fn a_logout_token_is_no_id_token_and_the_other_way_round() {
    assert_eq!(logout("logout+jwt", json!({})), Ok(Some("7".to_owned())));
    assert_eq!(logout("JWT", json!({"sub": null, "sid": "s"})), Ok(None));
    for (other, error) in [
        (json!({"nonce": "n"}), TokenError::Claim("nonce")),
        (json!({"events": null}), TokenError::Missing("events")),
        (json!({"events": {"other": {}}}), TokenError::Claim("events")),
        (json!({"events": {LOGOUT: "x"}}), TokenError::Claim("events")),
        (json!({"sub": null}), TokenError::Missing("sub")),
        (json!({"jti": null}), TokenError::Missing("jti")),
        (json!({"iat": null}), TokenError::Missing("iat")),
        (json!({"iat": NOW - 600}), TokenError::Expired),
        (json!({"aud": "other"}), TokenError::Audience),
        (json!({"iss": "https://evil.example"}), TokenError::Issuer),
    ] {
        assert_eq!(logout("logout+jwt", other.clone()), Err(error), "{other}");
    }
    assert_eq!(logout("at+jwt", json!({})), Err(TokenError::Type));
}

#[test]
fn a_signature_that_is_none_or_anothers_is_refused() {
    let header = |alg: &str| URL_SAFE_NO_PAD.encode(json!({"alg": alg, "kid": "k"}).to_string());
    let claims = URL_SAFE_NO_PAD.encode(json!({"sub": "7"}).to_string());
    let none = format!("{}.{claims}.", header("none"));
    assert_eq!(Unverified::parse(&none).unwrap_err(), TokenError::Unsigned);
    let hmac = format!("{}.{claims}.AAAA", header("HS256"));
    assert_eq!(Unverified::parse(&hmac).unwrap_err(), TokenError::Algorithm);
    let forged = format!("{}.{claims}.{}", header("EdDSA"), "A".repeat(86));
    let token = Unverified::parse(&forged).unwrap();
    let refused = party().id_token(&token, &keys(), "n", now()).unwrap_err();
    assert_eq!(refused, TokenError::Signature);
    let nobody = party().id_token(&token, &JwkSet::default(), "n", now()).unwrap_err();
    assert_eq!(nobody, TokenError::UnknownKey);
}

#[test]
fn groups_are_texts_and_bounded() {
    let base = json!({
        "iss": "https://login.example.com", "aud": "portcullis", "sub": "7", "nonce": "n",
        "exp": NOW + 60, "iat": NOW,
    });
    let many: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
    for (groups, expected) in [
        (json!(["a", 7, {"b": 1}, "c"]), 2),
        (json!("a"), 1),
        (json!({"a": 1}), 0),
        (json!(many), super::MAX_GROUPS),
    ] {
        let text = token("JWT", base.clone(), json!({"groups": groups}));
        let token = Unverified::parse(&text).unwrap();
        let signed = party().id_token(&token, &keys(), "n", now()).unwrap();
        assert_eq!(signed.texts("groups").len(), expected);
    }
}
