//! The log: it holds every action that was answered, whatever happens to the process, and it verifies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use http::Method;
use portcullis_tests::client::Next;
use portcullis_tests::{Client, Gate, chat, chat_stream, gate, upstream, wait};
use serde_json::Value;

use crate::CHAT;

/// How often the process is killed.
const KILLS: usize = 50;
/// Clients that keep asking meanwhile.
const CLIENTS: usize = 8;

/// Verifies the log as a stranger would: a cold folder, nothing running.
fn verify(gate: &Gate) -> String {
    let folder = gate.ledger();
    gate.succeeds(&["ledger", "verify", folder.to_str().unwrap()])
}

/// The records by id, each with the statuses that were recorded for it, once the index has these ids.
fn statuses(gate: &Gate, ids: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut missing = 0;
    let end = Instant::now() + wait::DEADLINE;
    loop {
        let mut statuses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for record in gate.records() {
            statuses.entry(text(&record["id"])).or_default().insert(text(&record["status"]));
        }
        let lacking: Vec<_> = ids.iter().filter(|id| !statuses.contains_key(*id)).collect();
        if lacking.is_empty() {
            return statuses;
        }
        // The index may still be reading, but then each look shows more.
        assert!(lacking.len() != missing || Instant::now() < end, "not in the log: {lacking:?}");
        missing = lacking.len();
    }
}

#[tokio::test]
async fn every_answered_action_is_in_the_log_and_it_verifies() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent("bot").run();
    let mut ids = Vec::new();
    for number in 0..50 {
        let body = if number % 2 == 0 { chat("x") } else { chat_stream("gpt-mock", "x") };
        ids.push(gate.client("bot").post(CHAT, body).await.expect(200).record().to_owned());
        ids.push(gate.stranger().post(CHAT, chat("x")).await.expect(401).record().to_owned());
    }
    statuses(&gate, &ids);
    gate.stop();
    verify(&gate);
}

#[tokio::test]
async fn a_changed_byte_is_noticed() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent("bot").run();
    for _ in 0..20 {
        gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    }
    gate.stop();
    verify(&gate);
    let spoiled = spoil(&gate.ledger());
    let folder = gate.ledger();
    let output = gate.portcullis(&["ledger", "verify", folder.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{} was changed and: {said}", spoiled.display());
}

/// Changes one letter of an agent's name in the largest file that holds one.
fn spoil(folder: &std::path::Path) -> std::path::PathBuf {
    let needle = b"\"agent\":\"bot\"";
    let mut holders = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Some(at) = find(&std::fs::read(&path).unwrap(), needle) {
                holders.push((path, at));
            }
        }
    }
    assert!(!holders.is_empty(), "no file of the log holds a record in clear");
    for (path, at) in &holders {
        let mut bytes = std::fs::read(path).unwrap();
        bytes[at + needle.len() - 2] = b'x';
        std::fs::write(path, bytes).unwrap();
    }
    holders.remove(0).0
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

#[tokio::test]
async fn start_and_stop_are_recorded_and_an_unclean_end_is_stated() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent("bot").run();
    let of_kind = |gate: &Gate, kind: &str| {
        // The start that just was is the last record to wait for.
        let starts =
            |records: &[Value]| records.iter().filter(|r| r["kind"] == "system.start").count();
        wait::until("the records of two starts", || (starts(&gate.records()) >= 2).then_some(()));
        gate.records().iter().filter(|record| record["kind"] == kind).count()
    };
    gate.stop();
    gate.start();
    assert_eq!((of_kind(&gate, "system.stop"), of_kind(&gate, "system.recovered")), (1, 0));
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    gate.kill();
    gate.start();
    gate.records_with("the unclean end", |record| record["kind"] == "system.recovered");
}

#[tokio::test]
async fn a_stream_is_recorded_before_its_first_byte_and_completed() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent("bot").run();
    let mut open = gate.client("bot").stream(CHAT, chat_stream("gpt-mock-endless", "x")).await;
    open.until("fox").await;
    let id = open.headers["portcullis-record"].to_str().unwrap().to_owned();
    gate.kill();
    drop(open);
    gate.start();
    gate.records_with("the end that nobody saw", |record| {
        record["id"] == id && record["status"] == "interrupted"
    });
    gate.stop();
    verify(&gate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_after_kill_loses_nothing_that_was_acknowledged() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent("bot").run();
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for round in 0..KILLS {
        let stop = Arc::new(AtomicBool::new(false));
        let before = acknowledged.lock().unwrap().len();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                tokio::spawn(ask(
                    gate.client("bot"),
                    number,
                    Arc::clone(&stop),
                    Arc::clone(&acknowledged),
                ))
            })
            .collect();
        wait::until_async("some answers", || {
            (acknowledged.lock().unwrap().len() >= before + 20 + round % 7).then_some(())
        })
        .await;
        tokio::task::block_in_place(|| gate.kill());
        stop.store(true, Ordering::SeqCst);
        for client in clients {
            client.await.unwrap();
        }
        tokio::task::block_in_place(|| gate.start());
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    let recorded = tokio::task::block_in_place(|| statuses(&gate, &acknowledged));
    assert!(acknowledged.len() >= KILLS * 20);
    for id in &acknowledged {
        let statuses = recorded
            .get(id)
            .unwrap_or_else(|| panic!("{id} was acknowledged and is not in the log"));
        assert!(statuses.contains("ok"), "{id}: {statuses:?}");
    }
    tokio::task::block_in_place(|| gate.stop());
    verify(&gate);
}

/// Asks until told to stop; notes the record of each answer that came whole.
async fn ask(
    client: Client,
    number: usize,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<String>>>,
) {
    while !stop.load(Ordering::SeqCst) {
        let body = if number.is_multiple_of(2) { chat("x") } else { chat_stream("gpt-mock", "x") };
        let Ok(mut open) = client.try_open(Method::POST, CHAT, body.to_string().into()).await
        else {
            continue;
        };
        if open.status != 200 {
            continue;
        }
        let id = open.headers["portcullis-record"].to_str().unwrap().to_owned();
        let whole = loop {
            match open.next().await {
                Next::Piece(_) => {}
                Next::End => break true,
                Next::Broken(_) => break false,
            }
        };
        if whole {
            acknowledged.lock().unwrap().push(id);
        }
    }
}

#[tokio::test]
async fn one_action_can_be_shown_and_proved() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let id = gate.client("bot").post(CHAT, chat("x")).await.expect(200).record().to_owned();
    gate.record(&id);
    let shown: Value =
        serde_json::from_str(&gate.succeeds(&["ledger", "show", &id, "--json"])).unwrap();
    assert!(shown.to_string().contains(&id));
    gate.succeeds(&["ledger", "prove", &id]);
    let found =
        gate.succeeds(&["ledger", "search", "--json", "--agent", "bot", "--kind", "llm.call"]);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(
        gate.portcullis(&["ledger", "show", "act_00000000-0000-7000-8000-000000000000"])
            .status
            .code(),
        Some(1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_half_verifies_over_http_and_what_it_cannot_show_is_said() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let id = gate.client("bot").post(CHAT, chat("x")).await.expect(200).record().to_owned();
    gate.record(&id);
    gate.succeeds(&["ledger", "prove", &id]);
    let url = format!("http://{}/ledger/main", gate.console());
    let vkey = gate.ledger().join("vkey");
    let vkey = vkey.to_str().unwrap();
    let said = gate.succeeds(&["ledger", "verify", &url, "--vkey", vkey, "--hashes"]);
    assert!(said.contains("HASHES ONLY") && said.contains("what"), "{said}");
    // Who may not read the records is told so, and not by the status that says all is proved.
    let refused = gate.portcullis(&["ledger", "verify", &url, "--vkey", vkey]);
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    let nowhere = format!("http://{}/ledger/other", gate.console());
    let missing = gate.portcullis(&["ledger", "verify", &nowhere, "--vkey", vkey]);
    assert_eq!(missing.status.code(), Some(3), "{missing:?}");
}
