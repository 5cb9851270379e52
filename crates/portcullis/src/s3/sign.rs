//! AWS Signature Version 4, in the form that S3 takes: the body's hash in a header of its own.

use std::fmt::Write;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};
use model::{Digest, Secret, Timestamp};
use ring::hmac;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const CONTENT_HASH: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Who signs, and for which region.
pub(super) struct Keys {
    pub(super) region: String,
    pub(super) access_key: Secret,
    pub(super) secret_key: Secret,
    pub(super) session_token: Option<Secret>,
}

/// What is signed besides the headers. Path and query are escaped already.
pub(super) struct Signed<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
}

impl Keys {
    /// Adds what is missing to the headers, and the signature over all of them.
    pub(super) fn sign(
        &self,
        request: &Signed<'_>,
        headers: &mut HeaderMap,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let (date, time) = stamps(now);
        headers.insert(DATE, HeaderValue::from_str(&time)?);
        headers.insert(CONTENT_HASH, HeaderValue::from_str(&hash(request.body))?);
        if let Some(token) = &self.session_token {
            headers.insert(TOKEN, secret_value(token.expose())?);
        }
        let (names, lines) = canonical(headers)?;
        let Signed { method, path, query, body } = request;
        let text = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{}", hash(body));
        let scope = format!("{date}/{}/s3/aws4_request", self.region);
        let text = format!("{ALGORITHM}\n{time}\n{scope}\n{}", hash(text.as_bytes()));
        let signature = hex::encode(mac(self.key(&date).as_ref(), text.as_bytes()));
        let credential = format!("{}/{scope}", self.access_key.expose());
        let value = format!(
            "{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
        );
        headers.insert(AUTHORIZATION, secret_value(&value)?);
        Ok(())
    }

    fn key(&self, date: &str) -> hmac::Tag {
        let secret = zeroize::Zeroizing::new(format!("AWS4{}", self.secret_key.expose()));
        let of_day = mac(secret.as_bytes(), date.as_bytes());
        let of_region = mac(of_day.as_ref(), self.region.as_bytes());
        let of_service = mac(of_region.as_ref(), b"s3");
        mac(of_service.as_ref(), b"aws4_request")
    }
}

fn secret_value(text: &str) -> anyhow::Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text)
        .context("a credential holds characters that no header may hold")?;
    value.set_sensitive(true);
    Ok(value)
}

/// The names of all headers, and each with its value, in order.
fn canonical(headers: &HeaderMap) -> anyhow::Result<(String, String)> {
    let mut all = Vec::new();
    for (name, value) in headers {
        all.push((name.as_str(), value.to_str().context("a header is no text")?.trim()));
    }
    all.sort_unstable();
    let names = all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let mut lines = String::new();
    for (name, value) in all {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{name}:{value}");
    }
    Ok((names, lines))
}

/// The day, and the moment, as the signature has them: `20261127`, `20261127T113000Z`.
fn stamps(now: Timestamp) -> (String, String) {
    let text = now.to_string();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    let (day, time) = (digits(day), digits(time.get(..8).unwrap_or_default()));
    let whole = format!("{day}T{time}Z");
    (day, whole)
}

/// A query in the order and with the escapes that are signed.
pub(super) fn query(pairs: &mut [(&str, &str)]) -> String {
    pairs.sort_unstable();
    let pair = |(name, value): &(&str, &str)| {
        format!("{}={}", escaped(name, false), escaped(value, false))
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Everything but the unreserved characters (RFC 3986, section 2.3) escaped, and in a path its slashes.
pub(super) fn escaped(text: &str, is_path: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if is_plain || (is_path && byte == b'/') {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn mac(key: &[u8], text: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Digest::of(bytes).0)
}

pub(super) fn base64_sha256(bytes: &[u8]) -> String {
    STANDARD.encode(Digest::of(bytes).0)
}
