//! What agents show besides keys.

use serde_json::{Value, json};

use super::fake::Fake;

const AGENT: &str = "/api/v1/agents/bot";

async fn fake() -> Fake {
    let fake = Fake::new();
    let added = fake.operator("POST", "/api/v1/agents", json!({"name": "bot"})).await;
    assert_eq!(added.status, 201);
    fake
}

fn last(fake: &Fake) -> (String, Value) {
    let record = fake.seen.last_record();
    let name = record.resource.as_ref().map(|resource| resource.name.clone());
    (name.unwrap_or_default(), json!(record.detail))
}

#[tokio::test]
async fn a_signing_key_is_added_listed_and_taken_away() {
    let fake = fake().await;
    let path = format!("{AGENT}/signing_keys");
    let added = fake.operator("POST", &path, json!({"public_key": "key thumb"})).await;
    assert_eq!((added.status.as_u16(), added.json()["id"].as_str()), (201, Some("thumb")));
    let (name, detail) = last(&fake);
    assert_eq!((name.as_str(), &detail["act"]), ("bot", &json!("agent.add_signing_key")));
    assert_eq!(detail["thumbprint"], "thumb");
    assert_eq!(fake.seen.take_events().last().map(String::as_str), Some("publish"));
    let again = json!({"id": "thumb", "public_key": "key other"});
    assert_eq!(fake.operator("POST", &path, again).await.status, 409);
    let declared = json!({"id": "configured", "public_key": "key other"});
    assert_eq!(fake.operator("POST", &path, declared).await.status, 409);
    for bad in [
        json!({"public_key": "nothing"}),
        json!({"id": "a b", "public_key": "key k"}),
        json!({"id": "late", "public_key": "key k", "expires": "1970-01-01T00:00:00Z"}),
    ] {
        assert_eq!(fake.operator("POST", &path, bad.clone()).await.status, 422, "{bad}");
    }
    let listed = fake.operator("GET", &path, Value::Null).await.json();
    assert_eq!(listed["signing_keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["signing_keys"][0]["origin"], "api");
    let gone = fake.operator("DELETE", &format!("{path}/thumb"), Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(last(&fake).1["act"], "agent.remove_signing_key");
    let again = fake.operator("DELETE", &format!("{path}/thumb"), Value::Null).await;
    assert_eq!(again.status, 404);
}

#[tokio::test]
async fn a_name_of_certificates_is_given_and_taken_away() {
    let fake = fake().await;
    let path = format!("{AGENT}/certificates");
    let subject = json!({"subject": "spiffe://example.com/bot"});
    let added = fake.operator("POST", &path, subject.clone()).await;
    assert_eq!(added.status, 201);
    assert_eq!(last(&fake).1["subject"], "spiffe://example.com/bot");
    assert_eq!(fake.operator("POST", &path, subject).await.status, 409);
    let foreign = json!({"subject": "spiffe://elsewhere/bot"});
    assert_eq!(fake.operator("POST", &path, foreign).await.status, 403);
    let declared = json!({"subject": "CN=configured"});
    assert_eq!(fake.operator("POST", &path, declared).await.status, 409);
    assert_eq!(fake.operator("POST", &path, json!({"subject": "bot"})).await.status, 422);
    let listed = fake.operator("GET", &path, Value::Null).await.json();
    assert_eq!(listed["certificates"][0]["subject"], "spiffe://example.com/bot");
    let one = format!("{path}/spiffe%3A%2F%2Fexample.com%2Fbot");
    assert_eq!(fake.operator("DELETE", &one, Value::Null).await.status, 204);
    assert_eq!(last(&fake).1["act"], "agent.remove_certificate");
}

#[tokio::test]
async fn a_serial_is_revoked_for_a_reason() {
    let fake = fake().await;
    let path = "/api/v1/revoked_certificates";
    let revoked = json!({"serial": "4F:09", "reason": "lost"});
    let answer = fake.operator("POST", path, revoked.clone()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["serial"]), (201, &json!("4f09")));
    let (name, detail) = last(&fake);
    assert_eq!((name.as_str(), &detail["reason"]), ("4f09", &json!("lost")));
    assert_eq!(fake.operator("POST", path, revoked).await.status, 409);
    for bad in [json!({"serial": "4f09", "reason": " "}), json!({"serial": "x", "reason": "y"})] {
        assert_eq!(fake.operator("POST", path, bad.clone()).await.status, 422, "{bad}");
    }
    let listed = fake.operator("GET", path, Value::Null).await.json();
    assert_eq!(listed["revoked_certificates"][0]["serial"], "4f09");
    assert_eq!(listed["configured"], json!(["c0"]));
    let declared = fake.operator("DELETE", &format!("{path}/c0"), Value::Null).await;
    assert_eq!(declared.status, 409);
    let taken_back = fake.operator("DELETE", &format!("{path}/4f09"), Value::Null).await;
    assert_eq!(taken_back.status, 204);
    assert_eq!(last(&fake).1["act"], "certificate.reinstate");
}
