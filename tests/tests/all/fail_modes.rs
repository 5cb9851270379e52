//! What a route does while the log cannot be written: closed by default, open where that is declared.

use portcullis_tests::mcp::tool;
use portcullis_tests::{Client, Gate, chat, gate, mcp_server, upstream, wait};
use serde_json::Value;

use crate::CHAT;
use crate::mend::limit;

const OPEN: &str = "fail = { log = \"open\" }\n";

/// Fills the disk, and lets the log find out.
async fn fill(gate: &Gate) {
    limit(gate, "1024");
    // What is in the file already may leave room for a record.
    for _ in 0..20 {
        if gate.stranger().post(CHAT, chat("x")).await.status == 503 {
            return;
        }
    }
    panic!("the log goes on: {}", gate.log());
}

/// Empties it, and waits until the log goes on.
async fn empty(gate: &Gate) {
    limit(gate, "unlimited");
    let end = std::time::Instant::now() + wait::DEADLINE;
    while gate.stranger().get("/readyz").await.status != 200 {
        assert!(std::time::Instant::now() < end, "not ready: {}", gate.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_route_passes_calls_and_records_them_late() {
    let (open, closed) = (upstream().run(), upstream().run());
    let mut gate = gate()
        .openai(&open)
        .provider_lines(OPEN)
        .provider("strict", "openai", &closed.url(), "strict-*")
        .agent("bot")
        .run();
    let doctor = gate.portcullis(&["doctor"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("llm/openai"), "{doctor:?}");
    fill(&gate).await;

    let passed = gate.client("bot").post(CHAT, chat("while it is full")).await.expect(200);
    assert_eq!(passed.header("portcullis-failing"), "log");
    let refused = gate.client("bot").post("/llm/strict/v1/chat/completions", chat("x")).await;
    assert_eq!(refused.status, 503);
    assert!(closed.calls().is_empty(), "it left for the upstream without a record");
    // What a policy would refuse is refused, log or not.
    assert_eq!(gate.stranger().post(CHAT, chat("x")).await.status, 503);
    let metrics = Client::new(gate.console()).get("/metrics").await.text();
    assert!(metrics.contains("portcullis_failing{part=\"log\"} 1"), "{metrics}");
    assert!(metrics.contains("portcullis_unrecorded_waiting 1"), "{metrics}");

    empty(&gate).await;
    let late = gate.record(passed.record());
    assert_eq!((&late["status"], &late["agent"]), (&"ok".into(), &"bot".into()));
    assert!(late["detail"]["recorded_late"].is_string(), "{late}");
    let recovered = |record: &Value| {
        record["kind"] == "system.recovered" && record["detail"]["passed_unrecorded"] == "1"
    };
    let records = gate.records_with("the recovery", recovered);
    let started = records.iter().find(|record| record["kind"] == "system.start");
    assert_eq!(started.unwrap()["detail"]["fail_open"], "llm/openai");
    let again = gate.client("bot").post(CHAT, chat("after")).await.expect(200);
    assert_eq!(again.header("portcullis-failing"), "");
    gate.stop();
    gate.succeeds(&["ledger", "verify", gate.ledger().to_str().unwrap()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_server_is_not_asked_while_the_log_is_down() {
    let (one, other) =
        (mcp_server().tool(tool("read")).run(), mcp_server().tool(tool("read")).run());
    let gate = gate().mcp("closed", &one).mcp("open", &other).mcp_lines(OPEN).agent("bot").run();
    let (closed, open) = (gate.mcp("bot", "closed").await, gate.mcp("bot", "open").await);
    for client in [&closed, &open] {
        client.call("read", "x").await.expect(200);
    }
    fill(&gate).await;
    let before = (one.calls().len(), other.calls().len());
    assert_eq!(closed.call("read", "x").await.status, 503);
    let passed = open.call("read", "x").await.expect(200);
    assert_eq!(passed.json()["result"]["isError"], false);
    assert_eq!((one.calls().len(), other.calls().len() - 1), before);
    empty(&gate).await;
    assert!(gate.record(passed.record())["detail"]["recorded_late"].is_string());
}
