//! Where calls go: what stands at an address, and by whom it is vouched for.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use gate::net::tls::{ClientSettings, ClientTls, certificates_from_pem};
use gate::net::upstream::{Http2, Limits, Target, TargetSettings, Timeouts};
use model::Digest;

use super::snapshot::Settings;

/// What a target is made of.
pub(super) struct Reach<'a> {
    pub(super) uri: &'a http::Uri,
    pub(super) ca: Option<&'a PathBuf>,
    pub(super) timeouts: Timeouts,
    pub(super) max_idle: usize,
}

impl Settings {
    /// One that did not change keeps its connections.
    pub(super) fn target(
        &mut self,
        reach: &Reach<'_>,
        before: Option<&Self>,
    ) -> anyhow::Result<Arc<Target>> {
        let authorities = authorities(reach.ca)?;
        let key = format!(
            "{} {:?} {:?} {}",
            reach.uri,
            authorities.as_deref().map(Digest::of),
            reach.timeouts,
            reach.max_idle
        );
        let kept = before.and_then(|before| before.targets.get(&key)).cloned();
        let target = kept.map_or_else(|| target(reach, authorities).map(Arc::new), Ok)?;
        self.targets.insert(key, target.clone());
        Ok(target)
    }
}

fn target(reach: &Reach<'_>, authorities: Option<Vec<u8>>) -> anyhow::Result<Target> {
    let uri = reach.uri;
    let is_tls = uri.scheme_str() == Some("https");
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let tls = if is_tls { Some(client_tls(authorities)?) } else { None };
    Ok(Target::new(TargetSettings {
        host,
        port: uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
        tls,
        http2: Http2::default(),
        timeouts: reach.timeouts,
        limits: Limits { max_idle: reach.max_idle, ..Limits::default() },
    })?)
}

/// The file of authorities that is named.
fn authorities(file: Option<&PathBuf>) -> anyhow::Result<Option<Vec<u8>>> {
    let read = |file: &PathBuf| {
        std::fs::read(file).with_context(|| format!("the file {}", file.display()))
    };
    file.map(read).transpose()
}

/// Named authorities stand alone; without them those of the system are trusted.
fn client_tls(authorities: Option<Vec<u8>>) -> anyhow::Result<ClientTls> {
    let Some(pem) = authorities else { return Ok(ClientTls::new(ClientSettings::public())?) };
    let authorities = certificates_from_pem(&pem)?;
    Ok(ClientTls::new(ClientSettings { authorities, ..ClientSettings::default() })?)
}
