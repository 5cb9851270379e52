//! What holds for every answer.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::fake::{Fake, over_tcp, request};
use crate::{Access, endpoints};

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let fake = Fake::new();
    for (path, status) in [("/healthz", 200), ("/nowhere", 404), ("/api/v1/agents", 200)] {
        let answer = fake.operator("GET", path, Value::Null).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let wrong = fake.operator("PUT", "/api/v1/agents", Value::Null).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["status"]), (405, &json!(405)));
}

#[tokio::test]
async fn another_name_for_our_address_is_refused() {
    let fake = Fake::new();
    let ask = async |host: &str| {
        let request = request("GET", "/healthz", Value::Null, &[("host", host)]);
        fake.send(over_tcp(request)).await.status.as_u16()
    };
    for ours in ["localhost", "LOCALHOST:4180", "127.0.0.1:1", "[::1]:4180", "console.example.com"]
    {
        assert_eq!(ask(ours).await, 200, "{ours}");
    }
    for other in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:4180", ""] {
        assert_eq!(ask(other).await, 421, "{other}");
    }
    let two = request("GET", "/healthz", Value::Null, &[("host", "localhost"), ("host", "x")]);
    assert_eq!(fake.send(over_tcp(two)).await.status, 421);
}

#[tokio::test]
async fn readiness_says_which_part_and_keeps_the_rest_for_operators() {
    let fake = Fake::new();
    assert_eq!(fake.operator("GET", "/readyz", Value::Null).await.status, 200);
    fake.seen.not_ready.store(true, Ordering::SeqCst);
    let answer = fake.operator("GET", "/readyz", Value::Null).await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.json(),
        json!({"ready": false, "checks": [
            {"name": "log", "ok": false}, {"name": "controls", "ok": false},
        ]})
    );
    let status = fake.operator("GET", "/api/v1/instance", Value::Null).await.json();
    assert_eq!(status["checks"][0]["detail"], "a detail for operators");
}

#[tokio::test]
async fn the_public_half_of_the_log_is_public_and_the_rest_is_not() {
    let fake = Fake::new();
    let get = async |path: &str| fake.send(over_tcp(request("GET", path, Value::Null, &[]))).await;
    let tile = get("/ledger/main/tile/0/x001/234.p/5").await;
    assert_eq!(String::from_utf8_lossy(&tile.body), "Tile(\"0/x001/234.p/5\")");
    assert!(tile.header("cache-control").contains("immutable"));
    assert_eq!(get("/ledger/main/checkpoint").await.status, 200);
    assert_eq!(get("/ledger/main/vkey").await.status, 200);
    assert_eq!(get("/ledger/main/checkpoints").await.status, 200);
    assert_eq!(get("/ledger/main/tile/entries/000").await.status, 401);
    for path in [
        "/ledger/main/tile/0/%2e%2e/000",
        "/ledger/main/tile/0%2F..%2F..%2Fkey",
        "/ledger/other/checkpoint",
    ] {
        assert_eq!(get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_description_holds_every_route_once() {
    let fake = Fake::new();
    let described = fake.operator("GET", "/api/openapi.json", Value::Null).await.json();
    let mut ids = BTreeSet::new();
    for endpoint in endpoints().into_iter().filter(|one| one.surface == crate::Surface::Api) {
        let operation = &described["paths"][endpoint.path.replace("{*", "{")][endpoint.method];
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} stands twice");
        assert_eq!(operation["security"].is_array(), endpoint.access != Access::Public, "{id}");
    }
    assert_eq!(described["openapi"], "3.1.0");
}

#[tokio::test]
async fn tokens_are_made_shown_once_and_ended() {
    let fake = Fake::new();
    let asked = json!({"name": "ci", "scope": "read"});
    let made = fake.operator("POST", "/api/v1/tokens", asked).await;
    assert_eq!(made.status, 201);
    let bearer = format!("Bearer {}", made.json()["token"].as_str().unwrap());
    let get = async || {
        let headers = [("authorization", bearer.as_str())];
        fake.send(over_tcp(request("GET", "/api/v1/tokens", Value::Null, &headers))).await
    };
    let list = get().await;
    assert_eq!(list.json()["tokens"][0]["name"], "ci");
    assert!(!String::from_utf8_lossy(&list.body).contains("pct_"));
    assert_eq!(fake.operator("DELETE", "/api/v1/tokens/ci", Value::Null).await.status, 204);
    assert_eq!(get().await.status, 401);
    assert_eq!(fake.operator("DELETE", "/api/v1/tokens/ci", Value::Null).await.status, 404);
}
