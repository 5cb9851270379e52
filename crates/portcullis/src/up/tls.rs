//! Certificates of the two listeners, and taking up new ones while they are in use.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use arc_swap::ArcSwapOption;
use gate::net::tls::{
    ClientCertificates, Identity, ServerSettings, ServerTls, certificates_from_pem,
};
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::Config;
use crate::config::sections::Tls;

/// What is in use. Whether a listener speaks TLS is settled at the start.
#[derive(Default)]
pub(super) struct Certificates {
    gate: OnceLock<Arc<ServerTls>>,
    console: ArcSwapOption<TlsAcceptor>,
}

impl Certificates {
    /// Reads what the configuration names; the gate's is handed to its listener.
    pub(super) fn start(&self, config: &Config) -> anyhow::Result<Option<Arc<ServerTls>>> {
        if let Some(tls) = &config.console.tls {
            self.console.store(Some(Arc::new(acceptor(tls)?)));
        }
        let Some(tls) = &config.gate.tls else { return Ok(None) };
        let server = Arc::new(ServerTls::new(settings(tls)?)?);
        Ok(Some(self.gate.get_or_init(|| server).clone()))
    }

    /// Reads the files again. What cannot be used changes nothing; open connections keep theirs.
    pub(super) fn reload(&self, config: &Config) -> anyhow::Result<()> {
        let console = match (&config.console.tls, self.console.load().is_some()) {
            (Some(tls), true) => Some(Arc::new(acceptor(tls)?)),
            _ => None,
        };
        if let (Some(tls), Some(server)) = (&config.gate.tls, self.gate.get()) {
            server.reload(settings(tls)?)?;
        }
        if console.is_some() {
            self.console.store(console);
        }
        Ok(())
    }

    /// For the next connection to the console; `None` where it speaks in clear.
    pub(super) fn console(&self) -> Option<TlsAcceptor> {
        self.console.load().as_ref().map(|acceptor| TlsAcceptor::clone(acceptor))
    }
}

/// The files that certificates are read from.
pub(super) fn files(config: &Config) -> Vec<PathBuf> {
    let sections = config.gate.tls.iter().chain(&config.console.tls);
    let of =
        |tls: &Tls| [Some(tls.certificate.clone()), Some(tls.key.clone()), tls.client_ca.clone()];
    sections.flat_map(of).flatten().collect()
}

fn shown(path: &Path) -> impl FnOnce() -> String + '_ {
    move || format!("the file {}", path.display())
}

fn settings(tls: &Tls) -> anyhow::Result<ServerSettings> {
    let read = |path: &Path| std::fs::read(path).with_context(shown(path));
    let identity = Identity::from_pem(&read(&tls.certificate)?, &read(&tls.key)?);
    let mut settings = ServerSettings::new(identity.with_context(shown(&tls.certificate))?);
    if let Some(authorities) = &tls.client_ca {
        let authorities = certificates_from_pem(&read(authorities)?)?;
        settings.client_certificates = match tls.client_optional {
            true => ClientCertificates::Optional(authorities),
            false => ClientCertificates::Required(authorities),
        };
    }
    Ok(settings)
}

/// TLS 1.3 alone: people and programs that administer the gate are up to date.
fn acceptor(tls: &Tls) -> anyhow::Result<TlsAcceptor> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&tls.certificate)
        .with_context(shown(&tls.certificate))?
        .collect();
    let chain = chain.with_context(shown(&tls.certificate))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).with_context(shown(&tls.key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?;
    let config = match &tls.client_ca {
        None => config.with_no_client_auth(),
        Some(authorities) => {
            let mut roots = rustls::RootCertStore::empty();
            for authority in
                CertificateDer::pem_file_iter(authorities).with_context(shown(authorities))?
            {
                roots.add(authority.with_context(shown(authorities))?)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            config.with_client_cert_verifier(verifier.build()?)
        }
    };
    let mut config = config.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
