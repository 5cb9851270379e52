//! TLS on both sides: rustls with ring. Servers speak TLS 1.3 unless 1.2 is asked for.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// What is wrong with the material for TLS. Says nothing about keys.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("no certificate found, expected PEM with at least one CERTIFICATE block")]
    NoCertificate,
    #[error("no private key found, expected PEM with a PRIVATE KEY block")]
    NoPrivateKey,
    #[error("the certificate and its key cannot be used: {0}")]
    Identity(rustls::Error),
    #[error("the certificate authorities cannot be used: {0}")]
    Authorities(String),
}

/// A certificate chain with its private key.
#[derive(Debug)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        Self { chain, key }
    }

    /// Reads a chain (end entity first) and a key from PEM.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoPrivateKey)?;
        Ok(Self { chain: certificates_from_pem(chain)?, key })
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

/// Reads the certificates of a PEM file; at least one.
pub fn certificates_from_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or(TlsError::NoCertificate)
}

/// Whether clients show a certificate, and who may have issued it.
#[derive(Clone, Debug, Default)]
pub enum ClientCertificates {
    #[default]
    Ignored,
    /// Verified when shown.
    Optional(Vec<CertificateDer<'static>>),
    Required(Vec<CertificateDer<'static>>),
}

/// How a listener presents itself.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    pub identity: Identity,
    pub client_certificates: ClientCertificates,
    /// Also accept TLS 1.2?
    pub allows_tls12: bool,
}

impl ServerSettings {
    pub fn new(identity: Identity) -> Self {
        Self { identity, client_certificates: ClientCertificates::Ignored, allows_tls12: false }
    }
}

/// The TLS side of a listener. New handshakes see what [`ServerTls::reload`] last accepted.
#[derive(Debug)]
pub struct ServerTls {
    current: ArcSwap<ServerConfig>,
}

impl ServerTls {
    pub fn new(settings: ServerSettings) -> Result<Self, TlsError> {
        Ok(Self { current: ArcSwap::from_pointee(server_config(settings)?) })
    }

    /// Takes new material without a restart. An error changes nothing.
    pub fn reload(&self, settings: ServerSettings) -> Result<(), TlsError> {
        self.current.store(Arc::new(server_config(settings)?));
        Ok(())
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }
}

fn server_config(settings: ServerSettings) -> Result<ServerConfig, TlsError> {
    let verifier = client_verifier(settings.client_certificates)?;
    let Identity { chain, key } = settings.identity;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions(settings.allows_tls12))
        .map_err(TlsError::Identity)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(TlsError::Identity)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn client_verifier(wanted: ClientCertificates) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let (authorities, is_required) = match wanted {
        ClientCertificates::Ignored => return Ok(WebPkiClientVerifier::no_client_auth()),
        ClientCertificates::Optional(authorities) => (authorities, false),
        ClientCertificates::Required(authorities) => (authorities, true),
    };
    let roots = Arc::new(store_of(authorities)?);
    let builder = WebPkiClientVerifier::builder_with_provider(roots, provider());
    let builder = if is_required { builder } else { builder.allow_unauthenticated() };
    builder.build().map_err(|error| TlsError::Authorities(error.to_string()))
}

/// How the gate presents itself to an upstream, and whom it trusts there.
#[derive(Clone, Debug, Default)]
pub struct ClientSettings {
    /// Trust the system's authorities, or Mozilla's where the system has none?
    pub trusts_public_authorities: bool,
    /// Further authorities.
    pub authorities: Vec<CertificateDer<'static>>,
    /// Shown to upstreams that ask for a certificate.
    pub identity: Option<Identity>,
}

impl ClientSettings {
    /// Trusts the public authorities, shows no certificate.
    pub fn public() -> Self {
        Self { trusts_public_authorities: true, ..Self::default() }
    }
}

/// The TLS side of an upstream target.
#[derive(Clone, Debug)]
pub struct ClientTls {
    /// Without ALPN; [`ClientTls::config`] adds it.
    base: Arc<ClientConfig>,
}

impl ClientTls {
    pub fn new(settings: ClientSettings) -> Result<Self, TlsError> {
        let mut roots = store_of(settings.authorities)?;
        if settings.trusts_public_authorities {
            roots.roots.extend(public_authorities().roots.iter().cloned());
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| TlsError::Authorities(error.to_string()))?;
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions(true))
            .map_err(TlsError::Identity)?
            .with_webpki_verifier(verifier);
        let config = match settings.identity {
            None => builder.with_no_client_auth(),
            Some(Identity { chain, key }) => {
                builder.with_client_auth_cert(chain, key).map_err(TlsError::Identity)?
            }
        };
        Ok(Self { base: Arc::new(config) })
    }

    pub(super) fn config(&self, protocols: &[&str]) -> Arc<ClientConfig> {
        let mut config = ClientConfig::clone(&self.base);
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

/// Read once: the system's store may hold hundreds of files.
fn public_authorities() -> &'static RootCertStore {
    static STORE: OnceLock<RootCertStore> = OnceLock::new();
    STORE.get_or_init(|| {
        let mut store = RootCertStore::empty();
        let (added, _) =
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        store
    })
}

fn store_of(authorities: Vec<CertificateDer<'static>>) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for authority in authorities {
        store.add(authority).map_err(|error| TlsError::Authorities(error.to_string()))?;
    }
    Ok(store)
}

fn versions(allows_tls12: bool) -> &'static [&'static SupportedProtocolVersion] {
    const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
    const NEWEST: &[&SupportedProtocolVersion] = &[&version::TLS13];
    if allows_tls12 { BOTH } else { NEWEST }
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(ring::default_provider())).clone()
}
