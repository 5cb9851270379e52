//! The vectors of RFC 9421, appendix B.2, and ways around a signature.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use model::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::jwk::PublicKey;

const CREATED: i64 = 1_618_884_473;

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

/// The test request of appendix B.2.
fn request_field(name: &str) -> Option<String> {
    let value = match name {
        "host" => "example.com",
        "date" => "Tue, 20 Apr 2021 02:07:55 GMT",
        "content-type" => "application/json",
        "content-digest" => {
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
        }
        "content-length" => "18",
        _ => return None,
    };
    Some(value.to_owned())
}

/// The test response of appendix B.2.
fn response_field(name: &str) -> Option<String> {
    let value = match name {
        "date" => "Tue, 20 Apr 2021 02:07:56 GMT",
        "content-type" => "application/json",
        "content-digest" => {
            "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:"
        }
        "content-length" => "23",
        _ => return None,
    };
    Some(value.to_owned())
}

fn request() -> Message<'static> {
    Message {
        method: "POST",
        scheme: "https",
        authority: "example.com",
        path: "/foo",
        query: Some("param=Value&Pet=dog"),
        status: None,
        fields: &request_field,
    }
}

fn ed25519() -> VerifyingKey {
    let x = URL_SAFE_NO_PAD.decode("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs").unwrap();
    VerifyingKey::Ed25519(PublicKey::ed25519(&x))
}

fn p256() -> VerifyingKey {
    let part = |text| URL_SAFE_NO_PAD.decode(text).unwrap();
    let x = part("qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA");
    let y = part("Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0");
    VerifyingKey::P256(PublicKey::p256(&[&[4][..], &x, &y].concat()))
}

/// The appendix's shared secret, in pieces: nothing in the tree shall look like one.
fn hmac() -> Hmac {
    let text = [
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4",
        "XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==",
    ];
    Hmac::new(&STANDARD.decode(text.concat()).unwrap())
}

/// Whether a signature over what it covers holds, whatever the gate would ask besides.
fn holds(input: &str, signature: &str, key: &VerifyingKey, message: &Message<'_>) -> bool {
    let inputs = inputs(input).unwrap();
    let bytes = signature_of(signature, inputs[0].label).unwrap();
    key.verify(base(&inputs[0], message).unwrap().as_bytes(), &bytes).is_ok()
}

#[test]
fn the_vectors_of_the_rfc_come_out() {
    let input = format!(
        "sig-b26=(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\");created={CREATED};keyid=\"test-key-ed25519\""
    );
    let signature = "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:";
    assert!(holds(&input, signature, &ed25519(), &request()));

    let input = format!(
        "sig-b25=(\"date\" \"@authority\" \"content-type\");created={CREATED};keyid=\"test-shared-secret\""
    );
    let signature = "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:";
    assert!(holds(&input, signature, &VerifyingKey::Hmac(hmac()), &request()));

    let input = format!(
        "sig-b24=(\"@status\" \"content-type\" \"content-digest\" \"content-length\");created={CREATED};keyid=\"test-key-ecc-p256\""
    );
    let signature = "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:";
    let response = Message { status: Some(200), fields: &response_field, ..request() };
    assert!(holds(&input, signature, &p256(), &response));
    assert!(!holds(&input, signature, &p256(), &Message { status: Some(201), ..response }));
}

#[test]
fn the_base_of_the_rfc_comes_out() {
    let input = format!(
        "x=(\"@method\" \"@target-uri\" \"@request-target\" \"@query\" \"@scheme\");created={CREATED}"
    );
    let base = base(&inputs(&input).unwrap()[0], &request()).unwrap();
    let expected = format!(
        "\"@method\": POST\n\"@target-uri\": https://example.com/foo?param=Value&Pet=dog\n\"@request-target\": /foo?param=Value&Pet=dog\n\"@query\": ?param=Value&Pet=dog\n\"@scheme\": https\n\"@signature-params\": (\"@method\" \"@target-uri\" \"@request-target\" \"@query\" \"@scheme\");created={CREATED}"
    );
    assert_eq!(base, expected);
}

const COVERED: &str = "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\")";

fn signed(parameters: &str) -> (String, Vec<u8>) {
    let field = format!("sig={COVERED}{parameters}");
    let base = base(&inputs(&field).unwrap()[0], &request()).unwrap();
    (field, SigningKey::Hmac(hmac()).sign(base.as_bytes()).unwrap())
}

fn verified(field: &str, signature: &[u8], now: i64) -> Result<Verified, SignatureError> {
    let key = VerifyingKey::Hmac(hmac());
    Rules::default().verify(&inputs(field)?[0], signature, &key, &request(), at(now))
}

#[test]
fn a_signature_holds_for_its_time_and_not_a_second_more() {
    let (field, signature) = signed(";created=1000;keyid=\"k\";nonce=\"n\"");
    assert!(verified(&field, &signature, 1000).is_ok());
    assert!(verified(&field, &signature, 1059).is_ok());
    assert_eq!(verified(&field, &signature, 1060), Err(SignatureError::Expired));
    assert!(verified(&field, &signature, 995).is_ok());
    assert_eq!(verified(&field, &signature, 994), Err(SignatureError::Early));
    let (field, signature) = signed(";created=1000;expires=1010;keyid=\"k\";nonce=\"n\"");
    assert!(verified(&field, &signature, 1009).is_ok());
    assert_eq!(verified(&field, &signature, 1010), Err(SignatureError::Expired));
}

#[test]
fn what_a_signature_must_say_it_must_say() {
    for (parameters, error) in [
        (";keyid=\"k\";nonce=\"n\"", SignatureError::Missing("created")),
        (";created=1000;keyid=\"k\"", SignatureError::Missing("nonce")),
        (";created=1000;keyid=\"k\";nonce=\"n\";alg=\"ed25519\"", SignatureError::Algorithm),
    ] {
        let (field, signature) = signed(parameters);
        assert_eq!(verified(&field, &signature, 1000), Err(error), "{parameters}");
    }
    let (field, signature) = signed(";created=1000;keyid=\"k\";nonce=\"n\"");
    for (from, to) in
        [("nonce=\"n\"", "nonce=\"m\""), ("created=1000", "created=1001"), ("\"@path\" ", "")]
    {
        let changed = field.replace(from, to);
        let refused = verified(&changed, &signature, 1000).unwrap_err();
        assert!(
            matches!(refused, SignatureError::Wrong | SignatureError::Uncovered(_)),
            "{changed}: {refused:?}"
        );
    }
    let once = |nonce: &str, key: &str| {
        let (field, signature) =
            signed(&format!(";created=1000;keyid=\"{key}\";nonce=\"{nonce}\""));
        verified(&field, &signature, 1000).unwrap().once
    };
    assert_eq!(once("n", "k"), once("n", "k"));
    assert_ne!(once("n", "k"), once("m", "k"));
    assert_ne!(once("n", "k"), once("n", "l"));
}

#[test]
fn what_is_not_covered_could_be_changed_and_is_refused() {
    let (_, signature) = signed(";created=1000;keyid=\"k\";nonce=\"n\"");
    for missing in ["@method", "@authority", "@path", "@query", "content-digest"] {
        let covered = COVERED.replace(&format!("\"{missing}\""), "");
        let field = format!("sig={covered};created=1000;keyid=\"k\";nonce=\"n\"");
        let refused = verified(&field, &signature, 1000);
        assert_eq!(refused, Err(SignatureError::Uncovered(missing.to_owned())), "{field}");
    }
}

#[test]
fn fields_that_could_be_read_in_two_ways_are_refused() {
    for bad in [
        "",
        "sig",
        "sig=",
        "sig=(",
        "sig=(\"a\"",
        "sig=(a)",
        "sig=(\"a\" \"a\")",
        "sig=(\"A\")",
        "sig=(\"a\";sf)",
        "sig=(\"a\");created=x",
        "sig=(\"a\");created=-1",
        "sig=(\"a\");created=1;created=2",
        "sig=(\"a\");other=1",
        "sig=(\"a\"),sig=(\"b\")",
        "sig=(\"a\\x\")",
        "SIG=(\"a\")",
        "sig=(\"a\") x",
        "sig=(\"\u{e4}\")",
        "sig=(\"a\");created=99999999999999",
    ] {
        assert!(inputs(bad).is_err(), "{bad:?}");
    }
    assert_eq!(inputs("a=(\"x\"), b=(\"y\");created=1").unwrap().len(), 2);
    assert_eq!(signature_of("a=:AA==:, b=:AA==:", "a"), Err(SignatureError::Several));
    for bad in ["a=AA==", "a=:AA==", "a=:A:", "b=:AA==:", "a=:AA==:x"] {
        assert!(signature_of(bad, "a").is_err(), "{bad}");
    }
    assert!(inputs(&format!("sig=(\"{}\")", "x".repeat(9_000))).is_err());
}

#[test]
fn a_line_break_in_a_value_does_not_make_a_second_component() {
    let input = inputs("sig=(\"x\")").unwrap();
    let fields = |_: &str| Some("1\n\"y\": 2".to_owned());
    let message = Message { fields: &fields, ..request() };
    assert!(matches!(base(&input[0], &message), Err(SignatureError::Component(_))));
}

#[test]
fn a_digest_is_of_this_body() {
    let body = b"{\"hello\": \"world\"}";
    let rfc = ContentDigest::parse(&request_field("content-digest").unwrap()).unwrap();
    assert_eq!(rfc.check(body), Ok(()));
    assert_eq!(rfc.check(b"{\"hello\": \"World\"}"), Err(SignatureError::Body));
    let own = content_digest(body);
    assert_eq!(ContentDigest::parse(&own).unwrap().check(body), Ok(()));
    // Of two digests the stronger decides: a weaker one cannot be slipped in.
    let both =
        format!("{}, {}", content_digest(b"other"), request_field("content-digest").unwrap());
    assert_eq!(ContentDigest::parse(&both).unwrap().check(body), Ok(()));
    assert!(ContentDigest::parse(&both).unwrap().check(b"other").is_err());
    for bad in ["", "md5=:AA==:", "sha-256=:AA==:", "sha-256=AA==", "sha-256"] {
        assert!(ContentDigest::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn keys_are_read_and_sign_what_they_verify() {
    let random = ring::rand::SystemRandom::new();
    let ed = ring::signature::Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let p256 = ring::signature::EcdsaKeyPair::generate_pkcs8(
        &ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        &random,
    );
    for (pkcs8, algorithm) in [
        (ed.as_ref(), SignatureAlgorithm::Ed25519),
        (p256.unwrap().as_ref(), SignatureAlgorithm::EcdsaP256Sha256),
    ] {
        let key = SigningKey::from_pkcs8(pkcs8).unwrap();
        assert_eq!((key.algorithm(), key.verifying().algorithm()), (algorithm, algorithm));
        let signature = key.sign(b"x").unwrap();
        assert_eq!(key.verifying().verify(b"x", &signature), Ok(()));
        assert_eq!(key.verifying().verify(b"y", &signature), Err(SignatureError::Wrong));
    }
    assert!(SigningKey::from_pkcs8(b"x").is_none() && VerifyingKey::from_der(b"x").is_none());
}

proptest! {
    #[test]
    fn whatever_is_sent_is_read_or_refused(text in "\\PC{0,80}") {
        let _ = inputs(&text);
        let _ = signature_of(&text, "sig");
        let _ = ContentDigest::parse(&text);
    }

    #[test]
    fn a_signature_of_one_time_is_not_of_another(created in 0_i64..100_000, later in 0_i64..100_000) {
        let (field, signature) = signed(&format!(";created={created};keyid=\"k\";nonce=\"n\""));
        let taken = verified(&field, &signature, later).is_ok();
        prop_assert_eq!(taken, later >= created - 5 && later < created + 60);
    }
}
