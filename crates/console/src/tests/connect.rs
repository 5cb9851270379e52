//! An account that is there, and an identity provider: connected by its holder, and by nobody else.

use std::collections::BTreeMap;

use model::{TenantId, UserName};
use people::Role;
use people::totp::Totp;
use serde_json::json;

use super::browser::Browser;
use super::fake::{Answer, Fake};
use super::sso::{ann, asked_at, with};

const ISSUER: &str = "https://login.example.com";

async fn logged_in<'f>(fake: &'f Fake, name: &str) -> (Browser<'f>, Totp) {
    let code = fake.invite(name, &[Role::Auditor]).await;
    let browser = Browser::new(fake);
    let (totp, _) = browser.enrol(&code, None).await;
    (browser, totp)
}

async fn subjects(fake: &Fake, name: &str) -> Vec<String> {
    let name = UserName::new(name).unwrap();
    let user = fake.store.user(&TenantId::main(), &name).await.unwrap();
    user.links.into_iter().map(|link| link.subject).collect()
}

impl Browser<'_> {
    async fn form_token(&self) -> String {
        self.get("/account").await.field("form_token")
    }

    async fn send_account(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.form_token().await;
        self.post(path, &[fields, &[("form_token", &*token)]].concat()).await
    }

    /// What the provider is asked to connect the account.
    async fn ask_to_connect(&self) -> BTreeMap<String, String> {
        let page = self.send_account("/account/sso", &[]).await;
        assert_eq!(page.status, 200, "{}", page.text());
        asked_at(page.header("refresh").strip_prefix("0; url=").unwrap())
    }

    /// Up to the page that asks for a yes.
    async fn offered(&self) -> Answer {
        let asked = self.ask_to_connect().await;
        let back = self.answer(&asked, &[]).await;
        assert_eq!(back.header("refresh"), "0; url=/account/sso", "{}", back.text());
        self.get("/account/sso").await
    }
}

#[tokio::test]
async fn who_is_logged_in_connects_their_account_and_parts_it_again() {
    let fake = Fake::new();
    *fake.seen.claims.lock().unwrap() = Some(ann());
    let (browser, totp) = logged_in(&fake, "bob").await;
    let offered = browser.offered().await;
    assert!(offered.text().contains("ann@example.com"), "{}", offered.text());
    assert!(subjects(&fake, "bob").await.is_empty(), "nobody said yes yet");
    let token = offered.field("form_token");
    let yes = browser.post("/account/sso/confirm", &[("form_token", &token)]).await;
    assert_eq!((yes.status.as_u16(), yes.header("location")), (303, "/account"));
    let record = fake.seen.last_record();
    assert_eq!((&*record.detail["act"], &*record.detail["subject"]), ("link.add", "7"));
    assert_eq!(record.detail["who"], "user:bob");
    // Now it opens this account, and still asks for a factor of ours.
    let outside = Browser::new(&fake);
    let came = outside.log_in_outside(ann()).await;
    assert_eq!(came.header("refresh"), "0; url=/login/second?next=%2Fagents");
    fake.pass(30);
    assert_eq!(outside.second(&totp.code_at(fake.now())).await.status, 303);
    assert!(outside.get("/account").await.text().contains("strong>bob<"));
    // Parted: what came from there ends, and what is here stays.
    let fields = [("issuer", ISSUER), ("subject", "7")];
    let parted = browser.send_account("/account/sso/disconnect", &fields).await;
    assert_eq!(parted.status, 303, "{}", parted.text());
    assert_eq!(fake.seen.last_record().detail["act"], "link.remove");
    assert!(subjects(&fake, "bob").await.is_empty());
    assert_eq!(outside.get("/api/v1/agents").await.status, 401);
    assert_eq!(browser.get("/api/v1/agents").await.status, 200);
}

#[tokio::test]
async fn nobody_connects_somebody_elses_account() {
    let fake = Fake::new();
    *fake.seen.claims.lock().unwrap() = Some(with(ann(), "sub", json!("eve")));
    let (bob, _) = logged_in(&fake, "bob").await;
    let (eve, _) = logged_in(&fake, "eve").await;
    // Eve's answer in Bob's browser, which asked nothing, or asked itself.
    let asked = eve.ask_to_connect().await;
    assert_eq!(bob.answer(&asked, &[]).await.status, 400);
    bob.ask_to_connect().await;
    assert_eq!(bob.answer(&asked, &[]).await.status, 403);
    // What Eve was offered, planted in Bob's browser.
    assert_eq!(eve.answer(&asked, &[]).await.status, 200);
    let planted = eve.cookies.lock().unwrap()["portcullis-sso"].clone();
    bob.cookies.lock().unwrap().insert("portcullis-sso".into(), planted.clone());
    assert_eq!(bob.get("/account/sso").await.status, 409);
    assert_eq!(bob.send_account("/account/sso/confirm", &[]).await.status, 409);
    // Another site's form, and one that is not of this session.
    let token = eve.form_token().await;
    for (site, token) in [("cross-site", token.as_str()), ("same-origin", "x"), ("same-origin", "")]
    {
        let fields = [("form_token", token)];
        for path in ["/account/sso", "/account/sso/confirm", "/account/sso/disconnect"] {
            assert_eq!(eve.post_from(site, path, &fields).await.status, 403, "{site} {path}");
        }
    }
    // An offer is no log-in, and a log-in no offer.
    assert_eq!(Browser::new(&fake).answer(&asked, &[]).await.status, 400);
    let visitor = Browser::new(&fake);
    visitor.cookies.lock().unwrap().insert("portcullis-sso".into(), planted);
    assert_eq!(visitor.answer(&asked, &[]).await.status, 400);
    bob.begin("/").await;
    assert_eq!(bob.get("/account/sso").await.status, 409);
    assert!(subjects(&fake, "bob").await.is_empty() && subjects(&fake, "eve").await.is_empty());
}

#[tokio::test]
async fn a_yes_counts_once_in_time_and_with_a_fresh_factor() {
    let fake = Fake::new();
    *fake.seen.claims.lock().unwrap() = Some(ann());
    let (browser, totp) = logged_in(&fake, "bob").await;
    browser.offered().await;
    let copy = browser.copy();
    assert_eq!(browser.send_account("/account/sso/confirm", &[]).await.status, 303);
    let fields = [("issuer", ISSUER), ("subject", "7")];
    assert_eq!(browser.send_account("/account/sso/disconnect", &fields).await.status, 303);
    assert_eq!(copy.send_account("/account/sso/confirm", &[]).await.status, 409, "said again");
    // Not without a factor that was shown within minutes.
    fake.pass(5 * 60);
    for path in ["/account/sso", "/account/sso/confirm", "/account/sso/disconnect"] {
        let fields: &[(&str, &str)] = if path.ends_with("connect") { &fields } else { &[] };
        let stale = browser.send_account(path, fields).await;
        assert!(stale.header("location").starts_with("/verify?"), "{path}: {}", stale.status);
    }
    browser.verify(&totp).await;
    browser.offered().await;
    fake.pass(600);
    browser.verify(&totp).await;
    assert_eq!(browser.send_account("/account/sso/confirm", &[]).await.status, 409, "too late");
    assert!(subjects(&fake, "bob").await.is_empty());
}

#[tokio::test]
async fn what_belongs_to_another_stays_theirs() {
    let fake = Fake::new();
    let claims = with(ann(), "acr", json!("phr"));
    let owner = Browser::new(&fake);
    owner.log_in_outside(claims).await;
    let (eve, _) = logged_in(&fake, "eve").await;
    eve.offered().await;
    let refused = eve.send_account("/account/sso/confirm", &[]).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let fields = [("issuer", ISSUER), ("subject", "7")];
    assert_eq!(eve.send_account("/account/sso/disconnect", &fields).await.status, 404);
    assert_eq!(subjects(&fake, "ann@example.com").await, ["7"]);
    assert_eq!(owner.get("/account").await.status, 200);
}

#[tokio::test]
async fn nobody_locks_themselves_out() {
    let fake = Fake::new();
    let browser = Browser::new(&fake);
    browser.log_in_outside(with(ann(), "acr", json!("phr"))).await;
    let offer = browser.get("/account/app").await;
    let totp = super::browser::totp_on(&offer);
    let (secret, token) = (offer.field("secret"), offer.field("form_token"));
    let code = totp.code_at(fake.now());
    let fields =
        [("label", "Phone"), ("code", &*code), ("secret", &secret), ("form_token", &token)];
    assert_eq!(browser.post("/account/app", &fields).await.status, 303);
    browser.verify(&totp).await;
    let fields = [("issuer", ISSUER), ("subject", "7")];
    let refused = browser.send_account("/account/sso/disconnect", &fields).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("nothing else would let you in"), "{}", refused.text());
    assert_eq!(subjects(&fake, "ann@example.com").await, ["7"]);
}
