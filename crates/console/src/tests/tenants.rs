//! Every endpoint, asked by the administrator of one tenant for what is of another (invariant 11).

use model::{Digest, TenantId, Timestamp};
use serde_json::{Value, json};
use store::{NewToken, Scope, Store};

use super::fake::{Fake, over_tcp, request};
use crate::{Access, Endpoint, endpoints};

/// In the names of everything that is the other tenant's.
pub(super) const THEIRS: &str = "theirs";

pub(super) fn other() -> TenantId {
    "other".parse().unwrap()
}

/// Something of every kind in the other tenant.
pub(super) async fn furnish(fake: &Fake) {
    fake.store.add_tenant(&other()).await.unwrap();
    let headers = [("portcullis-tenant", "other")];
    for (path, body) in [
        ("/api/v1/agents", json!({"name": THEIRS, "owner": "theirs@other.example"})),
        ("/api/v1/persons", json!({"name": THEIRS, "scopes": "theirs.read"})),
        ("/api/v1/agents/theirs/suspend", json!({"reason": "theirs"})),
        ("/api/v1/providers/openai/suspend", json!({"reason": "theirs"})),
        ("/api/v1/holds", json!({"name": THEIRS, "reason": "theirs"})),
    ] {
        let made = fake.send(request("POST", path, body, &headers)).await;
        let text = String::from_utf8_lossy(&made.body).into_owned();
        assert!(made.status.is_success(), "{path}: {} {text}", made.status);
    }
    let hash = Digest::of(b"a token of theirs");
    let token =
        NewToken { hash, name: THEIRS.into(), scope: Scope::Write, owner: None, expires: None };
    fake.store.add_token(&other(), token, Timestamp::default()).await.unwrap();
}

/// All that the other tenant has.
pub(super) async fn state(store: &Store) -> String {
    let (other, mut text) = (other(), String::new());
    let control = store.load_control(&other).await.unwrap();
    text += &format!("{control:?}");
    text += &format!("{:?}", store.list_tokens(&other).await.unwrap());
    text += &format!("{:?}", store.list_holds(&other).await.unwrap());
    text += &format!("{:?}", store.list_persons(&other, None, 100).await.unwrap());
    text
}

pub(super) fn path_of(endpoint: &Endpoint) -> String {
    let mut path = String::new();
    for part in endpoint.path.split_inclusive('/') {
        let (name, slash) = part.strip_suffix('/').map_or((part, ""), |name| (name, "/"));
        path += match name {
            "{tenant}" => "other",
            "{part}" => "request",
            "{hash}" => "0000000000000000000000000000000000000000000000000000000000000000",
            "{record}" => "act_00000000-0000-7000-8000-000000000000",
            "{*tile}" => "entries/000",
            "{*bundle}" => "000",
            "{provider}" => "openai",
            name if name.starts_with('{') => THEIRS,
            name => name,
        };
        path += slash;
    }
    path
}

#[tokio::test]
async fn no_endpoint_shows_or_changes_what_is_of_another_tenant() {
    let fake = Fake::new();
    furnish(&fake).await;
    let before = state(&fake.store).await;
    for scope in [Scope::Read, Scope::Write, Scope::Payload] {
        let token = format!("Bearer {}", fake.token(scope, None).await);
        // Neither does the operator's header help.
        let headers = [("authorization", token.as_str()), ("portcullis-tenant", "other")];
        for endpoint in endpoints().iter().filter(|one| one.access != Access::Public) {
            let (method, path) = (endpoint.method.to_uppercase(), path_of(endpoint));
            let asked = over_tcp(request(&method, &path, Value::Null, &headers));
            let answer = fake.send(asked).await;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            // A name that was asked for may be said back; what is not found is all the same.
            let is_named = path.contains(THEIRS) && !answer.status.is_success();
            assert!(is_named || !text.contains(THEIRS), "{method} {path}: {text}");
            let reaches = endpoint.path.contains("{agent}") || endpoint.path.contains("{person}");
            assert!(!(reaches && answer.status.is_success()), "{method} {path}: {text}");
        }
    }
    assert_eq!(state(&fake.store).await, before);
    let records = fake.seen.records.lock().unwrap();
    let foreign = records.iter().skip(5).filter(|record| record.tenant == other());
    assert_eq!(foreign.count(), 0, "it stands in the other's log");
}

#[tokio::test]
async fn what_the_platform_does_in_a_tenant_stands_in_its_log() {
    let fake = Fake::new();
    furnish(&fake).await;
    let records = fake.seen.records.lock().unwrap().clone();
    assert!(records.len() >= 5 && records.iter().all(|record| record.tenant == other()));
    assert!(records.iter().all(|record| record.detail["who"] == "uid:1000"));
    let headers = [("portcullis-tenant", "nobody")];
    let unknown = fake.send(request("GET", "/api/v1/agents", Value::Null, &headers)).await;
    assert_eq!(unknown.status, 400);
    let listed = fake.operator("GET", "/api/v1/tenants", Value::Null).await;
    assert_eq!(listed.json(), json!({"tenants": ["main", "other"]}));
}
