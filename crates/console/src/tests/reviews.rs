//! Access reviews: what is looked at, who decides, what that does, and what is left as evidence.

use model::{AgentName, Digest, Standing, TenantId};
use people::Role;
use serde_json::{Value, json};

use super::browser::Browser;
use super::fake::{Answer, Fake, over_tcp, request};
use super::users::by;
use crate::tend;

const REVIEWS: &str = "/api/v1/reviews";

async fn people() -> Fake {
    let fake = Fake::new();
    fake.invite("ann", &[Role::PlatformAdministrator, Role::PolicyAuthor]).await;
    fake.invite("bob", &[Role::SecurityOfficer]).await;
    fake.invite("eve", &[Role::Auditor]).await;
    for (name, owner) in [("bot", "ann"), ("idle", "eve")] {
        let new = json!({"name": name, "owner": owner, "roles": ["reader", "writer"]});
        assert_eq!(fake.operator("POST", "/api/v1/agents", new).await.status, 201);
    }
    fake
}

async fn begun(fake: &Fake) -> Vec<Value> {
    let made = by(fake, "bob", true, "POST", REVIEWS, Value::Null).await;
    assert_eq!(made.status, 201, "{}", made.text());
    items(fake, made.json()["number"].as_u64().unwrap()).await
}

async fn items(fake: &Fake, review: u64) -> Vec<Value> {
    let path = format!("{REVIEWS}/{review}/items?limit=1000");
    fake.operator("GET", &path, Value::Null).await.json()["items"].as_array().unwrap().clone()
}

fn item<'a>(items: &'a [Value], kind: &str, holder: &str, held: &str) -> &'a Value {
    let found = items.iter().find(|item| {
        item["kind"] == kind
            && item["holder"] == holder
            && item["held"].as_str().unwrap().starts_with(held)
    });
    found.unwrap_or_else(|| panic!("no {kind} of {holder} in {items:?}"))
}

async fn decide(fake: &Fake, who: &str, item: &Value, said: Value) -> Answer {
    let mut body = json!({"reason": "looked at"});
    body.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    let path = format!("{REVIEWS}/1/items/{}/decide", item["number"]);
    by(fake, who, true, "POST", &path, body).await
}

fn acts(fake: &Fake) -> Vec<String> {
    let records = fake.seen.records.lock().unwrap();
    let acts = records.iter().filter_map(|record| record.detail.get("act").cloned());
    acts.filter(|act| act.starts_with("review.")).collect()
}

#[tokio::test]
async fn it_looks_at_everything_and_says_when_each_was_used() {
    let fake = people().await;
    let read = fake.token(store::Scope::Read, None).await;
    fake.pass(100);
    // Ann does something as an administrator and nothing as an author; somebody looks with the token.
    let new = json!({"name": "dan", "roles": ["employee"]});
    assert_eq!(by(&fake, "ann", true, "POST", "/api/v1/users", new).await.status, 201);
    let used = fake.now();
    let bearer = format!("Bearer {read}");
    let headers = [("authorization", bearer.as_str())];
    fake.send(over_tcp(request("GET", "/api/v1/agents", Value::Null, &headers))).await;
    let looked = fake.now();
    fake.index().await;
    fake.pass(1_000);
    let items = begun(&fake).await;
    let administrator = item(&items, "role", "ann", "platform_administrator");
    assert_eq!(administrator["last_used"], used.to_string());
    assert_eq!(administrator["granted_by"], "a test");
    let author = item(&items, "role", "ann", "policy_author");
    assert_eq!(author["last_used"], Value::Null);
    assert_ne!(author["last_seen"], Value::Null);
    assert_eq!(item(&items, "role", "dan", "employee")["last_seen"], Value::Null);
    let token = item(&items, "token", "Read", "read");
    assert_eq!(
        (&token["last_used"], &token["last_seen"]),
        (&Value::Null, &json!(looked.to_string()))
    );
    let agent = item(&items, "agent", "bot", "reader writer");
    assert_eq!((&agent["owner"], &agent["last_used"]), (&json!("ann"), &Value::Null));
    item(&items, "key", "bot", "");
    assert_eq!(items.len(), 5 + 1 + 4, "{items:?}");
    // One at a time.
    assert_eq!(by(&fake, "bob", true, "POST", REVIEWS, Value::Null).await.status, 409);
    assert_eq!(by(&fake, "eve", true, "POST", REVIEWS, Value::Null).await.status, 403);
    assert_eq!(by(&fake, "bob", false, "POST", REVIEWS, Value::Null).await.status, 403);
}

#[tokio::test]
async fn what_is_decided_is_done_at_once() {
    let fake = people().await;
    let items = begun(&fake).await;
    let eve = item(&items, "role", "eve", "auditor");
    let looks = async || {
        by(&fake, "eve", false, "GET", "/api/v1/agents", Value::Null).await.status.as_u16()
    };
    assert_eq!(looks().await, 200);
    let silent = decide(&fake, "bob", eve, json!({"decision": "keep", "reason": " "})).await;
    assert_eq!(silent.status, 422);
    assert_eq!(decide(&fake, "bob", eve, json!({"decision": "keep"})).await.status, 200);
    // A second thought, and no third.
    let revoked = decide(&fake, "bob", eve, json!({"decision": "revoke"})).await;
    assert_eq!(revoked.json()["outcome"], "revoked");
    assert_eq!(looks().await, 403);
    for decision in ["keep", "revoke"] {
        let again = decide(&fake, "bob", eve, json!({"decision": decision})).await;
        assert_eq!(again.status, 409, "{decision}");
    }
    fake.seen.take_events();
    let bot = item(&items, "agent", "bot", "");
    for wrong in [
        json!({"decision": "narrow"}),
        json!({"decision": "narrow", "roles": ["reader", "writer"]}),
        json!({"decision": "narrow", "roles": ["reader", "root"]}),
        json!({"decision": "narrow", "roles": ["root"]}),
        json!({"decision": "keep", "roles": ["reader"]}),
        json!({"decision": "escalate"}),
        json!({"decision": "narrow", "ends": "2100-01-01T00:00:00Z"}),
    ] {
        assert_eq!(decide(&fake, "bob", bot, wrong.clone()).await.status, 422, "{wrong}");
    }
    let narrowed =
        decide(&fake, "bob", bot, json!({"decision": "narrow", "roles": ["reader"]})).await;
    assert_eq!(narrowed.json()["outcome"], "roles reader");
    let bot = AgentName::new("bot").unwrap();
    let stored = fake.store.agent(&TenantId::main(), &bot).await.unwrap();
    assert_eq!(stored.agent.roles[0].as_str(), "reader");
    assert!(fake.seen.take_events().contains(&"publish".to_owned()));
    let idle = item(&items, "agent", "idle", "");
    assert_eq!(decide(&fake, "bob", idle, json!({"decision": "revoke"})).await.status, 200);
    let idle = AgentName::new("idle").unwrap();
    let stored = fake.store.agent(&TenantId::main(), &idle).await.unwrap();
    assert_eq!(stored.agent.standing, Standing::Suspended);
    let key = item(&items, "key", "idle", "");
    assert_eq!(decide(&fake, "bob", key, json!({"decision": "revoke"})).await.status, 200);
    assert!(fake.store.list_keys(&TenantId::main(), &idle).await.unwrap().is_empty());
    // A nearer end, and never a later one.
    let author = item(&items, "role", "ann", "policy_author");
    let near = json!({"decision": "narrow", "ends": "1970-01-02T00:00:00Z"});
    assert_eq!(decide(&fake, "bob", author, near).await.status, 200);
    let past = json!({"decision": "narrow", "ends": "1970-01-01T00:00:01Z"});
    let administrator = item(&items, "role", "ann", "platform_administrator");
    assert_eq!(decide(&fake, "bob", administrator, past).await.status, 422);
}

#[tokio::test]
async fn nobody_decides_on_their_own() {
    let fake = people().await;
    let items = begun(&fake).await;
    for (who, kind, holder, held) in [
        ("bob", "role", "bob", "security_officer"),
        ("ann", "role", "ann", "policy_author"),
        // What an agent of hers may do is hers too.
        ("ann", "agent", "bot", ""),
        ("ann", "key", "bot", ""),
    ] {
        let own = item(&items, kind, holder, held);
        let refused = decide(&fake, who, own, json!({"decision": "keep"})).await;
        assert_eq!(refused.status, 403, "{who} {kind}");
        let record = fake.seen.last_record();
        assert_eq!(record.decision.policies[0].as_str(), "nobody-decides-on-own-access");
    }
    let bobs = item(&items, "role", "bob", "");
    assert_eq!(decide(&fake, "eve", bobs, json!({"decision": "keep"})).await.status, 403);
    let writer = format!("Bearer {}", fake.token(store::Scope::Write, None).await);
    let headers = [("authorization", writer.as_str())];
    let path = format!("{REVIEWS}/1/items/{}/decide", bobs["number"]);
    let body = json!({"decision": "keep", "reason": "x"});
    assert_eq!(fake.send(over_tcp(request("POST", &path, body, &headers))).await.status, 403);
    assert_eq!(decide(&fake, "ann", bobs, json!({"decision": "keep"})).await.status, 200);
    // In a form of many, one of one's own spoils all of them.
    let bob = Browser::new(&fake);
    let session = fake.session_of("bob", true).await;
    bob.cookies.lock().unwrap().insert("portcullis".to_owned(), session);
    let token = bob.get("/reviews/1").await.field("form_token");
    let (eve, own) = (item(&items, "role", "eve", ""), item(&items, "role", "bob", ""));
    let (eve, own) = (eve["number"].to_string(), own["number"].to_string());
    let fields = [
        ("item", &*eve),
        ("item", &*own),
        ("decision", "revoke"),
        ("reason", "x"),
        ("form_token", &*token),
    ];
    assert_eq!(bob.post("/reviews/1/decide", &fields).await.status, 403);
    assert!(by(&fake, "eve", false, "GET", "/api/v1/agents", Value::Null).await.status == 200);
}

#[tokio::test]
async fn a_grant_that_was_made_anew_is_not_what_was_looked_at() {
    let fake = people().await;
    let items = begun(&fake).await;
    fake.pass(60);
    let anew = json!({"role": "auditor", "reason": "needs it again"});
    fake.operator("DELETE", "/api/v1/users/eve/roles/auditor", Value::Null).await;
    assert_eq!(fake.operator("POST", "/api/v1/users/eve/roles", anew).await.status, 200);
    let eve = item(&items, "role", "eve", "auditor");
    let revoked = decide(&fake, "bob", eve, json!({"decision": "revoke"})).await;
    assert!(revoked.json()["outcome"].as_str().unwrap().contains("gone"), "{}", revoked.text());
    assert_eq!(by(&fake, "eve", false, "GET", "/api/v1/agents", Value::Null).await.status, 200);
}

#[tokio::test]
async fn the_calendar_begins_it_and_closes_it_with_an_alert() {
    let fake = people().await;
    let (main, day) = (TenantId::main(), 24 * 60 * 60);
    tend(&fake.app, &main).await.unwrap();
    assert!(acts(&fake).is_empty());
    fake.pass(31 * day);
    tend(&fake.app, &main).await.unwrap();
    tend(&fake.app, &main).await.unwrap();
    assert_eq!(acts(&fake), ["review.start"]);
    let all = items(&fake, 1).await;
    let eve = item(&all, "role", "eve", "auditor").clone();
    let bobs = item(&all, "role", "bob", "").clone();
    assert_eq!(decide(&fake, "bob", &eve, json!({"decision": "keep"})).await.status, 200);
    assert!(fake.page("/").await.text().contains("in access review 1"));
    fake.pass(14 * day + 1);
    // After the deadline, whether or not the clock has come by.
    let late = decide(&fake, "bob", &eve, json!({"decision": "revoke"})).await;
    assert_eq!(late.status, 409, "{}", late.text());
    let ann = item(&all, "role", "ann", "policy_author").clone();
    assert_eq!(decide(&fake, "bob", &ann, json!({"decision": "keep"})).await.status, 409);
    tend(&fake.app, &main).await.unwrap();
    let closed = fake.seen.last_record();
    assert_eq!(closed.detail["act"], "review.close");
    assert_eq!((closed.detail["kept"].as_str(), closed.detail["escalated"].as_str()), ("1", "7"));
    assert_eq!(&*closed.findings[0].kind, "access.undecided");
    // Everything stays, and is a security officer's to decide on now.
    assert!(fake.page("/").await.text().contains("in access review 1"));
    assert_eq!(decide(&fake, "ann", &bobs, json!({"decision": "keep"})).await.status, 403);
    let decided = decide(&fake, "bob", &ann, json!({"decision": "revoke"})).await;
    assert_eq!(decided.json()["outcome"], "revoked");
    // The evidence is what was so at the end, and the record has its hash.
    let evidence = fake.operator("GET", "/api/v1/reviews/1/evidence", Value::Null).await;
    assert_eq!(Digest::of(&evidence.body).to_string(), closed.detail["evidence_sha256"]);
    assert_eq!(evidence.json()["counts"]["escalated"], 7);
    fake.pass(31 * day);
    tend(&fake.app, &main).await.unwrap();
    assert_eq!(acts(&fake).last().unwrap(), "review.start");
}

#[tokio::test]
async fn what_nobody_decides_on_is_revoked_where_that_is_set_but_not_the_last_administrator() {
    let fake = people().await;
    fake.seen.revokes_undecided.store(true, std::sync::atomic::Ordering::SeqCst);
    begun(&fake).await;
    fake.pass(15 * 24 * 60 * 60);
    tend(&fake.app, &TenantId::main()).await.unwrap();
    let all = items(&fake, 1).await;
    assert_eq!(item(&all, "role", "ann", "platform_administrator")["decision"], "escalate");
    for (kind, holder, held) in [
        ("role", "ann", "policy_author"),
        ("role", "bob", ""),
        ("agent", "bot", ""),
        ("key", "bot", ""),
    ] {
        let one = item(&all, kind, holder, held);
        assert_eq!((&one["decision"], &one["decided_by"]), (&json!("revoke"), &json!("clock")));
    }
    assert_eq!(by(&fake, "eve", false, "GET", "/api/v1/agents", Value::Null).await.status, 403);
    assert_eq!(by(&fake, "ann", false, "GET", "/api/v1/agents", Value::Null).await.status, 200);
    // Each of them stands in the log.
    let decided = acts(&fake).iter().filter(|act| *act == "review.decide").count();
    assert_eq!(decided, all.len());
}

#[tokio::test]
async fn what_was_taken_by_breaking_glass_is_reviewed_with_the_rest() {
    let fake = people().await;
    fake.invite("rae", &[Role::Responder]).await;
    let wish = json!({"role": "security_officer", "minutes": 5, "reason": "fire"});
    let taken = by(&fake, "rae", true, "POST", "/api/v1/access/break_glass", wish).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    fake.pass(6 * 60);
    let items = begun(&fake).await;
    let glass = item(&items, "broken_glass", "rae", "");
    let decided = decide(&fake, "bob", glass, json!({"decision": "keep"})).await;
    assert_eq!(decided.json()["outcome"], "signed off");
    let open = fake.operator("GET", "/api/v1/access?which=unreviewed", Value::Null).await;
    assert_eq!(open.json()["access"], json!([]));
}

#[tokio::test]
async fn the_pages_run_a_review_and_their_files_hold_no_formula() {
    let fake = people().await;
    let new = json!({"name": "sly", "owner": "=HYPERLINK(1)", "purpose": "<b>x</b>"});
    assert_eq!(fake.operator("POST", "/api/v1/agents", new).await.status, 201);
    let bob = Browser::new(&fake);
    let session = fake.session_of("bob", true).await;
    bob.cookies.lock().unwrap().insert("portcullis".to_owned(), session);
    let token = bob.get("/reviews").await.field("form_token");
    let begun = bob.post("/reviews", &[("form_token", &*token)]).await;
    assert_eq!(begun.header("location"), "/reviews/1?done=started");
    let shown = bob.get("/reviews/1").await.text();
    assert!(shown.contains("yours") && shown.contains("form=\"decide\""), "{shown}");
    let file = bob.get("/reviews/1?format=csv").await.text();
    assert!(!file.contains(",=") && !file.contains("\"="), "{file}");
    let all = items(&fake, 1).await;
    let numbers: Vec<String> = all
        .iter()
        .filter(|item| item["owner"] != "bob")
        .map(|item| item["number"].to_string())
        .collect();
    let mut fields = vec![("decision", "keep"), ("reason", "needed"), ("form_token", &*token)];
    fields.extend(numbers.iter().map(|number| ("item", number.as_str())));
    let none = [("decision", "keep"), ("reason", "needed"), ("form_token", &*token)];
    assert_eq!(bob.post("/reviews/1/decide", &none).await.status, 422);
    let decided = bob.post("/reviews/1/decide", &fields).await;
    assert_eq!(decided.header("location"), "/reviews/1?done=decided", "{}", decided.text());
    let closed = bob.post("/reviews/1/close", &[("form_token", &*token)]).await;
    assert_eq!(closed.header("location"), "/reviews/1?done=closed");
    let again = bob.post("/reviews/1/close", &[("form_token", &*token)]).await;
    assert_eq!(again.status, 409);
    let shown = bob.get("/reviews/1").await.text();
    assert!(shown.contains("escalated") && shown.contains("/api/v1/reviews/1/evidence"));
}

#[tokio::test]
async fn a_review_of_another_tenant_is_not_there() {
    let fake = people().await;
    begun(&fake).await;
    let other: TenantId = "other".parse().unwrap();
    fake.store.add_tenant(&other).await.unwrap();
    let headers = [("portcullis-tenant", "other")];
    for path in ["/api/v1/reviews/1", "/api/v1/reviews/1/items", "/api/v1/reviews/1/evidence"] {
        assert_eq!(
            fake.send(request("GET", path, Value::Null, &headers)).await.status,
            404,
            "{path}"
        );
    }
    let body = json!({"decision": "revoke", "reason": "x"});
    let decided = request("POST", "/api/v1/reviews/1/items/1/decide", body, &headers);
    assert_eq!(fake.send(decided).await.status, 404);
}

#[tokio::test]
async fn what_a_group_gives_is_looked_at_and_taken_away_in_the_directory() {
    let fake = people().await;
    let bearer = format!("Bearer {}", fake.token(store::Scope::Provision, None).await);
    let tell = async |path: &str, body: Value| {
        let headers = [("authorization", bearer.as_str())];
        let told = fake.send(over_tcp(request("POST", path, body, &headers))).await;
        assert_eq!(told.status, 201, "{}", told.text());
        told.json()["id"].as_str().unwrap().to_owned()
    };
    let user =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "gil"});
    let id = tell("/scim/v2/Users", user).await;
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Security", "members": [{"value": id}],
    });
    tell("/scim/v2/Groups", group).await;
    let items = begun(&fake).await;
    let held = item(&items, "role", "gil", "security_officer");
    assert_eq!(held["granted_by"], "group Security");
    assert_eq!(decide(&fake, "bob", held, json!({"decision": "revoke"})).await.status, 409);
    assert_eq!(decide(&fake, "bob", held, json!({"decision": "keep"})).await.status, 200);
}
