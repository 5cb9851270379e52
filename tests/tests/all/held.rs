//! A held call whose client is told to wait, in the way of its protocol.

use portcullis_tests::mcp::{McpClient, McpServer, modern, text, tool};
use portcullis_tests::{Gate, Open, Reply, gate, mcp_server};
use serde_json::{Value, json};

pub(crate) const POLICY: &str = r#"
@id("reads-ask")
@description("A person looks first.")
@approve("")
permit (principal, action == Action::"call_tool", resource);

@id("the-rest")
@description("The rest of the protocol.")
permit (principal, action == Action::"use_server", resource);
"#;

pub(crate) fn start() -> (McpServer, Gate) {
    let server = mcp_server().tool(tool("read")).calls(|_, _| text("here it is")).run();
    let gate =
        gate().mcp("files", &server).agent("bot").agent("twin").policy("own.cedar", POLICY).run();
    (server, gate)
}

pub(crate) async fn opened(gate: &Gate, agent: &str, path: &str) -> McpClient {
    McpClient::new(gate.client(agent), path).open_asked().await
}

pub(crate) async fn call(client: &McpClient, name: &str) -> Open {
    let params = json!({"name": name, "arguments": {"text": "x"}});
    let message = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params});
    let path = if name.contains("__") { "/mcp" } else { "/mcp/files" };
    client.client().stream(path, message).await
}

/// The gate's question, as it stands in the stream.
pub(crate) async fn asked(open: &mut Open) -> (String, String) {
    let come = open.until("elicitation/create").await;
    let data = come.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let message: Value = serde_json::from_str(data).unwrap();
    let said = message["params"]["message"].as_str().unwrap();
    let approval = said.split("approval approve ").nth(1).unwrap().split('`').next().unwrap();
    (message["id"].as_str().unwrap().to_owned(), approval.to_owned())
}

async fn answer(client: &McpClient, id: &str, action: &str) -> Reply {
    let answer = json!({"jsonrpc": "2.0", "id": id, "result": {"action": action}});
    client.client().post("/mcp/files", answer).await
}

#[tokio::test]
async fn a_client_that_can_be_asked_waits_and_gets_its_answer() {
    let (server, gate) = start();
    let client = opened(&gate, "bot", "/mcp/files").await;
    let mut open = call(&client, "read").await;
    let (id, approval) = asked(&mut open).await;
    // Its own yes approves nothing.
    answer(&client, &id, "accept").await.expect(202);
    assert!(server.requests("tools/call").is_empty());
    gate.succeeds(&["approval", "approve", &approval]);
    let reply = open.whole().await;
    assert_eq!(reply.answer()["result"]["content"][0]["text"], "here it is");
    assert_eq!(reply.answer()["id"], 7);
    let record = gate.record(reply.record());
    assert_eq!(record["decision"]["effect"], "permit");
    assert_eq!(record["detail"]["approval"], approval);
    assert_eq!(record["detail"]["waits"], "elicitation");
    assert_eq!(record["status"], "ok");
    // An approval is for one call.
    let mut again = call(&client, "read").await;
    assert_ne!(asked(&mut again).await.1, approval);
    assert_eq!(server.requests("tools/call").len(), 1);
}

#[tokio::test]
async fn who_gives_up_or_is_refused_is_told_so_and_nothing_happens() {
    let (server, gate) = start();
    let client = opened(&gate, "bot", "/mcp/files").await;
    let mut open = call(&client, "read").await;
    let (id, approval) = asked(&mut open).await;
    // Nobody else can give it up.
    let twin = opened(&gate, "twin", "/mcp/files").await;
    answer(&twin, &id, "decline").await.expect(202);
    answer(&client, &id, "decline").await.expect(202);
    let reply = open.whole().await;
    assert_eq!(reply.answer()["error"]["data"]["approval"], approval);
    assert_eq!(gate.record(reply.record())["decision"]["effect"], "hold");
    let mut open = call(&client, "read").await;
    let (_, approval) = asked(&mut open).await;
    gate.succeeds(&["approval", "deny", &approval, "--reason", "not this file"]);
    let reply = open.whole().await;
    let said = reply.answer()["error"]["message"].to_string();
    assert!(said.contains("not this file"), "{said}");
    assert!(server.requests("tools/call").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_kill_switch_reaches_who_waits_and_who_hangs_up_leaves_a_record() {
    let (server, gate) = start();
    let client = opened(&gate, "bot", "/mcp/files").await;
    let mut open = call(&client, "read").await;
    let (_, approval) = asked(&mut open).await;
    let record = open.record().to_owned();
    drop(open);
    gate.records_with("the end of who hung up", |one| {
        one["id"] == record.as_str() && one["status"] == "cancelled"
    });
    let mut open = call(&client, "read").await;
    assert_eq!(asked(&mut open).await.1, approval, "it waits on as it was");
    gate.succeeds(&["agent", "suspend", "bot", "--reason", "drill"]);
    let reply = open.whole().await;
    assert!(reply.answer()["error"]["message"].is_string(), "{}", reply.text());
    assert_eq!(gate.record(reply.record())["status"], "cut");
    assert!(server.requests("tools/call").is_empty());
}

#[tokio::test]
async fn it_waits_at_all_servers_and_over_a_restart() {
    let (server, mut gate) = start();
    let client = opened(&gate, "bot", "/mcp").await;
    let mut open = call(&client, "files__read").await;
    let (_, approval) = asked(&mut open).await;
    gate.kill();
    gate.start();
    let client = McpClient::new(gate.client("bot"), "/mcp").resume(&client);
    let mut open = call(&client, "files__read").await;
    assert_eq!(asked(&mut open).await.1, approval);
    gate.succeeds(&["approval", "approve", &approval]);
    let reply = open.whole().await;
    assert_eq!(reply.answer()["result"]["content"][0]["text"], "here it is");
    assert_eq!(server.requests("tools/call").len(), 1);
}

/// A call of the modern era, by a client that can ask its user.
pub(crate) fn modern_call(more: &[(&str, Value)]) -> Value {
    let mut message = modern("tools/call", json!({"name": "read", "arguments": {"text": "x"}}));
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    message["params"]["_meta"][capabilities] = json!({"elicitation": {}});
    for (name, value) in more {
        message["params"][*name] = value.clone();
    }
    message
}

pub(crate) async fn post(gate: &Gate, agent: &str, message: Value) -> Reply {
    let headers = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "read"),
    ];
    let client =
        headers.iter().fold(gate.client(agent), |one, (name, value)| one.header(name, value));
    client.post("/mcp/files", message).await.expect(200)
}

#[tokio::test]
async fn a_client_without_a_session_is_asked_for_input_and_tries_again() {
    let server = mcp_server().tool(tool("read")).modern().calls(|_, _| text("here it is")).run();
    let gate =
        gate().mcp("files", &server).agent("bot").agent("twin").policy("own.cedar", POLICY).run();
    let reply = post(&gate, "bot", modern_call(&[])).await;
    let result = reply.answer()["result"].clone();
    assert_eq!(result["resultType"], "input_required", "{}", reply.text());
    let asks = &result["inputRequests"]["portcullis-approval"];
    assert_eq!(asks["method"], "elicitation/create");
    let record = gate.record(reply.record());
    assert_eq!(
        (&record["decision"]["effect"], &record["status"]),
        (&json!("hold"), &json!("refused"))
    );
    let approval = record["detail"]["approval"].as_str().unwrap().to_owned();
    let with = |action: &str| {
        modern_call(&[
            ("requestState", result["requestState"].clone()),
            ("inputResponses", json!({"portcullis-approval": {"action": action}})),
        ])
    };
    // Who gives up gets the plain error, and another agent's state is nothing to the gate.
    let given_up = post(&gate, "bot", with("decline")).await;
    assert_eq!(given_up.answer()["error"]["data"]["approval"], approval);
    let stolen = post(&gate, "twin", with("accept")).await;
    assert_ne!(gate.record(stolen.record())["detail"]["approval"], approval);
    let (waits, approves) = tokio::join!(post(&gate, "bot", with("accept")), async {
        gate.succeeds(&["approval", "approve", &approval])
    });
    assert!(!approves.is_empty());
    assert_eq!(waits.answer()["result"]["content"][0]["text"], "here it is", "{}", waits.text());
    let calls = server.requests("tools/call");
    assert_eq!(calls.len(), 1);
    assert!(calls[0]["params"].get("requestState").is_none(), "{calls:?}");
    assert!(calls[0]["params"].get("inputResponses").is_none(), "{calls:?}");
}

#[tokio::test]
async fn a_client_that_cannot_be_asked_gets_the_error() {
    let (server, gate) = start();
    let client = McpClient::new(gate.client("bot"), "/mcp/files").open().await;
    let reply = client.call("read", "x").await.expect(200);
    assert!(reply.answer()["error"]["data"]["approval"].is_string(), "{}", reply.text());
    assert!(server.requests("tools/call").is_empty());
}
