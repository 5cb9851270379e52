//! Request bodies, as the SDKs would send them.

use serde_json::{Value, json};

/// The model that tests call when the model does not matter.
pub const MODEL: &str = "gpt-mock";
/// The same for Anthropic's API.
pub const CLAUDE: &str = "claude-mock";

/// A chat completion with one user message.
pub fn chat(text: &str) -> Value {
    chat_to(MODEL, text)
}

/// As [`chat`], to a model whose name tells the mock what to do.
pub fn chat_to(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 64})
}

/// As [`chat_to`], streamed.
pub fn chat_stream(model: &str, text: &str) -> Value {
    let mut body = chat_to(model, text);
    body["stream"] = json!(true);
    body
}

/// An Anthropic message with one user message.
pub fn messages(model: &str, text: &str) -> Value {
    json!({"model": model, "max_tokens": 64, "messages": [{"role": "user", "content": text}]})
}

/// As [`messages`], streamed.
pub fn messages_stream(model: &str, text: &str) -> Value {
    let mut body = messages(model, text);
    body["stream"] = json!(true);
    body
}
