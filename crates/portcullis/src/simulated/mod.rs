//! Servers that this program simulates, for the demonstration and the self-test: real HTTP on a free
//! port of loopback, with answers that are written down.

pub(crate) mod agent;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Longer requests are refused.
const MAX_REQUEST: usize = 1 << 20;
/// Connections at once; further ones wait.
const MAX_CONNECTIONS: usize = 64;

/// What is answered.
pub(crate) enum Answer {
    Json(Value),
    /// Taken, with nothing to say.
    Accepted,
    NotFound,
    /// Events of which these are the first; the last never comes.
    Endless(Bytes),
}

type Handler = dyn Fn(&str, &Value) -> Answer + Send + Sync;

/// A running server. It ends when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// `answer` is asked with the path and the JSON body of each request.
    pub(crate) async fn start(
        answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, Arc::new(answer)));
        Ok(Self { address, task })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, answer: Arc<Handler>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        // A connection that did not come about is its caller's to repeat.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let answer = answer.clone();
        tokio::spawn(async move {
            serve(stream, answer).await;
            drop(place);
        });
    }
}

async fn serve(stream: TcpStream, answer: Arc<Handler>) {
    // Without it the pieces of an answer wait for each other.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let answer = answer.clone();
        async move { Ok::<_, Infallible>(respond(request, &*answer).await) }
    });
    // Callers that hang up are expected.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

type Reply = Response<BoxBody<Bytes, Infallible>>;

async fn respond(request: Request<Incoming>, answer: &Handler) -> Reply {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_REQUEST).collect().await else {
        return reply(StatusCode::PAYLOAD_TOO_LARGE, None, empty());
    };
    let body = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
    match answer(parts.uri.path(), &body) {
        Answer::Json(value) => {
            reply(StatusCode::OK, Some("application/json"), Full::from(value.to_string()).boxed())
        }
        Answer::Accepted => reply(StatusCode::ACCEPTED, None, empty()),
        Answer::NotFound => reply(StatusCode::NOT_FOUND, None, empty()),
        Answer::Endless(first) => {
            let body = Endless { first: Some(first) }.boxed();
            reply(StatusCode::OK, Some("text/event-stream"), body)
        }
    }
}

fn empty() -> BoxBody<Bytes, Infallible> {
    Full::default().boxed()
}

fn reply(
    status: StatusCode,
    kind: Option<&'static str>,
    body: BoxBody<Bytes, Infallible>,
) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    if let Some(kind) = kind {
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    reply
}

/// A stream that says one thing and then waits until somebody hangs up.
struct Endless {
    first: Option<Bytes>,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // The connection looks again when its caller hangs up.
        self.first.take().map_or(Poll::Pending, |first| Poll::Ready(Some(Ok(Frame::data(first)))))
    }
}

/// What an MCP server without sessions answers to a message (streamable HTTP): `tools` is what it
/// lists, `call` what a tool returns.
pub(crate) fn mcp(
    message: &Value,
    tools: &Value,
    call: impl FnOnce(&str, &Value) -> String,
) -> Answer {
    let (Some(method), Some(id)) = (message["method"].as_str(), message.get("id")) else {
        return Answer::Accepted;
    };
    let params = &message["params"];
    let result = match method {
        "initialize" => json!({
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "simulated", "version": env!("CARGO_PKG_VERSION")},
        }),
        "tools/list" => json!({ "tools": tools }),
        "tools/call" => {
            let text = call(params["name"].as_str().unwrap_or_default(), &params["arguments"]);
            json!({"content": [{"type": "text", "text": text}]})
        }
        "ping" => json!({}),
        _ => {
            let error = json!({"code": -32601, "message": "there is no such method"});
            return Answer::Json(json!({"jsonrpc": "2.0", "id": id, "error": error}));
        }
    };
    Answer::Json(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// A completion of a chat with this one answer.
pub(crate) fn completion(model: &Value, content: &str) -> Value {
    json!({
        "id": "chatcmpl-simulated", "object": "chat.completion", "created": 1, "model": model,
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": content},
        }],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    })
}

/// The beginning of a chat's streamed answer.
pub(crate) fn first_words(model: &Value, content: &str) -> Bytes {
    let chunk = json!({
        "id": "chatcmpl-simulated", "object": "chat.completion.chunk", "created": 1, "model": model,
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": content}}],
    });
    format!("data: {chunk}\n\n").into()
}
