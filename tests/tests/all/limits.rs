//! Limits are hard: the call that would cross one is refused, also when calls come at once.

use portcullis_tests::{chat, chat_stream, chat_to, gate, upstream, wait};
use serde_json::json;

use crate::CHAT;

fn limit(lines: &str) -> String {
    format!("[[limit]]\nper = \"agent\"\n{lines}\n")
}

#[tokio::test]
async fn the_request_that_would_cross_is_refused() {
    let upstream = upstream().run();
    let gate = gate()
        .openai(&upstream)
        .agent("bot")
        .agent("other")
        .sections(&limit("window = \"1h\"\nrequests = 3"))
        .run();
    for _ in 0..3 {
        gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    }
    let refused = gate.client("bot").post(CHAT, chat("x")).await.expect(429);
    let wait: u64 = refused.header("retry-after").parse().expect("whole seconds");
    assert!((1..=3600).contains(&wait), "{wait}");
    assert_eq!(gate.record(refused.record())["decision"]["effect"], "deny");
    gate.client("other").post(CHAT, chat("x")).await.expect(200);
    assert_eq!(upstream.calls().len(), 4);
}

#[tokio::test]
async fn parallel_calls_do_not_overshoot() {
    let upstream = upstream().run();
    let gate = gate()
        .openai(&upstream)
        .agent("bot")
        .sections(&limit("window = \"1h\"\nrequests = 5"))
        .run();
    let calls: Vec<_> = (0..30)
        .map(|_| {
            let client = gate.client("bot");
            tokio::spawn(async move { client.post(CHAT, chat("x")).await.status })
        })
        .collect();
    let mut passed = 0;
    for call in calls {
        passed += usize::from(call.await.unwrap() == 200);
    }
    assert_eq!((passed, upstream.calls().len()), (5, 5));
}

#[tokio::test]
async fn tokens_are_reserved_before_and_settled_after() {
    let upstream = upstream().run();
    let gate = gate()
        .openai(&upstream)
        .agent("bot")
        .sections(&limit("window = \"1h\"\ntokens = 1000"))
        .run();
    let client = gate.client("bot");
    let mut large = chat("x");
    large["max_tokens"] = json!(5000);
    client.post(CHAT, &large).await.expect(429);
    assert!(upstream.calls().is_empty(), "a call that could cross the limit went upstream");
    // Each call uses 20 tokens by the answer's usage, whatever was reserved for it.
    large["max_tokens"] = json!(500);
    for _ in 0..10 {
        client.post(CHAT, &large).await.expect(200);
    }
}

#[tokio::test]
async fn streamed_answers_count_their_tokens() {
    let upstream = upstream().run();
    let gate = gate()
        .openai(&upstream)
        .agent("bot")
        .sections(&limit("window = \"1h\"\ntokens = 100"))
        .run();
    let client = gate.client("bot");
    let mut passed = 0;
    while client.post(CHAT, chat_stream("gpt-mock", "x")).await.status == 200 {
        passed += 1;
        assert!(passed < 10, "tokens of streams are not counted");
    }
    assert!(passed >= 1, "the first stream did not fit");
}

#[tokio::test]
async fn spending_is_bounded() {
    let upstream = upstream().run();
    let price =
        "[[price]]\nmodel = \"gpt-*\"\ninput_per_million = 1000.0\noutput_per_million = 1000.0\n";
    let sections = format!("{price}{}", limit("window = \"1h\"\nspend_usd = 0.10"));
    let gate = gate().openai(&upstream).agent("bot").sections(&sections).run();
    let client = gate.client("bot");
    let first = client.post(CHAT, chat("x")).await.expect(200);
    let cost = gate.record(first.record())["usage"]["cost_usd"].as_f64().unwrap_or_default();
    assert!((cost - 0.02).abs() < 1e-9, "20 tokens at $1000 a million cost $0.02, not {cost}");
    let mut passed = 1;
    while client.post(CHAT, chat("x")).await.status == 200 {
        passed += 1;
        assert!(passed <= 5, "more was spent than is allowed");
    }
}

#[tokio::test]
async fn calls_at_once_are_bounded_and_places_come_back() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").sections(&limit("concurrency = 2")).run();
    let client = gate.client("bot");
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = client.stream(CHAT, chat_stream("gpt-mock-endless", "x")).await;
        stream.until("fox").await;
        open.push(stream);
    }
    client.post(CHAT, chat_to("gpt-mock", "x")).await.expect(429);
    drop(open.pop());
    wait::until_async("the cancel", || (upstream.hangups() == 1).then_some(())).await;
    let mut reply = client.post(CHAT, chat("x")).await;
    let end = std::time::Instant::now() + wait::DEADLINE;
    while reply.status == 429 && std::time::Instant::now() < end {
        reply = client.post(CHAT, chat("x")).await;
    }
    reply.expect(200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_unread() {
    let upstream = upstream().run();
    let gate = gate()
        .openai(&upstream)
        .agent("bot")
        .sections("[gate.limits]\nrequest_body = \"64KiB\"\n")
        .run();
    let client = gate.client("bot");
    client.post(CHAT, chat(&"x".repeat(10_000))).await.expect(200);
    client.post(CHAT, chat(&"x".repeat(100_000))).await.expect(413);
    assert_eq!(upstream.calls().len(), 1);
}

#[tokio::test]
async fn counters_survive_a_restart() {
    let upstream = upstream().run();
    let mut gate = gate()
        .openai(&upstream)
        .agent("bot")
        .sections(&limit("window = \"1d\"\nrequests = 2"))
        .run();
    for _ in 0..2 {
        gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    }
    gate.stop();
    gate.start();
    gate.client("bot").post(CHAT, chat("x")).await.expect(429);
}
