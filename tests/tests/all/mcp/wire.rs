//! The protocol itself: framing, ids, versions, and what is no message.

use http::Method;
use portcullis_tests::mcp::{initialize, tool};
use portcullis_tests::{gate, mcp_server};
use serde_json::{Value, json};

#[tokio::test]
async fn an_answer_in_events_arrives_with_what_came_before_it() {
    let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}});
    let server = mcp_server().tool(tool("read")).aside(progress).run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.mcp("bot", "files").await;
    let reply = client.call("read", "x").await.expect(200);
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let events = reply.events();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["method"], "notifications/progress");
    assert_eq!(events[1]["result"]["isError"], false);
    assert_eq!(gate.record(reply.record())["status"], "ok");
}

#[tokio::test]
async fn an_answer_in_events_that_stands_alone_comes_framed_as_its_server_frames_it() {
    let server = mcp_server().tool(tool("read")).events().run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.mcp("bot", "files").await;
    let reply = client.call("read", "x").await.expect(200);
    assert_eq!(reply.header("content-type"), "text/event-stream");
    assert_eq!(reply.events().len(), 1);
    assert_eq!(reply.answer()["result"]["isError"], false);
    assert_eq!(gate.record(reply.record())["status"], "ok");
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_recorded() {
    let server = mcp_server().tool(tool("read")).run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.mcp("bot", "files").await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let call = |params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)
    };
    let bad: Vec<(String, i64)> = vec![
        (json!([list]).to_string(), -32600),
        ("{".into(), -32700),
        (" ".into(), -32700),
        (json!({"jsonrpc": "1.0", "id": 1, "method": "ping"}).to_string(), -32600),
        (json!({"jsonrpc": "2.0", "id": null, "method": "ping"}).to_string(), -32600),
        (json!({"jsonrpc": "2.0", "id": [1], "method": "ping"}).to_string(), -32600),
        (call(r#"{"name":"read","Name":"write","arguments":{}}"#), -32600),
        (call(r#"{"name":"read","name":"write","arguments":{}}"#), -32700),
    ];
    let calls = server.calls().len();
    for (body, code) in bad {
        let reply = client.client().post("/mcp/files", body.clone()).await.expect(400);
        assert_eq!(reply.json()["error"]["code"], code, "{body}");
        assert_eq!(gate.record(reply.record())["status"], "refused", "{body}");
    }
    assert_eq!(server.calls().len(), calls);
}

#[tokio::test]
async fn ids_of_both_types_come_back_as_they_were_even_when_reused() {
    let server = mcp_server().tool(tool("read")).run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.mcp("bot", "files").await;
    for id in [json!(0), json!(-7), json!(""), json!("a\u{202e}\"b"), json!(0)] {
        let ping = json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
        let reply = client.client().post("/mcp/files", ping).await.expect(200);
        assert_eq!(reply.json()["id"], id);
    }
}

#[tokio::test]
async fn unknown_methods_servers_and_versions_are_refused() {
    let server = mcp_server().tool(tool("read")).run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.mcp("bot", "files").await;
    let reply = client.request("tools/callV2", json!({"name": "read"})).await.expect(200);
    assert_eq!(reply.json()["error"]["code"], -32601);
    let message =
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize()});
    gate.client("bot").post("/mcp/other", message.clone()).await.expect(404);
    gate.client("bot").post("/mcp/files/x", message.clone()).await.expect(404);
    let old = gate.client("bot").header("mcp-protocol-version", "2024-01-01");
    old.post("/mcp/files", message.clone()).await.expect(400);
    gate.stranger().post("/mcp/files", message.clone()).await.expect(401);
    let page = gate.client("bot").header("origin", "http://evil.example");
    page.post("/mcp/files", message).await.expect(403);
    assert_eq!(server.requests("initialize").len(), 1);
}

#[tokio::test]
async fn a_server_without_streams_says_so_and_a_session_ends() {
    let server = mcp_server().tool(tool("read")).run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.mcp("bot", "files").await;
    let open = |method| client.client().open(method, "/mcp/files", bytes::Bytes::new());
    assert_eq!(open(Method::GET).await.status, 405);
    assert_eq!(open(Method::DELETE).await.status, 200);
    let deleted = server.calls().into_iter().find(|call| call.method == Method::DELETE).unwrap();
    assert_eq!(deleted.header("mcp-session-id"), Some(portcullis_tests::mcp::INNER_SESSION));
}

#[tokio::test]
async fn what_a_server_asks_is_passed_on_only_with_leave() {
    let ask = json!({"jsonrpc": "2.0", "id": 9, "method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 5}});
    let server = mcp_server().tool(tool("read")).aside(ask).run();
    let narrow = "[[role]]\nname = \"narrow\"\ntools = [\"files/*\"]\n";
    let gate =
        gate().mcp("files", &server).agent("bot").agent_as("poor", "narrow").sections(narrow).run();
    let reply = gate.mcp("bot", "files").await.call("read", "x").await.expect(200);
    assert_eq!(reply.events()[0]["method"], "sampling/createMessage");
    let reply = gate.mcp("poor", "files").await.call("read", "x").await.expect(200);
    assert!(!reply.text().contains("sampling"), "{}", reply.text());
    let told = server.calls().into_iter().map(|call| call.json());
    let told: Vec<Value> = told.filter(|message| message["error"].is_object()).collect();
    assert_eq!((told.len(), &told[0]["id"]), (1, &json!(9)));
    let sample = |r: &Value| r["kind"] == "mcp.sample" && r["agent"] == "poor";
    let records = gate.records_with("the denied question", sample);
    let denied = records.iter().find(|r| sample(r)).unwrap();
    assert_eq!(
        (&denied["decision"]["effect"], &denied["status"]),
        (&json!("deny"), &json!("refused"))
    );
}
