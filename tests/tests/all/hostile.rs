//! Answers that no honest provider sends: a clear end, a record, bounded memory, and the gate goes on.

use std::time::Duration;

use portcullis_tests::answer::{Answer, Step};
use portcullis_tests::protocol::openai;
use portcullis_tests::{Gate, Reply, Upstream, chat, chat_stream, compress, fake, gate, upstream};
use serde_json::json;

use crate::CHAT;

/// What any of these may cost in memory: what a stream may hold back, and as much again for copies.
const BOUND_KIB: u64 = 96 * 1024;
const SOON: Duration = Duration::from_millis(1);

fn against(answer: Answer) -> (Upstream, Gate) {
    let hostile = upstream().answers(move |call| match call.json()["model"] == "gpt-hostile" {
        true => answer.clone(),
        false => portcullis_tests::mock::answer(call),
    });
    let upstream = hostile.run();
    let gate = gate().openai(&upstream).agent("bot").run();
    (upstream, gate)
}

/// Asks for a stream that cannot be carried to its end, and checks that it ends, cleanly and small.
async fn is_given_up(answer: Answer, why: &str) {
    let (upstream, gate) = against(answer);
    let client = gate.client("bot");
    client.post(CHAT, chat("x")).await.expect(200);
    let before = gate.memory();
    let open = client.stream(CHAT, chat_stream("gpt-hostile", "x")).await;
    let id = open.headers["portcullis-record"].to_str().unwrap().to_owned();
    let reply = open.whole().await;
    let grown = gate.memory().saturating_sub(before);
    assert!(grown < BOUND_KIB, "{grown} KiB more");
    let told = reply.events().iter().any(|event| {
        event["error"]["message"].as_str().is_some_and(|message| message.contains(why))
    });
    assert!(told, "the agent is not told {why:?}: {}", tail(&reply));
    assert!(!reply.text().contains("[DONE]"), "it looks complete");
    let record = gate.record(&id);
    assert_eq!(
        (&record["status"], &record["decision"]["effect"]),
        (&json!("refused"), &json!("deny"))
    );
    portcullis_tests::wait::until_async("the end upstream", || {
        (upstream.hangups() > 0).then_some(())
    })
    .await;
    client.post(CHAT, chat("still there?")).await.expect(200);
}

fn tail(reply: &Reply) -> String {
    let text = reply.text();
    text.chars().skip(text.chars().count().saturating_sub(500)).collect()
}

#[tokio::test]
async fn an_event_without_an_end_is_given_up() {
    let line = format!("data: {}\n", "word ".repeat(2_000));
    is_given_up(Answer::steps(vec![Step::Forever(line.into(), SOON)]), "event is too large").await;
}

#[tokio::test]
async fn a_line_without_an_end_is_given_up() {
    let start = Step::Data("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"".into());
    let more = Step::Forever("word ".repeat(20_000).into(), SOON);
    is_given_up(Answer::steps(vec![start, more]), "event is too large").await;
}

#[tokio::test]
async fn tool_arguments_without_an_end_are_given_up() {
    let events = openai::tool_events("gpt-hostile", "run", &[&"word ".repeat(20_000)]);
    let steps =
        vec![Step::Data(events[0].clone().into()), Step::Forever(events[1].clone().into(), SOON)];
    is_given_up(Answer::steps(steps), "held back").await;
}

#[tokio::test]
async fn more_texts_than_a_stream_may_interleave_are_given_up() {
    let event = |index: usize| {
        let choice =
            json!({"index": index, "delta": {"content": "a fox and "}, "finish_reason": null});
        format!(
            "data: {}\n\n",
            json!({"id": "x", "object": "chat.completion.chunk", "choices": [choice]})
        )
    };
    let mut steps: Vec<Step> = (0..2000).map(|index| Step::Data(event(index).into())).collect();
    steps.push(Step::Hang);
    is_given_up(Answer::steps(steps), "too many texts").await;
}

#[tokio::test]
async fn as_many_texts_as_are_allowed_pass() {
    let event = |number: usize| {
        let choice = json!({"index": number % 100, "delta": {"content": "a fox and "}, "finish_reason": null});
        format!("data: {}\n\n", json!({"choices": [choice]}))
    };
    let events: Vec<String> = (0..2000).map(event).chain(["data: [DONE]\n\n".to_owned()]).collect();
    let wire = events.concat();
    let (_upstream, gate) = against(Answer::events(events));
    let reply = gate.client("bot").post(CHAT, chat_stream("gpt-hostile", "x")).await.expect(200);
    assert_eq!(reply.text(), wire);
}

#[tokio::test]
async fn what_comes_after_the_last_event_is_inspected_too() {
    let token = fake::github_token();
    let extra = |text: &str| {
        let choice = json!({"index": 0, "delta": {"content": text}, "finish_reason": null});
        format!("data: {}\n\n", json!({"choices": [choice]}))
    };
    let comment = ": a comment after the end\n\n".to_owned();
    for (said, passes) in [("a fox", true), (token.as_str(), false)] {
        for apart in [Duration::ZERO, Duration::from_millis(20)] {
            let mut events = openai::text_events("gpt-hostile", &["a river"]);
            events.extend([extra(said), comment.clone()]);
            let wire = events.concat();
            let (_upstream, gate) = against(Answer::events(events).paced(apart));
            let reply =
                gate.client("bot").post(CHAT, chat_stream("gpt-hostile", "x")).await.expect(200);
            assert_eq!(reply.text() == wire, passes, "{}", tail(&reply));
            assert!(!reply.text().contains(&token), "{}", tail(&reply));
            assert!(reply.text().ends_with(&comment), "{}", tail(&reply));
            let record = gate.record(reply.record());
            assert_eq!(record["status"], "ok");
            assert_eq!(record["findings"].as_array().is_none_or(Vec::is_empty), passes, "{record}");
        }
    }
}

#[tokio::test]
async fn a_flood_after_the_last_event_is_bounded() {
    let mut steps: Vec<Step> = openai::text_events("gpt-hostile", &["a river"])
        .into_iter()
        .map(|event| Step::Data(event.into()))
        .collect();
    let flood = format!(": {}\n\n", "word ".repeat(50_000));
    steps.extend(vec![Step::Data(flood.into()); 4_000]);
    let (_upstream, gate) = against(Answer::steps(steps));
    let client = gate.client("bot");
    client.post(CHAT, chat("x")).await.expect(200);
    let before = gate.memory();
    let reply = client.post(CHAT, chat_stream("gpt-hostile", "x")).await.expect(200);
    let grown = gate.memory().saturating_sub(before);
    assert!(grown < BOUND_KIB, "{grown} KiB more for {} KiB", reply.body.len() / 1024);
    assert!(reply.text().contains("[DONE]"));
    assert_ne!(gate.record(reply.record())["status"], "begun");
}

#[tokio::test]
async fn a_bomb_is_given_up_in_either_direction() {
    let bomb = compress::gzip(&vec![b' '; 300 << 20]);
    assert!(bomb.len() < 1 << 20, "no bomb: {}", bomb.len());
    let answer =
        Answer::new(200, "application/json", bomb.clone()).header("content-encoding", "gzip");
    let (upstream, gate) = against(answer);
    let client = gate.client("bot");
    client.post(CHAT, chat("x")).await.expect(200);
    let before = gate.memory();
    let packed = client.clone().header("content-encoding", "gzip");
    let request = packed.post(CHAT, bomb).await.expect(422);
    assert_eq!(upstream.calls().len(), 1, "a bomb went upstream");
    let answer = client.post(CHAT, portcullis_tests::chat_to("gpt-hostile", "x")).await.expect(422);
    let grown = gate.memory().saturating_sub(before);
    assert!(grown < 3 * BOUND_KIB, "{grown} KiB more");
    for reply in [request, answer] {
        assert!(reply.message().contains("limit"), "{}", reply.message());
        assert_eq!(gate.record(reply.record())["decision"]["effect"], "deny");
    }
    client.post(CHAT, chat("still there?")).await.expect(200);
}
