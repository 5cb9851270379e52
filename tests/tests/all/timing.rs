//! What the gate must not add: a held-back first chunk.

use portcullis_tests::answer::Step;
use portcullis_tests::{Answer, chat_stream, gate, protocol, upstream};

use crate::CHAT;

#[tokio::test]
async fn the_first_piece_of_a_slow_stream_is_not_held_back() {
    let words = ["The first ", "piece comes ", "though no ", "other one does. "];
    let events = protocol::openai::text_events("gpt-mock", &words);
    let starts = events.iter().take_while(|event| !event.contains("piece comes"));
    let mut steps: Vec<Step> = starts.map(|event| Step::Data(event.clone().into())).collect();
    steps.push(Step::Hang);
    let upstream = upstream().always(Answer::steps(steps)).run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let mut open = gate.client("bot").stream(CHAT, chat_stream("gpt-mock", "x")).await;
    // Nothing comes after them, so that whoever waits for more waits for ever.
    open.until("The first").await;
}
