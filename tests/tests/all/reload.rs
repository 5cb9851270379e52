//! Changes without a restart; a change that does not validate changes nothing and says why.

use portcullis_tests::{Gate, chat, chat_stream, chat_to, gate, upstream, wait};

use crate::CHAT;

const NARROW: &str = "[[role]]\nname = \"narrow\"\nproviders = [\"*\"]\nmodels = [\"gpt-mock\"]\n";

/// Waits until a call gives this status.
async fn becomes(gate: &Gate, model: &str, status: u16) {
    let client = gate.client("bot");
    let end = std::time::Instant::now() + wait::DEADLINE;
    loop {
        let reply = client.post(CHAT, chat_to(model, "x")).await;
        if reply.status == status {
            return;
        }
        assert!(std::time::Instant::now() < end, "still {}, log: {}", reply.status, gate.log());
    }
}

#[tokio::test]
async fn a_hangup_signal_reloads_and_open_streams_go_on() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent_as("bot", "narrow").sections(NARROW).run();
    let mut open = gate.client("bot").stream(CHAT, chat_stream("gpt-mock", "x")).await;
    gate.client("bot").post(CHAT, chat_to("gpt-mock-json", "x")).await.expect(403);
    gate.rewrite(|text| text.replace("models = [\"gpt-mock\"]", "models = [\"gpt-*\"]"));
    gate.signal("HUP");
    becomes(&gate, "gpt-mock-json", 200).await;
    open.until("[DONE]").await;
}

#[tokio::test]
async fn a_bad_reload_changes_nothing_and_says_why() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent_as("bot", "narrow").sections(NARROW).run();
    gate.rewrite(|text| text.replace("[[role]]", "[[role]]\nmodles = [\"*\"]"));
    gate.signal("HUP");
    wait::until_async("the log line", || gate.log().contains("modles").then_some(())).await;
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    gate.client("bot").post(CHAT, chat_to("gpt-mock-json", "x")).await.expect(403);
    // Commands read the same file to find the data folder.
    gate.rewrite(|text| text.replace("modles = [\"*\"]\n", ""));
    gate.records_with("the record of the attempt", |record| record["kind"] == "system.reload");
}

#[tokio::test]
async fn a_policy_file_that_changes_is_noticed() {
    let upstream = upstream().run();
    let permit = "@id(\"all\") @description(\"All of it.\") permit (principal, action, resource);";
    let gate = gate().openai(&upstream).agent("bot").policy("own.cedar", permit).run();
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    let file = gate.folder().join("policies/own.cedar");
    std::fs::write(&file, permit.replace("permit", "forbid")).unwrap();
    becomes(&gate, "gpt-mock", 403).await;
    std::fs::write(&file, "permit (").unwrap();
    wait::until_async("the complaint", || gate.log().contains("own.cedar").then_some(())).await;
    gate.client("bot").post(CHAT, chat("x")).await.expect(403);
}

#[tokio::test]
async fn an_agent_that_is_taken_out_is_gone() {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent("bot").agent("other").run();
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    gate.rewrite(|text| {
        let (before, from) = text.split_once("[[agent]]\nname = \"bot\"").expect("the agent");
        let after = from.split_once("[[agent]]").expect("another agent").1;
        format!("{before}[[agent]]{after}")
    });
    gate.signal("HUP");
    becomes(&gate, "gpt-mock", 401).await;
    gate.client("other").post(CHAT, chat("x")).await.expect(200);
}
