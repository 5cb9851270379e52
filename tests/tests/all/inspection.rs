//! Secrets and personal data do not pass, however they are cut, escaped or placed.

use portcullis_tests::protocol::{Said, anthropic, openai};
use portcullis_tests::random::Random;
use portcullis_tests::{
    Answer, Gate, chat, chat_stream, chat_to, fake, gate, messages_stream, upstream,
};
use serde_json::{Value, json};

use crate::{CHAT, MESSAGES};

/// Every character as `\u00XX`.
fn escaped(text: &str) -> String {
    text.chars().map(|c| format!("\\u{:04x}", c as u32)).collect()
}

/// The findings of an action's record: kind and place.
fn findings(gate: &Gate, id: &str) -> Vec<(String, String)> {
    let record = gate.record(id);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = record["findings"].as_array().cloned().unwrap_or_default();
    found.iter().map(|finding| (text(&finding["kind"]), text(&finding["where"]))).collect()
}

/// Cuts text at seeded places into pieces of one to six bytes.
fn cut<'a>(text: &'a str, random: &mut Random) -> Vec<&'a str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((1 + random.below(6)).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[tokio::test]
async fn a_secret_in_a_request_does_not_go_upstream() {
    let token = fake::github_token();
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let reply =
        gate.client("bot").post(CHAT, chat(&format!("use {token} please"))).await.expect(200);
    let sent = String::from_utf8_lossy(&upstream.last().body).into_owned();
    assert!(!sent.contains(&token), "{sent}");
    assert!(
        sent.contains("use ") && sent.contains(" please"),
        "more than the secret was changed: {sent}"
    );
    assert_eq!(reply.decision(), "redact");
    let found = findings(&gate, reply.record());
    assert!(
        found
            .iter()
            .any(|(kind, place)| kind == "secret.github_token" && place.starts_with("request:")),
        "{found:?}"
    );
    assert!(
        !gate.record(reply.record()).to_string().contains(&token),
        "the record holds the secret"
    );
}

#[tokio::test]
async fn escapes_and_places_do_not_hide_it() {
    let token = fake::github_token();
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let hidden = escaped(&token);
    let nested = json!({"token": token}).to_string();
    for body in [
        format!(r#"{{"model":"gpt-mock","messages":[{{"role":"user","content":"{hidden}"}}]}}"#),
        json!({"model": "gpt-mock", "messages": [{"role": "user", "content": [{"type": "text", "text": token}]}]}).to_string(),
        json!({"model": "gpt-mock", "messages": [{"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function",
            "function": {"name": "f", "arguments": nested}}]}]}).to_string(),
        json!({"model": "gpt-mock", "messages": [{"role": "tool", "tool_call_id": "1", "content": nested}]}).to_string(),
        json!({"model": "gpt-mock", "messages": [], "unknown_field": {"deep": [[token]]}}).to_string(),
        json!({"model": "gpt-mock", "messages": [], "metadata": {token.clone(): "a key"}}).to_string(),
    ] {
        let reply = gate.client("bot").post(CHAT, body.clone()).await;
        let leaked = upstream.calls().iter().any(|call| {
            let sent = String::from_utf8_lossy(&call.body).into_owned();
            sent.contains(&token) || sent.contains(&hidden)
        });
        assert!(!leaked, "went upstream: {body}");
        let found = findings(&gate, reply.record());
        assert!(found.iter().any(|(kind, _)| kind == "secret.github_token"), "{found:?} in {body}");
    }
}

#[tokio::test]
async fn a_mask_leaves_valid_json() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let token = fake::github_token();
    let body = format!(
        "{{ \"model\" : \"gpt-mock\",\"messages\":[{{\"role\":\"user\",\"content\":\"\\u0041 {token} \\n\"}}],  \"x\":1.50 }}"
    );
    gate.client("bot").post(CHAT, body.clone()).await;
    let sent = String::from_utf8_lossy(&upstream.last().body).into_owned();
    let value: Value = serde_json::from_str(&sent).expect("still JSON");
    let content = value["messages"][0]["content"].as_str().unwrap();
    assert!(!content.contains(&token) && content.ends_with('\n'), "{content:?}");
    assert!(sent.ends_with("],  \"x\":1.50 }"), "what was not masked changed: {sent}");
}

#[tokio::test]
async fn a_secret_cut_over_events_never_leaves() {
    let token = fake::github_token();
    let text = format!("Before it some prose, then {token} and after it more prose.");
    for seed in 0..12 {
        let mut random = Random::seeded(seed);
        let pieces: Vec<String> = cut(&text, &mut random).into_iter().map(str::to_owned).collect();
        let refs: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let openai_events = openai::text_events("gpt-mock", &refs);
        let anthropic_events = anthropic::text_events("claude-mock", &refs);
        let upstream = upstream().answers(move |call| match call.path.as_str() {
            "/v1/messages" => Answer::events(&anthropic_events),
            _ => Answer::events(&openai_events),
        });
        let upstream = upstream.run();
        let gate = gate().openai(&upstream).anthropic(&upstream).agent("bot").run();
        let one = gate.client("bot").post(CHAT, chat_stream("gpt-mock", "x")).await.expect(200);
        let other = gate
            .client("bot")
            .post(MESSAGES, messages_stream("claude-mock", "x"))
            .await
            .expect(200);
        for reply in [one, other] {
            let said = reply.said();
            assert!(!said.contains(&token[..12]), "cut {seed}: {said}");
            assert!(
                said.starts_with("Before it some prose") && said.ends_with("after it more prose."),
                "cut {seed}: {said}"
            );
            let found = findings(&gate, reply.record());
            assert!(
                found.iter().any(
                    |(_, place)| place.starts_with("answer:") || place.starts_with("response:")
                ),
                "{found:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_stream_cut_anywhere_in_its_bytes_is_read_right() {
    let token = fake::github_token();
    let wire: String = openai::text_events("gpt-mock", &["take ", &token, " and go"]).concat();
    let whole = wire.replace("\n\n", "\r\n\r\n");
    for (seed, wire) in [wire.clone(), wire, whole].into_iter().enumerate() {
        let mut random = Random::seeded(seed as u64);
        let pieces: Vec<String> = cut(&wire, &mut random).into_iter().map(str::to_owned).collect();
        let upstream = upstream().always(Answer::events(pieces)).run();
        let gate = gate().openai(&upstream).agent("bot").run();
        let reply = gate.client("bot").post(CHAT, chat_stream("gpt-mock", "x")).await.expect(200);
        assert!(!reply.text().contains(&token), "{}", reply.text());
        assert!(
            reply.said().starts_with("take ") && reply.said().ends_with(" and go"),
            "{}",
            reply.said()
        );
    }
}

#[tokio::test]
async fn every_choice_and_every_tool_call_is_inspected() {
    let token = fake::github_token();
    let second = json!({"choices": [
        {"index": 0, "message": {"role": "assistant", "content": "nothing"}},
        {"index": 1, "message": {"role": "assistant", "content": format!("it is {token}")}},
    ]});
    let arguments = json!({"command": format!("push with {token}")}).to_string();
    let tool = openai::chat("gpt-mock", &Said::Tool("run".to_owned(), arguments.clone()));
    let half = arguments.len() / 2;
    let streamed =
        openai::tool_events("gpt-mock", "run", &[&arguments[..half], &arguments[half..]]);
    let block =
        anthropic::tool_events("claude-mock", "run", &[&arguments[..half], &arguments[half..]]);
    for (path, body, answer) in [
        (CHAT, chat("x"), Answer::json(&second)),
        (CHAT, chat("x"), Answer::json(&tool)),
        (CHAT, chat_stream("gpt-mock", "x"), Answer::events(streamed)),
        (MESSAGES, messages_stream("claude-mock", "x"), Answer::events(block)),
    ] {
        let upstream = upstream().always(answer.clone()).run();
        let gate = gate().openai(&upstream).anthropic(&upstream).agent("bot").run();
        let reply = gate.client("bot").post(path, body).await;
        assert!(
            !reply.text().contains(&token) && !reply.said().contains(&token),
            "{}",
            reply.text()
        );
        assert!(!findings(&gate, reply.record()).is_empty(), "{}", reply.text());
    }
}

#[tokio::test]
async fn prose_is_not_held_back() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let mut open = gate.client("bot").stream(CHAT, chat_stream("gpt-mock-endless", "x")).await;
    // The endless stream repeats one short piece of prose: it is enough that it keeps coming.
    let mut come = String::new();
    while come.matches("fox").count() < 20 {
        come.push_str(&open.until("fox").await);
    }
}

#[tokio::test]
async fn what_is_done_is_configured() {
    let token = fake::github_token();
    for (action, status, sent) in
        [("block", 403, false), ("mask", 200, false), ("allow", 200, true)]
    {
        let upstream = upstream().run();
        let section = format!("[inspect.actions.secret]\nrequest = \"{action}\"\n");
        let gate = gate().openai(&upstream).agent("bot").sections(&section).run();
        let reply = gate.client("bot").post(CHAT, chat(&token)).await.expect(status);
        let went = upstream
            .calls()
            .iter()
            .any(|call| String::from_utf8_lossy(&call.body).contains(&token));
        assert_eq!(went, sent, "{action}");
        assert!(!findings(&gate, reply.record()).is_empty(), "{action}: not recorded");
    }
}

#[tokio::test]
async fn words_of_ones_own_are_found() {
    let upstream = upstream().run();
    let section = "[inspect.words]\nlist = [\"Project Heron\"]\n[inspect.actions.\"own.word\"]\nrequest = \"block\"\n";
    let gate = gate().openai(&upstream).agent("bot").sections(section).run();
    gate.client("bot").post(CHAT, chat("all about project heron")).await.expect(403);
    gate.client("bot").post(CHAT, chat("all about herons")).await.expect(200);
}

#[tokio::test]
async fn a_card_is_found_by_its_check_digit() {
    let card = fake::payment_card();
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    gate.client("bot").post(CHAT, chat(&format!("card {card} thanks"))).await.expect(200);
    assert!(!String::from_utf8_lossy(&upstream.last().body).contains(&card));
    // One digit off: an order number, not a card.
    let order = format!("{}2", &card[..15]);
    gate.client("bot").post(CHAT, chat(&format!("order {order} thanks"))).await.expect(200);
    assert!(String::from_utf8_lossy(&upstream.last().body).contains(&order));
    let leaked = gate.client("bot").post(CHAT, chat_to("gpt-mock-card", "x")).await.expect(200);
    assert!(!leaked.text().contains(&card));
}

#[tokio::test]
async fn a_secret_beside_the_body_is_refused_and_recorded() {
    let token = fake::github_token();
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let bot = gate.client("bot");
    let encoded: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for (client, query) in [
        (bot.clone().header("x-note", &format!("use {token} please")), String::new()),
        (bot.clone().header("openai-organization", &token), String::new()),
        (bot.clone().header("cookie", &format!("session={token}")), String::new()),
        (bot.clone().header("user-agent", &format!("sdk/1.0 {token}")), String::new()),
        (bot.clone().header("portcullis-session", &token), String::new()),
        (bot.clone(), format!("?key={token}")),
        (bot.clone(), format!("?note={encoded}")),
        (bot.clone(), format!("?{token}=1")),
    ] {
        let reply = client.post(&format!("{CHAT}{query}"), chat("x")).await.expect(403);
        assert!(reply.message().contains("secret.github_token"), "{}", reply.message());
        assert!(!reply.text().contains(&token), "{}", reply.text());
        let record = gate.record(reply.record());
        assert_eq!(record["decision"]["effect"], "deny");
        assert!(!record.to_string().contains(&token), "the record holds the secret: {record}");
        let found = findings(&gate, reply.record());
        assert!(found.iter().any(|(kind, _)| kind == "secret.github_token"), "{found:?}");
    }
    assert!(upstream.calls().is_empty());
    // Nor does a record hold what was sent with a call that failed for another reason.
    let agent = format!("sdk/1.0 {token}");
    for reply in [
        gate.stranger().header("user-agent", &agent).post(CHAT, chat("x")).await.expect(401),
        bot.clone().header("user-agent", &agent).post(CHAT, "{".to_owned()).await.expect(400),
        bot.clone().post(CHAT, chat_to(&format!("gpt-{token}"), "x")).await,
        bot.clone().post(CHAT, chat_to(&token, "x")).await,
    ] {
        let record = gate.record(reply.record()).to_string();
        assert!(!record.contains(&token) && !reply.text().contains(&token), "{record}");
    }
    bot.header("x-note", "nothing").post(&format!("{CHAT}?a=%20b"), chat("x")).await.expect(200);
    assert!(upstream.last().path.ends_with("?a=%20b"), "{}", upstream.last().path);
}

#[tokio::test]
async fn formats_and_canaries_of_ones_own_are_found_and_proved_by_their_examples() {
    let upstream = upstream().run();
    let own = |misses: &str| {
        format!(
            "[inspect]\ncanaries = [\"planted-7f3a-value-01\"]\n[[inspect.detectors]]\nname = \"acme_badge\"\nkind = \"own.badge\"\n\
             pattern = '\"ACME-\" [0-9A-F]{{16}}'\nexamples = [\"badge ACME-4F09C2E71B83D65A\"]\nnear_misses = [\"{misses}\"]\n\
             [inspect.actions]\nown.badge = \"mask\"\n"
        )
    };
    let sections = own("badge ACME-0123");
    let running = gate().openai(&upstream).agent("bot").sections(&sections).run();
    let text = "my badge is ACME-FEDCBA9876543210, thanks";
    running.client("bot").post(CHAT, chat(text)).await.expect(200);
    let sent = String::from_utf8_lossy(&upstream.last().body).into_owned();
    assert!(sent.contains("[redacted:own.badge], thanks"), "{sent}");
    let calls = upstream.calls().len();
    let planted = running.client("bot").post(CHAT, chat("use planted-7f3a-value-01")).await;
    assert_eq!((planted.decision(), upstream.calls().len()), ("deny", calls));
    let found = findings(&running, planted.record());
    assert!(found.iter().any(|(kind, _)| kind == "canary.token"), "{found:?}");
    let wrong = gate().openai(&upstream).sections(&own("badge ACME-4F09C2E71B83D65A")).prepare();
    wrong.start_and_fail();
    assert!(wrong.log().contains("acme_badge"), "{}", wrong.log());
}
