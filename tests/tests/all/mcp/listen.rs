//! `subscriptions/listen` (2026-07-28): news that a client asks for once and hears in the answer.

use std::time::Duration;

use portcullis_tests::answer::Step;
use portcullis_tests::client::Open;
use portcullis_tests::mcp::{modern, modern_client, text, tool};
use portcullis_tests::{Gate, Reply, gate, mcp_server, wait};
use serde_json::{Value, json};

pub(super) const METHOD: &str = "subscriptions/listen";
const ID: &str = "io.modelcontextprotocol/subscriptionId";

const ROLE: &str = r#"
[[role]]
name = "reader"
tools = ["*"]
resources = ["*/note://*"]
"#;

pub(super) fn changed(of: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": format!("notifications/{of}/list_changed")})
}

fn updated(uri: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": uri}})
}

pub(super) async fn listen(gate: &Gate, path: &str, notifications: Value) -> Open {
    let client = modern_client(&gate.client("bot"), METHOD);
    client.stream(path, modern(METHOD, json!({"notifications": notifications}))).await
}

pub(super) async fn heard(gate: &Gate, path: &str, notifications: Value) -> Reply {
    listen(gate, path, notifications).await.whole().await
}

/// What a stream says, each message by its method and the resource that it is about.
fn said(reply: &Reply) -> Vec<String> {
    let name = |event: &Value| {
        let method = event["method"].as_str().unwrap_or("-").trim_start_matches("notifications/");
        let uri = event["params"]["uri"].as_str().unwrap_or_default();
        format!("{method} {uri}").trim().to_owned()
    };
    reply.events().iter().map(name).collect()
}

#[tokio::test]
async fn a_client_hears_what_it_asked_for_and_nothing_else() {
    let server = mcp_server()
        .modern()
        .news(changed("tools"))
        .news(changed("prompts"))
        .news(updated("note://1"))
        .news(updated("note://2"))
        .news(json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}))
        .news(json!({"jsonrpc": "2.0", "id": 5, "method": "roots/list"}))
        .run();
    let gate = gate().mcp("files", &server).agent_as("bot", "reader").sections(ROLE).run();
    let asked = json!({"toolsListChanged": true, "resourceSubscriptions": ["note://1", "key://1"], "taskIds": ["x"]});
    let reply = heard(&gate, "/mcp/files", asked).await;
    let order =
        ["subscriptions/acknowledged", "tools/list_changed", "resources/updated note://1", "-"];
    assert_eq!(said(&reply), order, "{}", reply.text());
    let events = reply.events();
    // What the agent may not read is promised neither to it nor asked of the server.
    let agreed = json!({"toolsListChanged": true, "resourceSubscriptions": ["note://1"]});
    assert_eq!(events[0]["params"]["notifications"], agreed);
    assert_eq!(server.requests(METHOD)[0]["params"]["notifications"], agreed);
    for event in &events[..3] {
        assert_eq!(event["params"]["_meta"][ID], 1, "{event}");
    }
    assert_eq!((&events[3]["id"], &events[3]["result"]["_meta"][ID]), (&json!(1), &json!(1)));
    assert_eq!(events[3]["result"]["resultType"], "complete");
    let record = gate.record(reply.record());
    assert_eq!((&record["kind"], &record["status"]), (&json!("mcp.listen"), &json!("ok")));
    let detail = &record["detail"];
    assert_eq!((&detail["resources"], &detail["not_to_be_read"]), (&json!("1"), &json!("1")));
}

#[tokio::test]
async fn all_servers_of_either_era_are_heard_in_one_stream_under_names_of_their_own() {
    let new = mcp_server().modern().news(updated("note://1")).news(updated("key://1")).run();
    let old = mcp_server()
        .news(updated("note://1"))
        .news(changed("tools"))
        .also("resources/subscribe", json!({}))
        .also("resources/unsubscribe", json!({}))
        .run();
    let (silent, away) =
        (mcp_server().run(), "[[mcp]]\nname = \"away\"\nurl = \"http://127.0.0.1:9/mcp\"\n");
    let gate = gate()
        .mcp("new", &new)
        .mcp("old", &old)
        .mcp("silent", &silent)
        .agent_as("bot", "reader")
        .sections(&format!("{ROLE}{away}"))
        .run();
    let uris = [
        "mcp:new/note://1",
        "mcp:old/note://1",
        "mcp:old/key://1",
        "mcp:nobody/note://1",
        "note://1",
    ];
    let asked = json!({"toolsListChanged": true, "resourceSubscriptions": uris});
    let reply = heard(&gate, "/mcp", asked).await;
    let mut lines = said(&reply);
    assert_eq!(lines.remove(0), "subscriptions/acknowledged");
    assert_eq!(lines.pop().unwrap(), "-");
    lines.sort();
    let both = [
        "resources/updated mcp:new/note://1",
        "resources/updated mcp:old/note://1",
        "tools/list_changed",
    ];
    assert_eq!(lines, both, "{}", reply.text());
    let agreed = reply.events()[0]["params"]["notifications"].clone();
    assert_eq!(agreed["resourceSubscriptions"], json!(uris[..2]));
    for server in [&new, &old, &silent] {
        let all = server.calls().iter().map(|call| call.json().to_string()).collect::<String>();
        assert!(!all.contains("key://1") && !all.contains("mcp:"), "{all}");
    }
    assert_eq!(gate.record(reply.record())["detail"]["servers"], "2");
    // Nothing is left behind at a server with sessions.
    let left = || (!old.requests("resources/unsubscribe").is_empty()).then_some(());
    wait::until_async("the end of the subscription", left).await;
}

#[tokio::test]
async fn two_clients_hear_one_stream_of_a_server_with_sessions() {
    let step = Step::Forever(
        format!("data: {}\n\n", updated("note://1")).into(),
        Duration::from_millis(20),
    );
    let server = mcp_server()
        .news(changed("tools"))
        .after_news(step)
        .also("resources/subscribe", json!({}))
        .also("resources/unsubscribe", json!({}))
        .run();
    let gate = gate().mcp("files", &server).agent_as("bot", "reader").sections(ROLE).run();
    let asked = json!({"resourceSubscriptions": ["note://1"]});
    let mut first = listen(&gate, "/mcp/files", asked.clone()).await;
    first.until("resources/updated").await;
    let mut second = listen(&gate, "/mcp/files", asked).await;
    second.until("resources/updated").await;
    let opened = || server.calls().iter().filter(|call| call.method == http::Method::GET).count();
    assert_eq!((opened(), server.requests("resources/subscribe").len()), (1, 1));
    drop(first);
    second.until("resources/updated").await;
    assert!(server.requests("resources/unsubscribe").is_empty());
    drop(second);
    let left = || (!server.requests("resources/unsubscribe").is_empty()).then_some(());
    wait::until_async("the end of the subscription", left).await;
}

#[tokio::test]
async fn a_server_that_the_gate_starts_is_heard_in_the_session_in_which_it_is_called() {
    let program = env!("CARGO_BIN_EXE_stdio_server");
    let sections = format!("[[mcp]]\nname = \"own\"\ncommand = [\"{program}\"]\n");
    let gate = gate().agent("bot").sections(&sections).run();
    let mut open = listen(&gate, "/mcp/own", json!({"toolsListChanged": true})).await;
    open.until("acknowledged").await;
    let calling = modern_client(&gate.client("bot"), "tools/call").header("mcp-name", "act");
    let params = json!({"name": "act", "arguments": {"text": "news"}});
    calling.post("/mcp/own", modern("tools/call", params)).await.expect(200);
    open.until("tools/list_changed").await;
}

#[tokio::test]
async fn a_client_with_a_session_hears_a_server_without_them() {
    let news = [changed("tools"), updated("note://1"), updated("note://2")];
    let server = news.into_iter().fold(mcp_server().modern(), |server, news| server.news(news));
    let server = server.after_news(Step::Hang).run();
    let gate = gate().mcp("files", &server).agent_as("bot", "reader").sections(ROLE).run();
    let client = gate.mcp("bot", "files").await;
    let mut open = client.client().open(http::Method::GET, "/mcp/files", bytes::Bytes::new()).await;
    let before = open.until("tools/list_changed").await;
    assert!(!before.contains("acknowledged") && !before.contains(ID), "{before}");
    client.request("resources/subscribe", json!({"uri": "note://1"})).await.expect(200);
    let after = open.until("note://1").await;
    assert!(!after.contains("note://2"), "{after}");
    let denied = client.request("resources/subscribe", json!({"uri": "key://1"})).await;
    assert_eq!(denied.json()["error"]["code"], -31_403);
    let asked = server.requests(METHOD);
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1]["params"]["notifications"]["resourceSubscriptions"], json!(["note://1"]));
    assert!(server.requests("resources/subscribe").is_empty());
}

#[tokio::test]
async fn what_may_not_be_heard_and_what_is_no_request_is_refused_and_recorded() {
    let server = mcp_server().modern().news(changed("tools")).run();
    let silent = mcp_server().run();
    let narrow = "[[role]]\nname = \"narrow\"\ntools = [\"other/*\"]\n";
    let gate = gate()
        .mcp("files", &server)
        .mcp("silent", &silent)
        .agent_as("bot", "reader")
        .agent_as("stranger", "narrow")
        .sections(&format!("{ROLE}{narrow}"))
        .run();
    for path in ["/mcp/files", "/mcp"] {
        let key = if path == "/mcp" { "mcp:files/key://1" } else { "key://1" };
        let refused = heard(&gate, path, json!({"resourceSubscriptions": [key]})).await;
        assert_eq!(refused.json()["error"]["code"], -31_403, "{}", refused.text());
        assert_eq!(gate.record(refused.record())["status"], "refused");
        for bad in [
            json!(null),
            json!({"toolsListChanged": 1}),
            json!({"resourceSubscriptions": ["a\u{202e}"]}),
        ] {
            let refused = heard(&gate, path, bad.clone()).await.expect(400);
            assert_eq!(refused.json()["error"]["code"], -32602, "{bad}");
        }
    }
    let stranger = modern_client(&gate.client("stranger"), METHOD);
    let message = modern(METHOD, json!({"notifications": {"toolsListChanged": true}}));
    let refused = stranger.post("/mcp/files", message.clone()).await;
    assert_eq!(refused.json()["error"]["code"], -31_403);
    let nothing = stranger.post("/mcp", message.clone()).await.expect(400);
    assert_eq!(nothing.json()["error"]["code"], -32602);
    // A server that says nothing by itself says so; so does the gate to a client that has another way.
    let refused = heard(&gate, "/mcp/silent", json!({"toolsListChanged": true})).await.expect(404);
    assert_eq!(refused.json()["error"]["code"], -32601);
    let session = gate.mcp("bot", "silent").await;
    let refused = session.request(METHOD, json!({"notifications": {}})).await.expect(200);
    assert_eq!(refused.json()["error"]["code"], -32601);
    assert!(server.requests(METHOD).is_empty());
    // Who asks for nothing hears that, and nothing stays open.
    let nothing = heard(&gate, "/mcp/files", json!({})).await.expect(200);
    assert_eq!(said(&nothing), ["subscriptions/acknowledged", "-"]);
}

#[tokio::test]
async fn a_flood_of_news_that_nobody_asked_for_reaches_nobody() {
    let flood = format!("data: {}\n\n", changed("prompts")).repeat(500);
    let server = mcp_server()
        .modern()
        .tool(tool("read"))
        .calls(|_, _| text("here"))
        .news(changed("prompts"))
        .after_news(Step::Forever(flood.into(), Duration::from_millis(1)))
        .run();
    let gate = gate().mcp("files", &server).agent("bot").run();
    let before = gate.memory();
    let open = listen(&gate, "/mcp/files", json!({"toolsListChanged": true})).await;
    let calling = modern_client(&gate.client("bot"), "tools/call").header("mcp-name", "read");
    let params = json!({"name": "read", "arguments": {"text": "x"}});
    calling.post("/mcp/files", modern("tools/call", params)).await.expect(200);
    // It is heard no longer in the end.
    let reply = open.whole().await;
    let events = reply.events();
    assert_eq!(events.len(), 2, "{}", reply.text());
    assert!(
        events[1]["error"]["message"].as_str().unwrap().contains("without end"),
        "{}",
        events[1]
    );
    assert_eq!(gate.record(reply.record())["status"], "failed");
    let grown = gate.memory().saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB");
}

#[tokio::test]
async fn a_server_that_goes_away_ends_its_own_part_and_says_why_where_it_was_the_last() {
    let pause = Step::Pause(Duration::from_millis(50));
    let broken = mcp_server().modern().news(changed("tools")).after_news(pause);
    let broken = broken.after_news(Step::Break).run();
    let fine = mcp_server().modern().news(changed("tools")).run();
    let gate = gate().mcp("broken", &broken).mcp("fine", &fine).agent("bot").run();
    let asked = json!({"toolsListChanged": true});
    let reply = heard(&gate, "/mcp/broken", asked.clone()).await;
    let last = reply.events().pop().unwrap();
    assert_eq!((&last["id"], last["error"].is_object()), (&json!(1), true), "{last}");
    assert_eq!(gate.record(reply.record())["status"], "failed");
    let reply = heard(&gate, "/mcp", asked).await;
    assert_eq!(said(&reply).iter().filter(|line| *line == "tools/list_changed").count(), 2);
}

#[tokio::test]
async fn open_streams_meet_the_kill_switch_and_the_policies_that_are_in_force() {
    let again = format!("data: {}\n\n", updated("note://1"));
    let server = mcp_server()
        .modern()
        .news(updated("note://1"))
        .after_news(Step::Forever(again.into(), Duration::from_millis(20)))
        .run();
    let mut gate = gate().mcp("files", &server).agent_as("bot", "reader").sections(ROLE).run();
    let asked = json!({"resourceSubscriptions": ["note://1"]});
    let mut open = listen(&gate, "/mcp/files", asked.clone()).await;
    open.until("resources/updated").await;
    gate.succeeds(&["server", "suspend", "files", "--reason", "drill"]);
    let reply = open.whole().await;
    assert!(reply.text().contains("suspended"), "{}", reply.text());
    assert_eq!(gate.record(reply.record())["status"], "cut");
    gate.succeeds(&["server", "resume", "files"]);

    let mut open = listen(&gate, "/mcp/files", asked).await;
    open.until("resources/updated").await;
    gate.rewrite(|text| {
        text.replace("tools = [\"*\"]\nresources = [\"*/note://*\"]", "tools = [\"other/*\"]")
    });
    gate.signal("HUP");
    let reply = open.whole().await;
    let last = reply.events().pop().unwrap();
    assert!(last["error"]["message"].as_str().unwrap().contains("any more"), "{last}");
    assert_eq!(gate.record(reply.record())["status"], "refused");
}

#[tokio::test]
async fn one_agent_has_so_many_streams_and_no_more() {
    const MOST: usize = 64;
    let server = mcp_server().modern().news(changed("tools")).after_news(Step::Hang).run();
    let gate = gate().mcp("files", &server).agent("bot").agent("other").run();
    let asked = json!({"toolsListChanged": true});
    let mut open = Vec::new();
    for _ in 0..MOST {
        let mut one = listen(&gate, "/mcp/files", asked.clone()).await;
        one.until("tools/list_changed").await;
        open.push(one);
    }
    let refused = heard(&gate, "/mcp/files", asked.clone()).await;
    assert_eq!(refused.json()["error"]["code"], -31_503, "{}", refused.text());
    let other = modern_client(&gate.client("other"), METHOD);
    let message = modern(METHOD, json!({"notifications": asked}));
    other.stream("/mcp/files", message).await.until("acknowledged").await;
    // A place is free again once a client leaves.
    open.pop();
    let free = || gate.records().iter().any(|record| record["status"] == "cancelled").then_some(());
    wait::until_async("the end of a stream", free).await;
    listen(&gate, "/mcp/files", asked).await.until("acknowledged").await;
}
