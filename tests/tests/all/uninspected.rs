//! What is not inspected: because that is off, or because there is nothing in it that could be.

use portcullis_tests::answer::{Answer, Step};
use portcullis_tests::mock::FOX;
use portcullis_tests::random::Random;
use portcullis_tests::{chat, chat_stream, compress, fake, gate, protocol, upstream};
use serde_json::json;

use crate::CHAT;

const OFF: &str = "[inspect]\nenabled = false\n";
const PASS: &str = "[inspect]\nuninspectable = \"pass\"\n";
const SPEECH: &str = "/llm/openai/v1/audio/speech";

#[tokio::test]
async fn switched_off_nothing_is_changed_and_usage_still_counts() {
    let token = fake::github_token();
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").sections(OFF).run();
    let client = gate.client("bot");
    let question = chat(&format!("use {token}"));
    let whole = client.post(CHAT, &question).await.expect(200);
    assert_eq!(upstream.last().body, question.to_string().as_bytes());
    let streamed = client.post(CHAT, chat_stream("gpt-mock-leak", "x")).await.expect(200);
    assert!(streamed.said().contains(&token) && whole.text().contains(FOX));
    for reply in [whole, streamed] {
        let record = gate.record(reply.record());
        assert_eq!(record["decision"]["effect"], "permit");
        let usage = &record["usage"];
        assert_eq!((&usage["input_tokens"], &usage["output_tokens"]), (&json!(11), &json!(9)));
    }
    // The rest stays on.
    gate.stranger().post(CHAT, chat("x")).await.expect(401);
    client.post(CHAT, "{".to_owned()).await.expect(400);
}

#[tokio::test]
async fn switched_off_usage_is_found_however_the_stream_is_cut() {
    let wire = protocol::openai::text_events("gpt-mock", &["a river ", "and a fox"]).concat();
    for size in [1, 2, 3, 7, 11, 64, 1000] {
        let pieces = wire.as_bytes().chunks(size).map(|piece| Step::Data(piece.to_vec().into()));
        let upstream = upstream().always(Answer::steps(pieces.collect())).run();
        let gate = gate().openai(&upstream).agent("bot").sections(OFF).run();
        let reply = gate.client("bot").post(CHAT, chat_stream("gpt-mock", "x")).await.expect(200);
        assert_eq!(reply.text(), wire);
        let usage = &gate.record(reply.record())["usage"];
        let counted = (&usage["input_tokens"], &usage["output_tokens"]);
        assert_eq!(counted, (&json!(11), &json!(9)), "pieces of {size}");
    }
}

#[tokio::test]
async fn a_binary_answer_is_refused_or_passed_as_configured() {
    let mut random = Random::seeded(1);
    let sound: Vec<u8> = (0..100_000).map(|_| random.word() as u8).collect();
    let body = json!({"model": "gpt-mock", "input": "say it", "voice": "fox"});
    for (sections, status) in [("", 422), (PASS, 200), (OFF, 200)] {
        let upstream = upstream().always(Answer::new(200, "audio/mpeg", sound.clone())).run();
        let gate = gate().openai(&upstream).agent("bot").sections(sections).run();
        let reply = gate.client("bot").post(SPEECH, &body).await.expect(status);
        let record = gate.record(reply.record());
        if status == 200 {
            assert!(reply.body == sound, "the sound was changed");
            assert_eq!(reply.header("content-type"), "audio/mpeg");
        } else {
            assert!(reply.message().contains("binary"), "{}", reply.message());
            assert_eq!(record["decision"]["effect"], "deny");
        }
        let noted = record["detail"]["uninspected"] == "answer";
        assert_eq!(noted, sections == PASS, "{record}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_decoded_is_refused_or_passed_as_configured() {
    let broken = || {
        Answer::new(200, "application/json", &b"this is not gzip"[..])
            .header("content-encoding", "gzip")
    };
    let odd = || Answer::new(200, "application/json", "{}").header("content-encoding", "odd");
    for answer in [broken(), odd()] {
        for (sections, status) in [("", 422), (PASS, 200)] {
            let upstream = upstream().always(answer.clone()).run();
            let gate = gate().openai(&upstream).agent("bot").sections(sections).run();
            let reply = gate.client("bot").post(CHAT, chat("x")).await.expect(status);
            let record = gate.record(reply.record());
            if status == 200 {
                assert_eq!(reply.body, answer.data());
                assert_eq!(record["detail"]["uninspected"], "answer", "{record}");
            } else {
                assert!(!reply.text().contains("this is not gzip"), "{}", reply.text());
                assert_eq!(record["decision"]["effect"], "deny");
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_decoded_is_refused_where_its_model_matters() {
    let upstream = upstream().run();
    for sections in ["", PASS] {
        let gate = gate().openai(&upstream).agent("bot").sections(sections).run();
        let client = gate.client("bot").header("content-encoding", "gzip");
        let reply = client.post(CHAT, chat("x")).await;
        assert!([400, 422].contains(&reply.status), "{}", reply.text());
        assert_eq!(gate.record(reply.record())["decision"]["effect"], "deny");
        client.post(CHAT, compress::gzip(chat("x").to_string().as_bytes())).await.expect(200);
    }
    assert_eq!(upstream.calls().len(), 2);
}
