//! People of other tenants than the platform's own: they log in as everybody does, and meet nobody.

use axum::http::header;
use model::{TenantId, UserName};
use people::Role;
use serde_json::Value;

use super::browser::{Browser, PASSWORD};
use super::fake::{Fake, over_tcp, request};
use super::sso::{ann, asked, with};
use super::tenants::{THEIRS, furnish, other, path_of, state};
use crate::{Access, endpoints};

const AGENTS: &str = "/api/v1/agents";

/// How a page says where somebody is.
const AT_OTHER: &str = "tenant <bdi class=\"outside\">other<";

/// Every role: what is refused is refused for the tenant alone.
async fn administrator<'f>(fake: &'f Fake, tenant: &TenantId) -> (Browser<'f>, people::totp::Totp) {
    let code = fake.invite_in(tenant, "ann", &Role::ALL).await;
    let browser = Browser::new(fake);
    let (totp, _) = browser.enrol(&code, None).await;
    (browser, totp)
}

impl Browser<'_> {
    async fn try_at(&self, tenant: &str, name: &str, password: &str) -> super::fake::Answer {
        let fields = [("tenant", tenant), ("name", name), ("password", password)];
        self.post("/login", &fields).await
    }
}

#[tokio::test]
async fn somebody_of_another_tenant_logs_in_there_and_sees_what_is_there() {
    let fake = Fake::new();
    furnish(&fake).await;
    let (_, totp) = administrator(&fake, &other()).await;
    let browser = Browser::new(&fake);
    assert!(browser.get("/login").await.text().contains("name=\"tenant\""));
    fake.pass(30);
    let first = browser.try_at("other", "ann", PASSWORD).await;
    assert_eq!((first.status.as_u16(), first.header("location")), (303, "/login/second"));
    assert_eq!(browser.second(&totp.code_at(fake.now())).await.status, 303);
    assert!(browser.get(AGENTS).await.text().contains(THEIRS));
    assert!(browser.get("/agents").await.text().contains(AT_OTHER));
    let records = fake.seen.records.lock().unwrap().clone();
    let attempts: Vec<_> =
        records.iter().filter(|record| record.kind.as_str() == "auth.attempt").collect();
    assert!(attempts.len() >= 3 && attempts.iter().all(|record| record.tenant == other()));
    // Back to where one came from.
    let out = browser.post("/logout", &[]).await;
    assert_eq!(out.header("location"), "/login?tenant=other");
    assert!(browser.get("/login?tenant=other").await.field("tenant") == "other");
}

#[tokio::test]
async fn an_account_counts_in_its_own_tenant_alone() {
    let fake = Fake::new();
    fake.store.add_tenant(&other()).await.unwrap();
    administrator(&fake, &other()).await;
    let browser = Browser::new(&fake);
    for tenant in ["", "main", " ", "OTHER", "other/..", "nowhere"] {
        let tried = browser.try_at(tenant, "ann", PASSWORD).await;
        assert_eq!(tried.status, 401, "{tenant:?}");
        assert!(fake.seen.last_record().resource.is_none(), "{tenant:?}");
        assert_eq!(fake.seen.last_record().tenant, TenantId::main(), "{tenant:?}");
        browser.fake.pass(600);
    }
}

#[tokio::test]
async fn nobody_finds_out_by_trying_which_tenants_there_are() {
    let fake = Fake::new();
    fake.store.add_tenant(&other()).await.unwrap();
    let tried = async |tenant: &str| {
        let (browser, mut seen) = (Browser::new(&fake), Vec::new());
        for _ in 0..7 {
            let answer = browser.try_at(tenant, "nobody", "whatever it is").await;
            // Apart from the button of an identity provider, which is there for all to see.
            let text = answer.text().replace(tenant, "");
            seen.push((answer.status, text.split("<p class=\"passkey\"").next().map(str::len)));
        }
        fake.pass(3_600);
        seen
    };
    let there = tried("other").await;
    assert_eq!(there.last().unwrap().0, 429);
    assert_eq!(tried("nowhere").await, there);
}

#[tokio::test]
async fn guesses_at_one_tenants_account_lock_nobody_elses() {
    let fake = Fake::new();
    fake.store.add_tenant(&other()).await.unwrap();
    let (_, totp) = administrator(&fake, &TenantId::main()).await;
    administrator(&fake, &other()).await;
    let eve = Browser { address: [127, 0, 0, 9], ..Browser::new(&fake) };
    for tenant in ["other", "nowhere"] {
        for _ in 0..7 {
            eve.try_at(tenant, "ann", "not this one").await;
        }
    }
    assert_eq!(eve.try_at("other", "ann", PASSWORD).await.status, 429);
    let browser = Browser::new(&fake);
    assert_eq!(browser.log_in("ann", &totp).await.status, 303);
}

#[tokio::test]
async fn no_page_shows_or_changes_what_is_of_another_tenant() {
    let fake = Fake::new();
    furnish(&fake).await;
    fake.invite_in(&other(), THEIRS, &[Role::Auditor]).await;
    let (browser, _) = administrator(&fake, &TenantId::main()).await;
    let cookie = format!("portcullis={}", browser.cookie());
    let before = state(&fake.store).await;
    for endpoint in endpoints().iter().filter(|one| one.access != Access::Public) {
        let (method, path) = (endpoint.method.to_uppercase(), path_of(endpoint));
        if path == "/logout" {
            continue;
        }
        let headers = [
            (header::COOKIE.as_str(), cookie.as_str()),
            ("sec-fetch-site", "same-origin"),
            ("portcullis-tenant", "other"),
        ];
        let answer = fake.send(over_tcp(request(&method, &path, Value::Null, &headers))).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let is_named = path.contains(THEIRS) && !answer.status.is_success();
        assert!(is_named || !text.contains(THEIRS), "{method} {path}: {text}");
        let theirs = ["{agent}", "{person}", "{user}"];
        let reaches = theirs.iter().any(|name| endpoint.path.contains(name));
        assert!(!(reaches && answer.status.is_success()), "{method} {path}: {text}");
    }
    assert_eq!(state(&fake.store).await, before);
    // A form of one tenant's session is none of another's, though both are called the same.
    let (there, _) = administrator(&fake, &other()).await;
    let token = browser.get("/account").await.field("form_token");
    let sent = there.post("/account/codes", &[("form_token", &token)]).await;
    assert_eq!(sent.status, 403);
}

#[tokio::test]
async fn each_tenant_has_an_identity_provider_of_its_own() {
    let fake = Fake::new();
    fake.store.add_tenant(&other()).await.unwrap();
    *fake.seen.claims.lock().unwrap() = Some(with(ann(), "acr", Value::from("phr")));
    let browser = Browser::new(&fake);
    let page = browser.get("/login?tenant=other").await.text();
    assert!(page.contains("/login/sso?tenant=other"), "{page}");
    let question = asked(&browser.get("/login/sso?tenant=other&next=%2Fagents").await);
    let copy = browser.copy();
    // The answer of the platform's own is none here.
    assert_eq!(copy.answer(&question, &[]).await.status, 403);
    assert_eq!(fake.seen.last_record().tenant, other());
    let question = asked(&browser.get("/login/sso?tenant=other&next=%2Fagents").await);
    let issuer = "https://other.example.com";
    let came = browser.answer(&question, &[("iss", issuer)]).await;
    assert_eq!(came.header("refresh"), "0; url=/agents", "{}", came.text());
    assert!(browser.get("/agents").await.text().contains(AT_OTHER));
    let name = UserName::new("ann@example.com").unwrap();
    let user = fake.store.user(&other(), &name).await.unwrap();
    assert_eq!(user.links[0].issuer, issuer);
    assert!(fake.store.user(&TenantId::main(), &name).await.is_err());
    let records = fake.seen.records.lock().unwrap().clone();
    assert!(records.iter().all(|record| record.tenant == other()));
    // The same subject of the platform's own is somebody else.
    let main = Browser::new(&fake);
    main.log_in_outside(with(ann(), "acr", Value::from("phr"))).await;
    // One tenant's word ends its own sessions, and uses up nobody else's token.
    let server = Browser::new(&fake);
    let out = async |path: &str| server.post_plain(path, &[("logout_token", "t1 sub 7")]).await;
    assert_eq!(out("/login/sso/logout?tenant=other").await.status, 200);
    assert_eq!(browser.get(AGENTS).await.status, 401);
    assert_eq!(main.get(AGENTS).await.status, 200);
    assert_eq!(out("/login/sso/logout").await.status, 200);
    assert_eq!(main.get(AGENTS).await.status, 401);
}

#[tokio::test]
async fn nobody_finds_out_by_asking_for_the_identity_providers_which_tenants_there_are() {
    let fake = Fake::new();
    fake.store.add_tenant(&other()).await.unwrap();
    *fake.seen.apart.lock().unwrap() = Some(other());
    let seen = async |tenant: &str, digit: u8| {
        let browser = Browser { address: [127, 0, 0, digit], ..Browser::new(&fake) };
        let (mut seen, way) = (Vec::new(), format!("/login/sso?tenant={tenant}"));
        let page = browser.get(&format!("/login?tenant={tenant}")).await;
        seen.push((page.status, page.text().replace(tenant, "")));
        for _ in 0..23 {
            let answer = browser.get(&way).await;
            seen.push((answer.status, answer.text()));
        }
        assert_eq!(fake.seen.last_record().tenant, TenantId::main());
        let out = format!("/login/sso/logout?tenant={tenant}");
        let out = browser.post_plain(&out, &[("logout_token", "t1 sub 7")]).await;
        seen.push((out.status, out.text()));
        seen
    };
    let there = seen("other", 5).await;
    let statuses: Vec<u16> = there.iter().map(|(status, _)| status.as_u16()).collect();
    assert_eq!((statuses[0], statuses[1], statuses[23], statuses[24]), (200, 404, 429, 400));
    assert_eq!(seen("nowhere", 6).await, there);
    let odd = Browser { address: [127, 0, 0, 7], ..Browser::new(&fake) };
    assert_eq!(odd.get("/login/sso?tenant=a/b").await.text(), there[1].1);
    // Where there is one the page is the same, and whoever goes there is not counted.
    *fake.seen.apart.lock().unwrap() = None;
    let browser = Browser { address: [127, 0, 0, 8], ..Browser::new(&fake) };
    let page = browser.get("/login?tenant=other").await;
    assert_eq!((page.status, page.text().replace("other", "")), there[0]);
    for _ in 0..30 {
        assert_eq!(browser.get("/login/sso?tenant=other").await.status, 303);
    }
    // Whoever guesses finds no name after that, right or wrong.
    let eve = Browser { address: [127, 0, 0, 5], ..Browser::new(&fake) };
    assert_eq!(eve.get("/login/sso?tenant=other").await.status, 429);
    assert_eq!(eve.get("/login/sso").await.status, 303);
}
