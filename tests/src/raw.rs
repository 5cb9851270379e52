//! Bytes on a socket, for what no HTTP library would send or answer.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::wait::DEADLINE;

/// Sends bytes and gives everything that comes back until the other side closes.
///
/// The other side may close before it has read everything; that is an answer too.
pub fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("the gate listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    stream.write_all(bytes).ok();
    read(&mut stream)
}

/// As [`exchange`], and nothing more follows the bytes: the sending half is closed.
pub fn exchange_and_close(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("the gate listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    stream.write_all(bytes).ok();
    stream.shutdown(Shutdown::Write).ok();
    read(&mut stream)
}

fn read(stream: &mut TcpStream) -> String {
    let mut come = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => come.extend_from_slice(&buffer[..read]),
            Err(error) if is_timeout(&error) => panic!(
                "the other side neither answered nor closed: {}",
                String::from_utf8_lossy(&come)
            ),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&come).into_owned()
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// The statuses of all answers in what came back.
pub fn statuses(come: &str) -> Vec<u16> {
    let heads = come.split("HTTP/1.1 ").skip(1);
    heads.filter_map(|head| head.get(..3)?.parse().ok()).collect()
}

/// An upstream that answers every connection with the same bytes, whatever it is asked.
///
/// It reads the request's head first. Ends with the process: it holds nothing but a port.
pub fn upstream(answer: &'static [u8], then: Then) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                head(&mut stream);
                stream.write_all(answer).ok();
                if then == Then::Hang {
                    // Holds the connection until the gate gives up.
                    stream.set_read_timeout(Some(Duration::from_secs(60))).ok();
                    stream.read_to_end(&mut Vec::new()).ok();
                }
            });
        }
    });
    address
}

/// What a raw upstream does after its bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    Close,
    Hang,
}

/// Reads until the empty line after a request's head, and the body that the head declares.
fn head(stream: &mut TcpStream) {
    let mut come = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&come).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => come.extend_from_slice(&buffer[..read]),
        }
    }
}
