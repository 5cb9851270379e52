//! Records through the API.

use serde_json::{Value, json};

use super::fake::Fake;

#[tokio::test]
async fn records_are_found_by_the_index_and_read_from_the_log() {
    let fake = Fake::new();
    for number in 0..5 {
        fake.operator("POST", "/api/v1/agents", json!({"name": format!("bot-{number}")})).await;
    }
    fake.index().await;
    let get = async |path: &str| fake.operator("GET", path, Value::Null).await;
    let page = get("/api/v1/records?kind=admin.change&limit=3&count=true").await.json();
    assert_eq!(page["count"], json!({"value": 5, "at_least": false}));
    assert_eq!(page["records"][0]["record"]["resource"]["name"], "bot-4");
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = get(&format!("/api/v1/records?kind=admin.change&cursor={cursor}")).await.json();
    assert_eq!(rest["records"].as_array().unwrap().len(), 2);
    assert_eq!(rest["next_cursor"], Value::Null);

    let id = page["records"][1]["record"]["id"].as_str().unwrap();
    let one = get(&format!("/api/v1/records/{id}")).await.json();
    assert_eq!((&one["record"]["id"], &one["position"]), (&json!(id), &json!(3)));
    let proof = get(&format!("/api/v1/records/{id}/proof")).await.json();
    assert_eq!(proof, json!({"log": "main", "leaf_index": 3}));
    assert_eq!(get("/api/v1/records/act_00000000-0000-7000-8000-000000000000").await.status, 404);
    for bad in ["?kindd=x", "?cursor=x", "?since=yesterday", "?effect=maybe", "?id=1"] {
        let status = get(&format!("/api/v1/records{bad}")).await.status;
        assert!(status == 400 || status == 422, "{bad}: {status}");
    }
    assert_eq!(get("/api/v1/records?agent=nobody").await.json()["records"], json!([]));
}
