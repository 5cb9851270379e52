//! The network layer against real sockets on loopback.

mod hostile;
mod pool;
mod secure;
mod server;
mod timeouts;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::BoxError;
use super::body::{BodyLimits, read_bounded};
use super::clock::Clock;
use super::listen::{Handler, Listener, Options, Running, serve};
use super::peer::Peer;
use super::tls::ServerTls;
use super::upstream::{Pool, Target, TargetSettings, UpstreamBody, UpstreamError};

/// Longer than anything here takes; a test that comes here fails.
const DEADLINE: Duration = Duration::from_secs(10);

pub(super) type Text = BoxBody<Bytes, BoxError>;

pub(super) fn text(text: impl Into<Bytes>) -> Text {
    Full::new(text.into()).map_err(|never| match never {}).boxed()
}

/// A handler made of a closure.
#[derive(Clone)]
struct Answering<F>(F);

impl<F, R> Handler for Answering<F>
where
    F: Fn(Arc<Peer>, Request<Incoming>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response<Text>> + Send + 'static,
{
    type Body = Text;

    fn call(
        &self,
        peer: &Arc<Peer>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Text>> + Send {
        self.0(peer.clone(), request)
    }
}

fn one_worker() -> Options {
    Options { workers: 1, ..Options::default() }
}

fn serving<F, R>(options: Options, tls: Option<Arc<ServerTls>>, answer: F) -> Running
where
    F: Fn(Arc<Peer>, Request<Incoming>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response<Text>> + Send + 'static,
{
    let listener = Listener::bind(loopback(), tls).unwrap();
    serve(vec![listener], options, move |_| Answering(answer.clone())).unwrap()
}

/// Answers with method, path, version and the length of the body.
fn echo(options: Options, tls: Option<Arc<ServerTls>>) -> Running {
    serving(options, tls, |_, request| async move {
        let (head, body) = request.into_parts();
        let limits = BodyLimits { max_bytes: 1 << 20, idle: DEADLINE, total: DEADLINE };
        let length = read_bounded(body, limits).await.map(|body| body.len());
        let length = length.map_or("broken".to_owned(), |length| length.to_string());
        Response::new(text(format!(
            "{} {} {:?} {length}",
            head.method,
            head.uri.path(),
            head.version
        )))
    })
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("came to its deadline")
}

/// Waits until `condition` holds.
async fn until(mut condition: impl FnMut() -> bool) {
    within(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

async fn send(socket: &mut TcpStream, bytes: &[u8]) {
    socket.write_all(bytes).await.unwrap();
}

/// Reads until the other side closes (or resets).
async fn read_to_end(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = within(socket.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads until what has arrived ends in `end`.
async fn read_until(socket: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    within(async {
        while !bytes.ends_with(end.as_bytes()) {
            let mut piece = [0; 4096];
            let read = socket.read(&mut piece).await.unwrap();
            assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&piece[..read]);
        }
    })
    .await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A pool with a target, for tests in the role of the gate.
struct Caller {
    pool: Pool<Text>,
    target: Arc<Target>,
}

impl Caller {
    fn new(settings: TargetSettings) -> Self {
        Self { pool: Pool::new(Clock::start()), target: Arc::new(Target::new(settings).unwrap()) }
    }

    fn to(address: SocketAddr) -> Self {
        Self::new(settings_for(address))
    }

    async fn send(
        &self,
        body: &'static str,
    ) -> Result<Response<UpstreamBody<Text>>, UpstreamError> {
        let request = Request::post("/path").body(text(body)).unwrap();
        self.pool.send(&self.target, request).await
    }

    async fn ask(&self, body: &'static str) -> Result<String, UpstreamError> {
        read(self.send(body).await?).await
    }
}

fn settings_for(address: SocketAddr) -> TargetSettings {
    TargetSettings::plain(&address.ip().to_string(), address.port())
}

async fn read(response: Response<UpstreamBody<Text>>) -> Result<String, UpstreamError> {
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(loopback()).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Accepts a connection and reads a request (small, with a body that ends in `!`).
async fn accept_request(listener: &TcpListener) -> TcpStream {
    let (mut socket, _) = within(listener.accept()).await.unwrap();
    read_until(&mut socket, "!").await;
    socket
}
