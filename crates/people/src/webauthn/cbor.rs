//! As much of CBOR (RFC 8949) as authenticators write: the canonical form of CTAP2, without
//! indefinite lengths, tags and floats. Nesting and lengths are bounded.

use super::WebAuthnError;
use super::cose::CoseKey;

/// Authenticators nest less than this (CTAP2, section 8).
const MAX_DEPTH: usize = 5;
/// Entries of a map or of an array.
const MAX_ENTRIES: u64 = 64;

/// A value, as far as we look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// `false`, `true`, `null`.
    Simple(u8),
}

impl<'a> Value<'a> {
    pub(super) fn member(&self, name: &str) -> Option<&Value<'a>> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(key, _)| *key == Value::Text(name)).map(|(_, value)| value)
    }

    pub(super) fn numbered(&self, number: i64) -> Option<&Value<'a>> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(key, _)| *key == Value::Number(number)).map(|(_, value)| value)
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The first value, and what follows it.
pub(super) fn parse(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    value(bytes, 0)
}

fn value(bytes: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (head, rest) = bytes.split_first()?;
    let (major, short) = (head >> 5, head & 0x1f);
    if major == 7 {
        return matches!(short, 20..=22).then_some((Value::Simple(short), rest));
    }
    let (argument, rest) = argument(short, rest)?;
    match major {
        0 => Some((Value::Number(i64::try_from(argument).ok()?), rest)),
        1 => Some((Value::Number(-1 - i64::try_from(argument).ok()?), rest)),
        2 => {
            let (bytes, rest) = rest.split_at_checked(usize::try_from(argument).ok()?)?;
            Some((Value::Bytes(bytes), rest))
        }
        3 => {
            let (text, rest) = rest.split_at_checked(usize::try_from(argument).ok()?)?;
            Some((Value::Text(std::str::from_utf8(text).ok()?), rest))
        }
        4 => array(argument, rest, depth),
        5 => map(argument, rest, depth),
        _ => None,
    }
}

fn argument(short: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    let length = match short {
        0..=23 => return Some((u64::from(short), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let (bytes, rest) = rest.split_at_checked(length)?;
    let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Some((number, rest))
}

fn array(length: u64, mut rest: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    if length > MAX_ENTRIES {
        return None;
    }
    let mut items = Vec::new();
    for _ in 0..length {
        let (item, after) = value(rest, depth + 1)?;
        items.push(item);
        rest = after;
    }
    Some((Value::Array(items), rest))
}

fn map(length: u64, mut rest: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    if length > MAX_ENTRIES {
        return None;
    }
    let mut entries: Vec<(Value<'_>, Value<'_>)> = Vec::new();
    for _ in 0..length {
        let (key, after) = value(rest, depth + 1)?;
        let (item, after) = value(after, depth + 1)?;
        // Of two entries under one key a reader could take either.
        if entries.iter().any(|(known, _)| *known == key) {
            return None;
        }
        entries.push((key, item));
        rest = after;
    }
    Some((Value::Map(entries), rest))
}

/// An attestation object (section 6.5.4).
pub(super) struct Attested<'a> {
    pub(super) data: &'a [u8],
    pub(super) statement: Statement<'a>,
}

/// What vouches for the authenticator.
pub(super) enum Statement<'a> {
    None,
    /// Signed by the new key itself.
    Own {
        algorithm: i64,
        signature: &'a [u8],
    },
    /// Signed by a key of the vendor's, whose certificate is the first.
    Certified {
        algorithm: i64,
        signature: &'a [u8],
        certificate: &'a [u8],
    },
    Other,
}

pub(super) fn attestation_object(bytes: &[u8]) -> Option<Attested<'_>> {
    let (object, rest) = parse(bytes)?;
    if !rest.is_empty() {
        return None;
    }
    let statement = object.member("attStmt")?;
    let statement = match object.member("fmt")?.text()? {
        "none" if *statement == Value::Map(Vec::new()) => Statement::None,
        "none" => return None,
        "packed" => packed(statement)?,
        _ => Statement::Other,
    };
    Some(Attested { data: object.member("authData")?.bytes()?, statement })
}

fn packed<'a>(statement: &Value<'a>) -> Option<Statement<'a>> {
    let algorithm = statement.member("alg")?.number()?;
    let signature = statement.member("sig")?.bytes()?;
    match statement.member("x5c") {
        None => Some(Statement::Own { algorithm, signature }),
        Some(Value::Array(chain)) => {
            let certificate = chain.first()?.bytes()?;
            Some(Statement::Certified { algorithm, signature, certificate })
        }
        Some(_) => None,
    }
}

impl Statement<'_> {
    /// Whether the statement holds; in which form it is kept.
    pub(super) fn check(
        &self,
        signed: &[u8],
        key: &CoseKey,
    ) -> Result<&'static str, WebAuthnError> {
        match self {
            Self::None => Ok("none"),
            Self::Own { algorithm, signature } => {
                if *algorithm != key.algorithm() {
                    return Err(WebAuthnError::Attestation);
                }
                key.verify(signed, signature).map(|()| "packed, by itself")
            }
            Self::Certified { algorithm, signature, certificate } => {
                let vendor = CoseKey::of_certificate(certificate, *algorithm)?;
                vendor.verify(signed, signature).map(|()| "packed, by a certificate")
            }
            Self::Other => Err(WebAuthnError::Attestation),
        }
    }
}
