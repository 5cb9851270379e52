//! Certificates made at run time, and both sides of TLS for the tests.

use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType, SerialNumber,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

/// What everybody here listens on, so what certificates are made out to.
const LOOPBACK: &str = "127.0.0.1";

/// An authority that signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    pem: (String, String),
}

impl Default for Authority {
    fn default() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }
}

impl Authority {
    /// A certificate for loopback.
    pub fn issue(&self) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![LOOPBACK.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let pem = (certificate.pem(), key.serialize_pem());
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        Identity { chain: vec![certificate.der().clone()], key, pem }
    }

    /// A client's certificate with these addresses as its alternative names.
    pub fn issue_to(&self, uris: &[&str], serial: &[u8]) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.serial_number = Some(SerialNumber::from_slice(serial));
        let uri = |uri: &&str| SanType::URI((*uri).try_into().expect("an address"));
        params.subject_alt_names = uris.iter().map(uri).collect();
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let pem = (certificate.pem(), key.serialize_pem());
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        Identity { chain: vec![certificate.der().clone()], key, pem }
    }

    /// Writes the authority's own certificate, PEM.
    pub fn write(&self, file: &Path) {
        std::fs::write(file, self.0.pem()).expect("a writable folder");
    }

    /// What a client speaks that trusts this authority alone.
    pub fn client(&self) -> Arc<ClientConfig> {
        Arc::new(self.trusting().with_no_client_auth())
    }

    /// As [`Authority::client`], and shows a certificate when asked.
    pub fn client_as(&self, identity: Identity) -> Arc<ClientConfig> {
        let config = self.trusting().with_client_auth_cert(identity.chain, identity.key);
        Arc::new(config.expect("a usable identity"))
    }

    fn trusting(
        &self,
    ) -> tokio_rustls::rustls::ConfigBuilder<
        ClientConfig,
        tokio_rustls::rustls::client::WantsClientCert,
    > {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("an authority");
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("known versions")
            .with_root_certificates(roots)
    }
}

impl Identity {
    /// Writes certificate and key, PEM.
    pub fn write(&self, certificate: &Path, key: &Path) {
        std::fs::write(key, &self.pem.1).expect("a writable folder");
        std::fs::write(certificate, &self.pem.0).expect("a writable folder");
    }

    /// What a server speaks that presents it.
    pub fn server(self) -> Arc<ServerConfig> {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("known versions")
            .with_no_client_auth()
            .with_single_cert(self.chain, self.key);
        Arc::new(config.expect("a usable identity"))
    }
}

/// Shakes hands, and insists on the version of HTTP that is asked for.
pub(crate) async fn connect(
    config: &Arc<ClientConfig>,
    stream: TcpStream,
    http2: bool,
) -> Result<TlsStream<TcpStream>, String> {
    let version = if http2 { &b"h2"[..] } else { b"http/1.1" };
    let mut config = ClientConfig::clone(config);
    config.alpn_protocols = vec![version.to_vec()];
    let name = ServerName::try_from(LOOPBACK).expect("an address");
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let stream = connected.map_err(|error| error.to_string())?;
    match stream.get_ref().1.alpn_protocol() {
        Some(agreed) if agreed == version => Ok(stream),
        other => Err(format!("the version of HTTP was not agreed on: {other:?}")),
    }
}
