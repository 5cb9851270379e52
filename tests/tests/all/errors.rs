//! Refusals and failures in the provider's own shape, with a sentence to act on and the record's id.

use portcullis_tests::client::Reply;
use portcullis_tests::{chat, chat_stream, chat_to, gate, messages, raw, upstream};
use serde_json::Value;

use crate::{CHAT, MESSAGES};

const FAST: &str = "timeouts = { connect = \"1s\", first_byte = \"300ms\", idle = \"300ms\" }\n";

#[track_caller]
fn openai_error(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{}", reply.text());
    let error = &reply.json()["error"];
    for field in ["message", "type"] {
        assert!(error[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {error}");
    }
    assert!(error.get("code").is_some() && error.get("param").is_some(), "{error}");
    assert!(reply.message().contains(reply.record()), "no record's id: {}", reply.message());
    assert!(reply.record().starts_with("act_"));
}

#[track_caller]
fn anthropic_error(reply: &Reply, status: u16, kind: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    let body = reply.json();
    assert_eq!(
        (&body["type"], &body["error"]["type"]),
        (&Value::from("error"), &Value::from(kind))
    );
    assert!(reply.message().contains(reply.record()), "no record's id: {}", reply.message());
}

#[tokio::test]
async fn refusals_have_the_providers_shape() {
    let upstream = upstream().run();
    let gate =
        gate().openai(&upstream).anthropic(&upstream).agent("bot").agent_as("clerk", "clerk").run();
    openai_error(&gate.stranger().post(CHAT, chat("x")).await, 401);
    openai_error(&gate.client("clerk").post(CHAT, chat("x")).await, 403);
    let stranger = gate.stranger().post(MESSAGES, messages("claude-mock", "x")).await;
    anthropic_error(&stranger, 401, "authentication_error");
    let clerk = gate.client("clerk").post(MESSAGES, messages("claude-mock", "x")).await;
    anthropic_error(&clerk, 403, "permission_error");
    assert!(upstream.calls().is_empty(), "a refused call went upstream");
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_a_504() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).provider_lines(FAST).agent("bot").run();
    let reply = gate.client("bot").post(CHAT, chat_to("gpt-mock-hang", "x")).await;
    openai_error(&reply, 504);
    assert_eq!(gate.record(reply.record())["status"], "failed");
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_a_502() {
    let gone = upstream().run();
    let gate = gate().openai(&gone).provider_lines(FAST).agent("bot").run();
    drop(gone);
    openai_error(&gate.client("bot").post(CHAT, chat("x")).await, 502);
}

#[tokio::test]
async fn a_providers_own_error_passes_unchanged() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).anthropic(&upstream).agent("bot").run();
    for status in [400, 404, 409, 422, 429, 500, 503] {
        let reply =
            gate.client("bot").post(CHAT, chat_to(&format!("gpt-mock-error-{status}"), "x")).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.json(), portcullis_tests::protocol::openai::error(status));
        assert_eq!(gate.record(reply.record())["http_status"], status);
    }
    let reply = gate.client("bot").post(MESSAGES, messages("claude-mock-error-529", "x")).await;
    assert_eq!(
        (reply.status, reply.json()),
        (529, portcullis_tests::protocol::anthropic::error(529))
    );
}

#[tokio::test]
async fn answers_that_make_no_sense_are_refused_not_passed() {
    for (answer, then) in [
        (&b"this is no HTTP at all\r\n\r\n"[..], raw::Then::Close),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello", raw::Then::Close),
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"cut", raw::Then::Close),
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", raw::Then::Close),
        (b"", raw::Then::Close),
    ] {
        let address = raw::upstream(answer, then);
        let gate = gate().provider("openai", "openai", &format!("http://{address}"), "gpt-*").provider_lines(FAST).agent("bot").run();
        let reply = gate.client("bot").post(CHAT, chat("x")).await;
        openai_error(&reply, 502);
        assert_eq!(gate.record(reply.record())["status"], "failed");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_as_broken_and_is_recorded() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).provider_lines(FAST).agent("bot").run();
    let reply = gate.client("bot").post(CHAT, chat_stream("gpt-mock-half", "x")).await;
    assert_eq!(reply.status, 200);
    assert!(!reply.text().contains("[DONE]"), "a broken stream looks whole: {}", reply.text());
    let told =
        reply.broken.is_some() || reply.events().iter().any(|event| event["error"].is_object());
    assert!(told, "the agent cannot tell that it is broken: {}", reply.text());
    assert_eq!(gate.record(reply.record())["status"], "failed");
}

#[tokio::test]
async fn paths_that_lead_nowhere_say_so() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let nowhere = gate.client("bot").get("/nowhere").await.expect(404);
    assert_eq!(nowhere.header("content-type"), "application/problem+json");
    gate.client("bot").post("/llm/unknown/v1/chat/completions", chat("x")).await.expect(404);
    gate.client("bot").get("/llm/openai/v1/../../secret").await.expect(400);
}
