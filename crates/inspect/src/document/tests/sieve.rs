//! Random documents: with the sieve, the report is the one that looking at every leaf gives.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::detectors::{Form, catalogue};
use crate::{Match, Records, Settings, Words};

/// Defaults; everything masked; own words, also such that JSON must escape.
static ENGINES: LazyLock<[Engine; 5]> = LazyLock::new(|| {
    let words = |list: &[&str], whole_word| Words {
        list: list.iter().map(|word| (*word).to_owned()).collect(),
        ignore_case: whole_word,
        whole_word,
    };
    let list = ["apollo", "Übermut", "a/b", "x\",\"y", "two words"];
    let strict = Settings::default().masking_all();
    let plain = Settings { words: words(&list[..3], true), ..Settings::default() };
    let escaped = Settings { words: words(&list, false), ..strict.clone() };
    let known = Settings { records: vec![Records::new(records())], ..Settings::default() };
    [Settings::default(), strict, plain, escaped, known].map(|s| Engine::compile(&s).unwrap())
});

/// A set of records whose values stand among the fragments.
fn records() -> crate::exact::Set {
    let mut builder = crate::exact::Builder::new(&[3; 32]);
    builder.add("two words").add("Übermut apollo").add("5555 5555").add("hunter2 x");
    builder.finish()
}

fn example(seed: u64, which: usize) -> String {
    let declared = &catalogue()[which % catalogue().len()];
    let value = declared.example(seed);
    match (declared.form, declared.keywords) {
        (Form::UrlPassword, _) => format!("mysql://root:{value}@db:3306/x"),
        (_, [keyword, ..]) => format!("{keyword}: {value}"),
        _ => value,
    }
}

/// Characters before a backslash may turn what follows into an escape: pieces of raw content.
fn fragment() -> impl Strategy<Value = String> {
    let parts = [
        " ",
        "\\n",
        "\\t",
        "\\\"",
        "\\\\",
        "\\\\n",
        "\\/",
        "\\u0041",
        "\\\\u0041",
        "@",
        "a@b.example",
        "%41",
        "100% ",
        "n",
        ".",
        "-",
        "_",
        "/",
        ":",
        "=",
        "4111 1111 1111 1111",
        "4111 1111 ",
        "5555555555554444",
        "phone ",
        "030 1234567",
        "(212) 555-0187",
        "ssn ",
        "536221234",
        "DE89370400440532013000",
        "data:",
        "data:text/plain;base64,",
        "apollo",
        "Apollo",
        "a/b",
        "two words",
        "x\\\",\\\"y",
        "\\u00dcbermut",
        "{",
        "[",
        "[1]",
        "-----BEGIN ",
        "RSA PRIVATE KEY-----",
        "aws_secret ",
        "password: ",
        "password=\\\"",
        "\\\"token\\\": \\\"",
        "hunter2!x",
        "--api-key ",
        "curl -u \\\"admin:",
        "machine h login u\\npassword ",
        "db.host:5432:app:app:",
        "\\n",
        "\\npw=",
        "session_id=q9WzK3vT7bLmX2RfYc8n",
        "The quick brown fox. ",
        "eyJ",
        "AKIA",
        "file\\nname\\n",
        "é",
        "\\\" + \\\"",
        "' . '",
        "\\\\\\n",
        "a1b2c3d4e5f6g7h8a1b2c3d4e5f6g7h8a1b2c3d4e5f6g7h8a1b2c3d4e5f6g7h8\\n",
    ];
    let encode = |text: String| String::from_utf8(json::encode(&text)).unwrap();
    let value = (any::<u64>(), any::<usize>());
    prop_oneof![
        8 => proptest::sample::select(parts.to_vec()).prop_map(str::to_owned),
        2 => value.prop_map(move |(seed, which)| encode(example(seed, which))),
        1 => value.prop_map(move |(seed, which)| packed(&format!("some text {}", example(seed, which)))),
        1 => proptest::collection::vec(any::<u8>(), 30..60)
            .prop_map(|bytes| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)),
        1 => "[a-zA-Z0-9 _.@:/+-]{0,50}",
    ]
}

fn content() -> impl Strategy<Value = String> {
    proptest::collection::vec(fragment(), 0..6).prop_map(|parts| parts.concat())
}

/// A value over several strings, as content parts or as items.
fn split(value: &str, cuts: &[usize], parts: bool) -> String {
    let mut rest = value;
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, after) = rest.split_at_checked(*cut).unwrap_or((rest, ""));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    let piece = |piece: &&str| {
        let piece = String::from_utf8(json::encode(piece)).unwrap();
        let part = format!(r#"{{"type":"text","text":"{piece}"}}"#);
        if parts { part } else { format!("\"{piece}\"") }
    };
    format!("[{}]", pieces.iter().map(piece).collect::<Vec<_>>().join(","))
}

fn document() -> impl Strategy<Value = String> {
    let keys = ["text", "content", "type", "format", "role", "arguments", "data", "media_type"];
    let naming =
        ["ssn", "s\\u0073n", "phoneNumber", "social_security_no", "mobile", "taxId", "iban"];
    let key = prop_oneof![
        2 => proptest::sample::select(naming.to_vec()).prop_map(str::to_owned),
        7 => proptest::sample::select(keys.to_vec()).prop_map(str::to_owned),
        1 => content(),
    ];
    let media = ["image/png", "text/plain", "text", "input_audio", "application/pdf"];
    let leaf = prop_oneof![
        6 => content().prop_map(|content| format!("\"{content}\"")),
        1 => proptest::sample::select(media.to_vec()).prop_map(|name| format!("\"{name}\"")),
        1 => "-?[1-9][0-9]{0,18}(\\.[0-9]{1,10})?",
        1 => Just("4111111111111111".to_owned()),
        1 => Just("536221234".to_owned()),
        1 => Just("\"2125550187\"".to_owned()),
        1 => (900_usize..1400).prop_map(|length| format!("\"iVBORw0KGgo{}\"", "A".repeat(length))),
        1 => (any::<(u64, usize)>(), proptest::collection::vec(1_usize..30, 1..4), any::<bool>())
            .prop_map(|((seed, which), cuts, parts)| split(&example(seed, which), &cuts, parts)),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            2 => proptest::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            4 => proptest::collection::vec((key.clone(), inner.clone()), 0..5).prop_map(|members| {
                let members = members.iter().map(|(key, value)| format!("\"{key}\": {value}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
            1 => inner.prop_map(|document| {
                format!("\"{}\"", String::from_utf8(json::encode(&document)).unwrap())
            }),
        ]
    })
}

/// The same with what views take off, and with what only looks like it.
fn disguised() -> impl Strategy<Value = String> {
    let parts = [
        "\u{200b}",
        "\u{455}",
        "\u{ff21}",
        "\u{e0041}",
        "\u{a0}",
        "A K I A 4 T",
        "p.a.s",
        ".s.w",
        "x y",
        "=41",
        "=\\n",
        "&amp;",
        "&#65;",
        "&a;",
        "\\\\x41",
        "\\\\101",
        "\\\\",
        "%4",
        "1",
        "k-",
        "ignore ",
    ];
    let part = prop_oneof![
        3 => proptest::sample::select(parts.to_vec()).prop_map(str::to_owned),
        1 => fragment(),
    ];
    proptest::collection::vec(part, 0..7).prop_map(|parts| parts.concat())
}

/// Where the strings start that may have something to take off.
#[derive(Default)]
struct Layered(Vec<usize>);

impl Observer for Layered {
    fn layered(&mut self, start: usize) {
        self.0.push(start);
    }
}

type Outcome = Result<Report, json::Error>;

/// The report with the sieve, and the one without.
fn both(engine: &Engine, direction: Direction, document: &str) -> (Outcome, Outcome) {
    let limits = Limits { unique_keys: false, ..Limits::default() };
    let report =
        inspect_json(&Scope::new(engine, direction), document.as_bytes(), &limits, &mut ());
    let mut inspector = Inspector::new(&Scope::new(engine, direction), &limits);
    inspector.is_thorough = true;
    (report, inspect_with(&mut inspector, document.as_bytes(), &mut ()))
}

fn packed(text: &str) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text)
}

fn named(name: &str) -> String {
    let declared = catalogue().iter().find(|declared| declared.name == name).unwrap();
    declared.example(11)
}

/// What the raw text of a body does not show: each of these is found all the same.
#[test]
fn nothing_hides_from_the_sieve() {
    let far = "\\n".repeat(35);
    let wrapped: Vec<String> = packed(&format!("a longer text, {}", secret()))
        .as_bytes()
        .chunks(16)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    // No letter stands beside the seam, so only its beginning tells that it goes over it.
    let armour = named("private_key").replace('\n', " ");
    let (head, tail) = armour.split_at(armour.match_indices(' ').nth(4).unwrap().0 + 1);
    for content in [
        format!("https:\\/\\/u:{}@h", &named("url_password")),
        named("slack_webhook").replace('/', "\\/"),
        named("aws_access_key").replace('A', "\\u0041"),
        named("aws_access_key").replace('A', "\\\\u0041"),
        named("aws_access_key").replace('A', "%41"),
        format!("\\n{}", named("aws_access_key")),
        format!("The aws{far}{}", named("aws_secret_key")),
        format!("An ssn{far}536221234"),
        format!("data:;base64,{}", packed("a@b.io")),
        wrapped.join("\\n"),
        format!("{} \\n", wrapped.join("\\r\\n")),
        format!("\\n [\\\"{}\\\"]", escaped(&secret()).replace('\\', "\\\\")),
        format!("{head}\"}},{{\"content\":\"{tail}"),
    ] {
        let document = format!(r#"{{"messages":[{{"content":"{content}"}}]}}"#);
        let (report, expected) = both(&ENGINES[1], Direction::Answer, &document);
        assert_eq!(report, expected, "{document}");
        assert!(!report.unwrap().findings.is_empty(), "{document}");
    }
}

proptest! {
    #![proptest_config(crate::for_tests::cases(3000))]

    #[test]
    fn the_sieve_changes_no_report(document in document(), which in 0_usize..5, answer in any::<bool>()) {
        let engine = &ENGINES[which];
        let direction = if answer { Direction::Answer } else { Direction::Request };
        let (report, expected) = both(engine, direction, &document);
        prop_assert_eq!(report, expected, "{}", document);
    }

    #[test]
    fn a_string_that_is_not_named_has_nothing_to_take_off(content in disguised(), before in disguised()) {
        let document = format!(r#"["{before}","{content}"]"#);
        let mut named = Layered::default();
        let limits = Limits::default();
        let scope = Scope::new(&ENGINES[0], Direction::Request);
        let is_json = inspect_json(&scope, document.as_bytes(), &limits, &mut named).is_ok();
        let start = document.len() - content.len() - 2;
        // Signs are read of rows at every fourth place, so they may seem to be there and are not.
        let mut is_layered = false;
        let text = json::decode(content.as_bytes());
        crate::views::each(&text.text, &crate::views::Limits::default(), &mut |view| {
            is_layered |= view.kinds() != crate::views::Kinds::JOINED;
        });
        prop_assert!(!is_json || !is_layered || named.0.contains(&start), "{}", document);
    }

    #[test]
    fn short_texts_are_dismissed_only_if_nothing_is_in_them(text in "[a-zA-Z0-9 _.@:/+()-]{0,33}|two[ -]words", which in 0_usize..5) {
        let engine = &ENGINES[which];
        let pieces: Vec<Match> = {
            let mut found = Vec::new();
            let mut stream = engine.stream(Direction::Request);
            stream.push(engine, text.as_bytes(), &mut found);
            stream.finish(engine, &mut found);
            found
        };
        let mut found = Vec::new();
        engine.scan(Direction::Request, text.as_bytes(), &mut found);
        prop_assert_eq!(found, pieces);
    }
}

#[test]
fn short_values_are_found() {
    let engine = &ENGINES[1];
    for text in [
        "a@b.io",
        "4222222222222",
        "+442079460123",
        "NO9386011117947",
        "536-22-1234",
        "212-555-0187",
    ] {
        let mut found = Vec::new();
        engine.scan(Direction::Request, text.as_bytes(), &mut found);
        assert_eq!(found.len(), 1, "{text}");
    }
}

#[test]
fn strings_are_named_where_they_may_read_otherwise() {
    let named = |body: &str| {
        let mut named = Layered::default();
        let scope = Scope::new(&ENGINES[0], Direction::Request);
        inspect_json(&scope, body.as_bytes(), &Limits::default(), &mut named).unwrap();
        named.0
    };
    // A number is worth a look and says what it says; what stands in JSON inside is not known.
    let body = r#"["Call 030 1234567 today.","so it is","see %41","[\"%41\"]","i g n o r e"]"#;
    let at = |text: &str| body.find(text).unwrap();
    assert_eq!(named(body), [at("see"), at("[\\"), at("i g")]);
    assert!(named(r#"{"a":1,"b":["plain words", "and more"]}"#).is_empty());
}

/// Most leaves of an ordinary body need no look: else the sieve would be no use.
#[test]
fn an_ordinary_body_is_not_suspect() {
    let body = br#"{"model":"gpt-4o-mini","stream":true,"created":1700000000,"messages":[
        {"role":"user","content":"Revenue grew by 4.2% in 2024-11.\nWhy? It's \"up\"."}]}"#;
    let mut suspects = engine().suspects(body);
    assert!(!suspects.concern(&(0..body.len()), true));
    assert!(engine().suspects(secret().as_bytes()).concern(&(0..1), false));
}
