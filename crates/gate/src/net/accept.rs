//! Accepting connections and giving each to a worker.

use std::io;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::clock::Clock;
use super::connection::{self, Serving};
use super::listen::{Handler, Listener, Options, Phase, Runs, Step, Worker};
use super::peer::Peer;
use super::tls::ServerTls;

type MakeHandler<H> = dyn Fn(&Worker) -> H + Send + Sync;
type Started = (Vec<JoinHandle<()>>, Vec<Clock>);

/// A connection on its way to a worker.
struct Accepted {
    socket: std::net::TcpStream,
    peer: Peer,
    tls: Option<Arc<ServerTls>>,
    slot: Slot,
}

/// Counts a connection as open while it lives.
struct Slot {
    phase: Arc<Phase>,
    worker: Arc<AtomicUsize>,
}

impl Slot {
    fn take(phase: &Arc<Phase>, worker: &Arc<AtomicUsize>) -> Self {
        phase.open.fetch_add(1, SeqCst);
        worker.fetch_add(1, SeqCst);
        Self { phase: phase.clone(), worker: worker.clone() }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.worker.fetch_sub(1, SeqCst);
        if self.phase.open.fetch_sub(1, SeqCst) == 1 {
            self.phase.all_closed.notify_waiters();
        }
    }
}

/// Starts the worker threads, and the accepting thread where there are several.
pub(super) fn start<H: Handler>(
    listeners: Vec<Listener>,
    options: Arc<Options>,
    phase: Arc<Phase>,
    make_handler: Arc<MakeHandler<H>>,
) -> io::Result<Started> {
    let (mut threads, mut clocks) = (Vec::new(), Vec::new());
    let mut sinks = Vec::new();
    let workers = options.workers.max(1);
    let mut own_listeners = Some(listeners);
    for index in 0..workers {
        // Bounded by `max_connections`: every entry holds a slot.
        let (sink, inbox) = mpsc::unbounded_channel();
        let load = Arc::new(AtomicUsize::new(0));
        sinks.push((sink, load.clone()));
        let (clock_out, clock_in) = std::sync::mpsc::channel();
        let (options, phase, make) = (options.clone(), phase.clone(), make_handler.clone());
        let listeners = if workers == 1 { own_listeners.take() } else { None };
        threads.push(spawn_thread(format!("gate-{index}"), async move {
            let clock = Clock::start();
            let _ = clock_out.send(clock.clone());
            let runs = Runs::default();
            let handler = make(&Worker { index, clock: clock.clone(), runs: runs.clone() });
            let serving = Serving { handler, clock, runs, options, phase };
            work(serving, listeners.unwrap_or_default(), load, inbox).await;
        })?);
        clocks.push(clock_in.recv().map_err(io::Error::other)?);
    }
    if let Some(listeners) = own_listeners {
        threads.push(spawn_thread(
            "gate-accept".to_owned(),
            distribute(listeners, options, phase, sinks),
        )?);
    }
    Ok((threads, clocks))
}

fn spawn_thread(
    name: String,
    work: impl Future<Output = ()> + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(name).spawn(move || {
        runtime.block_on(work);
        // A name lookup may still block on a thread of the runtime: it is not waited for.
        runtime.shutdown_background();
    })
}

/// A worker: accepts for itself where it has listeners, and takes what is handed to it.
async fn work<H: Handler>(
    serving: Serving<H>,
    listeners: Vec<Listener>,
    load: Arc<AtomicUsize>,
    mut inbox: mpsc::UnboundedReceiver<Accepted>,
) {
    for listener in listeners {
        let (own, load) = (serving.clone(), load.clone());
        tokio::spawn(async move {
            let (phase, options) = (own.phase.clone(), own.options.clone());
            accept_all(listener, &phase, &options, |socket, peer, tls| {
                let slot = Slot::take(&own.phase, &load);
                spawn_connection(socket, peer, tls, slot, own.clone());
            })
            .await;
        });
    }
    let phase = serving.phase.clone();
    let take_all = async {
        while let Some(Accepted { socket, peer, tls, slot }) = inbox.recv().await {
            match TcpStream::from_std(socket) {
                Ok(socket) => spawn_connection(socket, peer, tls, slot, serving.clone()),
                Err(error) => tracing::debug!(%error, "an accepted connection was lost"),
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = take_all => {}
        () = phase.reached(Step::Stopped) => {}
    }
}

fn spawn_connection<H: Handler>(
    socket: TcpStream,
    peer: Peer,
    tls: Option<Arc<ServerTls>>,
    slot: Slot,
    serving: Serving<H>,
) {
    tokio::spawn(async move {
        connection::serve(socket, peer, tls, serving).await;
        drop(slot);
    });
}

type Sink = (mpsc::UnboundedSender<Accepted>, Arc<AtomicUsize>);

/// The accepting thread: each connection goes to the worker with the fewest.
async fn distribute(
    listeners: Vec<Listener>,
    options: Arc<Options>,
    phase: Arc<Phase>,
    sinks: Vec<Sink>,
) {
    let sinks = Arc::new(sinks);
    for listener in listeners {
        let (options, phase, sinks) = (options.clone(), phase.clone(), sinks.clone());
        tokio::spawn(async move {
            accept_all(listener, &phase, &options, |socket, peer, tls| {
                let Some((sink, load)) = sinks.iter().min_by_key(|(_, load)| load.load(SeqCst))
                else {
                    return;
                };
                let slot = Slot::take(&phase, load);
                if let Ok(socket) = socket.into_std() {
                    let _ = sink.send(Accepted { socket, peer, tls, slot });
                }
            })
            .await;
        });
    }
    phase.reached(Step::Draining).await;
}

/// How long accepting rests when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

async fn accept_all(
    listener: Listener,
    phase: &Arc<Phase>,
    options: &Options,
    mut deliver: impl FnMut(TcpStream, Peer, Option<Arc<ServerTls>>),
) {
    let bound = listener
        .socket
        .local_addr()
        .and_then(|local| TcpListener::from_std(listener.socket).map(|socket| (local, socket)));
    let (bound_to, socket) = match bound {
        Ok(bound) => bound,
        Err(error) => return tracing::error!(%error, "a listening socket cannot be used"),
    };
    let draining = phase.reached(Step::Draining);
    tokio::pin!(draining);
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = &mut draining => return,
        };
        match accepted {
            Ok((socket, _)) if phase.open.load(SeqCst) >= options.max_connections => {
                refuse(socket, listener.tls.is_some(), phase);
            }
            Ok((socket, address)) => {
                let local = socket.local_addr().unwrap_or(bound_to);
                deliver(socket, Peer::plain(address, local), listener.tls.clone());
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Refusals that are under way at once; beyond it a connection is closed without a word.
const REFUSALS: usize = 64;
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Answers 503 and reads what the client sends for a moment, so that the answer is not lost to a reset.
fn refuse(mut socket: TcpStream, is_tls: bool, phase: &Arc<Phase>) {
    if is_tls || phase.refusing.load(SeqCst) >= REFUSALS {
        return;
    }
    phase.refusing.fetch_add(1, SeqCst);
    let phase = phase.clone();
    tokio::spawn(async move {
        let _ = tokio::time::timeout(REFUSAL_TIMEOUT, async {
            socket.write_all(REFUSAL).await?;
            socket.shutdown().await?;
            let mut rest = [0; 4096];
            while socket.read(&mut rest).await? > 0 {}
            io::Result::Ok(())
        })
        .await;
        phase.refusing.fetch_sub(1, SeqCst);
    });
}
