//! Held calls that nobody decides on in time, and what does not slip past an approval.

use portcullis_tests::mcp::{McpClient, McpServer, text, tool};
use portcullis_tests::{Gate, Reply, gate, mcp_server, wait};
use serde_json::{Value, json};

use crate::held::{POLICY, asked, call, modern_call, opened, post, start};

const SOON: &str = "[approvals]\nwait = \"2s\"\n";

fn forgetful() -> (McpServer, Gate) {
    let server = mcp_server().tool(tool("read")).calls(|_, _| text("here it is")).run();
    let gate = gate().mcp("files", &server).agent("bot").policy("own.cedar", POLICY).sections(SOON);
    (server, gate.run())
}

/// Nobody can approve it any more, and nothing was done.
fn is_over(gate: &Gate, server: &McpServer, approval: &str) {
    let late = gate.portcullis(&["approval", "approve", approval]);
    assert!(!late.status.success());
    let said = String::from_utf8_lossy(&late.stderr).into_owned();
    assert!(said.contains("expired"), "{said}");
    let shown = gate.succeeds(&["approval", "show", approval, "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["state"], "expired", "{shown}");
    assert!(server.requests("tools/call").is_empty());
}

fn approval_of(reply: &Reply) -> String {
    let approval = reply.answer()["error"]["data"]["approval"].clone();
    approval.as_str().unwrap_or_else(|| panic!("{}", reply.text())).to_owned()
}

fn said(reply: &Reply) -> String {
    reply.answer()["error"]["message"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn who_waits_with_a_stream_is_told_that_nobody_decided_and_a_late_approval_is_refused() {
    let (server, gate) = forgetful();
    let client = opened(&gate, "bot", "/mcp/files").await;
    let mut open = call(&client, "read").await;
    let (_, approval) = asked(&mut open).await;
    let reply = open.whole().await;
    assert_eq!(approval_of(&reply), approval);
    assert!(said(&reply).contains("forgotten"), "{}", reply.text());
    let record = gate.record(reply.record());
    assert_eq!(record["decision"]["effect"], "hold");
    assert_eq!(record["status"], "refused");
    assert_eq!(record["detail"]["approval"], approval);
    is_over(&gate, &server, &approval);
    // The same call is put before people anew.
    let mut again = call(&client, "read").await;
    assert_ne!(asked(&mut again).await.1, approval);
}

#[tokio::test]
async fn who_tries_again_is_told_so_too_and_is_asked_for_the_new_one() {
    let server = mcp_server().tool(tool("read")).modern().calls(|_, _| text("here it is")).run();
    let gate = gate().mcp("files", &server).agent("bot").policy("own.cedar", POLICY).sections(SOON);
    let gate = gate.run();
    let mut message = modern_call(&[]);
    let mut waits_for = None;
    let reply = loop {
        let reply = post(&gate, "bot", message).await;
        let result = reply.answer()["result"].clone();
        if result.is_null() {
            break reply;
        }
        // A busy machine may be so late that another is asked for already.
        assert_eq!(result["resultType"], "input_required", "{}", reply.text());
        let record = gate.record(reply.record());
        waits_for = Some(record["detail"]["approval"].as_str().unwrap().to_owned());
        message = modern_call(&[
            ("requestState", result["requestState"].clone()),
            ("inputResponses", json!({"portcullis-approval": {"action": "accept"}})),
        ]);
    };
    let approval = approval_of(&reply);
    assert_eq!(Some(&approval), waits_for.as_ref());
    assert!(said(&reply).contains("forgotten"), "{}", reply.text());
    is_over(&gate, &server, &approval);
}

#[tokio::test]
async fn who_cannot_be_asked_gets_another_number_once_the_first_is_forgotten() {
    let (server, gate) = forgetful();
    let client = McpClient::new(gate.client("bot"), "/mcp/files").open().await;
    let first = approval_of(&client.call("read", "x").await.expect(200));
    let end = std::time::Instant::now() + wait::DEADLINE;
    while approval_of(&client.call("read", "x").await.expect(200)) == first {
        assert!(std::time::Instant::now() < end, "it is never forgotten");
    }
    is_over(&gate, &server, &first);
}

#[tokio::test]
async fn an_approval_is_for_one_call_as_it_was_and_is_given_once() {
    let server = mcp_server().tool(tool("read")).modern().calls(|_, _| text("here it is")).run();
    let gate = gate().mcp("files", &server).agent("bot").agent("twin").policy("own.cedar", POLICY);
    let gate = gate.run();
    let reply = post(&gate, "bot", modern_call(&[])).await;
    let state = reply.answer()["result"]["requestState"].clone();
    let approval = gate.record(reply.record())["detail"]["approval"].as_str().unwrap().to_owned();
    gate.succeeds(&["approval", "approve", &approval]);
    let twice = gate.portcullis(&["approval", "approve", &approval]);
    assert!(!twice.status.success(), "it was approved twice");
    let goes_on = json!({"portcullis-approval": {"action": "accept"}});
    let again = |arguments: Value| {
        let mut message =
            modern_call(&[("requestState", state.clone()), ("inputResponses", goes_on.clone())]);
        message["params"]["arguments"] = arguments;
        message
    };
    // With the state of the approved call in its hand, a client asks for another.
    let other = post(&gate, "bot", again(json!({"text": "x "}))).await;
    assert_eq!(other.answer()["result"]["resultType"], "input_required", "{}", other.text());
    assert_ne!(gate.record(other.record())["detail"]["approval"], approval);
    let twin = post(&gate, "twin", again(json!({"text": "x"}))).await;
    assert_ne!(gate.record(twin.record())["detail"]["approval"], approval);
    assert!(server.requests("tools/call").is_empty());
    let own = post(&gate, "bot", again(json!({"text": "x"}))).await;
    assert_eq!(own.answer()["result"]["content"][0]["text"], "here it is", "{}", own.text());
    let used = post(&gate, "bot", again(json!({"text": "x"}))).await;
    assert_eq!(used.answer()["result"]["resultType"], "input_required", "{}", used.text());
    assert_eq!(server.requests("tools/call").len(), 1);
}

#[tokio::test]
async fn a_call_that_waits_ends_with_the_key_that_made_it() {
    let (server, gate) = start();
    let added = gate.succeeds(&["agent", "add", "late", "--role", "tester", "--json"]);
    let added: Value = serde_json::from_str(&added).unwrap();
    let client = gate.stranger().bearer(added["key"].as_str().unwrap());
    let client = McpClient::new(client, "/mcp/files").open_asked().await;
    let mut open = call(&client, "read").await;
    let (_, approval) = asked(&mut open).await;
    gate.succeeds(&["agent", "rotate", "late", "--now"]);
    gate.succeeds(&["approval", "approve", &approval]);
    let reply = open.whole().await;
    assert!(said(&reply).contains("taken no more"), "{}", reply.text());
    assert_eq!(gate.record(reply.record())["status"], "cut");
    assert!(server.requests("tools/call").is_empty());
}

#[tokio::test]
async fn a_call_that_waits_is_not_made_past_policies_that_have_changed() {
    let (server, gate) = start();
    let client = opened(&gate, "bot", "/mcp/files").await;
    let mut open = call(&client, "read").await;
    let (_, approval) = asked(&mut open).await;
    let own = gate.folder().join("policies/own.cedar");
    std::fs::write(own, POLICY.replace("action == Action::\"call_tool\"", "action")).unwrap();
    gate.signal("HUP");
    let reply = open.whole().await;
    assert!(said(&reply).contains("have changed"), "{}", reply.text());
    assert_eq!(gate.record(reply.record())["decision"]["effect"], "deny");
    gate.succeeds(&["approval", "approve", &approval]);
    assert!(server.requests("tools/call").is_empty());
}

#[tokio::test]
async fn a_call_that_waits_is_not_made_of_a_tool_that_has_become_another() {
    let (server, gate) = start();
    let client = opened(&gate, "bot", "/mcp/files").await;
    let mut open = call(&client, "read").await;
    let (_, approval) = asked(&mut open).await;
    let mut other = tool("read");
    other["description"] = "Does something else now.".into();
    server.set_tools(vec![other]);
    opened(&gate, "twin", "/mcp/files").await.tools().await;
    gate.succeeds(&["approval", "approve", &approval]);
    let reply = open.whole().await;
    assert!(said(&reply).contains("portcullis tool diff"), "{}", reply.text());
    assert!(server.requests("tools/call").is_empty());
}
