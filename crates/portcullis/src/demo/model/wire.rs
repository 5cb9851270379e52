//! The shapes of the two APIs: OpenAI's chat completions and Anthropic's messages, as their
//! references describe them.

use bytes::Bytes;
use serde_json::{Value, json};

use super::script;

/// Which API is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) enum Api {
    OpenAi,
    Anthropic,
}

impl Api {
    /// The API's path below a provider's address.
    pub(in crate::demo) fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
        }
    }

    pub(super) fn of_path(path: &str) -> Option<Self> {
        [Self::OpenAi, Self::Anthropic].into_iter().find(|api| api.path() == path)
    }
}

/// A request, as far as the simulated model reads it.
pub(super) struct Asked {
    pub(super) api: Api,
    pub(super) model: String,
    pub(super) prompt: String,
    pub(super) is_streamed: bool,
    wants_usage: bool,
    max_tokens: usize,
}

impl Asked {
    pub(super) fn read(api: Api, body: &Value) -> Self {
        let last = body["messages"].as_array().and_then(|messages| messages.last());
        let prompt = last.and_then(|message| message["content"].as_str()).unwrap_or_default();
        let max = body["max_tokens"].as_u64().and_then(|max| usize::try_from(max).ok());
        Self {
            api,
            model: body["model"].as_str().unwrap_or_default().to_owned(),
            prompt: prompt.to_owned(),
            is_streamed: body["stream"] == true,
            wants_usage: body["stream_options"]["include_usage"] == true,
            max_tokens: max.unwrap_or(usize::MAX),
        }
    }

    /// What the model says, no longer than was asked for.
    pub(super) fn answer(&self, secret: &str) -> String {
        let text = script::answer(&self.prompt, secret);
        text.chars().take(self.max_tokens.saturating_mul(4)).collect()
    }

    fn usage(&self, text: &str) -> (usize, usize) {
        (script::tokens(&self.prompt), script::tokens(text))
    }

    /// The whole answer as one JSON object.
    pub(super) fn whole(&self, text: &str) -> Value {
        let (input, output) = self.usage(text);
        match self.api {
            Api::OpenAi => json!({
                "id": "chatcmpl-demo", "object": "chat.completion", "created": 0, "model": self.model,
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output},
            }),
            Api::Anthropic => json!({
                "id": "msg_demo", "type": "message", "role": "assistant", "model": self.model,
                "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
                "usage": {"input_tokens": input, "output_tokens": output},
            }),
        }
    }

    /// The events of a streamed answer; the second says whether an event carries text.
    pub(super) fn events(&self, text: &str) -> Vec<(Bytes, bool)> {
        match self.api {
            Api::OpenAi => self.open_ai(text),
            Api::Anthropic => self.anthropic(text),
        }
    }

    fn open_ai(&self, text: &str) -> Vec<(Bytes, bool)> {
        let (input, output) = self.usage(text);
        let chunk = |choices: Value, usage: Value| {
            let chunk = json!({
                "id": "chatcmpl-demo", "object": "chat.completion.chunk", "created": 0,
                "model": self.model, "choices": choices, "usage": usage,
            });
            Bytes::from(format!("data: {chunk}\n\n"))
        };
        let delta = |delta: Value, finish: Value| {
            let choice = json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
            chunk(choice, Value::Null)
        };
        let mut events =
            vec![(delta(json!({"role": "assistant", "content": ""}), Value::Null), false)];
        let pieces = script::pieces(text).into_iter();
        events.extend(pieces.map(|piece| (delta(json!({"content": piece}), Value::Null), true)));
        events.push((delta(json!({}), json!("stop")), false));
        if self.wants_usage {
            let usage = json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output});
            events.push((chunk(json!([]), usage), false));
        }
        events.push((Bytes::from_static(b"data: [DONE]\n\n"), false));
        events
    }

    fn anthropic(&self, text: &str) -> Vec<(Bytes, bool)> {
        let (input, output) = self.usage(text);
        let event = |kind: &str, mut data: Value| {
            data["type"] = json!(kind);
            Bytes::from(format!("event: {kind}\ndata: {data}\n\n"))
        };
        let message = json!({
            "id": "msg_demo", "type": "message", "role": "assistant", "model": self.model,
            "content": [], "stop_reason": null, "usage": {"input_tokens": input, "output_tokens": 1},
        });
        let block = json!({"index": 0, "content_block": {"type": "text", "text": ""}});
        let mut events = vec![
            (event("message_start", json!({"message": message})), false),
            (event("content_block_start", block), false),
        ];
        let delta =
            |piece: &str| json!({"index": 0, "delta": {"type": "text_delta", "text": piece}});
        let pieces = script::pieces(text).into_iter();
        events.extend(pieces.map(|piece| (event("content_block_delta", delta(piece)), true)));
        let end = json!({"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": output}});
        events.push((event("content_block_stop", json!({"index": 0})), false));
        events.push((event("message_delta", end), false));
        events.push((event("message_stop", json!({})), false));
        events
    }
}
