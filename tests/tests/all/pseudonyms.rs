//! People whom records call by pseudonyms: decided by name, kept by pseudonym, resolved by who may, erased.

use std::path::Path;

use portcullis_tests::issuer::Issuer;
use portcullis_tests::{Gate, Upstream, chat, gate, upstream};
use serde_json::{Value, json};

use crate::CHAT;

const ANN: &str = "ann.archer@example.com";
const BOB: &str = "bob.baker@example.com";
const IDENTITY: &str = "[identity]\npersons = \"anyone\"\nperson_names = \"pseudonymous\"\n\
    [payloads]\nkeep = \"full\"\n\
    [inspect.actions]\npii.email = \"tokenise\"\n\
    [[limit]]\nper = \"person\"\nwindow = \"1d\"\nrequests = 3\n";

fn office(issuer: &Issuer, upstream: &Upstream, more: &str) -> Gate {
    let sections = format!("{IDENTITY}{more}{}", issuer.section());
    gate().openai(upstream).agent("planner").agent("worker").sections(&sections).run()
}

/// A token of an agent that acts for a person through another one.
async fn through_two(gate: &Gate, issuer: &Issuer, person: &str) -> String {
    let first = gate.client("planner").exchanged(&issuer.token(person), &[]).await;
    gate.client("worker").exchanged(&first, &[]).await
}

async fn called(gate: &Gate, token: &str, status: u16) -> Value {
    let reply = gate.stranger().bearer(token).post(CHAT, chat("hello")).await.expect(status);
    gate.record(reply.record())
}

fn pseudonym_in(record: &Value) -> String {
    record["on_behalf_of"].as_str().expect("somebody").to_owned()
}

/// The files below a folder in which a text stands.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.windows(text.len()).any(|part| part == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn said(gate: &Gate, words: &[&str]) -> String {
    gate.succeeds(words).trim().to_owned()
}

#[tokio::test]
async fn a_name_stands_in_no_file_and_is_resolved_by_who_may() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let mut gate = office(&issuer, &upstream, "");
    let token = through_two(&gate, &issuer, ANN).await;
    let record = called(&gate, &token, 200).await;
    let pseudonym = pseudonym_in(&record);
    assert!(pseudonym.starts_with("psn_") && pseudonym.len() == 36, "{pseudonym}");
    assert_eq!(record["chain"], json!(["planner", "worker"]));
    // The exchange of the token says the same.
    let exchanged = gate.records_with("the exchanges", |record| record["kind"] == "auth.attempt");
    let of_exchange = exchanged.iter().find(|record| record["kind"] == "auth.attempt").unwrap();
    assert_eq!(pseudonym_in(of_exchange), pseudonym);
    assert_ne!(
        pseudonym_in(&called(&gate, &through_two(&gate, &issuer, BOB).await, 200).await),
        pseudonym
    );

    assert_eq!(said(&gate, &["person", "resolve", &pseudonym]), ANN);
    assert_eq!(said(&gate, &["person", "pseudonym", ANN]), pseudonym);
    let found = said(&gate, &["ledger", "search", "--user", ANN, "--count"]);
    assert!(found.parse::<u64>().unwrap() >= 2, "{found}");
    let by_clause = said(&gate, &["ledger", "search", &format!("user:{ANN}"), "--count"]);
    assert_eq!(by_clause, found);
    let told = |how: &str| {
        let how = json!(how);
        gate.records_with("that it was resolved", |record| {
            record["kind"] == "name.resolve" && record["detail"]["how"] == how
        });
    };
    for how in ["resolve", "find", "search"] {
        told(how);
    }

    assert_eq!(files_with(&gate.data(), ANN), Vec::<String>::new());
    gate.stop();
    assert_eq!(files_with(&gate.data(), ANN), Vec::<String>::new());
    assert!(!files_with(&gate.data(), &pseudonym).is_empty());
    // It is the same after a restart, and so are the limits.
    gate.start();
    assert_eq!(pseudonym_in(&called(&gate, &token, 200).await), pseudonym);
    called(&gate, &token, 200).await;
    assert_eq!(pseudonym_in(&called(&gate, &token, 429).await), pseudonym);
}

#[tokio::test]
async fn policies_limits_and_holds_speak_of_the_name() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let policy = format!(
        "@id(\"not-for-bob\")\n@description(\"Nobody acts for Bob.\")\n\
         permit (principal, action, resource) when {{ context has on_behalf_of && context.on_behalf_of != User::\"{BOB}\" }};\n"
    );
    let only =
        format!("[[limit]]\nper = \"person\"\nonly = \"{ANN}\"\nwindow = \"1d\"\nrequests = 1\n");
    let sections = format!("{IDENTITY}{only}{}", issuer.section());
    let gate = gate()
        .openai(&upstream)
        .agent("planner")
        .sections(&sections)
        .policy("people.cedar", &policy)
        .run();
    let planner =
        async |person: &str| gate.client("planner").exchanged(&issuer.token(person), &[]).await;
    let (ann, bob) = (planner(ANN).await, planner(BOB).await);
    called(&gate, &bob, 403).await;
    let first = called(&gate, &ann, 200).await;
    called(&gate, &ann, 429).await;
    gate.succeeds(&["ledger", "hold", "add", "case-7", "--person", ANN, "--reason", "a court"]);
    let words = ["ledger", "erase", "--person", ANN, "--reason", "asked to"];
    assert_ne!(gate.portcullis(&words).status.code(), Some(0));
    let by_pseudonym = pseudonym_in(&first);
    let words = ["ledger", "erase", "--person", &by_pseudonym, "--reason", "asked to"];
    assert_ne!(gate.portcullis(&words).status.code(), Some(0), "nor by the pseudonym");
    let held = gate.records_with("the hold", |record| record["detail"]["act"] == "hold.add");
    assert!(!Value::from(held).to_string().contains(ANN));
    assert_eq!(files_with(&gate.data(), ANN), Vec::<String>::new());
}

#[tokio::test]
async fn who_is_erased_cannot_be_tied_to_their_records_and_the_log_verifies() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let mut gate = office(&issuer, &upstream, "");
    let token = through_two(&gate, &issuer, ANN).await;
    let record = called(&gate, &token, 200).await;
    let (pseudonym, id) = (pseudonym_in(&record), record["id"].as_str().unwrap().to_owned());
    gate.succeeds(&["ledger", "payload", &id, "--request"]);
    let erase = ["ledger", "erase", "--person", ANN, "--reason", "asked to, case 12", "--json"];
    let erased: Value = serde_json::from_str(&gate.succeeds(&erase)).unwrap();
    assert_eq!(erased["erased"].as_array().unwrap().len(), 1, "{erased}");
    assert_ne!(gate.portcullis(&["ledger", "payload", &id, "--request"]).status.code(), Some(0));
    assert_ne!(gate.portcullis(&["person", "resolve", &pseudonym]).status.code(), Some(0));
    assert_ne!(gate.portcullis(&["person", "pseudonym", ANN]).status.code(), Some(0));
    let told = gate.records_with("the erasure", |record| {
        record["kind"] == "data.erase" && record["status"] == "ok"
    });
    let told = told.iter().find(|record| record["kind"] == "data.erase").unwrap();
    assert_eq!(told["resource"]["name"], json!(pseudonym));
    // Whoever comes again is somebody else.
    assert_ne!(pseudonym_in(&called(&gate, &token, 200).await), pseudonym);
    gate.stop();
    assert_eq!(files_with(&gate.data(), ANN), Vec::<String>::new());
    let log = gate.ledger();
    let (log, vkey) = (log.to_str().unwrap().to_owned(), log.join("vkey"));
    let verified = gate.succeeds(&["ledger", "verify", &log, "--vkey", vkey.to_str().unwrap()]);
    assert!(verified.contains("VERIFIED"), "{verified}");
    gate.start();
    assert_ne!(gate.portcullis(&["person", "resolve", &pseudonym]).status.code(), Some(0));
}

#[tokio::test]
async fn a_person_who_calls_themselves_a_pseudonym_takes_nobodys_place() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let gate = office(&issuer, &upstream, "");
    let ann = pseudonym_in(&called(&gate, &through_two(&gate, &issuer, ANN).await, 200).await);
    let liar = pseudonym_in(&called(&gate, &through_two(&gate, &issuer, &ann).await, 200).await);
    assert_ne!(liar, ann);
    assert_eq!(said(&gate, &["person", "resolve", &ann]), ANN);
    assert_eq!(said(&gate, &["person", "resolve", &liar]), ann);
}
