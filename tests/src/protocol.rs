//! The shapes of the model APIs: whole answers, streams and errors.

use serde_json::{Value, json};

/// What a model says, before it takes a provider's shape.
#[derive(Clone, Debug)]
pub enum Said {
    Text(String),
    /// A tool call: the tool's name, and its arguments as JSON text.
    Tool(String, String),
}

impl Said {
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The text or the arguments, cut into pieces of about three words.
    fn pieces(&self) -> Vec<String> {
        let (Self::Text(text) | Self::Tool(_, text)) = self;
        let words: Vec<&str> = text.split_inclusive(' ').collect();
        words.chunks(3).map(<[&str]>::concat).collect()
    }
}

pub mod openai {
    use super::*;

    pub fn chat(model: &str, said: &Said) -> Value {
        let (message, finish) = match said {
            Said::Text(text) => {
                (json!({"role": "assistant", "content": text, "refusal": null}), "stop")
            }
            Said::Tool(name, arguments) => (
                json!({"role": "assistant", "content": null, "tool_calls": [call(name, arguments)]}),
                "tool_calls",
            ),
        };
        json!({
            "id": "chatcmpl-mock", "object": "chat.completion", "created": 1_700_000_000, "model": model,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish}],
            "usage": usage(),
        })
    }

    fn call(name: &str, arguments: &str) -> Value {
        json!({"id": "call_mock", "type": "function", "function": {"name": name, "arguments": arguments}})
    }

    pub fn usage() -> Value {
        json!({"prompt_tokens": 11, "completion_tokens": 9, "total_tokens": 20})
    }

    /// The events of a streamed chat completion, each with its `data: ` and its empty line.
    pub fn chat_events(model: &str, said: &Said) -> Vec<String> {
        let pieces = said.pieces();
        let refs: Vec<&str> = pieces.iter().map(String::as_str).collect();
        match said {
            Said::Text(_) => text_events(model, &refs),
            Said::Tool(name, _) => tool_events(model, name, &refs),
        }
    }

    /// A stream whose text is cut exactly as given.
    pub fn text_events(model: &str, pieces: &[&str]) -> Vec<String> {
        let mut deltas = vec![json!({"role": "assistant", "content": ""})];
        deltas.extend(pieces.iter().map(|piece| json!({"content": piece})));
        events(model, &deltas, "stop")
    }

    /// A stream with one tool call whose arguments are cut exactly as given.
    pub fn tool_events(model: &str, name: &str, pieces: &[&str]) -> Vec<String> {
        let mut first = call(name, "");
        first["index"] = json!(0);
        let mut deltas = vec![json!({"role": "assistant", "content": null, "tool_calls": [first]})];
        let delta =
            |piece: &&str| json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]});
        deltas.extend(pieces.iter().map(delta));
        events(model, &deltas, "tool_calls")
    }

    fn events(model: &str, deltas: &[Value], finish: &str) -> Vec<String> {
        let chunk = |choices: Value, usage: Value| {
            let chunk = json!({"id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": 1_700_000_000,
                "model": model, "choices": choices, "usage": usage});
            format!("data: {chunk}\n\n")
        };
        let choice = |delta: &Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
        let mut events: Vec<String> =
            deltas.iter().map(|delta| chunk(choice(delta, Value::Null), Value::Null)).collect();
        events.push(chunk(choice(&json!({}), json!(finish)), Value::Null));
        events.push(chunk(json!([]), usage()));
        events.push("data: [DONE]\n\n".to_owned());
        events
    }

    pub fn response(model: &str, text: &str) -> Value {
        json!({
            "id": "resp_mock", "object": "response", "created_at": 1_700_000_000, "status": "completed", "model": model,
            "error": null, "incomplete_details": null, "instructions": null, "metadata": {}, "parallel_tool_calls": true,
            "temperature": 1.0, "top_p": 1.0, "tool_choice": "auto", "tools": [],
            "output": [{"type": "message", "id": "msg_mock", "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "text": text, "annotations": []}]}],
            "usage": {"input_tokens": 11, "output_tokens": 9, "total_tokens": 20,
                "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}},
        })
    }

    pub fn response_events(model: &str, text: &str) -> Vec<String> {
        let whole = response(model, text);
        let mut started = whole.clone();
        started["status"] = json!("in_progress");
        started["output"] = json!([]);
        let item = &whole["output"][0];
        let place = |kind: &str| json!({"type": kind, "item_id": "msg_mock", "output_index": 0, "content_index": 0});
        let with = |mut event: Value, key: &str, value: Value| {
            event[key] = value;
            event
        };
        let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
        let mut events = vec![
            json!({"type": "response.created", "response": started}),
            json!({"type": "response.output_item.added", "output_index": 0,
                "item": {"type": "message", "id": "msg_mock", "status": "in_progress", "role": "assistant", "content": []}}),
            with(place("response.content_part.added"), "part", part("")),
        ];
        let pieces = Said::text(text).pieces();
        events.extend(
            pieces
                .iter()
                .map(|piece| with(place("response.output_text.delta"), "delta", json!(piece))),
        );
        events.extend([
            with(place("response.output_text.done"), "text", json!(text)),
            with(place("response.content_part.done"), "part", part(text)),
            json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
            json!({"type": "response.completed", "response": whole}),
        ]);
        named(events)
    }

    pub fn embeddings(model: &str) -> Value {
        json!({"object": "list", "model": model, "usage": {"prompt_tokens": 8, "total_tokens": 8},
            "data": [{"object": "embedding", "index": 0, "embedding": [0.125, -0.5, 0.25]}]})
    }

    pub fn models() -> Value {
        let model = |id: &str| json!({"id": id, "object": "model", "created": 1_700_000_000, "owned_by": "mock"});
        json!({"object": "list", "data": [model("gpt-mock"), model("gpt-mock-tool")]})
    }

    pub fn error(status: u16) -> Value {
        json!({"error": {"message": format!("the mock was asked for {status}"), "type": "mock_error", "param": null, "code": null}})
    }
}

pub mod anthropic {
    use super::*;

    pub fn message(model: &str, said: &Said) -> Value {
        let (block, stop) = match said {
            Said::Text(text) => (json!({"type": "text", "text": text}), "end_turn"),
            Said::Tool(name, arguments) => {
                let input: Value = serde_json::from_str(arguments).unwrap_or_default();
                (
                    json!({"type": "tool_use", "id": "toolu_mock", "name": name, "input": input}),
                    "tool_use",
                )
            }
        };
        json!({"id": "msg_mock", "type": "message", "role": "assistant", "model": model, "content": [block],
            "stop_reason": stop, "stop_sequence": null, "usage": {"input_tokens": 11, "output_tokens": 9}})
    }

    pub fn message_events(model: &str, said: &Said) -> Vec<String> {
        let pieces = said.pieces();
        let refs: Vec<&str> = pieces.iter().map(String::as_str).collect();
        match said {
            Said::Text(_) => text_events(model, &refs),
            Said::Tool(name, _) => tool_events(model, name, &refs),
        }
    }

    /// A stream whose text is cut exactly as given.
    pub fn text_events(model: &str, pieces: &[&str]) -> Vec<String> {
        let delta = |piece: &&str| json!({"type": "text_delta", "text": piece});
        events(
            model,
            &json!({"type": "text", "text": ""}),
            pieces.iter().map(delta).collect(),
            "end_turn",
        )
    }

    /// A stream with one tool call whose input is cut exactly as given.
    pub fn tool_events(model: &str, name: &str, pieces: &[&str]) -> Vec<String> {
        let block = json!({"type": "tool_use", "id": "toolu_mock", "name": name, "input": {}});
        let delta = |piece: &&str| json!({"type": "input_json_delta", "partial_json": piece});
        events(model, &block, pieces.iter().map(delta).collect(), "tool_use")
    }

    fn events(model: &str, block: &Value, deltas: Vec<Value>, stop: &str) -> Vec<String> {
        let message = json!({"id": "msg_mock", "type": "message", "role": "assistant", "model": model, "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 11, "output_tokens": 1}});
        let mut events = vec![
            json!({"type": "message_start", "message": message}),
            json!({"type": "content_block_start", "index": 0, "content_block": block}),
            json!({"type": "ping"}),
        ];
        let delta = |delta| json!({"type": "content_block_delta", "index": 0, "delta": delta});
        events.extend(deltas.into_iter().map(delta));
        events.extend([
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null}, "usage": {"output_tokens": 9}}),
            json!({"type": "message_stop"}),
        ]);
        named(events)
    }

    pub fn error(status: u16) -> Value {
        let kind = match status {
            429 => "rate_limit_error",
            529 => "overloaded_error",
            400 => "invalid_request_error",
            _ => "api_error",
        };
        json!({"type": "error", "error": {"type": kind, "message": format!("the mock was asked for {status}")}})
    }
}

/// Events that carry their type as the event's name too.
fn named(events: Vec<Value>) -> Vec<String> {
    let frame = |event: Value| {
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default())
    };
    events.into_iter().map(frame).collect()
}
