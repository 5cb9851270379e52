//! Credentials that are added, listed and taken away while the gate runs.

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
    let records = gate.records_with("the revocation", |record| {
        is_act(record, "agent.remove_signing_key")
    });
    assert!(records.iter().any(|record| is_act(record, "agent.add_signing_key")));
}

#[tokio::test]
async fn what_the_configuration_names_is_changed_there() {
    let upstream = upstream().run();
    let (key, pem) = ed25519();
    let section = "\n[[signing_key]]\nid = \"fixed\"\nagent = \"bot\"\npublic_key = \"fixed.pem\"\n";
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
    assert_eq!(keys["signing_keys"], json!([{"id": "fixed", "algorithm": "ed25519", "origin": "config"}]));
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
    gate.succeeds(&["agent", "cert", "revoke", "00:77", "--reason", "stolen"]);
    bot.post(CHAT, chat("x")).await.expect(401);
    second.post(CHAT, chat("x")).await.expect(200);
    let revoked = listed(&gate, &["agent", "cert", "revoked"]);
    assert_eq!((&revoked[0]["serial"], &revoked[0]["reason"]), (&json!("77"), &json!("stolen")));
    gate.succeeds(&["agent", "cert", "reinstate", "77"]);
    bot.post(CHAT, chat("x")).await.expect(200);
    assert_eq!(listed(&gate, &["agent", "cert", "list", "bot"])[0]["subject"], name);
    gate.succeeds(&["agent", "cert", "remove", "bot", name]);
    bot.post(CHAT, chat("x")).await.expect(401);
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
