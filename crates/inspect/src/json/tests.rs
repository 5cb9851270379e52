//! The reader against `serde_json`, and against what each limit forbids.

use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::*;

fn read(text: &[u8], limits: &Limits) -> Result<Vec<Token>, Error> {
    let mut reader = Reader::new(text, limits);
    let mut tokens = Vec::new();
    while let Some(token) = reader.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

fn loose() -> Limits {
    Limits { max_depth: usize::MAX, unique_keys: false, ..Limits::default() }
}

fn problem(text: &[u8]) -> Problem {
    read(text, &Limits::default()).unwrap_err().problem
}

#[test]
fn tokens_carry_their_ranges() {
    let text = br#" {"a\n": [1, -2.5e3, "x", true, false, null], "b": {}} "#;
    let tokens = read(text, &Limits::default()).unwrap();
    let seen: Vec<_> = tokens
        .iter()
        .map(|token| (token.kind, std::str::from_utf8(&text[token.range.clone()]).unwrap()))
        .collect();
    let expected = [
        (Kind::ObjectStart, "{"),
        (Kind::Key, r"a\n"),
        (Kind::ArrayStart, "["),
        (Kind::Number, "1"),
        (Kind::Number, "-2.5e3"),
        (Kind::String, "x"),
        (Kind::True, "true"),
        (Kind::False, "false"),
        (Kind::Null, "null"),
        (Kind::ArrayEnd, "]"),
        (Kind::Key, "b"),
        (Kind::ObjectStart, "{"),
        (Kind::ObjectEnd, "}"),
        (Kind::ObjectEnd, "}"),
    ];
    assert_eq!(seen, expected);
    assert!(tokens[1].escaped && !tokens[5].escaped);
}

#[test]
fn each_mistake_has_its_name() {
    for (text, expected) in [
        ("", Problem::UnexpectedEnd),
        ("{", Problem::UnexpectedEnd),
        ("[1,]", Problem::ExpectedValue),
        ("{\"a\":1,}", Problem::ExpectedKey),
        ("{\"a\" 1}", Problem::ExpectedColon),
        ("{\"a\":1 \"b\":2}", Problem::ExpectedCommaOrBrace),
        ("[1 2]", Problem::ExpectedCommaOrBracket),
        ("{\"a\":1]", Problem::ExpectedCommaOrBrace),
        ("1 2", Problem::TrailingBytes),
        ("\"a\nb\"", Problem::ControlCharacter),
        ("\"a\0b\"", Problem::ControlCharacter),
        (r#""\x""#, Problem::BadEscape),
        (r#""\u12g4""#, Problem::BadEscape),
        ("01", Problem::TrailingBytes),
        ("-a", Problem::BadNumber),
        ("1.", Problem::UnexpectedEnd),
        ("nul", Problem::ExpectedValue),
        ("\u{feff}{}", Problem::ByteOrderMark),
    ] {
        assert_eq!(problem(text.as_bytes()), expected, "{text:?}");
    }
    assert_eq!(problem(b"\"\xff\""), Problem::NotUtf8);
}

#[test]
fn an_error_says_where_and_nothing_of_what() {
    let error = read("{\n \"é\": hunter2}".as_bytes(), &Limits::default()).unwrap_err();
    assert_eq!((error.line, error.column, error.offset), (2, 7, 9));
    assert_eq!(error.to_string(), "expected a value at line 2, column 7 (byte 9)");
}

#[test]
fn deep_nesting_is_refused_without_recursion() {
    let limits = Limits::default();
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert!(read(&nested(128), &limits).is_ok());
    assert_eq!(problem(&nested(129)), Problem::TooDeep);
    assert_eq!(problem(&vec![b'['; 10_000]), Problem::TooDeep);
    assert!(read(&nested(1_000_000), &loose()).is_ok());
}

#[test]
fn repeated_keys_are_compared_decoded() {
    assert_eq!(problem(br#"{"model":1,"mod\u0065l":2}"#), Problem::RepeatedKey);
    assert_eq!(problem(br#"{"\ud83d\ude00":1,"x":{},"\uD83D\uDE00":2}"#), Problem::RepeatedKey);
    assert!(read(br#"{"a":{"a":[{"a":1},{"a":1}]},"b":{"a":1}}"#, &Limits::default()).is_ok());
    assert!(read(br#"{"a":1,"a":2}"#, &loose()).is_ok());
}

#[test]
fn repeated_keys_are_found_in_large_and_nested_objects() {
    for size in 1..60 {
        let members: Vec<_> = (0..size).map(|n| format!(r#""key{n}":{{"key0":[{n}]}}"#)).collect();
        let whole = format!("{{{}}}", members.join(","));
        assert!(read(whole.as_bytes(), &Limits::default()).is_ok(), "{size}");
        for repeated in [0, size / 2, size - 1] {
            let text = format!(r#"[{{{},"k\u0065y{repeated}":1}}]"#, members.join(","));
            assert_eq!(problem(text.as_bytes()), Problem::RepeatedKey, "{size} {repeated}");
        }
    }
}

#[test]
fn tokens_and_members_are_bounded() {
    let limits = Limits { max_tokens: 4, max_members: 20, ..Limits::default() };
    assert!(read(b"[1,2]", &limits).is_ok());
    assert_eq!(read(b"[1,2,3]", &limits).unwrap_err().problem, Problem::TooManyTokens);
    let limits = Limits { max_members: 20, ..Limits::default() };
    let members = |count: usize| {
        let members: Vec<_> = (0..count).map(|n| format!(r#""{n}":0"#)).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(read(members(20).as_bytes(), &limits).is_ok());
    let error = read(members(21).as_bytes(), &limits).unwrap_err();
    assert_eq!(error.problem, Problem::TooManyMembers);
}

/// Every string of the text, keys too, in order, decoded.
fn strings(text: &[u8]) -> Vec<String> {
    let tokens = read(text, &loose()).unwrap();
    let strings = tokens.iter().filter(|token| matches!(token.kind, Kind::Key | Kind::String));
    strings
        .map(|token| String::from_utf8(decode(&text[token.range.clone()]).text.to_vec()).unwrap())
        .collect()
}

fn strings_of(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings_of(item, out)),
        Value::Object(members) => {
            for (key, member) in members {
                out.push(key.clone());
                strings_of(member, out);
            }
        }
        _ => {}
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..20)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn accepts(text: &[u8]) -> bool {
    // The grammar alone; numbers out of range and unpaired surrogates pass, as they do here.
    std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// Bytes that meet the grammar often enough to go deep.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&str] = &[
        "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"b\":", "0", "-1", "1.5", "1e", "e+5", ".",
        "true", "null", "fals", "\\", "\\u0041", "\\ud800", "\\n", " ", "\n", "\u{1}", "é",
        "\u{7f}", "[]", "{}",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..12)
        .prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn accepts_what_serde_json_accepts_nearly_json(text in nearly()) {
        prop_assert_eq!(read(&text, &loose()).is_ok(), accepts(&text));
    }

    #[test]
    fn accepts_what_serde_json_accepts_any_bytes(text in any::<Vec<u8>>()) {
        prop_assert_eq!(read(&text, &loose()).is_ok(), accepts(&text));
    }
}

proptest! {
    #[test]
    fn reads_the_same_strings_as_serde_json(value in value(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) };
        let text = text.unwrap();
        let mut expected = Vec::new();
        strings_of(&value, &mut expected);
        prop_assert_eq!(strings(&text), expected);
        prop_assert!(read(&text, &Limits::default()).is_ok());
    }

    #[test]
    fn a_damaged_text_is_judged_as_serde_json_does(
        value in value(), place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut text = serde_json::to_vec(&value).unwrap();
        let place = place.index(text.len());
        if cut { text.truncate(place) } else { text[place] = byte }
        prop_assert_eq!(read(&text, &loose()).is_ok(), accepts(&text));
    }
}
