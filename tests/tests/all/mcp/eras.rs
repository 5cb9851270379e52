//! The two eras of the protocol: sessions, and requests that carry all that is known of their client.

use portcullis_tests::mcp::{INNER_SESSION, modern, text, tool};
use portcullis_tests::{Client, Reply, gate, mcp_server};
use serde_json::{Value, json};

/// A request of the modern era with these headers beside its version.
async fn post(client: &Client, headers: &[(&str, &str)], message: Value) -> Reply {
    let client = client.clone().header("mcp-protocol-version", "2026-07-28");
    let client = headers.iter().fold(client, |client, (name, value)| client.header(name, value));
    client.post("/mcp/files", message).await
}

fn call(arguments: Value) -> Value {
    modern("tools/call", json!({"name": "read", "arguments": arguments}))
}

const CALL: [(&str, &str); 2] = [("mcp-method", "tools/call"), ("mcp-name", "read")];

#[tokio::test]
async fn a_request_without_a_session_is_served_and_its_headers_made_anew() {
    let server = mcp_server().tool(tool("read")).modern().run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.client("bot");
    let reply = post(&client, &CALL, call(json!({"text": "hello"}))).await.expect(200);
    assert_eq!(reply.answer()["result"]["content"][0]["text"], r#"{"text":"hello"}"#);
    let listed = server.requests("tools/list").pop().unwrap();
    assert!(listed["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"].is_string());
    let sent = server.calls().pop().unwrap();
    for (name, value) in CALL {
        assert_eq!(sent.header(name), Some(value));
    }
    assert_eq!(sent.header("mcp-protocol-version"), Some("2026-07-28"));
}

#[tokio::test]
async fn headers_that_say_something_else_than_the_body_are_refused() {
    let server = mcp_server().tool(tool("read")).tool(tool("write")).modern().run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.client("bot");
    for headers in [
        &[("mcp-method", "tools/list"), ("mcp-name", "read")][..],
        &[("mcp-method", "tools/call"), ("mcp-name", "write")],
        &[("mcp-method", "tools/call"), ("mcp-name", "=?base64?d3JpdGU=?=")],
        &[("mcp-method", "tools/call")],
        &[("mcp-name", "read")],
        &[("mcp-method", "tools/call"), ("mcp-name", "read"), ("mcp-name", "write")],
    ] {
        let reply = post(&client, headers, call(json!({"text": "x"}))).await.expect(400);
        assert_eq!(reply.json()["error"]["code"], -32020, "{headers:?}");
        assert_eq!(reply.json()["id"], 1, "{headers:?}");
        assert_eq!(gate.record(reply.record())["status"], "refused");
    }
    assert!(server.requests("tools/call").is_empty());
}

#[tokio::test]
async fn arguments_that_a_server_wants_in_headers_are_held_against_the_body() {
    let mut tool = tool("read");
    tool["inputSchema"]["properties"]["text"]["x-mcp-header"] = "Text".into();
    let server = mcp_server().tool(tool).modern().run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.client("bot");
    let with = |value: &'static str| [CALL[0], CALL[1], ("mcp-param-text", value)];
    let reply = post(&client, &with("eu"), call(json!({"text": "us"}))).await.expect(400);
    assert_eq!(reply.json()["error"]["code"], -32020);
    post(&client, &CALL, call(json!({"text": "us"}))).await.expect(400);
    assert!(server.requests("tools/call").is_empty());
    post(&client, &with("us"), call(json!({"text": "us"}))).await.expect(200);
    let sent = server.calls().pop().unwrap();
    assert_eq!(sent.header("mcp-param-text"), Some("us"));
    // What is masked in the body is masked in the header: a secret has no second way out.
    let token: &'static str = portcullis_tests::fake::github_token().leak();
    post(&client, &with(token), call(json!({"text": token}))).await.expect(200);
    let sent = server.calls().pop().unwrap();
    assert!(!sent.header("mcp-param-text").unwrap().contains(token));
    assert!(!format!("{:?}", sent.headers).contains(token));
}

#[tokio::test]
async fn unknown_versions_and_methods_are_told_apart_by_status_and_code() {
    let server = mcp_server().tool(tool("read")).modern().run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.client("bot");
    let mut later = modern("tools/list", json!({}));
    later["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2099-01-01".into();
    let said = client.clone().header("mcp-protocol-version", "2099-01-01");
    let said = said.header("mcp-method", "tools/list");
    let reply = said.post("/mcp/files", later).await.expect(400);
    let error = reply.json()["error"].clone();
    assert_eq!(error["code"], -32022);
    assert_eq!(error["data"]["supported"], json!(["2026-07-28"]));
    assert_eq!(error["data"]["requested"], "2099-01-01");
    for method in ["resources/subscribe", "initialize", "tools/callV2"] {
        let message = modern(method, json!({}));
        let reply = post(&client, &[("mcp-method", method)], message).await.expect(404);
        assert_eq!(reply.json()["error"]["code"], -32601, "{method}");
    }
    let bare = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}});
    let reply = post(&client, &[("mcp-method", "tools/list")], bare).await.expect(400);
    assert_eq!((&reply.json()["error"]["code"], &reply.json()["id"]), (&json!(-32602), &json!(7)));
}

#[tokio::test]
async fn a_session_id_means_nothing_in_the_modern_era() {
    let server = mcp_server().tool(tool("read")).modern().calls(|_, _| text("x")).run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.client("bot").header("mcp-session-id", INNER_SESSION);
    post(&client, &CALL, call(json!({"text": "x"}))).await.expect(200);
    assert_eq!(server.calls().pop().unwrap().header("mcp-session-id"), None);
}

fn list() -> Value {
    modern("tools/list", json!({}))
}

#[tokio::test]
async fn a_client_without_sessions_uses_a_server_with_them() {
    let server = mcp_server().tool(tool("read")).run();
    let gate = gate().mcp("files", &server).agent("bot").agent("other").run();
    let client = gate.client("bot");
    let discover = modern("server/discover", json!({}));
    let said = post(&client, &[("mcp-method", "server/discover")], discover).await.expect(200);
    let said = said.answer()["result"].clone();
    assert_eq!(said["supportedVersions"], json!(["2026-07-28"]));
    let resources = json!({"subscribe": true, "listChanged": true});
    let promised = json!({"tools": {"listChanged": true}, "resources": resources});
    assert_eq!(said["capabilities"], promised);
    let listed = post(&client, &[("mcp-method", "tools/list")], list()).await.expect(200);
    let listed = listed.answer()["result"].clone();
    assert_eq!(listed["tools"][0]["name"], "read");
    assert_eq!((&listed["resultType"], &listed["ttlMs"]), (&json!("complete"), &json!(0)));
    for agent in ["bot", "other", "bot"] {
        let reply = post(&gate.client(agent), &CALL, call(json!({"text": "hello"}))).await;
        let reply = reply.expect(200);
        assert_eq!(reply.answer()["result"]["content"][0]["text"], r#"{"text":"hello"}"#);
        assert_eq!(reply.answer()["result"]["resultType"], "complete");
        assert_eq!(
            gate.record(reply.record())["detail"]["translated"],
            "to a server with sessions"
        );
    }
    // One session for each agent, and nothing of the other era in it.
    assert_eq!(server.requests("initialize").len(), 2);
    for message in server.requests("tools/call") {
        assert!(message["params"]["_meta"].is_null(), "{message}");
    }
    let last = server.calls().pop().unwrap();
    assert_eq!(last.header("mcp-session-id"), Some(INNER_SESSION));
    assert_eq!(last.header("mcp-protocol-version"), Some("2025-11-25"));
}

#[tokio::test]
async fn a_client_with_a_session_uses_a_server_without_them() {
    let server = mcp_server().tool(tool("read")).modern().run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let client = gate.mcp("bot", "files").await;
    assert!(!client.session().is_empty());
    assert_eq!(client.tools().await, ["read"]);
    let reply = client.call("read", "hello").await.expect(200);
    assert_eq!(reply.answer()["result"]["content"][0]["text"], r#"{"text":"hello"}"#);
    assert_eq!(client.request("ping", json!({})).await.expect(200).json()["result"], json!({}));
    let refused = client.request("logging/setLevel", json!({"level": "info"})).await.expect(200);
    assert_eq!(refused.json()["error"]["code"], -32601);
    let sent = server.requests("tools/call").pop().unwrap();
    let meta = &sent["params"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    assert_eq!(meta["io.modelcontextprotocol/clientInfo"]["name"], "tests");
    // The client can be asked nothing on this way, whatever it says it could be.
    assert_eq!(meta["io.modelcontextprotocol/clientCapabilities"], json!({}));
    let last = server.calls().pop().unwrap();
    for (name, value) in CALL {
        assert_eq!(last.header(name), Some(value));
    }
    assert_eq!(last.header("mcp-session-id"), None);
}

#[tokio::test]
async fn what_has_no_counterpart_is_a_clear_error() {
    let ask = json!({"jsonrpc": "2.0", "id": 9, "method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 5}});
    let asking = mcp_server().tool(tool("read")).aside(ask).run();
    let wanting = mcp_server().tool(tool("read")).modern().calls(|_, _| {
        let ask = json!({"method": "elicitation/create", "params": {"message": "which?"}});
        json!({"resultType": "input_required", "inputRequests": {"a": ask}})
    });
    let wanting = wanting.run();
    let gate = gate().mcp("files", &asking).mcp("web", &wanting).agent("bot").run();
    let reply = post(&gate.client("bot"), &CALL, call(json!({"text": "x"}))).await.expect(200);
    assert!(!reply.text().contains("sampling"), "{}", reply.text());
    assert_eq!(reply.answer()["result"]["isError"], false);
    let told = asking.calls().into_iter().map(|call| call.json());
    assert_eq!(told.filter(|message| message["error"].is_object()).count(), 1);
    let client = gate.mcp("bot", "web").await;
    let reply = client.call("read", "x").await.expect(200);
    assert!(reply.message().contains("no way to be asked"), "{}", reply.text());
    assert_eq!(gate.record(reply.record())["status"], "refused");
}

#[tokio::test]
async fn a_stranger_to_a_server_causes_no_word_to_it() {
    let server = mcp_server().tool(tool("read")).run();
    let narrow = "[[role]]\nname = \"narrow\"\ntools = [\"other/*\"]\n";
    let gate = gate().mcp("files", &server).agent_as("bot", "narrow").sections(narrow).run();
    let reply = post(&gate.client("bot"), &[("mcp-method", "tools/list")], list()).await;
    assert_eq!(reply.json()["error"]["code"], -31_403);
    assert!(server.calls().is_empty());
}
