//! What has no findings arrives byte for byte as it was sent, in both directions.

use bytes::Bytes;
use http::Method;
use portcullis_tests::random::Random;
use portcullis_tests::{Answer, Client, gate, protocol, upstream};
use serde_json::{Value, json};

/// As many random requests, each with a random answer.
const ROUNDS: usize = 1000;

/// A request of a random endpoint, with unknown fields, in a random notation.
fn request(random: &mut Random) -> (&'static str, Method, &'static str, Vec<u8>) {
    let words = 1 + random.below(60);
    let text = random.prose(words);
    let mut extra = random.object(3);
    let mut with = |body: Value| {
        extra.extend(body.as_object().cloned().unwrap_or_default());
        notation(&Value::Object(extra.clone()), random)
    };
    match with_endpoint(words) {
        0 => (
            "openai",
            Method::POST,
            "/v1/chat/completions",
            with(
                json!({"model": "gpt-mock", "max_tokens": 9, "messages": [{"role": "user", "content": text}]}),
            ),
        ),
        1 => (
            "openai",
            Method::POST,
            "/v1/embeddings",
            with(json!({"model": "gpt-mock", "input": [text]})),
        ),
        2 => (
            "openai",
            Method::POST,
            "/v1/responses",
            with(json!({"model": "gpt-mock", "input": text})),
        ),
        3 => (
            "anthropic",
            Method::POST,
            "/v1/messages",
            with(
                json!({"model": "claude-mock", "max_tokens": 9, "messages": [{"role": "user", "content": text}]}),
            ),
        ),
        4 => ("openai", Method::POST, "/v1/unheard/of?a=b&c=%20d", with(json!({"what": text}))),
        _ => ("openai", Method::GET, "/v1/models", Vec::new()),
    }
}

fn with_endpoint(words: usize) -> usize {
    words % 6
}

/// One of several ways to write the same JSON: compact, spaced, with escapes.
fn notation(value: &Value, random: &mut Random) -> Vec<u8> {
    match random.below(3) {
        0 => value.to_string().into_bytes(),
        1 => serde_json::to_vec_pretty(value).unwrap(),
        _ => {
            let escape = |c: char| match c {
                c if c.is_ascii() => c.to_string(),
                c => c
                    .encode_utf16(&mut [0; 2])
                    .iter()
                    .map(|unit| format!("\\u{unit:04X}"))
                    .collect(),
            };
            value.to_string().chars().map(escape).collect::<String>().into_bytes()
        }
    }
}

/// An answer to it: whole or streamed, with fields that nobody knows, in random pieces.
fn answer(number: u64, path: &str) -> Answer {
    let mut random = Random::seeded(number);
    let words = random.below(80);
    let said = protocol::Said::Text(random.prose(words));
    let mut whole = match path {
        "/v1/messages" => protocol::anthropic::message("claude-mock", &said),
        "/v1/responses" => protocol::openai::response("gpt-mock", &random.prose(words)),
        _ => protocol::openai::chat("gpt-mock", &said),
    };
    whole["x_unknown"] = random.json(3);
    if random.chance(2) {
        let body = notation(&whole, &mut random);
        return Answer::new(200, "application/json", body)
            .header("x-request-id", "abc")
            .header("x-ratelimit-remaining", "7");
    }
    let events = match path {
        "/v1/messages" => protocol::anthropic::message_events("claude-mock", &said),
        "/v1/responses" => protocol::openai::response_events("gpt-mock", &random.prose(words)),
        _ => protocol::openai::chat_events("gpt-mock", &said),
    };
    let extra = format!(": a comment\n\nevent: unheard_of\nid: 7\ndata: {}\n\n", random.json(2));
    // Before the last event: what follows the end of an answer is no part of it.
    let mut events = events;
    events.insert(events.len() - 1, extra);
    Answer::events(events)
}

#[tokio::test]
async fn a_thousand_random_calls_are_the_same_with_and_without_the_gate() {
    // The answer depends on the request's number alone, so both ways get the same.
    let upstream = upstream().answers(|call| {
        let number = call.header("x-number").and_then(|number| number.parse().ok()).unwrap_or(0);
        answer(number, call.path.split('?').next().unwrap_or_default())
    });
    let upstream = upstream.run();
    let gate = gate().openai(&upstream).anthropic(&upstream).agent("bot").run();
    for number in 0..ROUNDS {
        let mut random = Random::seeded(number as u64);
        let (provider, method, path, body) = request(&mut random);
        let body = Bytes::from(body);
        let numbered = |client: Client| {
            client.header("x-number", &number.to_string()).header("x-custom", "kept")
        };
        let direct = numbered(Client::new(upstream.address()));
        let direct = direct.open(method.clone(), path, body.clone()).await.whole().await;
        let sent_direct = upstream.last();
        let through = numbered(gate.client("bot"));
        let through =
            through.open(method, &format!("/llm/{provider}{path}"), body).await.whole().await;
        let sent_through = upstream.last();
        assert_eq!(sent_through.path, sent_direct.path, "number {number}");
        assert!(sent_through.body == sent_direct.body, "the request of number {number} changed");
        assert_eq!(sent_through.header("x-custom"), Some("kept"), "number {number}");
        assert_eq!(through.status, direct.status, "number {number}: {}", through.text());
        assert_eq!(through.text(), direct.text(), "the answer of number {number} changed");
        for header in ["content-type", "x-request-id", "x-ratelimit-remaining"] {
            assert_eq!(through.header(header), direct.header(header), "number {number}");
        }
        assert_eq!(through.decision(), "permit", "number {number}");
    }
}

#[tokio::test]
async fn files_and_images_pass_unchanged() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let mut random = Random::seeded(1);
    let mut image = vec![0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
    image.extend((0..5000).map(|_| random.word() as u8));
    let mut form = b"--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\n".to_vec();
    form.extend_from_slice(&image);
    form.extend_from_slice(b"\r\n--edge--\r\n");
    let client = gate.client("bot").header("content-type", "multipart/form-data; boundary=edge");
    let reply = client.post("/llm/openai/v1/files", form.clone()).await;
    // Either it passes untouched, or it is refused as uninspectable: never changed.
    if reply.status == 200 {
        assert!(upstream.last().body == form);
    } else {
        assert_eq!(reply.status, 422, "{}", reply.text());
        assert!(upstream.calls().is_empty());
    }
}
