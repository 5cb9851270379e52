//! A call of a tool is told from one that no model asked for.

use portcullis_tests::mcp::tool;
use portcullis_tests::protocol::{Said, openai};
use portcullis_tests::{
    Answer, Call, Gate, McpClient, McpServer, Reply, Upstream, chat, chat_stream, gate, mcp_server,
    upstream,
};
use serde_json::{Value, json};

use crate::CHAT;

/// What no model asked for is not done.
const POLICY: &str = r#"
@id("all")
@description("Whatever it asks for.")
permit (principal, action, resource);

@id("only-what-a-model-asked-for")
@description("A program of ours calls no tool by itself.")
forbid (principal, action == Action::"call_tool", resource)
when { context.origins.contains("call:program") };
"#;

const ASKED: &str = r#"{ "text": "hello" }"#;

/// A model that asks for one call of a tool, under the name that a program gave it.
fn model() -> Upstream {
    let answer = |call: &Call| {
        let said = Said::Tool("mcp__files__read".into(), ASKED.into());
        match call.json()["stream"] == true {
            true => Answer::events(openai::chat_events("gpt-mock", &said)),
            false => Answer::json(&openai::chat("gpt-mock", &said)),
        }
    };
    upstream().answers(answer).run()
}

struct Scene {
    gate: Gate,
    _model: Upstream,
    server: McpServer,
}

fn start() -> Scene {
    let (model, server) = (model(), mcp_server().tool(tool("read")).run());
    let gate =
        gate().openai(&model).mcp("files", &server).agent("bot").policy("own.cedar", POLICY).run();
    Scene { gate, _model: model, server }
}

impl Scene {
    async fn tools(&self, session: &str) -> McpClient {
        let client = self.gate.client("bot").header("portcullis-session", session);
        McpClient::new(client, "/mcp/files").open().await
    }

    async fn ask(&self, session: &str, body: Value) -> Reply {
        let client = self.gate.client("bot").header("portcullis-session", session);
        client.post(CHAT, body).await.expect(200)
    }
}

#[tokio::test]
async fn the_record_of_a_call_names_the_answer_that_asked_for_it() {
    let scene = start();
    for (session, body) in
        [("whole", chat("Read hello.")), ("streamed", chat_stream("gpt-mock", "Read hello."))]
    {
        let asked = scene.ask(session, body).await;
        let called = scene.tools(session).await.call("read", "hello").await.expect(200);
        assert_eq!(called.decision(), "permit", "{session}: {}", called.text());
        let record = scene.gate.record(called.record());
        assert_eq!(record["detail"]["asked_by"], asked.record(), "{session}");
        let origins = record["detail"]["origins"].as_str().unwrap();
        assert!(origins.split(' ').any(|origin| origin == "call:model"), "{origins}");
    }
}

#[tokio::test]
async fn a_call_that_no_model_asked_for_is_marked_and_policies_see_it() {
    let scene = start();
    scene.ask("one", chat("Read hello.")).await;
    let tools = scene.tools("one").await;
    // Another argument is another call.
    let refused = tools.call("read", "something else").await.expect(200);
    assert_eq!(refused.decision(), "deny", "{}", refused.text());
    let record = scene.gate.record(refused.record());
    assert_eq!(record["detail"]["asked_by"], "no model");
    assert_eq!(record["decision"]["policies"], json!(["only-what-a-model-asked-for"]));
    assert!(scene.server.requests("tools/call").is_empty());
    tools.call("read", "hello").await.expect(200);
    assert_eq!(scene.server.requests("tools/call").len(), 1);
}

#[tokio::test]
async fn where_no_model_has_answered_nobody_is_accused() {
    let scene = start();
    scene.ask("one", chat("Read hello.")).await;
    for session in ["two", "three"] {
        let called = scene.tools(session).await.call("read", "else").await.expect(200);
        assert_eq!(called.decision(), "permit", "{}", called.text());
        let record = scene.gate.record(called.record());
        assert!(record["detail"].get("asked_by").is_none(), "{record}");
    }
}
