//! Tests of the stream guard: what leaves is the same however the input is cut, and holds no secret.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Looks like a GitHub token and is made here, so that no scanner finds one in the source.
fn token() -> String {
    let declared = inspect::catalogue().iter().find(|d| d.kind == "secret.github_token").unwrap();
    declared.example(7)
}

fn guard() -> StreamGuard {
    let engine = Engine::compile(&inspect::Settings::default()).unwrap();
    StreamGuard::new(Arc::new(engine))
}

fn run(chunks: impl IntoIterator<Item = Bytes>) -> (Vec<u8>, Result<(), Stop>, StreamGuard) {
    let mut guard = guard();
    let mut out = Vec::new();
    for chunk in chunks {
        match guard.push(chunk) {
            Ok(bytes) => out.extend_from_slice(&bytes),
            Err(stop) => return (out, Err(stop), guard),
        }
    }
    let result = guard.finish().map(|rest| out.extend_from_slice(&rest));
    (out, result, guard)
}

fn chat(index: u64, delta: &Value) -> String {
    let event = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", "choices": [{"index": index, "delta": delta, "finish_reason": null}]});
    format!("data: {event}\n\n")
}

fn chat_text(pieces: &[&str]) -> String {
    let deltas: String = pieces.iter().map(|piece| chat(0, &json!({"content": piece}))).collect();
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    format!("{deltas}data: {end}\n\ndata: [DONE]\n\n")
}

/// The text that a client would put together for a choice.
fn joined(stream: &[u8], pointer: &str) -> String {
    let text = String::from_utf8(stream.to_vec()).unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let events = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    events
        .filter_map(|event| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned))
        .collect()
}

fn cut(bytes: &[u8], cuts: &[usize]) -> Vec<Bytes> {
    let mut cuts: Vec<usize> =
        cuts.iter().map(|cut| cut % (bytes.len() + 1)).chain([0, bytes.len()]).collect();
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| Bytes::copy_from_slice(&bytes[pair[0]..pair[1]])).collect()
}

fn pieces_of(text: &str, cuts: &[usize]) -> Vec<String> {
    cut(text.as_bytes(), cuts)
        .iter()
        .map(|piece| String::from_utf8_lossy(piece).into_owned())
        .collect()
}

const CONTENT: &str = "/choices/0/delta/content";

#[test]
fn prose_leaves_with_the_chunk_that_brought_it() {
    let mut guard = guard();
    // Three words in a row of which wallets' phrases are made would wait for a fourth.
    for word in ["The ", "quick ", "red ", "squirrel, ", "obviously. "] {
        let event = Bytes::from(chat(0, &json!({"content": word})));
        assert_eq!(guard.push(event.clone()).unwrap(), event, "{word} waited");
    }
}

#[test]
fn a_secret_split_over_events_is_masked_before_any_of_it_leaves() {
    let token = token();
    let (first, second) = token.split_at(7);
    let mut guard = guard();
    let before = guard.push(chat(0, &json!({"content": format!("key {first}")})).into()).unwrap();
    assert!(!String::from_utf8_lossy(&before).contains("gh"), "a part of it left");
    let mut out = before.to_vec();
    out.extend(guard.push(chat(0, &json!({"content": format!("{second} end")})).into()).unwrap());
    out.extend(guard.finish().unwrap());
    assert_eq!(joined(&out, CONTENT), "key [redacted:secret.github_token] end");
    assert_eq!(guard.findings.as_slice().len(), 1);
}

#[test]
fn a_secret_behind_escapes_is_masked() {
    let token = token();
    let escaped: String = token.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
    let event = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"a {escaped} b\"}}}}]}}\n\n"
    );
    let (out, result, _) = run([Bytes::from(event)]);
    assert_eq!(result, Ok(()));
    assert_eq!(joined(&out, CONTENT), "a [redacted:secret.github_token] b");
}

#[test]
fn every_choice_and_every_kind_of_text_is_inspected() {
    let token = token();
    let (first, second) = token.split_at(20);
    for delta in ["content", "reasoning_content", "refusal", "a_field_nobody_knows"] {
        let stream: String = [(1, first), (0, "x "), (1, second)]
            .iter()
            .map(|(index, text)| chat(*index, &json!({delta: text})))
            .collect();
        let (out, _, guard) = run([Bytes::from(stream)]);
        assert!(!String::from_utf8_lossy(&out).contains(second), "{delta}");
        assert_eq!(guard.findings.as_slice().len(), 1, "{delta}");
    }
}

#[test]
fn tool_call_arguments_wait_until_they_are_whole_and_are_judged_unescaped() {
    let token = token();
    let arguments = json!({"path": "/tmp", "body": format!("say \"{token}\"")}).to_string();
    let mut guard = guard();
    let mut early = Vec::new();
    for piece in pieces_of(&arguments, &[9, 30, 31, 47]) {
        let delta = json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]});
        early.extend(guard.push(chat(0, &delta).into()).unwrap());
    }
    assert_eq!(early, b"", "arguments left before they were whole");
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]});
    let out = guard.push(format!("data: {end}\n\n").into()).unwrap();
    let whole = joined(&out, "/choices/0/delta/tool_calls/0/function/arguments");
    let parsed: Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(parsed, json!({"path": "/tmp", "body": "say \"[redacted:secret.github_token]\""}));
}

#[test]
fn anthropic_blocks_are_joined_by_their_index() {
    let token = token();
    let (first, second) = token.split_at(9);
    let event =
        |data: Value| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap());
    let stream = [
        event(json!({"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [], "usage": {"input_tokens": 19, "output_tokens": 1}}})),
        event(json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})),
        event(json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": first}})),
        event(json!({"type": "ping"})),
        event(json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": second}})),
        event(json!({"type": "content_block_stop", "index": 0})),
        event(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 150}})),
        event(json!({"type": "message_stop"})),
    ]
    .concat();
    let (out, result, guard) = run([Bytes::from(stream)]);
    assert_eq!(result, Ok(()));
    assert_eq!(joined(&out, "/delta/text"), "[redacted:secret.github_token]");
    assert_eq!(guard.tally.tokens(), Some((19, 150)));
    assert!(guard.has_ended());
}

#[test]
fn comments_names_and_text_that_is_not_json_carry_nothing_through() {
    let token = token();
    for event in [
        format!(": {token}\n\n"),
        format!("event: {token}\ndata: {{}}\n\n"),
        format!("data: {token}\n\n"),
        format!("id: {token}\n\n"),
    ] {
        let (out, _, guard) = run([Bytes::from(event.clone())]);
        assert!(!String::from_utf8_lossy(&out).contains(&token), "{event}");
        assert_eq!(guard.findings.as_slice().len(), 1, "{event}");
    }
}

#[test]
fn data_over_several_lines_is_one_document() {
    let token = token();
    let event = format!(
        "event: x\ndata: {{\"choices\":[{{\"delta\":\ndata: {{\"content\":\"{token}\"}}}}]}}\n\n"
    );
    let (out, _, _) = run([Bytes::from(event)]);
    assert_eq!(joined(&out, CONTENT), "[redacted:secret.github_token]");
    let clean = "event: x\ndata: {\"choices\":[{\"delta\":\ndata: {\"content\":\"hello \"}}]}\n\n";
    assert_eq!(
        run([Bytes::from(clean)]).0,
        clean.as_bytes(),
        "without a finding it leaves as it came"
    );
}

#[test]
fn half_an_event_at_the_end_is_inspected_too() {
    let token = token();
    let (out, _, guard) = run([Bytes::from(format!("data: {{\"content\":\"{token}"))]);
    assert!(!String::from_utf8_lossy(&out).contains(&token));
    assert_eq!(guard.findings.as_slice().len(), 1);
}

#[test]
fn events_of_one_shape_are_inspected_in_every_slot() {
    let token = token();
    let event = |n: u64, text: &str, padding: &str| {
        let data = json!({"type": "response.output_text.delta", "sequence_number": n, "item_id": "m", "delta": text, "obfuscation": padding});
        format!("data: {data}\n\n")
    };
    let clean: String = (0..9).map(|n| event(n, "word ", "xK3")).collect();
    let (out, _, guard) = run([Bytes::from(clean.clone())]);
    assert_eq!(String::from_utf8_lossy(&out), clean);
    assert_eq!(guard.findings.total(), 0);
    for last in
        [event(9, &token, "x"), event(9, "x", &token), event(4_111_111_111_111_111, "x", "x")]
    {
        let (out, _, guard) = run([Bytes::from(clean.clone() + &last)]);
        assert_eq!(guard.findings.total(), 1, "{last}");
        assert!(!String::from_utf8_lossy(&out).contains(&token), "{last}");
    }
}

#[test]
fn too_many_texts_stop_the_stream() {
    let stream: String =
        (0..=MAX_CHANNELS as u64).map(|index| chat(index, &json!({"content": "a "}))).collect();
    let (_, result, _) = run([Bytes::from(stream)]);
    assert!(matches!(result, Err(Stop::Uninspectable(_))));
}

proptest! {
    #[test]
    fn a_stream_without_findings_leaves_byte_for_byte(words in proptest::collection::vec("[a-zé\"\\\\\n ]{0,12}", 0..12), cuts in proptest::collection::vec(any::<usize>(), 0..8)) {
        let pieces: Vec<&str> = words.iter().map(String::as_str).collect();
        let stream = chat_text(&pieces);
        let (out, result, _) = run(cut(stream.as_bytes(), &cuts));
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(String::from_utf8_lossy(&out), stream);
    }

    #[test]
    fn no_cut_of_text_or_chunks_lets_a_secret_through(text_cuts in proptest::collection::vec(any::<usize>(), 0..10), chunk_cuts in proptest::collection::vec(any::<usize>(), 0..10)) {
        let token = token();
        let text = format!("before {token}, {token} after");
        let pieces = pieces_of(&text, &text_cuts);
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let stream = chat_text(&pieces);
        let (whole, _, _) = run([Bytes::from(stream.clone())]);
        let (out, result, _) = run(cut(stream.as_bytes(), &chunk_cuts));
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(joined(&out, CONTENT), "before [redacted:secret.github_token], [redacted:secret.github_token] after");
        prop_assert_eq!(out, whole, "what leaves does not depend on the chunks");
    }
}

/// What a client of the stream is asked to call, cut anew from what left.
fn asked(left: &[u8]) -> Result<Vec<Wanted>, Lost> {
    let mut calls = crate::llm::calls::Calls::default();
    calls.push(Bytes::copy_from_slice(left))
}

proptest! {
    #[test]
    fn calls_are_followed_in_what_leaves(cuts in proptest::collection::vec(any::<usize>(), 0..9), secret in any::<bool>(), rest in any::<bool>()) {
        let path = if secret { token() } else { "a.txt".to_owned() };
        let arguments = json!({ "path": path }).to_string();
        let call = |call: Value| chat(0, &json!({ "tool_calls": [call] }));
        let (head, tail) = arguments.split_at(4);
        let mut text = [
            chat(0, &json!({"content": "so"})),
            call(json!({"index": 0, "function": {"name": "read", "arguments": head}})),
            call(json!({"index": 0, "function": {"arguments": tail}})),
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n".to_owned(),
        ].concat();
        if rest {
            // Half an event asks for nothing.
            text += "data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"function_call\",\"name\":\"x\",\"arguments\":\"{}\"}}\n";
        }
        let mut guard = guard().following(true);
        let (mut left, mut wanted) = (Vec::new(), Vec::new());
        for chunk in cut(text.as_bytes(), &cuts) {
            left.extend_from_slice(&guard.push(chunk).unwrap());
            wanted.extend(guard.wanted().unwrap());
        }
        left.extend_from_slice(&guard.finish().unwrap());
        wanted.extend(guard.wanted().unwrap());
        prop_assert_eq!(wanted.len(), 1);
        prop_assert_eq!(asked(&left), Ok(wanted));
    }
}

#[test]
fn an_edit_that_makes_several_events_of_one_is_followed_all_the_same() {
    let mut followed = Followed::default();
    let item = r#"{"type":"response.output_item.done","item":{"type":"function_call","name":"x","arguments":"{}"}}"#;
    followed.event(&Bytes::from(format!("data: so\n\ndata: {item}\n\n")), true);
    assert_eq!(followed.wanted().unwrap().len(), 1);
    assert_eq!(followed.wanted().unwrap().len(), 0);
}

#[test]
fn what_cannot_be_followed_stays_lost() {
    let mut followed = Followed::default();
    let item = r#"data: {"type":"response.output_item.done","item":{"type":"function_call","name":"x","arguments":"{"}}"#;
    followed.event(&Bytes::from(format!("{item}\n\n")), false);
    assert_eq!(followed.wanted(), Err(Lost));
    followed.event(&Bytes::from_static(b"data: [DONE]\n\n"), false);
    assert_eq!(followed.wanted(), Err(Lost));
}
