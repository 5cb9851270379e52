use proptest::prelude::*;

use crate::document::{Scope, inspect_json};
use crate::exact::Builder;
use crate::json::Limits;
use crate::settings::OWN_RECORD;
use crate::{Action, Actions, Direction, Engine, Match, Records, Settings};

const VALUES: [&str; 5] =
    ["Jane Mary Nightingale", "C-1029-A", "Übermut GmbH", "40917755", "Mary A"];

fn settings() -> Settings {
    let mut builder = Builder::new(&[5; 32]);
    VALUES.iter().for_each(|value| {
        builder.add(value);
    });
    Settings { records: vec![Records::new(builder.finish())], ..Settings::default() }
}

fn engine() -> Engine {
    Engine::compile(&settings()).unwrap()
}

fn records(engine: &Engine, found: &[Match]) -> Vec<std::ops::Range<usize>> {
    let own = found.iter().filter(|m| engine.detector(m.detector).kind() == OWN_RECORD);
    own.map(|m| m.range.clone()).collect()
}

#[test]
fn records_are_found_in_every_part_of_a_document() {
    let engine = engine();
    for body in [
        r#"{"text":"Dear JANE-MARY nightingale, hello"}"#,
        r#"{"c1029a":1}"#,
        r#"{"id":40917755}"#,
        r#"["Dear\nJane Mary\tNightingale"]"#,
        r#"["\u00dcbermut gmbh"]"#,
        r#"["{\"name\":\"C 1029/A\"}"]"#,
        r#"["ja%6ee%20mary%20nightingale"]"#,
        r#"["SmFuZSBNYXJ5IE5pZ2h0aW5nYWxlIGNhbGxlZA=="]"#,
        r#"["C-10\u200b29-A"]"#,
        r#"[{"type":"text","text":"Jane Mary Ni"},{"type":"text","text":"ghtingale"}]"#,
    ] {
        let scope = Scope::new(&engine, Direction::Request);
        let report = inspect_json(&scope, body.as_bytes(), &Limits::default(), &mut ()).unwrap();
        let kinds: Vec<_> =
            report.findings.iter().map(|f| engine.detector(f.detector).kind()).collect();
        assert_eq!(kinds, [OWN_RECORD], "{body}");
        assert!(!report.edits.is_empty(), "{body}");
    }
    for body in [r#"["Jane Mary Nightingales","C-1029-AB","409177 and 55"]"#, r#"{"id":409177551}"#]
    {
        let scope = Scope::new(&engine, Direction::Request);
        let report = inspect_json(&scope, body.as_bytes(), &Limits::default(), &mut ()).unwrap();
        assert_eq!(report.findings, [], "{body}");
    }
}

#[test]
fn settings_decide_what_happens_to_a_record() {
    let mut settings = settings();
    let both = Actions { request: Some(Action::Block), answer: None };
    settings.actions.insert(OWN_RECORD.to_owned(), both);
    let engine = Engine::compile(&settings).unwrap();
    let mut found = Vec::new();
    engine.scan(Direction::Request, b"c1029a", &mut found);
    let detector = engine.detector(found[0].detector);
    assert_eq!(detector.action(Direction::Request), Action::Block);
    assert_eq!(detector.action(Direction::Answer), Action::Mask);
}

#[test]
fn a_record_is_held_from_its_first_byte() {
    let engine = engine();
    for value in VALUES {
        let text = format!("we know {value}. ");
        let start = text.find(value).unwrap();
        let mut stream = engine.stream(Direction::Answer);
        for byte in &text.as_bytes()[..start + value.len()] {
            let clear = stream.push(&engine, &[*byte], &mut Vec::new());
            assert!(clear <= start, "{value} leaks");
        }
        let mut found = Vec::new();
        stream.push(&engine, &text.as_bytes()[start + value.len()..], &mut found);
        stream.finish(&engine, &mut found);
        let only = std::iter::once(start..start + value.len());
        assert!(records(&engine, &found).into_iter().eq(only), "{value}: {found:?}");
    }
}

fn text() -> impl Strategy<Value = String> {
    let parts = [
        "Jane ",
        "jane",
        "Mary",
        "Nightingale",
        "nightingale.",
        " ",
        "   ",
        "    ",
        "-",
        "c1029a",
        "C-1029",
        "A",
        "Ü",
        "bermut ",
        "GmbH",
        "\u{200b}",
        "\n",
        "4091",
        "7755",
        "password: ",
        "+49 30 1234567",
    ];
    proptest::collection::vec(proptest::sample::select(parts.to_vec()), 0..30)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_cut_gives_the_records_of_the_whole(text in text(), size in 1_usize..12) {
        let engine = engine();
        let find = |size: usize| {
            let mut stream = engine.stream(Direction::Answer);
            let (mut found, mut clear) = (Vec::new(), 0);
            for piece in text.as_bytes().chunks(size) {
                let known = found.len();
                let now = stream.push(&engine, piece, &mut found);
                for m in records(&engine, &found[known..]) {
                    assert!(m.start >= clear, "{m:?} came after {clear} was cleared");
                }
                clear = now;
            }
            stream.finish(&engine, &mut found);
            found
        };
        let whole = find(text.len().max(1));
        prop_assert_eq!(&find(size), &whole);
        if text.is_ascii() {
            let mut scanned = Vec::new();
            engine.scan(Direction::Answer, text.as_bytes(), &mut scanned);
            prop_assert_eq!(scanned, whole);
        }
    }
}
