//! A model API on loopback, in a thread of its own, that remembers what it was asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::answer::{Answer, Playing};
use crate::mock;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: Method,
    /// Path and query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Call {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

type Handler = dyn Fn(&Call) -> Answer + Send + Sync;

/// What is known of an upstream from outside.
#[derive(Clone, Default)]
struct Seen {
    calls: Arc<Mutex<Vec<Call>>>,
    hangups: Arc<AtomicUsize>,
}

/// Builds an [`Upstream`].
pub struct Builder {
    handler: Arc<Handler>,
    port: u16,
    tls: Option<Arc<ServerConfig>>,
}

/// An upstream that answers by the model's name: see [`mock`].
pub fn upstream() -> Builder {
    Builder { handler: Arc::new(mock::answer), port: 0, tls: None }
}

impl Builder {
    /// Answers by a function of the test instead.
    #[must_use]
    pub fn answers(mut self, handler: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        self.handler = Arc::new(handler);
        self
    }

    /// The same answer always.
    #[must_use]
    pub fn always(self, answer: Answer) -> Self {
        self.answers(move |_| answer.clone())
    }

    /// A given port, for an upstream that comes back.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Over TLS, with this identity.
    #[must_use]
    pub fn tls(mut self, config: Arc<ServerConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    pub fn run(self) -> Upstream {
        let seen = Seen::default();
        let (started, address) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let served = seen.clone();
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind(("127.0.0.1", self.port))
                    .await
                    .expect("a port on loopback");
                started.send(listener.local_addr().expect("an address")).expect("the test waits");
                tokio::select! {
                    () = accept(listener, self.tls, self.handler, served) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        let address = address.recv().expect("the upstream starts");
        Upstream { address, scheme, seen, stop: Some(stop), thread: Some(thread) }
    }
}

async fn accept(
    listener: tokio::net::TcpListener,
    tls: Option<Arc<ServerConfig>>,
    handler: Arc<Handler>,
    seen: Seen,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).ok();
        let (tls, handler, seen) = (tls.clone(), Arc::clone(&handler), seen.clone());
        tokio::spawn(async move {
            match tls {
                None => converse(stream, &handler, &seen).await,
                Some(tls) => {
                    let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
                    converse(stream, &handler, &seen).await;
                }
            }
        });
    }
}

async fn converse<S>(stream: S, handler: &Arc<Handler>, seen: &Seen)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request| serve(request, handler, seen));
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new());
    // A connection that breaks is what many tests are about.
    server.serve_connection(TokioIo::new(stream), service).await.ok();
}

async fn serve(
    request: Request<Incoming>,
    handler: &Arc<Handler>,
    seen: &Seen,
) -> Result<Response<Playing>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str()).to_owned();
    let call = Call { method: parts.method, path, headers: parts.headers, body };
    let answer = handler(&call);
    seen.calls.lock().expect("no panic while held").push(call);
    let waiting = Waiting(Some(Arc::clone(&seen.hangups)));
    tokio::time::sleep(answer.delay).await;
    waiting.over();
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Playing::new(&answer, Arc::clone(&seen.hangups))).expect("a valid answer"))
}

/// Counts a hang-up when it is dropped before the wait was over.
struct Waiting(Option<Arc<AtomicUsize>>);

impl Waiting {
    fn over(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(hangups) = &self.0 {
            hangups.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// A running upstream; it stops when this is dropped.
pub struct Upstream {
    address: SocketAddr,
    scheme: &'static str,
    seen: Seen,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Upstream {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Everything that it was asked, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.seen.calls.lock().expect("no panic while held").clone()
    }

    /// The last thing that it was asked.
    pub fn last(&self) -> Call {
        self.calls().pop().expect("the upstream was asked something")
    }

    /// How many answers were given up by the other side before their end.
    pub fn hangups(&self) -> usize {
        self.seen.hangups.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
