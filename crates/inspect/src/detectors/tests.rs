use std::collections::BTreeSet;

use super::*;
use crate::document::{Scope, inspect_json, inspect_text};
use crate::engine::index::MIN_TOKEN;
use crate::{Direction, Engine, MAX_HOLD_BYTES, Match, Settings};

fn engine() -> Engine {
    Engine::compile(&Settings::default()).unwrap()
}

fn scan(engine: &Engine, text: &str) -> Vec<Match> {
    let mut found = Vec::new();
    engine.scan(Direction::Request, text.as_bytes(), &mut found);
    found
}

/// Puts a value where its format expects it: after a keyword, in a URL.
fn place(declared: &Declaration, value: &str) -> String {
    match (declared.form, declared.keywords) {
        (Form::UrlPassword, _) => format!("postgres://app:{value}@db.internal:5432/app"),
        (_, [keyword, ..]) => format!("{keyword} = {value}"),
        _ => value.to_owned(),
    }
}

fn names<'e>(engine: &'e Engine, text: &str) -> Vec<&'e str> {
    scan(engine, text).iter().map(|found| engine.detector(found.detector).name()).collect()
}

#[test]
fn every_example_is_found_wherever_it_stands_and_covered_whole() {
    let engine = engine();
    let patterned = catalogue().iter().filter(|d| !matches!(d.form, Form::Judged));
    for (declared, seed) in patterned.flat_map(|d| (0..4).map(move |seed| (d, seed))) {
        let value = declared.example(seed);
        assert!(!value.is_empty(), "{} makes no example", declared.name);
        let placed = place(declared, &value);
        for text in [
            placed.clone(),
            format!("see {placed} and go on"),
            format!("{{\"note\":\"{placed}\",\"n\":1}}"),
            format!("line one\n{placed}\nline two"),
            format!("\\n{placed}\\n"),
            format!("({placed})."),
        ] {
            let found = scan(&engine, &text);
            let at = text.find(&value).unwrap();
            let is_own = |m: &Match| engine.detector(m.detector).name() == declared.name;
            let is_covered = if matches!(declared.form, Form::Mnemonic) {
                // Its first words are never held, so never masked; words before may count to it.
                let lead = value.match_indices(' ').nth(1).unwrap().0 + 1;
                (at + lead..at + value.len())
                    .all(|at| found.iter().any(|m| is_own(m) && m.range.contains(&at)))
            } else {
                found.iter().any(|m| m.range == (at..at + value.len()) && is_own(m))
            };
            assert!(is_covered, "{} missed in {text:?}: {found:?}", declared.name);
        }
    }
}

/// The detectors that find something in a text of some place.
fn found_in<'e>(engine: &'e Engine, place: Place, text: &str) -> BTreeSet<&'e str> {
    let limits = crate::json::Limits::default();
    let scope = Scope::new(engine, Direction::Request);
    let report = if place.is_json() {
        inspect_json(&scope, text.as_bytes(), &limits, &mut ()).unwrap()
    } else {
        inspect_text(&scope, text.as_bytes())
    };
    report.findings.iter().map(|found| engine.detector(found.detector).name()).collect()
}

fn secrets() -> impl Iterator<Item = &'static Declaration> {
    catalogue()
        .iter()
        .filter(|d| d.kind.starts_with("secret.") && !matches!(d.form, Form::UrlPassword))
}

#[test]
fn every_format_is_found_in_every_place_and_its_near_misses_in_none() {
    let engine = engine();
    let (mut tried, mut missed, mut alarms) = (0, Vec::new(), Vec::new());
    for (declared, place) in secrets().flat_map(|d| Place::ALL.map(|place| (d, place))) {
        let word = declared.keywords.first().unwrap_or(&"value");
        let text = place.text(word, &declared.example(11));
        tried += 1;
        if !found_in(&engine, place, &text).contains(declared.name) {
            missed.push((declared.name, text));
        }
        for miss in declared.near_misses(11) {
            let text = place.text(word, &miss);
            if found_in(&engine, place, &text).contains(declared.name) {
                alarms.push((declared.name, text));
            }
        }
    }
    assert!(missed.len() * 100 <= tried * 2, "{} of {tried} missed: {missed:#?}", missed.len());
    assert!(alarms.is_empty(), "{alarms:#?}");
}

#[test]
fn near_misses_are_no_findings() {
    let engine = engine();
    let tokens = catalogue().iter().filter(|d| matches!(d.form, Form::Token { .. }));
    for declared in tokens {
        let Form::Token { prefixes, parts } = declared.form else { continue };
        let body: usize = parts.iter().map(Part::min).sum();
        let value = declared.example(3);
        let placeholder = format!("{}{}", prefixes[0], "x".repeat(body.max(20)));
        let glued = format!("Z{value}");
        let cut = &value[..MIN_TOKEN.min(value.len()) - 1];
        for text in [placeholder.as_str(), &glued, cut] {
            let found = names(&engine, &place(declared, text));
            assert!(!found.contains(&declared.name), "{} found in {text:?}", declared.name);
        }
    }
}

#[test]
fn one_character_more_or_less_is_no_exact_format() {
    let engine = engine();
    for name in ["aws_access_key", "google_api_key", "github_token", "npm_token", "shopify_token"] {
        let declared = catalogue().iter().find(|d| d.name == name).unwrap();
        let value = declared.example(7);
        let longer = format!("{value}A");
        assert_eq!(names(&engine, &value[..value.len() - 1]), [""; 0], "{name} cut");
        assert_eq!(names(&engine, &longer), [""; 0], "{name} longer");
    }
}

#[test]
fn a_wrong_checksum_is_no_finding() {
    let engine = engine();
    for name in ["github_token", "npm_token", "agent_key"] {
        let declared = catalogue().iter().find(|d| d.name == name).unwrap();
        let value = declared.example(7);
        let last = if value.ends_with('a') { "b" } else { "a" };
        let changed = format!("{}{last}", &value[..value.len() - 1]);
        assert_eq!(names(&engine, &value), [name]);
        assert_eq!(names(&engine, &changed), [""; 0]);
    }
}

#[test]
fn stand_ins_of_manuals_are_no_findings() {
    let engine = engine();
    let stand_ins = [
        ["AKIA", "IOSFODNN7EXAMPLE"].concat(),
        ["aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY"].concat(),
        [
            "sk-ant-api03-",
            "your-key-here-your-key-here-your-key-here-your-key-here-your-key-here-your-key-here",
        ]
        .concat(),
        "postgres://user:password@localhost/db".to_owned(),
        "postgres://user:${DB_PASSWORD}@localhost/db".to_owned(),
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----".to_owned(),
    ];
    for text in stand_ins {
        assert_eq!(names(&engine, &text), [""; 0], "{text}");
    }
}

#[test]
fn numbers_that_are_something_else_are_no_findings() {
    let engine = engine();
    for text in [
        "commit 4f2a1c9d8e7b6a5f4e3d2c1b0a9f8e7d6c5b4a39",
        "2024-11-23T14:51:17.123456789Z took 1234567890123 ns",
        "order 4111111111111112, id 41111111111111111111",
        "127.0.0.1 255.255.255.0 1.2.3.4567 1.2.3.4 v10.20.30.40",
        "550e8400-e29b-41d4-a716-446655440000",
        "SSN: 000-12-3456, 666-12-3456",
        "version 1.22.333-4444, range 100-200-300",
        "DE89370400440532013001",
        "icon@2x.png git@github.com:a/b @scope/pkg@1.2.3 a@b",
    ] {
        assert_eq!(names(&engine, text), [""; 0], "{text}");
    }
}

#[test]
fn numbers_are_found_as_people_write_them() {
    let engine = engine();
    for (text, name) in [
        ("4111 1111 1111 1111", "payment_card"),
        ("card 4111-1111-1111-1111, exp 12/29", "payment_card"),
        ("4111 1111 1111 1111 12/29 123", "payment_card"),
        ("{\"pan\":5555555555554444}", "payment_card"),
        ("3782 822463 10005", "payment_card"),
        ("GB29 NWBK 6016 1331 9268 19", "iban"),
        ("FR1420041010050500013M02606", "iban"),
        ("my ssn is 536-22-1234.", "us_ssn"),
        ("SSN 536221234", "us_ssn"),
        ("+1 (212) 555-0187", "phone"),
        ("(212) 555-0187", "phone"),
        ("212-555-0187", "phone"),
        ("phone: 030 1234567", "phone"),
        ("+442079460123", "phone"),
        ("ann.lee+x@mail.example.org.", "email"),
    ] {
        assert_eq!(names(&engine, text), [name], "{text}");
    }
}

#[test]
fn the_catalogue_is_well_formed() {
    let all = catalogue();
    let unique: BTreeSet<_> = all.iter().map(|d| d.name).collect();
    assert_eq!(unique.len(), all.len(), "a name is used twice");
    let secrets: BTreeSet<_> =
        all.iter().map(|d| d.kind).filter(|kind| kind.starts_with("secret.")).collect();
    assert!(secrets.len() > 300, "{} credential formats", secrets.len());
    for declared in all {
        assert!(declared.confidence > 0.0 && declared.confidence <= 1.0, "{}", declared.name);
        assert!(!declared.finds.is_empty() && !declared.reference.is_empty(), "{}", declared.name);
        let (prefixes, parts) = match declared.form {
            Form::Token { prefixes, parts } => (prefixes, parts),
            Form::Bare { parts } => (&[""][..], parts),
            _ => continue,
        };
        assert!(!prefixes[0].is_empty() || !matches!(parts[0], Part::Text(_)), "{}", declared.name);
        let shortest: usize = parts.iter().map(Part::min).sum();
        let longest: usize = parts.iter().map(Part::max).sum();
        for prefix in prefixes {
            assert!(prefix.len() != 1 && prefix.len() < 64, "{}", declared.name);
            assert!(prefix.len() + shortest >= MIN_TOKEN, "{} is too short", declared.name);
            assert!(prefix.len() + longest < MAX_HOLD_BYTES / 2, "{} is too long", declared.name);
        }
        let literals = parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(&**text),
            Part::Run { .. } | Part::Take { .. } => None,
        });
        let is_token = |text: &str| text.bytes().all(|b| TOKEN[usize::from(b)]);
        assert!(prefixes.iter().copied().chain(literals).all(is_token), "{}", declared.name);
        for part in parts {
            let (Part::Run { of, .. } | Part::Take { of, .. }) = part else { continue };
            assert!((0..256).all(|b| !of[b] || TOKEN[b]), "{} leaves the tokens", declared.name);
        }
    }
}

#[test]
fn an_example_is_always_the_same_for_a_seed() {
    for declared in catalogue().iter().filter(|d| !matches!(d.form, Form::Judged)) {
        assert_eq!(declared.example(5), declared.example(5), "{}", declared.name);
        assert_ne!(declared.example(5), declared.example(6), "{}", declared.name);
    }
}
