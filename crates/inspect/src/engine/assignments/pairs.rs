//! Passwords that stand in an order and not behind a name: `curl -u user:password`, a line of
//! `.pgpass` (`host:port:database:user:password`), an entry of `.netrc` (`machine … login … password …`).

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::CONNECTION_BYTES;

/// What stands in `.netrc` before a password.
pub(super) const PASSWORD: &[u8] = b"password ";
/// Made once: making it costs more than most windows.
static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(PASSWORD));

/// The options before which a colon parts a user from a password.
const OPTIONS: [&[u8]; 4] = [b"-u", b"--user", b"-U", b"--proxy-user"];

/// The ports that `.pgpass` may name have this many digits; fewer are a line and a column.
const PORT_DIGITS: std::ops::RangeInclusive<usize> = 4..=5;

/// Whether what follows the colon at a place is a password because of what stands before.
pub(super) fn is_parted(text: &[u8], colon: usize) -> bool {
    let before = &text[colon.saturating_sub(CONNECTION_BYTES)..colon];
    let is_end = |byte: &u8| *byte <= b' ' || matches!(byte, b'"' | b'\'' | b'`' | b'\\');
    let gap = before.iter().rposition(is_end);
    let (head, word) = before.split_at(gap.map_or(0, |gap| gap + 1));
    if word.is_empty() {
        return false;
    }
    is_option(head) || is_line(word, head)
}

/// Whether a user's name stands behind an option for it.
fn is_option(head: &[u8]) -> bool {
    let is_mark = |byte: &u8| matches!(byte, b' ' | b'"' | b'\'' | b'\\');
    let Some(end) = head.iter().rposition(|byte| !is_mark(byte)) else { return false };
    if end + 1 == head.len() {
        return false;
    }
    OPTIONS.iter().any(|option| {
        let before = head[..=end].strip_suffix(*option);
        before.is_some_and(|before| {
            let is_apart = before.last().is_none_or(|byte| *byte <= b' ' || *byte == b'n');
            let is_short = option.len() == 2;
            is_apart && (!is_short || memchr::memmem::find(before, b"curl").is_some())
        })
    })
}

/// Whether a word is the first four fields of a line of `.pgpass`.
fn is_line(word: &[u8], head: &[u8]) -> bool {
    // The letter of an escape begins a line.
    let word = match (head.last(), word) {
        (Some(b'\\'), [b'n' | b'r', rest @ ..]) => rest,
        _ => word,
    };
    let mut fields = word.split(|byte| *byte == b':');
    let (host, port) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    let is_port =
        port == b"*" || (PORT_DIGITS.contains(&port.len()) && port.iter().all(u8::is_ascii_digit));
    let is_name = |field: &[u8]| {
        let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.*-".contains(byte);
        !field.is_empty() && field.iter().all(is_of_name)
    };
    let rest = [fields.next().unwrap_or_default(), fields.next().unwrap_or_default()];
    is_name(host) && is_port && rest.into_iter().all(is_name) && fields.next().is_none()
}

/// Where values of `.netrc` may begin whose word `password` begins in a window of a text.
pub(super) fn passwords<'t>(
    text: &'t [u8],
    from: usize,
    to: usize,
) -> impl Iterator<Item = usize> + 't {
    let last = text.len().min(to + PASSWORD.len());
    let window = text.get(from..last).unwrap_or_default();
    FINDER.find_iter(window).map(move |at| from + at + PASSWORD.len())
}

/// Whether a machine and a login stand before a password.
pub(super) fn is_entry(text: &[u8], at: usize) -> bool {
    let before = &text[at.saturating_sub(CONNECTION_BYTES)..at];
    [&b"machine "[..], b"login "].iter().all(|word| memchr::memmem::find(before, word).is_some())
}
