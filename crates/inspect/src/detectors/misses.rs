//! Values that look like a format and are none: one character too many or too few, a character
//! of another alphabet, a wrong checksum, a placeholder.

use super::pattern::{ALNUM, measure};
use super::{Declaration, Form, Part};

pub(super) fn misses(declared: &Declaration, seed: u64) -> Vec<String> {
    let (prefixes, parts) = match declared.form {
        Form::Token { prefixes, parts } => (prefixes, parts),
        Form::Bare { parts } => (&[""][..], parts),
        _ => return Vec::new(),
    };
    let value = declared.example(seed);
    let prefix = prefixes.iter().filter(|prefix| value.starts_with(**prefix));
    let prefix = prefix.max_by_key(|prefix| prefix.len()).copied().unwrap_or_default();
    let body: usize = parts.iter().map(Part::min).sum();
    let shortest = prefix.len() + body;
    let counted = |part: Option<&Part>| part.map_or(0, Part::min) / 2;
    let mut misses = vec![
        value.chars().take(shortest.min(value.len()) - 1).collect(),
        format!("{prefix}{}", "x".repeat(body.max(20))),
        foreign(&value, value.len().saturating_sub(counted(parts.last()) + 1)),
    ];
    if matches!(parts.first(), Some(Part::Run { .. })) {
        misses.push(foreign(&value, prefix.len() + counted(parts.first())));
    }
    misses.extend(longer(&value, prefix, parts));
    misses.extend(altered(declared, &value, prefix, parts));
    misses.retain(|miss| {
        // What stands on either side of a foreign character may be a value of its own.
        let sides = miss.split('*').enumerate().map(|(side, text)| (side == 0, text));
        let is_value = |(is_head, text): (bool, &str)| {
            let head = if is_head { prefix } else { "" };
            let body = text.strip_prefix(head).unwrap_or_default();
            let length = measure(parts, body.as_bytes());
            length.is_some_and(|length| (declared.check)(&text.as_bytes()[..head.len() + length]))
        };
        *miss != value && !sides.into_iter().any(is_value)
    });
    misses
}

/// With a character in it that is in no token.
fn foreign(value: &str, at: usize) -> String {
    let head: String = value.chars().take(at).collect();
    let tail: String = value.chars().skip(at + 1).collect();
    format!("{head}*{tail}")
}

/// One character longer than the longest, where the format is exact.
fn longer(value: &str, prefix: &str, parts: &[Part]) -> Option<String> {
    let Some(Part::Run { of, max, open: false, .. }) = parts.last() else { return None };
    let before: usize = parts.iter().rev().skip(1).map(Part::max).sum();
    let is_fixed = parts.iter().rev().skip(1).all(|part| part.min() == part.max());
    let filler = (b'0'..=b'z').filter(|byte| of[usize::from(*byte)]).map(char::from);
    let filler = filler.rev().find(char::is_ascii_alphanumeric)?;
    let head: String = value.chars().take(prefix.len() + before).collect();
    let tail: String =
        value.chars().skip(head.len()).chain(std::iter::repeat(filler)).take(max + 1).collect();
    is_fixed.then(|| head + &tail)
}

/// With another character where the format's own check notices: a checksum, a signature.
fn altered(declared: &Declaration, value: &str, prefix: &str, parts: &[Part]) -> Option<String> {
    (prefix.len()..value.len()).rev().find_map(|at| {
        let mut bytes = value.as_bytes().to_vec();
        let place = bytes.get_mut(at).filter(|byte| ALNUM[usize::from(**byte)])?;
        *place = match *place {
            b'2' => b'3',
            digit if digit.is_ascii_digit() => b'2',
            b'a' => b'b',
            b'b'..=b'z' => b'a',
            b'A' => b'B',
            _ => b'A',
        };
        let fits = measure(parts, &bytes[prefix.len()..]) == Some(value.len() - prefix.len());
        (fits && !(declared.check)(&bytes)).then(|| String::from_utf8(bytes).ok())?
    })
}
