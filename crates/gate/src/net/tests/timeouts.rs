//! Every wait for an upstream ends. The clock is paused: a wait costs no time.

use tokio::time::Instant;

use super::super::tls::{ClientSettings, ClientTls};
use super::super::upstream::{Limits, Timeouts};
use super::*;

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn caller(address: SocketAddr, timeouts: Timeouts) -> Caller {
    Caller::new(TargetSettings { timeouts, ..settings_for(address) })
}

const LONG: Timeouts = Timeouts {
    connect: Duration::from_secs(500),
    first_byte: Duration::from_secs(500),
    idle: Duration::from_secs(500),
    total: Duration::from_secs(500),
};

/// The error, and after how many seconds it came.
async fn failure(caller: &Caller) -> (UpstreamError, f64) {
    let begun = Instant::now();
    let error = caller.ask("one!").await.unwrap_err();
    (error, begun.elapsed().as_secs_f64())
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_does_not_begin_to_answer() {
    let (listener, address) = listener().await;
    let upstream = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        (socket, listener)
    });
    let (error, took) =
        failure(&caller(address, Timeouts { first_byte: seconds(3), ..LONG })).await;
    assert!(matches!(error, UpstreamError::FirstByteTimeout), "{error:?}");
    assert!((3.0..3.2).contains(&took), "{took}");
    assert!(error.is_timeout());
    drop(upstream);
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_stops_in_the_middle() {
    let (listener, address) = listener().await;
    let upstream = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        send(&mut socket, CHUNKED).await;
        send(&mut socket, b"2\r\nok\r\n").await;
        (socket, listener)
    });
    let (error, took) = failure(&caller(address, Timeouts { idle: seconds(3), ..LONG })).await;
    assert!(matches!(error, UpstreamError::IdleTimeout), "{error:?}");
    assert!((3.0..3.2).contains(&took), "{took}");
    drop(upstream);
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_never_ends() {
    let (listener, address) = listener().await;
    let upstream = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        send(&mut socket, CHUNKED).await;
        while socket.write_all(b"2\r\nok\r\n").await.is_ok() {
            tokio::time::sleep(seconds(1)).await;
        }
    });
    let timeouts = Timeouts { idle: seconds(3), total: seconds(20), ..LONG };
    let (error, took) = failure(&caller(address, timeouts)).await;
    assert!(matches!(error, UpstreamError::TotalTimeout), "{error:?}");
    assert!((20.0..20.2).contains(&took), "{took}");
    drop(upstream);
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_accepts_and_does_not_speak_tls() {
    let (listener, address) = listener().await;
    let tls = ClientTls::new(ClientSettings::public());
    let timeouts = Timeouts { connect: seconds(3), ..LONG };
    let settings = TargetSettings { timeouts, tls: Some(tls.unwrap()), ..settings_for(address) };
    let (error, took) = failure(&Caller::new(settings)).await;
    assert!(matches!(error, UpstreamError::ConnectTimeout), "{error:?}");
    assert!((3.0..3.2).contains(&took), "{took}");
    drop(listener);
}

#[tokio::test(start_paused = true)]
async fn time_that_the_reader_takes_is_not_the_upstreams() {
    let (listener, address) = listener().await;
    let (read_one, is_read) = tokio::sync::oneshot::channel();
    let upstream = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        send(&mut socket, CHUNKED).await;
        send(&mut socket, b"2\r\nok\r\n").await;
        is_read.await.unwrap();
        send(&mut socket, b"2\r\nok\r\n0\r\n\r\n").await;
        (socket, listener)
    });
    let caller = caller(address, Timeouts { idle: seconds(3), ..LONG });
    let mut response = caller.send("one!").await.unwrap();
    response.body_mut().frame().await.unwrap().unwrap();
    read_one.send(()).unwrap();
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(read(response).await.unwrap(), "ok");
    drop(upstream);
}

#[tokio::test(start_paused = true)]
async fn kept_connections_grow_old() {
    let (listener, address) = listener().await;
    let upstream = tokio::spawn(async move {
        let mut socket = accept_request(&listener).await;
        send(&mut socket, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        (socket, listener)
    });
    let limits = Limits { idle_timeout: seconds(30), ..Limits::default() };
    let caller = Caller::new(TargetSettings { limits, timeouts: LONG, ..settings_for(address) });
    caller.ask("one!").await.unwrap();
    let (mut socket, _listener) = upstream.await.unwrap();
    tokio::time::sleep(seconds(25)).await;
    assert_eq!(caller.pool.idle_connections(&caller.target), 1);
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(caller.pool.open_connections(&caller.target), 0);
    assert_eq!(read_to_end(&mut socket).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_dribbles_is_not_waited_for() {
    use super::super::body::ReadError;
    let limits = BodyLimits { max_bytes: 10, idle: seconds(2), total: seconds(5) };
    let running = read_bounded(Stalled, limits).await;
    assert!(matches!(running, Err(ReadError::Timeout)), "{running:?}");
    let large = read_bounded(text("01234567890"), limits).await;
    assert!(matches!(large, Err(ReadError::TooLarge)), "{large:?}");
    assert_eq!(read_bounded(text("0123456789"), limits).await.unwrap(), "0123456789");
}

struct Stalled;

impl http_body::Body for Stalled {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
        std::task::Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn pieces_that_are_there_leave_as_one_and_wait_for_no_other() {
    let (listener, address) = listener().await;
    let (read_one, is_read) = tokio::sync::oneshot::channel();
    let upstream = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let pieces = [CHUNKED, b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n"].concat();
        send(&mut socket, &pieces).await;
        is_read.await.unwrap();
        send(&mut socket, b"1\r\nd\r\n").await;
        // Broken off: what came before it is read, then the error.
        drop(socket);
    });
    let mut body = caller(address, LONG).send("one!").await.unwrap().into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "abc");
    read_one.send(()).unwrap();
    upstream.await.unwrap();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "d");
    assert!(body.frame().await.unwrap().is_err());
}
