//! A log behind an address: checkpoints and tiles over HTTP, and the records where they may be read.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::{Request, StatusCode, Uri};
use ledger::verify::{Part, Source, SourceError};
use model::Secret;
use tokio::runtime::Runtime;

use crate::cli::Failure;
use crate::client::{ClientError, Sender, dial};
use crate::config::types::BaseUrl;

/// The longest file, in bytes: a full bundle of the longest records has 17 MB.
const MAX_FILE: usize = 32 << 20;
/// The longest that one file may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// What tells whether the records can be read.
const FIRST_BUNDLE: &str = "tile/entries/000";

/// A log behind an address.
pub(super) struct Remote {
    base: Uri,
    token: Option<HeaderValue>,
    runtime: Runtime,
    connection: Option<Sender>,
    has_entries: Option<bool>,
}

impl Remote {
    /// `token` is sent over TLS or to this machine only.
    pub(super) fn new(url: &str, token: Option<&str>) -> Result<Self, Failure> {
        let base: BaseUrl = url.parse().map_err(|error| Failure::Usage(format!("{error}")))?;
        let token = token.filter(|token| !token.is_empty());
        if token.is_some() && base.0.scheme_str() != Some("https") && !base.is_loopback() {
            return Err(ClientError::ClearText.into());
        }
        let token = token.map(|token| bearer(&Secret::new(token.to_owned()))).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Failed(error.into()))?;
        Ok(Self { base: base.0, token, runtime, connection: None, has_entries: None })
    }

    /// Leaves the records alone, whether they could be read or not.
    pub(super) fn without_entries(&mut self) {
        self.has_entries = Some(false);
    }

    /// Status and body of a file.
    fn get(&mut self, path: &str) -> Result<(StatusCode, Bytes), SourceError> {
        let failed = |reason: String| SourceError { file: path.to_owned(), reason };
        let reused = self.connection.take();
        let was_reused = reused.is_some();
        match self.attempt(reused, path) {
            // The server may have closed an idle connection; a new one tells.
            Err(ClientError::Http(_)) if was_reused => self.attempt(None, path),
            other => other,
        }
        .map_err(|error| failed(error.to_string()))
    }

    fn attempt(
        &mut self,
        connection: Option<Sender>,
        path: &str,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let request = self.request(path)?;
        let base = self.base.clone();
        let exchange = async move {
            let mut sender = match connection {
                Some(sender) if sender.is_ready() => sender,
                _ => dial(&base).await?,
            };
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MAX_FILE).collect().await;
            let broken = |_| ClientError::Answer("it broke off or is too long");
            let body = body.map_err(broken)?.to_bytes();
            // So that the connection can be used again.
            let ready = sender.ready().await.is_ok();
            Ok::<_, ClientError>((status, body, ready.then_some(sender)))
        };
        let limited = async { tokio::time::timeout(TIMEOUT, exchange).await };
        let (status, body, sender) =
            self.runtime.block_on(limited).map_err(|_| ClientError::Timeout)??;
        self.connection = sender;
        Ok((status, body))
    }

    fn request(&self, path: &str) -> Result<Request<Full<Bytes>>, ClientError> {
        let host = self.base.authority().map_or("localhost", |authority| authority.as_str());
        let path = format!("{}/{path}", self.base.path().trim_end_matches('/'));
        let mut request = Request::get(path).header(HOST, host);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        request.body(Full::default()).map_err(|_| ClientError::Address)
    }
}

fn bearer(token: &Secret) -> Result<HeaderValue, Failure> {
    let value = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
    let mut value = value.map_err(|_| ClientError::NoToken)?;
    value.set_sensitive(true);
    Ok(value)
}

impl Source for Remote {
    fn offers(&mut self, part: Part) -> Result<bool, SourceError> {
        match part {
            // Logs of others need not have these.
            Part::Key => Ok(false),
            Part::History => Ok(self.get("checkpoints")?.0.is_success()),
            Part::Entries => {
                if let Some(known) = self.has_entries {
                    return Ok(known);
                }
                // A refusal is told from a bundle that is not there.
                let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
                let has_entries = !refused.contains(&self.get(FIRST_BUNDLE)?.0);
                self.has_entries = Some(has_entries);
                Ok(has_entries)
            }
        }
    }

    fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        match self.get(path)? {
            (status, body) if status.is_success() => Ok(Some(body.into())),
            (StatusCode::NOT_FOUND | StatusCode::GONE, _) => Ok(None),
            // The same for a file that is not for everybody: it cannot be had from here.
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Ok(None),
            (status, _) => {
                let reason = format!("the server answered {status}");
                Err(SourceError { file: path.to_owned(), reason })
            }
        }
    }

    fn segments(&mut self) -> Result<Vec<u64>, SourceError> {
        Ok(Vec::new())
    }
}
