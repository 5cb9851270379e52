//! Logging in, and every way around it that we could think of.

use axum::body::Body;
use axum::http::{Request, header};
use model::{TenantId, UserName};
use people::Role;
use serde_json::json;
use store::UserChange;

use super::browser::{Browser, PASSWORD, encoded};
use super::fake::{Fake, LEAKED};
use crate::first_invitation;

const AGENTS: &str = "/api/v1/agents";

fn ann() -> UserName {
    UserName::new("ann").unwrap()
}

/// A user with an authenticator app, who is logged in.
async fn logged_in<'f>(fake: &'f Fake, roles: &[Role]) -> (Browser<'f>, people::totp::Totp) {
    let code = fake.invite("ann", roles).await;
    let browser = Browser::new(fake);
    let (totp, _) = browser.enrol(&code, None).await;
    (browser, totp)
}

#[tokio::test]
async fn the_first_start_lets_one_administrator_in() {
    let fake = Fake::new();
    let main = TenantId::main();
    let code = first_invitation(&fake.store, &main, [5; 32], fake.now()).await.unwrap().unwrap();
    let browser = Browser::new(&fake);
    let page = browser.get(&format!("/welcome/{}", code.expose())).await;
    assert!(page.text().contains("first administrator"));
    let (_, done) = browser.enrol(code.expose(), Some("ann@example.com")).await;
    assert_eq!(done.text().matches("<li>").count(), 10);
    assert_eq!(browser.get(AGENTS).await.status, 200);
    // Once.
    let again = Browser::new(&fake);
    assert_eq!(again.get(&format!("/welcome/{}", code.expose())).await.status, 404);
    let fields = [("name", "eve"), ("password", PASSWORD), ("again", PASSWORD)];
    let refused = again.post(&format!("/welcome/{}", code.expose()), &fields).await;
    assert_eq!(refused.status, 404);
    assert!(first_invitation(&fake.store, &main, [6; 32], fake.now()).await.unwrap().is_none());
    let user = fake.store.user(&main, &UserName::new("ann@example.com").unwrap()).await.unwrap();
    let roles: Vec<&str> = user.grants.iter().map(|grant| grant.role.as_str()).collect();
    assert_eq!(roles, ["platform_administrator", "security_officer"]);
}

#[tokio::test]
async fn an_invitation_lets_one_of_many_in() {
    let fake = Fake::new();
    let code = fake.invite("ann", &[]).await;
    let path = format!("/welcome/{code}");
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    let many: Vec<Browser<'_>> = (0..4).map(|_| Browser::new(&fake)).collect();
    let mut statuses = Vec::new();
    let (a, b, c, d) = tokio::join!(
        many[0].post(&path, &fields),
        many[1].post(&path, &fields),
        many[2].post(&path, &fields),
        many[3].post(&path, &fields),
    );
    statuses.extend([a, b, c, d].map(|answer| answer.status.as_u16()));
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404, 404, 404]);
}

#[tokio::test]
async fn an_invitation_ends() {
    let fake = Fake::new();
    let main = TenantId::main();
    let code = first_invitation(&fake.store, &main, [5; 32], fake.now()).await.unwrap().unwrap();
    fake.pass(24 * 60 * 60);
    let page = Browser::new(&fake).get(&format!("/welcome/{}", code.expose())).await;
    assert_eq!(page.status, 404);
}

#[tokio::test]
async fn weak_and_leaked_passwords_are_refused() {
    let fake = Fake::new();
    let path = format!("/welcome/{}", fake.invite("ann.other", &[]).await);
    let browser = Browser::new(&fake);
    for (password, again, says) in [
        ("short", "short", "at least 12"),
        (PASSWORD, "another one", "not the same"),
        (LEAKED, LEAKED, "leaked"),
        ("ann.other rules", "ann.other rules", "name of its account"),
    ] {
        let page = browser.post(&path, &[("password", password), ("again", again)]).await;
        assert_eq!(page.status, 422);
        assert!(page.text().contains(says), "{password}");
        assert!(!page.text().contains(password), "the page repeats the password");
    }
}

#[tokio::test]
async fn nothing_opens_before_both_factors_were_shown() {
    let fake = Fake::new();
    let (browser, totp) = logged_in(&fake, &[Role::PlatformAdministrator]).await;
    let other = Browser::new(&fake);
    let first = other.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
    assert_eq!(first.header("location"), "/login/second");
    let early = other.cookie();
    for path in [AGENTS, "/account", "/verify", "/enrol", "/account/app"] {
        let status = other.get(path).await.status.as_u16();
        assert!(matches!(status, 303 | 401), "{path}: {status}");
    }
    fake.pass(30);
    let answer = other.second(&totp.code_at(fake.now())).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"));
    assert_eq!(other.get(AGENTS).await.status, 200);
    // The token of the first step opens nothing after the second.
    assert_ne!(other.cookie(), early);
    other.cookies.lock().unwrap().insert("portcullis".into(), early);
    assert_eq!(other.get("/login/second").await.status, 303);
    assert_eq!(browser.get(AGENTS).await.status, 200);
}

#[tokio::test]
async fn a_token_that_was_planted_opens_nothing() {
    let fake = Fake::new();
    let (_, totp) = logged_in(&fake, &[Role::Auditor]).await;
    let victim = Browser::new(&fake);
    let planted = "A".repeat(43);
    victim.cookies.lock().unwrap().insert("portcullis".into(), planted.clone());
    victim.log_in("ann", &totp).await;
    assert_ne!(victim.cookie(), planted);
    // Two cookies of one name: one of them is not ours.
    let cookie = format!("portcullis={planted}; portcullis={}", victim.cookie());
    let request = Request::get(AGENTS).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    assert_eq!(fake.send(super::fake::over_tcp(request)).await.status, 401);
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_of_other_sites() {
    let fake = Fake::new();
    let (_, totp) = logged_in(&fake, &[]).await;
    let browser = Browser::new(&fake);
    let answer = browser.log_in("ann", &totp).await;
    for line in answer.headers.get_all(header::SET_COOKIE) {
        let line = line.to_str().unwrap();
        assert!(line.contains("; Path=/; HttpOnly; SameSite=Strict"), "{line}");
        assert!(!line.contains("Domain"), "{line}");
    }
}

#[tokio::test]
async fn a_code_counts_once_and_so_does_a_recovery_code() {
    let fake = Fake::new();
    let code = fake.invite("ann", &[]).await;
    let (totp, codes) = Browser::new(&fake).enrol(&code, None).await;
    let first = Browser::new(&fake);
    first.log_in("ann", &totp).await;
    let replay = Browser::new(&fake);
    replay.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
    let used = totp.code_at(fake.now());
    assert_eq!(replay.second(&used).await.status, 401);
    let text = codes.text();
    let (_, rest) = text.split_once("<li><code>").unwrap();
    let recovery = &rest[..19];
    assert_eq!(replay.second(recovery).await.status, 303);
    let again = Browser::new(&fake);
    again.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
    assert_eq!(again.second(recovery).await.status, 401);
    assert_eq!(fake.store.recovery_codes(&TenantId::main(), &ann()).await.unwrap(), 9);
}

#[tokio::test]
async fn of_two_at_once_one_code_lets_one_in() {
    let fake = Fake::new();
    let (_, totp) = logged_in(&fake, &[]).await;
    let (one, two) = (Browser::new(&fake), Browser::new(&fake));
    for browser in [&one, &two] {
        browser.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
    }
    fake.pass(30);
    let code = totp.code_at(fake.now());
    let (a, b) = tokio::join!(one.second(&code), two.second(&code));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 401]);
}

#[tokio::test]
async fn guessing_comes_to_nothing() {
    let fake = Fake::new();
    let (_, totp) = logged_in(&fake, &[]).await;
    let eve = Browser::new(&fake);
    let guess = async || {
        eve.post("/login", &[("name", "ann"), ("password", "something else")]).await.status.as_u16()
    };
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(guess().await);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 429, 429]);
    // The right password does not get around the wait, and works after it.
    let right = [("name", "ann"), ("password", PASSWORD)];
    assert_eq!(eve.post("/login", &right).await.status, 429);
    fake.pass(16);
    assert_eq!(eve.post("/login", &right).await.status, 303);
    // The second factor is counted with the first, and what is right takes all back.
    assert_eq!(eve.second("000000").await.status, 401);
    assert_eq!(eve.second(&totp.code_at(fake.now())).await.status, 429);
    fake.pass(60);
    assert_eq!(eve.second(&totp.code_at(fake.now())).await.status, 303);
    let records = fake.seen.records.lock().unwrap();
    let refused = records.iter().filter(|record| record.decision.reason.contains("too many"));
    assert_eq!(refused.count(), 4);
}

#[tokio::test]
async fn many_guesses_at_once_are_no_more_than_many_in_a_row() {
    let fake = Fake::new();
    let (_, _totp) = logged_in(&fake, &[]).await;
    let eve = Browser::new(&fake);
    eve.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
    let token = eve.get("/login/second").await.field("form_token");
    let guesses: Vec<Browser<'_>> = (0..20).map(|_| eve.copy()).collect();
    let mut looked_at = 0;
    let fields = [("code", "000000"), ("form_token", &*token)];
    let all = guesses.iter().map(|browser| browser.post("/login/second", &fields));
    let mut all: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        all.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                looked_at += usize::from(answer.status == 401);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    assert_eq!(looked_at, 6);
}

#[tokio::test]
async fn a_stranger_does_not_learn_who_has_an_account() {
    let fake = Fake::new();
    let _ann = logged_in(&fake, &[]).await;
    let ask = async |name: &str| {
        let fields = [("name", name), ("password", "something else")];
        Browser::new(&fake).post("/login", &fields).await
    };
    let (known, unknown) = (ask("ann").await, ask("bob").await);
    assert_eq!(known.status, unknown.status);
    assert_eq!(known.text().replace("ann", "bob"), unknown.text());
    // A password that was typed where the name belongs is in no record.
    ask("correct-horse-battery").await;
    let records = fake.seen.records.lock().unwrap();
    let all: Vec<String> =
        records.iter().map(|r| String::from_utf8(r.encode().unwrap()).unwrap()).collect();
    assert!(!all.concat().contains("correct-horse"), "{all:?}");
    assert!(all.concat().contains("no such account"));
}

#[tokio::test]
async fn another_site_gets_nothing_done() {
    let fake = Fake::new();
    let (browser, _) = logged_in(&fake, &[Role::PlatformAdministrator]).await;
    let token = browser.get("/account").await.field("form_token");
    for site in ["cross-site", "same-site", "none"] {
        let codes = browser.post_from(site, "/account/codes", &[("form_token", &token)]).await;
        assert_eq!(codes.status, 403, "{site}");
        let login = [("name", "ann"), ("password", PASSWORD)];
        assert_eq!(browser.post_from(site, "/login", &login).await.status, 403, "{site}");
    }
    // A page of ours that is not of this session.
    for wrong in ["", "x", &"A".repeat(43)] {
        assert_eq!(browser.post("/account/codes", &[("form_token", wrong)]).await.status, 403);
    }
    assert_eq!(browser.post("/account/codes", &[]).await.status, 403);
    // The API by a cookie.
    let create = async |headers: &[(&str, &str)]| {
        let mut request = Request::post(AGENTS).header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Body::from(json!({"name": "made"}).to_string());
        browser.send(request.body(body).unwrap()).await.status.as_u16()
    };
    assert_eq!(create(&[]).await, 403);
    assert_eq!(create(&[("origin", "http://evil.example")]).await, 403);
    assert_eq!(create(&[("origin", "null")]).await, 403);
    assert_eq!(
        create(&[("origin", "http://localhost:4180"), ("sec-fetch-site", "cross-site")]).await,
        403
    );
    assert_eq!(create(&[("origin", "http://localhost:4180")]).await, 201);
    let last = fake.seen.last_record();
    assert!(last.client.credential.starts_with("session:"), "{last:?}");
    assert_eq!(last.detail["who"], "user:ann");
}

#[tokio::test]
async fn nobody_is_sent_to_another_host() {
    let fake = Fake::new();
    let (_, totp) = logged_in(&fake, &[]).await;
    for (next, location) in [
        ("/agents?x=1", "/agents?x=1"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nset-cookie: x=y", "/"),
    ] {
        let browser = Browser::new(&fake);
        fake.pass(30);
        let fields = [("name", "ann"), ("password", PASSWORD), ("next", next)];
        let first = browser.post("/login", &fields).await;
        assert!(first.header("location").starts_with("/login/second"));
        let page = browser.get("/login/second").await;
        let token = page.field("form_token");
        let code = totp.code_at(fake.now());
        let fields = [("code", &*code), ("form_token", &token), ("next", next)];
        let second = browser.post("/login/second", &fields).await;
        assert_eq!(second.header("location"), location, "{next:?}");
    }
    let browser = Browser::new(&fake);
    let sent = browser.get("/account?x=1").await;
    assert_eq!(sent.header("location"), "/login?next=%2Faccount%3Fx%3D1");
    assert!(browser.get("/login?next=//evil.example").await.field("next") == "/");
}

#[tokio::test]
async fn a_session_ends_idle_at_last_and_by_hand() {
    let fake = Fake::new();
    let (browser, totp) = logged_in(&fake, &[Role::Auditor]).await;
    fake.pass(30 * 60);
    assert_eq!(browser.get(AGENTS).await.status, 401);
    let used = Browser::new(&fake);
    used.log_in("ann", &totp).await;
    for _ in 0..24 {
        assert_eq!(used.get(AGENTS).await.status, 200);
        fake.pass(29 * 60);
    }
    assert_eq!(used.get(AGENTS).await.status, 200);
    fake.pass(29 * 60);
    assert_eq!(used.get(AGENTS).await.status, 401);
    let last = Browser::new(&fake);
    last.log_in("ann", &totp).await;
    let (copy, token) = (last.copy(), last.get("/account").await.field("form_token"));
    let gone = last.post("/logout", &[("form_token", &token)]).await;
    assert_eq!(gone.status, 303);
    assert_eq!(copy.get(AGENTS).await.status, 401);
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once() {
    let fake = Fake::new();
    let (browser, totp) = logged_in(&fake, &[Role::Auditor]).await;
    assert_eq!(browser.get(AGENTS).await.status, 200);
    let change = UserChange { active: Some(false), ..UserChange::default() };
    fake.store.update_user(&TenantId::main(), &ann(), change, None, fake.now()).await.unwrap();
    assert_eq!(browser.get(AGENTS).await.status, 401);
    fake.pass(30);
    let again = Browser::new(&fake);
    let first = again.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
    assert_eq!(first.status, 401);
    let _ = totp;
}

#[tokio::test]
async fn two_credentials_at_once_are_none() {
    let fake = Fake::new();
    let (browser, _) = logged_in(&fake, &[Role::Auditor]).await;
    let token = fake.token(store::Scope::Read, None).await;
    let request = Request::get(AGENTS).header(header::AUTHORIZATION, format!("Bearer {token}"));
    assert_eq!(browser.send(request.body(Body::empty()).unwrap()).await.status, 401);
}

#[tokio::test]
async fn an_account_is_changed_with_a_fresh_factor_alone() {
    let fake = Fake::new();
    let (browser, totp) = logged_in(&fake, &[]).await;
    fake.pass(5 * 60);
    let token = browser.get("/account").await.field("form_token");
    let asked = browser.post("/account/codes", &[("form_token", &token)]).await;
    assert_eq!(asked.header("location"), "/verify?next=%2Faccount");
    for path in ["/account/app", "/account/password"] {
        assert!(browser.get(path).await.header("location").starts_with("/verify"), "{path}");
    }
    let before = browser.cookie();
    browser.verify(&totp).await;
    assert_ne!(browser.cookie(), before);
    let token = browser.get("/account").await.field("form_token");
    let codes = browser.post("/account/codes", &[("form_token", &token)]).await;
    assert_eq!(codes.text().matches("<li>").count(), 10);
    // Another app, and then the first one goes; the last one stays.
    let offer = browser.get("/account/app").await;
    let (secret, token) = (offer.field("secret"), offer.field("form_token"));
    let code = super::browser::totp_on(&offer).code_at(fake.now());
    let fields =
        [("label", "Other"), ("code", &*code), ("secret", &secret), ("form_token", &token)];
    assert_eq!(browser.post("/account/app", &fields).await.header("location"), "/account");
    let factors = fake.store.factors(&TenantId::main(), &ann()).await.unwrap();
    let remove = async |id: &str| {
        let path = format!("/account/factors/{id}/remove");
        browser.post(&path, &[("form_token", &token)]).await.status.as_u16()
    };
    assert_eq!(remove("another-user's").await, 404);
    assert_eq!(remove(&factors[0].id).await, 303);
    assert_eq!(remove(&factors[1].id).await, 422);
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let fake = Fake::new();
    let (browser, totp) = logged_in(&fake, &[Role::Auditor]).await;
    let other = Browser::new(&fake);
    other.log_in("ann", &totp).await;
    let token = browser.get("/account/password").await.field("form_token");
    let new = "nine green lamps";
    let fields = [("password", new), ("again", new), ("form_token", &*token)];
    assert_eq!(browser.post("/account/password", &fields).await.status, 303);
    assert_eq!(other.get(AGENTS).await.status, 401);
    assert_eq!(browser.get(AGENTS).await.status, 200);
    let old = Browser::new(&fake).post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
    assert_eq!(old.status, 401);
}

#[tokio::test]
async fn a_field_that_no_form_has_is_refused() {
    let fake = Fake::new();
    let path = format!("/welcome/{}", fake.invite("ann", &[]).await);
    let browser = Browser::new(&fake);
    let fields = [("password", PASSWORD), ("again", PASSWORD), ("role", "platform_administrator")];
    assert_eq!(browser.post(&path, &fields).await.status, 422);
    let fields = [("name", "bob"), ("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(browser.post(&path, &fields).await.status, 422);
    assert!(encoded(&[("a b", "c&d")]).contains("%26"));
    // Nothing was added when the form is refused.
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(browser.post(&path, &fields).await.status, 303);
    let offer = browser.get("/enrol").await;
    let code = super::browser::totp_on(&offer).code_at(fake.now());
    let (secret, token) = (offer.field("secret"), offer.field("form_token"));
    let fields = [("code", &*code), ("secret", &secret), ("form_token", &token), ("role", "x")];
    assert_eq!(browser.post("/enrol", &fields).await.status, 422);
    assert!(fake.store.factors(&TenantId::main(), &ann()).await.unwrap().is_empty());
}

#[tokio::test]
async fn every_attempt_is_recorded_with_its_factor_and_a_new_browser_is_told() {
    let fake = Fake::new();
    let (_, totp) = logged_in(&fake, &[]).await;
    fake.seen.records.lock().unwrap().clear();
    let browser = Browser::new(&fake);
    browser.log_in("ann", &totp).await;
    let token = browser.get("/account").await.field("form_token");
    browser.post("/logout", &[("form_token", &token)]).await;
    browser.log_in("ann", &totp).await;
    let records = fake.seen.records.lock().unwrap();
    let told = |record: &model::Record| {
        let detail = |name: &str| record.detail.get(name).cloned().unwrap_or_default();
        (record.kind.as_str().to_owned(), detail("factor"), detail("new_device"))
    };
    let told: Vec<_> = records.iter().map(told).collect();
    let row = |kind: &str, factor: &str, new: &str| (kind.into(), factor.into(), new.into());
    assert_eq!(
        told,
        [
            row("auth.attempt", "password", ""),
            row("auth.attempt", "totp", "true"),
            row("admin.change", "", ""),
            row("auth.attempt", "password", ""),
            row("auth.attempt", "totp", "false"),
        ]
    );
    assert_eq!(records[1].resource.as_ref().unwrap().name, "ann");
    assert_eq!(records[1].client.address, "127.0.0.1:5");
}
