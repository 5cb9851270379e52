//! Canaries through the running gate: what works, what is switched off, and what is seen of it.

use portcullis_tests::{Client, chat, gate, upstream};
use serde_json::{Value, json};

use crate::CHAT;

fn controls(report: &Value, state: &str) -> Vec<String> {
    let all = report["controls"].as_array().unwrap().iter();
    let found = all.filter(|one| one["state"] == state);
    found.map(|one| one["control"].as_str().unwrap().to_owned()).collect()
}

fn report(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn every_control_of_a_new_gate_works_and_the_record_says_so() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).tests_itself().agent("bot").run();
    let said = gate.succeeds(&["selftest", "--json"]);
    let report = report(&said);
    assert_eq!(report["state"], "working", "{report:#}");
    assert_eq!(controls(&report, "working").len(), 16);
    let is_said = |record: &Value| {
        record["kind"] == "system.selftest" && record["detail"]["asked_by"] == "a person"
    };
    let records = gate.records_with("the result", is_said);
    let record = records.iter().find(|record| is_said(record)).unwrap();
    assert_eq!((&record["status"], &record["detail"]["flow"]), (&json!("ok"), &json!("working")));
    // No canary reached a provider, and none stands among what agents did.
    assert_eq!(upstream.calls().len(), 0);
    let is_canary = |record: &Value| record["tenant"] != "main" || record["agent"] == "self-test";
    assert!(!records.iter().any(is_canary), "{records:#?}");
    let console = Client::new(gate.console());
    let metrics = console.get("/metrics").await.expect(200).text();
    assert!(
        metrics.contains("portcullis_control_working{control=\"policy\",state=\"working\"} 1\n")
    );
    assert!(!metrics.contains("agent=\"self-test"), "canaries are counted: {metrics}");
    let ready = console.get("/readyz").await.expect(200).json();
    assert_eq!(ready["checks"][2], json!({"name": "controls", "ok": true}));
}

#[tokio::test]
async fn what_is_switched_off_is_said_to_be_off() {
    let upstream = upstream().run();
    let gate = gate()
        .openai(&upstream)
        .tests_itself()
        .sections("[inspect.judges]\ninjection = false\n")
        .agent("bot")
        .run();
    let report = report(&gate.succeeds(&["selftest", "--json"]));
    assert_eq!(report["state"], "off");
    assert_eq!(controls(&report, "off"), ["injection"]);
    let doctor = gate.portcullis(&["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(said.contains("warning  controls: switched off: injection"), "{said}");
}

#[tokio::test]
async fn policies_that_refuse_everybody_are_found_and_exit_with_three() {
    let upstream = upstream().run();
    let gate = gate()
        .openai(&upstream)
        .tests_itself()
        .policy(
            "none.cedar",
            "@id(\"none\")\n@description(\"Nothing.\")\nforbid (principal, action, resource);",
        )
        .agent("bot")
        .run();
    let tested = gate.portcullis(&["selftest"]);
    assert_eq!(tested.status.code(), Some(3));
    let said = String::from_utf8_lossy(&tested.stdout);
    assert!(said.contains("BROKEN   gate: the gate answered 403"), "{said}");
    let console = Client::new(gate.console());
    // A gate that refuses too much is still the gate: nobody takes it away from its agents.
    let ready = console.get("/readyz").await.expect(200).json();
    assert_eq!(ready["checks"][2]["ok"], json!(false));
}

#[tokio::test]
async fn canaries_use_up_nothing_of_anybody() {
    let upstream = upstream().run();
    let limit = "[[limit]]\nper = \"tenant\"\nwindow = \"1h\"\nrequests = 1\n";
    let gate = gate().openai(&upstream).tests_itself().sections(limit).agent("bot").run();
    gate.succeeds(&["selftest"]);
    gate.client("bot").post(CHAT, chat("hello")).await.expect(200);
    gate.client("bot").post(CHAT, chat("hello")).await.expect(429);
    gate.succeeds(&["selftest"]);
}

#[tokio::test]
async fn it_runs_by_itself_and_writes_only_what_has_changed() {
    let upstream = upstream().run();
    let gate = gate()
        .openai(&upstream)
        .sections("[selftest]\nevery = \"50ms\"\n")
        .tests_itself()
        .agent("bot")
        .run();
    let by = |by: &'static str| {
        move |record: &Value| {
            record["kind"] == "system.selftest" && record["detail"]["asked_by"] == by
        }
    };
    gate.records_with("a run by the schedule", by("the schedule"));
    gate.succeeds(&["selftest"]);
    gate.succeeds(&["selftest"]);
    let records = gate.records_with("what was asked for", by("a person"));
    assert_eq!(records.iter().filter(|one| by("a person")(one)).count(), 2);
    assert_eq!(records.iter().filter(|one| by("the schedule")(one)).count(), 1);
}
