//! The model API that the demonstration simulates: a real HTTP server on loopback, whose answers
//! are written down in [`script`].

pub(super) mod memory;
mod paced;
pub(super) mod script;
#[cfg(test)]
mod tests;
pub(super) mod wire;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use self::memory::{Call, Memory};
use self::paced::Paced;
use self::wire::{Api, Asked};

/// Longer requests are refused.
const MAX_REQUEST: usize = 1 << 20;

/// A running model API. It ends when dropped.
pub(super) struct Model {
    pub(super) address: SocketAddr,
    pub(super) memory: Memory,
    task: JoinHandle<()>,
}

impl Model {
    /// Serves on a free port of loopback. `secret` is what one of its answers leaks.
    pub(super) async fn start(secret: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, memory) = (listener.local_addr()?, Memory::default());
        let task = tokio::spawn(accept(listener, memory.clone(), secret.into()));
        Ok(Self { address, memory, task })
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, memory: Memory, secret: Arc<str>) {
    loop {
        // A connection that did not come about is its caller's to repeat.
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(serve(stream, memory.clone(), secret.clone()));
    }
}

async fn serve(stream: TcpStream, memory: Memory, secret: Arc<str>) {
    // Without it the pieces of a stream wait for each other.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let (memory, secret) = (memory.clone(), secret.clone());
        async move { Ok::<_, Infallible>(answer(request, &memory, &secret).await) }
    });
    let server = hyper::server::conn::http1::Builder::new();
    // Callers that hang up are part of the demonstration.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

async fn answer(request: Request<Incoming>, memory: &Memory, secret: &str) -> Answer {
    let Some(api) = Api::of_path(request.uri().path()) else {
        return whole(StatusCode::NOT_FOUND, &Value::Null);
    };
    let credential = credential(request.headers());
    let body = Limited::new(request.into_body(), MAX_REQUEST).collect().await;
    let body = body.ok().and_then(|body| serde_json::from_slice::<Value>(&body.to_bytes()).ok());
    let Some(body) = body else { return whole(StatusCode::BAD_REQUEST, &Value::Null) };
    let asked = Asked::read(api, &body);
    let text = asked.answer(secret);
    let prompt = asked.prompt.clone();
    let call = Call { credential, prompt, answer: text.clone(), ..Call::default() };
    let call = memory.keep(call);
    if !asked.is_streamed {
        return whole(StatusCode::OK, &asked.whole(&text));
    }
    let body = Paced::new(asked.events(&text), memory.clone(), call);
    with_type(StatusCode::OK, "text/event-stream", body.boxed())
}

fn credential(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    bearer.or_else(|| text("x-api-key")).unwrap_or_default().to_owned()
}

fn whole(status: StatusCode, body: &Value) -> Answer {
    with_type(status, "application/json", Full::from(body.to_string()).boxed())
}

fn with_type(status: StatusCode, kind: &'static str, body: BoxBody<Bytes, Infallible>) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    answer
}
