//! The two doors: a Unix socket for the operator, TCP for tokens.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::Peer;

/// Connections at once at one door.
const MAX_CONNECTIONS: usize = 512;

/// A client has this long to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// Requests in progress have this long to end once the door is closed.
const DRAIN: Duration = Duration::from_secs(5);

/// After a failure to accept (such as no file handles), so that it does not spin.
const PAUSE: Duration = Duration::from_millis(50);

/// Binds the operator's socket, readable and writable by its owner alone.
///
/// # Errors
/// [`io::ErrorKind::AddrInUse`] where another instance answers there. A socket that nobody
/// listens on is what a killed instance left, and is replaced.
pub async fn bind_socket(path: &Path) -> io::Result<UnixListener> {
    if UnixStream::connect(path).await.is_ok() {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    // Bound beside its place and moved there, it is never open to others under its name.
    let beside = path.with_extension("new");
    for old in [path, &beside] {
        match std::fs::remove_file(old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let listener = UnixListener::bind(&beside)?;
    std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&beside, path)?;
    Ok(listener)
}

/// Serves the operator until `stop` resolves, then lets requests in progress end.
pub async fn serve_socket(listener: UnixListener, router: Router, stop: impl Future<Output = ()>) {
    let door = Door::new(router);
    let mut stop = std::pin::pin!(stop);
    loop {
        let permit = door.permit().await;
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let stream = accepted.and_then(|(stream, _)| Ok((stream.peer_cred()?.uid(), stream)));
        match stream {
            Ok((uid, stream)) => door.open(stream, Peer::Socket { uid }, permit),
            Err(error) => pause(&error).await,
        }
    }
    door.close().await;
}

/// Serves holders of admin tokens until `stop` resolves, then lets requests in progress end.
/// `tls` is asked at each connection, so that certificates can change; `None` speaks in clear.
pub async fn serve_tcp(
    listener: TcpListener,
    tls: impl Fn() -> Option<TlsAcceptor>,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let door = Arc::new(Door::new(router));
    let mut stop = std::pin::pin!(stop);
    loop {
        let permit = door.permit().await;
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => match tls() {
                None => door.open(stream, Peer::Tcp(address), permit),
                Some(tls) => drop(tokio::spawn(secure(door.clone(), tls, stream, address, permit))),
            },
            Err(error) => pause(&error).await,
        }
    }
    // A handshake that is still under way holds the door; its connection ends with the process.
    if let Ok(door) = Arc::try_unwrap(door) {
        door.close().await;
    }
}

/// Shakes hands, within a time limit, then serves.
async fn secure(
    door: Arc<Door>,
    tls: TlsAcceptor,
    stream: TcpStream,
    address: SocketAddr,
    permit: Option<OwnedSemaphorePermit>,
) {
    match tokio::time::timeout(HEADERS_WITHIN, tls.accept(stream)).await {
        Ok(Ok(stream)) => door.open(stream, Peer::Tcp(address), permit),
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake at the admin API failed"),
        Err(_) => tracing::debug!("a TLS handshake at the admin API took too long"),
    }
}

async fn pause(error: &io::Error) {
    tracing::warn!(%error, "a connection to the admin API could not be accepted");
    tokio::time::sleep(PAUSE).await;
}

struct Door {
    router: Router,
    room: Arc<Semaphore>,
    open: GracefulShutdown,
}

impl Door {
    fn new(router: Router) -> Self {
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        Self { router, room, open: GracefulShutdown::new() }
    }

    /// `None` never comes: the semaphore is not closed.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).acquire_owned().await.ok()
    }

    fn open<S>(&self, stream: S, peer: Peer, permit: Option<OwnedSemaphorePermit>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer);
            service.call(request.map(Body::new))
        });
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(64);
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = self.open.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the admin API ended early");
            }
            drop(permit);
        });
    }

    async fn close(self) {
        let drained = tokio::time::timeout(DRAIN, self.open.shutdown()).await;
        if drained.is_err() {
            tracing::warn!("requests to the admin API were still in progress at the end");
        }
    }
}
