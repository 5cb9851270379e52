//! What is sent, and what every good answer holds.

use serde_json::json;

/// One kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// A chat completion of about 1 KB each way.
    Chat,
    /// A streamed one of 50 chunks, as fast as it goes.
    Stream,
    /// A streamed one with [`PACE_MS`] between its chunks.
    Paced,
    /// An Anthropic message of about 1 KB each way.
    Messages,
    /// A call of a tool of an MCP server, of about 1 KB each way.
    Tool,
}

/// Milliseconds between the chunks of a paced stream.
pub(crate) const PACE_MS: u64 = 6;

/// Prose without anything that a detector could look at twice.
const TEXT: &str =
    "Summarise the incident report below in three sentences and list the affected services. ";

impl Scenario {
    pub(crate) const ALL: [Self; 5] =
        [Self::Chat, Self::Stream, Self::Paced, Self::Messages, Self::Tool];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Stream => "stream",
            Self::Paced => "paced",
            Self::Messages => "messages",
            Self::Tool => "tool",
        }
    }

    /// The path at the upstream, and at the gate.
    pub(crate) fn paths(self) -> (&'static str, &'static str) {
        match self {
            Self::Messages => ("/v1/messages", "/llm/anthropic/v1/messages"),
            Self::Tool => ("/mcp", "/mcp/tools"),
            _ => ("/v1/chat/completions", "/llm/openai/v1/chat/completions"),
        }
    }

    pub(crate) fn body(self) -> String {
        let text = TEXT.repeat(8);
        let message = json!([{"role": "user", "content": text}]);
        match self {
            Self::Tool => json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "summarise", "arguments": {"text": text, "sentences": 3}}}),
            Self::Messages => json!({"model": "claude-mock", "max_tokens": 256, "messages": message}),
            Self::Chat => json!({"model": "gpt-mock", "temperature": 0.2, "max_tokens": 256, "messages": message}),
            Self::Stream => json!({"model": "gpt-mock", "max_tokens": 256, "stream": true, "messages": message}),
            Self::Paced => json!({"model": "gpt-paced", "max_tokens": 256, "stream": true, "messages": message}),
        }
        .to_string()
    }

    /// What a good answer holds.
    pub(crate) fn expect(self) -> &'static str {
        match self {
            Self::Chat | Self::Messages | Self::Tool => "quick brown fox",
            Self::Stream | Self::Paced => "[DONE]",
        }
    }
}
