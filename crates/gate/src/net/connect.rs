//! Making a connection to an upstream: name, TCP (both address families in a race), TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::error::UpstreamError;
use super::io::Stream;
use super::target::{Http2, Target};

/// A fresh connection, and what is spoken on it.
pub(super) struct Connected {
    pub(super) stream: Stream,
    pub(super) is_http2: bool,
}

/// Connects within the target's connect timeout.
pub(super) async fn connect(target: &Target) -> Result<Connected, UpstreamError> {
    match tokio::time::timeout(target.timeouts.connect, connect_unhurried(target)).await {
        Ok(connected) => connected,
        Err(_) => {
            target.forget_addresses();
            Err(UpstreamError::ConnectTimeout)
        }
    }
}

async fn connect_unhurried(target: &Target) -> Result<Connected, UpstreamError> {
    let addresses = addresses_of(target).await.map_err(UpstreamError::Resolve)?;
    let socket = race(&addresses).await.map_err(|error| {
        target.forget_addresses();
        UpstreamError::Connect(error)
    })?;
    let _ = socket.set_nodelay(true);
    let Some((config, name)) = &target.tls else {
        let is_http2 = target.http2 == Http2::PriorKnowledge;
        return Ok(Connected { stream: Stream::Plain(socket), is_http2 });
    };
    let connecting = TlsConnector::from(config.clone()).connect(name.clone(), socket);
    let stream = connecting.await.map_err(UpstreamError::Tls)?;
    let chosen = stream.get_ref().1.alpn_protocol();
    let is_http2 = chosen == Some(b"h2") || target.http2 == Http2::PriorKnowledge;
    Ok(Connected { stream: Stream::Tls(Box::new(stream.into())), is_http2 })
}

async fn addresses_of(target: &Target) -> io::Result<Arc<[SocketAddr]>> {
    if let Ok(address) = target.host.parse::<IpAddr>() {
        return Ok(Arc::new([SocketAddr::new(address, target.port)]));
    }
    if let Some(known) = target.known_addresses() {
        return Ok(known);
    }
    let found = lookup_host((target.host.as_str(), target.port)).await?;
    let addresses: Arc<[SocketAddr]> = interleaved(found.collect()).into();
    target.remember_addresses(addresses.clone());
    Ok(addresses)
}

/// The resolver's first address first, then the families in turn (RFC 8305 section 4).
fn interleaved(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first_is_v6) = found.first().map(SocketAddr::is_ipv6) else { return found };
    let (first, second): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let longest = first.len().max(second.len());
    let turns = (0..longest).flat_map(|turn| [first.get(turn).copied(), second.get(turn).copied()]);
    turns.flatten().collect()
}

/// How long an attempt has before the next address is tried beside it (RFC 8305 section 5).
const STAGGER: Duration = Duration::from_millis(250);

async fn race(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    if let [only] = addresses {
        return TcpStream::connect(only).await;
    }
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut attempts = JoinSet::new();
    let mut rest = addresses.iter().copied();
    loop {
        match rest.next() {
            Some(address) => drop(attempts.spawn(TcpStream::connect(address))),
            None if attempts.is_empty() => return Err(last),
            None => {}
        }
        tokio::select! {
            Some(ended) = attempts.join_next() => match ended {
                Ok(Ok(socket)) => return Ok(socket),
                Ok(Err(error)) => last = error,
                Err(error) => last = io::Error::other(error),
            },
            () = tokio::time::sleep(STAGGER), if rest.len() > 0 => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_the_resolvers_choice_is_first() {
        let parse = |address: &&str| address.parse().unwrap();
        let found: Vec<SocketAddr> =
            ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"].iter().map(parse).collect();
        let wanted: Vec<SocketAddr> =
            ["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"].iter().map(parse).collect();
        assert_eq!(interleaved(found), wanted);
    }

    #[tokio::test]
    async fn a_dead_address_does_not_keep_the_next_from_being_tried() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let dead = closed.local_addr().unwrap();
        drop(closed);
        let socket = race(&[dead, alive]).await.unwrap();
        assert_eq!(socket.peer_addr().unwrap(), alive);
        assert!(race(&[dead, dead]).await.is_err());
        assert!(race(&[]).await.is_err());
    }
}
