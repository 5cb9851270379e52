//! What a policy holds waits for a person: that exact call, once.

use portcullis_tests::{Gate, Reply, Upstream, chat, gate, upstream};
use serde_json::Value;

use crate::CHAT;

const POLICY: &str = r#"
@id("held")
@description("Testers ask first.")
@approve("")
permit (principal in Role::"tester", action, resource);

@id("held-twice")
@description("Clerks ask two people.")
@obligation("four_eyes")
permit (principal in Role::"clerk", action, resource);
"#;

const MAIL: &str = "ann.lee@mail.example";

fn start() -> (Upstream, Gate) {
    start_with("")
}

fn start_with(sections: &str) -> (Upstream, Gate) {
    let upstream = upstream().run();
    let gate = gate()
        .openai(&upstream)
        .agent("bot")
        .agent("twin")
        .agent_as("clerk", "clerk")
        .policy("own.cedar", POLICY)
        .sections(sections)
        .run();
    (upstream, gate)
}

async fn held(gate: &Gate, agent: &str, body: &Value) -> String {
    let reply = gate.client(agent).post(CHAT, body).await.expect(403);
    assert_eq!(reply.decision(), "hold", "{}", reply.text());
    assert_eq!(reply.json()["error"]["code"], "approval_required");
    let approval = reply.header("portcullis-approval").to_owned();
    assert!(reply.message().contains(&format!("approval approve {approval}")), "{}", reply.text());
    approval
}

async fn ask(gate: &Gate, body: &Value) -> Reply {
    gate.client("bot").post(CHAT, body).await
}

#[tokio::test]
async fn an_approved_call_goes_through_once() {
    let (upstream, gate) = start();
    let body = chat("pay ten");
    let approval = held(&gate, "bot", &body).await;
    assert_eq!(held(&gate, "bot", &body).await, approval, "the same call was put up twice");
    let list: Value =
        serde_json::from_str(&gate.succeeds(&["approval", "list", "--json"])).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!((&list[0]["agent"], &list[0]["state"]), (&"bot".into(), &"waiting".into()));
    assert!(list[0]["arguments"].as_str().unwrap().contains("pay ten"));

    gate.succeeds(&["approval", "approve", &approval, "--reason", "fine"]);
    let reply = ask(&gate, &body).await.expect(200);
    let record = gate.record(reply.record());
    assert_eq!(record["decision"]["effect"], "permit");
    assert_eq!(record["detail"]["approval"], approval.as_str());
    assert!(record["detail"]["approved_by"].as_str().unwrap().starts_with("uid:"));
    assert_eq!(upstream.calls().len(), 1);
    assert_ne!(held(&gate, "bot", &body).await, approval, "an approval was used twice");
    let is_said = |record: &Value| record["detail"]["act"] == "approval.approve";
    let records = gate.records_with("the approval", is_said);
    let said = records.iter().find(|record| is_said(record)).unwrap();
    assert_eq!(said["resource"]["name"], approval.as_str());
    assert_eq!(said["detail"]["reason"], "fine");
}

#[tokio::test]
async fn any_change_of_the_call_needs_a_new_approval() {
    let (upstream, mut gate) = start();
    let body = chat("pay ten");
    let approval = held(&gate, "bot", &body).await;
    gate.succeeds(&["approval", "approve", &approval]);
    held(&gate, "bot", &chat("pay ten ")).await;
    held(&gate, "twin", &body).await;
    let session = gate.client("bot").header("portcullis-session", "other");
    assert_eq!(session.post(CHAT, &body).await.expect(403).decision(), "hold");
    let query = format!("{CHAT}?x=1");
    assert_eq!(gate.client("bot").post(&query, &body).await.expect(403).decision(), "hold");

    let own = gate.folder().join("policies/own.cedar");
    std::fs::write(&own, format!("{POLICY}\n// reviewed\n")).unwrap();
    gate.stop();
    gate.start();
    held(&gate, "bot", &body).await;
    assert!(upstream.calls().is_empty());
}

#[tokio::test]
async fn a_refused_call_tells_its_developer_why() {
    let (upstream, gate) = start();
    let body = chat("pay ten");
    let approval = held(&gate, "bot", &body).await;
    gate.succeeds(&["approval", "deny", &approval, "--reason", "not this account"]);
    let reply = ask(&gate, &body).await.expect(403);
    assert_eq!(reply.json()["error"]["code"], "approval_denied");
    assert!(reply.message().contains("not this account"), "{}", reply.text());
    let late = gate.portcullis(&["approval", "approve", &approval]);
    assert!(!late.status.success());
    assert!(upstream.calls().is_empty());
}

#[tokio::test]
async fn an_approval_outlives_a_kill_and_is_used_once_among_many() {
    let (upstream, mut gate) = start();
    let body = chat("pay ten");
    let approval = held(&gate, "bot", &body).await;
    gate.succeeds(&["approval", "approve", &approval]);
    gate.kill();
    gate.start();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (client, body) = (gate.client("bot"), body.clone());
            tokio::spawn(async move { client.post(CHAT, &body).await.status })
        })
        .collect();
    let mut passed = 0;
    for call in calls {
        passed += usize::from(call.await.unwrap() == 200);
    }
    assert_eq!((passed, upstream.calls().len()), (1, 1));
}

#[tokio::test]
async fn four_eyes_are_two_people() {
    let (upstream, gate) = start();
    let body = chat("pay ten");
    let approval = held(&gate, "clerk", &body).await;
    gate.succeeds(&["approval", "approve", &approval]);
    held(&gate, "clerk", &body).await;
    let again = gate.portcullis(&["approval", "approve", &approval]);
    assert!(!again.status.success(), "one person approved twice");
    assert!(upstream.calls().is_empty());
}

#[tokio::test]
async fn what_is_shown_holds_nothing_that_was_found() {
    let (_upstream, gate) = start();
    let approval = held(&gate, "bot", &chat(&format!("write to {MAIL}"))).await;
    let shown = gate.succeeds(&["approval", "show", &approval, "--json"]);
    assert!(shown.contains("write to") && !shown.contains(MAIL), "{shown}");
}

#[tokio::test]
async fn what_may_not_pass_is_put_before_nobody() {
    let (upstream, gate) = start_with("[inspect.actions]\npii = { request = \"block\" }\n");
    let reply = ask(&gate, &chat(&format!("write to {MAIL}"))).await.expect(403);
    assert_eq!(reply.decision(), "deny");
    assert!(gate.succeeds(&["approval", "list", "--json"]).trim() == "[]");
    assert!(upstream.calls().is_empty());
}

#[tokio::test]
async fn a_held_call_spends_nothing() {
    let limit = "[[limit]]\nper = \"agent\"\nwindow = \"1d\"\nrequests = 1\n";
    let (_upstream, gate) = start_with(limit);
    let body = chat("pay ten");
    let approval = held(&gate, "bot", &body).await;
    held(&gate, "bot", &body).await;
    gate.succeeds(&["approval", "approve", &approval]);
    ask(&gate, &body).await.expect(200);
    ask(&gate, &body).await.expect(429);
}

#[tokio::test]
async fn asking_again_whether_a_call_is_approved_is_no_loop() {
    let (_upstream, gate) = start_with("[loops]\nrepeats = 2\n");
    let body = chat("pay ten");
    let approval = held(&gate, "bot", &body).await;
    for _ in 0..4 {
        assert_eq!(held(&gate, "bot", &body).await, approval);
    }
    gate.succeeds(&["approval", "approve", &approval]);
    ask(&gate, &body).await.expect(200);
}
