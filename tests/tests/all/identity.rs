//! Who calls: keys, where SDKs put them, rotation, expiry, and that they are nowhere in clear.

use portcullis_tests::gate::key_number;
use portcullis_tests::{chat, gate, raw, upstream, wait};
use serde_json::Value;

use crate::CHAT;

#[tokio::test]
async fn a_key_is_found_where_the_sdks_put_it() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let key = gate.key("bot");
    for (name, value) in [
        ("authorization", format!("Bearer {key}")),
        ("authorization", format!("bearer {key}")),
        ("x-api-key", key.clone()),
        ("x-goog-api-key", key.clone()),
        ("proxy-authorization", format!("Bearer {key}")),
    ] {
        gate.stranger().header(name, &value).post(CHAT, chat("x")).await.expect(200);
        let seen = format!("{:?}", upstream.last().headers);
        assert!(!seen.contains(&key), "{name} went upstream");
    }
}

#[tokio::test]
async fn who_is_not_known_is_refused_and_recorded() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let stranger = gate.stranger();
    let unknown = key_number(99);
    let mut spoiled = gate.key("bot");
    spoiled.pop();
    for client in [
        stranger.clone(),
        stranger.clone().bearer(&unknown),
        stranger.clone().bearer(&spoiled),
        stranger.clone().header("authorization", "Basic Ym90OmJvdA=="),
        stranger.clone().bearer(&gate.key("bot")).header("x-api-key", &unknown),
    ] {
        let reply = client.post(CHAT, chat("x")).await.expect(401);
        let record = gate.record(reply.record());
        assert_eq!(record["kind"], "auth.attempt");
        assert_eq!(record["decision"]["effect"], "deny");
        assert!(record.get("agent").is_none(), "{record}");
    }
    assert!(upstream.calls().is_empty());
}

#[tokio::test]
async fn an_added_agent_works_and_its_key_is_shown_once() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let added = gate.succeeds(&["agent", "add", "late", "--role", "tester", "--json"]);
    let added: Value = serde_json::from_str(&added).unwrap();
    let key = added["key"].as_str().expect("the key");
    gate.stranger().bearer(key).post(CHAT, chat("x")).await.expect(200);
    for words in [&["agent", "show", "late", "--json"][..], &["agent", "list", "--json"]] {
        assert!(!gate.succeeds(words).contains(key), "{words:?} shows the key");
    }
}

#[tokio::test]
async fn rotation_overlaps_and_then_ends() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("other").run();
    let key = |text: String| {
        serde_json::from_str::<Value>(&text).unwrap()["key"].as_str().unwrap().to_owned()
    };
    let old = key(gate.succeeds(&["agent", "add", "bot", "--role", "tester", "--json"]));
    let new = key(gate.succeeds(&["agent", "rotate", "bot", "--overlap", "1h", "--json"]));
    assert_ne!(old, new);
    for key in [&old, &new] {
        gate.stranger().bearer(key).post(CHAT, chat("x")).await.expect(200);
    }
    let newest = key(gate.succeeds(&["agent", "rotate", "bot", "--now", "--json"]));
    gate.stranger().bearer(&new).post(CHAT, chat("x")).await.expect(401);
    gate.stranger().bearer(&newest).post(CHAT, chat("x")).await.expect(200);
}

#[tokio::test]
async fn names_and_schemes_are_read_in_any_case() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let (key, body) = (gate.key("bot"), chat("x").to_string());
    for line in [
        format!("Authorization: Bearer {key}"),
        format!("AUTHORIZATION: BEARER {key}"),
        format!("X-API-KEY: {key}"),
        // Said twice alike, as some SDKs do, it is still one credential.
        format!("X-Api-Key: {key}\r\nAuthorization: bearer {key}"),
    ] {
        let request = format!(
            "POST {CHAT} HTTP/1.1\r\nHost: gate\r\n{line}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let come = raw::exchange(gate.address(), request.as_bytes());
        assert_eq!(raw::statuses(&come), [200], "{line}: {come}");
    }
}

#[tokio::test]
async fn credentials_that_disagree_are_refused_whatever_they_open() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").agent("other").run();
    let (bot, other) = (gate.key("bot"), gate.key("other"));
    let both = gate.stranger().bearer(&bot);
    for client in [
        both.clone().bearer(&other),
        both.clone().header("x-api-key", &other),
        both.clone().header("proxy-authorization", &format!("Bearer {other}")),
        both.clone().header("x-goog-api-key", "nothing"),
    ] {
        let reply = client.post(CHAT, chat("x")).await.expect(401);
        assert_eq!(gate.record(reply.record())["kind"], "auth.attempt");
    }
    assert!(upstream.calls().is_empty());
}

#[tokio::test]
async fn a_key_ends_when_it_expires() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("other").run();
    let words = ["agent", "add", "bot", "--role", "tester", "--expires-in", "2s", "--json"];
    let added: Value = serde_json::from_str(&gate.succeeds(&words)).unwrap();
    let client = gate.stranger().bearer(added["key"].as_str().unwrap());
    client.post(CHAT, chat("x")).await.expect(200);
    let end = std::time::Instant::now() + wait::DEADLINE;
    let refused = loop {
        let reply = client.post(CHAT, chat("x")).await;
        if reply.status != 200 {
            break reply.expect(401);
        }
        assert!(std::time::Instant::now() < end, "the key still opens");
    };
    // Whether a key ever was is nobody's business who does not hold a good one.
    let unknown = gate.stranger().bearer(&key_number(97)).post(CHAT, chat("x")).await.expect(401);
    let plain = |reply: &portcullis_tests::Reply| reply.message().replace(reply.record(), "");
    assert_eq!(plain(&refused), plain(&unknown));
    assert!(gate.record(refused.record()).to_string().contains("auth.attempt"));
}

#[tokio::test]
async fn a_removed_agent_is_gone_at_once() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("other").run();
    let added = gate.succeeds(&["agent", "add", "bot", "--role", "tester", "--json"]);
    let added: Value = serde_json::from_str(&added).unwrap();
    let client = gate.stranger().bearer(added["key"].as_str().unwrap());
    client.post(CHAT, chat("x")).await.expect(200);
    gate.succeeds(&["agent", "remove", "bot"]);
    client.post(CHAT, chat("x")).await.expect(401);
}

#[tokio::test]
async fn keys_and_prompts_are_in_no_file() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent("bot").run();
    let marker = "an-unusual-prompt-marker";
    gate.client("bot").post(CHAT, chat(marker)).await.expect(200);
    gate.stranger().bearer(&key_number(98)).post(CHAT, chat(marker)).await.expect(401);
    let (key, unknown) = (gate.key("bot"), key_number(98));
    gate.stop();
    let hay = files(&gate.data()).into_iter().chain([gate.folder().join("stderr.log")]);
    for file in hay {
        let bytes = std::fs::read(&file).unwrap();
        for needle in [key.as_str(), unknown.as_str(), marker, "provider-key-of-the-tests"] {
            let found = bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
            assert!(!found, "{} holds {needle}", file.display());
        }
    }
}

/// Every file below a folder.
fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: std::path::PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    let found: Vec<_> = entries.flat_map(below).filter(|path| path.is_file()).collect();
    assert!(!found.is_empty());
    found
}
