//! A bucket of an S3-compatible store, as far as an archive needs it: read, put on a condition, list
//! and remove, each request signed by AWS Signature Version 4.
//!
//! Answers from outside are bounded; what fails for a moment is tried again. [`Bucket`] is the client,
//! [`shelf::BucketShelf`] the archive in it.

mod list;
pub(crate) mod shelf;
mod sign;
#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{ETAG, HOST, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};
use model::{Secret, Timestamp};

use crate::client::{self, Sender};
use crate::visible::visible;
use sign::{Keys, Signed};

/// The longest object that is read.
const MAX_OBJECT: usize = 1 << 30;
/// Objects of one listing.
const MAX_LISTED: usize = 10_000_000;
/// Of a refusal, so many bytes are read, and so many shown.
const MAX_REFUSAL: usize = 64 << 10;
const SHOWN: usize = 200;
/// The longest that one request may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a request is made that fails for a moment, and how long is waited before the second
/// time; before each further one twice as long.
const ATTEMPTS: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// A connection that lay idle longer is not trusted to be open.
const IDLE: Duration = Duration::from_secs(4);
/// Connections that are kept.
const MAX_KEPT: usize = 16;

const CHECKSUM: HeaderName = HeaderName::from_static("x-amz-checksum-sha256");
const CHECKSUM_MODE: HeaderName = HeaderName::from_static("x-amz-checksum-mode");

/// How a bucket is reached.
pub(crate) struct Access {
    pub(crate) bucket: String,
    /// Where buckets are, each by its path; left out, the one of AWS in the region.
    pub(crate) endpoint: Option<Uri>,
    pub(crate) region: String,
    pub(crate) access_key: Secret,
    pub(crate) secret_key: Secret,
    pub(crate) session_token: Option<Secret>,
    /// Authorities instead of those of the system.
    pub(crate) tls: Option<Arc<rustls::ClientConfig>>,
}

pub(crate) struct Bucket {
    base: Uri,
    /// Stands before each object's key in a path.
    root: String,
    keys: Keys,
    tls: Option<Arc<rustls::ClientConfig>>,
    clock: fn() -> Timestamp,
    idle: Mutex<Vec<(Sender, Instant)>>,
}

/// An answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// An object as it was found.
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    pub(crate) etag: String,
}

/// What has to be true for an object to be put.
#[derive(Clone, Copy)]
pub(crate) enum Over<'a> {
    /// There is none.
    Nothing,
    /// It is the one with this tag.
    Tag(&'a str),
}

impl Bucket {
    pub(crate) fn new(access: Access, clock: fn() -> Timestamp) -> anyhow::Result<Self> {
        let (base, root) = match access.endpoint {
            Some(endpoint) => {
                let path = endpoint.path().trim_end_matches('/').to_owned();
                (endpoint, format!("{path}/{}", access.bucket))
            }
            None => {
                let host = format!("https://{}.s3.{}.amazonaws.com", access.bucket, access.region);
                (host.parse().context("bucket and region make no address")?, String::new())
            }
        };
        let is_secure = base.scheme_str() == Some("https");
        let tls = match access.tls {
            None if is_secure => Some(Arc::new(client::trust()?)),
            tls => tls,
        };
        let keys = Keys {
            region: access.region,
            access_key: access.access_key,
            secret_key: access.secret_key,
            session_token: access.session_token,
        };
        Ok(Self { base, root, keys, tls, clock, idle: Mutex::default() })
    }

    pub(crate) async fn read(&self, key: &str) -> anyhow::Result<Option<Object>> {
        let answer = self.ask(Method::GET, key, "", HeaderMap::new(), Bytes::new()).await?;
        match answer.status {
            StatusCode::OK => {
                let etag = answer.etag()?;
                Ok(Some(Object { bytes: answer.body, etag }))
            }
            StatusCode::NOT_FOUND if !answer.lacks_the_bucket() => Ok(None),
            _ => Err(answer.refusal()),
        }
    }

    /// The SHA-256 that the store computed over an object, in base64, where it did.
    pub(crate) async fn checksum(&self, key: &str) -> anyhow::Result<Option<Option<String>>> {
        let headers = HeaderMap::from_iter([(CHECKSUM_MODE, HeaderValue::from_static("ENABLED"))]);
        let answer = self.ask(Method::HEAD, key, "", headers, Bytes::new()).await?;
        match answer.status {
            StatusCode::OK => {
                let sum = answer.headers.get(CHECKSUM).and_then(|sum| sum.to_str().ok());
                Ok(Some(sum.map(str::to_owned)))
            }
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(answer.refusal()),
        }
    }

    /// Puts an object on a condition; says whether the condition held.
    pub(crate) async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        over: Over<'_>,
    ) -> anyhow::Result<bool> {
        let mut headers = HeaderMap::new();
        match over {
            Over::Nothing => headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*")),
            Over::Tag(tag) => headers.insert(IF_MATCH, HeaderValue::from_str(tag)?),
        };
        headers.insert(CHECKSUM, HeaderValue::from_str(&sign::base64_sha256(&bytes))?);
        let answer = self.ask(Method::PUT, key, "", headers, bytes).await?;
        match answer.status {
            StatusCode::OK => Ok(true),
            StatusCode::PRECONDITION_FAILED => Ok(false),
            // A tag of an object that is gone.
            StatusCode::NOT_FOUND if matches!(over, Over::Tag(_)) && !answer.lacks_the_bucket() => {
                Ok(false)
            }
            _ => Err(answer.refusal()),
        }
    }

    /// The keys of all objects that begin so.
    pub(crate) async fn list(&self, prefix: &str) -> anyhow::Result<Vec<String>> {
        let (mut keys, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("list-type", "2"), ("prefix", prefix)];
            query.extend(token.as_deref().map(|token| ("continuation-token", token)));
            let query = sign::query(&mut query);
            let answer = self.ask(Method::GET, "", &query, HeaderMap::new(), Bytes::new()).await?;
            if answer.status != StatusCode::OK {
                return Err(answer.refusal());
            }
            let page = list::page(&String::from_utf8_lossy(&answer.body))?;
            keys.extend(page.keys.into_iter().filter(|key| key.starts_with(prefix)));
            anyhow::ensure!(keys.len() <= MAX_LISTED, "it lists more objects than a log has");
            match page.next {
                // A page that leads back to itself would never end.
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => return Ok(keys),
            }
        }
    }

    pub(crate) async fn remove(&self, key: &str) -> anyhow::Result<()> {
        let answer = self.ask(Method::DELETE, key, "", HeaderMap::new(), Bytes::new()).await?;
        match answer.status {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            StatusCode::NOT_FOUND if !answer.lacks_the_bucket() => Ok(()),
            _ => Err(answer.refusal()),
        }
    }

    /// Asks until there is an answer that stands.
    async fn ask(
        &self,
        method: Method,
        key: &str,
        query: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> anyhow::Result<Answer> {
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            let request = self.request(&method, key, query, &headers, body.clone())?;
            let answered = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
            let answered = answered.unwrap_or_else(|_| {
                Err(anyhow::anyhow!("it did not answer within {} seconds", PATIENCE.as_secs()))
            });
            let is_lasting = answered.as_ref().is_ok_and(|answer| !answer.is_passing());
            if is_lasting || attempt >= ATTEMPTS {
                return answered;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        anyhow::bail!("it was never asked")
    }

    fn request(
        &self,
        method: &Method,
        key: &str,
        query: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> anyhow::Result<Request<Full<Bytes>>> {
        let host = self.base.authority().map_or("localhost", |authority| authority.as_str());
        let mut path = self.root.clone();
        // Writing to a string cannot fail.
        let _ = write!(path, "/{}", sign::escaped(key, true));
        let mut headers = headers.clone();
        headers.insert(HOST, HeaderValue::from_str(host)?);
        let signed = Signed { method, path: &path, query, body: &body };
        self.keys.sign(&signed, &mut headers, (self.clock)())?;
        let joint = if query.is_empty() { "" } else { "?" };
        let mut request = Request::builder().method(method).uri(format!("{path}{joint}{query}"));
        if let Some(into) = request.headers_mut() {
            *into = headers;
        }
        Ok(request.body(Full::new(body))?)
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        let mut sender = match self.kept() {
            Some(sender) => sender,
            None => client::dial_with(&self.base, self.tls.as_ref()).await?,
        };
        let answer = sender.send_request(request).await?;
        let (head, body) = answer.into_parts();
        let most = if head.status.is_success() { MAX_OBJECT } else { MAX_REFUSAL };
        let body = Limited::new(body, most).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("its answer broke off: {error}"))?;
        if sender.ready().await.is_ok() {
            self.keep(sender);
        }
        Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
    }

    fn kept(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((sender, at)) = idle.pop() {
            if sender.is_ready() && at.elapsed() < IDLE {
                return Some(sender);
            }
        }
        None
    }

    fn keep(&self, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_KEPT {
            idle.push((sender, Instant::now()));
        }
    }
}

impl Answer {
    fn etag(&self) -> anyhow::Result<String> {
        let etag = self.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        Ok(etag.context("it gives objects no tag (ETag)")?.to_owned())
    }

    /// Whether the next one may be another: the store is busy, or somebody else wrote just now.
    fn is_passing(&self) -> bool {
        let is_busy = matches!(self.status.as_u16(), 409 | 429 | 500 | 502 | 503 | 504);
        is_busy && self.code() != "NotImplemented"
    }

    /// Not the object is missing but what it would be in.
    fn lacks_the_bucket(&self) -> bool {
        self.code() == "NoSuchBucket"
    }

    fn code(&self) -> String {
        list::text(&String::from_utf8_lossy(&self.body), "Code").unwrap_or_default()
    }

    fn refusal(&self) -> anyhow::Error {
        let body = String::from_utf8_lossy(&self.body);
        let shown = |name| list::text(&body, name).unwrap_or_default();
        let text = [shown("Code"), shown("Message")].join(" ");
        let text = model::clip(text.trim(), SHOWN);
        match text {
            "" => anyhow::anyhow!("it answered {}", self.status),
            text => anyhow::anyhow!("it answered {}: {}", self.status, visible(text)),
        }
    }
}
