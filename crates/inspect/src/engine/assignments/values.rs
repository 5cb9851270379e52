//! Whether a value that a secret's name is given is a secret, or code, a reference, a label, a
//! placeholder.

use super::names::Meaning;
use crate::validators::{basic_credentials, is_password_placeholder, is_placeholder, is_random};

/// Shorter passwords are no secret worth the name.
const MIN_PASSWORD: usize = 6;

/// How a value is written: how sure it is that it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// The value of a member of a JSON document, read as such.
    Leaf,
    /// In quotation marks like its name, as JSON has it.
    Json,
    /// In quotation marks, as programs have it.
    Quoted,
    /// Without any, close to its name: `NAME=value`, `--name value`.
    Plain,
    /// Without any, apart: `name: value`. Types and names of variables stand there, too.
    Loose,
}

/// Words in values that are no secret: what they stand for, or what they are for.
const STAND_INS: [&[u8]; 30] = [
    b"password",
    b"passwd",
    b"secret",
    b"token",
    b"example",
    b"dummy",
    b"fake",
    b"sample",
    b"placeholder",
    b"changeme",
    b"change_me",
    b"change-me",
    b"redacted",
    b"mock",
    b"foobar",
    b"insert",
    b"replace",
    b"your",
    b"todo",
    b"test",
    b"xxx",
    b"...",
    b"1234567",
    b"abcdef",
    b"${",
    b"{{",
    b"%s",
    b"#{",
    b"$(",
    b"process.env",
];

pub(super) fn is_secret(meaning: Meaning, style: Style, value: &[u8]) -> bool {
    if value.iter().any(|byte| *byte <= b' ' || *byte == 0x7f) {
        return false;
    }
    match meaning {
        Meaning::Password => is_password(style, value) || is_key(style, value),
        Meaning::Key | Meaning::Session => is_key(style, value),
        Meaning::Authorization => is_key(style, value) || basic_credentials(value),
    }
}

/// Whether a text is of what keys are made of, and like nothing but a key.
fn is_key(style: Style, value: &[u8]) -> bool {
    let is_made_of = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-+/=.~:%!*$@^&".contains(byte);
    let is_dotted = style == Style::Loose && value.contains(&b'.');
    value.iter().all(is_made_of)
        && !is_dotted
        && is_random(value)
        && !is_uuid(value)
        && !is_placeholder(value)
        && !holds_stand_in(value)
}

/// Names of things are drawn, too: RFC 9562's form is an id unless a format's own words say more.
fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_alphanumeric(),
        })
}

/// Whether somebody may have chosen a text for a password.
fn is_password(style: Style, value: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    let (letter, digit) = (has(u8::is_ascii_alphabetic), has(u8::is_ascii_digit));
    let symbol = has(|byte| b"!@#$%^&*+?~=;|".contains(byte));
    let is_mixed = match style {
        Style::Leaf => letter && (digit || symbol || value.len() >= 8),
        Style::Json | Style::Plain => letter && (digit || symbol),
        Style::Quoted | Style::Loose => letter && digit && symbol,
    };
    value.len() >= MIN_PASSWORD
        && is_mixed
        && !is_code(style, value)
        && !is_label(value)
        && !is_password_placeholder(value)
        && !holds_stand_in(value)
}

/// A call, a reference, a path, a template.
fn is_code(style: Style, value: &[u8]) -> bool {
    let holds = |what: &[u8]| memchr::memmem::find(value, what).is_some();
    let first = value.first().copied().unwrap_or_default();
    b"$<{[(%/.@&*#-".contains(&first)
        || style != Style::Leaf && value.iter().any(|byte| b"()[]{}<>\"'`\\,".contains(byte))
        || [&b"::"[..], b"->", b"=>", b"//", b"&&", b"||"].iter().any(|what| holds(what))
}

/// A word as people read it: `Wachtwoord`, `required`, `utf-8`, `v1.2`.
fn is_label(value: &[u8]) -> bool {
    let rest = value.get(1..).unwrap_or_default();
    let is_word = rest.iter().all(|byte| byte.is_ascii_lowercase());
    let is_capitalised = value.first().is_some_and(u8::is_ascii_uppercase) && is_word;
    const TYPES: [&[u8]; 12] = [
        b"string",
        b"required",
        b"optional",
        b"nullable",
        b"hidden",
        b"varchar",
        b"undefined",
        b"disabled",
        b"enabled",
        b"unknown",
        b"default",
        b"invalid",
    ];
    let lower = value.to_ascii_lowercase();
    is_capitalised || TYPES.contains(&lower.as_slice()) || !value.is_ascii()
}

fn holds_stand_in(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    STAND_INS.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}
