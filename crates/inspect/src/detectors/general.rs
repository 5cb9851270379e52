//! Formats of no single issuer: private keys, JSON web tokens, passwords in URLs, and the
//! gate's own agent keys.

use model::{AgentKey, Severity};

use super::example::Dice;
use super::pattern::{URL64, between, class, exactly, open, text};
use super::{Class, Declaration, Form, token};
use crate::action::Action;
use crate::placeholder::{ID_CHARACTERS, MAX_NAME, PLACEHOLDER, PREFIX};
use crate::validators::{jwt_header, to_url64};

/// Bech32's characters in capitals (BIP 173).
static BECH32: Class = class("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L");

/// A kind's name in a placeholder.
static NAME: Class = class("a-z0-9_");
/// Base32 in small letters.
static BASE32: Class = class("a-z2-7");

pub(super) const ALL: &[Declaration] =
    &[
        Declaration::new(
            "private_key",
            "secret.private_key",
            "private keys in PEM, OpenSSH and OpenPGP armour",
            Form::PrivateKey,
            "RFC 7468; RFC 9580 section 6.2; OpenSSH PROTOCOL.key",
        )
        .severity(Severity::Critical)
        .confidence(0.99)
        .actions(Action::Block, Action::Mask)
        .make(private_key),
        token!(
            agent_key,
            "keys of agents behind this gate",
            ["pc_"],
            [exactly(&super::pattern::ALNUM, 49)],
            "Portcullis: identity"
        )
        .severity(Severity::Critical)
        .confidence(1.0)
        .check(is_agent_key)
        .make(agent_key),
        Declaration::new(
            "vault_placeholder",
            PLACEHOLDER,
            "placeholders of values that the gate keeps",
            Form::Token {
                prefixes: &[PREFIX],
                parts: const {
                    &[between(&NAME, 1, MAX_NAME), text("-"), exactly(&BASE32, ID_CHARACTERS)]
                },
            },
            "Portcullis: inspection",
        )
        .severity(Severity::Info)
        .confidence(1.0)
        .actions(Action::Allow, Action::Restore),
        token!(
            jwt,
            "signed JSON web tokens",
            ["eyJ"],
            [
                between(&URL64, 12, 509),
                text("."),
                open(&URL64, 8, 6000),
                text("."),
                open(&URL64, 16, 1024)
            ],
            "RFC 7519; RFC 7515 section 3.1"
        )
        .confidence(0.9)
        .check(jwt_header)
        .make(jwt),
        token!(
            age_secret_key,
            "age identities",
            ["AGE-SECRET-KEY-1"],
            [exactly(&BECH32, 58)],
            "age-encryption.org/v1"
        )
        .severity(Severity::Critical),
        Declaration::new(
            "url_password",
            "secret.url_password",
            "passwords in connection strings and URLs",
            Form::UrlPassword,
            "RFC 3986 section 3.2.1",
        )
        .confidence(0.85)
        .make(url_password),
    ];

fn is_agent_key(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|text| AgentKey::parse(text).is_ok())
}

fn agent_key(seed: u64) -> String {
    let mut random = [0; 32];
    let mut dice = Dice::new(seed);
    random.iter_mut().for_each(|byte| *byte = dice.below(256) as u8);
    AgentKey::from_random(random).secret().expose().to_owned()
}

fn private_key(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let label = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"];
    let label = label[dice.below(4)];
    let lines: Vec<String> =
        (0..4 + dice.below(8)).map(|_| dice.run(&super::pattern::STD64, 64)).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", lines.join("\n"))
}

fn jwt(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let subject = dice.next();
    let header = to_url64(br#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = to_url64(format!(r#"{{"sub":"{subject}","admin":true}}"#).as_bytes());
    format!("{header}.{claims}.{}", dice.run(&URL64, 43))
}

fn url_password(seed: u64) -> String {
    Dice::new(seed).run(&super::pattern::ALNUM, 14)
}
