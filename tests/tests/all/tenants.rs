//! Tenants of one instance: nothing of one is another's.

use portcullis_tests::issuer::Issuer;
use portcullis_tests::{Client, Gate, Upstream, chat, gate, upstream, wait};
use serde_json::Value;

use crate::CHAT;

/// A tenant's file: its own provider, and everybody may use it.
fn file(upstream: &Upstream, more: &str) -> String {
    format!(
        "[[role]]\nname = \"everyone\"\nproviders = [\"*\"]\n[[provider]]\nname = \"openai\"\nkind = \"openai\"\n\
         base_url = \"{}\"\nmodels = [\"gpt-*\"]\n{more}\n",
        upstream.url()
    )
}

fn write(gate: &Gate, tenant: &str, text: &str) {
    std::fs::write(gate.folder().join(format!("{tenant}.toml")), text).expect("a writable folder");
}

fn declared(tenant: &str) -> String {
    format!("\n[[tenant]]\nname = \"{tenant}\"\nfile = \"{tenant}.toml\"\n")
}

/// An instance with its own agent `bot` and one of the same name in `acme`, whose key comes back.
fn two(main: &Upstream, acme: &Upstream, more: &str) -> (Gate, String) {
    let mut gate = gate().openai(main).agent("bot").sections(&declared("acme")).prepare();
    write(&gate, "acme", &file(acme, more));
    gate.start();
    let key = add(&gate, "acme", "bot");
    (gate, key)
}

fn add(gate: &Gate, tenant: &str, agent: &str) -> String {
    let added = gate.succeeds(&["--tenant", tenant, "agent", "add", agent, "--json"]);
    let added: Value = serde_json::from_str(&added).expect("JSON");
    added["key"].as_str().expect("a key").to_owned()
}

/// The records of a tenant's log.
fn log_of(gate: &Gate, tenant: &str) -> Vec<Value> {
    let lines = gate.succeeds(&["--tenant", tenant, "ledger", "export"]);
    lines.lines().map(|line| serde_json::from_str(line).expect("a record a line")).collect()
}

fn calls_in(gate: &Gate, tenant: &str) -> usize {
    log_of(gate, tenant).iter().filter(|record| record["kind"] == "llm.call").count()
}

#[tokio::test]
async fn agents_of_one_name_are_two_and_each_log_has_its_own() {
    let (main, acme) = (upstream().run(), upstream().run());
    let (mut gate, key) = two(&main, &acme, "");
    let theirs = gate.stranger().bearer(&key);
    let reply = theirs.post(CHAT, chat("of acme")).await.expect(200);
    gate.client("bot").post(CHAT, chat("of main")).await.expect(200);
    assert_eq!((main.calls().len(), acme.calls().len()), (1, 1));
    wait::until("both logs", || {
        (calls_in(&gate, "acme") == 1 && calls_in(&gate, "main") == 1).then_some(())
    });
    let found = log_of(&gate, "acme");
    assert!(found.iter().all(|record| record["tenant"] == "acme"));
    assert!(found.iter().any(|record| record["id"] == *reply.record()));
    assert!(log_of(&gate, "main").iter().all(|record| record["tenant"] == "main"));

    // What is done to one does not touch the other, and stands in its log.
    gate.succeeds(&["--tenant", "acme", "agent", "suspend", "bot", "--reason", "x"]);
    theirs.post(CHAT, chat("x")).await.expect(403);
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    let acts = |tenant: &str| {
        let is_act = |record: &&Value| record["detail"]["act"] == "agent.suspend";
        log_of(&gate, tenant).iter().filter(is_act).count()
    };
    wait::until("the suspension in its log", || (acts("acme") == 1).then_some(()));
    assert_eq!(acts("main"), 0);

    gate.stop();
    for tenant in ["main", "acme"] {
        let folder = gate.data().join("ledger").join(tenant);
        gate.succeeds(&["ledger", "verify", folder.to_str().unwrap()]);
    }
    let keys = ["ledger.key", "ledger.acme.key"].map(|file| std::fs::read(gate.data().join(file)));
    assert_ne!(keys[0].as_ref().unwrap(), keys[1].as_ref().unwrap());
    // After a restart it is all there again.
    gate.start();
    gate.stranger().bearer(&key).post(CHAT, chat("x")).await.expect(403);
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
}

#[tokio::test]
async fn limits_and_people_are_counted_apart() {
    let (main, acme, issuer) = (upstream().run(), upstream().run(), Issuer::run());
    let limit = "[[limit]]\nper = \"tenant\"\nwindow = \"1h\"\nrequests = 1\n";
    let (gate, key) = two(&main, &acme, &format!("{limit}{}", issuer.section()));
    let theirs = gate.stranger().bearer(&key);
    theirs.post(CHAT, chat("x")).await.expect(200);
    theirs.post(CHAT, chat("x")).await.expect(429);
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    // A person of one tenant is nobody in the other, and neither is their identity provider.
    gate.succeeds(&["--tenant", "acme", "person", "add", "ann@example.com", "--scope", "a"]);
    let person = issuer.token("ann@example.com");
    let token = theirs.exchanged(&person, &[]).await;
    let refused = gate.client("bot").exchange(&person, &[]).await.expect(400);
    assert_eq!(refused.oauth_error(), "invalid_grant");
    let handed = gate.client("bot").exchange(&token, &[]).await.expect(400);
    assert_eq!(handed.oauth_error(), "invalid_grant");
    // Two credentials of two tenants are none.
    let both = gate.client("bot").header("portcullis-delegation", &token);
    both.post(CHAT, chat("x")).await.expect(401);
}

#[tokio::test]
async fn an_admin_token_sees_its_own_tenant_alone() {
    let (main, acme) = (upstream().run(), upstream().run());
    let (gate, key) = two(&main, &acme, "");
    gate.stranger().bearer(&key).post(CHAT, chat("x")).await.expect(200);
    let made = ["--tenant", "acme", "user", "token", "ann", "--scope", "write", "--json"];
    let made: Value = serde_json::from_str(&gate.succeeds(&made)).expect("JSON");
    let token = made["token"].as_str().expect("a token");
    let admin = Client::new(gate.console()).bearer(token);
    let metrics = admin.get("/api/v1/metrics").await.expect(200).text();
    assert!(metrics.contains("agent=\"bot\""), "{metrics}");
    let of_main = Client::new(gate.console()).get("/metrics").await.expect(200).text();
    assert!(!of_main.contains("agent=\"bot\""), "{of_main}");
    let agents = admin.get("/api/v1/agents").await.expect(200).json();
    assert_eq!(agents["agents"].as_array().map(Vec::len), Some(1));
    admin.get("/api/v1/tenants").await.expect(403);
    assert_eq!(admin.get("/ledger/main/tile/entries/000.p/1").await.status, 404);
    // Its reload reads its own file again, and no other.
    std::fs::write(gate.folder().join("portcullis.toml"), "this is not TOML").unwrap();
    assert_eq!(admin.post("/api/v1/reload", String::new()).await.status, 422);
}

#[tokio::test]
async fn tenants_come_and_go_with_a_reload() {
    let (main, acme) = (upstream().run(), upstream().run());
    let mut gate = gate().openai(&main).agent("bot").run();
    write(&gate, "acme", &file(&acme, ""));
    gate.rewrite(|text| text + &declared("acme"));
    gate.succeeds(&["policy", "deploy"]);
    assert!(gate.succeeds(&["tenant", "list"]).contains("acme"));
    let key = add(&gate, "acme", "bot");
    let theirs = gate.stranger().bearer(&key);
    theirs.post(CHAT, chat("x")).await.expect(200);
    gate.rewrite(|text| text.replace(&declared("acme"), ""));
    gate.succeeds(&["policy", "deploy"]);
    theirs.post(CHAT, chat("x")).await.expect(401);
    gate.rewrite(|text| text + &declared("acme"));
    gate.succeeds(&["policy", "deploy"]);
    theirs.post(CHAT, chat("x")).await.expect(200);
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
}

#[test]
fn a_tenants_file_that_is_wrong_is_told_with_its_name() {
    let up = "[[provider]]\nname = \"openai\"\nkind = \"openai\"\n";
    for (text, says) in [
        ("[gate]\nlisten = \"127.0.0.1:0\"\n".to_owned(), "`gate` is of the process"),
        (format!("{up}nonsense = 1\n"), "nonsense"),
        ("[[limit]]\nper = \"agent\"\n".to_owned(), "limits nothing"),
    ] {
        let gate = gate().sections(&declared("acme")).prepare();
        write(&gate, "acme", &text);
        let output = gate.portcullis(&["config", "check"]);
        let told = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(says) && told.contains("acme.toml"), "{told}");
    }
    for name in ["main", "Acme", "../acme", "a/b"] {
        let gate = gate().sections(&declared(name)).prepare();
        assert_eq!(gate.portcullis(&["config", "check"]).status.code(), Some(2), "{name}");
    }
}

#[tokio::test]
async fn canaries_meet_the_controls_of_each_tenant() {
    let (main, acme) = (upstream().run(), upstream().run());
    let mut gate =
        gate().openai(&main).agent("bot").tests_itself().sections(&declared("acme")).prepare();
    write(&gate, "acme", &file(&acme, "[inspect.judges]\ninjection = false"));
    gate.start();
    let report: Value = serde_json::from_str(&gate.succeeds(&["selftest", "--json"])).unwrap();
    let found = |name: &str| {
        let all = report["controls"].as_array().unwrap().iter();
        all.filter(|one| one["control"] == name).cloned().collect::<Vec<_>>()
    };
    // What is off there is on here, and each log says so of its own.
    assert_eq!(found("injection")[0]["state"], "working", "{report:#}");
    assert_eq!(found("tenants")[0]["state"], "off", "{report:#}");
    assert_eq!(found("tenants")[0]["detail"], "acme: injection");
    let tested = |record: &&Value| record["kind"] == "system.selftest";
    let said = |tenant: &str| {
        let log = log_of(&gate, tenant);
        let last = log.iter().rfind(tested).expect("a record of the test");
        last["detail"]["injection"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(said("main"), "working");
    assert!(said("acme").starts_with("off"), "{}", said("acme"));
    assert_eq!((main.calls().len(), acme.calls().len()), (0, 0));
}
