//! One accepted connection, from its handshake to its end, in one task.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;

use super::clock::{Alarm, Clock, lock};
use super::exchange::exchange;
use super::head::{HeadScan, Shapes};
use super::io::{Stream, Watched};
use super::listen::{Handler, Options, Phase, Runs};
use super::peer::Peer;
use super::tls::ServerTls;

/// What a connection's task needs from its worker.
#[derive(Clone)]
pub(super) struct Serving<H> {
    pub(super) handler: H,
    pub(super) clock: Clock,
    pub(super) runs: Runs,
    pub(super) options: Arc<Options>,
    pub(super) phase: Arc<Phase>,
}

/// Serves a connection to its end. Errors end the connection and concern nobody else.
pub(super) async fn serve<H: Handler>(
    socket: TcpStream,
    peer: Peer,
    tls: Option<Arc<ServerTls>>,
    context: Serving<H>,
) {
    let _ = socket.set_nodelay(true);
    let opening = open(socket, peer, tls);
    let opened = tokio::time::timeout(context.options.handshake_timeout, opening).await;
    let Ok(Some((stream, peer, is_http2))) = opened else { return };
    let activity = Activity::new(&context, is_http2);
    let io = TokioIo::new(Watched { stream, activity: activity.clone() });
    if is_http2 {
        serve_http2(io, Arc::new(peer), activity, context).await;
    } else {
        serve_http1(io, Arc::new(peer), activity, context).await;
    }
}

/// Finds out what is spoken: by ALPN under TLS, else by the first bytes (HTTP/2 with prior knowledge).
async fn open(
    socket: TcpStream,
    peer: Peer,
    tls: Option<Arc<ServerTls>>,
) -> Option<(Stream, Peer, bool)> {
    let Some(tls) = tls else {
        let is_http2 = begins_with_preface(&socket).await?;
        return Some((Stream::Plain(socket), peer, is_http2));
    };
    let accepted = tokio_rustls::TlsAcceptor::from(tls.config()).accept(socket).await;
    let stream =
        accepted.inspect_err(|error| tracing::debug!(%error, "TLS handshake failed")).ok()?;
    let (_, session) = stream.get_ref();
    let peer = Peer {
        is_tls: true,
        server_name: session.server_name().map(str::to_owned),
        certificates: session.peer_certificates().unwrap_or_default().to_vec(),
        ..peer
    };
    let is_http2 = session.alpn_protocol() == Some(b"h2");
    Some((Stream::Tls(Box::new(stream.into())), peer, is_http2))
}

/// `PRI` begins the HTTP/2 preface and is reserved as a method of HTTP/1 (RFC 9113 section 11.6).
const PREFACE_START: &[u8; 3] = b"PRI";

async fn begins_with_preface(socket: &TcpStream) -> Option<bool> {
    loop {
        let mut start = [0; PREFACE_START.len()];
        let seen = socket.peek(&mut start).await.ok()?;
        if seen == 0 {
            return None;
        }
        if start[..seen] != PREFACE_START[..seen] {
            return Some(false);
        }
        if seen == start.len() {
            return Some(true);
        }
        // A client that sends its first three bytes in pieces: peeking does not wait for more.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn serve_http1<H: Handler>(
    io: TokioIo<Watched>,
    peer: Arc<Peer>,
    activity: Arc<Activity>,
    context: Serving<H>,
) {
    let options = &context.options;
    let mut builder = http1::Builder::new();
    // The deadlines are the activity's: a timer for each head would cost more than parsing it.
    builder
        .header_read_timeout(None)
        .max_header_size(options.header_bytes)
        .max_buf_size(options.header_bytes.max(SMALLEST_BUFFER));
    let handler = context.handler;
    let service = service_fn({
        let activity = activity.clone();
        move |request: Request<Incoming>| {
            boxed(exchange(handler.clone(), peer.clone(), request, Busy::begin(&activity)))
        }
    });
    let connection = builder.serve_connection(io, service);
    drive(connection, http1::Connection::graceful_shutdown, &activity).await;
}

/// A connection keeps room for its call until it ends; a box goes as soon as the call has answered, so
/// that an answer that streams for long does not hold it.
fn boxed<R>(
    run: impl Future<Output = R> + Send,
) -> Pin<Box<impl Future<Output = Result<R, Infallible>> + Send>> {
    Box::pin(async move { Ok(run.await) })
}

/// What one connection buffers at least, also where the limit for heads is lower.
const SMALLEST_BUFFER: usize = 64 * 1024;

async fn serve_http2<H: Handler>(
    io: TokioIo<Watched>,
    peer: Arc<Peer>,
    activity: Arc<Activity>,
    context: Serving<H>,
) {
    let options = &context.options;
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(options.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(options.http2_streams)
        .max_pending_accept_reset_streams(options.http2_pending_resets)
        .max_local_error_reset_streams(options.http2_local_errors)
        .keep_alive_interval(options.http2_ping_interval)
        .keep_alive_timeout(options.http2_ping_timeout);
    let handler = context.handler;
    let service = service_fn({
        let activity = activity.clone();
        move |request: Request<Incoming>| {
            boxed(exchange(handler.clone(), peer.clone(), request, Busy::begin(&activity)))
        }
    });
    let connection = builder.serve_connection(io, service);
    drive(connection, http2::Connection::graceful_shutdown, &activity).await;
}

/// Polls a connection to its end, and ends it when a deadline passes or the gate drains.
async fn drive<C, E>(connection: C, graceful: fn(Pin<&mut C>), activity: &Activity)
where
    C: Future<Output = Result<(), E>>,
    E: std::fmt::Display,
{
    let mut connection = pin!(connection);
    let mut is_closing = false;
    poll_fn(|cx| {
        activity.runs.count();
        match activity.verdict(cx) {
            Verdict::Cut => return Poll::Ready(()),
            Verdict::Close if !is_closing => {
                is_closing = true;
                graceful(connection.as_mut());
            }
            Verdict::Close | Verdict::Continue => {}
        }
        connection.as_mut().poll(cx).map(|ended| {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
        })
    })
    .await;
}

enum Verdict {
    Continue,
    /// Let what runs finish, then close.
    Close,
    Cut,
}

/// How long an idle HTTP/2 connection has to take note of its GOAWAY.
const GOODBYE: Duration = Duration::from_secs(1);

/// What goes on on a connection, for its deadlines.
pub(super) struct Activity {
    alarm: Alarm,
    runs: Runs,
    phase: Arc<Phase>,
    options: Arc<Options>,
    /// Requests whose answers are not finished. At most one with HTTP/1.
    in_flight: AtomicU32,
    is_write_blocked: AtomicBool,
    is_http2: bool,
    /// Was an idle HTTP/2 connection told to go away?
    is_leaving: AtomicBool,
    scan: Mutex<HeadScan>,
}

impl Activity {
    fn new<H>(context: &Serving<H>, is_http2: bool) -> Arc<Self> {
        let alarm = context.clock.alarm();
        alarm.arm(context.options.header_timeout);
        Arc::new(Self {
            alarm,
            runs: context.runs.clone(),
            phase: context.phase.clone(),
            options: context.options.clone(),
            in_flight: AtomicU32::new(0),
            is_write_blocked: AtomicBool::new(false),
            is_http2,
            is_leaving: AtomicBool::new(false),
            scan: Mutex::default(),
        })
    }

    fn is_waiting(&self) -> bool {
        self.in_flight.load(Relaxed) == 0
    }

    fn verdict(&self, cx: &Context<'_>) -> Verdict {
        self.alarm.register(cx);
        if self.alarm.has_fired() {
            if self.is_http2 && self.is_waiting() && !self.is_leaving.swap(true, Relaxed) {
                self.alarm.arm(GOODBYE);
                return Verdict::Close;
            }
            // Idle, too slow with its head, or not reading its answer: none of them is owed a wait.
            return Verdict::Cut;
        }
        if self.phase.is_draining() { Verdict::Close } else { Verdict::Continue }
    }

    /// Bytes that arrive while no request runs belong to the next head.
    pub(super) fn has_read(&self, bytes: &[u8]) {
        if self.is_http2 || !self.is_waiting() || bytes.is_empty() {
            return;
        }
        let mut scan = lock(&self.scan);
        if !scan.has_begun() {
            self.alarm.arm(self.options.header_timeout);
        }
        scan.push(bytes);
    }

    pub(super) fn has_tried_to_write(&self, is_blocked: bool) {
        if self.is_write_blocked.load(Relaxed) == is_blocked {
            return;
        }
        self.is_write_blocked.store(is_blocked, Relaxed);
        // The end of an answer may still be unwritten when its request no longer counts as running.
        match (is_blocked, self.is_waiting()) {
            (true, _) => self.alarm.arm(self.options.write_stall_timeout),
            (false, false) => self.alarm.disarm(),
            (false, true) => self.alarm.arm(self.options.idle_timeout),
        }
    }
}

/// Counts a connection as busy while it lives.
pub(super) struct Busy {
    activity: Arc<Activity>,
    shapes: Shapes,
}

impl Busy {
    fn begin(activity: &Arc<Activity>) -> Self {
        activity.in_flight.fetch_add(1, Relaxed);
        activity.alarm.disarm();
        let scan = std::mem::take(&mut *lock(&activity.scan));
        Self { activity: activity.clone(), shapes: scan.shapes() }
    }

    pub(super) fn shapes(&self) -> Shapes {
        self.shapes
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.activity.in_flight.fetch_sub(1, Relaxed) == 1 {
            self.activity.alarm.arm(self.activity.options.idle_timeout);
        }
    }
}
