//! The mock upstream and the client, checked against each other: what every other test stands on.

use std::time::Duration;

use http::Method;
use portcullis_tests::mock::FOX;
use portcullis_tests::{
    Answer, Client, chat, chat_stream, chat_to, compress, fake, messages_stream, upstream, wait,
};

#[tokio::test]
async fn every_coding_reads_back() {
    for size in [0, 1, 65_535, 65_536, 65_537, 200_000] {
        let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        for coding in ["gzip", "br", "zstd"] {
            let encoded = compress::encode(coding, &bytes);
            assert!(compress::decode(coding, &encoded) == bytes, "{coding} of {size} bytes");
        }
    }
}

#[tokio::test]
async fn streams_and_whole_answers_say_the_same() {
    let upstream = upstream().run();
    let client = Client::new(upstream.address());
    let whole = client.post("/v1/chat/completions", chat("hello")).await.json();
    assert_eq!(whole["choices"][0]["message"]["content"], FOX);
    let streamed = client.post("/v1/chat/completions", chat_stream("gpt-mock", "hello")).await;
    assert_eq!(streamed.said(), FOX);
    assert_eq!(
        client.post("/v1/messages", messages_stream("claude-mock", "hello")).await.said(),
        FOX
    );
    assert_eq!(upstream.calls().len(), 3);
    let zipped = client.post("/v1/chat/completions", chat_to("gpt-mock-zstd", "hello")).await;
    assert_eq!(
        compress::decode("zstd", &zipped.body),
        whole.to_string().replace("gpt-mock", "gpt-mock-zstd").as_bytes()
    );
}

#[tokio::test]
async fn a_hang_up_is_counted_and_a_whole_answer_is_not() {
    let upstream = upstream().run();
    let client = Client::new(upstream.address());
    client.post("/v1/chat/completions", chat("hello")).await;
    client.post("/v1/chat/completions", chat_stream("gpt-mock", "hello")).await;
    assert_eq!(upstream.hangups(), 0);
    let mut open =
        client.stream("/v1/chat/completions", chat_stream("gpt-mock-endless", "hello")).await;
    open.until("fox").await;
    drop(open);
    wait::until_async("the hang-up", || (upstream.hangups() == 1).then_some(())).await;
}

#[tokio::test]
async fn a_break_is_seen_as_one() {
    let upstream = upstream().run();
    let client = Client::new(upstream.address());
    let reply = client.post("/v1/chat/completions", chat_stream("gpt-mock-half", "hello")).await;
    assert!(reply.broken.is_some());
    let hung = client.open(
        Method::POST,
        "/v1/chat/completions",
        chat_to("gpt-mock-hang", "x").to_string().into(),
    );
    assert!(tokio::time::timeout(Duration::from_millis(50), hung).await.is_err());
}

#[tokio::test]
async fn an_answer_of_the_test_is_played() {
    let upstream = upstream()
        .always(Answer::events(["data: 1\n\n", "data: 2\n\n"]).paced(Duration::from_millis(30)))
        .run();
    let reply = Client::new(upstream.address()).post("/x", chat("hello")).await;
    assert_eq!(reply.text(), "data: 1\n\ndata: 2\n\n");
    assert!(reply.took >= Duration::from_millis(30), "{:?}", reply.took);
}

#[test]
fn the_fakes_have_their_checksums() {
    assert_eq!(fake::github_token().len(), 40);
    assert_eq!(fake::payment_card().len(), 16);
}
