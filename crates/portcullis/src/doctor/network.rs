//! Ports that are free or our own, and providers that can be reached.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;

use super::Finding;
use crate::archive::Opener;
use crate::client;
use crate::config::sections::Provider;
use crate::config::{Config, Environment};

pub(super) fn listeners(config: &Config, running: bool) -> Vec<Finding> {
    let listeners = [("gate port", config.gate.listen), ("console port", config.console.listen)];
    let mut findings: Vec<_> =
        listeners.iter().map(|(check, address)| listener(check, *address, running)).collect();
    let detail = if running { "answers on its socket" } else { "is not running" };
    findings.push(Finding::ok("instance", detail));
    findings
}

fn listener(check: &str, address: SocketAddr, running: bool) -> Finding {
    match (TcpListener::bind(address), running) {
        (Ok(_), false) => Finding::ok(check, format!("{address} is free")),
        (Err(_), true) => Finding::ok(check, format!("{address} is in use, and the instance runs")),
        (Ok(_), true) => Finding::failed(
            check,
            format!("the instance runs, and nobody listens on {address}"),
            "restart the instance: a changed `listen` needs it",
        ),
        (Err(error), false) => Finding::failed(
            check,
            format!("{address} cannot be used: {error}"),
            "stop what listens there, or write another address as `listen`",
        ),
    }
}

/// How long each provider may take.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn providers(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for provider in &config.provider {
        let check = format!("provider {}", provider.name);
        let reached = tokio::time::timeout(PATIENCE, reach(provider)).await;
        let address = provider.address();
        findings.push(match reached {
            Ok(Ok(())) => Finding::ok(&check, format!("{address} can be reached")),
            Ok(Err(problem)) => Finding::failed(
                &check,
                format!("{address} cannot be reached: {problem}"),
                "look at `base_url`, the name service, and the firewall",
            ),
            Err(_) => Finding::failed(
                &check,
                format!("{address} did not answer within {} seconds", PATIENCE.as_secs()),
                "look at the firewall, and whether this machine needs a proxy",
            ),
        });
    }
    findings
}

/// Whether the archive can be written, and keeps what it is told to keep.
pub(super) async fn archive(config: &Config) -> Option<Finding> {
    let place = config.data.archive.as_ref()?;
    // Secrets were read with the configuration.
    let environment = Environment::default();
    let opener = Opener { settings: &config.archive, environment: &environment };
    let check = "archive";
    Some(match opener.try_out(place).await {
        Ok(()) => Finding::ok(check, format!("{place} can be written, and overwrites nothing")),
        Err(problem) => Finding::failed(
            check,
            format!("{place}: {problem:#}"),
            "look at [archive], the rights of its key, and whether the store takes conditional writes",
        ),
    })
}

/// Connects, with TLS where the address says so, and sends nothing: no key leaves.
async fn reach(provider: &Provider) -> anyhow::Result<()> {
    let uri: Uri = provider.address().parse()?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let secure = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = TcpStream::connect((host, port)).await?;
    // An authority of its own is the gate's to read; here the connection is all that is asked.
    if secure && provider.ca.is_none() {
        let name = ServerName::try_from(host.to_owned())?;
        let connector = tokio_rustls::TlsConnector::from(Arc::new(client::trust()?));
        connector.connect(name, stream).await?;
    }
    Ok(())
}
