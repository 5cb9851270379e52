//! A draft of policies on what was recorded: nothing is guessed, and every difference is named.

use portcullis_tests::mcp::{McpClient, mcp_server, text};
use portcullis_tests::{Gate, chat, chat_stream, fake, gate, upstream};
use serde_json::{Value, json};

use crate::CHAT;

const NO_STREAMS: &str = r#"
@id("no-streams")
@description("No streamed answers here.")
forbid (principal, action == Action::"call_model", resource) when { context.stream };
"#;

/// Holds what the baseline lets pass: whatever reads something untrusted.
const READS_ASK: &str = r#"
@id("untrusted-reads-ask")
@description("A person looks before a stranger's words are read.")
@approve("")
permit (principal, action == Action::"call_tool", resource)
when { resource in principal.grants }
when { resource.integrity == Integrity::"untrusted" };
"#;

/// A folder with the baseline and one file more.
fn draft(gate: &Gate, name: &str, more: &str) -> String {
    let folder = gate.folder().join(name);
    let folder = folder.to_str().unwrap().to_owned();
    gate.succeeds(&["policy", "baseline", "--write", &folder]);
    std::fs::write(format!("{folder}/more.cedar"), more).unwrap();
    folder
}

fn simulated(gate: &Gate, words: &[&str]) -> Value {
    let words = [&["policy", "simulate", "--json"], words].concat();
    serde_json::from_str(&gate.succeeds(&words)).unwrap()
}

#[tokio::test]
async fn what_a_draft_refuses_is_counted_and_named() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let client = gate.client("bot");
    client.post(CHAT, chat("x")).await.expect(200);
    let streamed = client.post(CHAT, chat_stream("gpt-mock", "x")).await.expect(200);
    client.post(CHAT, "no JSON".to_owned()).await.expect(400);
    let folder = draft(&gate, "draft", NO_STREAMS);
    let answer = simulated(&gate, &[&folder]);
    let simulation = &answer["simulation"];
    let [replayed, alike, unasked] = ["replayed", "alike", "unasked"].map(|n| &simulation[n]);
    assert_eq!((replayed, alike, unasked), (&json!(2), &json!(1), &json!(1)), "{answer}");
    let change = &simulation["changes"][0];
    assert_eq!((&change["from"], &change["to"]), (&json!("permit"), &json!("deny")));
    let example = &change["examples"][0];
    assert_eq!(example["record"], streamed.record());
    assert_eq!(example["would_decide"], json!(["no-streams"]));
    let said = gate.succeeds(&["policy", "simulate", &folder]);
    assert!(said.contains("1 more refused") && said.contains(streamed.record()), "{said}");
    // Against itself, a set of policies changes nothing.
    let same = simulated(&gate, &["baseline"]);
    assert_eq!(same["simulation"]["changes"], json!([]), "{same}");
    assert_eq!(same["simulation"]["drifted"], 0, "{same}");
}

#[tokio::test]
async fn tools_labels_and_findings_are_replayed_as_they_were() {
    let server = mcp_server()
        .tool(json!({"name": "read", "description": "Reads.", "inputSchema": {"type": "object"}}))
        .tool(json!({"name": "send", "description": "Sends.", "inputSchema": {"type": "object"}}))
        .calls(|_, _| text("from eve@evil.example"))
        .run();
    let gate = gate()
        .mcp("mail", &server)
        .mcp_lines("[[mcp.tool]]\nname = \"read\"\neffect = \"read\"\nconfidentiality = \"internal\"\n")
        .mcp_lines("[[mcp.tool]]\nname = \"send\"\neffect = \"external\"\nconfidentiality = \"internal\"\ndecisive = [\"to\"]\n")
        .agent("bot")
        .run();
    let client = McpClient::new(gate.client("bot"), "/mcp/mail").open().await;
    let call = async |tool: &str, arguments: Value| {
        client.request("tools/call", json!({"name": tool, "arguments": arguments})).await
    };
    let read = call("read", json!({})).await.expect(200);
    let held = call("send", json!({"to": "eve@evil.example"})).await.expect(200);
    assert_eq!(held.decision(), "hold");
    let secret = call("send", json!({"to": "me", "text": fake::github_token()})).await;
    assert_eq!(secret.decision(), "deny");
    let none = simulated(&gate, &["baseline"]);
    assert_eq!(none["simulation"]["changes"], json!([]), "{none}");
    assert_eq!(none["simulation"]["incomplete"], 0, "{none}");
    let folder = draft(&gate, "draft", READS_ASK);
    let answer = simulated(&gate, &[&folder]);
    let [change] = answer["simulation"]["changes"].as_array().unwrap().as_slice() else {
        panic!("{answer}")
    };
    assert_eq!((&change["to"], &change["count"]), (&json!("hold"), &json!(1)), "{answer}");
    assert_eq!(change["examples"][0]["record"], read.record());
    // Without the rule on untrusted values, what was held passes; the secret stays.
    let flow = format!("{folder}/flow.cedar");
    let without = std::fs::read_to_string(&flow).unwrap().replace("\"decisive:untrusted\",", "");
    std::fs::write(&flow, without).unwrap();
    std::fs::remove_file(format!("{folder}/more.cedar")).unwrap();
    let answer = simulated(&gate, &[&folder]);
    let change = &answer["simulation"]["changes"][0];
    assert_eq!((&change["from"], &change["to"]), (&json!("hold"), &json!("permit")), "{answer}");
    assert_eq!(change["examples"][0]["record"], held.record());
    assert_eq!(answer["simulation"]["changes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_secret_in_a_models_name_is_not_kept_to_be_replayed() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let token = fake::github_token();
    let reply = gate.client("bot").post(CHAT, portcullis_tests::chat_to(&token, "x")).await;
    let record = gate.record(reply.record());
    assert!(!record.to_string().contains(&token), "{record}");
    let answer = simulated(&gate, &["baseline"]);
    assert_eq!(answer["simulation"]["incomplete"], 1, "{answer}");
}

#[tokio::test]
async fn a_version_shows_beside_its_text_what_it_would_have_changed() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let streamed = gate.client("bot").post(CHAT, chat_stream("gpt-mock", "x")).await.expect(200);
    let folder = draft(&gate, "draft", NO_STREAMS);
    gate.succeeds(&["policy", "propose", &folder, "--note", "no streams"]);
    let answer = simulated(&gate, &["1", "--since", "1h"]);
    assert_eq!(answer["simulation"]["changes"][0]["examples"][0]["record"], streamed.record());
    let difference = gate.succeeds(&["policy", "diff", "in-force", "1"]);
    assert!(difference.starts_with("added no-streams\n"), "{difference}");
    assert_eq!(gate.succeeds(&["policy", "diff", "baseline", "in-force"]), "no difference\n");
    for wrong in
        [&["policy", "simulate", "1", "--since", "yesterday"][..], &["policy", "simulate", "9"]]
    {
        assert!(!gate.portcullis(wrong).status.success(), "{wrong:?}");
    }
}
