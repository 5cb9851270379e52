//! What is kept of requests and answers is sealed, refers to its record, and can be erased.

use std::path::Path;
use std::time::SystemTime;

use model::{Digest, Month, Timestamp};
use portcullis_tests::{Gate, Upstream, chat, chat_stream, gate, upstream, wait};
use serde_json::{Value, json};

use crate::CHAT;

const FULL: &str = "[payloads]\nkeep = \"full\"\n";
const SAID: &str = "the harbour at dawn";

fn start(sections: &str) -> (Upstream, Gate) {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").agent("other").sections(sections).run();
    (upstream, gate)
}

async fn call(gate: &Gate, agent: &str, body: Value) -> String {
    gate.client(agent).post(CHAT, body).await.expect(200).record().to_owned()
}

/// One kept payload, as the command line gives it to machines.
fn kept(gate: &Gate, id: &str, part: &str) -> Value {
    let said = gate.succeeds(&["ledger", "payload", id, &format!("--{part}"), "--json"]);
    serde_json::from_str(&said).unwrap()
}

fn content(gate: &Gate, id: &str, part: &str) -> String {
    kept(gate, id, part)["content"].as_str().unwrap().to_owned()
}

/// All bytes under a folder.
fn everything(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(everything(&path));
        } else {
            // A socket holds nothing.
            bytes.extend(std::fs::read(path).unwrap_or_default());
        }
    }
    bytes
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

#[tokio::test]
async fn nothing_is_kept_unless_it_is_asked_for() {
    let (_upstream, gate) = start("");
    let id = call(&gate, "bot", chat(SAID)).await;
    let record = gate.record(&id);
    assert!(record["payload"]["request"]["sha256"].is_string());
    assert_eq!(record["payload"]["request"].get("ref"), None, "{record}");
    let refused = gate.portcullis(&["ledger", "payload", &id]);
    assert_eq!(refused.status.code(), Some(1));
}

#[tokio::test]
async fn what_was_sent_and_answered_reads_back_and_is_sealed_on_disk() {
    let (_upstream, mut gate) = start(FULL);
    let mut ids = Vec::new();
    for body in [chat(SAID), chat_stream("gpt-mock", SAID)] {
        let reply = gate.client("bot").post(CHAT, &body).await.expect(200);
        let (id, text) = (reply.record().to_owned(), reply.text());
        let record = gate.record(&id);
        assert_eq!(
            (&record["detail"]["kept_request"], &record["detail"]["kept_response"]),
            (&json!("full"), &json!("full"))
        );
        let request = content(&gate, &id, "request");
        assert!(request.contains(SAID), "{request}");
        let hash = |text: &str| Digest::of(text.as_bytes()).to_string();
        assert_eq!(record["payload"]["request"]["sha256"], hash(&request));
        assert_eq!(content(&gate, &id, "response"), text);
        assert_eq!(record["payload"]["response"]["sha256"], hash(&text));
        ids.push((id, text));
    }
    gate.kill();
    assert_eq!(find(&everything(&gate.data()), SAID.as_bytes()), None, "it stands there in clear");
    gate.start();
    for (id, text) in ids {
        assert_eq!(content(&gate, &id, "response"), text);
    }
    gate.records_with("that it was read", |record| record["kind"] == "payload.read");
}

#[tokio::test]
async fn redacted_keeps_what_left_and_full_what_came() {
    const MAIL: &str = "ann.lee@mail.example";
    let masked = "[inspect.actions]\npii.email = \"mask\"\n";
    for (keep, holds_it) in [("redacted", false), ("full", true)] {
        let sections = format!("[payloads]\nkeep = \"{keep}\"\n{masked}");
        let (upstream, gate) = start(&sections);
        let id = call(&gate, "bot", chat(&format!("write to {MAIL}"))).await;
        let request = content(&gate, &id, "request");
        assert_eq!(request.contains(MAIL), holds_it, "{keep}: {request}");
        if !holds_it {
            assert_eq!(request.as_bytes(), &upstream.last().body[..]);
        }
    }
}

#[tokio::test]
async fn a_rule_decides_by_agent_provider_and_label() {
    let rules = "[inspect.actions]\npii.email = \"mark\"\n\
        [[payloads.rule]]\nlabel = \"pii\"\nkeep = \"off\"\n\
        [[payloads.rule]]\nagent = \"bot\"\nprovider = \"openai\"\nkeep = \"full\"\n";
    let (_upstream, gate) = start(rules);
    let is_kept = |id: &str| gate.record(id)["payload"]["request"]["ref"].is_string();
    assert!(is_kept(&call(&gate, "bot", chat(SAID)).await));
    assert!(!is_kept(&call(&gate, "other", chat(SAID)).await));
    assert!(!is_kept(&call(&gate, "bot", chat("to ann.lee@mail.example")).await));
}

#[tokio::test]
async fn what_is_too_long_is_cut_off_and_the_record_says_so() {
    let (_upstream, gate) = start("[payloads]\nkeep = \"full\"\nmax_bytes = 40\n");
    let id = call(&gate, "bot", chat(SAID)).await;
    let record = gate.record(&id);
    assert_eq!(record["detail"]["kept_request"], "full, cut off after 40 bytes");
    let kept = kept(&gate, &id, "request");
    assert_eq!(
        (kept["is_truncated"].as_bool(), kept["content"].as_str().unwrap().len()),
        (Some(true), 40)
    );
}

#[tokio::test]
async fn a_refused_request_is_kept_where_everything_is() {
    let (upstream, gate) = start(&format!("{FULL}[inspect.actions]\npii.email = \"block\"\n"));
    let reply = gate.client("bot").post(CHAT, chat("to ann.lee@mail.example")).await.expect(403);
    assert!(upstream.calls().is_empty());
    let id = reply.record().to_owned();
    gate.record(&id);
    assert!(content(&gate, &id, "request").contains("ann.lee@mail.example"));
}

/// The key of `bot` as it stands wrapped in the key database: what follows its subject and month.
fn wrapped_key(data: &Path) -> Vec<u8> {
    let month = Month::of(Timestamp::from_system(SystemTime::now()));
    let mark = format!("agent:bot{month}");
    for name in ["keys.db-wal", "keys.db"] {
        let bytes = std::fs::read(data.join(name)).unwrap_or_default();
        // It also stands in an index, which holds no keys.
        for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(mark.as_bytes())) {
            let after = &bytes[at + mark.len()..];
            // Nonce, key and tag, none of which is text.
            if after.len() >= 60 && after[..60].iter().filter(|byte| !byte.is_ascii()).count() > 12
            {
                return after[..60].to_vec();
            }
        }
    }
    panic!("no wrapped key stands after {mark:?}");
}

#[tokio::test]
async fn what_is_erased_opens_nowhere_and_the_log_verifies() {
    let (_upstream, mut gate) = start(FULL);
    let (mine, theirs) =
        (call(&gate, "bot", chat(SAID)).await, call(&gate, "other", chat(SAID)).await);
    let before = gate.record(&mine);
    gate.record(&theirs);
    assert!(content(&gate, &mine, "request").contains(SAID));
    let key = wrapped_key(&gate.data());
    assert!(find(&everything(&gate.data()), &key).is_some());

    gate.succeeds(&["ledger", "erase", "--agent", "bot", "--reason", "asked to, case 12"]);
    assert_eq!(find(&everything(&gate.data()), &key), None, "the wrapped key is still there");
    let refused = gate.portcullis(&["ledger", "payload", &mine]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("destroyed"), "{refused:?}");
    assert!(content(&gate, &theirs, "request").contains(SAID));
    let erasure = gate.records_with("the erasure", |record| record["kind"] == "data.erase");
    let erasure = erasure.iter().rfind(|record| record["kind"] == "data.erase").unwrap();
    assert_eq!(erasure["detail"]["reason"], "asked to, case 12");
    assert!(erasure["detail"]["who"].as_str().unwrap().starts_with("uid:"));
    assert_eq!(gate.record(&mine), before, "a record is for ever");

    // Whoever goes on gets another key.
    let again = call(&gate, "bot", chat(SAID)).await;
    gate.record(&again);
    assert!(content(&gate, &again, "request").contains(SAID));
    gate.kill();
    let bytes = everything(&gate.data());
    assert_eq!((find(&bytes, &key), find(&bytes, SAID.as_bytes())), (None, None));
    gate.start();
    assert_eq!(gate.portcullis(&["ledger", "payload", &mine]).status.code(), Some(1));
    assert!(content(&gate, &again, "request").contains(SAID));
    gate.stop();
    let folder = gate.ledger();
    gate.succeeds(&["ledger", "verify", folder.to_str().unwrap()]);
}

#[tokio::test]
async fn each_level_of_keys_rotates_and_everything_still_opens() {
    let (_upstream, mut gate) = start(FULL);
    let id = call(&gate, "bot", chat(SAID)).await;
    gate.record(&id);
    let root = std::fs::read(gate.data().join("root.key")).unwrap();
    for level in ["data", "tenant", "root"] {
        gate.succeeds(&["ledger", "keys", "rotate", level]);
        assert!(content(&gate, &id, "request").contains(SAID), "{level}");
    }
    assert_ne!(std::fs::read(gate.data().join("root.key")).unwrap(), root);
    gate.kill();
    assert_eq!(find(&everything(&gate.data()), &root), None, "the old root key is still there");
    gate.start();
    assert!(content(&gate, &id, "request").contains(SAID));
    // The old one opens nothing.
    gate.stop();
    std::fs::write(gate.data().join("root.key"), root).unwrap();
    gate.start_and_fail();
    assert!(gate.log().contains("root key does not open"), "{}", gate.log());
}

#[tokio::test]
async fn a_root_key_rotation_that_was_cut_short_is_finished_or_undone() {
    let (_upstream, mut gate) = start(FULL);
    let id = call(&gate, "bot", chat(SAID)).await;
    gate.record(&id);
    let (own, beside) = (gate.data().join("root.key"), gate.data().join("root.key.new"));
    let old = std::fs::read(&own).unwrap();
    // Cut short before anything was wrapped by the new key.
    gate.kill();
    std::fs::write(&beside, "0123456789".repeat(7)).unwrap();
    gate.start();
    assert!(content(&gate, &id, "request").contains(SAID) && !beside.exists());
    // Cut short after: the new one still stands beside the old one.
    gate.succeeds(&["ledger", "keys", "rotate", "root"]);
    gate.kill();
    std::fs::rename(&own, &beside).unwrap();
    std::fs::write(&own, old).unwrap();
    gate.start();
    assert!(content(&gate, &id, "request").contains(SAID) && !beside.exists());
}

#[tokio::test]
async fn a_configured_root_key_is_exchanged_by_configuration() {
    let upstream = upstream().run();
    let secret = |letter: char| letter.to_string().repeat(40);
    let place = "[payloads]\nkeep = \"full\"\n";
    let mut gate = gate()
        .openai(&upstream)
        .agent("bot")
        .sections(place)
        .variable("OLD", &secret('o'))
        .variable("NEW", &secret('n'))
        .prepare();
    let with = |gate: &mut Gate, keys: &str| {
        gate.rewrite(|text| {
            let start = text.find("[data]").unwrap();
            let end = start + text[start..].find("\n\n").unwrap();
            format!("{}[data]\ndir = \"data\"\n{keys}{}", &text[..start], &text[end..])
        });
    };
    let (old, new) = ("root_key = { env = \"OLD\" }", "root_key = { env = \"NEW\" }");
    with(&mut gate, old);
    gate.start();
    let id = call(&gate, "bot", chat(SAID)).await;
    gate.record(&id);
    let refused = gate.portcullis(&["ledger", "keys", "rotate", "root"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("previous_root_key"), "{refused:?}");
    gate.stop();
    with(&mut gate, new);
    gate.start_and_fail();
    with(&mut gate, &format!("{new}\nprevious_{old}"));
    gate.start();
    assert!(content(&gate, &id, "request").contains(SAID));
    gate.stop();
    with(&mut gate, new);
    gate.start();
    assert!(content(&gate, &id, "request").contains(SAID));
    assert!(!gate.data().join("root.key").exists());
}

#[tokio::test]
async fn what_cannot_be_kept_is_held_back_unless_it_may_pass() {
    for (lines, status) in [("", 503), ("on_failure = \"pass\"\n", 200)] {
        let upstream = upstream().run();
        let sections = format!("{FULL}{lines}");
        let mut gate = gate().openai(&upstream).agent("bot").sections(&sections).prepare();
        // A file stands where the folder of this month is to be.
        let month = Month::of(Timestamp::from_system(SystemTime::now()));
        let folder = gate.data().join("payloads/main");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(month.to_string()), b"in the way").unwrap();
        gate.start();
        let reply = gate.client("bot").post(CHAT, chat(SAID)).await.expect(status);
        let record = gate.record(reply.record());
        let said = record["detail"]["kept_request"].as_str().unwrap();
        assert!(said.starts_with("could not be kept"), "{record}");
        let expected = if status == 200 { "ok" } else { "refused" };
        assert_eq!(
            (&record["status"], record["http_status"].as_u64()),
            (&json!(expected), Some(status.into())),
            "{record}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_hangs_up_leaves_a_record_that_refers_to_what_was_kept() {
    let (_upstream, gate) = start(FULL);
    let mut open = gate.client("bot").stream(CHAT, chat_stream("gpt-mock-endless", SAID)).await;
    open.until("fox").await;
    let id = open.headers["portcullis-record"].to_str().unwrap().to_owned();
    drop(open);
    let record = gate.record(&id);
    assert_eq!(record["status"], "cancelled");
    assert!(content(&gate, &id, "request").contains(SAID));
    assert!(content(&gate, &id, "response").contains("fox"));
}

#[tokio::test]
async fn text_that_a_terminal_would_obey_is_shown_and_bytes_are_written() {
    let (_upstream, gate) = start(FULL);
    let id = call(&gate, "bot", chat("a\u{202e}b\u{9b}31m")).await;
    gate.record(&id);
    let shown = gate.succeeds(&["ledger", "payload", &id, "--request"]);
    assert!(!shown.contains(['\u{202e}', '\u{9b}']) && shown.contains("\\u{202e}"), "{shown}");
    let raw = kept(&gate, &id, "request")["content"].as_str().unwrap().to_owned();
    gate.succeeds(&["ledger", "payload", &id, "--request", "--out", "kept.json"]);
    assert_eq!(std::fs::read_to_string(gate.folder().join("kept.json")).unwrap(), raw);
    wait::until("the records of both readings", || {
        let records = gate.records();
        (records.iter().filter(|r| r["kind"] == "payload.read").count() >= 3).then_some(())
    });
}
