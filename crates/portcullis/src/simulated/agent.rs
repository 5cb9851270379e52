//! An agent's side of the gate, for requests that are written down: canaries, and the demonstration's
//! calls of tools.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use model::Secret;
use serde_json::{Value, json};

use crate::client::{Sender, dial};

/// No step of a run takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// The revision of MCP that is spoken.
const MCP_VERSION: &str = "2025-06-18";
/// A longer answer is none of ours.
const MAX_ANSWER: usize = 1 << 20;

/// An agent's side of the gate.
pub(crate) struct Client<'a> {
    pub(crate) gate: SocketAddr,
    pub(crate) key: &'a Secret,
    /// Headers besides those that every request has.
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// An answer, read to its end.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) record: String,
    pub(crate) decision: String,
    pub(crate) body: Value,
    /// The MCP session that it opened.
    pub(crate) session: Option<String>,
}

impl Client<'_> {
    /// Posts a body and reads the answer.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Reply> {
        let answer = self.open(path, body).await?;
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let (status, session) = (answer.status().as_u16(), header("mcp-session-id"));
        let record = header("portcullis-record").unwrap_or_default();
        let decision = header("portcullis-decision").unwrap_or_default();
        let read = Limited::new(answer.into_body(), MAX_ANSWER).collect();
        let read = tokio::time::timeout(PATIENCE, read).await.context("the answer does not end")?;
        let bytes = read.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?;
        let body = serde_json::from_slice(&bytes.to_bytes()).unwrap_or_default();
        Ok(Reply { status, record, decision, body, session })
    }

    /// Posts a body; the answer's is still to come.
    pub(crate) async fn open(
        &self,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Response<Incoming>> {
        let request = self.request(path, body)?;
        let sent = async {
            let uri = format!("http://{}", self.gate).parse().context("the gate's address")?;
            let mut sender: Sender = dial(&uri).await?;
            anyhow::Ok(sender.send_request(request).await?)
        };
        tokio::time::timeout(PATIENCE, sent).await.context("the gate does not answer")?
    }

    fn request(&self, path: &str, body: &Value) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::post(path)
            .header(HOST, self.gate.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", self.key.expose()))
            .header(ACCEPT, "application/json, text/event-stream")
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        Ok(request.body(Full::from(body.to_string()))?)
    }
}

impl Reply {
    /// What the gate says where it refuses or holds, in either protocol's form.
    pub(crate) fn error(&self) -> &str {
        self.body.pointer("/error/message").and_then(Value::as_str).unwrap_or("no error")
    }
}

/// A message of MCP.
pub(crate) async fn rpc(
    client: &Client<'_>,
    path: &str,
    method: &str,
    params: Value,
) -> anyhow::Result<Reply> {
    client.post(path, &json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})).await
}

/// Opens a session of MCP, which the client names from then on.
pub(crate) async fn open_session(
    client: &mut Client<'_>,
    path: &str,
    name: &str,
) -> anyhow::Result<()> {
    let hello = json!({
        "protocolVersion": MCP_VERSION, "capabilities": {},
        "clientInfo": {"name": name, "version": env!("CARGO_PKG_VERSION")},
    });
    let opened = rpc(client, path, "initialize", hello).await?;
    anyhow::ensure!(opened.status == 200, "no session was opened: {}", opened.error());
    client.headers.extend(opened.session.map(|session| ("mcp-session-id", session)));
    client.headers.push(("mcp-protocol-version", MCP_VERSION.to_owned()));
    Ok(())
}
