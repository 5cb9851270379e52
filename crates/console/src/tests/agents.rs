//! Agents through the API.

use axum::http::StatusCode;
use model::{AgentKey, TenantId};
use serde_json::{Value, json};

use super::fake::{Fake, request};

#[tokio::test]
async fn a_change_is_stored_recorded_and_in_force_before_it_is_answered() {
    let fake = Fake::new();
    let answer =
        fake.operator("POST", "/api/v1/agents", json!({"name": "bot", "owner": "ann"})).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(
        fake.seen.take_events(),
        ["record admin.change agent.create at revision 1", "publish"]
    );
    assert_eq!(answer.header("portcullis-in-force-us"), "7");
    let record = fake.seen.last_record();
    assert_eq!(answer.header("portcullis-record"), record.id.to_string());
    assert_eq!(record.detail["who"], "uid:1000");
    assert_eq!(record.client.credential, "uid:1000");
    assert_eq!(record.resource.as_ref().unwrap().name, "bot");

    // The key is shown here and nowhere else.
    let key = AgentKey::parse(answer.json()["key"].as_str().unwrap()).unwrap();
    let stored = fake.store.list_keys(&TenantId::main(), &"bot".parse().unwrap()).await.unwrap();
    assert_eq!(stored[0].hash, key.hash());
    let shown = fake.operator("GET", "/api/v1/agents/bot", Value::Null).await;
    let texts = [shown.body, record.encode().unwrap()];
    assert!(texts.iter().all(|text| !String::from_utf8_lossy(text).contains("pc_")));
}

#[tokio::test]
async fn a_creation_that_is_repeated_creates_once() {
    let fake = Fake::new();
    let body = json!({"name": "bot"});
    let headers = [("idempotency-key", "k1")];
    let send = async |body: &Value| {
        fake.send(request("POST", "/api/v1/agents", body.clone(), &headers)).await
    };
    let (first, second) = (send(&body).await, send(&body).await);
    assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(first.body, second.body);
    assert_eq!(fake.seen.records.lock().unwrap().len(), 1);
    let other = send(&json!({"name": "other"})).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Kept for minutes, not for ever; then the name itself stands in the way.
    fake.clock.store(5_000, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(send(&body).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_change_by_an_old_version_is_refused() {
    let fake = Fake::new();
    fake.operator("POST", "/api/v1/agents", json!({"name": "bot"})).await;
    let path = "/api/v1/agents/bot";
    let tag = fake.operator("GET", path, Value::Null).await.header("etag").to_owned();
    let patch = async |tag: &str, body: Value| {
        fake.send(request("PATCH", path, body, &[("if-match", tag)])).await
    };
    let changed = patch(&tag, json!({"owner": "ann", "roles": ["a", "b"]})).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_ne!(changed.header("etag"), tag);
    assert_eq!(changed.json()["owner"], "ann");
    assert_eq!(fake.seen.last_record().detail["roles"], "a b");
    assert_eq!(patch(&tag, json!({"owner": null})).await.status, 412);
    assert_eq!(patch("nonsense", json!({})).await.status, 400);
    let cleared = patch("*", json!({"owner": null})).await;
    assert_eq!((cleared.status.as_u16(), &cleared.json()["owner"]), (200, &Value::Null));
    assert_eq!(cleared.json()["roles"], json!(["a", "b"]));
    let old = fake.send(request("DELETE", path, Value::Null, &[("if-match", &tag)])).await;
    assert_eq!(old.status, 412);
    assert_eq!(fake.operator("DELETE", path, Value::Null).await.status, 204);
    assert_eq!(fake.operator("GET", path, Value::Null).await.status, 404);
}

#[tokio::test]
async fn what_is_not_asked_for_is_refused() {
    let fake = Fake::new();
    for (body, status) in [
        (json!({"name": "a b"}), 422),
        (json!({"name": "bot", "standing": "active"}), 422),
        (json!({"name": "bot", "origin": "config"}), 422),
        (json!({}), 422),
        (json!([]), 422),
        (json!({"name": "bot", "owner": "x".repeat(2_000)}), 422),
        (json!({"name": "bot", "owner": "x".repeat(70_000)}), 413),
    ] {
        let answer = fake.operator("POST", "/api/v1/agents", body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}");
        assert_eq!(answer.json()["status"], status);
    }
    assert!(fake.seen.take_events().is_empty());
    for path in ["?limit=x", "?unknown=1", "?standing=asleep", "?cursor=%20"] {
        let answer = fake.operator("GET", &format!("/api/v1/agents{path}"), Value::Null).await;
        assert_eq!(answer.status, 400, "{path}");
    }
}

#[tokio::test]
async fn agents_come_in_pages_and_names_may_hold_a_slash() {
    let fake = Fake::new();
    for name in ["a", "b", "team/c"] {
        fake.operator("POST", "/api/v1/agents", json!({"name": name})).await;
    }
    let page = fake.operator("GET", "/api/v1/agents?limit=2", Value::Null).await.json();
    assert_eq!((page["agents"].as_array().unwrap().len(), &page["next_cursor"]), (2, &json!("b")));
    let page = fake.operator("GET", "/api/v1/agents?limit=2&cursor=b", Value::Null).await.json();
    assert_eq!(
        (&page["agents"][0]["name"], &page["next_cursor"]),
        (&json!("team/c"), &Value::Null)
    );
    let held = fake.operator("POST", "/api/v1/agents/team%2Fc/suspend", Value::Null).await;
    assert_eq!(held.json()["standing"], "suspended");
}

#[tokio::test]
async fn rotation_shows_the_new_key_and_lets_the_old_one_end() {
    let fake = Fake::new();
    fake.operator("POST", "/api/v1/agents", json!({"name": "bot"})).await;
    let path = "/api/v1/agents/bot/rotate";
    let rotated = fake.operator("POST", path, json!({"overlap_seconds": 60})).await.json();
    let key = AgentKey::parse(rotated["key"].as_str().unwrap()).unwrap();
    let expires: Vec<&Value> =
        rotated["keys"].as_array().unwrap().iter().map(|key| &key["expires"]).collect();
    assert!(expires.contains(&&json!("1970-01-01T00:17:40.000000Z")), "{expires:?}");
    assert!(expires.contains(&&Value::Null));
    let long = fake.operator("POST", path, json!({"overlap_seconds": 99_999_999})).await;
    assert_eq!(long.status, 422);
    let gone = format!("/api/v1/agents/bot/keys/{}", key.hash());
    assert_eq!(fake.operator("DELETE", &gone, Value::Null).await.status, 204);
    assert_eq!(fake.operator("DELETE", &gone, Value::Null).await.status, 404);
}
