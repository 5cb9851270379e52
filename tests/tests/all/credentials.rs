//! What agents show besides keys: signatures over requests, client certificates, bound tokens.

use ::identity::signature::{Hmac, SigningKey, ToSign, sign};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Timestamp;
use portcullis_tests::issuer::Issuer;
pub(crate) use portcullis_tests::issuer::now;
use portcullis_tests::{Client, Gate, chat, gate, tls, upstream};
use serde_json::{Value, json};

use crate::CHAT;

/// An Ed25519 key as PKCS#8 and its public half as PEM.
pub(crate) fn ed25519() -> (SigningKey, String) {
    let random = ring::rand::SystemRandom::new();
    let pkcs8 = ring::signature::Ed25519KeyPair::generate_pkcs8(&random).expect("a key");
    let key = SigningKey::from_pkcs8(pkcs8.as_ref()).expect("a key");
    let pair = ring::signature::Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
    let prefix = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    let public = ring::signature::KeyPair::public_key(&pair).as_ref();
    let info = base64::engine::general_purpose::STANDARD.encode([&prefix[..], public].concat());
    (key, format!("-----BEGIN PUBLIC KEY-----\n{info}\n-----END PUBLIC KEY-----\n"))
}

const SECTIONS: &str = r#"
[[signing_key]]
id = "bot-key"
agent = "bot"
public_key = "bot.pem"

[[signing_key]]
id = "shared"
agent = "other"
secret = { env = "SHARED" }
"#;

/// A gate that knows a public key and a shared secret.
fn signing_gate(upstream: &portcullis_tests::Upstream) -> (Gate, SigningKey) {
    let (key, pem) = ed25519();
    let mut gate = gate()
        .openai(upstream)
        .agent("bot")
        .agent("other")
        .sections(SECTIONS)
        .variable("SHARED", "a-secret-that-two-know")
        .prepare();
    std::fs::write(gate.folder().join("bot.pem"), pem).expect("a writable folder");
    gate.start();
    (gate, key)
}

pub(crate) struct Signed<'s> {
    pub(crate) gate: &'s Gate,
    pub(crate) key: &'s SigningKey,
    pub(crate) id: &'s str,
    pub(crate) at: i64,
}

impl Signed<'_> {
    pub(crate) fn client(&self, body: &str, nonce: &str) -> Client {
        self.to(CHAT, body, nonce)
    }

    /// As [`Signed::client`], for another path.
    pub(crate) fn to(&self, path: &str, body: &str, nonce: &str) -> Client {
        let authority = self.gate.address().to_string();
        let request = ToSign {
            method: "POST",
            scheme: "http",
            authority: &authority,
            path,
            query: None,
            body: (!body.is_empty()).then_some(body.as_bytes()),
        };
        let now = Timestamp::from_micros(self.at * 1_000_000);
        let headers = sign(request, self.key, self.id, nonce, now).expect("a signature");
        headers
            .iter()
            .fold(self.gate.stranger(), |client, (name, value)| client.header(name, value))
    }
}

#[tokio::test]
async fn a_signature_names_its_agent_and_stays_here() {
    let upstream = upstream().run();
    let (gate, key) = signing_gate(&upstream);
    let body = chat("x").to_string();
    let signed = Signed { gate: &gate, key: &key, id: "bot-key", at: now() };
    let called = signed.client(&body, "1").post(CHAT, body.clone()).await.expect(200);
    let record = gate.record(called.record());
    assert_eq!(
        (&record["agent"], &record["client"]["credential"]),
        (&json!("bot"), &json!("signature:bot-key"))
    );
    for header in ["signature", "signature-input", "content-digest"] {
        assert_eq!(upstream.last().header(header), None, "{header} went upstream");
    }
    let shared = SigningKey::Hmac(Hmac::new(b"a-secret-that-two-know"));
    let other = Signed { key: &shared, id: "shared", ..signed };
    let called = other.client(&body, "1").post(CHAT, body.clone()).await.expect(200);
    assert_eq!(gate.record(called.record())["agent"], "other");

    // Beside a key it must name the same agent.
    let with_key = |name: &str, nonce: &str| signed.client(&body, nonce).bearer(&gate.key(name));
    with_key("bot", "2").post(CHAT, body.clone()).await.expect(200);
    with_key("other", "3").post(CHAT, body.clone()).await.expect(401);
}

#[tokio::test]
async fn a_signature_is_taken_once_also_after_a_restart() {
    let upstream = upstream().run();
    let (mut gate, key) = signing_gate(&upstream);
    let body = chat("x").to_string();
    let address = gate.address();
    let client = Signed { gate: &gate, key: &key, id: "bot-key", at: now() }.client(&body, "once");
    client.post(CHAT, body.clone()).await.expect(200);
    let again = client.post(CHAT, body.clone()).await.expect(401);
    assert!(gate.record(again.record())["decision"]["reason"].as_str().unwrap().contains("before"));
    gate.kill();
    // On the same port, so that the signature would hold.
    let listen = format!("listen = \"{address}\"");
    gate.rewrite(|toml| toml.replacen("listen = \"127.0.0.1:0\"", &listen, 1));
    gate.start();
    let again = client.post(CHAT, body.clone()).await.expect(401);
    assert!(gate.record(again.record())["decision"]["reason"].as_str().unwrap().contains("before"));
    assert_eq!(upstream.calls().len(), 1);
}

#[tokio::test]
async fn what_was_signed_is_what_is_done() {
    let upstream = upstream().run();
    let (gate, key) = signing_gate(&upstream);
    let body = chat("x").to_string();
    let signed = |at| Signed { gate: &gate, key: &key, id: "bot-key", at };
    let (stranger, _) = ed25519();
    let unknown = Signed { id: "nobody", ..signed(now()) };
    let forged = Signed { key: &stranger, ..signed(now()) };
    let good = |nonce: &str| signed(now()).client(&body, nonce);
    let without_digest = signed(now()).client("", "e");
    let cases: Vec<(&str, Client, String)> = vec![
        ("another body", good("a"), chat("y").to_string()),
        ("a body that nothing covers", without_digest, body.clone()),
        (
            "another digest",
            good("b").without("content-digest").header("content-digest", "sha-256=:AA==:"),
            body.clone(),
        ),
        ("a digest taken away", good("c").without("content-digest"), body.clone()),
        ("too old", signed(now() - 60).client(&body, "d"), body.clone()),
        ("from the future", signed(now() + 60).client(&body, "f"), body.clone()),
        ("a key that is not known", unknown.client(&body, "g"), body.clone()),
        ("another key", forged.client(&body, "h"), body.clone()),
        ("half a signature", good("i").without("signature"), body.clone()),
        ("the other half", good("j").without("signature-input"), body.clone()),
        ("two signatures", good("k").header("signature", "sig=:AAAA:"), body.clone()),
        (
            "garbage",
            good("l").without("signature-input").header("signature-input", "sig=("),
            body.clone(),
        ),
    ];
    for (what, client, body) in cases {
        let refused = client.post(CHAT, body).await;
        assert_eq!(refused.status, 401, "{what}: {}", refused.text());
        let record = gate.record(refused.record());
        assert_eq!(record["decision"]["effect"], "deny", "{what}");
    }
    // Elsewhere, or by another method, the same signature is worth nothing.
    good("m").post("/llm/openai/v1/embeddings", body.clone()).await.expect(401);
    good("n").post(&format!("{CHAT}?x=y"), body.clone()).await.expect(401);
    good("o").header("host", "elsewhere.example.com").post(CHAT, body.clone()).await.expect(401);
    assert!(upstream.calls().is_empty());
}

#[tokio::test]
async fn the_program_signs_for_those_who_cannot() {
    let upstream = upstream().run();
    let (gate, _) = signing_gate(&upstream);
    let folder = gate.folder();
    std::fs::write(folder.join("secret"), "a-secret-that-two-know\n").expect("a file");
    let body = chat("x").to_string();
    std::fs::write(folder.join("body.json"), &body).expect("a file");
    let url = format!("http://{}{CHAT}", gate.address());
    let words = ["sign", "--secret", "secret", "--key-id", "shared", "--data", "body.json", &url];
    let printed = gate.succeeds(&words);
    let client = printed.lines().fold(gate.stranger(), |client, line| {
        let (name, value) = line.split_once(": ").expect("a header");
        client.header(name, value)
    });
    let called = client.post(CHAT, body).await.expect(200);
    assert_eq!(gate.record(called.record())["agent"], "other");
}

/// A certificate with a SPIFFE id, and a common name.
fn tls_gate(upstream: &portcullis_tests::Upstream, authority: &tls::Authority) -> Gate {
    let mut gate = gate()
        .openai(upstream)
        .agent("bot")
        .agent("other")
        .sections("\n[[certificate]]\nagent = \"bot\"\nsubject = \"spiffe://example.com/bot\"\n\n[gate.tls]\ncertificate = \"gate.pem\"\nkey = \"gate.key\"\nclient_ca = \"ca.pem\"\nclient_optional = true\n\n[identity]\nrevoked_certificates = [\"0B:AD\"]\n")
        .prepare();
    let folder = gate.folder().to_owned();
    authority.issue().write(&folder.join("gate.pem"), &folder.join("gate.key"));
    authority.write(&gate.folder().join("ca.pem"));
    gate.start();
    gate
}

#[tokio::test]
async fn a_certificate_names_its_agent() {
    let (upstream, authority) = (upstream().run(), tls::Authority::default());
    let gate = tls_gate(&upstream, &authority);
    let of = |spiffe: &[&str], serial: &[u8]| {
        let identity = authority.issue_to(spiffe, serial);
        gate.stranger().tls(&authority.client_as(identity))
    };
    let bot = of(&["spiffe://example.com/bot"], &[1]);
    let called = bot.post(CHAT, chat("x")).await.expect(200);
    let record = gate.record(called.record());
    assert_eq!(record["agent"], "bot");
    assert_eq!(record["client"]["credential"], "certificate:spiffe://example.com/bot");
    bot.clone().bearer(&gate.key("bot")).post(CHAT, chat("x")).await.expect(200);
    bot.clone().bearer(&gate.key("other")).post(CHAT, chat("x")).await.expect(401);
    // One that names nobody opens nothing, and a key beside it counts by itself.
    for nobody in [
        of(&["spiffe://example.com/bot2"], &[2]),
        of(&["spiffe://example.com/bot", "spiffe://example.com/other"], &[3]),
        of(&[], &[4]),
        gate.stranger().tls(&authority.client()),
    ] {
        nobody.post(CHAT, chat("x")).await.expect(401);
        nobody.clone().bearer(&gate.key("other")).post(CHAT, chat("x")).await.expect(200);
    }
    let revoked = of(&["spiffe://example.com/bot"], &[0x0b, 0xad]);
    let refused = revoked.post(CHAT, chat("x")).await.expect(401);
    assert!(
        gate.record(refused.record())["decision"]["reason"].as_str().unwrap().contains("revoked")
    );
    revoked.bearer(&gate.key("bot")).post(CHAT, chat("x")).await.expect(401);
}

/// An issuer's token for an agent that is bound to a key, and proofs of that key.
struct Bound {
    pair: ring::signature::Ed25519KeyPair,
    token: String,
}

impl Bound {
    fn new(issuer: &Issuer) -> Self {
        let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&[9; 32]).expect("a seed");
        let key =
            ::identity::PublicKey::ed25519(ring::signature::KeyPair::public_key(&pair).as_ref());
        let mut claims = issuer.claims("ann@example.com");
        claims["client_id"] = json!("bot");
        claims["cnf"] = json!({"jkt": key.thumbprint()});
        Self { pair, token: issuer.sign(&claims) }
    }

    fn claims(&self, gate: &Gate, id: &str) -> Value {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.token.as_bytes());
        json!({
            "jti": id, "htm": "POST", "htu": format!("http://{}{CHAT}", gate.address()),
            "iat": now(), "ath": URL_SAFE_NO_PAD.encode(digest),
        })
    }

    fn proof(&self, claims: &Value) -> String {
        let x = URL_SAFE_NO_PAD.encode(ring::signature::KeyPair::public_key(&self.pair));
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
        let header = json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes())))
    }
}

#[tokio::test]
async fn an_issuers_token_opens_the_gate_and_a_bound_one_only_with_its_key() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let sections = issuer.section() + "agent_claim = \"client_id\"\n";
    let gate = gate().openai(&upstream).agent("bot").sections(&sections).run();
    gate.succeeds(&["person", "add", "ann@example.com", "--scope", "mail.read"]);
    let mut claims = issuer.claims("ann@example.com");
    claims["client_id"] = json!("bot");
    let called = gate.stranger().bearer(&issuer.sign(&claims)).post(CHAT, chat("x")).await;
    let record = gate.record(called.expect(200).record());
    assert_eq!((&record["agent"], &record["chain"]), (&json!("bot"), &json!(["bot"])));
    assert_eq!(record["on_behalf_of"], "ann@example.com");
    claims["client_id"] = json!("Bot");
    gate.stranger().bearer(&issuer.sign(&claims)).post(CHAT, chat("x")).await.expect(401);

    let bound = Bound::new(&issuer);
    let show = |proof: &str| {
        let client = gate.stranger().header("authorization", &format!("DPoP {}", bound.token));
        client.header("dpop", proof)
    };
    gate.stranger().bearer(&bound.token).post(CHAT, chat("x")).await.expect(401);
    let good = bound.proof(&bound.claims(&gate, "1"));
    show(&good).post(CHAT, chat("x")).await.expect(200);
    show(&good).post(CHAT, chat("x")).await.expect(401);
    for (name, value) in [
        ("htm", json!("GET")),
        ("htu", json!("http://elsewhere.example.com/")),
        ("iat", json!(now() - 60)),
        ("iat", json!(now() + 60)),
        ("ath", json!("AAAA")),
    ] {
        let mut claims = bound.claims(&gate, "2");
        claims[name] = value;
        show(&bound.proof(&claims)).post(CHAT, chat("x")).await.expect(401);
    }
    let other = Bound {
        pair: ring::signature::Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap(),
        token: bound.token.clone(),
    };
    show(&other.proof(&bound.claims(&gate, "3"))).post(CHAT, chat("x")).await.expect(401);
}

#[tokio::test]
async fn loops_are_cut() {
    let upstream = upstream().run();
    let gate = gate()
        .openai(&upstream)
        .agent("bot")
        .sections("\n[loops]\nrepeats = 3\nsession_calls = 6\n")
        .run();
    let bot = gate.client("bot");
    for _ in 0..3 {
        bot.post(CHAT, chat("the same")).await.expect(200);
    }
    let cut = bot.post(CHAT, chat("the same")).await.expect(429);
    assert!(cut.message().contains("3 times in a row"), "{}", cut.message());
    assert_eq!(gate.record(cut.record())["decision"]["effect"], "deny");
    bot.post(CHAT, chat("another")).await.expect(200);
    bot.post(CHAT, chat("the same")).await.expect(200);
    bot.post(CHAT, chat("a third")).await.expect(200);
    let cut = bot.post(CHAT, chat("a fourth")).await.expect(429);
    assert!(cut.message().contains("session"), "{}", cut.message());
    bot.header("portcullis-session", "next").post(CHAT, chat("the same")).await.expect(200);
}
