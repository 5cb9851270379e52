//! How it ends, in order or not: what was under way, what was counted, what the log says of it.

use std::time::Duration;

use portcullis_tests::{
    Answer, Gate, chat, chat_stream, gate, messages_stream, protocol, upstream, wait,
};
use serde_json::Value;

use crate::{CHAT, MESSAGES};

/// The records of one action, oldest first.
fn of<'a>(records: &'a [Value], id: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["id"] == id).collect()
}

fn budget(tokens: u32) -> String {
    format!("[[limit]]\nper = \"agent\"\nwindow = \"1d\"\ntokens = {tokens}\n")
}

#[tokio::test]
async fn a_term_signal_lets_a_stream_finish() {
    let words = ["one ", "two ", "three ", "four ", "five "];
    let events = protocol::openai::text_events("gpt-mock", &words);
    let slow = Answer::events(events).paced(Duration::from_millis(100));
    let upstream = upstream().always(slow).run();
    let mut gate = gate().openai(&upstream).agent("bot").run();
    let mut open = gate.client("bot").stream(CHAT, chat_stream("gpt-mock", "x")).await;
    let id = open.headers["portcullis-record"].to_str().unwrap().to_owned();
    open.until("one ").await;
    gate.signal("TERM");
    let rest = open.whole().await;
    assert!(rest.broken.is_none() && rest.text().ends_with("data: [DONE]\n\n"), "{rest:?}");
    gate.ended();
    gate.start();
    assert_eq!(gate.record(&id)["status"], "ok");
    gate.records_with("the record of the stop", |record| record["kind"] == "system.stop");
}

#[tokio::test]
async fn a_stream_that_does_not_end_is_cut_when_its_time_is_up() {
    let upstream = upstream().run();
    let drain = "[gate.timeouts]\ndrain = \"300ms\"\n";
    let mut gate = gate().openai(&upstream).agent("bot").sections(drain).run();
    let body = chat_stream("gpt-mock-endless", "x");
    let mut open = gate.client("bot").stream(CHAT, body).await;
    let id = open.headers["portcullis-record"].to_str().unwrap().to_owned();
    open.until("fox").await;
    gate.stop();
    let rest = open.whole().await;
    assert!(!rest.text().contains("[DONE]"), "a cut stream looks complete: {}", rest.text());
    gate.start();
    let status = gate.record(&id)["status"].clone();
    assert!(status == "cut" || status == "cancelled", "{status}");
}

#[tokio::test]
async fn tokens_that_were_used_count_after_a_restart_and_a_kill() {
    let upstream = upstream().run();
    // Each call uses 20 tokens and reserves somewhat more than 64.
    let mut gate = gate().openai(&upstream).agent("bot").sections(&budget(140)).run();
    for end in [Gate::stop as fn(&mut Gate), Gate::kill] {
        gate.client("bot").post(CHAT, chat("x")).await.expect(200);
        end(&mut gate);
        gate.start();
    }
    // 40 are used; once another is counted, what a call reserves no longer fits.
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    let refused = gate.client("bot").post(CHAT, chat("x")).await.expect(429);
    assert!(refused.message().contains("60 are used"), "{}", refused.message());
}

#[tokio::test]
async fn streams_that_a_kill_cut_short_are_completed_at_the_next_start() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).anthropic(&upstream).agent("bot").run();
    let client = gate.client("bot");
    let done = client.post(CHAT, chat_stream("gpt-mock", "x")).await.expect(200);
    let (done, mut cut, mut opened) = (done.record().to_owned(), Vec::new(), Vec::new());
    for (path, body) in [
        (CHAT, chat_stream("gpt-mock-endless", "x")),
        (MESSAGES, messages_stream("claude-mock-endless", "x")),
    ] {
        let mut open = client.stream(path, body).await;
        open.until("fox").await;
        cut.push(open.headers["portcullis-record"].to_str().unwrap().to_owned());
        opened.push(open);
    }
    for id in &cut {
        gate.records_with("the beginning", |r| r["id"] == **id && r["status"] == "begun");
    }
    gate.kill();
    drop(opened);
    gate.start();
    for id in &cut {
        let record = gate.record(id);
        assert_eq!((&record["status"], &record["agent"]), (&"interrupted".into(), &"bot".into()));
    }
    let recovered = gate
        .records_with("the record of the recovery", |record| record["kind"] == "system.recovered");
    assert_eq!(of(&recovered, &done).last().unwrap()["status"], "ok");
    // It is said once.
    gate.stop();
    gate.start();
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    let count = |records: &[Value], what: &str| {
        records.iter().filter(|r| r["kind"] == what || r["status"] == what).count()
    };
    let records =
        wait::until("the index", || Some(gate.records()).filter(|r| count(r, "system.start") == 3));
    assert_eq!((count(&records, "interrupted"), count(&records, "system.recovered")), (2, 1));
    gate.stop();
    gate.succeeds(&["ledger", "verify", gate.ledger().to_str().unwrap()]);
}
