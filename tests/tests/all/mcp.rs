//! MCP through the gate: what is listed is what may be called, and nothing goes around it.

mod all_servers;
mod eras;
mod hostile;
mod lasting;
mod listen;
mod pins;
mod scopes;
mod stdio;
mod wire;

use portcullis_tests::mcp::{INNER_SESSION, text, tool};
use portcullis_tests::{fake, gate, mcp_server};
use serde_json::json;

const NARROW: &str = "[[role]]\nname = \"narrow\"\ntools = [\"files/read\"]\n";

#[tokio::test]
async fn a_tool_is_listed_called_and_recorded() {
    let server = mcp_server().tool(tool("read")).run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.mcp("bot", "files").await;
    assert_eq!(client.tools().await, ["read"]);
    let reply = client.call("read", "hello").await.expect(200);
    assert_eq!(reply.json()["result"]["content"][0]["text"], r#"{"text":"hello"}"#);
    assert_eq!(reply.decision(), "permit");
    let record = gate.record(reply.record());
    assert_eq!(record["kind"], "mcp.call_tool");
    assert_eq!(record["resource"], json!({"name": "files/read", "type": "tool"}));
    assert_eq!(record["status"], "ok");
    assert_eq!(record["detail"]["effect"], "read");
    assert!(record["session"].as_str().unwrap().starts_with("mcp-"), "{record}");
}

#[tokio::test]
async fn what_is_not_granted_is_neither_listed_nor_called() {
    let server = mcp_server().tool(tool("read")).tool(tool("write")).run();
    let gate = gate().mcp("files", &server).agent_as("bot", "narrow").sections(NARROW).run();
    let client = gate.mcp("bot", "files").await;
    assert_eq!(client.tools().await, ["read"]);
    let reply = client.call("write", "x").await.expect(200);
    assert_eq!(reply.json()["error"]["code"], -31_403);
    assert!(reply.message().contains("files/write"), "{}", reply.message());
    assert_eq!(reply.json()["error"]["data"]["record"], reply.record());
    assert_eq!(gate.record(reply.record())["decision"]["effect"], "deny");
    client.call("read", "x").await.expect(200);
    assert_eq!(server.requests("tools/call").len(), 1);
}

#[tokio::test]
async fn a_call_without_a_list_before_is_held_against_the_schema_all_the_same() {
    let server = mcp_server().tool(tool("read")).run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.mcp("bot", "files").await;
    let wrong = json!({"name": "read", "arguments": {"text": 7}});
    let reply = client.request("tools/call", wrong).await.expect(200);
    let result = &reply.json()["result"];
    assert_eq!(result["isError"], true);
    let said = result["content"][0]["text"].as_str().unwrap();
    assert!(said.contains("arguments.text must be of type string"), "{said}");
    assert_eq!(gate.record(reply.record())["status"], "refused");
    let unknown = client.call("nothing", "x").await.expect(200);
    assert_eq!(unknown.json()["error"]["code"], -32602);
    assert!(server.requests("tools/call").is_empty());
}

#[tokio::test]
async fn secrets_in_arguments_do_not_leave_and_those_in_results_do_not_arrive() {
    let token = fake::github_token();
    let leaked = token.clone();
    let server = mcp_server().tool(tool("read")).calls(move |_, _| text(&leaked)).run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.mcp("bot", "files").await;
    let reply = client.call("read", &format!("use {token} now")).await.expect(200);
    let sent = server.requests("tools/call")[0].to_string();
    assert!(!sent.contains(&token) && sent.contains("use "), "{sent}");
    assert!(!reply.text().contains(&token), "{}", reply.text());
    assert_eq!(reply.decision(), "redact");
    let findings = gate.record(reply.record())["findings"].to_string();
    assert!(findings.contains("request:params.arguments.text"), "{findings}");
    assert!(findings.contains("answer:result.content[0].text"), "{findings}");
}

#[tokio::test]
async fn the_agents_key_and_the_servers_session_stay_on_their_sides() {
    let server = mcp_server().tool(tool("read")).run();
    let lines = "token = { env = \"FILES_TOKEN\" }\n";
    let gate = gate()
        .mcp("files", &server)
        .mcp_lines(lines)
        .variable("FILES_TOKEN", "the-gates-own")
        .agent("bot")
        .agent("other")
        .run();
    let client = gate.mcp("bot", "files").await;
    let reply = client.call("read", "x").await.expect(200);
    assert!(!format!("{:?}", reply.headers).contains(INNER_SESSION));
    for call in server.calls() {
        assert_eq!(call.header("authorization"), Some("Bearer the-gates-own"));
        assert!(!format!("{:?}", call.headers).contains(&gate.key("bot")));
    }
    let last = server.calls().pop().unwrap();
    assert_eq!(last.header("mcp-session-id"), Some(INNER_SESSION));
    assert_eq!(last.header("mcp-protocol-version"), Some("2025-06-18"));
    // Another agent cannot use the session, and nobody can make one up.
    let session = client.session();
    for (agent, session) in [("other", session.as_str()), ("bot", INNER_SESSION)] {
        let stolen = gate.client(agent).header("mcp-session-id", session);
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let refused = stolen.post("/mcp/files", list).await.expect(404);
        assert_eq!(gate.record(refused.record())["status"], "refused");
    }
}
