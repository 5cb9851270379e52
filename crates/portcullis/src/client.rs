//! Speaks to a running instance: over the Unix socket of its data folder, or over TCP.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use model::{Secret, TenantId};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

/// The longest that a call may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The header by which the operator at the socket names a tenant.
const TENANT: &str = "portcullis-tenant";
/// The longest answer, in bytes.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// Where the instance is.
#[derive(Debug)]
pub enum Target {
    /// The socket in the data folder. Who may open it is the owner.
    Socket {
        path: PathBuf,
        /// In which tenant the operator acts; without one, in `main`.
        tenant: Option<TenantId>,
    },
    Remote {
        base: Uri,
        token: Secret,
    },
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("no instance is running here (there is no socket {0}); start one with: portcullis up")]
    NotRunning(PathBuf),
    #[error("the socket {0} is not yours to open; run as the owner of the data folder")]
    NotYours(PathBuf),
    #[error("the instance cannot be reached: {0}")]
    Unreachable(std::io::Error),
    #[error("--server takes an address such as https://gate.example.com:4180")]
    Address,
    #[error("--server needs a token in PORTCULLIS_TOKEN; `portcullis user token` makes one")]
    NoToken,
    #[error("a token is sent over http:// to this machine only; use https://")]
    ClearText,
    #[error("the instance's certificate is not trusted: {0}")]
    Tls(String),
    #[error("the instance broke off: {0}")]
    Http(#[from] hyper::Error),
    #[error("the instance did not answer within {} seconds", TIMEOUT.as_secs())]
    Timeout,
    #[error("the instance gave an answer that is none of its own: {0}")]
    Answer(&'static str),
    #[error("{detail}")]
    Refused { status: u16, detail: String },
}

impl Target {
    /// Reads `--server`.
    pub fn parse(url: &str, token: &str) -> Result<Self, ClientError> {
        let base: Uri = url.parse().map_err(|_| ClientError::Address)?;
        let host = base.host().ok_or(ClientError::Address)?.trim_matches(['[', ']']);
        let local =
            host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        match base.scheme_str() {
            Some("https") => {}
            Some("http") if local => {}
            Some("http") => return Err(ClientError::ClearText),
            _ => return Err(ClientError::Address),
        }
        if token.is_empty() {
            return Err(ClientError::NoToken);
        }
        Ok(Self::Remote { base, token: Secret::new(token.to_owned()) })
    }
}

/// One caller of one instance.
pub struct Client {
    target: Target,
}

impl Client {
    pub fn new(target: Target) -> Self {
        Self { target }
    }

    /// Sends one request, and reads the JSON that answers it.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ClientError> {
        let request = self.request(method, path, body)?;
        match tokio::time::timeout(TIMEOUT, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::Timeout),
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let host = match &self.target {
            Target::Socket { .. } => "localhost",
            Target::Remote { base, .. } => base.authority().map_or("localhost", |a| a.as_str()),
        };
        let mut request = Request::builder().method(method).uri(path).header(HOST, host);
        if let Target::Remote { token, .. } = &self.target {
            let value = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
            let mut value = value.map_err(|_| ClientError::NoToken)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Target::Socket { tenant: Some(tenant), .. } = &self.target {
            request = request.header(TENANT, tenant.as_str());
        }
        let body = match body {
            Some(value) => {
                request = request.header(CONTENT_TYPE, "application/json");
                value.to_string()
            }
            None => String::new(),
        };
        request.body(Full::new(Bytes::from(body))).map_err(|_| ClientError::Address)
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Value, ClientError> {
        let answer = match &self.target {
            Target::Socket { path, .. } => {
                let stream = tokio::net::UnixStream::connect(path).await;
                send(stream.map_err(|error| socket_error(path, error))?, request).await?
            }
            Target::Remote { base, .. } => remote(base, request).await?,
        };
        read(answer).await
    }
}

fn socket_error(path: &Path, error: std::io::Error) -> ClientError {
    use std::io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
    match error.kind() {
        // A socket that nobody listens on was left by a process that is gone.
        NotFound | ConnectionRefused => ClientError::NotRunning(path.to_owned()),
        PermissionDenied => ClientError::NotYours(path.to_owned()),
        _ => ClientError::Unreachable(error),
    }
}

async fn remote(
    base: &Uri,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, ClientError> {
    Ok(dial(base).await?.send_request(request).await?)
}

/// One connection of HTTP/1.1.
pub(crate) type Sender = hyper::client::conn::http1::SendRequest<Full<Bytes>>;

/// Connects to the host of an address, with TLS where it says `https`.
pub(crate) async fn dial(base: &Uri) -> Result<Sender, ClientError> {
    dial_with(base, None).await
}

/// As [`dial`], with the authorities that are given, if any are.
pub(crate) async fn dial_with(
    base: &Uri,
    tls: Option<&Arc<rustls::ClientConfig>>,
) -> Result<Sender, ClientError> {
    let host = base.host().unwrap_or_default().trim_matches(['[', ']']);
    let secure = base.scheme_str() == Some("https");
    let port = base.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = tokio::net::TcpStream::connect((host, port)).await;
    let stream = stream.map_err(ClientError::Unreachable)?;
    if !secure {
        return open(stream).await;
    }
    let name = rustls_pki_types::ServerName::try_from(host.to_owned());
    let name = name.map_err(|_| ClientError::Address)?;
    let config = tls.map_or_else(|| trust().map(Arc::new), |tls| Ok(Arc::clone(tls)))?;
    let connector = tokio_rustls::TlsConnector::from(config);
    let stream = connector.connect(name, stream).await;
    open(stream.map_err(|error| ClientError::Tls(error.to_string()))?).await
}

/// The authorities of this system.
pub fn trust() -> Result<rustls::ClientConfig, ClientError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(ClientError::Tls("this system has no certificate authorities".to_owned()));
    }
    trusting(roots)
}

/// Those of a file, PEM, and no others; without one those of this system.
pub(crate) fn trust_file(ca: Option<&Path>) -> anyhow::Result<Arc<rustls::ClientConfig>> {
    let Some(file) = ca else { return Ok(Arc::new(trust()?)) };
    let pem = std::fs::read(file).with_context(|| format!("the file {}", file.display()))?;
    Ok(Arc::new(trust_only(gate::net::tls::certificates_from_pem(&pem)?)?))
}

/// These authorities, and no others.
pub(crate) fn trust_only(
    authorities: Vec<rustls_pki_types::CertificateDer<'static>>,
) -> Result<rustls::ClientConfig, ClientError> {
    let mut roots = rustls::RootCertStore::empty();
    for authority in authorities {
        roots.add(authority).map_err(|error| ClientError::Tls(error.to_string()))?;
    }
    trusting(roots)
}

fn trusting(roots: rustls::RootCertStore) -> Result<rustls::ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| ClientError::Tls(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, ClientError> {
    Ok(open(stream).await?.send_request(request).await?)
}

async fn open(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> Result<Sender, ClientError> {
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the last answer; its error is the sender's as well.
    tokio::spawn(connection);
    Ok(sender)
}

async fn read(answer: Response<Incoming>) -> Result<Value, ClientError> {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
    let body = body.map_err(|_| ClientError::Answer("it broke off or is too long"))?.to_bytes();
    if body.is_empty() && status.is_success() {
        return Ok(Value::Null);
    }
    let value: Option<Value> = serde_json::from_slice(&body).ok();
    if status.is_success() {
        return value.ok_or(ClientError::Answer("it is no JSON"));
    }
    // Problem details (RFC 9457).
    let text = |name| value.as_ref().and_then(|value| value[name].as_str());
    let detail = text("detail").or_else(|| text("title")).map(str::to_owned);
    let detail = detail.unwrap_or_else(|| format!("the instance answered {status}"));
    Err(ClientError::Refused { status: status.as_u16(), detail })
}
