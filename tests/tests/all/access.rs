//! Roles for some time and access reviews, by the command line and by the calendar.

use std::process::Output;

use model::{TenantId, Timestamp};
use portcullis_tests::gate::program_in;
use portcullis_tests::{Gate, gate};
use serde_json::{Value, json};
use store::{NewGrant, NewUser, Store};

use crate::people::{Browser, enrol, field};

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Somebody who is logged in with both factors.
async fn person(gate: &Gate, name: &str, role: &str) -> Browser {
    let added = value(&gate.succeeds(&["user", "add", name, "--role", role, "--json"]));
    let mut browser = Browser::new(gate);
    enrol(&mut browser, added["invitation"]["path"].as_str().unwrap(), None).await;
    browser
}

/// A command over the network, under a token of somebody's own.
fn as_person(gate: &Gate, token: &str, words: &[&str]) -> Output {
    let server = format!("http://{}", gate.console());
    let mut command = program_in(gate.folder());
    command.args(["--server", &server]).args(words).env("PORTCULLIS_TOKEN", token);
    command.output().expect("the program starts")
}

fn state_of(gate: &Gate, id: &str) -> Value {
    value(&gate.succeeds(&["access", "show", id]))["state"].clone()
}

fn acts(gate: &Gate, act: &str) -> Vec<Value> {
    let is = |record: &Value| record["detail"]["act"] == act;
    gate.records_with(act, is).into_iter().filter(is).collect()
}

#[tokio::test]
async fn a_role_is_asked_for_and_decided_on_by_commands() {
    let gate = gate().run();
    let mut bob = person(&gate, "bob@example.com", "platform_administrator").await;
    let token = bob.send("/api/v1/tokens", json!({"name": "bobs", "scope": "write"})).await;
    let token = token["token"].as_str().expect("a token").to_owned();
    let wish =
        ["access", "request", "--role", "responder", "--for", "30m", "--reason", "a stuck queue"];
    let asked = as_person(&gate, &token, &wish);
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let seconds = ["access", "request", "--role", "responder", "--for", "90s", "--reason", "x"];
    assert_eq!(as_person(&gate, &token, &seconds).status.code(), Some(2));
    let nobody = ["access", "request", "--role", "root", "--for", "30m", "--reason", "x"];
    assert_eq!(as_person(&gate, &token, &nobody).status.code(), Some(2));
    let open = value(&gate.succeeds(&["access", "list", "--json"]));
    let id = open[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&open[0]["user"], open[0]["state"].as_str()),
        (&json!("bob@example.com"), Some("waiting"))
    );
    // Nobody decides on their own, and no token decides at all.
    let own = as_person(&gate, &token, &["access", "approve", &id]);
    assert_eq!(own.status.code(), Some(1), "{}", String::from_utf8_lossy(&own.stderr));
    assert_eq!(state_of(&gate, &id), "waiting");
    gate.succeeds(&["access", "approve", &id, "--reason", "go on"]);
    assert_eq!(state_of(&gate, &id), "active");
    gate.succeeds(&["access", "end", &id]);
    assert_eq!(state_of(&gate, &id), "ended");
    assert!(as_person(&gate, &token, &wish).status.success());
    let open = value(&gate.succeeds(&["access", "list", "--json"]));
    let second = open[0]["id"].as_str().unwrap();
    gate.succeeds(&["access", "deny", second, "--reason", "ask the one on call"]);
    assert_eq!(state_of(&gate, second), "denied");
    let all = gate.succeeds(&["access", "list", "--which", "all"]);
    assert!(all.contains("denied") && all.contains("ended"), "{all}");
    let asked = acts(&gate, "access.request");
    assert_eq!(asked[0]["detail"]["who"], "token:bobs");
    assert_eq!(acts(&gate, "access.deny").len(), 1);
}

#[tokio::test]
async fn broken_glass_stands_on_every_page_until_somebody_signed_it_off() {
    let gate =
        gate().sections("\n[people.elevation]\nbreak_glass = [\"security_officer\"]\n").run();
    let mut bob = person(&gate, "bob@example.com", "responder").await;
    let ann = person(&gate, "ann@example.com", "auditor").await;
    let page = bob.get("/account/access").await.1;
    let fields = [
        ("glass_role", "security_officer"),
        ("glass_minutes", "10"),
        ("glass_reason", "everything burns"),
        ("form_token", &*field(&page, "form_token")),
    ];
    assert_eq!(bob.post("/account/access/break_glass", &fields).await.0, 303);
    // On the pages around the console too, which have no navigation.
    for path in ["/", "/agents", "/account", "/account/access", "/account/password"] {
        let (status, text) = ann.get(path).await;
        assert!(text.contains("Glass is broken"), "{path}: {status}");
    }
    // Whoever is not logged in learns nothing of it.
    assert!(!Browser::new(&gate).get("/login").await.1.contains("Glass"));
    let open = value(&gate.succeeds(&["access", "list", "--which", "unreviewed", "--json"]));
    let id = open[0]["id"].as_str().unwrap();
    gate.succeeds(&["access", "end", id]);
    assert!(!ann.get("/").await.1.contains("Glass is broken"));
    gate.succeeds(&["access", "sign-off", id, "--reason", "all of it was needed"]);
    let none = value(&gate.succeeds(&["access", "list", "--which", "unreviewed", "--json"]));
    assert_eq!(none, json!([]));
    let taken = acts(&gate, "access.break_glass");
    assert_eq!(taken[0]["findings"][0]["severity"], "high");
}

#[tokio::test]
async fn a_review_is_run_by_commands_and_its_evidence_is_as_in_the_log() {
    let gate = gate().run();
    for (name, role) in [("ann@example.com", "auditor"), ("bob@example.com", "responder")] {
        gate.succeeds(&["user", "add", name, "--role", role]);
    }
    let made = gate.succeeds(&["agent", "add", "helper", "--role", "tester", "--json"]);
    assert!(value(&made)["key"].is_string());
    gate.succeeds(&["review", "start"]);
    assert_eq!(gate.portcullis(&["review", "start"]).status.code(), Some(1), "one at a time");
    let items = value(&gate.succeeds(&["review", "show", "1", "--undecided", "--json"]));
    let number = |kind: &str, holder: &str| {
        let items = items.as_array().unwrap();
        let found = items.iter().find(|item| item["kind"] == kind && item["holder"] == holder);
        found.unwrap_or_else(|| panic!("{kind} of {holder}: {items:?}"))["number"].to_string()
    };
    let decide = |number: &str, words: &[&str]| {
        let words = [&["review", "decide", "1", number], words, &["--reason", "seen"]].concat();
        gate.portcullis(&words).status.code()
    };
    assert_eq!(decide(&number("role", "ann@example.com"), &["keep"]), Some(0));
    let narrowed = decide(&number("role", "bob@example.com"), &["narrow", "--ends-in", "7d"]);
    assert_eq!(narrowed, Some(0));
    assert_eq!(decide(&number("agent", "helper"), &["revoke"]), Some(0));
    assert_eq!(decide(&number("agent", "helper"), &["keep"]), Some(1), "what is gone is gone");
    assert_eq!(decide("999", &["keep"]), Some(1));
    let agent = value(&gate.succeeds(&["agent", "show", "helper", "--json"]));
    assert_eq!(agent["standing"], "suspended", "{agent}");
    let early = gate.portcullis(&["review", "evidence", "1"]);
    assert_eq!(early.status.code(), Some(1));
    let closed = value(&gate.succeeds(&["review", "close", "1", "--json"]));
    let evidence = gate.succeeds(&["review", "evidence", "1"]);
    let hash = model::Digest::of(evidence.trim_end().as_bytes()).to_string();
    assert_eq!(closed["hash"], json!(hash));
    let record = acts(&gate, "review.close").remove(0);
    assert_eq!(record["detail"]["evidence_sha256"], json!(hash));
    assert_eq!(record["detail"]["revoked"], "1");
    let listed = value(&gate.succeeds(&["review", "list", "--json"]));
    assert_eq!((&listed[0]["number"], listed[0]["counts"]["kept"].as_u64()), (&json!(1), Some(1)));
}

/// Somebody who was added so many days ago, while nothing runs.
async fn added_before(gate: &Gate, name: &str, days: u64) {
    let store = Store::open(&gate.data().join("state.db")).expect("the state");
    let then = Timestamp::from_system(std::time::SystemTime::now())
        .minus(std::time::Duration::from_secs(days * 86_400));
    let grant = NewGrant {
        role: "auditor".to_owned(),
        starts: None,
        ends: None,
        hours: None,
        reason: "for a test".to_owned(),
        granted_by: "a test".to_owned(),
    };
    let new = NewUser {
        uid: format!("uid-{name}"),
        name: name.parse().unwrap(),
        display: None,
        email: None,
    };
    store.add_user(&TenantId::main(), new, vec![grant], then).await.expect("a user");
    store.close().await.expect("the state is written");
}

#[tokio::test]
async fn the_calendar_begins_a_review_and_settles_what_nobody_decided_on() {
    let mut gate = gate()
        .sections(
            "\n[people.review]\nevery = \"monthly\"\nlasts = \"1s\"\nundecided = \"revoke\"\n",
        )
        .run();
    // Nothing is due before somebody was there for a month.
    assert_eq!(value(&gate.succeeds(&["review", "list", "--json"])), json!([]));
    gate.stop();
    added_before(&gate, "ann@example.com", 40).await;
    gate.start();
    let begun = acts(&gate, "review.start");
    assert_eq!((begun.len(), begun[0]["detail"]["who"].as_str()), (1, Some("clock")));
    // It goes on where it was, and its deadline comes while nothing runs, or while it does.
    gate.stop();
    gate.start();
    let closed = acts(&gate, "review.close").remove(0);
    assert_eq!(
        (&closed["detail"]["who"], &closed["detail"]["revoked"]),
        (&json!("clock"), &json!("1"))
    );
    let items = value(&gate.succeeds(&["review", "show", "1", "--json"]));
    assert_eq!(
        (&items[0]["decision"], &items[0]["decided_by"]),
        (&json!("revoke"), &json!("clock"))
    );
    let user = value(&gate.succeeds(&["user", "show", "ann@example.com", "--json"]));
    assert_eq!(user["user"]["grants"], json!([]), "{user}");
}
