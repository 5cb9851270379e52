//! The kinds of sinks.

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use model::Record;
use serde_json::Value;

use super::file::Lines;
use super::http::Http;
use super::syslog::Syslog;
use super::webhook::Signer;
use super::{ocsf, otlp};
use crate::config::sections::{Export, ExportKind};

/// A record, and how it stands in the log.
pub(super) struct Item {
    pub(super) position: u64,
    pub(super) record: Record,
    pub(super) text: Vec<u8>,
}

/// Where records go, and in which form.
pub(super) enum Sink {
    /// OCSF events, an array of them a request.
    Ocsf(Http),
    OcsfLines(Lines),
    /// The records as they stand in the log.
    Lines(Lines),
    Otlp(Http, String),
    Webhook(Http, Signer),
    Syslog(Syslog),
}

const JSON: (HeaderName, HeaderValue) =
    (CONTENT_TYPE, HeaderValue::from_static("application/json"));

impl Sink {
    pub(super) fn new(export: &Export, instance: &str) -> anyhow::Result<Self> {
        let http = || Http::new(export);
        let lines = || {
            let path = export.path.as_ref().context("it has no `path`")?;
            anyhow::Ok(Lines::new(path.clone()))
        };
        Ok(match export.kind {
            ExportKind::Ocsf if export.path.is_some() => Self::OcsfLines(lines()?),
            ExportKind::Ocsf => Self::Ocsf(http()?),
            ExportKind::File => Self::Lines(lines()?),
            ExportKind::Otlp => Self::Otlp(http()?, instance.to_owned()),
            ExportKind::Webhook => Self::Webhook(http()?, Signer::new(export)?),
            ExportKind::Syslog => Self::Syslog(Syslog::new(export, instance)?),
        })
    }

    /// Hands records over; all of them are acknowledged, or none counts.
    pub(super) async fn deliver(&mut self, items: &[Item]) -> anyhow::Result<()> {
        match self {
            Self::Ocsf(http) => {
                let events: Vec<Value> = items.iter().flat_map(ocsf::events).collect();
                let body = Bytes::from(serde_json::to_vec(&events)?);
                http.post("", &[JSON], body).await?;
                Ok(())
            }
            Self::OcsfLines(lines) => {
                let events: Vec<Vec<u8>> = items
                    .iter()
                    .flat_map(ocsf::events)
                    .map(|event| serde_json::to_vec(&event))
                    .collect::<Result<_, _>>()?;
                lines.append(events).await
            }
            Self::Lines(lines) => {
                lines.append(items.iter().map(|item| item.text.clone()).collect()).await
            }
            Self::Otlp(http, instance) => otlp::deliver(http, instance, items).await,
            Self::Webhook(http, signer) => {
                for item in items {
                    signer.deliver(http, item).await?;
                }
                Ok(())
            }
            Self::Syslog(syslog) => syslog.deliver(items).await,
        }
    }

    /// Records of one delivery. A webhook takes them one by one, and the time for one delivery is
    /// bounded.
    pub(super) fn batch(&self) -> usize {
        match self {
            Self::Webhook(..) => 16,
            _ => 256,
        }
    }

    /// Forgets connections after a failure.
    pub(super) fn reset(&mut self) {
        match self {
            Self::Ocsf(http) | Self::Otlp(http, _) | Self::Webhook(http, _) => http.reset(),
            Self::Syslog(syslog) => syslog.reset(),
            Self::OcsfLines(_) | Self::Lines(_) => {}
        }
    }

    /// How long after a delivery it is certain. Syslog has no answer: that the connection still stands
    /// after a while is all that there is.
    pub(super) fn settles_after(&self) -> Duration {
        match self {
            Self::Syslog(_) => super::syslog::SETTLES,
            _ => Duration::ZERO,
        }
    }
}
