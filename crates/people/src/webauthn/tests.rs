//! An authenticator made of a key, against which every field is turned once.

use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use super::*;

const ORIGIN: &str = "https://console.example.com";
const PARTY: &str = "console.example.com";
const CHALLENGE: [u8; 56] = [5; 56];

fn asked() -> Asked<'static> {
    Asked { challenge: &CHALLENGE, origin: ORIGIN, party: PARTY }
}

enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

struct Authenticator {
    pair: Pair,
    flags: u8,
    counter: u32,
    origin: String,
    party: String,
    challenge: Vec<u8>,
    extra: &'static str,
}

fn bytes(value: &[u8]) -> Vec<u8> {
    match value.len() {
        length @ 0..24 => [&[0x40 | length as u8][..], value].concat(),
        length @ 24..256 => [&[0x58, length as u8][..], value].concat(),
        length => [&[0x59, (length >> 8) as u8, length as u8][..], value].concat(),
    }
}

fn text(value: &str) -> Vec<u8> {
    [&[0x60 | value.len() as u8][..], value.as_bytes()].concat()
}

impl Authenticator {
    fn new(is_p256: bool) -> Self {
        let random = SystemRandom::new();
        let pair = match is_p256 {
            true => {
                let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
                let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
                Pair::P256(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap())
            }
            false => Pair::Ed25519(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()),
        };
        Self {
            pair,
            flags: 0b101,
            counter: 1,
            origin: ORIGIN.to_owned(),
            party: PARTY.to_owned(),
            challenge: CHALLENGE.to_vec(),
            extra: "",
        }
    }

    fn cose(&self) -> Vec<u8> {
        match &self.pair {
            Pair::P256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (bytes(&point[1..33]), bytes(&point[33..]));
                [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21][..], &x, &[0x22], &y].concat()
            }
            Pair::Ed25519(pair) => {
                let x = bytes(pair.public_key().as_ref());
                [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21][..], &x].concat()
            }
        }
    }

    fn data(&self, is_new: bool) -> Vec<u8> {
        let flags = self.flags | u8::from(is_new) << 6;
        let party = digest(&SHA256, self.party.as_bytes());
        let mut data = [party.as_ref(), &[flags], &self.counter.to_be_bytes()].concat();
        if is_new {
            data.extend([9; 16]);
            data.extend([0, 4, b'c', b'r', b'e', b'd']);
            data.extend(self.cose());
        }
        data
    }

    fn client_data(&self, kind: &str) -> Vec<u8> {
        let challenge = URL_SAFE_NO_PAD.encode(&self.challenge);
        let (origin, extra) = (&self.origin, self.extra);
        format!(
            "{{\"type\":\"{kind}\",\"challenge\":\"{challenge}\",\"origin\":\"{origin}\"{extra}}}"
        )
        .into_bytes()
    }

    fn sign(&self, data: &[u8], client_data: &[u8]) -> Vec<u8> {
        let signed = [data, digest(&SHA256, client_data).as_ref()].concat();
        match &self.pair {
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(&signed).as_ref().to_vec(),
        }
    }

    fn register(&self, is_packed: bool) -> Registration {
        let (data, client_data) = (self.data(true), self.client_data("webauthn.create"));
        let (fmt, statement) = match is_packed {
            false => ("none", vec![0xa0]),
            true => {
                let algorithm = if matches!(self.pair, Pair::P256(_)) { 0x26 } else { 0x27 };
                let signature = bytes(&self.sign(&data, &client_data));
                let head = [&[0xa2][..], &text("alg"), &[algorithm], &text("sig")].concat();
                ("packed", [head, signature].concat())
            }
        };
        let object = [
            &[0xa3][..],
            &text("fmt"),
            &text(fmt),
            &text("attStmt"),
            &statement,
            &text("authData"),
            &bytes(&data),
        ]
        .concat();
        Registration {
            client_data: URL_SAFE_NO_PAD.encode(client_data),
            attestation: URL_SAFE_NO_PAD.encode(object),
        }
    }

    fn assert(&self) -> Assertion {
        let (data, client_data) = (self.data(false), self.client_data("webauthn.get"));
        let signature = self.sign(&data, &client_data);
        Assertion {
            credential: URL_SAFE_NO_PAD.encode("cred"),
            client_data: URL_SAFE_NO_PAD.encode(client_data),
            authenticator_data: URL_SAFE_NO_PAD.encode(data),
            signature: URL_SAFE_NO_PAD.encode(signature),
        }
    }
}

#[test]
fn a_passkey_is_registered_and_shown() {
    for is_p256 in [true, false] {
        for is_packed in [true, false] {
            let mut authenticator = Authenticator::new(is_p256);
            let registered = authenticator.register(is_packed).verify(&asked()).unwrap();
            assert_eq!(registered.credential, b"cred");
            assert_eq!(registered.passkey.aaguid, "09".repeat(16));
            assert_eq!(registered.passkey.attestation.starts_with("packed"), is_packed);
            let kept = serde_json::to_value(&registered.passkey).unwrap();
            let passkey: Passkey = serde_json::from_value(kept).unwrap();
            authenticator.counter = 2;
            assert_eq!(authenticator.assert().verify(&asked(), &passkey, 1), Ok(2));
            let again = authenticator.assert().verify(&asked(), &passkey, 2);
            assert_eq!(again, Err(WebAuthnError::Counter));
        }
    }
}

#[test]
fn what_is_for_somebody_else_is_refused() {
    use WebAuthnError as E;
    type Turn = fn(&mut Authenticator);
    let turns: [(Turn, E); 8] = [
        (|a| a.origin = "https://evil.example".to_owned(), E::Origin),
        (|a| a.origin = "http://console.example.com".to_owned(), E::Origin),
        (|a| a.party = "evil.example".to_owned(), E::Origin),
        (|a| a.challenge = vec![6; 56], E::Challenge),
        (|a| a.flags = 0b100, E::NotPresent),
        (|a| a.flags = 0b001, E::NotVerified),
        (|a| a.extra = ",\"crossOrigin\":true", E::CrossOrigin),
        (|a| a.flags = 0b1_0101, E::Form),
    ];
    let passkey = {
        let authenticator = Authenticator::new(false);
        authenticator.register(false).verify(&asked()).unwrap().passkey
    };
    for (number, (turn, error)) in turns.into_iter().enumerate() {
        let mut authenticator = Authenticator::new(false);
        turn(&mut authenticator);
        assert_eq!(authenticator.register(false).verify(&asked()), Err(error), "{number}");
        assert_eq!(authenticator.assert().verify(&asked(), &passkey, 0), Err(error), "{number}");
    }
    // Another's key; and a registration is no assertion.
    let other = Authenticator::new(true).assert();
    assert_eq!(other.verify(&asked(), &passkey, 0), Err(E::Signature));
    let mut crossed = Authenticator::new(false).assert();
    crossed.client_data = Authenticator::new(false).register(false).client_data;
    assert_eq!(crossed.verify(&asked(), &passkey, 0), Err(E::Form));
}

#[test]
fn an_attestation_that_another_key_signed_is_refused() {
    let (one, mut other) = (Authenticator::new(true), Authenticator::new(true));
    let mut registration = one.register(true);
    other.counter = 7;
    registration.client_data = other.register(true).client_data;
    // The same client data, so the signature still holds.
    assert!(registration.verify(&asked()).is_ok());
    other.challenge = vec![6; 56];
    registration.client_data = other.register(true).client_data;
    let other = Asked { challenge: &[6; 56], ..asked() };
    assert_eq!(registration.verify(&other), Err(WebAuthnError::Signature));
}

#[test]
fn a_passkey_that_begins_to_be_copied_is_refused() {
    let mut authenticator = Authenticator::new(false);
    let passkey = authenticator.register(false).verify(&asked()).unwrap().passkey;
    authenticator.flags = 0b1101;
    let refused = authenticator.assert().verify(&asked(), &passkey, 0);
    assert_eq!(refused, Err(WebAuthnError::Form));
}

#[test]
fn an_authenticator_that_counts_nothing_is_taken() {
    let mut authenticator = Authenticator::new(false);
    authenticator.counter = 0;
    let registered = authenticator.register(false).verify(&asked()).unwrap();
    assert_eq!(authenticator.assert().verify(&asked(), &registered.passkey, 0), Ok(0));
    let refused = authenticator.assert().verify(&asked(), &registered.passkey, 3);
    assert_eq!(refused, Err(WebAuthnError::Counter));
}

#[test]
fn depth_and_doubles_are_bounded() {
    assert!(cbor::parse(&[0x81; 64]).is_none());
    assert!(cbor::parse(&[0x9f, 0xff]).is_none());
    assert!(cbor::parse(&[0xa2, 1, 2, 1, 3]).is_none());
    assert!(cbor::parse(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_none());
    assert!(cbor::parse(&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_none());
}

proptest! {
    #[test]
    fn no_bytes_break_it(object in prop::collection::vec(any::<u8>(), 0..200)) {
        cbor::attestation_object(&object);
        AuthenticatorData::parse(&object);
        let _ = CoseKey::parse(&object);
        let _ = CoseKey::of_certificate(&object, -7);
        let registration = Registration {
            client_data: URL_SAFE_NO_PAD.encode(&object),
            attestation: URL_SAFE_NO_PAD.encode(&object),
        };
        prop_assert!(registration.verify(&asked()).is_err());
    }

    #[test]
    fn no_byte_of_an_assertion_can_be_turned(at in 0_usize..37, bit in 0_u8..8) {
        let authenticator = Authenticator::new(false);
        let passkey = authenticator.register(false).verify(&asked()).unwrap().passkey;
        let mut assertion = authenticator.assert();
        let mut data = authenticator.data(false);
        data[at] ^= 1 << bit;
        assertion.authenticator_data = URL_SAFE_NO_PAD.encode(data);
        prop_assert!(assertion.verify(&asked(), &passkey, 0).is_err());
    }
}
