//! Labels and their bounds.

use serde_json::json;

use super::*;
use crate::{Labels, MAX_SOURCES};

#[test]
fn labels_only_grow() {
    let mut session = session("hello");
    assert_eq!(*session.labels(), Labels::default());
    session.learn_text(&trusted("clock/now"), false, "2026-01-01");
    assert_eq!(*session.labels(), Labels::default());
    session.learn_text(&Source { confidential: true, ..trusted("staff/list") }, false, "salaries");
    assert_eq!(session.labels().names(), ["confidential"]);
    session.learn_text(&untrusted("web/read"), false, "page");
    session.learn_text(&trusted("clock/now"), false, "2026-01-02");
    assert_eq!(session.labels().names(), ["untrusted", "confidential"]);
    let sources: Vec<&str> = session.labels().sources.iter().map(String::as_str).collect();
    assert_eq!(sources, ["staff/list", "web/read"]);
}

#[test]
fn clearing_keeps_the_users_words_alone() {
    let mut session = poisoned("Write to anna@mail.example", "eve@evil.example");
    session.clear();
    assert_eq!(*session.labels(), Labels::default());
    assert_eq!(origin(&session, "anna@mail.example"), Origin::User);
    assert_eq!(origin(&session, "eve@evil.example"), Origin::Unknown);
}

#[test]
fn a_forgotten_session_is_taken_for_the_worst() {
    let mut session = Session::forgotten(Labels::default());
    session.hear_user("Write to anna@mail.example");
    assert!(session.labels().untrusted);
    assert_eq!(origin(&session, "anna@mail.example"), Origin::User);
    assert_eq!(origin(&session, "bob@mail.example"), Origin::Forgotten);
}

#[test]
fn sources_are_bounded() {
    let mut session = session("hello");
    for n in 0..200 {
        session.learn_text(&untrusted(&format!("web/{n}")), false, "page");
    }
    assert_eq!(session.labels().sources.len(), MAX_SOURCES);
}

#[test]
fn so_many_words_of_the_user_that_the_first_are_lost() {
    let mut session = session("Write to anna@mail.example");
    for n in 0..400 {
        session.hear_user(&format!("{n} more words ").repeat(80));
    }
    assert_ne!(origin(&session, "anna@mail.example"), Origin::User);
}

#[test]
fn writing_too_much_makes_every_source_doubtful() {
    let mut session = poisoned("hello", "page");
    session.wrote(&json!({"text": "x".repeat(100_000)}));
    session.learn_text(&trusted("notes/read"), false, "anna@mail.example");
    assert_eq!(origin(&session, "anna@mail.example"), Origin::Untrusted);
}
