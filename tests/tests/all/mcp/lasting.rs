//! Streams of news over time: begun again, counted, and over with what opened them.

use portcullis_tests::answer::Step;
use portcullis_tests::client::Open;
use portcullis_tests::mcp::{McpClient, McpServer, modern, modern_client};
use portcullis_tests::{Gate, gate, mcp_server, wait};
use serde_json::{Value, json};

use super::listen::{METHOD, changed, heard, listen};

#[tokio::test]
async fn a_server_that_has_not_noticed_the_end_of_its_last_stream_is_asked_again() {
    let server = mcp_server().news(changed("tools")).after_news(Step::Hang).busy(2).run();
    let never = mcp_server().news(changed("tools")).after_news(Step::Hang).busy(usize::MAX).run();
    let gate = gate().mcp("files", &server).mcp("never", &never).agent("bot").run();
    let asked = json!({"toolsListChanged": true});
    let mut open = listen(&gate, "/mcp/files", asked.clone()).await;
    open.until("tools/list_changed").await;
    let gets = |server: &McpServer| {
        server.calls().iter().filter(|call| call.method == http::Method::GET).count()
    };
    assert_eq!(gets(&server), 3);
    // One that stays so is not waited for without end, and keeps nobody from hearing the other.
    let refused = heard(&gate, "/mcp/never", asked.clone()).await;
    assert!(refused.json()["error"].is_object(), "{}", refused.text());
    assert_ne!(gate.record(refused.record())["status"], "ok");
    assert!((1..=10).contains(&gets(&never)), "{}", gets(&never));
    let mut all = listen(&gate, "/mcp", asked).await;
    let said = all.until("acknowledged").await;
    assert!(said.contains("toolsListChanged"), "{said}");
}

/// A key of the gate's that a command prints.
fn printed(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap();
    value["key"].as_str().unwrap().to_owned()
}

/// Streams of news of an agent's, opened in each way.
async fn every_stream(gate: &Gate, key: &str) -> Vec<(&'static str, Open)> {
    let client = gate.stranger().bearer(key);
    let asked = json!({"notifications": {"toolsListChanged": true}});
    let mut open = Vec::new();
    for path in ["/mcp/new", "/mcp/old", "/mcp"] {
        let client = modern_client(&client, METHOD);
        open.push((path, client.stream(path, modern(METHOD, asked.clone())).await));
    }
    for path in ["/mcp/new", "/mcp/old", "/mcp"] {
        let session = McpClient::new(client.clone(), path).open().await;
        let stream = session.client().open(http::Method::GET, path, bytes::Bytes::new());
        open.push((path, stream.await));
    }
    for (_, stream) in &mut open {
        stream.until("tools/list_changed").await;
    }
    open
}

async fn all_cut(gate: &Gate, open: Vec<(&'static str, Open)>) {
    for (path, stream) in open {
        let whole = tokio::time::timeout(wait::DEADLINE, stream.whole());
        let reply = whole.await.unwrap_or_else(|_| panic!("{path} is open still"));
        let record = gate.record(reply.record());
        assert_eq!(record["status"], "cut", "{path}: {record}");
        let reason = record["decision"]["reason"].as_str().unwrap();
        assert!(reason.contains("taken no more"), "{path}: {reason}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stream_outlives_the_key_that_opened_it() {
    let servers = [mcp_server().modern(), mcp_server()];
    let [new, old] = servers.map(|one| one.news(changed("tools")).after_news(Step::Hang).run());
    let gate = gate().mcp("new", &new).mcp("old", &old).agent("other").run();
    let first = printed(&gate.succeeds(&["agent", "add", "bot", "--role", "tester", "--json"]));
    let open = every_stream(&gate, &first).await;
    let others = every_stream(&gate, &gate.key("other")).await;
    let rotated = gate.succeeds(&["agent", "rotate", "bot", "--now", "--json"]);
    all_cut(&gate, open).await;
    // One that was replaced ends when the time is over in which both are taken.
    let open = every_stream(&gate, &printed(&rotated)).await;
    gate.succeeds(&["agent", "rotate", "bot", "--overlap", "1s"]);
    all_cut(&gate, open).await;
    drop(others);
    let begun = |record: &Value| record["agent"] == "other" && record["status"] == "cancelled";
    gate.records_with("the streams of the other agent to be closed by itself", begun);
    assert!(
        !gate
            .records()
            .iter()
            .any(|record| record["agent"] == "other" && record["status"] == "cut")
    );
}

#[tokio::test]
async fn a_stream_ends_with_the_time_of_the_key_or_token_that_opened_it() {
    let server = mcp_server().modern().news(changed("tools")).after_news(Step::Hang).run();
    let lifetime = |seconds| format!("[identity]\ntoken_lifetime = \"{seconds}s\"\n");
    // On a busy machine a short time may be over before the stream is open: then a longer one is tried.
    for seconds in [3, 12, 48] {
        let gate = gate().mcp("files", &server).agent("other").sections(&lifetime(seconds)).run();
        let token = gate.client("other").ask(&[("grant_type", "client_credentials")]).await;
        let by_token = news_by(&gate, &token.expect(200).token()).await;
        let span = format!("{seconds}s");
        let words = ["agent", "add", "bot", "--role", "tester", "--expires-in", &span, "--json"];
        let by_key = news_by(&gate, &printed(&gate.succeeds(&words))).await;
        let open = [by_token, by_key].map(|open| ("/mcp/files", open));
        if open.iter().all(|(_, open)| open.status == 200) {
            return all_cut(&gate, open.into()).await;
        }
    }
    panic!("no stream could be opened in time");
}

async fn news_by(gate: &Gate, credential: &str) -> Open {
    let client = modern_client(&gate.stranger().bearer(credential), METHOD);
    let asked = json!({"notifications": {"toolsListChanged": true}});
    client.stream("/mcp/files", modern(METHOD, asked)).await
}

#[tokio::test]
async fn one_stream_of_several_servers_counts_at_each_of_them_and_once_for_its_agent() {
    let limits = r#"
[[limit]]
name = "each-server"
per = "server"
window = "1d"
requests = 1

[[limit]]
name = "each-agent"
per = "agent"
window = "1d"
requests = 3
"#;
    let [one, two] =
        [mcp_server(), mcp_server()].map(|one| one.modern().news(changed("tools")).run());
    let mut gate =
        gate().mcp("one", &one).mcp("two", &two).agent("bot").agent("other").sections(limits).run();
    let asked = json!({"toolsListChanged": true});
    let reply = heard(&gate, "/mcp", asked.clone()).await;
    assert_eq!(gate.record(reply.record())["detail"]["counted_at"], "one,two");
    // Each of them has had its one.
    for path in ["/mcp/one", "/mcp/two", "/mcp"] {
        let refused = heard(&gate, path, asked.clone()).await;
        assert_eq!(refused.json()["error"]["code"], -31_429, "{path}: {}", refused.text());
        assert!(refused.text().contains("each-server"), "{}", refused.text());
    }
    // And what counters are made from again says the same.
    gate.kill();
    gate.start();
    for path in ["/mcp/one", "/mcp/two"] {
        let refused = heard(&gate, path, asked.clone()).await;
        assert_eq!(refused.json()["error"]["code"], -31_429, "{path}: {}", refused.text());
    }
}
