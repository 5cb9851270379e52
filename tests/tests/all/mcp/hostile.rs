//! Servers and agents that mean harm, or fail as if they did.

use std::time::Duration;

use portcullis_tests::answer::{Answer, Step};
use portcullis_tests::mcp::{text, tool};
use portcullis_tests::{gate, mcp_server, upstream, wait};
use serde_json::{Value, json};

#[tokio::test]
async fn tools_with_names_that_hide_or_collide_are_not_there() {
    let server = mcp_server()
        .tool(tool("read"))
        .tool(tool("re\u{202e}ad"))
        .tool(tool("a b"))
        .tool(tool("twice"))
        .tool(tool("twice"))
        .tool(json!({"description": "nameless"}))
        .run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.mcp("bot", "files").await;
    assert_eq!(client.tools().await, ["read"]);
    for name in ["re\u{202e}ad", "a b", "twice", ""] {
        let reply = client.call(name, "x").await.expect(200);
        assert!(reply.json()["error"].is_object(), "{name:?}");
    }
    assert!(server.requests("tools/call").is_empty());
}

#[tokio::test]
async fn a_schema_that_cannot_be_checked_stops_the_tool_not_the_gate() {
    let mut cyclic = tool("cyclic");
    cyclic["inputSchema"] = json!({"type": "object", "$ref": "#"});
    let mut slow = tool("slow");
    slow["inputSchema"]["properties"]["text"] = json!({"type": "string", "pattern": "^(a+)+$"});
    let mut outside = tool("outside");
    outside["inputSchema"] = json!({"$ref": "http://127.0.0.1:9/schema.json"});
    let server = mcp_server().tool(cyclic).tool(slow).tool(outside).run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.mcp("bot", "files").await;
    let begun = std::time::Instant::now();
    let reply = client.call("cyclic", "x").await.expect(200);
    assert_eq!(reply.json()["result"]["isError"], true, "{}", reply.text());
    let reply = client.call("slow", &format!("{}b", "a".repeat(3000))).await.expect(200);
    assert_eq!(reply.json()["result"]["isError"], true);
    let reply = client.call("outside", "x").await.expect(200);
    assert!(reply.message().contains("leads nowhere"), "{}", reply.message());
    assert!(begun.elapsed() < wait::AT_ONCE, "{:?}", begun.elapsed());
    assert!(server.requests("tools/call").is_empty());
}

#[tokio::test]
async fn a_result_without_measure_is_refused() {
    let large = "x".repeat(9 * 1024 * 1024);
    let server = mcp_server().tool(tool("read")).calls(move |_, _| text(&large)).run();
    let events =
        mcp_server().tool(tool("read")).events().calls(|_, _| text(&"y".repeat(9 << 20))).run();
    let gate = gate().mcp("files", &server).mcp("mail", &events).agent("bot").run();
    for name in ["files", "mail"] {
        let client = gate.mcp("bot", name).await;
        let reply = client.call("read", "x").await.expect(200);
        assert!(reply.text().len() < 2000 && reply.text().contains("error"), "{name}");
        assert_eq!(gate.record(reply.record())["status"], "failed");
    }
}

#[tokio::test]
async fn a_result_of_a_hundred_megabytes_is_not_kept_in_memory() {
    let piece = bytes::Bytes::from("x".repeat(1 << 20));
    let script = move |call: &portcullis_tests::Call| {
        let message = call.json();
        let result =
            |result: Value| json!({"jsonrpc": "2.0", "id": message["id"], "result": result});
        match message["method"].as_str() {
            Some("tools/list") => Answer::json(&result(json!({"tools": [tool("read")]}))),
            Some("tools/call") => {
                let head =
                    r#"{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":""#;
                let steps = [Step::Data(head.into())].into_iter();
                let steps = steps.chain((0..100).map(|_| Step::Data(piece.clone()))).collect();
                Answer { steps, sized: false, ..Answer::new(200, "application/json", "") }
            }
            _ => Answer::new(202, "text/plain", ""),
        }
    };
    let server = upstream().answers(script).run();
    let sections = format!("[[mcp]]\nname = \"files\"\nurl = \"{}/mcp\"\n", server.url());
    let gate = gate().agent("bot").sections(&sections).run();
    let client = portcullis_tests::McpClient::new(gate.client("bot"), "/mcp/files");
    client.tools().await;
    let before = gate.memory();
    let reply = client.call("read", "x").await.expect(200);
    assert!(reply.answer()["error"].is_object(), "{}", reply.text());
    assert_eq!(gate.record(reply.record())["status"], "failed");
    let grown = gate.memory().saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB");
}

#[tokio::test]
async fn notifications_of_a_client_without_end_are_each_recorded_and_stop_nobody() {
    const MANY: usize = 300;
    let server = mcp_server().tool(tool("read")).run();
    let gate = gate().mcp("files", &server).agent("flood").agent("bot").run();
    let (flood, bot) = (gate.mcp("flood", "files").await, gate.mcp("bot", "files").await);
    let note = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}});
    for at in 0..MANY {
        flood.client().post("/mcp/files", note.clone()).await.expect(202);
        if at % 100 == 0 {
            bot.call("read", "x").await.expect(200);
        }
    }
    let is_note = |record: &&Value| record["detail"]["method"] == "notifications/progress";
    let count = |records: &[Value]| records.iter().filter(is_note).count();
    let recorded = || Some(gate.records()).filter(|records| count(records) == MANY);
    wait::until("a record of each", recorded);
    // What no client may send is refused, each time.
    let unknown = json!({"jsonrpc": "2.0", "method": "notifications/made_up"});
    let refused = flood.client().post("/mcp/files", unknown).await;
    assert_eq!(gate.record(refused.record())["status"], "refused");
}

#[tokio::test]
async fn messages_without_end_and_answers_that_never_come_are_cut() {
    let note = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}});
    let many = format!("event: message\ndata: {note}\n\n").repeat(200);
    let script = move |call: &portcullis_tests::Call| {
        let message = call.json();
        match message["method"].as_str() {
            Some("tools/list") => Answer::json(
                &json!({"jsonrpc": "2.0", "id": message["id"], "result": {"tools": [tool("read")]}}),
            ),
            Some("tools/call") if message["params"]["arguments"]["text"] == "flood" => {
                Answer::steps(vec![Step::Forever(many.clone().into(), Duration::from_millis(1))])
            }
            Some("tools/call") => Answer::steps(vec![Step::Hang]),
            _ => Answer::new(202, "text/plain", ""),
        }
    };
    let server = upstream().answers(script).run();
    let sections = format!(
        "[[mcp]]\nname = \"files\"\nurl = \"{}/mcp\"\ntimeouts = {{ idle = \"1s\" }}\n",
        server.url()
    );
    let gate = gate().agent("bot").sections(&sections).run();
    let client = portcullis_tests::McpClient::new(gate.client("bot"), "/mcp/files");
    for (text, why) in [("flood", "without end"), ("hang", "stopped in the middle")] {
        let reply = client.call("read", text).await.expect(200);
        let last = reply.events().pop().expect("an error at the end");
        assert!(last["error"]["message"].as_str().unwrap().contains(why), "{last}");
        assert_eq!(gate.record(reply.record())["status"], "failed");
    }
}

#[tokio::test]
async fn an_answer_to_something_else_is_no_answer() {
    for id in [json!(999), json!("2"), Value::Null] {
        let script = move |call: &portcullis_tests::Call| {
            let message = call.json();
            let id = if message["method"] == "tools/call" { &id } else { &message["id"] };
            let result =
                json!({"tools": [tool("read")], "content": [{"type": "text", "text": "x"}]});
            Answer::json(&json!({"jsonrpc": "2.0", "id": id, "result": result}))
        };
        let server = upstream().answers(script).run();
        let sections = format!("[[mcp]]\nname = \"files\"\nurl = \"{}/mcp\"\n", server.url());
        let gate = gate().agent("bot").sections(&sections).run();
        let client = portcullis_tests::McpClient::new(gate.client("bot"), "/mcp/files");
        let reply = client.call("read", "x").await.expect(200);
        assert!(reply.message().contains("makes no sense"), "{}", reply.text());
    }
}

#[tokio::test]
async fn the_kill_switch_reaches_open_streams_and_calls_to_come() {
    let script = |call: &portcullis_tests::Call| {
        let message = call.json();
        match message["method"].as_str() {
            Some("tools/list") => Answer::json(
                &json!({"jsonrpc": "2.0", "id": message["id"], "result": {"tools": [tool("read")]}}),
            ),
            _ => Answer::steps(vec![Step::Hang]),
        }
    };
    let server = upstream().answers(script).run();
    let sections = format!("[[mcp]]\nname = \"files\"\nurl = \"{}/mcp\"\n", server.url());
    let gate = gate().agent("bot").sections(&sections).run();
    let client = portcullis_tests::McpClient::new(gate.client("bot"), "/mcp/files");
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read", "arguments": {"text": "x"}}});
    let open = client.client().stream("/mcp/files", call).await;
    gate.succeeds(&["server", "suspend", "files", "--reason", "drill"]);
    let reply = open.whole().await;
    assert!(reply.text().contains("suspended"), "{}", reply.text());
    assert_eq!(gate.record(reply.record())["status"], "cut");
    let refused = client.call("read", "x").await.expect(403);
    assert!(refused.message().contains("suspended"));
    gate.succeeds(&["server", "resume", "files"]);
    assert_eq!(client.request("tools/list", json!({})).await.status, 200);
}
