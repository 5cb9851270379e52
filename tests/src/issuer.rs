//! An identity provider on loopback: it publishes its keys and says who people are.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::{Answer, Upstream, upstream};

/// What its tokens are for.
pub const AUDIENCE: &str = "https://gate.example.com";

/// An identity provider.
pub struct Issuer {
    server: Upstream,
    keys: Arc<Mutex<Vec<Key>>>,
    is_silent: Arc<AtomicBool>,
}

struct Key {
    pair: Ed25519KeyPair,
    id: String,
}

impl Key {
    fn new(number: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[number; 32]).expect("a seed");
        Self { pair, id: format!("key-{number}") }
    }

    fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.id, "use": "sig", "alg": "EdDSA"})
    }
}

/// Seconds since the epoch.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    i64::try_from(now.as_secs()).expect("a date")
}

impl Issuer {
    pub fn run() -> Self {
        let keys = Arc::new(Mutex::new(vec![Key::new(1)]));
        let (published, is_silent) = (keys.clone(), Arc::new(AtomicBool::new(false)));
        let silent = is_silent.clone();
        let server = upstream().answers(move |call| {
            let host = call.header("host").unwrap_or_default();
            let origin = format!("http://{host}");
            match call.path.as_str() {
                _ if silent.load(Ordering::SeqCst) => Answer::json(&json!({})).status(503),
                "/.well-known/openid-configuration" => Answer::json(&json!({
                    "issuer": origin, "jwks_uri": format!("{origin}/keys"),
                })),
                "/keys" => {
                    let keys = published.lock().expect("keys");
                    let keys: Vec<Value> = keys.iter().map(Key::jwk).collect();
                    Answer::json(&json!({"keys": keys}))
                }
                _ => Answer::json(&json!({})).status(404),
            }
        });
        Self { server: server.run(), keys, is_silent }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Whether it answers from now on that it cannot.
    pub fn silence(&self, is_silent: bool) {
        self.is_silent.store(is_silent, Ordering::SeqCst);
    }

    /// How often its keys were read.
    pub fn readings(&self) -> usize {
        self.server.calls().iter().filter(|call| call.path == "/keys").count()
    }

    /// Signs with another key from now on, and publishes only that.
    pub fn rotate(&self, number: u8) {
        *self.keys.lock().expect("keys") = vec![Key::new(number)];
    }

    /// Lines of TOML with which a gate trusts it.
    pub fn section(&self) -> String {
        format!(
            "\n[[issuer]]\nurl = \"{}\"\naudience = [\"{AUDIENCE}\"]\nclock_skew = \"1ms\"\n",
            self.url()
        )
    }

    /// What it says of a person, for five minutes.
    pub fn claims(&self, person: &str) -> Value {
        json!({"iss": self.url(), "sub": person, "aud": AUDIENCE, "exp": now() + 300, "iat": now()})
    }

    /// A token for a person.
    pub fn token(&self, person: &str) -> String {
        self.sign(&self.claims(person))
    }

    pub fn sign(&self, claims: &Value) -> String {
        let id = self.keys.lock().expect("keys")[0].id.clone();
        self.sign_as(&json!({"alg": "EdDSA", "kid": id, "typ": "JWT"}), claims)
    }

    /// With a header of the test's own.
    pub fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let keys = self.keys.lock().expect("keys");
        let signature = keys[0].pair.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
