//! Good clients of the listening side.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::sync::{Notify, mpsc};

use super::super::upstream::Http2;
use super::*;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let running = echo(one_worker(), None);
    let mut socket = connect(running.addresses()[0]).await;
    for _ in 0..3 {
        send(&mut socket, b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").await;
        read_until(&mut socket, "POST /x HTTP/1.1 3").await;
        send(&mut socket, b"POST /y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").await;
        read_until(&mut socket, "POST /y HTTP/1.1 3").await;
    }
    assert_eq!(running.open_connections(), 1);
}

#[tokio::test]
async fn http2_is_spoken_with_prior_knowledge_on_one_connection() {
    let running = echo(one_worker(), None);
    let settings =
        TargetSettings { http2: Http2::PriorKnowledge, ..settings_for(running.addresses()[0]) };
    let caller = Caller::new(settings);
    assert_eq!(caller.ask("abc").await.unwrap(), "POST /path HTTP/2.0 3");
    let (first, second) = tokio::join!(caller.ask("abcd"), caller.ask("abcde"));
    assert_eq!(first.unwrap(), "POST /path HTTP/2.0 4");
    assert_eq!(second.unwrap(), "POST /path HTTP/2.0 5");
    assert_eq!(running.open_connections(), 1);
    assert_eq!(caller.pool.open_connections(&caller.target), 1);
}

#[tokio::test]
async fn an_idle_http2_connection_is_let_go_and_costs_no_request() {
    let options = Options { idle_timeout: Duration::from_millis(100), ..one_worker() };
    let running = echo(options, None);
    let settings =
        TargetSettings { http2: Http2::PriorKnowledge, ..settings_for(running.addresses()[0]) };
    let caller = Caller::new(settings);
    for _ in 0..2 {
        assert_eq!(within(caller.ask("abc")).await.unwrap(), "POST /path HTTP/2.0 3");
        until(|| running.open_connections() == 0).await;
    }
}

#[tokio::test]
async fn connections_are_spread_over_the_workers() {
    let listener = Listener::bind(loopback(), None).unwrap();
    let options = Options { workers: 2, ..Options::default() };
    let running = serve(vec![listener], options, |worker| {
        let index = worker.index;
        Answering(move |_, _| async move { Response::new(text(format!("worker={index};"))) })
    })
    .unwrap();
    let mut sockets = Vec::new();
    let mut seen = [0, 0];
    for _ in 0..6 {
        let mut socket = connect(running.addresses()[0]).await;
        send(&mut socket, GET).await;
        let answer = read_until(&mut socket, ";").await;
        seen[usize::from(answer.ends_with("worker=1;"))] += 1;
        sockets.push(socket);
    }
    assert_eq!(seen, [3, 3]);
    drop(sockets);
    assert_eq!(within(running.shutdown(DEADLINE)).await, 0);
}

#[tokio::test]
async fn draining_lets_a_running_request_finish_and_closes_the_rest() {
    let (started, mut starts) = mpsc::unbounded_channel();
    let finish = Arc::new(Notify::new());
    let gate = finish.clone();
    let running = serving(one_worker(), None, move |_, request| {
        let (started, finish) = (started.clone(), gate.clone());
        async move {
            if request.uri().path() == "/slow" {
                started.send(()).unwrap();
                finish.notified().await;
            }
            Response::new(text("finished."))
        }
    });
    let address = running.addresses()[0];
    let mut idle = connect(address).await;
    send(&mut idle, GET).await;
    read_until(&mut idle, "finished.").await;
    let mut slow = connect(address).await;
    send(&mut slow, b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    within(starts.recv()).await.unwrap();
    let shutdown = tokio::spawn(running.shutdown(DEADLINE));
    assert_eq!(read_to_end(&mut idle).await, "");
    finish.notify_one();
    assert!(read_to_end(&mut slow).await.ends_with("finished."));
    assert_eq!(within(shutdown).await.unwrap(), 0);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut() {
    let (started, mut starts) = mpsc::unbounded_channel();
    let running = serving(one_worker(), None, move |_, _| {
        started.send(()).unwrap();
        std::future::pending()
    });
    let mut socket = connect(running.addresses()[0]).await;
    send(&mut socket, GET).await;
    within(starts.recv()).await.unwrap();
    assert_eq!(within(running.shutdown(Duration::from_millis(50))).await, 1);
    assert_eq!(read_to_end(&mut socket).await, "");
}

#[tokio::test]
async fn beyond_the_most_connections_a_client_is_told_to_come_back() {
    let running = echo(Options { max_connections: 1, ..one_worker() }, None);
    let mut first = connect(running.addresses()[0]).await;
    send(&mut first, GET).await;
    read_until(&mut first, "GET / HTTP/1.1 0").await;
    let mut second = connect(running.addresses()[0]).await;
    send(&mut second, GET).await;
    assert!(read_to_end(&mut second).await.starts_with("HTTP/1.1 503 "));
    drop(first);
    until(|| running.open_connections() == 0).await;
    let mut third = connect(running.addresses()[0]).await;
    send(&mut third, GET).await;
    read_until(&mut third, "GET / HTTP/1.1 0").await;
}

#[tokio::test]
async fn a_panic_is_answered_and_harms_nobody_else() {
    let running = serving(one_worker(), None, |_, request| async move {
        assert!(request.uri().path() != "/bad", "on purpose");
        Response::new(text("fine."))
    });
    let mut other = connect(running.addresses()[0]).await;
    send(&mut other, GET).await;
    read_until(&mut other, "fine.").await;
    let mut bad = connect(running.addresses()[0]).await;
    send(&mut bad, b"GET /bad HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(read_to_end(&mut bad).await.starts_with("HTTP/1.1 500 "));
    send(&mut other, GET).await;
    read_until(&mut other, "fine.").await;
}

struct CountsDrop(Arc<AtomicUsize>);

impl Drop for CountsDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_drops_its_handler_at_once() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let (started, mut starts) = mpsc::unbounded_channel();
    let count = dropped.clone();
    let running = serving(one_worker(), None, move |_, _| {
        let guard = CountsDrop(count.clone());
        started.send(()).unwrap();
        async move {
            let _guard = guard;
            std::future::pending().await
        }
    });
    let mut socket = connect(running.addresses()[0]).await;
    send(&mut socket, GET).await;
    within(starts.recv()).await.unwrap();
    drop(socket);
    let hung_up = std::time::Instant::now();
    until(|| dropped.load(SeqCst) == 1).await;
    assert!(hung_up.elapsed() < Duration::from_millis(100), "{:?}", hung_up.elapsed());
}
