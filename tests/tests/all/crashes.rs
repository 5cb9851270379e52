//! Killed again and again while it appends, seals, archives, erases and answers, it loses nothing
//! that it acknowledged, and keeps nothing that it said was erased. The copying to the archive, a
//! process of its own, is killed every third time.
//!
//! `PORTCULLIS_KILLS=100` kills it a hundred times; without it, twelve times.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use http::Method;
use portcullis_tests::client::Next;
use portcullis_tests::{Client, Gate, chat, chat_stream, gate, program_in, upstream, wait};
use serde_json::Value;

use crate::CHAT;

const KILLS: usize = 12;
const CLIENTS: usize = 6;
/// Payloads that are read back at the end, of each agent.
const SAMPLES: usize = 40;

const SECTIONS: &str = "[payloads]\nkeep = \"full\"\n[ledger]\nsegment_bytes = 65536\n";

const ARCHIVE: &[&str] = &["ledger", "archive", "--to", "archive"];

/// Records that a log's checkpoint covers.
fn count(log: &std::path::Path) -> u64 {
    let checkpoint = std::fs::read_to_string(log.join("checkpoint")).unwrap();
    checkpoint.lines().nth(1).unwrap().parse().unwrap()
}

fn kills() -> usize {
    std::env::var("PORTCULLIS_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS)
}

type Acknowledged = Arc<Mutex<Vec<String>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_and_what_was_erased_is_not() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent("stays").agent("goes").sections(SECTIONS).run();
    let (stays, goes) = (Acknowledged::default(), Acknowledged::default());
    let mut erased = Vec::new();
    for round in 0..kills() {
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (agent, to) = if number % 3 == 0 { ("goes", &goes) } else { ("stays", &stays) };
                tokio::spawn(ask(gate.client(agent), number, stop.clone(), to.clone()))
            })
            .collect();
        more(&stays, 15 + round % 7).await;
        let before = goes.lock().unwrap().clone();
        let mut erasure = program_in(gate.folder());
        erasure.args(["ledger", "erase", "--agent", "goes", "--reason", "a drill"]);
        let mut erasure = erasure.stderr(Stdio::null()).spawn().unwrap();
        let mut archive = program_in(gate.folder());
        let mut archive = archive.args(ARCHIVE).stderr(Stdio::piped()).spawn().unwrap();
        // Every other time it is let through; otherwise it is under way, or has not begun.
        if round % 2 == 0 {
            wait::until_async("the erasure", || erasure.try_wait().unwrap()).await;
        } else {
            more(&stays, round % 5).await;
        }
        // Every third time the copying is killed with it; what it left is taken up by the next.
        let is_archive_killed = round % 3 == 0;
        tokio::task::block_in_place(|| gate.kill());
        if is_archive_killed {
            archive.kill().unwrap();
        }
        stop.store(true, Ordering::SeqCst);
        for client in clients {
            client.await.unwrap();
        }
        let archived = tokio::task::block_in_place(|| archive.wait_with_output().unwrap());
        assert!(is_archive_killed || archived.status.success(), "{archived:?}");
        if tokio::task::block_in_place(|| erasure.wait().unwrap()).success() {
            erased.extend(before.into_iter().rev().take(3));
        }
        tokio::task::block_in_place(|| gate.start());
    }
    let stays = stays.lock().unwrap().clone();
    tokio::task::block_in_place(|| {
        let records = recorded(&gate, &stays);
        for id in &stays {
            let record = records.get(id).unwrap_or_else(|| panic!("{id} is not in the log"));
            assert_eq!(record["status"], "ok", "{record}");
            assert!(record["payload"]["response"]["ref"].is_string(), "{record}");
        }
        for id in stays.iter().rev().step_by(1 + stays.len() / SAMPLES) {
            gate.succeeds(&["ledger", "payload", id]);
        }
        assert!(!erased.is_empty(), "no erasure was acknowledged");
        for id in erased.iter().rev().step_by(1 + erased.len() / SAMPLES) {
            let read = gate.portcullis(&["ledger", "payload", id, "--request"]);
            assert!(!read.status.success(), "{id} was erased and opens");
        }
        gate.stop();
        let folder = gate.ledger();
        gate.succeeds(&["ledger", "verify", folder.to_str().unwrap()]);
        gate.succeeds(ARCHIVE);
        gate.succeeds(&["ledger", "restore", "--from", "archive", "--to", "restored"]);
        let (log, restored) = (count(&folder), count(&gate.folder().join("restored")));
        assert_eq!(log, restored, "the archive holds all that the log does");
    });
}

/// Waits for so many more acknowledged calls.
async fn more(acknowledged: &Acknowledged, count: usize) {
    let before = acknowledged.lock().unwrap().len();
    wait::until_async("some answers", || {
        (acknowledged.lock().unwrap().len() >= before + count).then_some(())
    })
    .await;
}

/// The completing records by id, once all of these are indexed.
fn recorded(gate: &Gate, ids: &[String]) -> BTreeMap<String, Value> {
    wait::until("all records", || {
        let records = gate.records().into_iter().filter(|record| record["status"] != "begun");
        let records: BTreeMap<String, Value> = records
            .filter_map(|record| Some((record["id"].as_str()?.to_owned(), record)))
            .collect();
        ids.iter().all(|id| records.contains_key(id)).then_some(records)
    })
}

/// Asks until told to stop; notes the record of each answer that came whole.
async fn ask(client: Client, number: usize, stop: Arc<AtomicBool>, acknowledged: Acknowledged) {
    while !stop.load(Ordering::SeqCst) {
        let body = if number.is_multiple_of(2) { chat("x") } else { chat_stream("gpt-mock", "x") };
        let Ok(mut open) = client.try_open(Method::POST, CHAT, body.to_string().into()).await
        else {
            continue;
        };
        let id = open.headers["portcullis-record"].to_str().unwrap().to_owned();
        let whole = loop {
            match open.next().await {
                Next::Piece(_) => {}
                Next::End => break open.status == 200,
                Next::Broken(_) => break false,
            }
        };
        if whole {
            acknowledged.lock().unwrap().push(id);
        }
    }
}
