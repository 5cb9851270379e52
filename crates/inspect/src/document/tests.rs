//! Rule by rule, then random documents with planted values.

mod names;
mod planted;
mod seams;
mod sieve;

use serde_json::{Value, json};

use super::*;
use crate::Settings;

/// Looks like an access key id, made here so that no scanner finds one in the source.
pub(super) fn secret() -> String {
    ["AK", "IA", "Q4ZT", "7XWB", "2LMN", "6RSK"].concat()
}

pub(super) const MASK: &str = "[redacted:secret.aws_access_key]";

pub(super) fn engine() -> Engine {
    Engine::compile(&Settings::default()).unwrap()
}

fn inspect(body: &[u8]) -> Report {
    inspect_json(&Scope::new(&engine(), Direction::Request), body, &Limits::default(), &mut ())
        .unwrap()
}

fn masked(body: &str) -> String {
    let report = inspect(body.as_bytes());
    String::from_utf8(apply(body.as_bytes(), &report.edits)).unwrap()
}

fn paths(body: &str) -> Vec<(String, u32)> {
    let found = inspect(body.as_bytes()).findings;
    found.into_iter().map(|found| (found.path, found.count)).collect()
}

/// Every character as an escape.
fn escaped(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

#[test]
fn a_string_is_masked_and_the_rest_untouched() {
    let key = secret();
    let body = format!(r#" {{ "messages" : [{{"content":"a é\n{key}, {key}"}}], "x":1.50 }} "#);
    let expected = body.replace(&key, MASK);
    assert_eq!(masked(&body), expected);
    assert_eq!(paths(&body), [("messages[0].content".into(), 2)]);
}

#[test]
fn escapes_do_not_hide_a_value() {
    let body = format!(r#"["a\u00e9{}b"]"#, escaped(&secret()));
    assert_eq!(masked(&body), format!(r#"["a\u00e9{MASK}b"]"#));
    let body = format!(r#"["see \\u{}"]"#, &escaped(&secret())[2..].replace('\\', r"\\"));
    assert_eq!(masked(&body), format!(r#"["see {MASK}"]"#), "an escape in prose");
    let body = format!(r#"["https://a.example/?k=%41{}"]"#, &secret()[1..]);
    assert!(!masked(&body).contains(&secret()[1..]), "{}", masked(&body));
}

#[test]
fn keys_are_masked_and_stay_apart() {
    let key = secret();
    let other = key.replace("6RSK", "5RSK");
    let body = format!(r#"{{"{key}":{{"a":"{key}"}},"{other}":2}}"#);
    let expected = format!(r#"{{"{MASK}_1":{{"a":"{MASK}"}},"{MASK}_2":2}}"#);
    assert_eq!(masked(&body), expected);
    let report = inspect(body.as_bytes());
    assert!(report.findings.iter().all(|found| !found.path.contains(&key[4..])));
    assert!(!report.blocked);
    let twice = format!(r#"{{"{MASK}_1":0,"{key}":1}}"#);
    assert!(inspect(twice.as_bytes()).blocked, "the mask would repeat a key");
}

#[test]
fn json_in_a_string_is_inspected_inside() {
    let key = secret();
    let inner = json!({"cmd": [format!("run {key}")]}).to_string().replace(&key, &escaped(&key));
    let middle = json!({ "deep": inner, "plain": 1 }).to_string();
    let body = json!({"messages": [{"tool_calls": [{"function": {"arguments": middle}}]}]});
    let after: Value = serde_json::from_str(&masked(&body.to_string())).unwrap();
    let arguments =
        after["messages"][0]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    let middle: Value = serde_json::from_str(arguments).unwrap();
    let inner: Value = serde_json::from_str(middle["deep"].as_str().unwrap()).unwrap();
    assert_eq!(inner["cmd"][0], format!("run {MASK}"));
    let path = "messages[0].tool_calls[0].function.arguments$.deep$.cmd[0]";
    assert_eq!(paths(&body.to_string()), [(path.into(), 1)]);
}

#[test]
fn repeated_keys_and_deep_nesting_inside_a_string_hide_nothing() {
    let hidden = escaped(&secret());
    let twice = format!(r#"{{"a":"{hidden}","a":1}}"#);
    let deep = format!("{}\"{hidden}\"{}", "[".repeat(200), "]".repeat(200));
    for inner in [twice, deep] {
        let body = json!({ "arguments": inner }).to_string();
        let after = masked(&body);
        assert!(after.contains("redacted"), "{after}");
        assert!(!after.contains("u0041"), "{after}");
    }
}

#[test]
fn observers_see_the_leaves_of_the_body_only() {
    #[derive(Default)]
    struct Seen(Vec<String>, Option<u64>);
    impl Observer for Seen {
        fn leaf(&mut self, path: &Path<'_>, leaf: Leaf<'_>) {
            if path.is(&["model"]) {
                self.0.extend(leaf.text().map(Cow::into_owned));
            }
            if path.is(&["messages", "*", "role"]) {
                self.0.extend(leaf.text().map(Cow::into_owned));
            }
            if path.is(&["max_tokens"]) {
                self.1 = leaf.as_u64();
            }
        }
    }
    let body =
        br#"{"mod\u0065l":"gpt\u002d5","messages":[{"role":"user"},{"role":"tool"}],"max_tokens":7,
        "a":"{\"model\":\"no\"}","b":{"model":"no"}}"#;
    let mut seen = Seen::default();
    inspect_json(&Scope::new(&engine(), Direction::Request), body, &Limits::default(), &mut seen)
        .unwrap();
    assert_eq!(seen.0, ["gpt-5", "user", "tool"]);
    assert_eq!(seen.1, Some(7));
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn declared_text_is_encoded_again() {
    let text = format!("name,key\nann,{}\n", secret());
    let expected = base64(text.replace(&secret(), MASK).as_bytes());
    let uri = json!([format!("data:text/csv;base64,{}", base64(text.as_bytes()))]).to_string();
    assert_eq!(masked(&uri), json!([format!("data:text/csv;base64,{expected}")]).to_string());
    let source =
        json!({"type": "base64", "media_type": "text/plain", "data": base64(text.as_bytes())});
    // Sorted, so the data stands before the media type; then the string is masked whole.
    let after = masked(&source.to_string());
    assert!(!after.contains(&base64(text.as_bytes())), "{after}");
}

#[test]
fn base64_text_anywhere_is_masked_whole() {
    let text = base64(format!("please use {} for it, thank you", secret()).as_bytes());
    let after = masked(&json!({ "x": text }).to_string());
    assert_eq!(after, json!({ "x": MASK }).to_string());
}

#[test]
fn media_is_counted_and_not_scanned() {
    let noise: Vec<u8> =
        (0..3000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8 | 0x80).collect();
    let image = base64(&[b"\x89PNG\r\n\x1a\n".to_vec(), noise.clone()].concat());
    for body in [
        json!({"image_url": {"url": format!("data:image/png;base64,{image}")}}),
        json!({"source": {"type": "base64", "media_type": "image/x", "data": base64(&noise)}}),
        json!({"source": {"type": "base64", "a_media_type": "", "data": base64(&noise), "media_type": "image/x"}}),
        json!({"x": image}),
    ] {
        let report = inspect(body.to_string().as_bytes());
        assert_eq!((report.uninspected, report.edits.len()), (1, 0), "{}", &body.to_string()[..80]);
    }
    let plain = json!({"x": base64(&noise)}).to_string();
    assert_eq!(inspect(plain.as_bytes()).uninspected, 0);
}

#[test]
fn what_only_claims_to_be_media_is_scanned() {
    for media in ["image/png", "text/plain", "application/pdf"] {
        let body = json!({"type": media, "x_data": secret()}).to_string();
        assert!(masked(&body).contains(MASK), "{media}");
        let words =
            json!({"type": media, "data": base64(format!("the key is {}", secret()).as_bytes())});
        assert_ne!(masked(&words.to_string()), words.to_string(), "{media}");
    }
}

#[test]
fn plain_text_and_forms() {
    let engine = engine();
    let text = |body: &[u8]| {
        apply(body, &inspect_text(&Scope::new(&engine, Direction::Request), body).edits)
    };
    let key = secret();
    let invalid = [b"\xff\xfe ", key.as_bytes(), b" \xff"].concat();
    assert_eq!(text(&invalid), [b"\xff\xfe ", MASK.as_bytes(), b" \xff"].concat());
    let form = format!("a=1&key=%41{}&b=2", &key[1..]);
    assert_eq!(text(form.as_bytes()), b"a=1&key=%5Bredacted%3Asecret.aws_access_key%5D&b=2");
    let json = format!(r#"{{"a":"{}"}}"#, escaped(&key));
    assert_eq!(text(json.as_bytes()), format!(r#"{{"a":"{MASK}"}}"#).as_bytes());
    let report = inspect_text(&Scope::new(&engine, Direction::Request), json.as_bytes());
    assert_eq!(report.findings[0].path, "$.a");
}

#[test]
fn findings_and_paths_are_bounded() {
    let many: Vec<_> = (0..1000).map(|_| json!({ "a": secret() })).collect();
    let report = inspect(json!(many).to_string().as_bytes());
    assert_eq!(report.findings.len(), MAX_FOUND);
    assert_eq!(report.findings.iter().map(|found| found.count).sum::<u32>(), 1000);
    assert_eq!(report.edits.len(), 1000);
    let long = (0..100).fold(json!(secret()), |inner, n| json!({format!("some key {n}"): inner}));
    let paths = paths(&long.to_string());
    assert_eq!(paths[0].0.len(), MAX_PATH_BYTES);
    assert!(paths[0].0.starts_with("some?key?99.some?key?98."));
}

#[test]
fn blocking_sets_the_flag() {
    let settings = Settings {
        actions: [(
            "secret".to_owned(),
            crate::Actions { request: Some(Action::Block), answer: Some(Action::Allow) },
        )]
        .into(),
        ..Settings::default()
    };
    let engine = Engine::compile(&settings).unwrap();
    let body = json!([secret()]).to_string();
    for (direction, blocked) in [(Direction::Request, true), (Direction::Answer, false)] {
        let report = inspect_json(
            &Scope::new(&engine, direction),
            body.as_bytes(),
            &Limits::default(),
            &mut (),
        )
        .unwrap();
        assert_eq!((report.blocked, report.edits.len(), report.findings.len()), (blocked, 0, 1));
    }
}
