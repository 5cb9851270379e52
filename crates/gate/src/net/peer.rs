//! Who is at the other end of an accepted connection, as far as the transport can tell.

use std::net::SocketAddr;
use std::sync::OnceLock;

use rustls_pki_types::CertificateDer;

/// The far end of an accepted connection. The same for all requests on it.
#[derive(Debug)]
pub struct Peer {
    /// The address that the connection came from.
    pub address: SocketAddr,
    /// The address of ours that it was made to.
    pub local: SocketAddr,
    /// Is the connection encrypted?
    pub is_tls: bool,
    /// The name that the client asked for in the TLS handshake (RFC 6066 section 3).
    pub server_name: Option<String>,
    /// The client's certificate, end entity first. Present only when it was verified.
    pub certificates: Vec<CertificateDer<'static>>,
    /// What it says, once somebody has read it.
    pub named: OnceLock<Option<identity::Certificate>>,
}

impl Peer {
    pub(super) fn plain(address: SocketAddr, local: SocketAddr) -> Self {
        Self {
            address,
            local,
            is_tls: false,
            server_name: None,
            certificates: Vec::new(),
            named: OnceLock::new(),
        }
    }
}
