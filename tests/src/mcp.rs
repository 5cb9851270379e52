//! An MCP server on loopback, for tests: tools that a test gives, sessions if it wants them, answers
//! as JSON or as events.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::answer::{Answer, Step};
use crate::client::{Client, Reply};
use crate::upstream::{Call, Upstream, upstream};

/// The session id that the server gives.
pub const INNER_SESSION: &str = "inner-session-of-the-server";

type Handler = dyn Fn(&str, &Value) -> Value + Send + Sync;

/// Builds an MCP server.
pub struct Builder {
    tools: Arc<Mutex<Vec<Value>>>,
    handler: Arc<Handler>,
    has_sessions: bool,
    events: bool,
    asides: Vec<Value>,
    /// Results of other methods.
    others: Others,
    /// What it says by itself, to whoever listens.
    news: Vec<Value>,
    /// What comes after its news, in place of the end.
    after_news: Vec<Step>,
    /// Streams of its news that it refuses first, as a server does that has another open.
    busy: Arc<AtomicUsize>,
    era: Era,
}

type Others = Arc<Mutex<HashMap<&'static str, Value>>>;

/// Which way a server speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Era {
    Legacy,
    Modern,
}

/// A server that answers each call with its arguments.
pub fn mcp_server() -> Builder {
    let echo = |_: &str, arguments: &Value| text(&arguments.to_string());
    Builder {
        tools: Arc::new(Mutex::new(Vec::new())),
        handler: Arc::new(echo),
        has_sessions: true,
        events: false,
        asides: Vec::new(),
        others: Others::default(),
        news: Vec::new(),
        after_news: Vec::new(),
        busy: Arc::default(),
        era: Era::Legacy,
    }
}

/// A tool with one text argument, which reads something.
pub fn tool(name: &str) -> Value {
    json!({
        "name": name,
        "description": format!("Does {name} with a text."),
        "inputSchema": {
            "type": "object",
            "properties": {"text": {"type": "string", "maxLength": 4000}},
            "required": ["text"],
            "additionalProperties": false,
        },
        "annotations": {"readOnlyHint": true},
    })
}

/// A result of a tool.
pub fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}], "isError": false})
}

impl Builder {
    #[must_use]
    pub fn tool(self, tool: Value) -> Self {
        self.tools.lock().expect("no panic while held").push(tool);
        self
    }

    /// What a call of a tool results in.
    #[must_use]
    pub fn calls(
        mut self,
        handler: impl Fn(&str, &Value) -> Value + Send + Sync + 'static,
    ) -> Self {
        self.handler = Arc::new(handler);
        self
    }

    /// Answers are events.
    #[must_use]
    pub fn events(mut self) -> Self {
        self.events = true;
        self
    }

    /// What another method results in, such as `prompts/list`.
    #[must_use]
    pub fn also(self, method: &'static str, result: Value) -> Self {
        self.others.lock().expect("no panic while held").insert(method, result);
        self
    }

    /// A message that it says by itself to whoever listens.
    #[must_use]
    pub fn news(mut self, message: Value) -> Self {
        self.news.push(message);
        self
    }

    /// Streams of its news do not end after them, but go on so.
    #[must_use]
    pub fn after_news(mut self, step: Step) -> Self {
        self.after_news.push(step);
        self
    }

    /// Refuses the first streams of its news with 409, as a server does that has not noticed yet that the
    /// stream before was closed.
    #[must_use]
    pub fn busy(self, times: usize) -> Self {
        self.busy.store(times, Ordering::Relaxed);
        self
    }

    /// Messages before each answer to a call.
    #[must_use]
    pub fn aside(mut self, message: Value) -> Self {
        self.asides.push(message);
        self.events()
    }

    #[must_use]
    pub fn without_sessions(mut self) -> Self {
        self.has_sessions = false;
        self
    }

    /// Speaks 2026-07-28 and nothing older: requests carry what is known of their client.
    #[must_use]
    pub fn modern(mut self) -> Self {
        self.era = Era::Modern;
        self.without_sessions()
    }

    pub fn run(self) -> McpServer {
        let (tools, others) = (self.tools.clone(), self.others.clone());
        let upstream = upstream().answers(move |call| self.answer(call)).run();
        McpServer { upstream, tools, others }
    }

    fn answer(&self, call: &Call) -> Answer {
        if call.method == http::Method::DELETE {
            return Answer::new(200, "text/plain", "");
        }
        if call.method == http::Method::GET && self.news.is_empty() {
            return Answer::new(405, "text/plain", "");
        }
        let one_less = |left: usize| left.checked_sub(1);
        let is_get = call.method == http::Method::GET;
        if is_get && self.busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
        {
            return Answer::new(409, "text/plain", "");
        }
        if is_get {
            return self.listened(&[]);
        }
        let message = call.json();
        let (method, id) = (message["method"].as_str().unwrap_or_default(), &message["id"]);
        if id.is_null() || method.is_empty() {
            return Answer::new(202, "text/plain", "");
        }
        let says_era = &message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"];
        if (self.era == Era::Modern) != says_era.is_string() {
            // Each era refuses what it does not know in its own way.
            let (status, error) = match self.era {
                Era::Modern => (400, json!({"code": -32602, "message": "no _meta"})),
                Era::Legacy => (400, json!({"code": -32000, "message": "no session"})),
            };
            let answer = json!({"jsonrpc": "2.0", "id": id, "error": error});
            return Answer::new(status, "application/json", answer.to_string());
        }
        if method == "subscriptions/listen" && self.era == Era::Modern && !self.news.is_empty() {
            let params = json!({
                "_meta": {"io.modelcontextprotocol/subscriptionId": id},
                "notifications": message["params"]["notifications"],
            });
            let method = "notifications/subscriptions/acknowledged";
            return self.listened(&[json!({"jsonrpc": "2.0", "method": method, "params": params})]);
        }
        let result = match method {
            "server/discover" => json!({
                "resultType": "complete",
                "supportedVersions": ["2026-07-28"],
                "capabilities": {"tools": {"listChanged": true}},
                "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "mock", "version": "1"}},
            }),
            "initialize" => json!({
                "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": {
                    "tools": {"listChanged": true},
                    "resources": {"subscribe": true, "listChanged": true},
                },
                "serverInfo": {"name": "mock", "version": "1"},
            }),
            "tools/list" => {
                json!({"tools": self.tools.lock().expect("no panic while held").clone()})
            }
            "tools/call" => {
                let params = &message["params"];
                (self.handler)(params["name"].as_str().unwrap_or_default(), &params["arguments"])
            }
            "ping" => json!({}),
            other => {
                let known = self.others.lock().expect("no panic while held").get(other).cloned();
                let Some(result) = known else {
                    let error = json!({"code": -32601, "message": "no such method"});
                    return Answer::json(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
                };
                result
            }
        };
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
        let answer = self.framed(method, &answer);
        match self.has_sessions && method == "initialize" {
            true => answer.header("mcp-session-id", INNER_SESSION),
            false => answer,
        }
    }

    /// A stream of its news, after these messages.
    fn listened(&self, before: &[Value]) -> Answer {
        let all = before.iter().chain(&self.news);
        let news = all.map(|news| Step::Data(format!("data: {news}\n\n").into()));
        Answer::steps(news.chain(self.after_news.iter().cloned()).collect())
    }

    fn framed(&self, method: &str, answer: &Value) -> Answer {
        if !self.events {
            return Answer::json(answer);
        }
        let asides = if method == "tools/call" { &self.asides[..] } else { &[] };
        let all = asides.iter().chain([answer]);
        let steps =
            all.map(|message| Step::Data(format!("event: message\ndata: {message}\n\n").into()));
        Answer::steps(steps.collect())
    }
}

/// A running server; it stops when this is dropped.
pub struct McpServer {
    upstream: Upstream,
    tools: Arc<Mutex<Vec<Value>>>,
    others: Others,
}

impl McpServer {
    /// The address of its endpoint.
    pub fn url(&self) -> String {
        format!("{}/mcp", self.upstream.url())
    }

    /// Says something else of its tools from now on.
    pub fn set_tools(&self, tools: Vec<Value>) {
        *self.tools.lock().expect("no panic while held") = tools;
    }

    /// Another method results in something else from now on.
    pub fn set_also(&self, method: &'static str, result: Value) {
        self.others.lock().expect("no panic while held").insert(method, result);
    }

    /// Everything that it was sent.
    pub fn calls(&self) -> Vec<Call> {
        self.upstream.calls()
    }

    /// The requests of a method that it was sent.
    pub fn requests(&self, method: &str) -> Vec<Value> {
        let all = self.calls().into_iter().map(|call| call.json());
        all.filter(|message| message["method"] == method).collect()
    }
}

/// An agent's client of one MCP server behind a gate.
pub struct McpClient {
    client: Client,
    path: String,
    session: String,
    next: Mutex<i64>,
}

impl McpClient {
    pub fn new(client: Client, path: &str) -> Self {
        let client = client
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-06-18");
        Self { client, path: path.to_owned(), session: String::new(), next: Mutex::new(1) }
    }

    /// Opens a session.
    pub async fn open(self) -> Self {
        self.open_with(initialize()).await
    }

    /// Opens a session as a client whose user can be asked something.
    pub async fn open_asked(self) -> Self {
        let mut hello = initialize();
        hello["capabilities"]["elicitation"] = json!({});
        self.open_with(hello).await
    }

    async fn open_with(mut self, hello: Value) -> Self {
        let reply = self.request("initialize", hello).await;
        let reply = reply.expect(200);
        let session = reply.header("mcp-session-id");
        if !session.is_empty() {
            self.session = session.to_owned();
            self.client = self.client.header("mcp-session-id", session);
        }
        let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.client.post(&self.path, note).await.expect(202);
        self
    }

    /// Goes on with the session of another client.
    pub fn resume(mut self, other: &Self) -> Self {
        self.session = other.session();
        self.client = self.client.header("mcp-session-id", &self.session);
        self
    }

    /// Any request; the answer as it came.
    pub async fn request(&self, method: &str, params: Value) -> Reply {
        let id = {
            let mut next = self.next.lock().expect("no panic while held");
            *next += 1;
            *next
        };
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.client.post(&self.path, message).await
    }

    /// The names of the tools that are listed.
    pub async fn tools(&self) -> Vec<String> {
        let reply = self.request("tools/list", json!({})).await.expect(200);
        let tools = reply.answer()["result"]["tools"].clone();
        let tools = tools.as_array().expect("a list of tools").clone();
        tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
    }

    /// Calls a tool with a text.
    pub async fn call(&self, tool: &str, text: &str) -> Reply {
        self.request("tools/call", json!({"name": tool, "arguments": {"text": text}})).await
    }

    /// The session's id, as the gate gave it.
    pub fn session(&self) -> String {
        self.session.clone()
    }

    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// A request that carries all that is known of its client (2026-07-28).
pub fn modern(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// The headers that go with a request that carries all that is known of its client.
pub fn modern_client(client: &Client, method: &str) -> Client {
    let client = client.clone().header("mcp-protocol-version", "2026-07-28");
    client.header("mcp-method", method)
}

/// What a client says first.
pub fn initialize() -> Value {
    json!({
        "protocolVersion": "2025-06-18",
        "capabilities": {"sampling": {}, "roots": {}},
        "clientInfo": {"name": "tests", "version": "1"},
    })
}
