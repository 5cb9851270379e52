//! A sink behind HTTP: one connection that is kept, its own authorities, a token.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use hyper::{Request, StatusCode, Uri};

use crate::client::{self, Sender};
use crate::config::sections::Export;
use crate::visible::visible;

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 10;
/// Of a refusal, so many bytes are shown.
const SHOWN: usize = 200;
/// A connection that lay idle longer is not trusted to be open.
const IDLE: Duration = Duration::from_secs(20);

pub(super) struct Http {
    url: Uri,
    tls: Option<Arc<rustls::ClientConfig>>,
    token: Option<HeaderValue>,
    connection: Option<(Sender, SystemTime)>,
}

impl Http {
    pub(super) fn new(export: &Export) -> anyhow::Result<Self> {
        let url = export.url.as_ref().context("it has no `url`")?.0.clone();
        let is_tls = url.scheme_str() == Some("https");
        let tls = if is_tls { Some(client::trust_file(export.ca.as_deref())?) } else { None };
        let token = export.token.as_ref().and_then(|token| token.secret.as_ref());
        let bearer = |token: &model::Secret| {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
                .context("`token` holds characters that no header may hold")?;
            value.set_sensitive(true);
            anyhow::Ok(value)
        };
        Ok(Self { url, tls, token: token.map(bearer).transpose()?, connection: None })
    }

    /// Posts to the sink's address and what is added to it. Fails unless it answers that it took it.
    pub(super) async fn post(
        &mut self,
        add: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: Bytes,
    ) -> anyhow::Result<Bytes> {
        let request = self.request(add, headers, body)?;
        let mut sender = match self.connection.take() {
            Some((sender, at)) if sender.is_ready() && at.elapsed().is_ok_and(|t| t < IDLE) => {
                sender
            }
            _ => client::dial_with(&self.url, self.tls.as_ref()).await?,
        };
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
        let body =
            body.map_err(|error| anyhow::anyhow!("its answer broke off: {error}"))?.to_bytes();
        anyhow::ensure!(status.is_success(), "it answered {}", shown(status, &body));
        if sender.ready().await.is_ok() {
            self.connection = Some((sender, SystemTime::now()));
        }
        Ok(body)
    }

    pub(super) fn reset(&mut self) {
        self.connection = None;
    }

    fn request(
        &self,
        add: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: Bytes,
    ) -> anyhow::Result<Request<Full<Bytes>>> {
        let path = self.url.path();
        let path = if add.is_empty() {
            path.to_owned()
        } else {
            format!("{}{add}", path.trim_end_matches('/'))
        };
        let host = self.url.authority().map_or("localhost", |authority| authority.as_str());
        let mut request = Request::post(path).header(HOST, host);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        Ok(request.body(Full::new(body))?)
    }
}

fn shown(status: StatusCode, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = model::clip(text.trim(), SHOWN);
    if text.is_empty() { status.to_string() } else { format!("{status}: {}", visible(text)) }
}
