//! An agent at work: it speaks HTTP as the official SDKs do, and reads what comes back.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use model::Secret;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::model::wire::Api;

/// No step of the demonstration takes longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// A longer answer is none of ours.
const MAX_ANSWER: usize = 4 << 20;

/// Where the caller's base URL points.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// At the gate: the provider's name stands in the path.
    Gate(SocketAddr),
    /// At the model API itself.
    #[cfg(test)]
    Direct(SocketAddr),
}

/// One agent with its key.
pub(super) struct Caller {
    pub(super) name: &'static str,
    key: Secret,
    place: Place,
}

/// One request to a model.
pub(super) struct Ask<'a> {
    pub(super) api: Api,
    pub(super) model: &'a str,
    pub(super) prompt: &'a str,
    pub(super) is_streamed: bool,
    pub(super) max_tokens: u64,
}

/// An answer, as far as it has come.
#[derive(Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// The activity record's id, as the answer's header says.
    pub(super) record: String,
    pub(super) decision: String,
    pub(super) retry_after: Option<u64>,
    /// What the model said.
    pub(super) said: String,
    /// The message of an error object.
    pub(super) error: String,
    /// Whether it ended as its API says that it ends.
    pub(super) is_complete: bool,
    /// When the first words came.
    pub(super) first: Option<Instant>,
    pub(super) ended: Option<Instant>,
    /// Reads that brought words.
    pub(super) pieces: usize,
}

impl Caller {
    pub(super) fn new(name: &'static str, key: &str, place: Place) -> Self {
        Self { name, key: Secret::new(key.to_owned()), place }
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.key
    }

    pub(super) fn key(&self) -> &str {
        self.key.expose()
    }

    fn address(&self) -> SocketAddr {
        match self.place {
            Place::Gate(address) => address,
            #[cfg(test)]
            Place::Direct(address) => address,
        }
    }

    /// Asks, and reads the answer to its end.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> anyhow::Result<Reply> {
        let mut open = self.open(ask).await?;
        while open.next().await? {}
        Ok(open.reply)
    }

    /// Asks, and gives the answer while it is still coming.
    pub(super) async fn open(&self, ask: &Ask<'_>) -> anyhow::Result<Open> {
        let opened = tokio::time::timeout(PATIENCE, self.send(ask)).await;
        let response = opened.context("no answer came in time")??;
        let header = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let reply = Reply {
            status: response.status().as_u16(),
            record: header("portcullis-record"),
            decision: header("portcullis-decision"),
            retry_after: header(RETRY_AFTER.as_str()).parse().ok(),
            ..Reply::default()
        };
        let is_streamed = header(CONTENT_TYPE.as_str()).starts_with("text/event-stream");
        Ok(Open { reply, is_streamed, body: response.into_body(), unread: Vec::new() })
    }

    async fn send(&self, ask: &Ask<'_>) -> anyhow::Result<Response<Incoming>> {
        let stream = TcpStream::connect(self.address()).await.context("nobody listens")?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // Ends with the answer; its error is the body's as well.
        tokio::spawn(connection);
        Ok(sender.send_request(self.request(ask)?).await?)
    }

    fn request(&self, ask: &Ask<'_>) -> anyhow::Result<Request<Full<Bytes>>> {
        let path = match (self.place, ask.api) {
            (Place::Gate(_), Api::OpenAi) => format!("/llm/openai{}", ask.api.path()),
            (Place::Gate(_), Api::Anthropic) => format!("/llm/anthropic{}", ask.api.path()),
            #[cfg(test)]
            (Place::Direct(_), _) => ask.api.path().to_owned(),
        };
        let request = Request::post(path)
            .header(HOST, self.address().to_string())
            .header(USER_AGENT, format!("{}/1.0", self.name))
            .header(CONTENT_TYPE, "application/json");
        let request = match ask.api {
            Api::OpenAi => request.header(AUTHORIZATION, format!("Bearer {}", self.key())),
            Api::Anthropic => {
                request.header("x-api-key", self.key()).header("anthropic-version", "2023-06-01")
            }
        };
        Ok(request.body(Full::from(ask.body().to_string()))?)
    }
}

impl Ask<'_> {
    fn body(&self) -> Value {
        let mut body = json!({
            "model": self.model,
            "max_tokens": self.max_tokens,
            "messages": [{"role": "user", "content": self.prompt}],
        });
        if self.is_streamed {
            body["stream"] = json!(true);
        }
        if self.is_streamed && self.api == Api::OpenAi {
            body["stream_options"] = json!({"include_usage": true});
        }
        body
    }
}

/// An answer whose body may still be coming.
pub(super) struct Open {
    pub(super) reply: Reply,
    is_streamed: bool,
    body: Incoming,
    unread: Vec<u8>,
}

impl Open {
    /// Reads on; false at the end, also where the connection broke.
    pub(super) async fn next(&mut self) -> anyhow::Result<bool> {
        let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await;
        let Some(Ok(frame)) = frame.context("the answer does not go on")? else {
            self.reply.ended = Some(Instant::now());
            self.end();
            return Ok(false);
        };
        if let Ok(data) = frame.into_data() {
            anyhow::ensure!(self.unread.len() + data.len() <= MAX_ANSWER, "the answer is too long");
            self.unread.extend_from_slice(&data);
            self.take_events();
        }
        Ok(true)
    }

    /// Reads the events that are whole (HTML standard, section 9.2.6).
    fn take_events(&mut self) {
        while self.is_streamed
            && let Some(end) = self.unread.windows(2).position(|two| two == b"\n\n")
        {
            let event: Vec<u8> = self.unread.drain(..end + 2).collect();
            let text = String::from_utf8_lossy(&event);
            let data = text.lines().find_map(|line| line.strip_prefix("data: "));
            self.reply.take(data.unwrap_or_default());
        }
    }

    fn end(&mut self) {
        if self.is_streamed {
            return;
        }
        let Ok(body) = serde_json::from_slice::<Value>(&self.unread) else { return };
        let said = body.pointer("/choices/0/message/content").or(body.pointer("/content/0/text"));
        self.reply.say(said.and_then(Value::as_str).unwrap_or_default());
        self.reply.error = error(&body);
        self.reply.is_complete = true;
    }
}

fn error(body: &Value) -> String {
    body.pointer("/error/message").and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Reply {
    fn say(&mut self, said: &str) {
        if !said.is_empty() {
            self.first.get_or_insert_with(Instant::now);
            self.said.push_str(said);
            self.pieces += 1;
        }
    }

    fn take(&mut self, data: &str) {
        if data == "[DONE]" {
            self.is_complete = true;
            return;
        }
        let Ok(event) = serde_json::from_str::<Value>(data) else { return };
        let said = event.pointer("/choices/0/delta/content").or(event.pointer("/delta/text"));
        self.say(said.and_then(Value::as_str).unwrap_or_default());
        if event["type"] == "message_stop" {
            self.is_complete = true;
        }
        if event.get("error").is_some() {
            self.error = error(&event);
        }
    }
}
