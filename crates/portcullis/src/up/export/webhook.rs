//! A signed request for each record, by the Standard Webhooks specification (version 1.0): the id
//! stays the same when a record is sent again, so that a receiver can tell.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use ring::hmac;
use serde_json::Value;

use super::http::Http;
use super::sink::Item;
use crate::config::sections::Export;
use crate::up::core::now;

/// What stands before a key.
const PREFIX: &str = "whsec_";
/// Bytes of a key, by the specification.
const KEY: std::ops::RangeInclusive<usize> = 24..=64;

pub(super) struct Signer(hmac::Key);

impl Signer {
    pub(super) fn new(export: &Export) -> anyhow::Result<Self> {
        let secret = export.secret.as_ref().and_then(|secret| secret.secret.as_ref());
        let text = secret.context("it has no `secret`")?.expose();
        Self::of(text)
    }

    fn of(text: &str) -> anyhow::Result<Self> {
        let wrong = "`secret` is whsec_ and 24 to 64 bytes in base64, such as `openssl rand -base64 32` prints after whsec_";
        let key = STANDARD.decode(text.strip_prefix(PREFIX).context(wrong)?).ok().context(wrong)?;
        anyhow::ensure!(KEY.contains(&key.len()), wrong);
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    pub(super) async fn deliver(&self, http: &mut Http, item: &Item) -> anyhow::Result<()> {
        let body = body(item)?;
        let (id, seconds) =
            (format!("{}.{}", item.record.id, item.position), now().micros() / 1_000_000);
        let seconds = seconds.to_string();
        let signature = self.sign(&id, &seconds, &body);
        let header = |name: &'static str, value: &str| {
            anyhow::Ok((HeaderName::from_static(name), HeaderValue::from_str(value)?))
        };
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            header("webhook-id", &id)?,
            header("webhook-timestamp", &seconds)?,
            header("webhook-signature", &signature)?,
        ];
        http.post("", &headers, Bytes::from(body)).await?;
        Ok(())
    }

    /// Signs id, time and body with points between them.
    fn sign(&self, id: &str, seconds: &str, body: &[u8]) -> String {
        let signed = [id.as_bytes(), b".", seconds.as_bytes(), b".", body].concat();
        format!("v1,{}", STANDARD.encode(hmac::sign(&self.0, &signed)))
    }
}

/// The kind as the event's type, and the record as it stands in the log.
fn body(item: &Item) -> anyhow::Result<Vec<u8>> {
    let kind = Value::from(item.record.kind.as_str());
    let time = Value::from(item.record.time.to_string());
    let data = std::str::from_utf8(&item.text)?;
    Ok(format!("{{\"type\":{kind},\"timestamp\":{time},\"data\":{data}}}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // HMAC-SHA256 over "msg_1.1700000000.{}" with the key 0..32, worked out with another program.
        let key: Vec<u8> = (0..32).collect();
        let signer = Signer::of(&format!("{PREFIX}{}", STANDARD.encode(key))).unwrap();
        let signature = signer.sign("msg_1", "1700000000", b"{}");
        assert_eq!(signature, "v1,fhksJF5ElKjlPoT/jtefCO5XjQPvhf7Dhf/8R1ad9yU=");
        for bad in ["", "whsec_", "whsec_c2hvcnQ=", "c2hvcnQ=", "whsec_!"] {
            assert!(Signer::of(bad).is_err(), "{bad}");
        }
    }
}
