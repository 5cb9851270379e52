use proptest::prelude::*;
use serde_json::json;

use crate::{Document, Filter, GROUP, Kind, MAX_DEPTH, MAX_TERMS, USER};

fn ann() -> Document {
    let ann = json!({
        "id": "7", "userName": "Ann@example.com", "active": true, "externalId": "X1",
        "name": {"familyName": "O'Malley", "givenName": "Ann"},
        "emails": [
            {"value": "ann@example.com", "type": "work", "primary": true},
            {"value": "ann@home.example", "type": "home"},
        ],
        "meta": {"created": "2026-11-23T14:05:00.000000Z"},
    });
    ann.as_object().cloned().unwrap()
}

fn meets(text: &str) -> bool {
    Filter::parse(&USER, text).unwrap_or_else(|error| panic!("{text}: {error}")).is_met_by(&ann())
}

#[test]
fn every_operator_compares() {
    for (text, expected) in [
        (r#"userName eq "ann@EXAMPLE.com""#, true),
        (r#"userName ne "ann@example.com""#, false),
        (r#"name.familyName co "malley""#, true),
        (r#"name.familyName sw "o'""#, true),
        (r#"name.familyName ew "LEY""#, true),
        (r#"userName gt "anm""#, true),
        (r#"userName ge "ann@example.com""#, true),
        (r#"userName lt "ann@example.com""#, false),
        (r#"userName le "ann@example.com""#, true),
        ("active eq true", true),
        ("active ne true", false),
        ("displayName pr", false),
        ("name pr", true),
        ("displayName eq null", true),
        ("userName ne null", true),
        (r#"displayName ne "x""#, true),
        (r#"meta.created lt "2026-11-23T14:05:00.000001Z""#, true),
        (r#"meta.created gt "2026-11-23T14:05:00Z""#, false),
        // What counts in capitals, and what does not.
        (r#"externalId eq "x1""#, false),
        (r#"externalId eq "X1""#, true),
        (r#"USERNAME EQ "ann@example.com" AND Active Eq true"#, true),
        (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ann""#, true),
        (r#"userName eq "a\"b\\""#, false),
    ] {
        assert_eq!(meets(text), expected, "{text}");
    }
}

#[test]
fn words_bind_as_they_should() {
    for (text, expected) in [
        (r#"active eq true or active eq false and userName eq "x""#, true),
        (r#"(active eq true or active eq false) and userName eq "x""#, false),
        (r#"not (userName eq "x") and active eq true"#, true),
        (r#"not(userName eq "x" or active eq true)"#, false),
        (r#"emails[type eq "work" and value co "@example"]"#, true),
        // No one address is both.
        (r#"emails[type eq "home" and value co "@example.com"]"#, false),
        (r#"emails.type eq "home" and emails.value co "@example.com""#, true),
        (r#"emails co "home.example""#, true),
        (r#"emails[not (type eq "work")]"#, true),
        (r#"emails[primary eq true]"#, true),
        // What nobody has meets nothing, and what it is not is met.
        (r#"shoeSize gt 4"#, false),
        (r#"not (shoeSize gt 4)"#, true),
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "x""#, false),
    ] {
        assert_eq!(meets(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    for text in [
        "",
        " ",
        "userName",
        "userName eq",
        "userName eq ann",
        r#"userName eq "ann"#,
        r#"userName is "ann""#,
        r#"userName eq "a" and"#,
        r#"userName eq "a" userName eq "b""#,
        r#"(userName eq "a""#,
        r#"userName eq "a")"#,
        r#"not userName eq "a""#,
        r#"userName[value eq "a"]"#,
        r#"emails[type eq "work""#,
        r#"emails[type[x eq "y"] pr]"#,
        r#"active co "t""#,
        "active gt true",
        r#"active eq "true""#,
        "userName eq 4",
        r#"userName eq ["a"]"#,
        r#"name eq "a""#,
        r#"meta.created gt "yesterday""#,
    ] {
        let refused = Filter::parse(&USER, text);
        assert_eq!(
            refused.map(|_| ()).map_err(|error| error.kind),
            Err(Kind::InvalidFilter),
            "{text}"
        );
    }
}

#[test]
fn a_filter_that_would_take_long_is_refused() {
    let many = vec!["active pr"; MAX_TERMS + 1].join(" or ");
    let deep = format!("{}active pr{}", "(".repeat(MAX_DEPTH + 1), ")".repeat(MAX_DEPTH + 1));
    let nots = format!("{}active pr{}", "not (".repeat(MAX_DEPTH + 1), ")".repeat(MAX_DEPTH + 1));
    let long = format!("userName eq \"{}\"", "x".repeat(10_000));
    let open = "(".repeat(100_000);
    for text in [many, deep, nots, long, open] {
        assert!(Filter::parse(&USER, &text).is_err());
    }
    let most = vec!["active pr"; MAX_TERMS].join(" or ");
    assert!(Filter::parse(&USER, &most).is_ok());
}

#[test]
fn what_can_be_looked_up_is_known() {
    let wanted =
        |text: &str| Filter::parse(&USER, text).unwrap().wanted("userName").map(str::to_owned);
    assert_eq!(wanted(r#"userName eq "Ann""#).as_deref(), Some("Ann"));
    assert_eq!(wanted(r#"active eq true and userName eq "Ann""#).as_deref(), Some("Ann"));
    assert_eq!(wanted(r#"active eq true or userName eq "Ann""#), None);
    assert_eq!(wanted(r#"not (userName eq "Ann")"#), None);
    assert_eq!(wanted(r#"userName sw "Ann""#), None);
    let member = Filter::parse(&GROUP, r#"members[value eq "7"]"#).unwrap();
    assert_eq!(member.wanted("members"), None);
}

proptest! {
    /// Whatever is sent is read or refused, and what is read answers.
    #[test]
    fn no_text_breaks_it(text in "[a-zA-Z\\[\\]().\"\\\\ :0-9éneqotrd]{0,80}") {
        if let Ok(filter) = Filter::parse(&USER, &text) {
            filter.is_met_by(&ann());
        }
    }

    /// A condition or its opposite is met, never both.
    #[test]
    fn not_is_the_opposite(word in "[a-z@.]{0,6}", op in "eq|ne|co|sw|ew|gt|ge|lt|le") {
        let text = format!("userName {op} \"{word}\"");
        prop_assert_ne!(meets(&text), meets(&format!("not ({text})")));
    }
}
