//! What is secret because the name before it says so; the names are those of `engine::assignments`.

use super::example::Dice;
use super::pattern::{ALNUM, LOWER_NUM};
use super::{Declaration, Form};

/// The detectors' names, by which the engine knows them.
pub(crate) const PASSWORD: &str = "password";
pub(crate) const KEY: &str = "generic_key";
pub(crate) const COOKIE: &str = "session_cookie";
pub(crate) const CONNECTION: &str = "connection_string";

pub(super) const ALL: &[Declaration] = &[
    Declaration::new(
        PASSWORD,
        "secret.password",
        "passwords that a name gives away",
        Form::Assigned,
        "Portcullis: inspection",
    )
    .confidence(0.7)
    .keywords(&["password"])
    .make(password),
    Declaration::new(
        KEY,
        "secret.generic_key",
        "keys, tokens and secrets that a name gives away",
        Form::Assigned,
        "Portcullis: inspection",
    )
    .confidence(0.7)
    .keywords(&["api_key"])
    .make(drawn),
    Declaration::new(
        COOKIE,
        "secret.cookie",
        "ids of sessions, as cookies carry them",
        Form::Assigned,
        "RFC 6265",
    )
    .confidence(0.7)
    .keywords(&["cookie: session_id"])
    .make(drawn),
    Declaration::new(
        CONNECTION,
        "secret.connection_string",
        "passwords in connection strings of databases",
        Form::Assigned,
        "ODBC: connection strings; ADO.NET: connection strings",
    )
    .confidence(0.8)
    .keywords(&["server=db;uid=app;password"])
    .make(password),
];

fn password(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    format!("{}{}!{}", dice.run(&LOWER_NUM, 5), dice.below(90) + 10, dice.run(&ALNUM, 3))
}

fn drawn(seed: u64) -> String {
    format!("{}7q", Dice::new(seed).run(&ALNUM, 30))
}
