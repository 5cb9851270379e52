//! The two listeners, for real.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::oneshot;

use super::fake::Fake;
use crate::{bind_socket, serve_socket, serve_tcp};

const DEADLINE: Duration = Duration::from_secs(10);

async fn exchange(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(DEADLINE, read).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn whoever_opens_the_socket_is_the_operator() {
    let fake = Fake::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    // A socket that a killed instance left.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listener = bind_socket(&path).await.unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let (stop, stopped) = oneshot::channel::<()>();
    let served = serve_socket(listener, fake.router.clone(), async { drop(stopped.await) });
    let served = tokio::spawn(served);
    let answer = exchange(UnixStream::connect(&path).await.unwrap(), "/api/v1/agents").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // A second instance does not take the socket away.
    assert!(bind_socket(&path).await.is_err());
    stop.send(()).unwrap();
    tokio::time::timeout(DEADLINE, served).await.unwrap().unwrap();
}

#[tokio::test]
async fn over_tcp_a_token_is_needed() {
    let fake = Fake::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = serve_tcp(listener, || None, fake.router.clone(), async { drop(stopped.await) });
    let served = tokio::spawn(served);
    let answer = exchange(TcpStream::connect(address).await.unwrap(), "/api/v1/agents").await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let answer = exchange(TcpStream::connect(address).await.unwrap(), "/healthz").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stop.send(()).unwrap();
    tokio::time::timeout(DEADLINE, served).await.unwrap().unwrap();
}
