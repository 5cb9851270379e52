//! What an operator gives the detectors to look for: records of his own, packages, canaries.

use std::os::unix::fs::PermissionsExt;

use portcullis_tests::gate::Builder;
use portcullis_tests::protocol::{Said, openai};
use portcullis_tests::random::Random;
use portcullis_tests::{Answer, Gate, chat, chat_stream, chat_to, gate, upstream, wait};
use serde_json::{Value, json};

use crate::CHAT;

const VALUES: &str = "C-1029-A\nJane Mary Nightingale\n\nX\nÜbermut GmbH\n4091-7755-20\n";

const SECTION: &str = "[[inspect.records]]\nname = \"customers\"\nkind = \"own.customer\"\nfile = \"customers.set\"\n";

/// A gate that is not started yet, with a set of customers.
fn with_customers(builder: Builder) -> Gate {
    let gate = builder.agent("bot").prepare();
    build(&gate, VALUES);
    gate
}

fn build(gate: &Gate, values: &str) -> Value {
    std::fs::write(gate.folder().join("customers.txt"), values).unwrap();
    let words =
        ["inspect", "records", "build", "customers.txt", "--out", "customers.set", "--json"];
    serde_json::from_str(&gate.succeeds(&words)).unwrap()
}

fn kinds(gate: &Gate, id: &str) -> Vec<String> {
    let record = gate.record(id);
    let found = record["findings"].as_array().cloned().unwrap_or_default();
    found.iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_customer_of_the_list_is_masked_and_a_near_miss_is_not() {
    let upstream = upstream().run();
    let mut gate = with_customers(gate().openai(&upstream).sections(SECTION));
    gate.start();
    for written in ["C-1029-A", "c1029a", "C 1029/A", "jane-mary NIGHTINGALE", "übermut gmbh"] {
        let reply = gate.client("bot").post(CHAT, chat(&format!("for {written}:"))).await;
        let sent = String::from_utf8_lossy(&upstream.last().body).into_owned();
        assert!(!sent.contains(written) && sent.contains("[redacted:own.customer]"), "{sent}");
        assert_eq!(kinds(&gate, reply.expect(200).record()), ["own.customer"], "{written}");
    }
    for other in ["C-1029-B", "c1029ab", "Jane Nightingale", "4091-7755-2"] {
        let question = chat(&format!("for {other}:"));
        gate.client("bot").post(CHAT, &question).await.expect(200);
        assert_eq!(upstream.last().body, question.to_string().as_bytes(), "{other}");
    }
}

#[tokio::test]
async fn a_customer_split_over_a_stream_is_masked() {
    let pieces =
        ["It is c", "-10", "29", "-", "a, and", " then jane m", "ary nigh", "tingale", "."];
    let upstream =
        upstream().always(Answer::events(openai::text_events("gpt-mock", &pieces))).run();
    let mut gate = with_customers(gate().openai(&upstream).sections(SECTION));
    gate.start();
    let reply = gate.client("bot").post(CHAT, chat_stream("gpt-mock", "who?")).await.expect(200);
    let mask = "[redacted:own.customer]";
    assert_eq!(reply.said(), format!("It is {mask}, and then {mask}."));
    assert_eq!(kinds(&gate, reply.record()), ["own.customer"]);
}

#[tokio::test]
async fn what_happens_to_a_record_is_set_by_its_kind() {
    let upstream = upstream().run();
    let sections = format!("[inspect.actions]\nown.customer = \"block\"\n{SECTION}");
    let mut gate = with_customers(gate().openai(&upstream).sections(&sections));
    gate.start();
    let reply = gate.client("bot").post(CHAT, chat("for C-1029-A")).await.expect(403);
    assert_eq!(kinds(&gate, reply.record()), ["own.customer"]);
    assert_eq!(upstream.calls().len(), 0);
}

#[test]
fn a_set_holds_no_value_and_is_its_owners() {
    let gate = gate().prepare();
    let built = build(&gate, VALUES);
    assert_eq!((&built["values"], &built["refused"]), (&json!(4), &json!(1)));
    let file = gate.folder().join("customers.set");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&file).unwrap();
    let text = String::from_utf8_lossy(&bytes).to_lowercase();
    assert!(!text.contains("night") && !text.contains("1029"), "{text}");
    let over = ["inspect", "records", "build", "customers.set", "--out", "customers.txt"];
    assert_eq!(gate.portcullis(&over).status.code(), Some(1), "the values would be lost");
    std::fs::write(gate.folder().join("empty.txt"), "x\n").unwrap();
    let none = ["inspect", "records", "build", "empty.txt", "--out", "e.set"];
    assert_eq!(gate.portcullis(&none).status.code(), Some(2));
}

#[test]
fn the_command_line_reads_the_same_sets() {
    let gate = gate().sections(SECTION).prepare();
    build(&gate, VALUES);
    std::fs::write(gate.folder().join("note.txt"), "Call Jane Mary Nightingale.").unwrap();
    let output = gate.portcullis(&["inspect", "--json", "note.txt"]);
    assert_eq!(output.status.code(), Some(3));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["findings"][0]["kind"], "own.customer", "{found}");
}

#[test]
fn a_set_of_another_root_key_is_refused_with_a_reason() {
    let gate = gate().sections(SECTION).prepare();
    build(&gate, VALUES);
    // With the keys below it: alone it would not even open those.
    for name in ["root.key", "keys.db", "keys.db-wal", "keys.db-shm"] {
        std::fs::remove_file(gate.data().join(name)).ok();
    }
    assert!(!gate.start_and_fail().status.success());
    assert!(gate.log().contains("customers.set") && gate.log().contains("key"), "{}", gate.log());
}

#[tokio::test]
async fn a_new_set_is_taken_up_and_a_damaged_one_is_not() {
    let upstream = upstream().run();
    let mut gate = with_customers(gate().openai(&upstream).sections(SECTION));
    gate.start();
    gate.client("bot").post(CHAT, chat("for Q-77-Z")).await.expect(200);
    assert!(String::from_utf8_lossy(&upstream.last().body).contains("Q-77-Z"));
    build(&gate, "Q-77-Z\n");
    let is_masked = async || {
        gate.client("bot").post(CHAT, chat("for Q-77-Z")).await.expect(200);
        !String::from_utf8_lossy(&upstream.last().body).contains("Q-77-Z")
    };
    let end = std::time::Instant::now() + wait::DEADLINE;
    while !is_masked().await {
        assert!(std::time::Instant::now() < end, "the new set is not taken up: {}", gate.log());
    }
    std::fs::write(gate.folder().join("customers.set"), "PCXS and nothing more").unwrap();
    wait::until_async("the complaint", || gate.log().contains("customers.set").then_some(())).await;
    assert!(is_masked().await, "a damaged set changes nothing");
}

#[tokio::test]
async fn a_package_that_no_list_holds_is_noticed_in_what_a_model_writes() {
    let code = "Sure:\n```sh\npip install flask our-tools made-up-thing\n```\n";
    let upstream =
        upstream().always(Answer::json(&openai::chat("gpt-mock", &Said::text(code)))).run();
    let section = "[[inspect.packages]]\nfile = \"pypi.set\"\n";
    for (sections, expected) in [("", vec![]), (section, vec!["code.unknown_package"])] {
        let mut gate = gate().openai(&upstream).agent("bot").sections(sections).prepare();
        std::fs::write(gate.folder().join("names.txt"), "Flask\nrequests\n").unwrap();
        std::fs::write(gate.folder().join("ours.txt"), "our_tools\n").unwrap();
        let words = ["inspect", "packages", "build", "--ecosystem", "pypi"];
        let files = ["names.txt", "ours.txt", "--out", "pypi.set"];
        gate.succeeds(&[&words[..], &files].concat());
        gate.start();
        let reply = gate.client("bot").post(CHAT, chat("how do I install it?")).await.expect(200);
        assert_eq!(kinds(&gate, reply.record()), expected);
    }
}

#[tokio::test]
async fn a_planted_canary_is_critical_wherever_it_is_sent() {
    let upstream = upstream().run();
    let printed = gate().prepare().succeeds(&["inspect", "canary", "new"]);
    let canary = printed.trim();
    assert!(canary.starts_with("sk_prod_") && canary.len() > 40, "{canary}");
    let sections = format!("[inspect]\ncanaries = [\"{canary}\"]\n");
    let gate = gate().openai(&upstream).agent("bot").sections(&sections).run();
    let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    for text in [format!("key: {canary}"), format!("decode {hex} please")] {
        let reply = gate.client("bot").post(CHAT, chat(&text)).await.expect(403);
        let record = gate.record(reply.record());
        let found = record["findings"].as_array().unwrap();
        let sighting = found.iter().find(|one| one["kind"] == "canary.token").unwrap();
        assert_eq!(sighting["severity"], "critical");
        assert!(sighting["fingerprint"].is_string() && !record.to_string().contains(canary));
    }
    assert_eq!(upstream.calls().len(), 0);
    let another = gate.succeeds(&["inspect", "canary", "new", "--json"]);
    assert!(!another.contains(canary), "every canary is another");
}

/// Fingerprints in the record of a call, of one kind.
fn fingerprints(gate: &Gate, id: &str, kind: &str) -> Vec<String> {
    let record = gate.record(id);
    let found = record["findings"].as_array().cloned().unwrap_or_default();
    let of_kind = found.iter().filter(|one| one["kind"] == kind);
    of_kind.map(|one| one["fingerprint"].as_str().expect("a fingerprint").to_owned()).collect()
}

#[tokio::test]
async fn one_secret_has_one_fingerprint_wherever_and_however_it_is_seen() {
    const KIND: &str = "secret.github_token";
    let token = portcullis_tests::fake::github_token();
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
    let escaped: String = token.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let mut seen = Vec::new();
    let nested = json!({"text": format!("use {token}.")}).to_string();
    for text in
        [format!("use {token} twice: {token}"), format!("decode {hex} now"), escaped, nested]
    {
        let reply = gate.client("bot").post(CHAT, chat(&text)).await.expect(200);
        seen.extend(fingerprints(&gate, reply.record(), KIND));
    }
    let client = gate.client("bot");
    let leaked = client.post(CHAT, chat_stream("gpt-mock-leak", "x")).await.expect(200);
    seen.extend(fingerprints(&gate, leaked.record(), KIND));
    let leaked = client.post(CHAT, chat_to("gpt-mock-leak", "x")).await.expect(200);
    seen.extend(fingerprints(&gate, leaked.record(), KIND));
    let refused = client.header("x-note", &token).post(CHAT, chat("x")).await.expect(403);
    seen.extend(fingerprints(&gate, refused.record(), KIND));
    let file = gate.folder().join("note.txt");
    std::fs::write(&file, format!("token: {token}\n")).unwrap();
    let output = gate.portcullis(&["inspect", "--json", "--fingerprints", "note.txt"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    seen.push(found["findings"][0]["fingerprint"].as_str().unwrap().to_owned());
    assert_eq!(seen.len(), 8, "{seen:?}");
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(!token.contains(&seen[0]) && seen[0].len() == 24);
    let plain = gate.portcullis(&["inspect", "--json", "note.txt"]);
    assert!(!String::from_utf8_lossy(&plain.stdout).contains("fingerprint"), "nobody asked");
}

#[tokio::test]
async fn two_secrets_in_one_text_have_two_fingerprints_and_what_is_no_secret_none() {
    let mut random = Random::seeded(3);
    let [one, two] = ["one", "two"].map(|name| {
        let letters = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789";
        let value: String = (0..24).map(|_| char::from(*random.pick(letters))).collect();
        format!("{name}_password = \"{value}\"")
    });
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let text = format!("{one}\n{two}\nann@example.org");
    let reply = gate.client("bot").post(CHAT, chat(&text)).await.expect(200);
    let record = gate.record(reply.record());
    let found = record["findings"].as_array().unwrap();
    let (secret, other): (Vec<_>, Vec<_>) =
        found.iter().partition(|one| one["kind"].as_str().unwrap().starts_with("secret."));
    assert_eq!(secret.len(), 2, "{record}");
    assert_ne!(secret[0]["fingerprint"], secret[1]["fingerprint"]);
    assert!(other.iter().all(|one| one["fingerprint"].is_null()), "{record}");
    assert!(!other.is_empty());
}

#[tokio::test]
async fn an_encoding_hides_nothing_in_a_header_or_an_address() {
    let token = portcullis_tests::fake::github_token();
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let twice = percent.replace('%', "%25");
    let bot = gate.client("bot");
    for (client, query) in [
        (bot.clone().header("x-note", &format!("data {hex}")), String::new()),
        (bot.clone().header("x-note", &hex), String::new()),
        (bot.clone().header("x-note", &percent), String::new()),
        (bot.clone(), format!("?note={hex}")),
        (bot.clone(), format!("?note={percent}")),
        (bot.clone(), format!("?note={twice}")),
    ] {
        let reply = client.post(&format!("{CHAT}{query}"), chat("x")).await.expect(403);
        assert_eq!(kinds(&gate, reply.record()), ["secret.github_token"], "{query}");
    }
    assert_eq!(upstream.calls().len(), 0);
    let agent = bot.header("user-agent", &format!("sdk/1.0 {hex}"));
    let refused = agent.post(CHAT, chat("x")).await.expect(403);
    assert!(!gate.record(refused.record()).to_string().contains(&hex), "the record repeats it");
}
