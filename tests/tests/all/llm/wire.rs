//! What lies under the APIs: content codings, HTTP/2, hang-ups, a provider that comes back.

use std::time::Instant;

use http::Method;
use portcullis_tests::mock::FOX;
use portcullis_tests::{chat, chat_stream, chat_to, compress, fake, gate, upstream, wait};

use crate::CHAT;

#[tokio::test]
async fn compressed_answers_are_read_and_arrive_readable() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let client = gate.client("bot").header("accept-encoding", "gzip, br, zstd");
    for coding in ["gzip", "br", "zstd"] {
        let reply =
            client.post(CHAT, chat_to(&format!("gpt-mock-{coding}"), "x")).await.expect(200);
        let plain = compress::decode(reply.header("content-encoding"), &reply.body);
        let said = String::from_utf8_lossy(&plain).into_owned();
        assert!(said.contains("quick brown"), "{coding}: {said}");
    }
}

#[tokio::test]
async fn a_compressed_stream_that_nobody_asked_for_does_not_pass_unread() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    // The gate asks for streams in clear; who sends one compressed all the same is refused.
    let reply = gate.client("bot").post(CHAT, chat_stream("gpt-mock-gzip", "x")).await.expect(502);
    assert!(reply.message().contains("compressed"), "{}", reply.message());
    assert_ne!(upstream.last().header("accept-encoding"), Some("gzip, br, zstd"));
}

#[tokio::test]
async fn a_secret_in_a_compressed_answer_is_found() {
    let token = fake::github_token();
    let text = portcullis_tests::protocol::Said::Text(format!("take {token} and go"));
    let whole = portcullis_tests::protocol::openai::chat("gpt-mock", &text);
    for coding in ["gzip", "br", "zstd"] {
        let answer = portcullis_tests::Answer::json(&whole).encoded(coding, 4);
        let upstream = upstream().always(answer).run();
        let gate = gate().openai(&upstream).agent("bot").run();
        let reply = gate.client("bot").post(CHAT, chat("hello")).await.expect(200);
        let plain = compress::decode(reply.header("content-encoding"), &reply.body);
        assert!(!String::from_utf8_lossy(&plain).contains(&token), "{coding}");
        assert_eq!(reply.decision(), "redact", "{coding}");
    }
}

#[tokio::test]
async fn http_2_is_spoken() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let client = gate.client("bot").http2();
    let reply = client.post(CHAT, chat("hello")).await.expect(200);
    assert_eq!(reply.json()["choices"][0]["message"]["content"], FOX);
    assert_eq!(client.post(CHAT, chat_stream("gpt-mock", "x")).await.expect(200).said(), FOX);
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_the_call_upstream() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let mut open = gate.client("bot").stream(CHAT, chat_stream("gpt-mock-endless", "hello")).await;
    let record = open.headers["portcullis-record"].to_str().unwrap().to_owned();
    open.until("fox").await;
    drop(open);
    let dropped = Instant::now();
    wait::until_async("the cancel", || (upstream.hangups() == 1).then_some(())).await;
    assert!(dropped.elapsed() < wait::AT_ONCE, "{:?}", dropped.elapsed());
    assert_eq!(gate.record(&record)["status"], "cancelled");
}

#[tokio::test]
async fn a_client_that_hangs_up_before_the_answer_cancels_too() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let client = gate.client("bot");
    let body = chat_to("gpt-mock-hang", "x").to_string();
    let task = tokio::spawn(async move { client.try_open(Method::POST, CHAT, body.into()).await });
    wait::until_async("the call upstream", || (!upstream.calls().is_empty()).then_some(())).await;
    task.abort();
    let dropped = Instant::now();
    wait::until_async("the cancel", || (upstream.hangups() == 1).then_some(())).await;
    assert!(dropped.elapsed() < wait::AT_ONCE, "{:?}", dropped.elapsed());
}

#[tokio::test]
async fn a_provider_that_comes_back_is_used_again() {
    let first = upstream().run();
    let gate = gate().openai(&first).agent("bot").run();
    let client = gate.client("bot");
    client.post(CHAT, chat("hello")).await.expect(200);
    let port = first.address().port();
    drop(first);
    client.post(CHAT, chat("hello")).await.expect(502);
    let _second = upstream().port(port).run();
    client.post(CHAT, chat("hello")).await.expect(200);
}
