//! OpenAI: chat completions, responses, embeddings, models.

use portcullis_tests::mock::FOX;
use portcullis_tests::{chat, chat_stream, chat_to, gate, upstream};
use serde_json::json;

use crate::CHAT;

#[tokio::test]
async fn a_chat_completion_passes_and_is_recorded() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let reply = gate.client("bot").post(CHAT, chat("hello")).await.expect(200);
    assert_eq!(reply.json()["choices"][0]["message"]["content"], FOX);
    assert_eq!(reply.decision(), "permit");
    let record = gate.record(reply.record());
    assert_eq!(record["kind"], "llm.call");
    assert_eq!(record["agent"], "bot");
    assert_eq!(record["resource"], json!({"type": "model", "name": "openai/gpt-mock"}));
    assert_eq!(record["decision"]["effect"], "permit");
    assert_eq!(record["usage"]["input_tokens"], 11);
    assert_eq!(record["usage"]["output_tokens"], 9);
}

#[tokio::test]
async fn the_provider_sees_the_gates_key_and_never_the_agents() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    gate.client("bot")
        .header("portcullis-session", "s1")
        .post(CHAT, chat("hello"))
        .await
        .expect(200);
    let call = upstream.last();
    assert_eq!(call.path, "/v1/chat/completions");
    assert_eq!(call.header("authorization"), Some("Bearer provider-key-of-the-tests"));
    let key = gate.key("bot");
    assert!(!format!("{:?}", call.headers).contains(&key), "the agent's key went upstream");
    assert!(!call.headers.keys().any(|name| name.as_str().starts_with("portcullis")));
}

#[tokio::test]
async fn a_stream_passes_event_by_event() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let mut open = gate.client("bot").stream(CHAT, chat_stream("gpt-mock-endless", "hello")).await;
    assert_eq!(open.status, 200);
    // The stream never ends, so this comes only if pieces are passed on as they arrive.
    open.until("fox").await;
}

#[tokio::test]
async fn a_stream_says_what_the_whole_answer_says() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let reply = gate.client("bot").post(CHAT, chat_stream("gpt-mock", "hello")).await.expect(200);
    assert_eq!(reply.said(), FOX);
    assert!(reply.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(gate.record(reply.record())["usage"]["output_tokens"], 9);
}

#[tokio::test]
async fn tool_calls_pass_whole_and_streamed() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let client = gate.client("bot");
    let whole = client.post(CHAT, chat_to("gpt-mock-tool", "weather?")).await.expect(200).json();
    let call = &whole["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(call["name"], "get_weather");
    let streamed = client.post(CHAT, chat_stream("gpt-mock-tool", "weather?")).await.expect(200);
    assert_eq!(streamed.said(), call["arguments"].as_str().unwrap_or_default());
}

#[tokio::test]
async fn responses_embeddings_and_models_pass() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let client = gate.client("bot");
    let body = json!({"model": "gpt-mock", "input": "hello"});
    let whole = client.post("/llm/openai/v1/responses", &body).await.expect(200).json();
    assert_eq!(whole["output"][0]["content"][0]["text"], FOX);
    let streamed = json!({"model": "gpt-mock", "input": "hello", "stream": true});
    let streamed = client.post("/llm/openai/v1/responses", streamed).await.expect(200);
    assert_eq!(streamed.said(), FOX);
    let embedded = client.post("/llm/openai/v1/embeddings", body).await.expect(200).json();
    assert_eq!(embedded["data"][0]["embedding"], json!([0.125, -0.5, 0.25]));
    let models = client.get("/llm/openai/v1/models").await.expect(200).json();
    assert_eq!(models["object"], "list");
}

#[tokio::test]
async fn the_models_name_chooses_the_provider() {
    let (one, other) = (upstream().run(), upstream().run());
    let gate = gate().openai(&one).anthropic(&other).agent("bot").run();
    let client = gate.client("bot");
    client.post("/v1/chat/completions", chat("hello")).await.expect(200);
    client
        .post("/v1/messages", portcullis_tests::messages("claude-mock", "hello"))
        .await
        .expect(200);
    assert_eq!((one.calls().len(), other.calls().len()), (1, 1));
    client.post("/v1/chat/completions", chat_to("unknown-model", "hello")).await.expect(404);
}
