//! The kill switch through the API.

use std::sync::atomic::Ordering;

use model::{Standing, TenantId};
use serde_json::{Value, json};

use super::fake::{Fake, request};

#[tokio::test]
async fn an_agent_is_suspended_quarantined_and_resumed() {
    let fake = Fake::new();
    fake.operator("POST", "/api/v1/agents", json!({"name": "bot"})).await;
    let act = async |act: &str, body: Value| {
        fake.operator("POST", &format!("/api/v1/agents/bot/{act}"), body).await
    };
    assert_eq!(act("suspend", Value::Null).await.json()["standing"], "suspended");
    let held = act("quarantine", json!({"reason": "it leaks"})).await;
    assert_eq!(held.json()["standing"], "quarantined");
    assert_eq!(fake.seen.last_record().detail["reason"], "it leaks");
    assert_eq!(act("suspend", Value::Null).await.status, 409);
    assert_eq!(act("resume", Value::Null).await.status, 422);
    assert_eq!(act("resume", json!({"reason": " "})).await.status, 422);
    let free = act("resume", json!({"reason": "reviewed"})).await;
    assert_eq!(free.json()["standing"], "active");
    let events = fake.seen.take_events();
    assert_eq!(events.iter().filter(|event| *event == "publish").count(), 4);
}

#[tokio::test]
async fn a_suspension_bites_even_where_the_log_is_broken() {
    let fake = Fake::new();
    fake.operator("POST", "/api/v1/agents", json!({"name": "bot"})).await;
    fake.seen.take_events();
    fake.seen.journal_broken.store(true, Ordering::SeqCst);
    let answer = fake.operator("POST", "/api/v1/agents/bot/suspend", Value::Null).await;
    assert_eq!(answer.status, 500);
    assert!(answer.json()["detail"].as_str().unwrap().contains("is in force"));
    assert_eq!(fake.seen.take_events(), ["publish"]);
    let agent = fake.store.agent(&TenantId::main(), &"bot".parse().unwrap()).await.unwrap();
    assert_eq!(agent.agent.standing, Standing::Suspended);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_a_change_half_way() {
    let fake = Fake::new();
    fake.operator("POST", "/api/v1/agents", json!({"name": "bot"})).await;
    fake.seen.take_events();
    let mut request =
        Box::pin(fake.send(request("POST", "/api/v1/agents/bot/suspend", Value::Null, &[])));
    let polled =
        std::future::poll_fn(|context| std::task::Poll::Ready(request.as_mut().poll(context)));
    assert!(polled.await.is_pending());
    drop(request);
    let published = async {
        while !fake.seen.events.lock().unwrap().contains(&"publish".to_owned()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), published).await.unwrap();
    assert_eq!(fake.seen.last_record().detail["act"], "agent.suspend");
}

#[tokio::test]
async fn providers_and_everything_can_be_held() {
    let fake = Fake::new();
    let post = async |path: &str, body: Value| fake.operator("POST", path, body).await;
    assert_eq!(post("/api/v1/providers/opnai/suspend", Value::Null).await.status, 404);
    assert_eq!(post("/api/v1/providers/openai/suspend", Value::Null).await.status, 200);
    let list = fake.operator("GET", "/api/v1/providers", Value::Null).await.json();
    assert_eq!(list["providers"][0]["standing"], "suspended");
    let everything = json!({"subject": {"type": "everything"}, "standing": "quarantined"});
    assert_eq!(post("/api/v1/containments", everything.clone()).await.status, 200);
    let list = fake.operator("GET", "/api/v1/containments", Value::Null).await.json();
    assert_eq!(list["containments"].as_array().unwrap().len(), 2);
    assert_eq!(list["containments"][0]["who"], "uid:1000");
    let mut active = everything;
    active["standing"] = json!("active");
    assert_eq!(post("/api/v1/containments", active).await.status, 422);
    let release = json!({"subject": {"type": "everything"}, "reason": "over"});
    assert_eq!(post("/api/v1/containments/release", release.clone()).await.status, 200);
    assert_eq!(post("/api/v1/containments/release", release).await.status, 404);
    assert_eq!(post("/api/v1/providers/openai/resume", Value::Null).await.status, 200);
    let control = fake.store.load_control(&TenantId::main()).await.unwrap();
    assert!(control.containments.is_empty());
}
