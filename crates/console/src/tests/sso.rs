//! Logging in by an identity provider, and every way around it that we could think of.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;
use model::{TenantId, UserName};
use people::Role;
use serde_json::{Value, json};

use super::browser::Browser;
use super::fake::{Answer, Fake};

const AGENTS: &str = "/api/v1/agents";
const ISSUER: &str = "https://login.example.com";

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                let digits = std::str::from_utf8(&digits).unwrap().to_owned();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// What the provider is asked.
pub(super) fn asked(answer: &Answer) -> BTreeMap<String, String> {
    asked_at(answer.header("location"))
}

pub(super) fn asked_at(place: &str) -> BTreeMap<String, String> {
    let (at, query) = place.split_once('?').unwrap();
    assert_eq!(at, "https://login.example.com/authorize");
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), decoded(value))
    };
    query.split('&').map(pair).collect()
}

impl Browser<'_> {
    pub(super) async fn begin(&self, way: &str) -> BTreeMap<String, String> {
        let begun = self.get(&format!("/login/sso?next={way}")).await;
        assert_eq!(begun.status, 303, "{}", begun.text());
        asked(&begun)
    }

    /// Comes back with an answer to what was asked; other fields take the place of the right ones.
    pub(super) async fn answer(
        &self,
        asked: &BTreeMap<String, String>,
        other: &[(&str, &str)],
    ) -> Answer {
        let mut fields =
            BTreeMap::from([("state", asked["state"].as_str()), ("code", "c"), ("iss", ISSUER)]);
        fields.extend(other.iter().copied());
        fields.retain(|_, value| !value.is_empty());
        let pairs: Vec<(&str, &str)> = fields.into_iter().collect();
        self.get(&format!("/login/sso/callback?{}", super::browser::encoded(&pairs))).await
    }

    pub(super) async fn log_in_outside(&self, claims: Value) -> Answer {
        *self.fake.seen.claims.lock().unwrap() = Some(claims);
        let asked = self.begin("/agents").await;
        self.answer(&asked, &[]).await
    }
}

pub(super) fn ann() -> Value {
    json!({"sub": "7", "email": "ann@example.com", "name": "Ann", "groups": ["Security"], "sid": "s1"})
}

pub(super) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

pub(super) fn last_reason(fake: &Fake) -> String {
    fake.seen.last_record().decision.reason.to_string()
}

#[tokio::test]
async fn the_question_carries_what_the_answer_is_known_by() {
    let fake = Fake::new();
    let browser = Browser::new(&fake);
    assert!(browser.get("/login").await.text().contains("Log in at Example"));
    let first = browser.begin("/agents").await;
    let second = Browser::new(&fake).begin("/agents").await;
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(first[name].len(), 43, "{name}");
        assert_ne!(first[name], second[name], "{name}");
    }
    assert_eq!(first["code_challenge_method"], "S256");
    assert_eq!(first["redirect_uri"], "http://localhost:4180/login/sso/callback");
    assert_eq!((&*first["response_type"], &*first["tenant"]), ("code", "1"));
    let cookie = browser.get("/login/sso").await;
    let cookie = cookie.header("set-cookie").to_owned();
    assert!(cookie.starts_with("portcullis-sso=") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert!(cookie.contains("HttpOnly") && !cookie.contains(&first["nonce"]), "{cookie}");
}

#[tokio::test]
async fn whoever_has_a_role_by_their_groups_comes_in_with_a_second_factor_of_ours() {
    let fake = Fake::new();
    let browser = Browser::new(&fake);
    let came = browser.log_in_outside(ann()).await;
    assert_eq!((came.status.as_u16(), came.header("refresh")), (200, "0; url=/enrol"));
    assert_eq!(browser.get(AGENTS).await.status, 401);
    let user = UserName::new("ann@example.com").unwrap();
    let stored = fake.store.user(&TenantId::main(), &user).await.unwrap();
    assert_eq!((stored.links[0].subject.as_str(), stored.grants.len()), ("7", 0));
    let records = fake.seen.records.lock().unwrap().clone();
    let acts: Vec<_> = records.iter().filter_map(|record| record.detail.get("act")).collect();
    assert_eq!(acts, ["user.create"]);
    let offer = browser.get("/enrol").await;
    let totp = super::browser::totp_on(&offer);
    let (secret, token) = (offer.field("secret"), offer.field("form_token"));
    let code = totp.code_at(fake.now());
    let fields =
        [("label", "Phone"), ("code", &*code), ("secret", &secret), ("form_token", &token)];
    assert_eq!(browser.post("/enrol", &fields).await.status, 200);
    assert_eq!(browser.get(AGENTS).await.status, 200);
    // Next time the factor is asked for.
    let other = Browser::new(&fake);
    fake.pass(60);
    let came = other.log_in_outside(ann()).await;
    assert_eq!(came.header("refresh"), "0; url=/login/second?next=%2Fagents");
    assert_eq!(other.get(AGENTS).await.status, 401);
    assert_eq!(other.second(&totp.code_at(fake.now())).await.status, 303);
    assert_eq!(other.get(AGENTS).await.status, 200);
    // Both came from there, and end there.
    let out = [("logout_token", "t1 sub 7")];
    assert_eq!(Browser::new(&fake).post_plain("/login/sso/logout", &out).await.status, 200);
    assert_eq!(other.get(AGENTS).await.status, 401);
    assert_eq!(browser.get(AGENTS).await.status, 401);
}

impl Browser<'_> {
    /// As a server sends a form: it says nothing of where it comes from.
    pub(super) async fn post_plain(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(super::browser::encoded(fields)));
        self.send(request.unwrap()).await
    }
}

#[tokio::test]
async fn a_second_factor_there_counts_where_the_configuration_says_so() {
    let fake = Fake::new();
    for (name, value, counts) in [
        ("amr", json!(["pwd", "mfa"]), true),
        ("acr", json!("phr"), true),
        ("amr", json!(["pwd"]), false),
        ("amr", json!("pwd mfa"), false),
        ("acr", json!(["phr"]), false),
        ("acr", json!("PHR"), false),
    ] {
        let browser = Browser::new(&fake);
        let came = browser.log_in_outside(with(ann(), name, value.clone())).await;
        assert_eq!(came.header("refresh") == "0; url=/agents", counts, "{name} {value}");
        assert_eq!(browser.get(AGENTS).await.status.as_u16() == 200, counts, "{name} {value}");
        // What cannot be undone asks for a factor of ours, which may be added now.
        let grave = browser.get("/account/app").await;
        assert_eq!(grave.status.as_u16() == 200, counts, "{name} {value}");
        let ann = UserName::new("ann@example.com").unwrap();
        let sessions = fake.store.sessions(&TenantId::main(), &ann).await.unwrap();
        assert!(sessions.iter().all(|session| session.proved.is_none()));
        fake.pass(1);
    }
    let browser = Browser::new(&fake);
    browser.log_in_outside(with(ann(), "acr", json!("phr"))).await;
    fake.pass(5 * 60);
    assert_eq!(
        browser.get("/account/app").await.header("location"),
        "/verify?next=%2Faccount%2Fapp"
    );
}

#[tokio::test]
async fn a_journey_that_nobody_makes_is_told_here_too() {
    let fake = Fake::new();
    let claims = with(ann(), "acr", json!("phr"));
    Browser::new(&fake).log_in_outside(claims.clone()).await;
    fake.pass(60);
    let there = Browser { address: [127, 0, 0, 2], ..Browser::new(&fake) };
    there.log_in_outside(claims).await;
    let record = fake.seen.last_record();
    assert!(record.detail["impossible_travel"].starts_with("berlin to sydney"), "{record:?}");
    assert_eq!(&*record.findings[0].kind, "access.impossible_travel");
}

#[tokio::test]
async fn an_answer_counts_once_in_its_browser_and_for_minutes() {
    let fake = Fake::new();
    *fake.seen.claims.lock().unwrap() = Some(with(ann(), "acr", json!("phr")));
    let browser = Browser::new(&fake);
    let question = browser.begin("/").await;
    let thief = Browser::new(&fake);
    // Another browser, with nothing or with a log-in of its own.
    assert_eq!(thief.answer(&question, &[]).await.status, 400);
    thief.begin("/").await;
    assert_eq!(thief.answer(&question, &[]).await.status, 403);
    for (other, says) in [([("state", "x")], "another one"), ([("state", "")], "another one")] {
        let copy = browser.copy();
        assert_eq!(copy.answer(&question, &other).await.status, 403);
        assert!(last_reason(&fake).contains(says));
    }
    let copy = browser.copy();
    assert_eq!(browser.answer(&question, &[]).await.status, 200);
    assert!(!browser.cookies.lock().unwrap().contains_key("portcullis-sso"));
    assert_eq!(copy.answer(&question, &[]).await.status, 403, "replayed");
    assert_eq!(copy.get(AGENTS).await.status, 401);
    let late = Browser::new(&fake);
    let question = late.begin("/").await;
    fake.pass(600);
    assert_eq!(late.answer(&question, &[]).await.status, 403);
}

#[tokio::test]
async fn answers_of_others_and_refusals_let_nobody_in() {
    let fake = Fake::new();
    *fake.seen.claims.lock().unwrap() = Some(with(ann(), "acr", json!("phr")));
    for (other, says) in [
        (&[("iss", "https://evil.example")][..], "not of this identity provider"),
        (&[("iss", "")], "not of this identity provider"),
        (&[("code", "")], "no code"),
        (&[("error", "access_denied"), ("code", "")], "refused"),
        (&[("error", "access_denied")], "refused"),
    ] {
        let browser = Browser::new(&fake);
        let question = browser.begin("/").await;
        fake.seen.take_events();
        let refused = browser.answer(&question, other).await;
        assert_eq!(refused.status, 403, "{other:?}");
        assert!(last_reason(&fake).contains(says), "{other:?}: {}", last_reason(&fake));
        // No code was sent to anybody.
        let events = fake.seen.take_events();
        assert!(!events.iter().any(|event| event.starts_with("code")), "{events:?}");
        assert_eq!(browser.get(AGENTS).await.status, 401);
    }
    *fake.seen.claims.lock().unwrap() = None;
    let browser = Browser::new(&fake);
    let question = browser.begin("/").await;
    assert_eq!(browser.answer(&question, &[]).await.status, 403);
    assert_eq!(fake.seen.last_record().detail["error"], "invalid_grant");
    let script = "<script>alert(1)</script>";
    let question = browser.begin("/").await;
    let shown = browser.answer(&question, &[("error", script)]).await;
    assert!(!shown.text().contains("<script>alert"));
}

#[tokio::test]
async fn a_browser_goes_nowhere_else_afterwards() {
    let fake = Fake::new();
    *fake.seen.claims.lock().unwrap() = Some(with(ann(), "acr", json!("phr")));
    for way in ["//evil.example", "https://evil.example", "/%5Cevil.example", "javascript:alert(1)"]
    {
        let browser = Browser::new(&fake);
        let question = browser.begin(way).await;
        let came = browser.answer(&question, &[]).await;
        assert_eq!(came.header("refresh"), "0; url=/", "{way}");
    }
}

#[tokio::test]
async fn an_account_is_known_by_issuer_and_subject_alone() {
    let fake = Fake::new();
    fake.invite("ann@example.com", &[Role::PlatformAdministrator]).await;
    let eve = Browser::new(&fake);
    // A name that an account here has opens nothing.
    let refused = eve.log_in_outside(with(ann(), "acr", json!("phr"))).await;
    assert_eq!(refused.status, 403);
    assert!(last_reason(&fake).contains("another account has this name"));
    for (claims, says) in [
        (with(ann(), "groups", json!([])), "none of the groups"),
        (with(ann(), "groups", json!(["security"])), "none of the groups"),
        (with(ann(), "groups", json!({"Security": true})), "none of the groups"),
        (with(ann(), "email", json!("a b")), "no name"),
        (with(ann(), "email", json!(null)), "no name"),
        (
            with(with(ann(), "email", json!("x@y.example")), "email_verified", json!(false)),
            "no name",
        ),
    ] {
        let refused = Browser::new(&fake).log_in_outside(claims.clone()).await;
        assert_eq!(refused.status, 403, "{claims}");
        assert!(last_reason(&fake).contains(says), "{claims}: {}", last_reason(&fake));
    }
    let user =
        fake.store.user(&TenantId::main(), &"ann@example.com".parse().unwrap()).await.unwrap();
    assert!(user.links.is_empty());
}

#[tokio::test]
async fn somebody_of_whom_the_directory_told_is_connected_once() {
    let fake = Fake::new();
    let main = TenantId::main();
    let profile = |name: &str| store::Profile {
        name: UserName::new(name).unwrap(),
        display: None,
        email: None,
        external_id: Some("oid-1".to_owned()),
        more: "{}".to_owned(),
    };
    fake.store
        .add_provisioned(&main, "u1".to_owned(), profile("ann"), true, fake.now())
        .await
        .unwrap();
    let claims = with(with(ann(), "oid", json!("oid-1")), "acr", json!("phr"));
    let browser = Browser::new(&fake);
    assert_eq!(browser.log_in_outside(claims.clone()).await.status, 200);
    assert_eq!(browser.get(AGENTS).await.status, 200);
    // Another subject that says the same is somebody else.
    let other = with(with(claims.clone(), "sub", json!("8")), "groups", json!([]));
    assert_eq!(Browser::new(&fake).log_in_outside(other).await.status, 403);
    // Who left is out, whatever the provider says.
    let off = fake.operator("POST", "/api/v1/users/ann/disable", Value::Null).await;
    assert_eq!(off.status, 200);
    assert_eq!(browser.get(AGENTS).await.status, 401);
    assert_eq!(Browser::new(&fake).log_in_outside(claims).await.status, 403);
    assert!(last_reason(&fake).contains("disabled"));
}

#[tokio::test]
async fn groups_that_a_provider_said_count_no_longer_than_its_session() {
    let fake = Fake::new();
    let browser = Browser::new(&fake);
    let claims = with(ann(), "acr", json!("phr"));
    browser.log_in_outside(claims.clone()).await;
    assert_eq!(browser.get(AGENTS).await.status, 200);
    let other = Browser::new(&fake);
    other.log_in_outside(with(claims, "groups", json!([]))).await;
    // What it says now counts, in every session.
    assert_eq!(browser.get(AGENTS).await.status, 403);
    assert_eq!(other.get("/account").await.status, 200);
}

#[tokio::test]
async fn a_log_out_there_ends_the_session_here_once() {
    let fake = Fake::new();
    let claims = |sub: &str, sid: &str| {
        let email = format!("{sub}@example.com");
        json!({"sub": sub, "email": email, "groups": ["Security"], "sid": sid, "acr": "phr"})
    };
    let (one, two, bob) = (Browser::new(&fake), Browser::new(&fake), Browser::new(&fake));
    one.log_in_outside(claims("ann", "s1")).await;
    two.log_in_outside(claims("ann", "s2")).await;
    bob.log_in_outside(claims("bob", "s3")).await;
    let server = Browser::new(&fake);
    let out = async |token: &str| {
        server.post_plain("/login/sso/logout", &[("logout_token", token)]).await.status.as_u16()
    };
    assert_eq!(out("t1 sid s1").await, 200);
    assert_eq!(one.get(AGENTS).await.status, 401);
    assert_eq!(two.get(AGENTS).await.status, 200);
    one.log_in_outside(claims("ann", "s1")).await;
    assert_eq!(out("t1 sid s1").await, 400, "replayed");
    assert_eq!(one.get(AGENTS).await.status, 200);
    assert_eq!(out("unsigned").await, 400);
    assert_eq!(out("t2 sub ann").await, 200);
    assert_eq!(one.get(AGENTS).await.status, 401);
    assert_eq!(two.get(AGENTS).await.status, 401);
    assert_eq!(bob.get(AGENTS).await.status, 200);
    // What nobody knows ends nothing, and says nothing.
    assert_eq!(out("t3 sub nobody").await, 200);
    // Sessions that began here are none of its.
    let token = fake.session_of("bob@example.com", true).await;
    assert_eq!(out("t4 sub bob").await, 200);
    let here = Browser::new(&fake);
    here.cookies.lock().unwrap().insert("portcullis".into(), token);
    assert_eq!(here.get(AGENTS).await.status, 200);
}

#[tokio::test]
async fn a_session_that_was_planted_does_not_become_anybodys() {
    let fake = Fake::new();
    fake.invite("eve", &[]).await;
    let planted = fake.session_of("eve", true).await;
    let browser = Browser::new(&fake);
    browser.cookies.lock().unwrap().insert("portcullis".into(), planted.clone());
    browser.log_in_outside(with(ann(), "acr", json!("phr"))).await;
    assert_ne!(browser.cookie(), planted);
    let eve = Browser::new(&fake);
    eve.cookies.lock().unwrap().insert("portcullis".into(), planted);
    assert_eq!(eve.get(AGENTS).await.status, 403);
}
