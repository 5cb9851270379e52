//! What is tokenised leaves as a placeholder and comes back as itself, to its sender alone.

use portcullis_tests::protocol::{Said, openai};
use portcullis_tests::random::Random;
use portcullis_tests::{Answer, Gate, Reply, Upstream, chat, chat_stream, gate, upstream};
use serde_json::Value;

use crate::CHAT;

const MAIL: &str = "ann.lee@mail.example";
const TOKENISE: &str = "[inspect.actions]\npii.email = { request = \"tokenise\" }\n";

/// A model that says again what it was told, whole or in pieces of a few characters.
fn parrot() -> Upstream {
    upstream()
        .answers(|call| {
            let body = call.json();
            let messages = body["messages"].as_array().cloned().unwrap_or_default();
            let said =
                messages.last().and_then(|last| last["content"].as_str()).unwrap_or_default();
            if body["stream"] != Value::Bool(true) {
                return Answer::json(&openai::chat("gpt-mock", &Said::text(said)));
            }
            let mut random = Random::seeded(said.len() as u64);
            let (mut rest, mut pieces) = (said, Vec::new());
            while !rest.is_empty() {
                let (piece, after) = rest.split_at((1 + random.below(5)).min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            Answer::events(openai::text_events("gpt-mock", &pieces))
        })
        .run()
}

fn sent(upstream: &Upstream) -> String {
    String::from_utf8_lossy(&upstream.last().body).into_owned()
}

fn placeholder(text: &str) -> String {
    let from = text.find("pcv-email-").unwrap_or_else(|| panic!("no placeholder in {text}"));
    text[from..from + "pcv-email-".len() + 16].to_owned()
}

/// What the model said in an answer that was not streamed.
fn whole(reply: &Reply) -> String {
    reply.json()["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
}

async fn said_to(gate: &Gate, agent: &str, text: &str) -> String {
    whole(&gate.client(agent).post(CHAT, chat(text)).await.expect(200))
}

#[tokio::test]
async fn the_model_sees_a_placeholder_and_the_agent_its_own_value() {
    let upstream = parrot();
    let gate = gate().openai(&upstream).agent("bot").sections(TOKENISE).run();
    let text = format!("write to {MAIL}, please");
    let reply = gate.client("bot").post(CHAT, chat(&text)).await.expect(200);
    assert!(!sent(&upstream).contains(MAIL), "{}", sent(&upstream));
    assert_eq!((whole(&reply), reply.decision()), (text.clone(), "redact"));
    let streamed = gate.client("bot").post(CHAT, chat_stream("gpt-mock", &text)).await.expect(200);
    assert_eq!(streamed.said(), text);
    let record = gate.record(reply.record()).to_string();
    assert!(!record.contains(MAIL), "{record}");
}

#[tokio::test]
async fn another_agent_gets_nothing_for_a_placeholder_that_it_saw() {
    let upstream = parrot();
    let gate = gate().openai(&upstream).agent("bot").agent("thief").sections(TOKENISE).run();
    said_to(&gate, "bot", &format!("write to {MAIL}")).await;
    let stolen = placeholder(&sent(&upstream));
    let text = format!("who is {stolen}?");
    assert_eq!(said_to(&gate, "thief", &text).await, text);
    assert_eq!(said_to(&gate, "bot", &text).await, format!("who is {MAIL}?"));
}

#[tokio::test]
async fn a_placeholder_outlives_a_kill_and_is_sealed_on_disk() {
    let upstream = parrot();
    let mut gate = gate().openai(&upstream).agent("bot").sections(TOKENISE).run();
    said_to(&gate, "bot", &format!("write to {MAIL}")).await;
    let kept = placeholder(&sent(&upstream));
    gate.kill();
    for name in ["state.db", "state.db-wal"] {
        let bytes = std::fs::read(gate.data().join(name)).unwrap_or_default();
        assert!(
            !bytes.windows(MAIL.len()).any(|part| part == MAIL.as_bytes()),
            "in clear in {name}"
        );
    }
    gate.start();
    assert_eq!(said_to(&gate, "bot", &format!("to {kept}")).await, format!("to {MAIL}"));
}

#[tokio::test]
async fn what_an_agent_sent_is_forgotten_with_it() {
    let upstream = parrot();
    let mut gate = gate().openai(&upstream).agent("bot").agent("other").sections(TOKENISE).run();
    let mut kept = Vec::new();
    for agent in ["bot", "other"] {
        said_to(&gate, agent, &format!("write to {MAIL}")).await;
        kept.push(placeholder(&sent(&upstream)));
    }
    let erase = ["ledger", "erase", "--agent", "bot", "--reason", "asked to", "--json"];
    let answer: Value = serde_json::from_str(&gate.succeeds(&erase)).expect("JSON");
    assert_eq!(answer["values"], 1);
    for _ in 0..2 {
        let text = format!("to {}", kept[0]);
        assert_eq!(said_to(&gate, "bot", &text).await, text);
        assert_eq!(said_to(&gate, "other", &format!("to {}", kept[1])).await, format!("to {MAIL}"));
        gate.kill();
        gate.start();
    }
    let is_erasure = |record: &Value| record["kind"] == "data.erase" && record["status"] == "ok";
    let records = gate.records_with("the erasure", is_erasure);
    let record = records.iter().find(|record| is_erasure(record)).expect("it");
    assert_eq!(record["detail"]["values"], "1");
}

#[tokio::test]
async fn a_copy_of_the_state_from_before_an_erasure_gives_nothing_back() {
    let upstream = parrot();
    let mut gate = gate().openai(&upstream).agent("bot").agent("other").sections(TOKENISE).run();
    let mut kept = Vec::new();
    for agent in ["bot", "other"] {
        said_to(&gate, agent, &format!("write to {MAIL}")).await;
        kept.push(placeholder(&sent(&upstream)));
    }
    gate.stop();
    // Every page as it was, freed ones too.
    let state = std::fs::read(gate.data().join("state.db")).unwrap();
    gate.start();
    gate.succeeds(&["ledger", "erase", "--agent", "bot", "--reason", "asked to"]);
    gate.stop();
    for left in ["state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(gate.data().join(left));
    }
    std::fs::write(gate.data().join("state.db"), state).unwrap();
    gate.start();
    let text = format!("to {}", kept[0]);
    assert_eq!(said_to(&gate, "bot", &text).await, text, "its key is gone");
    assert_eq!(said_to(&gate, "other", &format!("to {}", kept[1])).await, format!("to {MAIL}"));
}

#[tokio::test]
async fn another_root_key_does_not_open_the_vault_and_says_so() {
    let upstream = parrot();
    let mut gate = gate().openai(&upstream).agent("bot").sections(TOKENISE).run();
    said_to(&gate, "bot", &format!("write to {MAIL}")).await;
    gate.stop();
    std::fs::write(gate.data().join("root.key"), "0".repeat(64)).unwrap();
    gate.start_and_fail();
    let said = gate.log();
    assert!(said.contains("root key does not open the vault"), "{said}");
}

#[tokio::test]
async fn a_mark_passes_and_labels_the_record() {
    let upstream = parrot();
    let marked = "[inspect.actions]\npii.email = \"mark\"\n";
    let gate = gate().openai(&upstream).agent("bot").sections(marked).run();
    let text = format!("write to {MAIL}");
    let reply = gate.client("bot").post(CHAT, chat(&text)).await.expect(200);
    assert_eq!((whole(&reply), reply.decision()), (text, "permit"));
    assert_eq!(gate.record(reply.record())["labels"], serde_json::json!(["pii.email"]));
}
