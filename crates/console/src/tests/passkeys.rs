//! Passkeys through the pages: an authenticator made of a key.

use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Digest, TenantId, UserName};
use people::Role;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use store::UserChange;

use super::browser::{Browser, PASSWORD};
use super::fake::{Answer, Fake};

struct Authenticator {
    pair: Ed25519KeyPair,
    id: &'static str,
    origin: &'static str,
    counter: u32,
}

impl Authenticator {
    fn new(seed: u8, id: &'static str) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        Self { pair, id, origin: "http://localhost:4180", counter: 0 }
    }

    fn client_data(&self, kind: &str, question: &Value) -> Vec<u8> {
        let challenge = &question["challenge"];
        json!({"type": kind, "challenge": challenge, "origin": self.origin})
            .to_string()
            .into_bytes()
    }

    fn data(&self, flags: u8, question: &Value) -> Vec<u8> {
        let party = Digest::of(question["party"].as_str().unwrap().as_bytes());
        [&party.0[..], &[flags], &self.counter.to_be_bytes()].concat()
    }

    fn register(&self, question: &Value) -> Value {
        let mut data = self.data(0b100_0101, question);
        data.extend([0; 16]);
        data.extend([0, self.id.len() as u8]);
        data.extend(self.id.as_bytes());
        data.extend([0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32]);
        data.extend(self.pair.public_key().as_ref());
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(data.len() as u8);
        object.extend(data);
        json!({
            "client_data": URL_SAFE_NO_PAD.encode(self.client_data("webauthn.create", question)),
            "attestation": URL_SAFE_NO_PAD.encode(object),
        })
    }

    fn assert(&self, question: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", question);
        let data = self.data(0b101, question);
        let signed = [&data[..], &Digest::of(&client_data).0].concat();
        json!({
            "credential": URL_SAFE_NO_PAD.encode(self.id),
            "client_data": URL_SAFE_NO_PAD.encode(client_data),
            "authenticator_data": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(self.pair.sign(&signed)),
        })
    }
}

impl Browser<'_> {
    async fn ask(&self, site: &str, path: &str, body: Value) -> Answer {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header("sec-fetch-site", site);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn question(&self, path: &str) -> Value {
        let answer = self.ask("same-origin", &format!("{path}/question"), json!({})).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    async fn show(&self, path: &str, assertion: &Value) -> Answer {
        self.ask("same-origin", path, json!({"next": "/agents", "assertion": assertion})).await
    }
}

/// Somebody whose only factor is a passkey.
async fn enrolled<'f>(fake: &'f Fake, name: &str, key: &Authenticator) -> Browser<'f> {
    let code = fake.invite(name, &[Role::Auditor]).await;
    let browser = Browser::new(fake);
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    browser.post(&format!("/welcome/{code}"), &fields).await;
    let question = browser.question("/enrol/passkey").await;
    assert_eq!(question["party"], "localhost");
    let body = json!({"label": "Key", "registration": key.register(&question)});
    let done = browser.ask("same-origin", "/enrol/passkey", body).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["codes"].as_array().unwrap().len(), 10);
    browser
}

#[tokio::test]
async fn a_passkey_lets_in_without_a_password() {
    let fake = Fake::new();
    let key = Authenticator::new(1, "key-of-ann");
    let first = enrolled(&fake, "ann", &key).await;
    assert_eq!(first.get("/api/v1/agents").await.status, 200);
    let browser = Browser::new(&fake);
    let question = browser.question("/login/passkey").await;
    // Whoever asks does not learn which keys there are.
    assert_eq!(question["credentials"], json!([]));
    let shown = key.assert(&question);
    let done = browser.show("/login/passkey", &shown).await;
    assert_eq!((done.status.as_u16(), &done.json()["next"]), (200, &json!("/agents")));
    assert_eq!(browser.get("/api/v1/agents").await.status, 200);
    let record = fake.seen.last_record();
    assert_eq!(record.detail["factor"], "passkey");
    // The same answer does not let a second one in.
    assert_eq!(Browser::new(&fake).show("/login/passkey", &shown).await.status, 403);
}

#[tokio::test]
async fn an_answer_is_good_for_its_question_alone() {
    let fake = Fake::new();
    let (mut ann, bob) = (Authenticator::new(1, "key-of-ann"), Authenticator::new(2, "key-of-bob"));
    let browser = enrolled(&fake, "ann", &ann).await;
    enrolled(&fake, "bob", &bob).await;
    let other = Browser::new(&fake);
    // To prove within a session is not to log in, nor the other way around.
    let prove = browser.question("/verify/passkey").await;
    assert_eq!(other.show("/login/passkey", &ann.assert(&prove)).await.status, 403);
    let log_in = other.question("/login/passkey").await;
    assert_eq!(browser.show("/verify/passkey", &ann.assert(&log_in)).await.status, 403);
    // Somebody else's key does not prove that it is still me.
    assert_eq!(browser.show("/verify/passkey", &bob.assert(&prove)).await.status, 403);
    let before = browser.cookie();
    assert_eq!(browser.show("/verify/passkey", &ann.assert(&prove)).await.status, 200);
    assert_ne!(browser.cookie(), before);
    // A question that nobody asked, an old one, one of another site.
    let made_up = json!({"challenge": URL_SAFE_NO_PAD.encode([7; 56]), "party": "localhost"});
    assert_eq!(other.show("/login/passkey", &ann.assert(&made_up)).await.status, 403);
    let elsewhere =
        Authenticator { origin: "http://evil.example", ..Authenticator::new(1, "key-of-ann") };
    assert_eq!(other.show("/login/passkey", &elsewhere.assert(&log_in)).await.status, 403);
    fake.pass(5 * 60);
    assert_eq!(other.show("/login/passkey", &ann.assert(&log_in)).await.status, 403);
    // A counter that goes back.
    ann.counter = 5;
    let question = other.question("/login/passkey").await;
    assert_eq!(other.show("/login/passkey", &ann.assert(&question)).await.status, 200);
    ann.counter = 4;
    let question = other.question("/login/passkey").await;
    assert_eq!(other.show("/login/passkey", &ann.assert(&question)).await.status, 403);
}

#[tokio::test]
async fn who_is_out_is_out_with_a_passkey_too() {
    let fake = Fake::new();
    let key = Authenticator::new(1, "key-of-ann");
    enrolled(&fake, "ann", &key).await;
    let (main, ann) = (TenantId::main(), UserName::new("ann").unwrap());
    let change = UserChange { active: Some(false), ..UserChange::default() };
    fake.store.update_user(&main, &ann, change, None, fake.now()).await.unwrap();
    let browser = Browser::new(&fake);
    let question = browser.question("/login/passkey").await;
    assert_eq!(browser.show("/login/passkey", &key.assert(&question)).await.status, 403);
    let unknown = Authenticator::new(3, "nobodys-key");
    assert_eq!(browser.show("/login/passkey", &unknown.assert(&question)).await.status, 403);
}

#[tokio::test]
async fn a_passkey_is_added_with_a_fresh_factor_and_by_its_owner_once() {
    let fake = Fake::new();
    let key = Authenticator::new(1, "key-of-ann");
    let browser = enrolled(&fake, "ann", &key).await;
    let second = Authenticator::new(4, "second-key");
    let question = browser.question("/account/passkeys").await;
    assert_eq!(question["credentials"].as_array().unwrap().len(), 1);
    let body = json!({"label": "Second", "registration": second.register(&question)});
    assert_eq!(browser.ask("cross-site", "/account/passkeys", body.clone()).await.status, 403);
    assert_eq!(browser.ask("same-origin", "/account/passkeys", body.clone()).await.status, 200);
    assert_eq!(browser.ask("same-origin", "/account/passkeys", body).await.status, 422);
    // Known already, whosever it is.
    let bob = enrolled(&fake, "bob", &Authenticator::new(5, "key-of-bob")).await;
    let question = bob.question("/account/passkeys").await;
    let body = json!({"label": "Taken", "registration": second.register(&question)});
    assert_eq!(bob.ask("same-origin", "/account/passkeys", body).await.status, 409);
    fake.pass(5 * 60);
    let stale = browser.ask("same-origin", "/account/passkeys/question", json!({})).await;
    assert_eq!(stale.status, 403);
}
