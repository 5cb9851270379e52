//! Listening: worker threads, each with a runtime of its own, and what bounds them.
//!
//! With one worker it accepts for itself. With more, one thread accepts and hands each connection to
//! the worker with the fewest open ones, where it stays.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use tokio::sync::{Notify, watch};

use super::BoxError;
use super::accept;
use super::clock::Clock;
use super::peer::Peer;
use super::tls::ServerTls;

/// Answers requests. A worker has one, and clones it for every request, so a clone should be cheap.
pub trait Handler: Clone + Send + Sync + 'static {
    type Body: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static;

    /// Answers one request. Dropped when the client hangs up or its HTTP/2 stream is reset. A panic is
    /// answered with 500 and harms no other request.
    fn call(
        &self,
        peer: &Arc<Peer>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Self::Body>> + Send;

    /// Told of requests that this layer refused without [`Handler::call`], or that panicked in it. What the HTTP parser
    /// itself refuses (answered with 400, 414 or 431) never becomes a request and is not told.
    fn refused(&self, _peer: &Arc<Peer>, _why: Refused) {}
}

/// Why this layer answered a request itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Both `Content-Length` and `Transfer-Encoding` (RFC 9112 section 6.1).
    AmbiguousLength,
    /// A line that ends in LF alone (RFC 9112 section 2.2).
    BareLineFeed,
    /// A transfer coding other than one `chunked`.
    TransferEncoding,
    /// No `Host`, or several (RFC 9112 section 3.2).
    Host,
    /// The handler panicked.
    Panicked,
}

impl Refused {
    pub(super) fn status_and_detail(self) -> (StatusCode, &'static str) {
        let detail = match self {
            Self::AmbiguousLength => "send either content-length or transfer-encoding, not both",
            Self::BareLineFeed => "end every header line with CR LF",
            Self::TransferEncoding => "the only transfer encoding that is understood is chunked",
            Self::Host => "send exactly one host header",
            Self::Panicked => {
                let detail = "the gate failed on this request; it was not forwarded completely";
                return (StatusCode::INTERNAL_SERVER_ERROR, detail);
            }
        };
        (StatusCode::BAD_REQUEST, detail)
    }
}

/// The bounds of the listening side. Each protects memory or sockets from a client that is slow or hostile.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that serve connections.
    pub workers: usize,
    /// Open connections over all workers; a connection beyond it gets 503 and is closed.
    pub max_connections: usize,
    /// Bytes of a request's head. HTTP/1 heads also have at most 100 fields.
    pub header_bytes: usize,
    /// From a head's first byte (or the connection's start) to its end.
    pub header_timeout: Duration,
    /// How long a connection may wait for its next request.
    pub idle_timeout: Duration,
    /// How long a client may leave its answer unread while we have bytes for it.
    pub write_stall_timeout: Duration,
    /// From accepting to the end of the TLS handshake, or to the first byte.
    pub handshake_timeout: Duration,
    /// Concurrent streams of an HTTP/2 connection.
    pub http2_streams: u32,
    /// Streams that a client opened and reset before we saw them: the rapid reset attack (CVE-2023-44487).
    pub http2_pending_resets: usize,
    /// Streams that we had to reset for a client's protocol errors.
    pub http2_local_errors: usize,
    /// How often a silent HTTP/2 connection is pinged.
    pub http2_ping_interval: Duration,
    /// How long it may take to answer a ping.
    pub http2_ping_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            max_connections: 20_000,
            header_bytes: 64 * 1024,
            header_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(75),
            write_stall_timeout: Duration::from_secs(60),
            handshake_timeout: Duration::from_secs(10),
            http2_streams: 128,
            http2_pending_resets: 20,
            http2_local_errors: 256,
            http2_ping_interval: Duration::from_secs(30),
            http2_ping_timeout: Duration::from_secs(20),
        }
    }
}

/// A bound socket, and how TLS is spoken on it.
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: TcpListener,
    pub(super) tls: Option<Arc<ServerTls>>,
}

/// Connections that the kernel holds for us until we accept them.
const BACKLOG: i32 = 1024;

impl Listener {
    /// Binds an address; port 0 takes a free one.
    pub fn bind(address: SocketAddr, tls: Option<Arc<ServerTls>>) -> io::Result<Self> {
        use socket2::{Domain, Protocol, Socket, Type};
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket: socket.into(), tls })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// What a handler is made with.
#[derive(Clone)]
pub struct Worker {
    pub index: usize,
    /// Shared by everything on this worker that has deadlines, its upstream pool included.
    pub clock: Clock,
    pub runs: Runs,
}

/// How often the connections of a worker came to run: whether its loop has work to do.
#[derive(Clone, Default)]
pub struct Runs(Arc<AtomicU64>);

impl Runs {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub fn so_far(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Where the gate is on its way from start to stop.
pub(super) struct Phase {
    is_draining: AtomicBool,
    pub(super) open: AtomicUsize,
    pub(super) refusing: AtomicUsize,
    pub(super) all_closed: Notify,
    pub(super) step: watch::Sender<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum Step {
    Serving,
    Draining,
    Stopped,
}

impl Phase {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            is_draining: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            refusing: AtomicUsize::new(0),
            all_closed: Notify::new(),
            step: watch::Sender::new(Step::Serving),
        })
    }

    pub(super) fn is_draining(&self) -> bool {
        self.is_draining.load(Relaxed)
    }

    /// Waits until the gate has come to `step`.
    pub(super) async fn reached(&self, step: Step) {
        let mut seen = self.step.subscribe();
        // The sender lives in self, so waiting cannot fail.
        let _ = seen.wait_for(|now| *now >= step).await;
    }
}

/// The threads that serve. Dropping it stops them at once; [`Running::shutdown`] drains first.
pub struct Running {
    addresses: Vec<SocketAddr>,
    phase: Arc<Phase>,
    clocks: Vec<Clock>,
    threads: Vec<JoinHandle<()>>,
}

/// Serves until [`Running::shutdown`]. `make_handler` is called once per worker, on its thread and in
/// its runtime, so that a handler can own what must not be shared between workers.
pub fn serve<H: Handler>(
    listeners: Vec<Listener>,
    options: Options,
    make_handler: impl Fn(&Worker) -> H + Send + Sync + 'static,
) -> io::Result<Running> {
    let addresses = listeners.iter().map(Listener::address).collect::<io::Result<_>>()?;
    let phase = Phase::new();
    let (threads, clocks) =
        accept::start(listeners, Arc::new(options), phase.clone(), Arc::new(make_handler))?;
    Ok(Running { addresses, phase, clocks, threads })
}

impl Running {
    /// The bound addresses, in the order of the listeners.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Connections that are open now.
    pub fn open_connections(&self) -> usize {
        self.phase.open.load(SeqCst)
    }

    /// Stops accepting, lets running requests finish (HTTP/1 closes after the answer, HTTP/2 gets
    /// GOAWAY), and cuts what is left after `grace`. Returns how many connections were cut.
    pub async fn shutdown(mut self, grace: Duration) -> usize {
        self.phase.is_draining.store(true, SeqCst);
        self.phase.step.send_replace(Step::Draining);
        self.clocks.iter().for_each(Clock::wake_all);
        let _ = tokio::time::timeout(grace, self.all_closed()).await;
        let cut = self.open_connections();
        self.phase.step.send_replace(Step::Stopped);
        let threads = std::mem::take(&mut self.threads);
        let joined = tokio::task::spawn_blocking(move || {
            threads.into_iter().filter_map(|thread| thread.join().err()).count()
        });
        if joined.await.is_ok_and(|panicked| panicked > 0) {
            tracing::error!("a worker thread had panicked");
        }
        cut
    }

    async fn all_closed(&self) {
        loop {
            let closed = self.phase.all_closed.notified();
            if self.open_connections() == 0 {
                return;
            }
            closed.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.phase.step.send_replace(Step::Stopped);
    }
}
