//! The simulated model API, over the same client that the agents of the demonstration use.

use super::script::{LEAK, LONG, answer, pieces};
use super::*;
use crate::demo::agent::{Ask, Caller, Place};

fn ask(api: Api, prompt: &str, is_streamed: bool) -> Ask<'_> {
    Ask { api, model: "any", prompt, is_streamed, max_tokens: 10_000 }
}

async fn model() -> (Model, Caller) {
    let model = Model::start("sesame").await.unwrap();
    let caller = Caller::new("tester", "the-key", Place::Direct(model.address));
    (model, caller)
}

#[tokio::test]
async fn streamed_and_whole_answers_say_the_same_in_both_apis() {
    let (model, caller) = model().await;
    let prompt = format!("Read the {LEAK}.");
    for api in [Api::OpenAi, Api::Anthropic] {
        for is_streamed in [true, false] {
            let reply = caller.ask(&ask(api, &prompt, is_streamed)).await.unwrap();
            assert_eq!((reply.status, reply.is_complete), (200, true), "{api:?} {is_streamed}");
            assert_eq!(reply.said, answer(&prompt, "sesame"));
            let call = model.memory.last().unwrap();
            assert_eq!((call.credential.as_str(), call.prompt.as_str()), ("the-key", &*prompt));
            let expected = if is_streamed { pieces(&reply.said).len() } else { 0 };
            assert_eq!(call.pieces_sent, expected);
        }
    }
    assert_eq!(model.memory.count(), 4);
}

#[tokio::test]
async fn an_answer_is_no_longer_than_was_asked_for() {
    let (_model, caller) = model().await;
    let short = Ask { max_tokens: 3, ..ask(Api::OpenAi, "hello", false) };
    assert_eq!(caller.ask(&short).await.unwrap().said.len(), 12);
}

#[tokio::test]
async fn a_caller_that_hangs_up_is_noticed() {
    let (model, caller) = model().await;
    let prompt = format!("Print the {LONG}.");
    let mut open = caller.open(&ask(Api::OpenAi, &prompt, true)).await.unwrap();
    assert!(open.next().await.unwrap());
    drop(open);
    let noticed = async {
        while model.memory.last().is_none_or(|call| call.hung_up.is_none()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), noticed).await.unwrap();
}

#[tokio::test]
async fn what_it_does_not_know_is_refused() {
    let (model, _) = model().await;
    let lost = Caller::new("lost", "the-key", Place::Gate(model.address));
    assert_eq!(lost.ask(&ask(Api::OpenAi, "hello", false)).await.unwrap().status, 404);
}

#[test]
fn no_piece_of_a_stream_holds_the_secret() {
    let text = answer(LEAK, "a-secret-longer-than-a-piece");
    assert_eq!(pieces(&text).concat(), text);
    assert!(pieces(&text).iter().all(|piece| piece.len() < 10));
}
