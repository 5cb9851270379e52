//! `[[export]]`: where records are sent as they are written.

use std::path::PathBuf;

use crate::config::credential::Credential;
use crate::config::declare::{choice, section};
use crate::config::types::{BaseUrl, ExportName, HostPort};

section! {
    /// Where records are sent as they are written. Each arrives at least once: after a restart or
    /// a failure some may arrive again. A sink that is slow or gone never holds up the gate; its
    /// records wait in the log. Records that only say that an action began are not sent.
    Export {
        /// What status and metrics call it.
        name: ExportName, example "siem";
        /// In which form: `ocsf` (OCSF 1.8 events in JSON, to `url` or to `path`), `syslog` (RFC
        /// 5424 over TLS, to `address`), `otlp` (OpenTelemetry logs, to `url` and `/v1/logs`),
        /// `webhook` (a signed request for each record, to `url`) or `file` (the records as they
        /// stand in the log, a line each, to `path`).
        kind: ExportKind, example "syslog";
        /// Where a sink behind HTTP is.
        url: Option<BaseUrl>, example "https://siem.example.com/ingest";
        /// Where a syslog server is.
        address: Option<HostPort>, example "logs.example.com:6514";
        /// The file to which lines are added.
        path: Option<PathBuf>, example "/var/log/portcullis.jsonl";
        /// Which records, in the language of `ledger search`. Left out, all.
        query: String = "", example "-effect:permit";
        /// Where it begins when it is first configured: with what is written from `now` on, or at
        /// the `start` of the log.
        begin: Begin = "now";
        /// Authorities, PEM, that sign its certificate, instead of those of the system.
        ca: Option<PathBuf>, example "tls/internal-ca.pem";
        /// Presented to a sink behind HTTP as a bearer token.
        token: Option<Credential>, example { env = "SIEM_TOKEN" };
        /// The key that webhooks are signed with: `whsec_` and 24 to 64 bytes in base64.
        secret: Option<Credential>, example { env = "WEBHOOK_SECRET" };
        /// Sends records in clear to an address that is not this machine's own.
        plaintext: bool = false;
    }
}

choice! {
    /// The form in which records are sent.
    ExportKind, "\"ocsf\", \"syslog\", \"otlp\", \"webhook\" or \"file\"" {
        Ocsf = "ocsf",
        Syslog = "syslog",
        Otlp = "otlp",
        Webhook = "webhook",
        File = "file",
    }
}

choice! {
    /// Where an export begins.
    Begin, "\"now\" or \"start\"" {
        Now = "now",
        Start = "start",
    }
}

impl Export {
    /// Which records are sent.
    ///
    /// # Errors
    /// Where the query cannot be understood, or asks for a range of time.
    pub fn filter(&self) -> Result<store::Filter, store::StoreError> {
        let mut filter = store::Filter::default();
        filter.narrow(&self.query, model::Timestamp::default())?;
        if filter.since.is_some() || filter.until.is_some() {
            return Err(store::StoreError::Query("an export has no range of time".to_owned()));
        }
        Ok(filter)
    }
}

impl PartialEq for Export {
    fn eq(&self, other: &Self) -> bool {
        let place = |credential: &Option<Credential>| {
            credential.as_ref().map(|credential| credential.place.clone())
        };
        let all = |one: &Self| {
            (
                (one.name.clone(), one.kind, one.url.clone(), one.address.clone()),
                (one.path.clone(), one.query.clone(), one.begin, one.ca.clone()),
                (place(&one.token), place(&one.secret), one.plaintext),
            )
        };
        all(self) == all(other)
    }
}
