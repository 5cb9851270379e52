//! Kept payloads through the API.

use std::sync::atomic::Ordering;

use model::{Decision, Digest, Kind, PayloadRef, Record, RecordId, Status, TenantId, Timestamp};
use serde_json::{Value, json};
use store::Scope;

use super::fake::{Fake, over_tcp, request};

/// A record whose request is kept, and whose response is too if it has a reference.
async fn kept(fake: &Fake, response: Option<&str>) -> String {
    let time = Timestamp::from_micros(1);
    let (id, tenant) = (RecordId::new(time, 1), TenantId::main());
    let mut record = Record::new(id, time, tenant, Kind::LLM_CALL, Decision::default());
    let payload = |reference: Option<&str>| PayloadRef {
        reference: reference.map(str::to_owned),
        sha256: Digest::of(b""),
    };
    record.payload.request = Some(payload(Some("2026-11/1/16")));
    record.payload.response = Some(payload(response));
    fake.seen.records.lock().unwrap().push(record);
    fake.index().await;
    id.to_string()
}

#[tokio::test]
async fn who_reads_a_payload_leaves_a_record_first() {
    let fake = Fake::new();
    let id = kept(&fake, None).await;
    let path = format!("/api/v1/records/{id}/payload/request");
    let answer = fake.operator("GET", &path, Value::Null).await;
    assert_eq!((answer.status.as_u16(), answer.json()["content"].as_str()), (200, Some("said")));
    let record = fake.seen.last_record();
    assert_eq!(record.kind, Kind::PAYLOAD_READ);
    assert_eq!(answer.header("portcullis-record"), record.id.to_string());
    assert_eq!(record.resource.unwrap().name, id);
    let events = fake.seen.take_events();
    assert!(events[0].starts_with("payload 2026-11/1/16") && events[1].starts_with("record"));
    // Without its record it stays here.
    fake.seen.journal_broken.store(true, Ordering::SeqCst);
    let answer = fake.operator("GET", &path, Value::Null).await;
    assert_eq!(answer.status, 500);
    assert!(!String::from_utf8_lossy(&answer.body).contains("said"));
}

#[tokio::test]
async fn the_page_of_a_payload_leaves_a_record_first_too() {
    let fake = Fake::new();
    let id = kept(&fake, Some("gone")).await;
    let record = fake.page(&format!("/activity/{id}")).await.text();
    let path = format!("/activity/{id}/payload/request");
    assert!(record.contains(&path));
    let page = fake.page(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("said"));
    let told = fake.seen.last_record();
    assert_eq!((&told.kind, told.resource.unwrap().name), (&Kind::PAYLOAD_READ, id.clone()));
    assert_eq!(page.header("portcullis-record"), told.id.to_string());
    assert_eq!(fake.page(&format!("/activity/{id}/payload/response")).await.status, 410);
    fake.seen.journal_broken.store(true, Ordering::SeqCst);
    let page = fake.page(&path).await;
    assert_eq!(page.status, 500);
    assert!(!page.text().contains("said"));
}

#[tokio::test]
async fn what_was_not_kept_or_was_erased_is_told_apart() {
    let fake = Fake::new();
    let id = kept(&fake, Some("gone")).await;
    let get = async |part: &str| {
        fake.operator("GET", &format!("/api/v1/records/{id}/payload/{part}"), Value::Null)
            .await
            .status
    };
    assert_eq!(get("response").await, 410);
    assert_eq!(get("both").await, 400);
    let none = Fake::new();
    let id = kept(&none, None).await;
    let path = format!("/api/v1/records/{id}/payload/response");
    assert_eq!(none.operator("GET", &path, Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_token_that_changes_things_neither_reads_payloads_nor_makes_one_that_does() {
    let fake = Fake::new();
    let id = kept(&fake, None).await;
    let path = format!("/api/v1/records/{id}/payload/request");
    for (scope, status) in [(Scope::Read, 403), (Scope::Write, 403), (Scope::Payload, 200)] {
        let bearer = format!("Bearer {}", fake.token(scope, None).await);
        let headers = [("authorization", bearer.as_str())];
        let answer = fake.send(over_tcp(request("GET", &path, Value::Null, &headers))).await;
        assert_eq!(answer.status, status, "{scope:?}");
        let more = json!({"name": "more", "scope": "payload"});
        let made = fake.send(over_tcp(request("POST", "/api/v1/tokens", more, &headers))).await;
        assert_eq!(made.status, 403, "{scope:?}");
    }
    let by_operator = json!({"name": "auditor", "scope": "payload"});
    assert_eq!(fake.operator("POST", "/api/v1/tokens", by_operator).await.status, 201);
}

#[tokio::test]
async fn an_erasure_is_announced_and_completed_in_the_log() {
    let fake = Fake::new();
    let order = json!({"subject": {"type": "agent", "name": "bot"}, "reason": "asked to"});
    let answer = fake.operator("POST", "/api/v1/erasures", order.clone()).await;
    let key = json!({"subject": {"type": "agent", "name": "bot"}, "month": "2026-11"});
    assert_eq!(answer.json(), json!({"erased": [key], "values": 3}));
    let events = fake.seen.take_events();
    let acts: Vec<&str> = events.iter().map(|event| event.split(' ').next().unwrap()).collect();
    assert_eq!(acts, ["record", "forget", "erase", "record"]);
    let records = fake.seen.records.lock().unwrap().clone();
    assert_eq!(records[0].id, records[1].id);
    assert_eq!((records[0].status, records[1].status), (Status::Begun, Status::Ok));
    assert_eq!(records[1].detail["reason"], "asked to");
    for bad in [json!({}), json!({"subject": {"type": "agent", "name": "bot"}, "reason": " "})] {
        assert_eq!(fake.operator("POST", "/api/v1/erasures", bad).await.status, 422);
    }
    // What cannot be recorded is not begun.
    fake.seen.take_events();
    fake.seen.journal_broken.store(true, Ordering::SeqCst);
    assert_eq!(fake.operator("POST", "/api/v1/erasures", order).await.status, 500);
    assert_eq!(fake.seen.take_events(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_under_a_hold_is_not_erased() {
    let fake = Fake::new();
    let subject = json!({"type": "agent", "name": "bot"});
    let hold = json!({"name": "case-7", "subject": subject, "reason": "a court asked"});
    assert_eq!(fake.operator("POST", "/api/v1/holds", hold.clone()).await.status, 201);
    assert_eq!(fake.operator("POST", "/api/v1/holds", hold).await.status, 409);
    let order = json!({"subject": subject, "reason": "asked to"});
    fake.seen.take_events();
    let refused = fake.operator("POST", "/api/v1/erasures", order.clone()).await;
    assert_eq!((refused.status.as_u16(), fake.seen.take_events()), (409, vec![]));
    let other = json!({"subject": {"type": "agent", "name": "other"}, "reason": "asked to"});
    assert_eq!(fake.operator("POST", "/api/v1/erasures", other).await.status, 200);
    assert_eq!(fake.operator("DELETE", "/api/v1/holds/case-7", Value::Null).await.status, 204);
    assert_eq!(fake.operator("POST", "/api/v1/erasures", order).await.status, 200);
}
