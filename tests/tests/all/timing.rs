//! What the gate must not add: a held-back first chunk. Generous bounds; figures are the benchmark's.

use std::time::Duration;

use portcullis_tests::{Answer, Client, chat_stream, gate, protocol, upstream};

use crate::CHAT;

#[tokio::test]
async fn the_first_piece_of_a_slow_stream_is_not_held_back() {
    let words = ["The first ", "piece comes ", "long before ", "the last ", "one does. "];
    let events = protocol::openai::text_events("gpt-mock", &words);
    let pause = Duration::from_millis(150);
    let upstream = upstream().always(Answer::events(events).paced(pause)).run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let direct = Client::new(upstream.address())
        .post("/v1/chat/completions", chat_stream("gpt-mock", "x"))
        .await;
    let through = gate.client("bot").post(CHAT, chat_stream("gpt-mock", "x")).await.expect(200);
    let first = |reply: &portcullis_tests::Reply| {
        let piece = reply
            .pieces
            .iter()
            .find(|(_, piece)| String::from_utf8_lossy(piece).contains("The first"));
        piece.map(|(at, _)| *at).expect("the first words")
    };
    // Less than one pause: it did not wait for the next event.
    let added = first(&through).saturating_sub(first(&direct));
    assert!(added < pause, "held back by {added:?}");
}
