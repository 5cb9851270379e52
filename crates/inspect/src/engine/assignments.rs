//! Finds what is a secret because its name says so: `password = "…"`, `API_KEY: …`, `--token …`,
//! `Authorization: Bearer …`, `session=…` in a cookie, `Password=…` in a connection string.
//!
//! The search is for separators, and dismisses nearly all of them by the letter before. A value is
//! read once, at most [`VALUE_BYTES`] of it, so the work for a text is bounded by its separators.

mod names;
mod pairs;
mod values;

use std::ops::Range;

use crate::blocks;
use crate::detectors::assigned;
use crate::engine::Rules;
use crate::engine::resolve::Candidate;
pub(crate) use names::Meaning;
use names::{NAME_BYTES, may_end_one};
use values::{Style, is_secret};

/// The longest value.
const VALUE_BYTES: usize = 128;

/// The most that stands between a separator and the value: spaces, marks, a scheme.
const GAP_BYTES: usize = 32;

/// The longest flag, with what follows it.
pub(crate) const FLAG_BYTES: usize = NAME_BYTES;

/// The most spaces among them.
const MAX_SPACES: usize = 8;

/// The most backslashes before a quotation mark: JSON in a string of JSON in a string.
const MAX_BACKSLASHES: usize = 7;

/// How far before a value the other fields of a connection string, or a cookie's, are looked for.
const CONNECTION_BYTES: usize = 96;

/// What is known of the value behind a separator.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    No,
    /// The text ended: from where on more of it could matter, and what there is of the value.
    Open(usize, Option<Found>),
    Yes(Found),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    meaning: Meaning,
    style: Style,
    range: Range<usize>,
}

/// Which detectors assignments are reported under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assigned {
    pub(crate) password: u16,
    pub(crate) key: u16,
    pub(crate) cookie: u16,
    pub(crate) connection: u16,
}

impl Assigned {
    /// `rule` gives the place of a detector's name.
    pub(crate) fn new(rule: impl Fn(&str) -> u16) -> Self {
        Self {
            password: rule(assigned::PASSWORD),
            key: rule(assigned::KEY),
            cookie: rule(assigned::COOKIE),
            connection: rule(assigned::CONNECTION),
        }
    }

    pub(crate) fn all(&self) -> [u16; 4] {
        [self.password, self.key, self.cookie, self.connection]
    }

    fn rule(&self, text: &[u8], found: &Found) -> u16 {
        match found.meaning {
            Meaning::Session => self.cookie,
            Meaning::Key | Meaning::Authorization => self.key,
            Meaning::Password if is_connection(text, found.range.start) => self.connection,
            Meaning::Password => self.password,
        }
    }
}

/// Whether the fields of a connection string stand before a place.
fn is_connection(text: &[u8], at: usize) -> bool {
    let fields: [&[u8]; 6] =
        [b"server=", b"data source=", b"host=", b"user id=", b"uid=", b"database="];
    stand_before(text, at, &fields)
}

/// Whether the id of a session is a cookie's: elsewhere it is only the name of one.
fn is_cookie(text: &[u8], at: usize) -> bool {
    stand_before(text, at, &[b"cookie", b"jsessionid", b"phpsessid", b"connect.sid"])
}

/// Whether one of the words stands shortly before a place, on the same line.
fn stand_before(text: &[u8], at: usize, words: &[&[u8]]) -> bool {
    let before = &text[at.saturating_sub(CONNECTION_BYTES)..at];
    let line = before.iter().rposition(|byte| *byte == b'\n').map_or(before, |end| &before[end..]);
    let line = line.to_ascii_lowercase();
    words.iter().any(|word| memchr::memmem::find(&line, word).is_some())
}

/// Adds every assigned secret whose value begins in `from..to`; the text may go on after `to`.
pub(crate) fn find(rules: &Rules, text: &[u8], from: usize, to: usize, out: &mut Vec<Candidate>) {
    each(text, from, to, |value| {
        let (Value::Yes(found) | Value::Open(_, Some(found))) = value else { return };
        let Range { start, end } = found.range;
        if (from..to).contains(&start)
            && is_secret(found.meaning, found.style, &text[start..end])
            && (found.meaning != Meaning::Session || is_cookie(text, start))
        {
            out.push(Candidate::new(start, end, rules.assigned.rule(text, &found)));
        }
    });
}

/// The last place from `old` on, or of a flag that reaches it, whose name says something.
pub(crate) fn last_name(text: &[u8], old: usize) -> Option<usize> {
    let from = old.saturating_sub(FLAG_BYTES);
    let says = |at: usize| match text[at] {
        b'-' => flag(text, at).is_some(),
        // What follows the separator counts, too.
        _ => {
            at + 1 >= old
                && (name_before(text, at)
                    .is_some_and(|(_, name, _)| names::meaning(name).is_some())
                    || (text[at] == b':' && pairs::is_parted(text, at)))
        }
    };
    let separators = memchr::memrchr3_iter(b'=', b':', b'-', &text[from..]);
    separators.map(|at| from + at).find(|at| says(*at))
}

/// Where the last value may begin that no separator stands before, if what stands before it ends
/// after `old`.
pub(crate) fn last_entry(text: &[u8], old: usize) -> Option<usize> {
    pairs::passwords(text, old.saturating_sub(pairs::PASSWORD.len() - 1), text.len()).last()
}

/// From where on the end of a text could still become an assigned secret. After `names` there is no
/// separator behind the name of one.
pub(crate) fn open(text: &[u8], names: usize) -> Option<usize> {
    let end = text.len();
    if !is_near(names, end.saturating_sub(VALUE_BYTES)) {
        return None;
    }
    let mut first = None;
    each(text, end.saturating_sub(VALUE_BYTES), end, |value| {
        if let Value::Open(at, _) = value {
            first = Some(first.map_or(at, |first: usize| first.min(at)));
        }
    });
    first
}

/// Where in raw JSON a leaf may hold an assignment: looks at names alone.
pub(crate) fn places(text: &[u8]) -> impl Iterator<Item = usize> {
    let is_named = |at: usize| {
        name_before(text, at).is_some_and(|(_, name, _)| names::meaning(name).is_some())
    };
    let separators = blocks::places(text, is_separator).filter(move |at| match text[*at] {
        b'-' => flag(text, *at).is_some(),
        b':' => is_named(*at) || pairs::is_parted(text, *at),
        _ => is_named(*at),
    });
    separators.chain(pairs::passwords(text, 0, text.len()))
}

/// Whether a member of a JSON document is a secret by its name.
pub(crate) fn member(assigned: &Assigned, meaning: Meaning, value: &[u8]) -> Option<u16> {
    let value = without_scheme(meaning, value);
    let found = Found { meaning, style: Style::Leaf, range: 0..value.len() };
    let is_found = meaning != Meaning::Session
        && value.len() <= VALUE_BYTES
        && is_secret(meaning, Style::Leaf, value);
    is_found.then(|| assigned.rule(&[], &found))
}

/// What a name of a JSON member says of its value.
pub(crate) fn meaning(name: &[u8]) -> Option<Meaning> {
    names::meaning(name).filter(|_| !name.contains(&b':'))
}

/// Whether a value that begins at a place or later may belong to a separator before `names`.
#[inline]
pub(crate) fn is_near(names: usize, from: usize) -> bool {
    names > from.saturating_sub(GAP_BYTES + NAME_BYTES)
}

/// What may stand between a name and a value, or begin a flag.
#[inline]
fn is_separator(byte: u8) -> bool {
    matches!(byte, b'=' | b':' | b'-')
}

/// Reads the value behind each separator from which one may begin in `from..to`.
fn each(text: &[u8], from: usize, to: usize, mut take: impl FnMut(Value)) {
    let first = from.saturating_sub(GAP_BYTES + NAME_BYTES);
    let Some(window) = text.get(first..to) else { return };
    for at in blocks::places(window, is_separator).map(|at| first + at) {
        if text[at] == b'-' {
            if let Some((meaning, after)) = flag(text, at) {
                take(read(text, meaning, Style::Plain, after));
            }
        } else if at + GAP_BYTES >= from
            && let Some((style, name, after)) = name_before(text, at)
            && let Some(meaning) = names::meaning(name)
        {
            take(read(text, meaning, style, after));
        } else if text[at] == b':' && at + GAP_BYTES >= from && pairs::is_parted(text, at) {
            take(read(text, Meaning::Password, Style::Plain, at + 1));
        }
    }
    for after in pairs::passwords(text, first, to).filter(|at| pairs::is_entry(text, *at)) {
        take(read(text, Meaning::Password, Style::Plain, after));
    }
}

/// The name of `--name value` whose first dash is at `at`, and where the value begins.
fn flag(text: &[u8], at: usize) -> Option<(Meaning, usize)> {
    // Most dashes are alone.
    if text.get(at + 1) != Some(&b'-') {
        return None;
    }
    let rest = text.get(at + 2..)?;
    let is_of_name = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'-';
    if !rest.first()?.is_ascii_lowercase() {
        return None;
    }
    let length = rest.iter().take(NAME_BYTES - 4).take_while(|byte| is_of_name(byte)).count();
    let (name, after) = rest.split_at(length);
    (after.first() == Some(&b' ')).then_some(())?;
    Some((names::meaning(name)?, at + 2 + length + 1))
}

/// The name before a separator, how its value will be written, and where that may begin.
#[inline]
fn name_before(text: &[u8], at: usize) -> Option<(Style, &[u8], usize)> {
    let next = text.get(at + 1).copied().unwrap_or(b' ');
    let mut end = at;
    let mut after = at + 1;
    match (text[at], next) {
        (b'=', b'=') | (b':', b':' | b'/' | b'=') => return None,
        (b'=', b'>') => after += 1,
        _ => {}
    }
    let before = |end: usize| text[..end].last().copied().unwrap_or_default();
    if text[at] == b'=' && before(end) == b':' {
        end -= 1;
    }
    let close = end;
    while before(end) == b' ' && close - end < 2 {
        end -= 1;
    }
    let is_apart = end < close || next == b' ';
    let mark = before(end);
    let is_quoted = matches!(mark, b'"' | b'\'' | b'`');
    if is_quoted {
        end -= 1;
        let slashes = text[..end].iter().rev().take(MAX_BACKSLASHES);
        end -= slashes.take_while(|byte| **byte == b'\\').count();
    }
    if !may_end_one(&text[..end]) {
        return None;
    }
    let is_of_name =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let head = &text[..end];
    let length = head.iter().rev().take(NAME_BYTES).take_while(is_of_name).count();
    let mut start = end - length;
    // The letter of an escape is no part of it.
    if text[..start].last() == Some(&b'\\') && head.get(start).is_some_and(|b| b"nrtbf".contains(b))
    {
        start += 1;
    }
    // The last word of a path, such as `AWS::SecretsManager::Secret`, names no value.
    if text[..start].last() == Some(&b':') {
        return None;
    }
    let style = match (mark == b'"', is_apart) {
        (true, _) => Style::Json,
        (false, true) => Style::Loose,
        (false, false) => Style::Plain,
    };
    Some((style, &text[start..end], after))
}

/// Reads a value that begins somewhere after `at`.
fn read(text: &[u8], meaning: Meaning, style: Style, at: usize) -> Value {
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    let spaces = rest(at).iter().take(MAX_SPACES).take_while(|byte| **byte == b' ').count();
    let mut start = at + spaces;
    if matches!(rest(start), [b'b' | b'r' | b'u' | b'f' | b'@', b'"' | b'\'', ..]) {
        start += 1;
    }
    let slashes = rest(start).iter().take(MAX_BACKSLASHES).take_while(|b| **b == b'\\').count();
    let mark = rest(start + slashes).first().copied();
    let quote = mark.filter(|mark| matches!(mark, b'"' | b'\'' | b'`'));
    if quote.is_some() {
        start += slashes + 1;
    }
    // One letter more could make it a mark or a scheme.
    let scheme = match scheme(meaning, rest(start)) {
        Some(length) => length,
        None => return Value::Open(at, None),
    };
    start += scheme;
    if mark.is_none() || rest(start).len() < 2 {
        return open_value(text, meaning, style_of(style, quote), start, at);
    }
    let style = style_of(style, quote);
    match length(rest(start), quote, slashes > 0 && quote.is_some()) {
        Length::No => Value::No,
        Length::Open => open_value(text, meaning, style, start, at),
        Length::Yes(length) => Value::Yes(Found { meaning, style, range: start..start + length }),
    }
}

fn open_value(text: &[u8], meaning: Meaning, style: Style, start: usize, at: usize) -> Value {
    let value = text.get(start..).unwrap_or_default();
    let kept = if style == Style::Quoted || style == Style::Json {
        value.len()
    } else {
        without_close(value)
    };
    let style = if kept < value.len() { Style::Loose } else { style };
    let found = Found { meaning, style, range: start..start + kept };
    Value::Open(at.min(start), (kept > 0).then_some(found))
}

fn style_of(style: Style, quote: Option<u8>) -> Style {
    match (style, quote) {
        (Style::Json, Some(b'"')) => Style::Json,
        (Style::Json, None) => Style::Loose,
        (_, Some(_)) => Style::Quoted,
        (style, None) => style,
    }
}

const SCHEMES: [&[u8]; 5] = [b"bearer ", b"basic ", b"token ", b"apikey ", b"digest "];

/// How long the scheme is with which a value begins; nothing if the text ends within one.
fn scheme(meaning: Meaning, text: &[u8]) -> Option<usize> {
    if meaning != Meaning::Authorization {
        return Some(0);
    }
    for scheme in SCHEMES {
        let head = &text[..text.len().min(scheme.len())];
        if scheme[..head.len()].eq_ignore_ascii_case(head) {
            return (head.len() == scheme.len()).then_some(scheme.len());
        }
    }
    Some(0)
}

fn without_scheme(meaning: Meaning, value: &[u8]) -> &[u8] {
    &value[scheme(meaning, value).unwrap_or(0)..]
}

enum Length {
    No,
    Open,
    Yes(usize),
}

/// How long a value is: to its closing mark, or to the first byte that can be in none.
fn length(text: &[u8], quote: Option<u8>, is_escaped: bool) -> Length {
    let mut at = 0;
    while at <= VALUE_BYTES {
        let Some(byte) = text.get(at) else { return Length::Open };
        match (quote, byte) {
            (Some(_), b'\n' | b'\r') => return Length::No,
            (Some(quote), byte) if *byte == quote => return Length::Yes(at),
            (Some(_), b'\\') if is_escaped => return Length::Yes(at),
            (Some(_), b'\\') => at += 1,
            (None, byte) if ends_plain(*byte) => return Length::Yes(at),
            _ => {}
        }
        at += 1;
    }
    Length::No
}

/// How much of a value without quotation marks is left of the brackets and the full stop after it.
fn without_close(value: &[u8]) -> usize {
    let is_close = |byte: &u8| matches!(byte, b')' | b']' | b'}' | b'.');
    let kept = value.iter().rposition(|byte| !is_close(byte)).map_or(0, |last| last + 1);
    if value[..kept].iter().any(|byte| b"([{".contains(byte)) { value.len() } else { kept }
}

/// Whether a byte can be in no value that stands without quotation marks.
fn ends_plain(byte: u8) -> bool {
    byte <= b' '
        || matches!(byte, b'"' | b'\'' | b'`' | b';' | b'&' | b',' | b'<' | b'>' | b'\\' | b'|')
}

#[cfg(test)]
mod tests;
