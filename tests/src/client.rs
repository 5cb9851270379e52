//! An agent's HTTP client: one connection a request, every piece of an answer with its time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::rustls::ClientConfig;

use crate::tls;
use crate::wait::DEADLINE;

/// Who asks, and where.
#[derive(Clone, Debug)]
pub struct Client {
    pub address: SocketAddr,
    headers: Vec<(String, String)>,
    http2: bool,
    tls: Option<Arc<ClientConfig>>,
}

/// A body to send: JSON, or bytes as they are.
pub trait IntoBody {
    fn into_body(self) -> Bytes;
}

impl IntoBody for Value {
    fn into_body(self) -> Bytes {
        self.to_string().into()
    }
}

impl IntoBody for &Value {
    fn into_body(self) -> Bytes {
        self.to_string().into()
    }
}

impl IntoBody for &[u8] {
    fn into_body(self) -> Bytes {
        Bytes::copy_from_slice(self)
    }
}

impl IntoBody for String {
    fn into_body(self) -> Bytes {
        self.into()
    }
}

impl IntoBody for Vec<u8> {
    fn into_body(self) -> Bytes {
        self.into()
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, headers: Vec::new(), http2: false, tls: None }
    }

    /// With the credential where OpenAI's SDK puts it.
    #[must_use]
    pub fn bearer(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a header set before.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| header != name);
        self
    }

    /// HTTP/2: with prior knowledge, or negotiated where there is TLS.
    #[must_use]
    pub fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// Over TLS, trusting and showing what this says: see [`tls`].
    #[must_use]
    pub fn tls(mut self, config: &Arc<ClientConfig>) -> Self {
        self.tls = Some(config.clone());
        self
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.open(Method::GET, path, Bytes::new()).await.whole().await
    }

    pub async fn post(&self, path: &str, body: impl IntoBody) -> Reply {
        self.stream(path, body).await.whole().await
    }

    /// Posts, and gives the answer as soon as its head is there.
    pub async fn stream(&self, path: &str, body: impl IntoBody) -> Open {
        self.open(Method::POST, path, body.into_body()).await
    }

    pub async fn open(&self, method: Method, path: &str, body: Bytes) -> Open {
        match self.try_open(method, path, body).await {
            Ok(open) => open,
            Err(error) => panic!("{path}: no answer: {error}"),
        }
    }

    /// As [`Client::open`]; an error where the connection fails or nothing comes.
    pub async fn try_open(&self, method: Method, path: &str, body: Bytes) -> Result<Open, String> {
        tokio::time::timeout(DEADLINE, self.send(method, path, body))
            .await
            .map_err(|_| "too late".to_owned())?
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Open, String> {
        let stream = TcpStream::connect(self.address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let request = self.request(method, path, body);
        let sent = Instant::now();
        let response = match &self.tls {
            None => self.talk(stream, request).await?,
            Some(config) => {
                self.talk(tls::connect(config, stream, self.http2).await?, request).await?
            }
        };
        let (parts, body) = response.into_parts();
        let (status, version) = (parts.status.as_u16(), parts.version);
        Ok(Open { status, version, headers: parts.headers, body, sent })
    }

    async fn talk<S>(
        &self,
        stream: S,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let text = |error: hyper::Error| format!("{error:?}");
        let io = TokioIo::new(stream);
        if self.http2 {
            let (mut sender, connection) =
                http2::handshake(TokioExecutor::new(), io).await.map_err(text)?;
            tokio::spawn(connection);
            return sender.send_request(request).await.map_err(text);
        }
        let (mut sender, connection) = http1::handshake(io).await.map_err(text)?;
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(text)
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Request<Full<Bytes>> {
        let uri =
            if self.http2 { format!("http://{}{path}", self.address) } else { path.to_owned() };
        let mut request = Request::builder().method(method).uri(uri);
        let named = |name: &str| self.headers.iter().any(|(header, _)| header == name);
        if !self.http2 && !named("host") {
            request = request.header("host", self.address.to_string());
        }
        if !named("content-type") && !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(body)).expect("a valid request")
    }
}

/// An answer whose body may still be coming.
#[derive(Debug)]
pub struct Open {
    pub status: u16,
    pub version: Version,
    pub headers: HeaderMap,
    body: Incoming,
    sent: Instant,
}

/// How a read of an open answer ended.
#[derive(Debug)]
pub enum Next {
    Piece(Bytes),
    End,
    /// The connection broke before the body's end.
    Broken(String),
}

impl Open {
    /// The id of its record.
    pub fn record(&self) -> &str {
        let value = self.headers.get("portcullis-record").and_then(|value| value.to_str().ok());
        value.expect("the id of a record")
    }

    /// The next piece of the body.
    pub async fn next(&mut self) -> Next {
        loop {
            let frame = tokio::time::timeout(DEADLINE, self.body.frame()).await;
            match frame.expect("a piece, an end or an error in time") {
                None => return Next::End,
                Some(Err(error)) => return Next::Broken(format!("{error:?}")),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Next::Piece(data);
                    }
                }
            }
        }
    }

    /// Reads until what has come holds `text`; everything that has come.
    pub async fn until(&mut self, text: &str) -> String {
        let mut come = String::new();
        while !come.contains(text) {
            match self.next().await {
                Next::Piece(piece) => come.push_str(&String::from_utf8_lossy(&piece)),
                other => panic!("{other:?} before {text:?}; came: {come}"),
            }
        }
        come
    }

    /// Reads to the end.
    pub async fn whole(mut self) -> Reply {
        let mut reply = Reply {
            status: self.status,
            headers: self.headers.clone(),
            body: Vec::new(),
            pieces: Vec::new(),
            broken: None,
            took: Duration::ZERO,
        };
        loop {
            match self.next().await {
                Next::Piece(piece) => {
                    reply.body.extend_from_slice(&piece);
                    reply.pieces.push((self.sent.elapsed(), piece));
                }
                Next::End => break,
                Next::Broken(why) => {
                    reply.broken = Some(why);
                    break;
                }
            }
        }
        reply.took = self.sent.elapsed();
        reply
    }
}

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// The pieces, and when each came, counted from the request.
    pub pieces: Vec<(Duration, Bytes)>,
    /// Why the body ended early, if it did.
    pub broken: Option<String>,
    pub took: Duration,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The id of the activity record.
    pub fn record(&self) -> &str {
        self.header("portcullis-record")
    }

    pub fn decision(&self) -> &str {
        self.header("portcullis-decision")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The message of an error object of either provider.
    pub fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    }

    /// Panics, with the body, unless the status is this.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The answer of MCP: the message itself, or the last of its events.
    pub fn answer(&self) -> Value {
        match self.header("content-type") {
            "text/event-stream" => self.events().pop().expect("an answer"),
            _ => self.json(),
        }
    }

    /// The JSON of the `data:` lines of an event stream, `[DONE]` left out.
    pub fn events(&self) -> Vec<Value> {
        let text = self.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data:").map(str::trim));
        data.filter_map(|data| serde_json::from_str(data).ok()).collect()
    }

    /// What the model said in a stream of either provider, joined: text and tool arguments.
    pub fn said(&self) -> String {
        let paths = [
            "/choices/0/delta/content",
            "/choices/0/delta/tool_calls/0/function/arguments",
            "/delta/text",
            "/delta/partial_json",
        ];
        let events = self.events();
        let said = events.iter().flat_map(|event| {
            let typed = event["type"] == "response.output_text.delta";
            let delta = event["delta"].as_str().filter(|_| typed);
            paths.iter().filter_map(|path| event.pointer(path)?.as_str()).chain(delta)
        });
        said.collect()
    }
}
