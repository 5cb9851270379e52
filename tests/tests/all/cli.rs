//! The command line: help, exit statuses, errors that say where and what to write instead.

use portcullis_tests::{Client, chat, gate, upstream};
use serde_json::Value;

use crate::CHAT;

#[test]
fn every_command_has_help_with_an_example() {
    let gate = gate().prepare();
    for words in [
        &["--help"][..],
        &["up", "--help"],
        &["demo", "--help"],
        &["agent", "--help"],
        &["provider", "--help"],
        &["containment", "--help"],
        &["policy", "--help"],
        &["ledger", "--help"],
        &["user", "--help"],
        &["config", "--help"],
        &["agent", "add", "--help"],
        &["agent", "suspend", "--help"],
        &["policy", "check", "--help"],
        &["policy", "test", "--help"],
        &["policy", "diff", "--help"],
        &["policy", "simulate", "--help"],
        &["policy", "prove", "--help"],
        &["ledger", "verify", "--help"],
        &["ledger", "search", "--help"],
        &["doctor", "--help"],
        &["inspect", "--help"],
        &["inspect", "records", "build", "--help"],
        &["inspect", "packages", "build", "--help"],
        &["inspect", "canary", "new", "--help"],
    ] {
        let help = gate.succeeds(words);
        assert!(help.contains("xample") && help.contains("portcullis "), "{words:?}: {help}");
    }
}

#[test]
fn a_hyphen_is_standard_input() {
    let found = gate().prepare().succeeds(&["inspect", "--json", "-"]);
    assert!(found.contains("\"findings\": []") || found.contains("\"findings\":[]"), "{found}");
}

#[test]
fn wrong_usage_is_2() {
    let gate = gate().prepare();
    for words in [&["no-such-command"][..], &["up", "--no-such-flag"], &["agent", "add"]] {
        assert_eq!(gate.portcullis(words).status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn a_wrong_configuration_says_where_and_what_instead() {
    let gate = gate().sections("[gaet]\nlisten = \"127.0.0.1:1\"\n").prepare();
    assert_eq!(gate.start_and_fail().status.code(), Some(2));
    let said = gate.log();
    assert!(
        said.contains("portcullis.toml:") && said.contains("gaet") && said.contains("gate"),
        "{said}"
    );
}

#[test]
fn a_missing_secret_is_named_and_not_shown() {
    let section =
        "[[provider]]\nname = \"p\"\nkind = \"openai\"\napi_key = { env = \"NOT_SET_ANYWHERE\" }\n";
    let gate = gate().sections(section).prepare();
    assert_eq!(gate.start_and_fail().status.code(), Some(2));
    assert!(gate.log().contains("NOT_SET_ANYWHERE"), "{}", gate.log());
}

#[test]
fn the_environment_overrides_the_file() {
    let gate = gate().variable("PORTCULLIS_GATE_LISTEN", "not-an-address").prepare();
    assert_eq!(gate.start_and_fail().status.code(), Some(2));
    assert!(gate.log().contains("PORTCULLIS_GATE_LISTEN"), "{}", gate.log());
}

#[tokio::test]
async fn health_and_metrics_are_served() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    let console = Client::new(gate.console());
    for client in [&gate.stranger(), &console] {
        client.get("/healthz").await.expect(200);
        client.get("/readyz").await.expect(200);
    }
    let metrics = console.get("/metrics").await.expect(200).text();
    assert!(metrics.contains("portcullis_") && metrics.contains("# TYPE"), "{metrics}");
    assert!(!metrics.contains(&gate.key("bot")));
}

#[tokio::test]
async fn the_console_wants_to_know_who_asks() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let reply = Client::new(gate.console()).get("/api/v1/agents").await;
    assert!([401, 403].contains(&reply.status), "{}", reply.status);
    let rebound =
        Client::new(gate.console()).header("host", "evil.example").get("/api/v1/agents").await;
    assert!((400..500).contains(&rebound.status), "{}", rebound.status);
}

#[tokio::test]
async fn agents_can_be_listed() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    gate.succeeds(&["agent", "add", "late", "--role", "tester"]);
    let listed: Value = serde_json::from_str(&gate.succeeds(&["agent", "list", "--json"]))
        .expect("one JSON document");
    for name in ["bot", "late"] {
        assert!(listed.to_string().contains(name), "{listed}");
    }
    assert_eq!(
        gate.portcullis(&["agent", "suspend", "nobody", "--reason", "x"]).status.code(),
        Some(1)
    );
}

#[test]
fn doctor_finds_what_is_wrong() {
    let gone = upstream().run();
    let gate = gate().openai(&gone).agent("bot").prepare();
    drop(gone);
    let output = gate.portcullis(&["doctor"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("openai"), "{said}");
}

#[test]
fn the_demo_tells_its_story_and_ends() {
    let gate = gate().prepare();
    let said = gate.succeeds(&["demo", "--exit"]);
    for word in ["suspend", "verif", "OPENAI_BASE_URL"] {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
}
