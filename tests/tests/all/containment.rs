//! The kill switch: at once, on open streams too, across restarts, and in the log.

use std::time::Instant;

use portcullis_tests::client::Next;
use portcullis_tests::{Gate, Open, chat, chat_stream, gate, messages, upstream, wait};

use crate::{CHAT, MESSAGES};

/// As many streams as are open when the switch is thrown.
const STREAMS: usize = 200;

async fn open_streams(gate: &Gate, agent: &str, count: usize) -> Vec<Open> {
    let mut open = Vec::new();
    for _ in 0..count {
        let mut stream =
            gate.client(agent).stream(CHAT, chat_stream("gpt-mock-endless", "x")).await;
        stream.until("fox").await;
        open.push(stream);
    }
    open
}

/// When the stream ended, as its client saw it; panics if it looks complete.
async fn end_of(mut stream: Open) -> Instant {
    let mut tail = String::new();
    while let Next::Piece(piece) = stream.next().await {
        tail.push_str(&String::from_utf8_lossy(&piece));
    }
    assert!(!tail.contains("[DONE]"), "a cut stream looks complete");
    Instant::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_open_streams_are_cut_in_time() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").agent("other").run();
    let streams = open_streams(&gate, "bot", STREAMS).await;
    let mut untouched = open_streams(&gate, "other", 1).await;
    let ends: Vec<_> = streams.into_iter().map(|stream| tokio::spawn(end_of(stream))).collect();
    let started = Instant::now();
    let said = tokio::task::block_in_place(|| {
        gate.succeeds(&["agent", "suspend", "bot", "--reason", "drill", "--json"])
    });
    let switched = Instant::now();
    let mut delays = Vec::new();
    for end in ends {
        // Counted from the command's return at the latest; cut before it returned counts as nothing.
        delays.push(end.await.unwrap().saturating_duration_since(switched));
    }
    delays.sort_unstable();
    let p99 = delays[STREAMS * 99 / 100 - 1];
    eprintln!("switched in {:?}, p99 after it {p99:?}: {said}", switched - started);
    assert!(p99 < wait::AT_ONCE, "p99 {p99:?}");
    untouched[0].until("fox").await;
    gate.client("bot").post(CHAT, chat("x")).await.expect(403);
}

#[tokio::test]
async fn a_cut_is_in_the_log_with_its_reason() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let stream = open_streams(&gate, "bot", 1).await.remove(0);
    let id = stream.headers["portcullis-record"].to_str().unwrap().to_owned();
    gate.succeeds(&["agent", "suspend", "bot", "--reason", "odd behaviour"]);
    end_of(stream).await;
    assert_eq!(gate.record(&id)["status"], "cut");
    let is_it = |record: &serde_json::Value| {
        record["kind"] == "admin.change" && record.to_string().contains("odd behaviour")
    };
    gate.records_with("the record of the suspension", is_it);
}

#[tokio::test]
async fn a_suspension_survives_restart_and_kill_and_ends_on_resume() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent("bot").run();
    gate.succeeds(&["agent", "suspend", "bot", "--reason", "drill"]);
    gate.stop();
    gate.start();
    gate.client("bot").post(CHAT, chat("x")).await.expect(403);
    gate.kill();
    gate.start();
    gate.client("bot").post(CHAT, chat("x")).await.expect(403);
    gate.succeeds(&["agent", "resume", "bot"]);
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
}

#[tokio::test]
async fn quarantine_is_its_own_standing() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    gate.succeeds(&["agent", "quarantine", "bot", "--reason", "thought to be compromised"]);
    let refused = gate.client("bot").post(CHAT, chat("x")).await.expect(403);
    assert!(refused.message().contains("quarantine"), "{}", refused.message());
    assert!(gate.succeeds(&["agent", "show", "bot", "--json"]).contains("quarantined"));
}

#[tokio::test]
async fn a_provider_and_everything_can_be_suspended() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).anthropic(&upstream).agent("bot").run();
    let client = gate.client("bot");
    let stream = open_streams(&gate, "bot", 1).await.remove(0);
    gate.succeeds(&["provider", "suspend", "openai", "--reason", "drill"]);
    end_of(stream).await;
    client.post(CHAT, chat("x")).await.expect(403);
    client.post(MESSAGES, messages("claude-mock", "x")).await.expect(200);
    gate.succeeds(&["containment", "stop-everything", "--reason", "drill"]);
    client.post(MESSAGES, messages("claude-mock", "x")).await.expect(403);
    gate.succeeds(&["containment", "resume-everything"]);
    gate.succeeds(&["provider", "resume", "openai"]);
    client.post(CHAT, chat("x")).await.expect(200);
}
