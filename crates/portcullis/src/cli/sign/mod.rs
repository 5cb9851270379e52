//! `portcullis sign`: signs a request (RFC 9421), so that any HTTP client can without code.

mod curl;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::Context;
use http::Uri;
use identity::signature::{Hmac, SigningKey, ToSign, sign};
use model::Timestamp;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;

use super::{Exit, Failure, Output, Result};
use crate::keys::random;

/// A body is read up to here.
const MAX_BODY: u64 = 64 * 1024 * 1024;

/// Sign a request: print its headers, or run curl with them
///
/// A signature is good for one request, for a minute. The gate must know the key by its id: see
/// [[signing_key]] in the configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  portcullis sign --key bot.pem --key-id bot-2026 -- curl -sS --json '{\"model\":\"gpt-4o-mini\",\"messages\":[]}' http://127.0.0.1:4100/llm/openai/v1/chat/completions
  portcullis sign --key bot.pem --key-id bot-2026 --method POST --data body.json https://gate.example.com/mcp/files")]
pub(super) struct Arguments {
    /// The private key, PKCS#8 in PEM: Ed25519 or ECDSA P-256
    #[arg(long, value_name = "FILE", required_unless_present = "secret")]
    key: Option<PathBuf>,
    /// A file with the shared secret, for HMAC-SHA256
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    secret: Option<PathBuf>,
    /// The id under which the gate knows the key
    #[arg(long, value_name = "ID")]
    key_id: String,
    /// The method [default: POST with a body, otherwise GET]
    #[arg(long)]
    method: Option<String>,
    /// A file with the body; - is standard input
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Where the request goes
    #[arg(required_unless_present = "command", conflicts_with = "command")]
    url: Option<String>,
    /// The command to run, with the signature among its headers: curl and its arguments
    #[arg(last = true)]
    command: Vec<String>,
}

/// A request as far as a signature speaks of it.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    method: String,
    url: String,
    body: Option<Vec<u8>>,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result {
    let key = key(arguments)?;
    let asked = match arguments.command.as_slice() {
        [] => of_options(arguments)?,
        words => curl::read(words).map_err(Failure::Usage)?,
    };
    let headers = headers(&asked, &key, &arguments.key_id)?;
    if let [program, rest @ ..] = arguments.command.as_slice() {
        return start(program, rest, &headers);
    }
    if output.json {
        let headers: serde_json::Map<_, _> =
            headers.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        output.value(&json!(headers))?;
        return Ok(Exit::Done);
    }
    for (name, value) in headers {
        output.line(format_args!("{name}: {value}"))?;
    }
    Ok(Exit::Done)
}

fn key(arguments: &Arguments) -> std::result::Result<SigningKey, Failure> {
    let read =
        |file: &Path| std::fs::read(file).with_context(|| format!("the file {}", file.display()));
    if let Some(file) = &arguments.secret {
        let secret = read(file)?;
        return Ok(SigningKey::Hmac(Hmac::new(secret.trim_ascii())));
    }
    let file = arguments.key.as_deref().unwrap_or(Path::new(""));
    let key = PrivatePkcs8KeyDer::from_pem_slice(&read(file)?).ok();
    let key = key.and_then(|key| SigningKey::from_pkcs8(key.secret_pkcs8_der()));
    key.ok_or_else(|| {
        let text = "it holds no PRIVATE KEY of Ed25519 or P-256; make one with `openssl genpkey -algorithm ed25519`";
        Failure::Usage(format!("{}: {text}", file.display()))
    })
}

fn of_options(arguments: &Arguments) -> std::result::Result<Asked, Failure> {
    let body = arguments.data.as_deref().map(body).transpose()?;
    let usual = if body.is_some() { "POST" } else { "GET" };
    let method = arguments.method.clone().unwrap_or_else(|| usual.to_owned());
    Ok(Asked { method, url: arguments.url.clone().unwrap_or_default(), body })
}

fn body(file: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = || format!("the file {}", file.display());
    let mut body = Vec::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().take(MAX_BODY).read_to_end(&mut body),
        _ => std::fs::File::open(file).and_then(|file| file.take(MAX_BODY).read_to_end(&mut body)),
    };
    read.with_context(shown)?;
    Ok(body)
}

type Headers = Vec<(&'static str, String)>;

fn headers(asked: &Asked, key: &SigningKey, id: &str) -> std::result::Result<Headers, Failure> {
    let no_address = || Failure::Usage(format!("{} is no address of HTTP", asked.url));
    let uri: Uri = asked.url.parse().map_err(|_| no_address())?;
    let (Some(scheme @ ("http" | "https")), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(no_address());
    };
    let usual = if scheme == "https" { 443 } else { 80 };
    let host = host.to_ascii_lowercase();
    let authority = match uri.port_u16().filter(|port| *port != usual) {
        Some(port) => format!("{host}:{port}"),
        None => host,
    };
    let nonce: String = hex::encode(random()?).chars().take(32).collect();
    let request = ToSign {
        method: &asked.method,
        scheme,
        authority: &authority,
        path: uri.path(),
        query: uri.query(),
        body: asked.body.as_deref(),
    };
    let now = Timestamp::from_system(SystemTime::now());
    let signed = sign(request, key, id, &nonce, now);
    signed.ok_or_else(|| Failure::Usage("the key's id has characters that none may have".into()))
}

fn start(program: &str, rest: &[String], headers: &Headers) -> Result {
    let headers =
        headers.iter().flat_map(|(name, value)| ["-H".to_owned(), format!("{name}: {value}")]);
    let status = Command::new(program).args(headers).args(rest).status();
    let status = status.with_context(|| format!("{program} cannot be run"))?;
    Ok(if status.success() { Exit::Done } else { Exit::Failed })
}
