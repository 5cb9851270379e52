//! Anthropic: messages and count_tokens.

use portcullis_tests::mock::FOX;
use portcullis_tests::{Client, gate, messages, messages_stream, upstream};

use crate::MESSAGES;

fn client(gate: &portcullis_tests::Gate) -> Client {
    gate.stranger().header("x-api-key", &gate.key("bot")).header("anthropic-version", "2023-06-01")
}

#[tokio::test]
async fn messages_pass_whole_and_streamed() {
    let upstream = upstream().run();
    let gate = gate().anthropic(&upstream).agent("bot").run();
    let whole = client(&gate).post(MESSAGES, messages("claude-mock", "hello")).await.expect(200);
    assert_eq!(whole.json()["content"][0]["text"], FOX);
    let streamed =
        client(&gate).post(MESSAGES, messages_stream("claude-mock", "hello")).await.expect(200);
    assert_eq!(streamed.said(), FOX);
    let record = gate.record(streamed.record());
    assert_eq!(record["usage"]["input_tokens"], 11);
    assert_eq!(record["usage"]["output_tokens"], 9);
}

#[tokio::test]
async fn the_provider_gets_its_own_header_and_key() {
    let upstream = upstream().run();
    let gate = gate().anthropic(&upstream).agent("bot").run();
    client(&gate).post(MESSAGES, messages("claude-mock", "hello")).await.expect(200);
    let call = upstream.last();
    assert_eq!(call.path, "/v1/messages");
    assert_eq!(call.header("x-api-key"), Some("provider-key-of-the-tests"));
    assert_eq!(call.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(call.header("authorization"), None);
}

#[tokio::test]
async fn tool_input_passes_streamed() {
    let upstream = upstream().run();
    let gate = gate().anthropic(&upstream).agent("bot").run();
    let reply = client(&gate)
        .post(MESSAGES, messages_stream("claude-mock-tool", "weather?"))
        .await
        .expect(200);
    assert_eq!(reply.said(), r#"{"city": "Paris", "unit": "celsius", "days": 3}"#);
}

#[tokio::test]
async fn tokens_are_counted() {
    let upstream = upstream().run();
    let gate = gate().anthropic(&upstream).agent("bot").run();
    let path = format!("{MESSAGES}/count_tokens");
    let reply = client(&gate).post(&path, messages("claude-mock", "hello")).await.expect(200);
    assert_eq!(reply.json()["input_tokens"], 11);
}
