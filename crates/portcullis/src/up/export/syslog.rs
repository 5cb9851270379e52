//! Syslog (RFC 5424) over TLS, each message counted (RFC 5425).

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use model::{Effect, Record, Severity, Status};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::sink::Item;
use crate::config::sections::Export;
use crate::config::types::HostPort;

/// A connection that still stands so long after a message was written has carried it.
pub(super) const SETTLES: Duration = Duration::from_secs(5);
/// Log audit (RFC 5424, section 6.2.1).
const FACILITY: u8 = 13;
/// The longest host name in a message (RFC 5424, section 6).
const MAX_HOST: usize = 255;

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

pub(super) struct Syslog {
    address: HostPort,
    tls: Option<Arc<rustls::ClientConfig>>,
    host: String,
    connection: Option<Box<dyn Stream>>,
}

impl Syslog {
    pub(super) fn new(export: &Export, instance: &str) -> anyhow::Result<Self> {
        let address = export.address.clone().context("it has no `address`")?;
        let tls = match export.plaintext {
            true => None,
            false => Some(crate::client::trust_file(export.ca.as_deref())?),
        };
        Ok(Self { address, tls, host: field(instance), connection: None })
    }

    pub(super) async fn deliver(&mut self, items: &[Item]) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        for item in items {
            let message = message(&item.record, item.position, &self.host, &item.text);
            bytes.extend_from_slice(format!("{} ", message.len()).as_bytes());
            bytes.extend_from_slice(&message);
        }
        let mut connection = match self.connection.take() {
            Some(open) => open,
            None => self.connect().await?,
        };
        anyhow::ensure!(is_open(&mut connection).await, "it closed the connection");
        connection.write_all(&bytes).await?;
        connection.flush().await?;
        self.connection = Some(connection);
        Ok(())
    }

    pub(super) fn reset(&mut self) {
        self.connection = None;
    }

    async fn connect(&self) -> anyhow::Result<Box<dyn Stream>> {
        let HostPort { host, port } = &self.address;
        let stream =
            TcpStream::connect((host.as_str(), *port)).await.context("it cannot be reached")?;
        let Some(config) = &self.tls else { return Ok(Box::new(stream)) };
        let name = ServerName::try_from(host.clone()).context("its name is none")?;
        let connector = TlsConnector::from(Arc::clone(config));
        Ok(Box::new(
            connector.connect(name, stream).await.context("its certificate is not trusted")?,
        ))
    }
}

/// A receiver says nothing; if it does, or has gone, the connection is done with.
async fn is_open(connection: &mut Box<dyn Stream>) -> bool {
    use tokio::io::AsyncReadExt;
    let mut byte = [0];
    let read = tokio::time::timeout(Duration::ZERO, connection.read(&mut byte)).await;
    read.is_err()
}

/// One message. The record is its text; `sequenceId` is RFC 5424's own (section 7.3.1).
fn message(record: &Record, position: u64, host: &str, text: &[u8]) -> Vec<u8> {
    let priority = FACILITY * 8 + severity(record);
    let sequence = position % 0x7fff_ffff + 1;
    let head = format!(
        "<{priority}>1 {} {host} portcullis - {} [meta sequenceId=\"{sequence}\"] ",
        record.time,
        field(record.kind.as_str()),
    );
    // The mark says that what follows is UTF-8.
    [head.as_bytes(), b"\xef\xbb\xbf", text].concat()
}

/// RFC 5424, section 6.2.1: 2 critical, 3 error, 4 warning, 5 notice, 6 informational.
fn severity(record: &Record) -> u8 {
    let worst = record.findings.iter().map(|finding| finding.severity).max();
    match (worst, record.decision.effect, record.status) {
        (Some(Severity::Critical), ..) => 2,
        (Some(Severity::High), ..) => 3,
        (Some(Severity::Medium), ..) | (_, Effect::Deny, _) | (_, _, Status::Failed) => 4,
        (Some(Severity::Low), ..) | (_, Effect::Redact | Effect::Hold, _) => 5,
        _ => 6,
    }
}

/// A field of the head: printable ASCII without blanks, and never empty.
fn field(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' });
    let plain: String = plain.take(MAX_HOST).collect();
    if plain.is_empty() { "-".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use model::{Decision, Kind, RecordId, TenantId, Timestamp};

    use super::*;

    #[test]
    fn a_message_has_the_form_of_rfc_5424() {
        let time = "2026-11-26T12:00:00Z".parse().unwrap_or(Timestamp::default());
        let decision = Decision { effect: Effect::Deny, ..Decision::default() };
        let id = RecordId::new(time, 7);
        let record = Record::new(id, time, TenantId::main(), Kind::LLM_CALL, decision);
        let message = message(&record, 41, "gate.example.com", b"{}");
        let expected = "<108>1 2026-11-26T12:00:00.000000Z gate.example.com portcullis - llm.call [meta sequenceId=\"42\"] \u{feff}{}";
        assert_eq!(String::from_utf8(message).unwrap(), expected);
        assert_eq!((field("a b\u{e9}"), field("")), ("a_b_".to_owned(), "-".to_owned()));
    }
}
