//! What a policy asks for besides yes and no.

use portcullis_tests::protocol::{Said, openai};
use portcullis_tests::{Answer, Gate, Upstream, chat, chat_stream, gate, upstream};

use crate::CHAT;

const MAIL: &str = "ann@mail.example";

/// Calls of clerks are permitted with everything that is found taken out.
const POLICY: &str = r#"
@id("clerks-redacted")
@description("Clerks see and send no personal data.")
@obligation("redact")
permit (principal in Role::"clerk", action, resource);

@id("testers")
@description("Testers may do everything.")
permit (principal in Role::"tester", action, resource);
"#;

/// A model that knows an address: whole, and streamed in pieces that cut it.
fn start() -> (Upstream, Gate) {
    let upstream = upstream().answers(|call| {
        let text = format!("Write to {MAIL} today.");
        if call.json()["stream"] == true {
            let (one, other) = text.split_at(14);
            return Answer::events(openai::text_events("gpt-mock", &[one, other]));
        }
        Answer::json(&openai::chat("gpt-mock", &Said::Text(text)))
    });
    let upstream = upstream.run();
    let gate = gate()
        .openai(&upstream)
        .agent_as("clerk", "clerk")
        .agent("bot")
        .policy("own.cedar", POLICY)
        .run();
    (upstream, gate)
}

#[tokio::test]
async fn an_obligation_to_redact_masks_what_is_otherwise_allowed() {
    let (upstream, gate) = start();
    let (question, streamed) =
        (chat(&format!("Who is {MAIL}?")), chat_stream("gpt-mock", &format!("Who is {MAIL}?")));
    for body in [&question, &streamed] {
        let free = gate.client("bot").post(CHAT, body).await.expect(200);
        assert!(String::from_utf8_lossy(&upstream.last().body).contains(MAIL));
        assert!(free.text().contains(MAIL) || free.said().contains(MAIL), "{}", free.text());

        let reply = gate.client("clerk").post(CHAT, body).await.expect(200);
        let sent = String::from_utf8_lossy(&upstream.last().body).into_owned();
        assert!(!sent.contains(MAIL) && sent.contains("Who is "), "{sent}");
        assert_eq!(reply.decision(), "redact");
        let text = reply.text() + &reply.said();
        assert!(!text.contains(MAIL), "{text}");
        assert!(text.contains("Write to ") && text.contains(" today."), "{text}");
        let record = gate.record(reply.record());
        assert_eq!(record["decision"]["effect"], "redact");
        assert_eq!(record["decision"]["policies"][0], "clerks-redacted");
        assert_eq!(record["decision"]["obligations"][0], "redact");
        let found = record["findings"].to_string();
        assert!(found.contains("request:") && found.contains("answer:"), "{found}");
    }
}

#[tokio::test]
async fn an_obligation_that_cannot_be_met_is_a_refusal() {
    let upstream = upstream().run();
    let gate = gate()
        .openai(&upstream)
        .agent_as("clerk", "clerk")
        .policy("own.cedar", POLICY)
        .sections("[inspect]\nenabled = false\n")
        .run();
    let refused = gate.client("clerk").post(CHAT, chat("x")).await.expect(422);
    assert!(refused.message().contains("inspect"), "{}", refused.message());
    assert!(upstream.calls().is_empty());
}
