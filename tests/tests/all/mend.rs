//! A disk that takes nothing more, and takes it again: a limit on the size of files, which the system
//! keeps like a full disk, is set on the running process and lifted.

use std::process::Command;

use portcullis_tests::{Gate, chat, gate, upstream, wait};

use crate::CHAT;

/// The limit that holds now; the hard one stays, so that it can be lifted again.
pub(crate) fn limit(gate: &Gate, bytes: &str) {
    let pid = gate.pid().to_string();
    let limit = format!("--fsize={bytes}:");
    let status = Command::new("prlimit").args(["--pid", &pid, &limit]).status();
    assert!(status.expect("prlimit of util-linux").success());
}

async fn ready(gate: &Gate) -> u16 {
    gate.stranger().get("/readyz").await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_mended_lets_the_gate_go_on() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent("bot").run();
    let client = gate.client("bot");
    let mut acknowledged = Vec::new();
    for _ in 0..3 {
        let reply = client.post(CHAT, chat("before")).await.expect(200);
        acknowledged.push(reply.record().to_owned());
    }
    limit(&gate, "1024");
    let refused = client.post(CHAT, chat("while the disk is full")).await;
    assert!(refused.status >= 500, "{}", refused.status);
    assert_eq!(ready(&gate).await, 503);
    // It is tried again and again; nothing has changed.
    assert!(client.post(CHAT, chat("still")).await.status >= 500);
    limit(&gate, "unlimited");
    let end = std::time::Instant::now() + wait::DEADLINE;
    while ready(&gate).await != 200 {
        assert!(std::time::Instant::now() < end, "not ready: {}", gate.log());
    }
    let reply = client.post(CHAT, chat("after")).await.expect(200);
    acknowledged.push(reply.record().to_owned());
    let records = gate.records_with("the record of it", |record| {
        record["kind"] == "system.recovered"
            && record["decision"]["reason"] == "the log's disk was mended"
    });
    let completed = |id: &String| {
        let of = |record: &&serde_json::Value| record["id"] == **id && record["status"] == "ok";
        records.iter().filter(of).count()
    };
    assert!(acknowledged[..3].iter().all(|id| completed(id) == 1), "{records:?}");
    gate.record(&acknowledged[3]);
    gate.stop();
    gate.succeeds(&["ledger", "verify", gate.ledger().to_str().unwrap()]);
}
