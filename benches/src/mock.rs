//! The mock upstream: precomputed answers, so that it costs little and always the same.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;

use crate::scenario::PACE_MS;

/// Chunks of a stream.
const CHUNKS: usize = 50;

/// All that the mock can say.
struct Answers {
    chat: Bytes,
    message: Bytes,
    tools: serde_json::Value,
    result: Bytes,
    events: Vec<Bytes>,
}

/// Serves until the process is ended; prints its port first.
pub(crate) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("{}", listener.local_addr()?.port());
        let answers: &'static Answers = Box::leak(Box::new(answers()));
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let service = service_fn(|request| answer(request, answers));
                // A client that goes away is no failure of a benchmark.
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await
                    .ok();
            });
        }
    })
}

fn answers() -> Answers {
    let text =
        "The quick brown fox jumps over the lazy dog while the river carries the moon away. "
            .repeat(9);
    let usage = json!({"prompt_tokens": 180, "completion_tokens": 150, "total_tokens": 330});
    let chat = json!({
        "id": "chatcmpl-mock", "object": "chat.completion", "created": 1, "model": "gpt-mock", "usage": usage,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
    });
    let message = json!({
        "id": "msg_mock", "type": "message", "role": "assistant", "model": "claude-mock", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": text}], "usage": {"input_tokens": 180, "output_tokens": 150},
    });
    let schema = json!({"type": "object", "required": ["text"], "additionalProperties": false, "properties": {
        "text": {"type": "string", "maxLength": 4000}, "sentences": {"type": "integer", "minimum": 1}}});
    let tool =
        json!({"name": "summarise", "description": "Summarises a text.", "inputSchema": schema});
    let content = json!({"content": [{"type": "text", "text": text}], "isError": false});
    let result = json!({"jsonrpc": "2.0", "id": 1, "result": content}).to_string();
    let words = ["The ", "quick ", "brown ", "fox ", "jumps ", "over "];
    let chunk = |number: usize| {
        let delta = json!({"content": words[number % words.len()]});
        let chunk = json!({"id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": 1, "model": "gpt-mock",
            "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let mut events: Vec<Bytes> = (0..CHUNKS).map(chunk).collect();
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    Answers {
        chat: chat.to_string().into(),
        message: message.to_string().into(),
        tools: json!({"tools": [tool]}),
        result: result.into(),
        events,
    }
}

async fn answer(
    request: Request<Incoming>,
    answers: &'static Answers,
) -> Result<Response<Playing>, Infallible> {
    let is_message = request.uri().path().ends_with("/messages");
    let is_tool = request.uri().path().ends_with("/mcp");
    let body = request
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let has = |needle: &[u8]| body.windows(needle.len()).any(|window| window == needle);
    if is_tool {
        return Ok(tool(&body, answers));
    }
    let (kind, playing) = match (is_message, has(b"\"stream\":true")) {
        (true, _) => ("application/json", Playing::whole(&answers.message)),
        (false, false) => ("application/json", Playing::whole(&answers.chat)),
        (false, true) => ("text/event-stream", Playing::events(&answers.events, pace(&has))),
    };
    let mut response = Response::new(playing);
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static(kind));
    Ok(response)
}

/// What an MCP server says: its one tool, or what that results in.
fn tool(body: &[u8], answers: &'static Answers) -> Response<Playing> {
    let message: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let playing = match message["method"].as_str() {
        Some("tools/list") => {
            let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": answers.tools});
            Playing { whole: Some(answer.to_string().into()), ..Playing::whole(&answers.result) }
        }
        _ => Playing::whole(&answers.result),
    };
    let mut response = Response::new(playing);
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert("content-type", json);
    response
}

fn pace(has: &impl Fn(&[u8]) -> bool) -> Option<Pace> {
    if has(b"gpt-paced") {
        Some(Pace::Every(Duration::from_millis(PACE_MS)))
    } else if has(b"gpt-idle") {
        Some(Pace::IdleAfterFirst)
    } else {
        None
    }
}

#[derive(Clone, Copy)]
enum Pace {
    Every(Duration),
    /// One chunk, and then nothing for an hour.
    IdleAfterFirst,
}

/// A body that hands out its pieces, at a pace.
struct Playing {
    pieces: std::slice::Iter<'static, Bytes>,
    whole: Option<Bytes>,
    pace: Option<Pace>,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Playing {
    fn whole(bytes: &Bytes) -> Self {
        Self { pieces: [].iter(), whole: Some(bytes.clone()), pace: None, pause: None }
    }

    fn events(events: &'static [Bytes], pace: Option<Pace>) -> Self {
        Self { pieces: events.iter(), whole: None, pace, pause: None }
    }
}

impl Body for Playing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(whole) = self.whole.take() {
            return Poll::Ready(Some(Ok(Frame::data(whole))));
        }
        if let Some(pause) = self.pause.as_mut() {
            ready!(pause.as_mut().poll(context));
        }
        self.pause = self.pace.map(|pace| {
            let span = match pace {
                Pace::Every(span) => span,
                Pace::IdleAfterFirst => Duration::from_secs(3600),
            };
            Box::pin(tokio::time::sleep(span))
        });
        Poll::Ready(self.pieces.next().map(|piece| Ok(Frame::data(piece.clone()))))
    }

    fn size_hint(&self) -> SizeHint {
        self.whole
            .as_ref()
            .map_or_else(SizeHint::default, |whole| SizeHint::with_exact(whole.len() as u64))
    }
}
