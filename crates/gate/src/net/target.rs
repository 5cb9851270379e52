//! Where requests go, and within which bounds.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderValue;
use http::uri::{Authority, Scheme};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::time::Instant;

use super::clock::lock;
use super::tls::ClientTls;

/// Which version of HTTP an upstream is spoken to in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Http2 {
    /// What ALPN settles on; HTTP/1.1 without TLS.
    #[default]
    Negotiated,
    /// HTTP/2, also without TLS (RFC 9113 section 3.3).
    PriorKnowledge,
    Off,
}

/// How long an upstream may take. Each passes into an error of its own.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Name lookup, TCP and TLS together.
    pub connect: Duration,
    /// From sending to the answer's head.
    pub first_byte: Duration,
    /// Between two pieces of the answer's body, while we wait for one.
    pub idle: Duration,
    /// From sending to the end of the answer.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(300),
            idle: Duration::from_secs(300),
            total: Duration::from_secs(3600),
        }
    }
}

/// What an upstream may cost us, per worker.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once, idle ones included.
    pub max_connections: usize,
    /// Idle connections that are kept.
    pub max_idle: usize,
    /// How long one is kept.
    pub idle_timeout: Duration,
    /// Bytes of an answer's head. HTTP/1 heads also have at most 100 fields.
    pub header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_idle: 256,
            idle_timeout: Duration::from_secs(60),
            header_bytes: 64 * 1024,
        }
    }
}

/// What a [`Target`] is made of.
#[derive(Clone, Debug)]
pub struct TargetSettings {
    /// A name or an address, without brackets.
    pub host: String,
    pub port: u16,
    /// None speaks plain HTTP.
    pub tls: Option<ClientTls>,
    pub http2: Http2,
    pub timeouts: Timeouts,
    pub limits: Limits,
}

impl TargetSettings {
    /// Plain HTTP with the default bounds.
    pub fn plain(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
            tls: None,
            http2: Http2::default(),
            timeouts: Timeouts::default(),
            limits: Limits::default(),
        }
    }
}

/// The host of a target is neither a name nor an address.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is neither a host name nor an address; give it without scheme, port and path")]
pub struct InvalidHost(String);

/// An upstream. Connections are shared by the requests to one `Target`, not by equal ones.
#[derive(Debug)]
pub struct Target {
    pub(super) id: u64,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    pub(super) authority: Authority,
    pub(super) host_header: HeaderValue,
    pub(super) http2: Http2,
    pub(super) timeouts: Timeouts,
    pub(super) limits: Limits,
    resolved: Mutex<Option<Resolved>>,
}

#[derive(Debug)]
struct Resolved {
    at: Instant,
    addresses: Arc<[SocketAddr]>,
}

/// How long a name's addresses are used before they are looked up again.
const RESOLVED_FOR: Duration = Duration::from_secs(30);

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

impl Target {
    pub fn new(settings: TargetSettings) -> Result<Self, InvalidHost> {
        let TargetSettings { host, port, tls, http2, timeouts, limits } = settings;
        let invalid = || InvalidHost(host.clone());
        let default_port = if tls.is_some() { 443 } else { 80 };
        let shown = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let with_port = if port == default_port { shown } else { format!("{shown}:{port}") };
        let authority: Authority = with_port.parse().map_err(|_| invalid())?;
        let host_header = HeaderValue::from_str(&with_port).map_err(|_| invalid())?;
        let name = ServerName::try_from(host.clone()).map_err(|_| invalid())?;
        let protocols: &[&str] = match http2 {
            Http2::Negotiated => &["h2", "http/1.1"],
            Http2::PriorKnowledge => &["h2"],
            Http2::Off => &["http/1.1"],
        };
        let tls = tls.map(|tls| (tls.config(protocols), name));
        let id = NEXT_ID.fetch_add(1, Relaxed);
        let resolved = Mutex::default();
        Ok(Self { id, host, port, tls, authority, host_header, http2, timeouts, limits, resolved })
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn scheme(&self) -> Scheme {
        if self.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP }
    }

    pub(super) fn known_addresses(&self) -> Option<Arc<[SocketAddr]>> {
        let resolved = lock(&self.resolved);
        let fresh = resolved.as_ref().filter(|resolved| resolved.at.elapsed() < RESOLVED_FOR)?;
        Some(fresh.addresses.clone())
    }

    pub(super) fn remember_addresses(&self, addresses: Arc<[SocketAddr]>) {
        *lock(&self.resolved) = Some(Resolved { at: Instant::now(), addresses });
    }

    pub(super) fn forget_addresses(&self) {
        *lock(&self.resolved) = None;
    }
}
