//! People: the first start lets one of them in, and everything of who leaves ends.

use std::net::SocketAddr;

use people::totp::Totp;
use portcullis_tests::exchange::form;
use portcullis_tests::{Client, Gate, chat, gate, upstream};
use serde_json::Value;

use crate::CHAT;

const PASSWORD: &str = "seven blue lamps";

/// A browser at the console, which keeps the one cookie that matters.
pub(crate) struct Browser {
    console: SocketAddr,
    cookie: String,
}

impl Browser {
    pub(crate) fn new(gate: &Gate) -> Self {
        Self { console: gate.console(), cookie: String::new() }
    }

    fn client(&self) -> Client {
        let origin = format!("http://{}", self.console);
        Client::new(self.console).header("cookie", &self.cookie).header("origin", &origin)
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let client = self.client().header("content-type", "application/x-www-form-urlencoded");
        let reply = client.post(path, form(fields)).await;
        for line in reply.headers.get_all("set-cookie") {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            if pair.starts_with("portcullis=") {
                self.cookie = pair.to_owned();
            }
        }
        (reply.status, reply.text())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let reply = self.client().get(path).await;
        (reply.status, reply.text())
    }

    /// Asks the API; panics where it refuses.
    pub(crate) async fn send(&mut self, path: &str, body: Value) -> Value {
        let reply = self.client().post(path, body).await;
        assert!(reply.status < 300, "{path}: {} {}", reply.status, reply.text());
        reply.json()
    }
}

pub(crate) fn field(page: &str, name: &str) -> String {
    let marker = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&marker).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest[..rest.find('"').unwrap()].to_owned()
}

/// The code of the moment, of the app that took up the page's secret.
fn code(page: &str) -> String {
    let (_, rest) = page.split_once("Secret: <code>").expect("a secret");
    let secret = rest[..rest.find('<').unwrap()].replace(' ', "");
    let now = model::Timestamp::from_system(std::time::SystemTime::now());
    Totp::parse(&secret).expect("base 32").code_at(now)
}

pub(crate) async fn enrol(browser: &mut Browser, welcome: &str, name: Option<&str>) {
    let mut fields = vec![("password", PASSWORD), ("again", PASSWORD)];
    fields.extend(name.map(|name| ("name", name)));
    let (status, text) = browser.post(welcome, &fields).await;
    assert_eq!(status, 303, "{text}");
    let (_, offer) = browser.get("/enrol").await;
    let (secret, token, code) =
        (field(&offer, "secret"), field(&offer, "form_token"), code(&offer));
    let fields =
        [("label", "Phone"), ("code", &*code), ("secret", &secret), ("form_token", &token)];
    let (status, text) = browser.post("/enrol", &fields).await;
    assert_eq!(status, 200, "{text}");
}

#[tokio::test]
async fn the_first_start_prints_a_link_and_the_second_prints_none() {
    let mut gate = gate().run();
    // The last line of a start without a provider, so that all before it is there.
    let log = gate.log_with("no provider is configured");
    let (_, code) = log.split_once("/welcome/").expect("a link");
    let link = format!("/welcome/{}", &code[..43]);
    let mut browser = Browser::new(&gate);
    enrol(&mut browser, &link, Some("ann@example.com")).await;
    assert_eq!(browser.get("/api/v1/agents").await.0, 200);
    assert_eq!(browser.get("/").await.0, 200);
    let attempts = gate.records_with("a log-in", |record| record["detail"]["factor"] == "totp");
    let attempt = attempts.iter().rfind(|record| record["detail"]["factor"] == "totp").unwrap();
    assert_eq!(attempt["resource"]["name"], "ann@example.com");
    assert_eq!(attempt["detail"]["new_device"], "true");
    // Sessions outlive a restart, the link does not.
    gate.stop();
    gate.start();
    assert!(!gate.log_with("no provider is configured").contains("/welcome/"));
    browser.console = gate.console();
    assert_eq!(browser.get("/api/v1/agents").await.0, 200);
}

#[tokio::test]
async fn who_leaves_is_out_at_once_and_their_agents_stop() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    let added = gate.succeeds(&["user", "add", "bob@example.com", "--role", "auditor", "--json"]);
    let added: Value = serde_json::from_str(&added).unwrap();
    let mut browser = Browser::new(&gate);
    enrol(&mut browser, added["invitation"]["path"].as_str().unwrap(), None).await;
    let owned = ["agent", "add", "his", "--role", "tester", "--owner", "bob@example.com", "--json"];
    let made = gate.succeeds(&owned);
    let made: Value = serde_json::from_str(&made).unwrap();
    let agent = gate.stranger().bearer(made["key"].as_str().unwrap());
    agent.post(CHAT, chat("hello")).await.expect(200);
    assert_eq!(browser.get("/api/v1/agents").await.0, 200);
    gate.succeeds(&["user", "disable", "bob@example.com"]);
    // No waiting: it holds when the command is back.
    assert_eq!(browser.get("/api/v1/agents").await.0, 401);
    agent.post(CHAT, chat("hello")).await.expect(403);
    assert!(gate.succeeds(&["user", "list"]).contains("bob@example.com"));
    let refused = gate.portcullis(&["user", "roles", "bob@example.com", "--add", "root"]);
    assert_eq!(refused.status.code(), Some(2));
}
