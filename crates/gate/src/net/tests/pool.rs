//! The upstream side against scripted upstreams.

use super::super::upstream::Limits;
use super::*;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_connection_is_used_again_after_its_answer_was_read() {
    let (listener, address) = listener().await;
    let upstream = tokio::spawn(async move {
        let mut socket = accept_request(&listener).await;
        send(&mut socket, OK).await;
        read_until(&mut socket, "!").await;
        send(
            &mut socket,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        )
        .await;
        read_until(&mut socket, "!").await;
        send(&mut socket, OK).await;
        (socket, listener)
    });
    let caller = Caller::to(address);
    for _ in 0..3 {
        assert_eq!(within(caller.ask("one!")).await.unwrap(), "ok");
        assert_eq!(caller.pool.idle_connections(&caller.target), 1);
    }
    assert_eq!(caller.pool.open_connections(&caller.target), 1);
    within(upstream).await.unwrap();
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_no_request() {
    let (listener, address) = listener().await;
    let caller = Caller::to(address);
    for _ in 0..3 {
        let upstream = async {
            let mut socket = accept_request(&listener).await;
            send(&mut socket, OK).await;
        };
        let (answer, ()) = tokio::join!(within(caller.ask("one!")), upstream);
        assert_eq!(answer.unwrap(), "ok");
    }
}

#[tokio::test]
async fn a_request_that_was_sent_is_never_sent_again() {
    let (listener, address) = listener().await;
    let caller = Caller::to(address);
    let upstream = async {
        let mut socket = accept_request(&listener).await;
        send(&mut socket, OK).await;
        // The second request arrives on the kept connection and is not answered.
        read_until(&mut socket, "!").await;
    };
    let asking = async {
        caller.ask("one!").await.unwrap();
        caller.ask("two!").await.unwrap_err()
    };
    let ((), error) = within(async { tokio::join!(upstream, asking) }).await;
    assert!(matches!(error, UpstreamError::Closed(_)), "{error:?}");
    let again = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(again.is_err(), "a second connection was made");
}

#[tokio::test]
async fn dropping_an_answer_closes_its_connection_at_once() {
    let (listener, address) = listener().await;
    let caller = Caller::to(address);
    let upstream = async {
        let mut socket = accept_request(&listener).await;
        send(&mut socket, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
            .await;
        socket
    };
    let (mut socket, response) = tokio::join!(upstream, caller.send("one!"));
    let mut response = response.unwrap();
    assert_eq!(
        &response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap()[..],
        b"ok"
    );
    drop(response);
    let dropped = std::time::Instant::now();
    assert_eq!(read_to_end(&mut socket).await, "");
    assert!(dropped.elapsed() < Duration::from_millis(100), "{:?}", dropped.elapsed());
    assert_eq!(caller.pool.open_connections(&caller.target), 0);
}

#[tokio::test]
async fn connections_are_bounded_per_target() {
    let (listener, address) = listener().await;
    let limits = Limits { max_connections: 1, ..Limits::default() };
    let caller = Caller::new(TargetSettings { limits, ..settings_for(address) });
    let upstream = async {
        let mut socket = accept_request(&listener).await;
        let error = caller.ask("two!").await.unwrap_err();
        assert!(matches!(error, UpstreamError::TooManyConnections), "{error:?}");
        send(&mut socket, OK).await;
    };
    let ((), answer) = within(async { tokio::join!(upstream, caller.ask("one!")) }).await;
    assert_eq!(answer.unwrap(), "ok");
}

async fn error_for(answer: Vec<u8>) -> UpstreamError {
    let (listener, address) = listener().await;
    let caller = Caller::to(address);
    let upstream = async {
        let mut socket = accept_request(&listener).await;
        let _ = socket.write_all(&answer).await;
    };
    let ((), answered) = within(async { tokio::join!(upstream, caller.ask("one!")) }).await;
    let error = answered.expect_err("no error");
    assert_eq!(caller.pool.open_connections(&caller.target), 0);
    error
}

#[tokio::test]
async fn bad_answers_have_errors_of_their_own() {
    use UpstreamError::{Closed, HeadersTooLarge, Protocol};
    let error = error_for(Vec::new()).await;
    assert!(matches!(error, Closed(_)), "{error:?}");
    let error = error_for(b"what is this?\r\n\r\n".to_vec()).await;
    assert!(matches!(error, Protocol(_)), "{error:?}");
    let error = error_for(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok".to_vec()).await;
    assert!(matches!(error, Closed(_)), "{error:?}");
    let error =
        error_for(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n".to_vec())
            .await;
    assert!(matches!(error, Protocol(_)), "{error:?}");
    let error =
        error_for(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n".to_vec())
            .await;
    assert!(matches!(error, Closed(_)), "{error:?}");
    let bomb = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(70 * 1024));
    let error = error_for(bomb.into_bytes()).await;
    assert!(matches!(error, HeadersTooLarge), "{error:?}");
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_said_to_be() {
    let (listener, address) = listener().await;
    drop(listener);
    let error = Caller::to(address).ask("one!").await.unwrap_err();
    assert!(matches!(error, UpstreamError::Connect(_)), "{error:?}");
    assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    assert!(Target::new(TargetSettings::plain("http://a/b", 80)).is_err());
}

#[tokio::test]
async fn host_is_the_targets_whatever_the_request_says() {
    let (listener, address) = listener().await;
    let caller = Caller::to(address);
    let request = Request::post("http://elsewhere/path?q=1")
        .header("host", "elsewhere")
        .header("expect", "100-continue");
    let request = request.body(text("!")).unwrap();
    let upstream = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let head = read_until(&mut socket, "!").await.to_lowercase();
        send(&mut socket, OK).await;
        head
    };
    let (head, answer) = tokio::join!(upstream, caller.pool.send(&caller.target, request));
    assert_eq!(read(answer.unwrap()).await.unwrap(), "ok");
    assert!(head.starts_with("post /path?q=1 http/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {address}\r\n")), "{head}");
    assert!(!head.contains("elsewhere") && !head.contains("expect"), "{head}");
}
