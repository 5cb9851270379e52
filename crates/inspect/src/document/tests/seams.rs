//! Values that are split over neighbouring strings.

use super::*;

#[test]
fn split_over_content_parts() {
    let key = secret();
    let (a, rest) = key.split_at(6);
    let (b, c) = rest.split_at(5);
    let body = json!({"messages": [{"role": "user", "content": [
        {"type": "text", "text": format!("my key {a}")},
        {"type": "image_url", "image_url": {"url": "https://a.example/x.png"}},
        {"type": "text", "text": b},
        {"type": "text", "text": format!("{c} thanks")},
    ]}]});
    let after: Value = serde_json::from_str(&masked(&body.to_string())).unwrap();
    let content = &after["messages"][0]["content"];
    assert_eq!(content[0]["text"], format!("my key {MASK}"));
    assert_eq!(content[2]["text"], MASK);
    assert_eq!(content[3]["text"], format!("{MASK} thanks"));
    assert_eq!(paths(&body.to_string()), [("messages[0].content[0].text".into(), 1)]);
}

#[test]
fn split_over_messages_and_fields() {
    let key = secret();
    for at in 1..key.len() {
        let (a, b) = key.split_at(at);
        for body in [
            json!({"messages": [{"content": format!("x {a}")}, {"content": format!("{b} y")}]}),
            json!({"system": format!("x {a}"), "zzz": {"content": format!("{b} y")}}),
            json!({"list": [format!("x {a}"), format!("{b} y")]}),
        ] {
            let after = masked(&body.to_string());
            assert_eq!(after.matches(MASK).count(), 2, "{after}");
        }
    }
}

#[test]
fn one_character_a_piece() {
    let pieces: Vec<String> = secret().chars().map(String::from).collect();
    let after = masked(&json!({ "content": pieces }).to_string());
    assert_eq!(after.matches(MASK).count(), pieces.len(), "{after}");
}

#[test]
fn split_over_members_of_any_name() {
    let key = secret();
    for at in 1..key.len() {
        let (a, b) = key.split_at(at);
        for body in [
            json!({"p1": format!("x {a}"), "p2": format!("{b} y")}),
            json!({"a": {"v": a}, "b": {"v": b}}),
            json!({"arguments": json!({"first": a, "rest": b}).to_string()}),
            json!({"text": format!("x {a}"), "zzz": b, "n": 7}),
        ] {
            let (report, after) = look(&engine(), &body.to_string());
            assert_eq!(after.matches(MASK).count(), 2, "{after}");
            assert_eq!(report.findings.len(), 1, "{after}");
        }
    }
    let letters = key.chars().enumerate();
    let letters = letters.map(|(at, letter)| (format!("k{at:02}"), letter.to_string().into()));
    let body = Value::Object(letters.collect());
    let after = masked(&body.to_string());
    assert_eq!(after.matches(MASK).count(), key.len(), "{after}");
}

#[test]
fn encoded_and_split_over_members() {
    let text = format!("the key is {} as I said", secret());
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &text);
    for at in 24..base64.len() - 24 {
        let (a, b) = base64.split_at(at);
        let after = masked(&json!({ "p1": a, "p2": b }).to_string());
        assert!(!after.contains(&base64[20..50]), "{at}: {after}");
    }
}

#[test]
fn members_that_only_stand_side_by_side_are_left_alone() {
    let body = json!({"id": "550e8400-e29b-41d4-a716-446655440000", "number": "4111111111111111",
        "at": "2026-11-27T10:11:12Z", "hash": "d41d8cd98f00b204e9800998ecf8427e", "path": "a/b/c_d"});
    let pieces = [("a", "41111111"), ("b", "11111111"), ("c", "DE8937"), ("d", "0400440532013000")];
    let numbers: serde_json::Map<_, _> =
        pieces.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    assert_eq!(
        masked(&Value::Object(numbers.clone()).to_string()),
        Value::Object(numbers).to_string()
    );
    let (report, _) = look(&engine(), &body.to_string());
    assert!(report.findings.iter().all(|found| found.path == "number"), "{:?}", report.findings);
}

/// A member for each letter, all of one run in which a value seems to have begun.
#[test]
fn many_members_take_linear_time() {
    let engine = engine();
    let key = secret();
    crate::for_tests::assert_linear("members", (4_000, 256_000), |length| {
        let member = |at: usize| {
            format!("\"k{at}\":\"{}\"", if at.is_multiple_of(9) { &key[..5] } else { "a" })
        };
        let members: Vec<_> = (0..length / 10).map(member).collect();
        look(&engine, &format!("{{{}}}", members.join(",")));
    });
}

fn look(engine: &Engine, body: &str) -> (Report, String) {
    let scope = Scope::new(engine, Direction::Request);
    let report = inspect_json(&scope, body.as_bytes(), &Limits::default(), &mut ()).unwrap();
    let after = String::from_utf8(apply(body.as_bytes(), &report.edits)).unwrap();
    (report, after)
}

/// A text with a secret in it, encoded, in two halves at every place.
#[test]
fn encoded_and_split() {
    let engine = engine();
    let text = format!("the key is {} as I said", secret());
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &text);
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    for packed in [base64.trim_end_matches('='), &hex] {
        for at in 1..packed.len() {
            let (a, b) = packed.split_at(at);
            for body in [
                json!([a, b]),
                json!({"list": ["see", a, b, "done"]}),
                json!({"content": [{"type": "text", "text": a}, {"type": "text", "text": b}]}),
                json!({"messages": [{"content": a}, {"content": b}]}),
                json!({"arguments": json!({"parts": [a, b]}).to_string()}),
            ] {
                let (report, after) = look(&engine, &body.to_string());
                assert!(after.contains(MASK), "{at}: {after}");
                assert!(!after.contains(&packed[20..50]), "{at}: {after}");
                assert_eq!(look(&engine, &after).1, after, "{at}: something is left");
                assert_eq!(report.findings.iter().map(|found| found.count).sum::<u32>(), 1);
            }
        }
    }
}

/// What one string holds by itself takes nothing of the next along.
#[test]
fn the_string_after_an_encoded_value_is_left_alone() {
    let text = format!("the key is {} as I said", secret());
    let packed = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &text);
    let after = masked(&json!({ "list": [packed.trim_end_matches('='), "banana"] }).to_string());
    assert_eq!(after, json!({ "list": [MASK, "banana"] }).to_string());
}

/// Many runs, each glued to the next: none is read more than a bounded number of times.
#[test]
fn many_encoded_items_take_linear_time() {
    let engine = engine();
    let item = "QUFBQUFBQUFBQUFBQUFBQUFB";
    crate::for_tests::assert_linear("items", (4_000, 256_000), |length| {
        let items = vec![item; length / item.len()];
        look(&engine, &json!({ "content": items }).to_string());
    });
}
