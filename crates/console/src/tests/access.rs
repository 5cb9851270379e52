//! Roles for some time: asked for, approved by somebody else, ended by the clock; and taken at once.

use model::{Severity, TenantId};
use people::Role;
use serde_json::{Value, json};

use super::browser::Browser;
use super::fake::{Answer, Fake, over_tcp, request};
use super::users::by;
use crate::tend;

const AGENTS: &str = "/api/v1/agents";

fn wish(role: &str, minutes: u32) -> Value {
    json!({"role": role, "minutes": minutes, "reason": "the disk is full"})
}

async fn asked(fake: &Fake, who: &str, role: &str) -> String {
    let made = by(fake, who, false, "POST", "/api/v1/access", wish(role, 30)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn say(fake: &Fake, who: &str, id: &str, what: &str) -> Answer {
    let body = if what == "end" { Value::Null } else { json!({"reason": "seen"}) };
    by(fake, who, true, "POST", &format!("/api/v1/access/{id}/{what}"), body).await
}

async fn people() -> Fake {
    let fake = Fake::new();
    fake.invite("ann", &[Role::Employee]).await;
    fake.invite("bob", &[Role::SecurityOfficer]).await;
    fake.invite("cat", &[Role::PlatformAdministrator]).await;
    fake.invite("eve", &[Role::Responder]).await;
    fake
}

async fn may_look(fake: &Fake, who: &str) -> bool {
    by(fake, who, false, "GET", AGENTS, Value::Null).await.status == 200
}

fn acts(fake: &Fake) -> Vec<String> {
    let records = fake.seen.records.lock().unwrap();
    let acts = records.iter().filter_map(|record| record.detail.get("act").cloned());
    acts.filter(|act| act.starts_with("access.")).collect()
}

#[tokio::test]
async fn a_role_is_asked_for_approved_by_another_and_ends_by_itself() {
    let fake = people().await;
    let id = asked(&fake, "ann", "auditor").await;
    assert!(!may_look(&fake, "ann").await);
    // One session of hers, from before it counts until after its end.
    let cookie = format!("portcullis={}", fake.session_of("ann", false).await);
    let look = async || {
        let headers = [("cookie", cookie.as_str())];
        fake.send(over_tcp(request("GET", AGENTS, Value::Null, &headers))).await.status.as_u16()
    };
    assert_eq!(look().await, 403);
    let approved = say(&fake, "bob", &id, "approve").await;
    assert_eq!(approved.json()["state"], "active");
    assert_eq!(fake.seen.last_record().detail["who"], "user:bob");
    assert_eq!(look().await, 200);
    fake.pass(29 * 60);
    assert_eq!(look().await, 200);
    fake.pass(2 * 60);
    assert_eq!(look().await, 403);
    // Nobody had to be told; the clock says so in the log, once.
    tend(&fake.app, &TenantId::main()).await.unwrap();
    tend(&fake.app, &TenantId::main()).await.unwrap();
    assert_eq!(acts(&fake), ["access.request", "access.approve", "access.end"]);
    assert_eq!(fake.seen.last_record().detail["who"], "clock");
}

#[tokio::test]
async fn nobody_approves_their_own_by_whatever_credential() {
    let fake = people().await;
    let id = asked(&fake, "bob", "platform_administrator").await;
    let path = format!("/api/v1/access/{id}/approve");
    // Another session of the same person.
    for _ in 0..2 {
        let own = by(&fake, "bob", true, "POST", &path, json!({})).await;
        assert_eq!(own.status, 403, "{}", own.text());
    }
    let record = fake.seen.last_record();
    assert_eq!(record.decision.policies[0].as_str(), "nobody-decides-on-own-access");
    // A token that his colleague made, and a program's.
    let new = json!({"name": "cats", "scope": "write"});
    let made = by(&fake, "cat", true, "POST", "/api/v1/tokens", new).await;
    let cats = made.json()["token"].as_str().unwrap().to_owned();
    for token in [cats, fake.token(store::Scope::Write, None).await] {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let by_token = fake.send(over_tcp(request("POST", &path, json!({}), &headers))).await;
        assert_eq!(by_token.status, 403);
    }
    // By somebody who was lent the right to decide, with a stale factor, or without the right.
    assert_eq!(by(&fake, "cat", false, "POST", &path, json!({})).await.status, 403);
    assert_eq!(by(&fake, "ann", true, "POST", &path, json!({})).await.status, 403);
    assert_eq!(say(&fake, "cat", &id, "approve").await.status, 200);
    // The approved role does not let him decide on what is his.
    let again = asked(&fake, "bob", "auditor").await;
    assert_eq!(say(&fake, "bob", &again, "approve").await.status, 403);
}

#[tokio::test]
async fn of_two_who_decide_one_counts_and_nothing_is_replayed() {
    let fake = people().await;
    let id = asked(&fake, "ann", "auditor").await;
    let (bob, cat) =
        tokio::join!(say(&fake, "bob", &id, "approve"), say(&fake, "cat", &id, "deny"));
    let mut statuses = [bob.status.as_u16(), cat.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let id = asked(&fake, "ann", "responder").await;
    assert_eq!(say(&fake, "bob", &id, "approve").await.status, 200);
    assert_eq!(say(&fake, "ann", &id, "end").await.status, 200);
    for what in ["approve", "deny", "end"] {
        assert_eq!(say(&fake, "bob", &id, what).await.status, 409, "{what}");
    }
    // Nobody decided in time.
    let id = asked(&fake, "ann", "policy_author").await;
    fake.pass(24 * 60 * 60 + 1);
    assert_eq!(say(&fake, "bob", &id, "approve").await.status, 409);
    tend(&fake.app, &TenantId::main()).await.unwrap();
    assert_eq!(acts(&fake).last().unwrap(), "access.lapse");
}

#[tokio::test]
async fn a_request_is_bounded_and_no_field_makes_it_longer() {
    let fake = people().await;
    for (body, status) in [
        (wish("auditor", 0), 422),
        (wish("auditor", 8 * 60 + 1), 422),
        (wish("auditor", u32::MAX), 422),
        (wish("root", 30), 422),
        (json!({"role": "auditor", "minutes": 30, "reason": " "}), 422),
        (json!({"role": "auditor", "minutes": 30, "reason": "x", "user": "bob"}), 422),
        (json!({"role": "auditor", "minutes": 30, "reason": "x", "state": "active"}), 422),
        (wish("auditor", 30), 201),
        (wish("auditor", 31), 409),
    ] {
        let made = by(&fake, "ann", false, "POST", "/api/v1/access", body.clone()).await;
        assert_eq!(made.status.as_u16(), status, "{body}: {}", made.text());
    }
    for role in ["security_officer", "responder", "policy_author", "policy_approver"] {
        asked(&fake, "ann", role).await;
    }
    for role in ["agent_owner", "employee", "platform_administrator"] {
        asked(&fake, "ann", role).await;
    }
    let open = fake.operator("GET", "/api/v1/access?which=open", Value::Null).await;
    let id = open.json()["access"][0]["id"].as_str().unwrap().to_owned();
    let extended = json!({"reason": "seen", "minutes": 10_000});
    let path = format!("/api/v1/access/{id}/approve");
    assert_eq!(by(&fake, "bob", true, "POST", &path, extended).await.status, 422);
    // The operator and programs have no roles that could be more.
    assert_eq!(fake.operator("POST", "/api/v1/access", wish("auditor", 5)).await.status, 403);
}

#[tokio::test]
async fn a_token_gains_nothing_and_who_leaves_loses_it() {
    let fake = people().await;
    let new = json!({"name": "cats", "scope": "write"});
    let made = by(&fake, "cat", true, "POST", "/api/v1/tokens", new).await;
    let bearer = format!("Bearer {}", made.json()["token"].as_str().unwrap());
    let by_token = async |path: &str, body: Value| {
        let headers = [("authorization", bearer.as_str())];
        fake.send(over_tcp(request("POST", path, body, &headers))).await
    };
    // By a token of her own she may ask.
    let asked = by_token("/api/v1/access", wish("policy_author", 60)).await;
    assert_eq!(asked.status, 201, "{}", asked.text());
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(say(&fake, "bob", &id, "approve").await.status, 200);
    let draft = json!({"files": [{"name": "a.cedar", "text": "// a"}], "note": "n"});
    let session = by(&fake, "cat", false, "POST", "/api/v1/policies", draft.clone()).await;
    assert_ne!(session.status, 403, "{}", session.text());
    assert_eq!(by_token("/api/v1/policies", draft).await.status, 403);
    let disabled = fake.operator("POST", "/api/v1/users/cat/disable", Value::Null).await;
    assert_eq!(disabled.status, 200);
    let shown = fake.operator("GET", &format!("/api/v1/access/{id}"), Value::Null).await;
    assert_eq!(shown.json()["state"], "ended");
}

#[tokio::test]
async fn breaking_glass_is_seen_by_everybody_and_looked_at_afterwards() {
    let fake = people().await;
    let path = "/api/v1/access/break_glass";
    let take = async |who: &str, fresh: bool, role: &str, minutes: u32| {
        by(&fake, who, fresh, "POST", path, wish(role, minutes)).await
    };
    assert_eq!(take("ann", true, "security_officer", 30).await.status, 403);
    assert_eq!(take("eve", false, "security_officer", 30).await.status, 403);
    assert_eq!(take("eve", true, "platform_administrator", 30).await.status, 422);
    assert_eq!(take("eve", true, "security_officer", 61).await.status, 422);
    let taken = take("eve", true, "security_officer", 30).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    let id = taken.json()["id"].as_str().unwrap().to_owned();
    let record = fake.seen.last_record();
    assert_eq!(record.findings[0].severity, Severity::High);
    assert_eq!(&*record.findings[0].kind, "access.break_glass");
    assert_eq!(take("eve", true, "security_officer", 30).await.status, 409);
    // It counts at once: only a security officer destroys keys.
    let erase = json!({"subject": {"type": "agent", "name": "bot"}, "reason": "asked for"});
    let erased = by(&fake, "eve", true, "POST", "/api/v1/erasures", erase).await;
    assert_eq!(erased.status, 200);
    for page in ["/", "/agents", "/people", "/log"] {
        assert!(fake.page(page).await.text().contains("Glass is broken"), "{page}");
    }
    // Not while it counts, not by who took it, and not by a slip.
    assert_eq!(say(&fake, "bob", &id, "sign_off").await.status, 409);
    fake.pass(31 * 60);
    assert!(!fake.page("/").await.text().contains("Glass is broken"));
    assert!(fake.page("/").await.text().contains("taken by breaking glass"));
    assert_eq!(say(&fake, "eve", &id, "sign_off").await.status, 403);
    let path = format!("/api/v1/access/{id}/sign_off");
    assert_eq!(by(&fake, "bob", true, "POST", &path, json!({})).await.status, 422);
    assert_eq!(say(&fake, "bob", &id, "sign_off").await.status, 200);
    assert_eq!(say(&fake, "cat", &id, "sign_off").await.status, 409);
    assert!(!fake.page("/").await.text().contains("taken by breaking glass"));
}

/// A browser of somebody who is let in.
async fn in_session<'f>(fake: &'f Fake, name: &str) -> Browser<'f> {
    let browser = Browser::new(fake);
    let token = fake.session_of(name, true).await;
    browser.cookies.lock().unwrap().insert("portcullis".to_owned(), token);
    browser
}

#[tokio::test]
async fn broken_glass_is_told_to_whoever_is_in_and_to_no_stranger_and_no_page_asks_the_store() {
    let fake = people().await;
    let shows = async |browser: &Browser<'_>, path: &str| {
        browser.get(path).await.text().contains("Glass is broken")
    };
    let (bob, ann) = (in_session(&fake, "bob").await, in_session(&fake, "ann").await);
    assert!(!shows(&bob, "/").await);
    let take = async || {
        let wish = wish("security_officer", 30);
        let taken = by(&fake, "eve", true, "POST", "/api/v1/access/break_glass", wish).await;
        taken.json()["id"].as_str().unwrap().to_owned()
    };
    let id = take().await;
    // Pages, refusals, and what is not there.
    for path in ["/", "/account", "/account/password", "/verify", "/agents/nobody"] {
        assert!(shows(&bob, path).await, "{path}");
    }
    assert_eq!(ann.get("/access").await.status, 403);
    assert!(shows(&ann, "/access").await);
    let stranger = Browser::new(&fake);
    for path in ["/login", "/welcome/nothing", "/login/sso?tenant=main", "/agents"] {
        assert!(!shows(&stranger, path).await, "{path}");
    }
    let cat = in_session(&fake, "cat").await;
    let token = cat.get("/people").await.field("form_token");
    let fields = [("name", "new"), ("role", "auditor"), ("form_token", &*token)];
    let invited = cat.post("/people", &fields).await.text();
    assert!(invited.contains("Hand this link over") && invited.contains("Glass is broken"));
    // What the store says by itself is not asked for; what anybody does is heard of at once.
    let now = fake.now();
    fake.store.end_elevation(&TenantId::main(), &id, "nobody", now).await.unwrap();
    assert!(shows(&bob, "/").await);
    let other = take().await;
    assert_eq!(bob.get("/").await.text().matches("Glass is broken").count(), 1);
    let path = format!("/api/v1/access/{other}/end");
    assert_eq!(by(&fake, "eve", true, "POST", &path, Value::Null).await.status, 200);
    assert!(!shows(&bob, "/").await);
    // Whoever leaves holds nothing.
    take().await;
    assert!(shows(&bob, "/").await);
    assert_eq!(fake.operator("DELETE", "/api/v1/users/eve", Value::Null).await.status, 204);
    assert!(!shows(&bob, "/").await);
}

#[tokio::test]
async fn whoever_removes_the_user_does_not_remove_the_question() {
    let fake = people().await;
    let wish = wish("security_officer", 5);
    let taken = by(&fake, "eve", true, "POST", "/api/v1/access/break_glass", wish).await;
    let id = taken.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(fake.operator("DELETE", "/api/v1/users/eve", Value::Null).await.status, 204);
    fake.pass(10 * 60);
    let open = fake.operator("GET", "/api/v1/access?which=unreviewed", Value::Null).await;
    assert_eq!(open.json()["access"][0]["user"], "eve");
    assert_eq!(say(&fake, "bob", &id, "sign_off").await.status, 200);
}

#[tokio::test]
async fn the_pages_ask_and_decide_by_form() {
    let fake = people().await;
    let ann = in_session(&fake, "ann").await;
    let page = ann.get("/account/access").await;
    let token = page.field("form_token");
    let reason = "=cmd|' /C calc'!A0 <script>";
    let fields = [
        ("ask_role", "auditor"),
        ("ask_minutes", "30"),
        ("ask_reason", reason),
        ("form_token", &*token),
    ];
    let asked = ann.post("/account/access", &fields).await;
    assert_eq!(asked.header("location"), "/account/access?done=asked", "{}", asked.text());
    let more = [&fields[..], &[("state", "active")]].concat();
    assert_eq!(ann.post("/account/access", &more).await.status, 422);
    assert_eq!(ann.get("/access").await.status, 403);
    let bob = in_session(&fake, "bob").await;
    let list = bob.get("/access").await.text();
    assert!(list.contains("ann") && !list.contains("<script>"), "{list}");
    let file = bob.get("/access?format=csv").await.text();
    assert!(file.contains("\"'=cmd"), "{file}");
    let at = list.find("/access/").unwrap();
    let path = list[at..].split('"').next().unwrap().to_owned();
    let shown = bob.get(&path).await;
    let token = shown.field("form_token");
    let fields = [("reason", ""), ("form_token", &*token)];
    assert_eq!(bob.post(&format!("{path}/deny"), &fields).await.status, 422);
    let approved = bob.post(&format!("{path}/approve"), &fields).await;
    assert!(approved.header("location").ends_with("?done=approved"), "{}", approved.text());
    assert_eq!(ann.get("/access").await.status, 200);
    let own = ann.get("/account/access").await.text();
    assert!(own.contains("Give it back"));
    // A form that was made for somebody else ends nothing.
    assert_eq!(ann.post(&format!("{path}/end"), &[("form_token", &*token)]).await.status, 403);
    let token = ann.get("/account/access").await.field("form_token");
    let ended = ann.post(&format!("{path}/end"), &[("form_token", &*token)]).await;
    assert_eq!(ended.header("location"), "/account/access?done=ended");
    assert_eq!(ann.get("/access").await.status, 403);
}

#[tokio::test]
async fn a_journey_that_nobody_makes_is_told_and_asks_again() {
    let fake = people().await;
    let code = fake.invite("dan", &[Role::SecurityOfficer]).await;
    let here = Browser::new(&fake);
    let (totp, _) = here.enrol(&code, None).await;
    let erase = async |browser: &Browser<'_>| {
        let body = json!({"subject": {"type": "agent", "name": "bot"}, "reason": "asked for"});
        let request = axum::http::Request::post("/api/v1/erasures")
            .header("content-type", "application/json")
            .header("sec-fetch-site", "same-origin");
        let body = axum::body::Body::from(body.to_string());
        browser.send(request.body(body).unwrap()).await.status.as_u16()
    };
    assert_eq!(erase(&here).await, 200);
    // Berlin a minute ago, and now Sydney.
    fake.pass(60);
    let there = Browser { address: [127, 0, 0, 2], ..Browser::new(&fake) };
    let answer = there.log_in("dan", &totp).await;
    assert_eq!(answer.status, 303);
    let record = fake.seen.last_record();
    assert!(record.detail["impossible_travel"].starts_with("berlin to sydney, 16"), "{record:?}");
    assert_eq!(&*record.findings[0].kind, "access.impossible_travel");
    assert_eq!(there.get(AGENTS).await.status, 200);
    assert_eq!(erase(&there).await, 403);
    there.verify(&totp).await;
    assert_eq!(erase(&there).await, 200);
    // A network that nobody declared says nothing, and a day is time enough.
    let unknown = Browser { address: [127, 0, 0, 3], ..Browser::new(&fake) };
    unknown.log_in("dan", &totp).await;
    assert!(fake.seen.last_record().findings.is_empty());
    fake.pass(24 * 60 * 60);
    let back = Browser::new(&fake);
    back.log_in("dan", &totp).await;
    assert!(fake.seen.last_record().findings.is_empty());
    // On their own page they see which browsers are new.
    let page = back.get("/account").await.text();
    assert!(page.contains("for the first time"), "{page}");
}
