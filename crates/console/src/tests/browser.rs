//! A browser, as far as the pages need one: it keeps cookies, says where it comes from, and fills
//! in forms as they stand on a page.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::body::Body;
use axum::http::{Request, header};
use model::{Digest, TenantId, Timestamp, UserName};
use people::Role;
use people::totp::Totp;
use store::{NewGrant, NewUser, StoredSession};

use super::fake::{Answer, Fake, from_address};

pub(crate) const PASSWORD: &str = "seven blue lamps";

pub(crate) struct Browser<'f> {
    pub(crate) fake: &'f Fake,
    pub(crate) cookies: Mutex<BTreeMap<String, String>>,
    pub(crate) address: [u8; 4],
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of a form's field, as it stands on the page.
    pub(crate) fn field(&self, name: &str) -> String {
        let text = self.text();
        let marker = format!("name=\"{name}\" value=\"");
        let at = text.find(&marker).unwrap_or_else(|| panic!("no field {name}: {text}"));
        let rest = &text[at + marker.len()..];
        rest[..rest.find('"').unwrap()].to_owned()
    }
}

impl<'f> Browser<'f> {
    pub(crate) fn new(fake: &'f Fake) -> Self {
        Self { fake, cookies: Mutex::default(), address: [127, 0, 0, 1] }
    }

    /// A second browser with the same cookies.
    pub(crate) fn copy(&self) -> Self {
        let cookies = Mutex::new(self.cookies.lock().unwrap().clone());
        Self { fake: self.fake, cookies, address: self.address }
    }

    pub(crate) fn cookie(&self) -> String {
        self.cookies.lock().unwrap().get("portcullis").cloned().unwrap_or_default()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header(header::ACCEPT, "text/html,*/*");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends a form from a page of ours.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from("same-origin", path, fields).await
    }

    pub(crate) async fn post_from(
        &self,
        site: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site);
        self.send(request.body(Body::from(encoded(fields))).unwrap()).await
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        let cookies = self.cookies.lock().unwrap().clone();
        let line: Vec<String> =
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !line.is_empty() {
            request.headers_mut().insert(header::COOKIE, line.join("; ").parse().unwrap());
        }
        let answer = self.fake.send(from_address(request, self.address)).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            match value.is_empty() {
                true => cookies.remove(name),
                false => cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// Opens an invitation, and enrols an authenticator app; gives the app and the page that
    /// shows the recovery codes.
    pub(crate) async fn enrol(&self, code: &str, name: Option<&str>) -> (Totp, Answer) {
        let mut fields = vec![("password", PASSWORD), ("again", PASSWORD)];
        fields.extend(name.map(|name| ("name", name)));
        let welcome = self.post(&format!("/welcome/{code}"), &fields).await;
        assert_eq!((welcome.status.as_u16(), welcome.header("location")), (303, "/enrol"));
        let offer = self.get("/enrol").await;
        let totp = totp_on(&offer);
        let (secret, token) = (offer.field("secret"), offer.field("form_token"));
        let shown = totp.code_at(self.fake.now());
        let fields =
            [("label", "Phone"), ("code", &*shown), ("secret", &secret), ("form_token", &token)];
        let done = self.post("/enrol", &fields).await;
        assert_eq!(done.status, 200, "{}", done.text());
        (totp, done)
    }

    /// Logs in with both factors; the clock moves on, so that the app has a new code.
    pub(crate) async fn log_in(&self, name: &str, totp: &Totp) -> Answer {
        self.fake.pass(30);
        let first = self.post("/login", &[("name", name), ("password", PASSWORD)]).await;
        assert_eq!(first.status, 303, "{}", first.text());
        self.second(&totp.code_at(self.fake.now())).await
    }

    pub(crate) async fn second(&self, code: &str) -> Answer {
        let page = self.get("/login/second").await;
        assert_eq!(page.status, 200);
        let token = page.field("form_token");
        self.post("/login/second", &[("code", code), ("form_token", &token)]).await
    }

    /// Shows the second factor once more.
    pub(crate) async fn verify(&self, totp: &Totp) {
        self.fake.pass(30);
        let token = self.get("/verify").await.field("form_token");
        let code = totp.code_at(self.fake.now());
        let done = self.post("/verify", &[("code", &*code), ("form_token", &token)]).await;
        assert_eq!(done.status, 303, "{}", done.text());
    }
}

/// The app that has taken up the secret of a page.
pub(crate) fn totp_on(page: &Answer) -> Totp {
    let text = page.text();
    let (_, rest) = text.split_once("Secret: <code>").unwrap();
    Totp::parse(&rest[..rest.find('<').unwrap()].replace(' ', "")).unwrap()
}

pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let percent = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value)));
    pairs.collect::<Vec<_>>().join("&")
}

impl Fake {
    pub(crate) fn now(&self) -> Timestamp {
        let seconds = self.clock.load(std::sync::atomic::Ordering::SeqCst);
        Timestamp::from_micros(seconds as i64 * 1_000_000)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.fetch_add(seconds, std::sync::atomic::Ordering::SeqCst);
    }

    /// A session that is opened in the store itself.
    pub(crate) async fn session_of(&self, name: &str, is_fresh: bool) -> String {
        let number = self.clock.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let token = people::token::token(Digest::of(&number.to_be_bytes()).0);
        let session = StoredSession {
            hash: Digest::of(token.expose().as_bytes()),
            id: format!("session-{number}"),
            stage: "full".to_owned(),
            created: self.now(),
            seen: self.now(),
            proved: is_fresh.then(|| self.now()),
            factors: "password totp".to_owned(),
            address: String::new(),
            user_agent: String::new(),
            issuer: None,
            outside_id: None,
        };
        let name = UserName::new(name).unwrap();
        self.store.open_session(&TenantId::main(), &name, session, None).await.unwrap();
        token.expose().to_owned()
    }

    /// An invitation of a new user with these roles.
    pub(crate) async fn invite(&self, name: &str, roles: &[Role]) -> String {
        self.invite_in(&TenantId::main(), name, roles).await
    }

    /// The same in another tenant.
    pub(crate) async fn invite_in(&self, tenant: &TenantId, name: &str, roles: &[Role]) -> String {
        let name = UserName::new(name).unwrap();
        let grant = |role: &Role| NewGrant {
            role: role.as_str().to_owned(),
            starts: None,
            ends: None,
            hours: None,
            reason: "for a test".to_owned(),
            granted_by: "a test".to_owned(),
        };
        let of = if *tenant == TenantId::main() { "" } else { tenant.as_str() };
        let new = NewUser {
            uid: format!("uid-{of}{name}"),
            name: name.clone(),
            display: None,
            email: None,
        };
        let grants = roles.iter().map(grant).collect();
        self.store.add_user(tenant, new, grants, self.now()).await.unwrap();
        let code = people::token::token(Digest::of(format!("{tenant}/{name}").as_bytes()).0);
        let hash = Digest::of(code.expose().as_bytes());
        let ends = Timestamp::from_micros(i64::MAX);
        self.store.invite(tenant, Some(name), hash, ends, self.now()).await.unwrap();
        code.expose().to_owned()
    }
}
