//! Outside issuers: from the configuration, and how their keys are read over the network.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use gate::identify::issuer::{Reader, TrustedIssuer};
use gate::net::body::{BodyLimits, read_bounded};
use gate::net::clock::Clock;
use gate::net::tls::{ClientSettings, ClientTls, certificates_from_pem};
use gate::net::upstream::{Http2, Limits, Pool, Target, TargetSettings, Timeouts};
use http::{Request, StatusCode, Uri};
use http_body_util::Full;
use identity::issuer::Issuer;
use identity::jwk::MAX_KEY_SET;
use identity::{Algorithm, JwkSet};

use crate::config::sections;

pub(super) const DISCOVERY: &str = "/.well-known/openid-configuration";

/// For one document, from the connection to its last byte.
const PATIENCE: Duration = Duration::from_secs(2);

/// The issuers of the configuration. Must be called in the runtime that shall read their keys.
pub(super) fn issuers(all: &[sections::Issuer]) -> anyhow::Result<Vec<Arc<TrustedIssuer>>> {
    all.iter()
        .map(|issuer| one(issuer).with_context(|| format!("the issuer \"{}\"", issuer.url)))
        .collect()
}

fn one(issuer: &sections::Issuer) -> anyhow::Result<Arc<TrustedIssuer>> {
    let rules = rules(issuer);
    let Some(file) = &issuer.keys else {
        let reader = reader(issuer.url.to_string(), authorities_of(issuer.ca.as_deref())?);
        return Ok(Arc::new(TrustedIssuer::read_by(rules, reader)));
    };
    let shown = || format!("the file {}", file.display());
    let keys = JwkSet::parse(&std::fs::read(file).with_context(shown)?).with_context(shown)?;
    if keys.is_empty() {
        anyhow::bail!("{} holds no key for signatures that are understood", file.display());
    }
    Ok(Arc::new(TrustedIssuer::fixed(rules, keys)))
}

fn rules(issuer: &sections::Issuer) -> Issuer {
    let algorithm = |signature: &sections::Signature| Algorithm::parse(signature.as_str());
    Issuer {
        url: issuer.url.to_string(),
        audiences: issuer.audience.clone(),
        algorithms: issuer.algorithms.iter().filter_map(algorithm).collect(),
        skew: issuer.clock_skew,
        person_claim: Some(issuer.person_claim.clone()).filter(|claim| !claim.is_empty()),
        agent_claim: issuer.agent_claim.clone(),
        scope_claim: issuer.scope_claim.clone(),
    }
}

/// The files that issuers are read from.
pub(super) fn files(all: &[sections::Issuer]) -> impl Iterator<Item = PathBuf> + '_ {
    all.iter().flat_map(|issuer| [&issuer.keys, &issuer.ca]).flatten().cloned()
}

/// Whose certificates are taken: those of a file, or of the system.
pub(super) fn authorities_of(file: Option<&Path>) -> anyhow::Result<ClientTls> {
    let Some(file) = file else { return Ok(ClientTls::new(ClientSettings::public())?) };
    let pem = std::fs::read(file).with_context(|| format!("the file {}", file.display()))?;
    let authorities = certificates_from_pem(&pem)?;
    Ok(ClientTls::new(ClientSettings { authorities, ..ClientSettings::default() })?)
}

/// Reads on the runtime of the control plane, so that no worker's thread does it.
fn reader(url: String, tls: ClientTls) -> Reader {
    let runtime = tokio::runtime::Handle::current();
    Arc::new(move || {
        let task = runtime.spawn(read(url.clone(), tls.clone()));
        Box::pin(async move { task.await.map_err(|error| error.to_string())? })
    })
}

async fn read(issuer: String, tls: ClientTls) -> Result<JwkSet, String> {
    let document = get(&format!("{issuer}{DISCOVERY}"), &tls).await?;
    let document: serde_json::Value =
        serde_json::from_slice(&document).map_err(|_| "its discovery document is not JSON")?;
    let says = |name: &str| document.get(name).and_then(serde_json::Value::as_str);
    // OpenID Connect Discovery, section 4.3: otherwise one issuer could speak for another.
    if says("issuer").map(|says| says.trim_end_matches('/')) != Some(issuer.as_str()) {
        return Err("its discovery document is another issuer's".to_owned());
    }
    let keys = says("jwks_uri").ok_or("its discovery document names no keys")?;
    JwkSet::parse(&get(keys, &tls).await?).map_err(|error| error.to_string())
}

/// One document. Redirects are not followed: an address that was configured or published is meant.
pub(super) async fn get(url: &str, tls: &ClientTls) -> Result<Bytes, String> {
    let request = Request::get("/").header("accept", "application/json");
    let request = request.body(Full::new(Bytes::new())).map_err(|error| error.to_string())?;
    match send(url, tls, request).await? {
        (StatusCode::OK, body) => Ok(body),
        (status, _) => Err(format!("{url} answered {status}")),
    }
}

/// Sends a request to an address, whose path takes the place of its own.
pub(super) async fn send(
    url: &str,
    tls: &ClientTls,
    mut request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), String> {
    let uri: Uri = url.parse().map_err(|_| format!("{url} is no address"))?;
    let target = Arc::new(target(&uri, tls)?);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| format!("{url} is no address"))?;
    let pool = Pool::new(Clock::start());
    let answer = pool.send(&target, request).await.map_err(|error| format!("{url}: {error}"))?;
    let status = answer.status();
    let limits = BodyLimits { max_bytes: MAX_KEY_SET, idle: PATIENCE, total: PATIENCE };
    let body = read_bounded(answer.into_body(), limits).await;
    Ok((status, body.map_err(|error| format!("{url}: {error}"))?))
}

/// In clear only to this machine itself.
fn target(uri: &Uri, tls: &ClientTls) -> Result<Target, String> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let is_tls = uri.scheme_str() == Some("https");
    let is_near = host == "localhost"
        || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    if !is_tls && !is_near {
        return Err(format!("{uri} would be read in clear; it must begin with https://"));
    }
    let settings = TargetSettings {
        host,
        port: uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
        tls: is_tls.then(|| tls.clone()),
        http2: Http2::default(),
        timeouts: Timeouts {
            connect: PATIENCE,
            first_byte: PATIENCE,
            idle: PATIENCE,
            total: PATIENCE,
        },
        limits: Limits::default(),
    };
    Target::new(settings).map_err(|error| error.to_string())
}
