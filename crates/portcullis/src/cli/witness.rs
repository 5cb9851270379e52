//! `portcullis witness`: cosigns the checkpoints of other logs (C2SP tlog-witness).

use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use ledger::SigningKey;
use ledger::files::Disk;
use ledger::note::VerifierKey;
use ledger::witness::{MAX_REQUEST_BYTES, Reply, Store};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

use super::{Exit, Failure, Output, Result};

/// Connections at one time; more wait to be accepted.
const MAX_CONNECTIONS: usize = 256;
/// The longest that a client may take for the head of a request, and for its body.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest that one connection is kept.
const MAX_CONNECTION: Duration = Duration::from_secs(600);
/// A file with a verifier key has at most this many bytes.
const MAX_KEY_FILE: u64 = 4096;

/// Run a witness: cosign the checkpoints of other logs, as long as they only ever grow
///
/// Two organisations that witness each other's logs can neither of them rewrite theirs unnoticed.
/// The witness's own key is made at the first start; its public half is in DIR/vkey. Never restore
/// DIR from a backup: a witness that forgot what it cosigned must begin anew with another key.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  portcullis witness --name witness.example.com/w1 --data witness-data --log gate.vkey
  portcullis witness --listen 127.0.0.1:4190 --data witness-data --log a.vkey --log b.vkey")]
pub(super) struct Arguments {
    /// Address and port. What is spoken is signed and public, so it needs no TLS to be safe
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4190")]
    listen: SocketAddr,
    /// The folder of its key and of what it cosigned
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// What the witness is called in its signatures
    #[arg(long, default_value = "portcullis-witness")]
    name: String,
    /// A log to watch: its verifier key, or a file with it; may be given several times
    #[arg(long, value_name = "VKEY", required = true)]
    log: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result {
    let logs = arguments.log.iter().map(|log| key(log));
    let logs = logs.collect::<std::result::Result<Vec<_>, _>>()?;
    let store = open(&arguments.data, &arguments.name, &logs)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("no threads could be started")?;
    runtime.block_on(serve(arguments.listen, store, output))?;
    Ok(Exit::Done)
}

fn key(log: &str) -> std::result::Result<VerifierKey, Failure> {
    if let Ok(key) = log.parse() {
        return Ok(key);
    }
    let mut text = String::new();
    let file = std::fs::File::open(log);
    let file = file.with_context(|| format!("{log} is neither a verifier key nor a file"))?;
    file.take(MAX_KEY_FILE).read_to_string(&mut text).with_context(|| log.to_owned())?;
    text.trim().parse().map_err(|error| Failure::Usage(format!("{log}: {error}")))
}

/// The folder with key and state. The state is there before the key is: a key without a state
/// belongs to a witness that forgot, and does not start.
fn open(data: &Path, name: &str, logs: &[VerifierKey]) -> std::result::Result<Store, Failure> {
    use std::os::unix::fs::DirBuilderExt;
    let named = || data.display().to_string();
    let failed = |error: ledger::witness::StoreError| Failure::Failed(error.into());
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data).with_context(named)?;
    let disk = Arc::new(Disk::new(data));
    let file = data.join("witness.key");
    if !file.exists() {
        Store::prepare(&*disk).map_err(failed)?;
        let mut seed = [0; 32];
        let random = getrandom::fill(&mut seed);
        random.map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
        let key = SigningKey::generate(seed).context("no signing key could be made")?;
        key.save(&file).context("the witness's key")?;
    }
    let key = SigningKey::load(&file).context("the witness's key")?;
    Store::open(disk, name, key, logs).map_err(failed)
}

type Shared = Arc<Mutex<Store>>;

async fn serve(
    listen: SocketAddr,
    store: Store,
    output: &mut Output,
) -> std::result::Result<(), Failure> {
    let mut terminate =
        signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be listened for")?;
    let bound = tokio::net::TcpListener::bind(listen).await;
    let listener = bound.with_context(|| format!("{listen} cannot be listened on"))?;
    let address = listener.local_addr().context("no address")?;
    output.line(format_args!("witness {} on http://{address}", store.verifier()))?;
    let store: Shared = Arc::new(Mutex::new(store));
    let accepting = accept(&listener, &store);
    tokio::select! {
        () = accepting => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

async fn accept(listener: &tokio::net::TcpListener, store: &Shared) {
    let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(permit) = Arc::clone(&free).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: let others end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&store), request));
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            let connection = http.serve_connection(TokioIo::new(stream), service);
            // What breaks here is the client's affair.
            let _ = tokio::time::timeout(MAX_CONNECTION, connection).await;
            drop(permit);
        });
    }
}

async fn answer(
    store: Shared,
    request: Request<Incoming>,
) -> std::result::Result<Response<Full<Bytes>>, std::convert::Infallible> {
    let plain = |status, text: &str| Reply {
        status,
        content_type: "text/plain; charset=utf-8",
        body: text.to_owned(),
    };
    let reply = match (request.method(), request.uri().path()) {
        (&Method::POST, "/add-checkpoint") => {
            let body = Limited::new(request.into_body(), MAX_REQUEST_BYTES).collect();
            match tokio::time::timeout(PATIENCE, body).await {
                Ok(Ok(body)) => decide(store, body.to_bytes()).await,
                Ok(Err(_)) => plain(413, "the request broke off or is too long\n"),
                Err(_) => plain(408, "the request did not come in time\n"),
            }
        }
        (_, "/add-checkpoint") => plain(405, "POST a checkpoint here\n"),
        _ => plain(404, "a witness has one address: POST /add-checkpoint\n"),
    };
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    let status = StatusCode::from_u16(reply.status);
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = hyper::header::HeaderValue::from_static(reply.content_type);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

/// One request at a time: comparing with the last head and keeping the new one are one step.
async fn decide(store: Shared, body: Bytes) -> Reply {
    let decided = tokio::task::spawn_blocking(move || {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_secs());
        store.lock().unwrap_or_else(PoisonError::into_inner).add_checkpoint(&body, now)
    });
    let body = "the witness failed\n".to_owned();
    let failed = Reply { status: 500, content_type: "text/plain; charset=utf-8", body };
    decided.await.unwrap_or(failed)
}
