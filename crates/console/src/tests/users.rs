//! Users by the API: roles, their ends, separation of duties, leavers.

use axum::body::Body;
use axum::http::{Request, header};
use model::{AgentName, Standing, TenantId};
use people::Role;
use serde_json::{Value, json};
use store::Scope;

use super::fake::{Answer, Fake, over_tcp, request};

/// As somebody who logged in.
pub(super) async fn by(
    fake: &Fake,
    user: &str,
    fresh: bool,
    method: &str,
    path: &str,
    body: Value,
) -> Answer {
    let token = fake.session_of(user, fresh).await;
    let cookie = format!("portcullis={token}");
    let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    fake.send(over_tcp(request(method, path, body, &headers))).await
}

#[tokio::test]
async fn a_user_is_added_and_invited_once() {
    let fake = Fake::new();
    let new = json!({"name": "ann@example.com", "roles": ["auditor"]});
    let made = fake.operator("POST", "/api/v1/users", new.clone()).await;
    assert_eq!(made.status, 201);
    let path = made.json()["invitation"]["path"].as_str().unwrap().to_owned();
    assert!(path.starts_with("/welcome/"));
    assert_eq!(fake.operator("POST", "/api/v1/users", new).await.status, 409);
    let shown = fake.operator("GET", "/api/v1/users/ann@example.com", Value::Null).await;
    assert_eq!(shown.json()["user"]["grants"][0]["role"], "auditor");
    assert!(!shown.text().contains(&path[9..]), "the code is shown again");
    let code = path.trim_start_matches("/welcome/").to_owned();
    let browser = super::browser::Browser::new(&fake);
    browser.enrol(&code, None).await;
    assert_eq!(browser.get("/api/v1/agents").await.status, 200);
    // Who has a factor is not invited past it.
    let again = fake.operator("POST", "/api/v1/users/ann@example.com/invite", Value::Null).await;
    assert_eq!(again.status, 409);
    let reset = fake.operator("POST", "/api/v1/users/ann@example.com/reset", Value::Null).await;
    assert_eq!(reset.status, 200);
    assert_eq!(browser.get("/api/v1/agents").await.status, 401);
}

#[tokio::test]
async fn nobody_grants_themselves_anything() {
    let fake = Fake::new();
    fake.invite("ann", &[Role::PlatformAdministrator]).await;
    fake.invite("bob", &[Role::Auditor]).await;
    let grant = |role: &str| json!({"role": role, "reason": "on call"});
    let own = by(&fake, "ann", true, "POST", "/api/v1/users/ann/roles", grant("responder")).await;
    assert_eq!(own.status, 403);
    let record = fake.seen.last_record();
    assert_eq!(record.decision.policies[0].as_str(), "nobody-changes-own-roles");
    let bobs = by(&fake, "ann", true, "POST", "/api/v1/users/bob/roles", grant("responder")).await;
    assert_eq!(bobs.status, 200);
    let record = fake.seen.last_record();
    assert_eq!(record.detail["who"], "user:ann");
    assert_eq!(record.decision.policies[0].as_str(), "platform-administrator");
    // Nor does whoever may only look.
    let bob = by(&fake, "bob", true, "POST", "/api/v1/users/ann/roles", grant("auditor")).await;
    assert_eq!(bob.status, 403);
    let unknown = by(&fake, "ann", true, "POST", "/api/v1/users/bob/roles", grant("root")).await;
    assert_eq!(unknown.status, 422);
}

#[tokio::test]
async fn a_field_that_nobody_may_set_is_refused() {
    let fake = Fake::new();
    fake.invite("ann", &[]).await;
    for body in [
        json!({"active": true}),
        json!({"grants": [{"role": "auditor"}]}),
        json!({"uid": "x"}),
        json!({"password": "x"}),
        json!({"tenant": "other"}),
    ] {
        let answer = fake.operator("PATCH", "/api/v1/users/ann", body.clone()).await;
        assert_eq!(answer.status, 422, "{body}");
    }
}

#[tokio::test]
async fn a_role_counts_in_its_time_alone() {
    let fake = Fake::new();
    fake.invite("ann", &[]).await;
    let may = async || {
        by(&fake, "ann", true, "GET", "/api/v1/agents", Value::Null).await.status.as_u16() == 200
    };
    // The test's clock starts at 1970-01-01T00:16:40Z, a Thursday.
    let ends = json!({"role": "auditor", "ends": "1970-01-01T01:00:00Z"});
    assert_eq!(fake.operator("POST", "/api/v1/users/ann/roles", ends).await.status, 200);
    assert!(may().await);
    fake.pass(60 * 60);
    assert!(!may().await);
    let past = json!({"role": "auditor", "ends": "1970-01-01T01:00:00Z"});
    assert_eq!(fake.operator("POST", "/api/v1/users/ann/roles", past).await.status, 422);
    let hours = json!({"role": "auditor", "hours": "fri 00:00-24:00"});
    assert_eq!(fake.operator("POST", "/api/v1/users/ann/roles", hours).await.status, 200);
    assert!(!may().await);
    fake.pass(24 * 60 * 60);
    assert!(may().await);
    let wrong = json!({"role": "auditor", "hours": "at night"});
    assert_eq!(fake.operator("POST", "/api/v1/users/ann/roles", wrong).await.status, 422);
}

#[tokio::test]
async fn what_cannot_be_undone_asks_for_a_fresh_factor() {
    let fake = Fake::new();
    fake.invite("ann", &[Role::SecurityOfficer]).await;
    let body = json!({"subject": {"type": "agent", "name": "bot"}, "reason": "asked for"});
    let stale = by(&fake, "ann", false, "POST", "/api/v1/erasures", body.clone()).await;
    assert_eq!(stale.status, 403);
    assert!(stale.text().contains("/verify"));
    let fresh = by(&fake, "ann", true, "POST", "/api/v1/erasures", body).await;
    assert_eq!(fresh.status, 200);
}

#[tokio::test]
async fn a_persons_token_does_no_more_than_they_may() {
    let fake = Fake::new();
    fake.invite("ann", &[Role::PlatformAdministrator]).await;
    let new = json!({"name": "ann-ci", "scope": "write"});
    let made = by(&fake, "ann", true, "POST", "/api/v1/tokens", new).await;
    assert_eq!(made.status, 201);
    let bearer = format!("Bearer {}", made.json()["token"].as_str().unwrap());
    let ask = async |method: &str, path: &str, body: Value| {
        let headers = [("authorization", bearer.as_str())];
        fake.send(over_tcp(request(method, path, body, &headers))).await.status.as_u16()
    };
    assert_eq!(ask("POST", "/api/v1/agents", json!({"name": "bot"})).await, 201);
    // What she may not do, and what asks for a factor that a token cannot show.
    let record = "act_00000000-0000-7000-8000-000000000000";
    assert_eq!(ask("POST", &format!("/api/v1/approvals/{record}/approve"), json!({})).await, 403);
    assert_eq!(ask("POST", "/api/v1/keys/rotate", json!({"level": "data"})).await, 403);
    assert_eq!(ask("POST", "/api/v1/users/ann/roles", json!({"role": "auditor"})).await, 403);
    let left = fake.operator("POST", "/api/v1/users/ann/disable", Value::Null).await;
    assert_eq!(left.status, 200);
    assert_eq!(ask("GET", "/api/v1/agents", Value::Null).await, 401);
}

#[tokio::test]
async fn an_owner_looks_after_their_own_agents() {
    let fake = Fake::new();
    fake.invite("ann", &[Role::AgentOwner]).await;
    for (name, owner) in [("hers", "ann"), ("other", "bob")] {
        let new = json!({"name": name, "owner": owner});
        fake.operator("POST", "/api/v1/agents", new).await;
    }
    let suspend = async |agent: &str| {
        let path = format!("/api/v1/agents/{agent}/suspend");
        by(&fake, "ann", false, "POST", &path, json!({})).await.status.as_u16()
    };
    assert_eq!(suspend("hers").await, 200);
    assert_eq!(suspend("other").await, 403);
    assert_eq!(suspend("nobody").await, 403);
    let all = json!({"subject": {"type": "everything"}, "standing": "suspended"});
    let everything = by(&fake, "ann", true, "POST", "/api/v1/containments", all).await;
    assert_eq!(everything.status, 403);
}

#[tokio::test]
async fn a_leaver_is_out_and_their_agents_are_handed_over_or_stop() {
    let fake = Fake::new();
    let main = TenantId::main();
    for user in ["ann", "bob", "cat"] {
        fake.invite(user, &[Role::Auditor]).await;
    }
    for (name, owner) in [("a", "ann"), ("b", "bob"), ("b2", "bob")] {
        let new = json!({"name": name, "owner": owner});
        assert_eq!(fake.operator("POST", "/api/v1/agents", new).await.status, 201);
    }
    let cookie = format!("portcullis={}", fake.session_of("ann", true).await);
    fake.seen.take_events();
    let left = fake.operator("POST", "/api/v1/users/ann/disable", Value::Null).await;
    assert_eq!(left.json()["suspended"], json!(["a"]));
    assert!(fake.seen.take_events().contains(&"publish".to_owned()));
    let stored = fake.store.agent(&main, &AgentName::new("a").unwrap()).await.unwrap();
    assert_eq!(stored.agent.standing, Standing::Suspended);
    let ask = Request::get("/api/v1/agents").header(header::COOKIE, cookie);
    assert_eq!(fake.send(over_tcp(ask.body(Body::empty()).unwrap())).await.status, 401);
    let over = json!({"hand_over_to": "cat"});
    let left = fake.operator("POST", "/api/v1/users/bob/disable", over).await;
    assert_eq!(left.json()["handed_over"], json!(["b", "b2"]));
    let stored = fake.store.agent(&main, &AgentName::new("b").unwrap()).await.unwrap();
    assert_eq!(stored.agent.owner.as_deref(), Some("cat"));
    assert!(stored.agent.standing.is_active());
    // Not to nobody, and not to who left.
    for heir in ["nobody", "bob", "cat"] {
        let body = json!({"hand_over_to": heir});
        let status = fake.operator("POST", "/api/v1/users/cat/disable", body).await.status;
        assert!(matches!(status.as_u16(), 404 | 422), "{heir}: {status}");
    }
    let back = fake.operator("POST", "/api/v1/users/ann/enable", Value::Null).await;
    assert_eq!(back.json()["grants"], json!([]));
}

#[tokio::test]
async fn users_of_another_tenant_are_not_there() {
    let fake = Fake::new();
    let other: TenantId = "other".parse().unwrap();
    fake.store.add_tenant(&other).await.unwrap();
    let headers = [("portcullis-tenant", "other")];
    let new = json!({"name": "theirs"});
    let made = fake.send(request("POST", "/api/v1/users", new, &headers)).await;
    assert_eq!(made.status, 201);
    let writer = format!("Bearer {}", fake.token(Scope::Write, None).await);
    for (method, path) in [
        ("GET", "/api/v1/users/theirs"),
        ("POST", "/api/v1/users/theirs/reset"),
        ("POST", "/api/v1/users/theirs/disable"),
        ("DELETE", "/api/v1/users/theirs"),
        ("DELETE", "/api/v1/users/theirs/sessions"),
    ] {
        let headers = [("authorization", writer.as_str())];
        let answer = fake.send(over_tcp(request(method, path, Value::Null, &headers))).await;
        assert_eq!(answer.status, 404, "{method} {path}");
    }
}
