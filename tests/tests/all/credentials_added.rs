//! Credentials that are added, listed and taken away while the gate runs.

use ::identity::signature::SigningKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_tests::issuer::Issuer;
use portcullis_tests::{Client, Gate, chat, gate, tls, upstream};
use serde_json::{Value, json};

use crate::CHAT;
use crate::credentials::{Signed, ed25519, now};

fn form() -> String {
    "grant_type=client_credentials".to_owned()
}

fn listed(gate: &Gate, words: &[&str]) -> Value {
    serde_json::from_str(&gate.succeeds(&[words, &["--json"]].concat())).expect("JSON")
}

#[tokio::test]
async fn a_signing_key_holds_from_the_next_call_until_it_is_revoked() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent("bot").agent("other").run();
    let (key, pem) = ed25519();
    std::fs::write(gate.folder().join("new.pem"), pem).expect("a writable folder");
    let body = chat("x").to_string();
    let signed = |gate: &Gate, nonce: &str| {
        Signed { gate, key: &key, id: "added", at: now() }.client(&body, nonce)
    };
    signed(&gate, "1").post(CHAT, body.clone()).await.expect(401);
    let add = ["agent", "key", "add", "bot", "--public-key", "new.pem", "--id", "added"];
    gate.succeeds(&add);
    let called = signed(&gate, "2").post(CHAT, body.clone()).await.expect(200);
    assert_eq!(gate.record(called.record())["agent"], "bot");
    // Nobody else's any more, and not twice.
    assert!(!gate.portcullis(&add).status.success());
    let other = ["agent", "key", "add", "other", "--public-key", "new.pem", "--id", "added"];
    assert!(!gate.portcullis(&other).status.success());
    let keys = listed(&gate, &["agent", "key", "list", "bot"]);
    assert_eq!(keys["signing_keys"][0]["id"], "added");
    assert_eq!(keys["signing_keys"][0]["algorithm"], "ed25519");

    gate.kill();
    gate.start();
    signed(&gate, "3").post(CHAT, body.clone()).await.expect(200);
    let token = {
        let client = Signed { gate: &gate, key: &key, id: "added", at: now() };
        let client = client.to("/oauth/token", &form(), "4");
        client.header("content-type", "application/x-www-form-urlencoded")
    };
    let token = token.post("/oauth/token", form()).await.expect(200).token();
    let by_token = gate.stranger().bearer(&token);
    by_token.post(CHAT, chat("x")).await.expect(200);

    gate.succeeds(&["agent", "key", "revoke", "bot", "added"]);
    signed(&gate, "5").post(CHAT, body.clone()).await.expect(401);
    by_token.post(CHAT, chat("x")).await.expect(401);
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    let is_act = |record: &Value, act: &str| {
        record["detail"]["act"] == act && record["detail"]["signing_key"] == "added"
    };
    let records =
        gate.records_with("the revocation", |record| is_act(record, "agent.remove_signing_key"));
    assert!(records.iter().any(|record| is_act(record, "agent.add_signing_key")));
}

#[tokio::test]
async fn what_the_configuration_names_is_changed_there() {
    let upstream = upstream().run();
    let (key, pem) = ed25519();
    let section =
        "\n[[signing_key]]\nid = \"fixed\"\nagent = \"bot\"\npublic_key = \"fixed.pem\"\n";
    let mut gate = gate().openai(&upstream).agent("bot").agent("other").sections(section).prepare();
    std::fs::write(gate.folder().join("fixed.pem"), pem).expect("a writable folder");
    gate.start();
    let refused = [
        &["agent", "key", "revoke", "bot", "fixed"][..],
        &["agent", "key", "add", "other", "--public-key", "fixed.pem", "--id", "fixed"],
    ];
    for words in refused {
        let output = gate.portcullis(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("configuration"), "{said}");
    }
    let body = chat("x").to_string();
    let signed = Signed { gate: &gate, key: &key, id: "fixed", at: now() };
    signed.client(&body, "1").post(CHAT, body.clone()).await.expect(200);
    let keys = listed(&gate, &["agent", "key", "list", "bot"]);
    assert_eq!(
        keys["signing_keys"],
        json!([{"id": "fixed", "algorithm": "ed25519", "origin": "config"}])
    );
}

/// What an agent asserts of itself at the token endpoint.
fn asserted(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(signed.as_bytes()).expect("randomness");
    let assertion = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    format!("{}&client_assertion_type={kind}&client_assertion={assertion}", form())
}

#[tokio::test]
async fn an_agent_asserts_who_it_is_once_and_to_this_gate_alone() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").agent("other").run();
    let (key, pem) = ed25519();
    std::fs::write(gate.folder().join("new.pem"), pem).expect("a writable folder");
    gate.succeeds(&["agent", "key", "add", "bot", "--public-key", "new.pem", "--id", "added"]);
    let server = format!("http://{}", gate.address());
    let claims = |id: &str| json!({"iss": "bot", "sub": "bot", "aud": server, "jti": id, "iat": now(), "exp": now() + 300});
    let plain = json!({"alg": "EdDSA"});
    let ask = async |client: Client, body: &str| {
        let client = client.header("content-type", "application/x-www-form-urlencoded");
        client.post("/oauth/token", body.to_owned()).await
    };
    let first = asserted(&key, &plain, &claims("1"));
    let answer = ask(gate.stranger(), &first).await.expect(200);
    assert_eq!(gate.record(answer.record())["client"]["credential"], "assertion:bot");
    let by_token = gate.stranger().bearer(&answer.token());
    by_token.post(CHAT, chat("x")).await.expect(200);
    ask(gate.stranger(), &first).await.expect(401);
    let named = json!({"alg": "EdDSA", "kid": "added"});
    ask(gate.client("bot"), &asserted(&key, &named, &claims("2"))).await.expect(200);
    let elsewhere = json!({"alg": "EdDSA", "kid": "another"});
    let mut for_other = claims("6");
    for_other["aud"] = json!("http://elsewhere.example.com");
    let mut of_other = claims("7");
    (of_other["iss"], of_other["sub"]) = (json!("other"), json!("other"));
    let (stranger, _) = ed25519();
    for (what, client, body) in [
        ("beside another's key", gate.client("other"), asserted(&key, &plain, &claims("3"))),
        ("by another key", gate.stranger(), asserted(&stranger, &plain, &claims("4"))),
        ("by a key of another id", gate.stranger(), asserted(&key, &elsewhere, &claims("5"))),
        ("for another server", gate.stranger(), asserted(&key, &plain, &for_other)),
        ("in another's name", gate.stranger(), asserted(&key, &plain, &of_other)),
    ] {
        let refused = ask(client, &body).await;
        assert_eq!(refused.status, 401, "{what}: {}", refused.text());
        assert_eq!(gate.record(refused.record())["decision"]["effect"], "deny", "{what}");
    }
    gate.succeeds(&["agent", "key", "revoke", "bot", "added"]);
    ask(gate.stranger(), &asserted(&key, &plain, &claims("8"))).await.expect(401);
    by_token.post(CHAT, chat("x")).await.expect(401);
}

#[tokio::test]
async fn nobody_is_authorised_where_no_codes_are_given_out() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let path =
        "/oauth/authorize?response_type=code&client_id=bot&redirect_uri=http%3A%2F%2Felsewhere";
    let refused = gate.stranger().get(path).await.expect(400);
    assert_eq!(refused.json()["error"], "unsupported_response_type");
    assert_eq!(refused.header("location"), "");
    assert_eq!(gate.record(refused.record())["decision"]["effect"], "deny");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identity_provider_that_is_heard_again_leaves_a_record() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    issuer.silence(true);
    let gate = gate().openai(&upstream).agent("bot").sections(&issuer.section()).run();
    gate.succeeds(&["person", "add", "ann@example.com", "--scope", "mail.read"]);
    let token = issuer.token("ann@example.com");
    gate.client("bot").exchange(&token, &[]).await.expect(400);
    issuer.silence(false);
    let url = issuer.url();
    let records = gate.records_with("the end of the silence", |record| {
        record["kind"] == "system.recovered" && record["detail"]["issuer"] == url
    });
    assert!(records.iter().any(|record| record["detail"]["silent_since"].is_string()));
    gate.client("bot").exchange(&token, &[]).await.expect(200);
}

const ASKS: &str = "\n[gate.tls]\ncertificate = \"gate.pem\"\nkey = \"gate.key\"\nclient_ca = \"ca.pem\"\nclient_optional = true\n";

fn asking(upstream: &portcullis_tests::Upstream, authority: &tls::Authority, more: &str) -> Gate {
    let gate = gate().openai(upstream).agent("bot").sections(ASKS).sections(more).prepare();
    let folder = gate.folder().to_owned();
    authority.issue().write(&folder.join("gate.pem"), &folder.join("gate.key"));
    authority.write(&folder.join("ca.pem"));
    gate
}

#[tokio::test]
async fn a_certificate_stands_for_an_agent_until_its_name_or_its_serial_is_taken_away() {
    let (upstream, authority) = (upstream().run(), tls::Authority::default());
    let mut gate = asking(&upstream, &authority, "");
    gate.start();
    let of = |gate: &Gate, serial: &[u8]| -> Client {
        let identity = authority.issue_to(&["spiffe://example.com/bot"], serial);
        gate.stranger().tls(&authority.client_as(identity))
    };
    let (bot, second) = (of(&gate, &[0x77]), of(&gate, &[0x78]));
    bot.post(CHAT, chat("x")).await.expect(401);
    let name = "spiffe://example.com/bot";
    gate.succeeds(&["agent", "cert", "add", "bot", name]);
    let called = bot.post(CHAT, chat("x")).await.expect(200);
    assert_eq!(gate.record(called.record())["client"]["credential"], format!("certificate:{name}"));
    let own = [("grant_type", "client_credentials")];
    let token = bot.ask(&own).await.expect(200).token();
    let of_second = second.ask(&own).await.expect(200).token();
    let by = |token: &str| gate.stranger().tls(&authority.client()).bearer(token);
    for token in [&token, &of_second] {
        by(token).post(CHAT, chat("x")).await.expect(200);
    }
    gate.succeeds(&["agent", "cert", "revoke", "00:77", "--reason", "stolen"]);
    bot.post(CHAT, chat("x")).await.expect(401);
    by(&token).post(CHAT, chat("x")).await.expect(401);
    second.post(CHAT, chat("x")).await.expect(200);
    by(&of_second).post(CHAT, chat("x")).await.expect(200);
    let revoked = listed(&gate, &["agent", "cert", "revoked"]);
    assert_eq!((&revoked[0]["serial"], &revoked[0]["reason"]), (&json!("77"), &json!("stolen")));
    gate.succeeds(&["agent", "cert", "reinstate", "77"]);
    bot.post(CHAT, chat("x")).await.expect(200);
    assert_eq!(listed(&gate, &["agent", "cert", "list", "bot"])[0]["subject"], name);
    by(&token).post(CHAT, chat("x")).await.expect(200);
    gate.succeeds(&["agent", "cert", "remove", "bot", name]);
    bot.post(CHAT, chat("x")).await.expect(401);
    by(&token).post(CHAT, chat("x")).await.expect(401);

    // A key that was shown beside a certificate ends a token as well.
    let added = gate.succeeds(&["agent", "add", "worker", "--json"]);
    let added: Value = serde_json::from_str(&added).expect("JSON");
    gate.succeeds(&["agent", "cert", "add", "worker", name]);
    let both = bot.clone().bearer(added["key"].as_str().expect("a key"));
    let both = both.ask(&own).await.expect(200).token();
    gate.succeeds(&["agent", "rotate", "worker", "--now"]);
    let refused = by(&both).post(CHAT, chat("x")).await.expect(401);
    assert_eq!(gate.record(refused.record())["agent"], "worker");
    bot.ask(&own).await.expect(200);
}

#[tokio::test]
async fn a_tenant_claims_no_name_that_is_not_left_to_it() {
    let (main, authority) = (upstream().run(), tls::Authority::default());
    let tenants = "\n[[tenant]]\nname = \"acme\"\nfile = \"acme.toml\"\ncertificates = [\"spiffe://acme.example/*\"]\n\
        [[tenant]]\nname = \"other\"\nfile = \"other.toml\"\n";
    let mut gate = asking(&main, &authority, tenants);
    for tenant in ["acme", "other"] {
        let file = gate.folder().join(format!("{tenant}.toml"));
        std::fs::write(file, "[[role]]\nname = \"everyone\"\n").expect("a file");
    }
    gate.start();
    let (_, pem) = ed25519();
    std::fs::write(gate.folder().join("new.pem"), pem).expect("a writable folder");
    for tenant in ["acme", "other"] {
        gate.succeeds(&["--tenant", tenant, "agent", "add", "bot"]);
    }
    let give = |tenant: &str, name: &str| {
        gate.portcullis(&["--tenant", tenant, "agent", "cert", "add", "bot", name]).status.success()
    };
    assert!(give("acme", "spiffe://acme.example/bot"));
    assert!(!give("acme", "spiffe://example.com/bot") && !give("acme", "CN=bot"));
    assert!(!give("other", "spiffe://acme.example/bot") && !give("other", "CN=bot"));
    // The workload of the platform's own agent is not drawn into a tenant, nor turned away.
    gate.succeeds(&["agent", "cert", "add", "bot", "spiffe://example.com/bot"]);
    let identity = authority.issue_to(&["spiffe://example.com/bot"], &[1]);
    let bot = gate.stranger().tls(&authority.client_as(identity));
    bot.post(CHAT, chat("x")).await.expect(200);
    // Ids of signing keys are one space too: whoever came first keeps one.
    let add = |tenant: &str| {
        let words = ["agent", "key", "add", "bot", "--public-key", "new.pem", "--id", "shared"];
        gate.portcullis(&[&["--tenant", tenant][..], &words].concat()).status.success()
    };
    assert!(add("acme") && !add("other") && !add("main"));
}
