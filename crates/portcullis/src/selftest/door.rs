//! The way in for canaries: a socket on loopback that takes their keys and no others.
//!
//! The gate's own listeners may want TLS, or certificates of clients, which a canary has not. Behind
//! the door is a worker like any other.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use gate::answer::AnswerBody;
use gate::net::listen::{self, Handler, Listener};
use gate::net::peer::Peer;
use gate::{Gate, Worker};
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use model::{AgentKey, KeyHash};

#[derive(Clone)]
struct Door {
    worker: Worker,
    keys: Arc<[KeyHash]>,
}

impl Handler for Door {
    type Body = AnswerBody;

    async fn call(&self, peer: &Arc<Peer>, request: Request<Incoming>) -> Response<AnswerBody> {
        if is_canary(&request, &self.keys) {
            return self.worker.call(peer, request).await;
        }
        let mut answer = Response::new(AnswerBody::from(Bytes::new()));
        *answer.status_mut() = StatusCode::NOT_FOUND;
        answer
    }
}

fn is_canary(request: &Request<Incoming>, keys: &[KeyHash]) -> bool {
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.strip_prefix("Bearer "));
    let key = shown.and_then(|key| AgentKey::parse(key).ok());
    key.is_some_and(|key| keys.contains(&key.hash()))
}

/// Serves on a free port.
pub(super) fn open(gate: &Arc<Gate>, keys: Vec<KeyHash>) -> std::io::Result<listen::Running> {
    let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None)?;
    let options = listen::Options { workers: 1, max_connections: 16, ..listen::Options::default() };
    let (gate, keys) = (gate.clone(), Arc::<[KeyHash]>::from(keys));
    listen::serve(vec![listener], options, move |worker| Door {
        worker: Worker::new(gate.clone(), worker),
        keys: keys.clone(),
    })
}
