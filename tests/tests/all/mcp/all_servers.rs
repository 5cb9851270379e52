//! `/mcp`: all servers as one.

use portcullis_tests::mcp::{modern, text, tool};
use portcullis_tests::{McpClient, gate, mcp_server};
use serde_json::json;

const NARROW: &str = "[[role]]\nname = \"narrow\"\ntools = [\"files/read\", \"mail/*\"]\n";

#[tokio::test]
async fn tools_are_merged_filtered_and_routed() {
    let files = mcp_server()
        .tool(tool("read"))
        .tool(tool("write"))
        .calls(|name, _| text(&format!("files {name}")))
        .run();
    let mail = mcp_server()
        .tool(tool("read"))
        .without_sessions()
        .events()
        .calls(|name, _| text(&format!("mail {name}")))
        .run();
    let bank = mcp_server().tool(tool("pay")).run();
    let gate = gate()
        .mcp("files", &files)
        .mcp("mail", &mail)
        .mcp("bank", &bank)
        .agent_as("bot", "narrow")
        .sections(NARROW)
        .run();
    let client = McpClient::new(gate.client("bot"), "/mcp").open().await;
    assert_eq!(client.tools().await, ["files__read", "mail__read"]);
    for (name, expected) in [("files__read", "files read"), ("mail__read", "mail read")] {
        let reply = client.call(name, "x").await.expect(200);
        assert_eq!(reply.answer()["result"]["content"][0]["text"], expected);
    }
    for refused in ["files__write", "bank__pay", "read", "nothing__read"] {
        let reply = client.call(refused, "x").await.expect(200);
        assert!(reply.json()["error"].is_object(), "{refused}: {}", reply.text());
    }
    let reply = client.call("mail__read", "x").await.expect(200);
    assert_eq!(gate.record(reply.record())["resource"]["name"], "mail/read");
    assert!(bank.calls().is_empty());
    assert!(files.requests("tools/call").iter().all(|call| call["params"]["name"] == "read"));
}

#[tokio::test]
async fn a_server_that_is_away_does_not_keep_the_others() {
    let files = mcp_server().tool(tool("read")).run();
    let away = "[[mcp]]\nname = \"away\"\nurl = \"http://127.0.0.1:9/mcp\"\n";
    let gate = gate().mcp("files", &files).agent("bot").sections(away).run();
    let client = McpClient::new(gate.client("bot"), "/mcp").open().await;
    assert_eq!(client.tools().await, ["files__read"]);
    let opened = gate.records_with("the session", |r| r["kind"] == "mcp.initialize");
    let opened =
        opened.iter().find(|r| r["kind"] == "mcp.initialize" && r["status"] == "ok").unwrap();
    assert_eq!(opened["detail"]["missing"], "away");
}

#[tokio::test]
async fn what_a_server_asks_comes_back_to_it() {
    let ask = json!({"jsonrpc": "2.0", "id": 9, "method": "roots/list"});
    let files = mcp_server().tool(tool("read")).aside(ask).run();
    let gate = gate().mcp("files", &files).agent("bot").run();
    let client = McpClient::new(gate.client("bot"), "/mcp").open().await;
    let reply = client.call("files__read", "x").await.expect(200);
    let id = reply.events()[0]["id"].clone();
    assert_eq!(id, "files/9");
    let answer = json!({"jsonrpc": "2.0", "id": id, "result": {"roots": []}});
    client.client().post("/mcp", answer).await.expect(202);
    let told = files.calls().pop().unwrap().json();
    assert_eq!((&told["id"], &told["result"]), (&json!(9), &json!({"roots": []})));
}

#[tokio::test]
async fn names_that_hold_the_divider_are_read_in_one_way() {
    let files = mcp_server().tool(tool("x__read")).calls(|name, _| text(name)).run();
    let other = mcp_server().tool(tool("read")).calls(|_, _| text("another server's")).run();
    let gate = gate().mcp("files", &files).mcp("files-x", &other).agent("bot").run();
    let client = McpClient::new(gate.client("bot"), "/mcp").open().await;
    assert_eq!(client.tools().await, ["files__x__read", "files-x__read"]);
    let reply = client.call("files__x__read", "x").await.expect(200);
    assert_eq!(reply.answer()["result"]["content"][0]["text"], "x__read");
    for unknown in ["files_x__read", "files____read", "__read", "files__"] {
        let reply = client.call(unknown, "x").await.expect(200);
        assert!(reply.json()["error"].is_object(), "{unknown}: {}", reply.text());
    }
}

#[tokio::test]
async fn a_client_without_sessions_sees_all_servers_of_either_era() {
    let old = mcp_server().tool(tool("read")).calls(|_, _| text("old")).run();
    let new = mcp_server().tool(tool("read")).modern().calls(|_, _| text("new")).run();
    let gate = gate().mcp("old", &old).mcp("new", &new).agent("bot").run();
    let client = gate.client("bot").header("mcp-protocol-version", "2026-07-28");
    let listing = client.clone().header("mcp-method", "tools/list");
    let listed = listing.post("/mcp", modern("tools/list", json!({}))).await.expect(200).answer();
    let names = listed["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]);
    assert_eq!(names.collect::<Vec<_>>(), ["old__read", "new__read"]);
    assert_eq!(listed["result"]["resultType"], "complete");
    for server in ["old", "new"] {
        let name = format!("{server}__read");
        let params = json!({"name": name, "arguments": {"text": "x"}});
        let calling = client.clone().header("mcp-method", "tools/call").header("mcp-name", &name);
        let reply = calling.post("/mcp", modern("tools/call", params)).await.expect(200);
        assert_eq!(reply.answer()["result"]["content"][0]["text"], server);
    }
}

const PARTS: &str = r#"
[[role]]
name = "parts"
tools = ["files/*", "mail/*"]
prompts = ["files/sum"]
resources = ["files/note://*"]
"#;

/// A server with prompts and resources, and one without.
fn with_parts() -> (portcullis_tests::McpServer, portcullis_tests::McpServer) {
    let link = json!({"type": "resource_link", "uri": "note://2", "name": "two"});
    let note = json!({"uri": "note://1", "text": "the first note"});
    let files = mcp_server()
        .tool(tool("read"))
        .calls(move |_, _| json!({"content": [link], "isError": false}))
        .also("prompts/list", json!({"prompts": [{"name": "sum"}, {"name": "drop"}]}))
        .also("prompts/get", json!({"messages": [{"role": "user", "content": {"type": "text", "text": "Sum it up."}}]}))
        .also("resources/list", json!({"resources": [{"uri": "note://1", "name": "one"}, {"uri": "key://1", "name": "key"}]}))
        .also("resources/templates/list", json!({"resourceTemplates": [{"uriTemplate": "note://{id}", "name": "note"}]}))
        .also("resources/read", json!({"contents": [note]}))
        .also("completion/complete", json!({"completion": {"values": ["summary"]}}))
        .run();
    (files, mcp_server().tool(tool("read")).run())
}

#[tokio::test]
async fn prompts_and_resources_are_merged_filtered_and_routed() {
    let (files, mail) = with_parts();
    let gate = gate()
        .mcp("files", &files)
        .mcp("mail", &mail)
        .agent_as("bot", "parts")
        .sections(PARTS)
        .run();
    let client = McpClient::new(gate.client("bot"), "/mcp").open().await;
    let ask = async |method: &str, params: serde_json::Value| {
        client.request(method, params).await.expect(200)
    };
    let listed = ask("prompts/list", json!({})).await.answer()["result"]["prompts"].clone();
    assert_eq!(listed, json!([{"name": "files__sum"}]));
    let listed = ask("resources/list", json!({})).await.answer()["result"]["resources"].clone();
    assert_eq!(listed, json!([{"uri": "mcp:files/note://1", "name": "one"}]));
    let listed = ask("resources/templates/list", json!({})).await.answer();
    let template = &listed["result"]["resourceTemplates"][0]["uriTemplate"];
    assert_eq!(template, "mcp:files/note://{id}");

    let got = ask("prompts/get", json!({"name": "files__sum"})).await;
    assert!(got.text().contains("Sum it up."), "{}", got.text());
    assert_eq!(files.requests("prompts/get")[0]["params"]["name"], "sum");
    let read = ask("resources/read", json!({"uri": "mcp:files/note://1"})).await;
    assert_eq!(read.answer()["result"]["contents"][0]["uri"], "mcp:files/note://1");
    assert_eq!(files.requests("resources/read")[0]["params"]["uri"], "note://1");
    let record = gate.record(read.record());
    assert_eq!(record["resource"], json!({"name": "files/note://1", "type": "mcp_resource"}));
    // What a stranger may have written has come into the session.
    assert_eq!(record["labels"], json!(["untrusted", "confidential"]));
    let reference = json!({"type": "ref/prompt", "name": "files__sum"});
    let params = json!({"ref": reference, "argument": {"name": "of", "value": "s"}});
    let completed = ask("completion/complete", params).await;
    assert_eq!(completed.answer()["result"]["completion"]["values"], json!(["summary"]));
    // A link in a tool's answer leads where it can be followed.
    let linked = client.call("files__read", "x").await.expect(200);
    assert_eq!(linked.answer()["result"]["content"][0]["uri"], "mcp:files/note://2");
}

#[tokio::test]
async fn names_of_other_servers_and_of_nobody_lead_nowhere() {
    let (files, mail) = with_parts();
    let gate = gate()
        .mcp("files", &files)
        .mcp("mail", &mail)
        .agent_as("bot", "parts")
        .sections(PARTS)
        .run();
    let client = McpClient::new(gate.client("bot"), "/mcp").open().await;
    for (method, params) in [
        ("prompts/get", json!({"name": "files__drop"})),
        ("prompts/get", json!({"name": "sum"})),
        ("prompts/get", json!({"name": "nobody__sum"})),
        ("resources/read", json!({"uri": "mcp:files/key://1"})),
        ("resources/read", json!({"uri": "note://1"})),
        ("resources/read", json!({"uri": "mcp:nobody/note://1"})),
        ("resources/read", json!({"uri": "mcp:mail/mcp:files/note://1"})),
        ("completion/complete", json!({"ref": {"type": "ref/prompt", "name": "files__drop"}})),
        ("completion/complete", json!({"ref": {"type": "ref/resource", "uri": "key://1"}})),
        ("resources/subscribe", json!({"uri": "mcp:files/key://1"})),
        ("resources/subscribe", json!({"uri": "note://1"})),
        ("resources/unsubscribe", json!({"uri": "mcp:nobody/note://1"})),
    ] {
        let reply = client.request(method, params.clone()).await;
        assert!(reply.answer()["error"].is_object(), "{method} {params}: {}", reply.text());
        assert_eq!(gate.record(reply.record())["status"], "refused", "{method} {params}");
    }
    for method in ["prompts/get", "resources/read", "completion/complete"] {
        assert!(files.requests(method).is_empty() && mail.requests(method).is_empty());
    }
}

fn updated(uri: &str) -> serde_json::Value {
    json!({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": uri}})
}

#[tokio::test]
async fn news_of_all_servers_come_in_one_stream() {
    let changed = json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"});
    let other = json!({"jsonrpc": "2.0", "method": "notifications/of/nobody", "params": {}});
    let files = mcp_server()
        .also("resources/subscribe", json!({}))
        .news(updated("note://1"))
        // Of what the agent may not read, it hears nothing.
        .news(updated("key://1"))
        .news(other)
        .run();
    let (mail, silent) = (mcp_server().news(changed).run(), mcp_server().run());
    let gate = gate()
        .mcp("files", &files)
        .mcp("mail", &mail)
        .mcp("silent", &silent)
        .agent_as("bot", "parts")
        .sections(&format!("{PARTS}\n[[role]]\nname = \"more\"\ntools = [\"silent/*\"]\n"))
        .run();
    let client = McpClient::new(gate.client("bot"), "/mcp").open().await;
    let subscribe = json!({"uri": "mcp:files/note://1"});
    let subscribed = client.request("resources/subscribe", subscribe).await.expect(200);
    assert_eq!(subscribed.answer()["result"], json!({}));
    assert_eq!(files.requests("resources/subscribe")[0]["params"]["uri"], "note://1");
    let news = client.client().get("/mcp").await.expect(200);
    let mut heard: Vec<String> = news
        .events()
        .iter()
        .map(|event| event["params"]["uri"].as_str().unwrap_or("-").to_owned())
        .collect();
    heard.sort();
    assert_eq!(heard, ["-", "mcp:files/note://1"], "{}", news.text());
    let record = gate.record(news.record());
    assert_eq!(record["kind"], "mcp.listen");
    assert_eq!(record["detail"]["servers"], "2");
    assert_eq!(record["status"], "ok");
}

#[tokio::test]
async fn where_nobody_says_anything_by_itself_there_is_no_stream() {
    let (files, mail) = with_parts();
    let gate = gate()
        .mcp("files", &files)
        .mcp("mail", &mail)
        .agent_as("bot", "parts")
        .sections(PARTS)
        .run();
    let client = McpClient::new(gate.client("bot"), "/mcp").open().await;
    client.client().get("/mcp").await.expect(405);
    // Nor is there one outside of a session.
    gate.client("bot").get("/mcp").await.expect(405);
}
