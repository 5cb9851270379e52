//! Asking the gate for tokens.

use crate::{Client, Reply};

/// Where tokens are given.
pub const TOKEN: &str = "/oauth/token";

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A form as browsers write it.
pub fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let one = |b: u8| match plain(b) {
            true => char::from(b).to_string(),
            false => format!("%{b:02X}"),
        };
        text.bytes().map(one).collect()
    };
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}

impl Client {
    /// Asks for a token with these fields.
    pub async fn ask(&self, fields: &[(&str, &str)]) -> Reply {
        let client = self.clone().header("content-type", "application/x-www-form-urlencoded");
        client.post(TOKEN, form(fields)).await
    }

    /// Exchanges a token, with further fields.
    pub async fn exchange(&self, token: &str, more: &[(&str, &str)]) -> Reply {
        let mut fields = vec![
            ("grant_type", EXCHANGE),
            ("subject_token", token),
            ("subject_token_type", ACCESS_TOKEN),
        ];
        fields.extend_from_slice(more);
        self.ask(&fields).await
    }

    /// The token that comes of an exchange; panics where none does.
    pub async fn exchanged(&self, token: &str, more: &[(&str, &str)]) -> String {
        self.exchange(token, more).await.expect(200).token()
    }
}

impl Reply {
    /// The token of an answer that gives one.
    pub fn token(&self) -> String {
        self.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// The code of an answer that gives none.
    pub fn oauth_error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
}
