//! What was kept long enough is let go, and the rest of the log verifies.

use portcullis_tests::{Gate, chat, gate, upstream, wait};
use serde_json::{Value, json};

use crate::CHAT;

/// Small segments, so that there are whole ones to drop.
const LEDGER: &str = "[ledger]\nsegment_bytes = 4096\n";
const RETAIN: &str = "[[retention]]\nwhat = \"records\"\nkeep = \"1ms\"\n";

/// Runs retention until the log begins at this record or later; the first record that is left. Each
/// run adds records, and only what a checkpoint covers goes.
fn retained(gate: &Gate, least: u64) -> u64 {
    wait::until("something to be dropped", || {
        let said = gate.succeeds(&["ledger", "retain", "--now", "--json"]);
        let said: Value = serde_json::from_str(&said).unwrap();
        said["first_record"].as_u64().filter(|first| *first >= least)
    })
}

fn verify(gate: &Gate) -> Value {
    let folder = gate.ledger();
    let vkey = folder.join("vkey");
    let words =
        ["ledger", "verify", folder.to_str().unwrap(), "--vkey", vkey.to_str().unwrap(), "--json"];
    let output = gate.portcullis(&words);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_records_are_dropped_the_rest_verifies_and_the_index_follows() {
    let upstream = upstream().run();
    let mut gate =
        gate().openai(&upstream).agent("bot").sections(&format!("{LEDGER}{RETAIN}")).run();
    let mut ids = Vec::new();
    for _ in 0..300 {
        ids.push(gate.client("bot").post(CHAT, chat("x")).await.expect(200).record().to_owned());
    }
    gate.record(ids.last().unwrap());
    // A whole bundle, so that some of the records are nowhere any more.
    let first = retained(&gate, 256);
    let first_text = json!(first.to_string());
    let run = gate.records_with("the run", |record| {
        record["kind"] == "data.retain" && record["detail"]["first_record"] == first_text
    });
    assert!(run.iter().all(|record| record["id"] != ids[0].as_str()), "the index still has it");
    assert_eq!(gate.portcullis(&["ledger", "show", &ids[0]]).status.code(), Some(1));
    let url = format!("http://{}/ledger/main", gate.console());
    let said = gate.succeeds(&["ledger", "verify", &url, "--hashes"]);
    assert!(said.contains("HASHES ONLY") && said.contains("dropped"), "{said}");
    gate.stop();
    let report = verify(&gate);
    assert_eq!(
        (&report["verdict"], &report["faults"]),
        (&json!("retained"), &json!([])),
        "{report}"
    );
    assert_eq!(report["dropped"].as_u64(), Some(first / 256 * 256));
    assert!(!report["not_proved"].to_string().contains("valid"));
    // An index that is made anew begins where the log does.
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        std::fs::remove_file(gate.data().join(name)).ok();
    }
    gate.start();
    let id = gate.client("bot").post(CHAT, chat("x")).await.expect(200).record().to_owned();
    gate.record(&id);
    gate.kill();
    gate.start();
    gate.record(&id);
    gate.stop();
    assert_eq!(verify(&gate)["verdict"], "retained");
    // Without the log's own word for it, the same is damage.
    std::fs::remove_file(gate.ledger().join("dropped")).unwrap();
    assert_eq!(verify(&gate)["verdict"], "failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_legal_hold_keeps_what_it_holds() {
    let upstream = upstream().run();
    let sections = format!("{LEDGER}{RETAIN}[payloads]\nkeep = \"full\"\n");
    let gate = gate().openai(&upstream).agent("bot").sections(&sections).run();
    for _ in 0..30 {
        gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    }
    gate.succeeds(&[
        "ledger",
        "hold",
        "add",
        "case-7",
        "--agent",
        "bot",
        "--reason",
        "a court asked",
    ]);
    assert!(gate.succeeds(&["ledger", "hold", "list"]).contains("agent bot"));
    let said = gate.succeeds(&["ledger", "retain", "--now", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["records"], &said["first_record"]), (&json!(0), &json!(0)), "{said}");
    let refused = gate.portcullis(&["ledger", "erase", "--agent", "bot", "--reason", "asked to"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("case-7"), "{refused:?}");
    gate.succeeds(&["ledger", "hold", "remove", "case-7"]);
    gate.succeeds(&["ledger", "erase", "--agent", "bot", "--reason", "asked to"]);
    assert!(retained(&gate, 1) > 0);
}
