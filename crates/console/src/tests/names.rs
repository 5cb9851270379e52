//! Pseudonyms through the API: resolved and searched by who may, and never without a record.

use model::{Decision, Kind, Record, RecordId, TenantId, Timestamp};
use serde_json::{Value, json};
use store::Scope;

use super::fake::{Fake, over_tcp, request};

const PAT: &str = "pat@example.com";

/// Something that was done for Pat, whom records call `psn_00`.
async fn done_for_pat(fake: &Fake) {
    let time = Timestamp::from_micros(1);
    let (id, tenant) = (RecordId::new(time, 1), TenantId::main());
    let mut record = Record::new(id, time, tenant, Kind::LLM_CALL, Decision::default());
    record.on_behalf_of = Some("psn_00".parse().unwrap());
    fake.seen.records.lock().unwrap().push(record);
    fake.index().await;
}

/// How each resolution was told of; none of the records holds the name.
fn told(fake: &Fake) -> Vec<String> {
    let records = fake.seen.records.lock().unwrap();
    for record in records.iter() {
        assert!(!String::from_utf8(record.encode().unwrap()).unwrap().contains(PAT));
    }
    let resolved = records.iter().filter(|record| record.kind == Kind::NAME_RESOLVE);
    resolved.map(|record| record.detail["how"].clone()).collect()
}

#[tokio::test]
async fn a_pseudonym_is_resolved_both_ways_and_each_leaves_a_record() {
    let fake = Fake::new();
    let get = async |path: &str| fake.operator("GET", path, Value::Null).await;
    assert_eq!(get("/api/v1/pseudonyms/psn_00").await.json()["name"], PAT);
    let found = get(&format!("/api/v1/persons/{PAT}/pseudonym")).await;
    assert_eq!(found.json()["pseudonym"], "psn_00");
    assert_eq!(told(&fake), ["resolve", "find"]);
    assert_eq!(get("/api/v1/pseudonyms/psn_01").await.status, 404);
    assert_eq!(get("/api/v1/persons/bob/pseudonym").await.status, 404);
    assert_eq!(told(&fake).len(), 2);
}

#[tokio::test]
async fn a_search_by_name_finds_for_those_alone_who_may_resolve_it() {
    let fake = Fake::new();
    done_for_pat(&fake).await;
    let reader = fake.token(Scope::Read, None).await;
    let writer = fake.token(Scope::Write, None).await;
    let viewer = fake.token(Scope::Payload, None).await;
    let count = async |token: &str, path: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let answer = fake.send(over_tcp(request("GET", path, Value::Null, &headers))).await;
        answer.json()["count"]["value"].clone()
    };
    for path in [
        format!("/api/v1/records?user={PAT}&count=true"),
        format!("/api/v1/records?q=user:{PAT}&count=true"),
    ] {
        for token in [&reader, &writer] {
            assert_eq!(count(token, &path).await, 0, "{path}");
        }
        assert_eq!(told(&fake), Vec::<String>::new());
        assert_eq!(count(&viewer, &path).await, 1, "{path}");
        assert_eq!(told(&fake), ["search"]);
        fake.seen.records.lock().unwrap().retain(|record| record.kind != Kind::NAME_RESOLVE);
    }
    // By the pseudonym everybody who may look.
    assert_eq!(count(&reader, "/api/v1/records?user=psn_00&count=true").await, 1);
}

#[tokio::test]
async fn an_erasure_ends_the_pseudonym_and_names_nobody() {
    let fake = Fake::new();
    let order = json!({"subject": {"type": "person", "name": PAT}, "reason": "asked to"});
    let answer = fake.operator("POST", "/api/v1/erasures", order).await;
    assert_eq!(answer.status, 200);
    assert_eq!(told(&fake), Vec::<String>::new());
    let events = fake.seen.take_events();
    assert!(events.iter().any(|event| event == "forget the name psn_00"), "{events:?}");
    assert!(events.iter().any(|event| event.starts_with("erase person:psn_00")), "{events:?}");
    // What was kept before records called them so.
    assert!(events.iter().any(|event| event.starts_with("erase person:pat")), "{events:?}");
}
