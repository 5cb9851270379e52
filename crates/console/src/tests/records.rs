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

#[tokio::test]
async fn records_are_counted_by_field_and_over_time() {
    let fake = Fake::new();
    for number in 0..4 {
        fake.operator("POST", "/api/v1/agents", json!({"name": format!("bot-{number}")})).await;
    }
    fake.operator("POST", "/api/v1/agents/bot-1/suspend", json!({"reason": "it leaks"})).await;
    fake.index().await;
    let get = async |path: &str| fake.operator("GET", path, Value::Null).await;
    let found = get("/api/v1/records?q=leaks%20detail.act:agent.suspend&count=true").await.json();
    assert_eq!(found["count"]["value"], 1);
    assert_eq!(found["records"][0]["record"]["resource"]["name"], "bot-1");
    assert_eq!(found["behind"], 2);
    let top = get("/api/v1/records/top?field=resource&limit=1").await.json();
    assert_eq!(
        (&top["values"][0], &top["distinct"]),
        (&json!({"value": "bot-1", "count": 2}), &json!(4))
    );
    let bins = get("/api/v1/records/histogram?since=2h&step=1h&q=-leaks").await.json();
    assert_eq!(bins["counts"].as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>(), 4);
    for (bad, says) in [
        ("?q=agnet:x", "there is no field"),
        ("/top?field=trace", "another value"),
        ("/top?field=nothing", "there is no field"),
        ("/top", "which field"),
        ("/histogram?since=300d&step=1s", "wider step"),
        ("/histogram?step=0s", "a step is"),
    ] {
        let answer = get(&format!("/api/v1/records{bad}")).await;
        assert!(answer.status == 400 || answer.status == 422, "{bad}: {}", answer.status);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(says), "{bad}: {detail}");
    }
}

#[tokio::test]
async fn the_index_is_made_anew_on_demand_and_that_is_recorded() {
    let fake = Fake::new();
    let answer = fake.operator("POST", "/api/v1/index/rebuild", Value::Null).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (202, json!({"indexed": 7, "size": 9})));
    assert_eq!(fake.seen.take_events()[0], "rebuild");
    assert_eq!(fake.seen.last_record().detail["act"], "index.rebuild");
    let state = fake.operator("GET", "/api/v1/index", Value::Null).await.json();
    assert_eq!(state, json!({"indexed": 7, "size": 9}));
}
