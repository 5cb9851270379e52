//! Servers that the gate starts itself.

use portcullis_tests::{Gate, McpClient, Reply, gate, wait};

fn start(lines: &str) -> Gate {
    let program = env!("CARGO_BIN_EXE_stdio_server");
    let sections = format!("[[mcp]]\nname = \"own\"\ncommand = [\"{program}\"]\n{lines}\n");
    gate()
        .agent("bot")
        .agent("other")
        .variable("SECRET_OF_THE_GATE", "x")
        .variable("TOKEN_OF_THE_SERVER", "y")
        .sections(&sections)
        .run()
}

fn said(reply: &Reply) -> String {
    reply.answer()["result"]["content"][0]["text"].as_str().unwrap_or_default().to_owned()
}

async fn says(client: &McpClient, text: &str) -> String {
    said(&client.call("act", text).await.expect(200))
}

#[tokio::test]
async fn a_process_serves_its_session_alone_and_ends_with_it() {
    let gate = start("");
    let (one, two) = (gate.mcp("bot", "own").await, gate.mcp("bot", "own").await);
    assert_eq!(one.tools().await, ["act"]);
    assert_eq!(says(&one, "hello").await, "hello");
    let (first, second) = (says(&one, "pid").await, says(&two, "pid").await);
    assert_ne!(first, second);
    let ended = one.client().open(http::Method::DELETE, "/mcp/own", bytes::Bytes::new()).await;
    assert_eq!(ended.status, 200);
    let is_there = |pid: &str| std::path::Path::new("/proc").join(pid).exists();
    wait::until("the process to end", || (!is_there(&first)).then_some(()));
    assert!(is_there(&second));
    one.call("act", "x").await.expect(404);
}

#[tokio::test]
async fn nothing_of_the_gates_environment_is_handed_on() {
    let lines = "[[mcp.variable]]\nname = \"TOKEN\"\nvalue = { env = \"TOKEN_OF_THE_SERVER\" }\n";
    let gate = start(lines);
    let client = gate.mcp("bot", "own").await;
    let names = says(&client, "env").await;
    let mut names: Vec<&str> = names.split(' ').collect();
    names.sort_unstable();
    assert_eq!(names, ["PATH", "TOKEN"]);
}

#[tokio::test]
async fn a_process_that_exits_in_a_call_is_an_error_and_is_started_again() {
    let gate = start("");
    let client = gate.mcp("bot", "own").await;
    let before = says(&client, "pid").await;
    let reply = client.call("act", "exit").await.expect(200);
    assert!(reply.text().contains("ended"), "{}", reply.text());
    assert_eq!(gate.record(reply.record())["status"], "failed");
    // It rests for a moment before it is started again.
    let deadline = std::time::Instant::now() + wait::DEADLINE;
    let after = loop {
        let pid = says(&client, "pid").await;
        if !pid.is_empty() {
            break pid;
        }
        assert!(std::time::Instant::now() < deadline, "it is not started again");
    };
    assert_ne!(before, after);
    assert_eq!(says(&gate.mcp("other", "own").await, "fine").await, "fine");
}

#[tokio::test]
async fn a_process_that_never_answers_is_given_up() {
    let gate = start("timeouts = { idle = \"500ms\" }\n");
    let client = gate.mcp("bot", "own").await;
    let reply = client.call("act", "hang").await.expect(200);
    assert!(reply.text().contains("stopped in the middle"), "{}", reply.text());
    assert_eq!(gate.record(reply.record())["status"], "failed");
    assert_eq!(says(&client, "x").await, "x");
}

#[tokio::test]
async fn noise_and_floods_are_bounded_and_the_answer_arrives() {
    let gate = start("");
    let client = gate.mcp("bot", "own").await;
    assert_eq!(says(&client, "noise").await, "noise");
    let reply = client.call("act", "flood").await.expect(200);
    assert_eq!(said(&reply), "flood");
    gate.log_with("ready\\\\u{1b}");
}

#[tokio::test]
async fn a_process_is_held_to_its_memory_and_there_are_only_so_many() {
    let gate = start("limits = { memory = \"128MiB\", processes = 1 }\n");
    let client = gate.mcp("bot", "own").await;
    assert_eq!(says(&client, "memory").await, "refused");
    let refused = McpClient::new(gate.client("other"), "/mcp/own");
    let reply =
        refused.request("initialize", portcullis_tests::mcp::initialize()).await.expect(200);
    assert!(reply.message().contains("as many sessions"), "{}", reply.message());
}

#[tokio::test]
async fn processes_end_with_the_gate() {
    let mut gate = start("");
    let client = gate.mcp("bot", "own").await;
    let pid = says(&client, "pid").await;
    gate.stop();
    let is_there = std::path::Path::new("/proc").join(&pid).exists();
    assert!(!is_there, "process {pid} is still there");
}

#[tokio::test]
async fn a_client_without_sessions_gets_a_process_of_its_own_as_well() {
    let gate = start("");
    let pid = |agent: &'static str| {
        let client = gate.client(agent).header("mcp-protocol-version", "2026-07-28");
        let client = client.header("mcp-method", "tools/call").header("mcp-name", "act");
        let arguments = serde_json::json!({"name": "act", "arguments": {"text": "pid"}});
        async move {
            let call = portcullis_tests::mcp::modern("tools/call", arguments);
            said(&client.post("/mcp/own", call).await.expect(200))
        }
    };
    let (first, other, again) = (pid("bot").await, pid("other").await, pid("bot").await);
    assert!(!first.is_empty() && first == again && first != other, "{first} {other} {again}");
}
