//! Each API's way of asking, whole and in any pieces.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn wanted(name: &str, arguments: &Value) -> Wanted {
    Wanted { name: name.into(), arguments: digest(arguments).unwrap() }
}

fn read() -> Wanted {
    wanted("read_file", &json!({"path": "a.txt", "n": 1}))
}

/// The same arguments in another spelling.
const SPELT: &str = r#"{ "n":1.0, "path":"a\u002etxt" }"#;

fn streamed(text: &str, size: usize) -> Result<Vec<Wanted>, Lost> {
    let (mut calls, mut all) = (Calls::default(), Vec::new());
    for piece in text.as_bytes().chunks(size) {
        all.extend(calls.push(Bytes::copy_from_slice(piece))?);
    }
    Ok(all)
}

fn events(events: &[Value]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

fn chat() -> String {
    let piece = |call: Value| json!({"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": null}]});
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]});
    events(&[
        json!({"choices": [{"index": 0, "delta": {"content": "so"}, "finish_reason": null}]}),
        piece(json!({"index": 0, "id": "1", "function": {"name": "read_file", "arguments": ""}})),
        piece(json!({"index": 0, "function": {"arguments": &SPELT[..9]}})),
        piece(json!({"index": 1, "id": "2", "function": {"name": "now", "arguments": ""}})),
        piece(json!({"index": 0, "function": {"arguments": &SPELT[9..]}})),
        end,
    ]) + "data: [DONE]\n\n"
}

fn messages() -> String {
    let delta = |text: &str| json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": text}});
    events(&[
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "1", "name": "read_file", "input": {}}}),
        delta(&SPELT[..5]),
        delta(&SPELT[5..]),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "message_stop"}),
    ])
}

fn responses() -> String {
    let item = json!({"type": "function_call", "name": "read_file", "arguments": SPELT});
    events(&[
        json!({"type": "response.output_item.added", "item": {"type": "function_call", "name": "read_file", "arguments": ""}}),
        json!({"type": "response.output_item.done", "item": item}),
    ])
}

#[test]
fn a_whole_answer_of_each_api() {
    let function = json!({"name": "read_file", "arguments": SPELT});
    let input: Value = serde_json::from_str(SPELT).unwrap();
    for answer in [
        json!({"choices": [{"message": {"tool_calls": [{"id": "1", "function": function}]}}]}),
        json!({"choices": [{"message": {"function_call": function}}]}),
        json!({"output": [{"type": "reasoning"}, {"type": "function_call", "name": "read_file", "arguments": SPELT}]}),
        json!({"content": [{"type": "text", "text": "x"}, {"type": "tool_use", "name": "read_file", "input": input}]}),
    ] {
        assert_eq!(of_answer(answer.to_string().as_bytes()), Ok(vec![read()]), "{answer}");
    }
}

#[test]
fn an_answer_without_calls_asks_for_nothing() {
    assert_eq!(of_answer(br#"{"choices": [{"message": {"content": "hello"}}]}"#), Ok(vec![]));
    assert_eq!(of_answer(b"no JSON at all"), Ok(vec![]));
    // Words that look like a call are none.
    let talk = json!({"choices": [{"message": {"content": "{\"tool_calls\": [{}]}"}}]});
    assert_eq!(of_answer(talk.to_string().as_bytes()), Ok(vec![]));
}

#[test]
fn what_cannot_be_followed_is_lost_and_not_nothing() {
    assert_eq!(of_answer(b"{\"tool_calls\": "), Err(Lost));
    let broken = json!({"choices": [{"message": {"tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}}]});
    assert_eq!(of_answer(broken.to_string().as_bytes()), Err(Lost));
    let many: Vec<Value> =
        (0..=MAX_CALLS).map(|_| json!({"type": "tool_use", "name": "f", "input": {}})).collect();
    assert_eq!(of_answer(json!({"content": many}).to_string().as_bytes()), Err(Lost));
    let long = events(&[
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "name": "f"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"partial_json": "x".repeat(MAX_ARGUMENT_BYTES)}}),
    ]);
    assert_eq!(streamed(&long, 4096), Err(Lost));
}

proptest! {
    #[test]
    fn however_a_stream_is_cut(size in 1_usize..400) {
        let both = vec![read(), wanted("now", &json!({}))];
        prop_assert_eq!(streamed(&chat(), size), Ok(both));
        prop_assert_eq!(streamed(&messages(), size), Ok(vec![read()]));
        prop_assert_eq!(streamed(&responses(), size), Ok(vec![read()]));
    }

    #[test]
    fn nothing_panics(text in ".{0,200}") {
        let _ = of_answer(text.as_bytes());
        let _ = streamed(&format!("data: tool_{text}\n\n{text}"), 7);
    }
}
