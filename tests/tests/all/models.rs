//! The list of models: what the agent may call, and nothing more.

use portcullis_tests::{Answer, compress, gate, upstream};
use serde_json::json;

use crate::CHAT;

const MODELS: &str = "/llm/openai/v1/models";
/// Written oddly, so that a list that was parsed and written again differs.
const LIST: &str = "{ \"object\":\"list\",\n \"data\" : [ {\"id\":\"gpt-\\u0061\", \"created\":1.0},\t{\"id\":\"gpt-b\"} ], \"x\":null }\n";
const NARROW: &str =
    "[[role]]\nname = \"narrow\"\nproviders = [\"openai\"]\nmodels = [\"gpt-a\"]\n";

#[tokio::test]
async fn a_list_that_is_wholly_permitted_is_not_touched() {
    for coding in ["identity", "gzip", "br", "zstd"] {
        let answer = Answer::new(200, "application/json", LIST);
        let answer = if coding == "identity" { answer } else { answer.encoded(coding, 1) };
        let sent = answer.data();
        let upstream = upstream().always(answer).run();
        let gate = gate().openai(&upstream).agent("bot").run();
        let client = gate.client("bot").header("accept-encoding", "gzip, br, zstd");
        let reply = client.get(MODELS).await.expect(200);
        assert_eq!(reply.body, sent, "{coding}");
    }
}

#[tokio::test]
async fn models_that_may_not_be_called_are_not_listed() {
    for coding in ["identity", "gzip"] {
        let answer = Answer::new(200, "application/json", LIST);
        let answer = if coding == "identity" { answer } else { answer.encoded(coding, 1) };
        let upstream = upstream().always(answer).run();
        let gate = gate()
            .openai(&upstream)
            .agent_as("bot", "narrow")
            .agent_as("clerk", "clerk")
            .sections(NARROW)
            .run();
        let client = gate.client("bot").header("accept-encoding", "gzip");
        let reply = client.get(MODELS).await.expect(200);
        let plain = compress::decode(reply.header("content-encoding"), &reply.body);
        let listed: serde_json::Value = serde_json::from_slice(&plain).unwrap();
        let expected =
            json!({"object": "list", "data": [{"id": "gpt-a", "created": 1.0}], "x": null});
        assert_eq!(listed, expected);
        // The list and the call are one decision.
        client.post(CHAT, portcullis_tests::chat_to("gpt-a", "x")).await.expect(200);
        client.post(CHAT, portcullis_tests::chat_to("gpt-b", "x")).await.expect(403);
        let nothing = gate.client("clerk").get(MODELS).await.expect(200);
        assert_eq!(nothing.json()["data"], json!([]));
    }
}

#[tokio::test]
async fn a_model_that_may_not_be_called_is_not_shown_either() {
    let answer = Answer::new(200, "application/json", "{\"id\":\"gpt-a\",\"object\":\"model\"}");
    let upstream = upstream().always(answer).run();
    let gate = gate().openai(&upstream).agent_as("bot", "narrow").sections(NARROW).run();
    let client = gate.client("bot");
    client.get(&format!("{MODELS}/gpt-a")).await.expect(200);
    client.get(&format!("{MODELS}/gpt-b")).await.expect(403);
}
