//! Clients that send what no good client sends.

use super::*;

const HOST: &str = "Host: a\r\n";

async fn answer_to(bytes: &[u8]) -> String {
    let running = echo(one_worker(), None);
    let mut socket = connect(running.addresses()[0]).await;
    send(&mut socket, bytes).await;
    read_to_end(&mut socket).await
}

/// The answer must have this status, and the connection must close after it.
async fn refused_with(status: &str, bytes: &[u8]) {
    let answer = answer_to(bytes).await;
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{shown:?} was answered {answer:?}"
    );
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{shown:?} was answered {answer:?}");
}

#[tokio::test]
async fn smuggling_shapes_are_refused_and_the_connection_is_closed() {
    let shapes = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "Content-Length: 5, 6\r\n\r\nhello",
        "Content-Length: +5\r\n\r\nhello",
        "Content-Length: -1\r\n\r\nhello",
        "Content-Length: 0x5\r\n\r\nhello",
        "Content-Length: 99999999999999999999999\r\n\r\nhello",
        "Content-Length : 5\r\n\r\nhello",
        "X-Folded: a\r\n b\r\n\r\n",
        " X-Begins: a\r\n\r\n",
        "X-Bare: a\nX-Other: b\r\n\r\n",
        "X-Bare: a\r\n\n",
        "X-Nul: a\0b\r\n\r\n",
        "X-Return: a\rb\r\n\r\n",
        "No colon\r\n\r\n",
        ": no name\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n",
        "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        "Host: b\r\n\r\n",
    ];
    for shape in shapes {
        refused_with("400", format!("POST / HTTP/1.1\r\n{HOST}{shape}").as_bytes()).await;
    }
    refused_with("400", b"POST / HTTP/1.1\r\n\r\n").await;
    refused_with("400", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    refused_with(
        "400",
        b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    )
    .await;
    refused_with("400", b"POST / HTTP/1.1\nHost: a\n\n").await;
}

#[tokio::test]
async fn a_smuggled_length_is_found_however_the_head_is_cut() {
    let head: &[u8] =
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
    for cut in [1, 2, 30, 50, head.len() - 1] {
        let running = echo(one_worker(), None);
        let mut socket = connect(running.addresses()[0]).await;
        socket.set_nodelay(true).unwrap();
        send(&mut socket, &head[..cut]).await;
        tokio::task::yield_now().await;
        send(&mut socket, &head[cut..]).await;
        let answer = read_to_end(&mut socket).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "cut at {cut}: {answer:?}");
    }
}

#[tokio::test]
async fn a_pipelined_ambiguous_request_is_the_last_one_on_its_connection() {
    let answer = answer_to(
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\
        Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    )
    .await;
    assert!(answer.contains("GET /1 "), "{answer:?}");
    assert!(!answer.contains("smuggled"), "{answer:?}");
}

#[tokio::test]
async fn bad_chunks_never_become_a_body() {
    for chunks in [
        "5\r\nhelloXX0\r\n\r\n",
        "z\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello",
    ] {
        let request =
            format!("POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n{chunks}");
        let answer = answer_to(request.as_bytes()).await;
        assert!(answer.contains("broken") || answer.is_empty(), "{chunks:?} gave {answer:?}");
        assert!(answer.matches("HTTP/1.1 200").count() <= 1, "{chunks:?} gave {answer:?}");
    }
}

#[tokio::test]
async fn header_bombs_are_refused() {
    let large = format!("GET / HTTP/1.1\r\n{HOST}X: {}\r\n\r\n", "a".repeat(70 * 1024));
    refused_with("431", large.as_bytes()).await;
    let endless = format!("GET / HTTP/1.1\r\n{HOST}X: {}", "a".repeat(80 * 1024));
    refused_with("431", endless.as_bytes()).await;
    let many = format!("GET / HTTP/1.1\r\n{HOST}{}\r\n", "X: a\r\n".repeat(101));
    refused_with("431", many.as_bytes()).await;
}

#[tokio::test]
async fn a_head_that_dribbles_in_is_cut_off() {
    let options = Options { header_timeout: Duration::from_millis(200), ..one_worker() };
    let running = echo(options, None);
    let mut socket = connect(running.addresses()[0]).await;
    send(&mut socket, b"GET / HTTP/1.1\r\nHost: a\r\n").await;
    let dribble = async {
        while socket.write_all(b"X: a\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(dribble).await;
    until(|| running.open_connections() == 0).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_cut_off() {
    let options = Options { write_stall_timeout: Duration::from_millis(200), ..one_worker() };
    let running =
        serving(options, None, |_, _| async { Response::new(text(vec![b'a'; 64 << 20])) });
    let mut socket = connect(running.addresses()[0]).await;
    send(&mut socket, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    until(|| running.open_connections() == 1).await;
    until(|| running.open_connections() == 0).await;
}

#[tokio::test]
async fn idle_and_silent_connections_are_closed() {
    let short = Duration::from_millis(150);
    let options = Options { idle_timeout: short, handshake_timeout: short, ..one_worker() };
    let running = echo(options, None);
    let mut silent = connect(running.addresses()[0]).await;
    assert_eq!(read_to_end(&mut silent).await, "");
    let mut idle = connect(running.addresses()[0]).await;
    send(&mut idle, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(read_to_end(&mut idle).await.ends_with("GET / HTTP/1.1 0"));
}
