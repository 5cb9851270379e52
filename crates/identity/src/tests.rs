//! Tokens, chains and exchanges, and the ways to get past them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{AgentName, Digest, Scopes, TenantId, Timestamp, UserName};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::*;

const ISSUER: &str = "gate";

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn key() -> GateKey {
    GateKey::from_seed(&[7; 32]).unwrap()
}

fn actor(name: &str) -> Actor {
    Actor {
        agent: AgentName::new(name).unwrap(),
        key: Some(Digest::of(name.as_bytes())),
        certificate: Some(Shown { mark: Digest::of(b"name"), serial: "a1b".parse().unwrap() }),
    }
}

fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

const TERMS: Terms = Terms { depth: 4, lifetime: Duration::from_secs(600) };

fn subject() -> Subject {
    Subject {
        tenant: TenantId::main(),
        person: Some(UserName::new("ann@example.com").unwrap()),
        chain: Chain::default(),
        scopes: Some(scopes("mail.read mail.send")),
        audience: Audience::Gate,
        expires: Some(at(10_000)),
    }
}

fn all() -> Wanted {
    Wanted { scopes: None, audience: None, lifetime: None, used_as: Use::Access }
}

fn given(subject: Subject, by: &str, wanted: Wanted) -> Result<Delegation, ExchangeError> {
    exchange(subject, actor(by), wanted, TERMS, at(1_000), "act_1".to_owned())
}

/// What comes out, as the subject of the next exchange.
fn next(delegation: Delegation) -> Subject {
    Subject {
        tenant: delegation.tenant,
        person: delegation.person,
        chain: delegation.chain,
        scopes: delegation.scopes,
        audience: delegation.audience,
        expires: Some(delegation.expires),
    }
}

fn names(chain: &Chain) -> Vec<&str> {
    chain.agents().map(AgentName::as_str).collect()
}

#[test]
fn a_token_says_what_was_delegated_in_order() {
    let first = given(subject(), "planner", all()).unwrap();
    let wanted = Wanted { scopes: Some(scopes("mail.read")), ..all() };
    let second = given(next(first), "reader", wanted).unwrap();
    assert_eq!(names(&second.chain), ["planner", "reader"]);
    let token = key().issue(ISSUER, &second);
    assert_eq!(key().verify(ISSUER, &token, at(1_001)).unwrap(), second);
    let claims: Value = Unverified::parse(&token).unwrap().claims().unwrap();
    // RFC 8693, section 4.1: the outermost actor is the one that acts now.
    assert_eq!(claims["act"]["sub"], "reader");
    assert_eq!(claims["act"]["act"]["sub"], "planner");
    assert_eq!(claims["sub"], "ann@example.com");
    assert_eq!(claims["scope"], "mail.read");
}

#[test]
fn asking_for_more_is_an_error_and_not_a_cut() {
    for more in ["mail.read admin", "Mail.Read", "mail", "mail.read."] {
        let wanted = Wanted { scopes: Some(scopes(more)), ..all() };
        assert!(matches!(given(subject(), "a", wanted), Err(ExchangeError::Scope(_))), "{more}");
    }
    let nothing = Subject { scopes: None, ..subject() };
    let wanted = Wanted { scopes: Some(scopes("x")), ..all() };
    assert!(matches!(given(nothing, "a", wanted), Err(ExchangeError::Scope(_))));
}

#[test]
fn a_chain_neither_loops_nor_grows_without_end() {
    let mut held = subject();
    for name in ["a", "b", "c", "d"] {
        held = next(given(held, name, all()).unwrap());
    }
    let looping = given(held.clone(), "b", all());
    assert!(matches!(looping, Err(ExchangeError::Chain(ChainError::Loop(_)))));
    let long = given(held.clone(), "e", all());
    assert_eq!(long.unwrap_err(), ChainError::TooLong(4).into());
    // The one that acts may exchange what it has for something narrower.
    assert_eq!(names(&given(held, "d", all()).unwrap().chain), ["a", "b", "c", "d"]);
}

#[test]
fn neither_time_nor_audience_outgrow_the_parents() {
    let short = Subject { expires: Some(at(1_030)), ..subject() };
    assert_eq!(given(short, "a", all()).unwrap().expires, at(1_030));
    let ended = Subject { expires: Some(at(1_000)), ..subject() };
    assert_eq!(given(ended, "a", all()), Err(ExchangeError::Expired));
    let long = Wanted { lifetime: Some(Duration::from_secs(6_000)), ..all() };
    assert_eq!(given(subject(), "a", long).unwrap().expires, at(1_600));

    let of = |uri: &str| Audience::Resource(uri.to_owned());
    let files = Subject { audience: of("https://gate.example.com/mcp/files"), ..subject() };
    let ask = |audience| given(files.clone(), "a", Wanted { audience: Some(audience), ..all() });
    assert!(ask(of("https://gate.example.com/mcp/files")).is_ok());
    assert!(ask(of("https://gate.example.com/mcp/files/x")).is_ok());
    for wider in [
        "https://gate.example.com/mcp",
        "https://gate.example.com/mcp/files2",
        "https://evil.example.com/mcp/files",
    ] {
        assert_eq!(ask(of(wider)), Err(ExchangeError::Target), "{wider}");
    }
    assert_eq!(ask(Audience::Gate), Err(ExchangeError::Target));
}

#[test]
fn a_resource_covers_its_path_and_nothing_beside_it() {
    let files = Audience::Resource("https://gate.example.com/mcp/files".to_owned());
    assert!(files.covers("/mcp/files") && files.covers("/mcp/files/x"));
    for outside in [
        "/mcp",
        "/mcp/files2",
        "/mcp/files/../mail",
        "/mcp/files/%2e%2e/mail",
        "/mcp/files//x",
        "/MCP/files",
    ] {
        assert!(!files.covers(outside), "{outside}");
    }
    assert!(Audience::Resource("https://gate.example.com".to_owned()).covers("/mcp"));
}

#[test]
fn a_token_holds_to_the_second() {
    let token = key().issue(ISSUER, &given(subject(), "a", all()).unwrap());
    let verify = |now| key().verify(ISSUER, &token, now);
    assert!(verify(at(1_599)).is_ok());
    assert_eq!(verify(at(1_600)), Err(TokenError::Expired));
    assert_eq!(verify(at(999)), Err(TokenError::Early));
    assert_eq!(key().verify("other", &token, at(1_001)), Err(TokenError::Issuer));
    let other = GateKey::from_seed(&[8; 32]).unwrap();
    assert_eq!(other.verify(ISSUER, &token, at(1_001)), Err(TokenError::UnknownKey));
}

/// A token with this header and these claims, signed by the gate's key.
fn forged(header: &Value, claims: &Value) -> String {
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let sign = |bytes: &[u8]| pair.sign(bytes).as_ref().to_vec();
    jws::sign(&header.to_string(), claims.to_string().as_bytes(), sign)
}

fn header_of(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

#[test]
fn a_token_that_is_not_signed_as_it_should_be_is_refused() {
    let token = key().issue(ISSUER, &given(subject(), "a", all()).unwrap());
    let (header, claims) =
        (header_of(&token), Unverified::parse(&token).unwrap().claims().unwrap());
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        forged(&header, &claims)
    };
    let verify = |token: &str| key().verify(ISSUER, token, at(1_001)).unwrap_err();
    for none in ["none", "None", "NONE", "nOnE"] {
        assert_eq!(verify(&with("alg", none.into())), TokenError::Unsigned);
    }
    for other in ["HS256", "RS256", "ES256", "EdDSA ", "eddsa", ""] {
        assert_eq!(verify(&with("alg", other.into())), TokenError::Algorithm, "{other}");
    }
    assert_eq!(verify(&with("crit", json!(["exp"]))), TokenError::Critical);
    assert_eq!(verify(&with("b64", json!(false))), TokenError::Critical);
    assert_eq!(verify(&with("kid", json!("x"))), TokenError::UnknownKey);
    assert_eq!(verify(&with("typ", json!("dpop+jwt"))), TokenError::Type);

    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(verify(&format!("{}.{}.", parts[0], parts[1])), TokenError::Signature);
    assert_eq!(verify(&format!("{}.{}", parts[0], parts[1])), TokenError::Form);
    for cut in 1..80 {
        let cut = verify(&token[..token.len() - cut]);
        assert!(matches!(cut, TokenError::Signature | TokenError::Form), "{cut:?}");
    }
    assert_eq!(verify(&format!("{token}=")), TokenError::Form);
    assert_eq!(verify(&"x".repeat(MAX_TOKEN + 1)), TokenError::TooLong);
    assert_eq!(verify(""), TokenError::Form);
}

#[test]
fn a_chain_in_a_token_is_held_to_the_same() {
    let token = key().issue(ISSUER, &given(subject(), "a", all()).unwrap());
    let (header, claims): (Value, Value) =
        (header_of(&token), Unverified::parse(&token).unwrap().claims().unwrap());
    let with = |act: Value| {
        let mut claims = claims.clone();
        claims["act"] = act;
        key().verify(ISSUER, &forged(&header, &claims), at(1_001)).unwrap_err()
    };
    let nest = |names: &[String]| {
        names.iter().fold(Value::Null, |inner, name| match inner {
            Value::Null => json!({"sub": name}),
            inner => json!({"sub": name, "act": inner}),
        })
    };
    let names = |count: usize| (0..count).map(|n| format!("a{n}")).collect::<Vec<_>>();
    let looping = ["a", "b", "a"].map(str::to_owned);
    assert!(matches!(with(nest(&looping)), TokenError::Chain(ChainError::Loop(_))));
    let repeated = ["a", "a"].map(str::to_owned);
    assert!(matches!(with(nest(&repeated)), TokenError::Chain(ChainError::Loop(_))));
    assert!(matches!(with(nest(&names(33))), TokenError::Chain(ChainError::TooLong(_))));
    assert_eq!(with(nest(&names(300))), TokenError::Nested);
    assert_eq!(with(nest(&names(1_000))), TokenError::TooLong);
    for form in [json!("a"), json!({}), json!({"sub": "a b"}), json!({"sub": "a", "key": "x"})] {
        assert_eq!(with(form), TokenError::Chain(ChainError::Form));
    }
}

proptest! {
    #[test]
    fn no_change_of_a_token_goes_unnoticed(at_byte in 0_usize..400, flip in 1_u8..=127) {
        let token = key().issue(ISSUER, &given(subject(), "a", all()).unwrap());
        let mut bytes = token.clone().into_bytes();
        let place = at_byte % bytes.len();
        bytes[place] ^= flip;
        if let Ok(changed) = String::from_utf8(bytes) {
            let read = key().verify(ISSUER, &changed, at(1_001));
            prop_assert!(changed == token || read.is_err());
        }
    }

    #[test]
    fn nothing_that_is_delegated_outgrows_its_origin(
        steps in proptest::collection::vec((0_usize..6, "([a-d]( [a-d]){0,2})?", 1_u64..900), 1..6)
    ) {
        let origin = Subject { scopes: Some(scopes("a b c")), ..subject() };
        let mut held = origin.clone();
        for (who, asked, lifetime) in steps {
            let wanted = Wanted {
                scopes: Some(scopes(&asked)),
                lifetime: Some(Duration::from_secs(lifetime)),
                ..all()
            };
            let Ok(out) = given(held.clone(), &format!("agent{who}"), wanted) else { continue };
            let (before, after) = (held.scopes.clone().unwrap(), out.scopes.clone().unwrap());
            prop_assert_eq!(after.first_beyond(&before), None);
            prop_assert!(out.expires <= held.expires.unwrap());
            prop_assert!(out.chain.len() <= TERMS.depth && out.chain.len() >= held.chain.len());
            held = next(out);
        }
    }
}
