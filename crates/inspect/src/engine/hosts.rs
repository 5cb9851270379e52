//! Finds addresses of machines: IPv4, IPv6, MAC.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use crate::blocks;
use crate::detectors::class;
use crate::engine::Rules;
use crate::engine::index::is_boundary;
use crate::engine::resolve::Candidate;
use crate::engine::tokens::run_end;

/// The shortest address of any kind that is looked at.
pub(crate) const SHORTEST: usize = 7;

/// The longest address, of IPv6, and what follows it.
const HOST_BYTES: usize = 39;

/// What IPv4 addresses are written with.
static DOTTED: [bool; 256] = class("0-9.");

/// What IPv6 and MAC addresses are written with.
pub(crate) static COLONS: [bool; 256] = class("0-9a-fA-F:-");

/// Adds every address that begins in `from..to`; the text may go on after `to`.
pub(crate) fn find(rules: &Rules, text: &[u8], from: usize, to: usize, out: &mut Vec<Candidate>) {
    let Some(window) = text.get(from..text.len().min(to + SHORTEST - 1)) else { return };
    for start in blocks::long_runs::<SHORTEST>(window, is_dotted).map(|at| from + at) {
        let run = start..run_end(&DOTTED, text, start + SHORTEST);
        judge(&DOTTED, |run| dotted(rules, run), text, run, to, out);
    }
    for start in blocks::long_runs::<SHORTEST>(window, is_of_colons).map(|at| from + at) {
        let run = start..run_end(&COLONS, text, start + SHORTEST);
        if has_separator(&text[run.start..run.end.min(to + HOST_BYTES)]) {
            judge(&COLONS, |run| colons(rules, run), text, run, to, out);
        }
    }
}

/// As [`DOTTED`] has it, without a look into a table.
#[inline]
fn is_dotted(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'.')
}

/// As [`COLONS`] has it.
#[inline]
fn is_of_colons(byte: u8) -> bool {
    matches!(byte, b'0'..=b':' | b'-') || matches!(byte | 0x20, b'a'..=b'f')
}

/// Words of the letters a to f are many, and none is an address.
fn has_separator(run: &[u8]) -> bool {
    memchr::memchr2(b':', b'-', run).is_some()
}

/// Adds what stands at the beginning of a run, if that is an address.
fn judge(
    written: &[bool; 256],
    address: impl Fn(&[u8]) -> Option<(usize, u16)>,
    text: &[u8],
    run: Range<usize>,
    to: usize,
    out: &mut Vec<Candidate>,
) {
    let Range { start, end } = run;
    // A letter of an escape before an address may look like its first. What is looked at may begin in
    // the middle of a run.
    let before = text[..start].iter().rev().take(2);
    let known = before.take_while(|byte| written[usize::from(**byte)]).count();
    let starts = (start..to.min(end)).take(2 - known);
    for begin in starts.filter(|begin| begins(written, text, *begin)) {
        if let Some((length, rule)) = address(&text[begin..end]).filter(|_| ends(text, end)) {
            out.push(Candidate::new(begin, begin + length, rule));
        }
    }
}

/// Where an address begins that reaches the text's end, unless it is too long already.
pub(crate) fn may_begin(text: &[u8]) -> Option<usize> {
    let last = |written: &[bool; 256]| {
        let window = &text[text.len().saturating_sub(HOST_BYTES + 3)..];
        let length = window.iter().rev().take_while(|b| written[usize::from(**b)]).count();
        let mut starts = text.len() - length..text.len();
        starts.find(|at| begins(written, text, *at))
    };
    [last(&DOTTED), last(&COLONS)].into_iter().flatten().min()
}

/// Only where its characters begin, and not inside a word, a path or a version.
fn begins(written: &[bool; 256], text: &[u8], at: usize) -> bool {
    let before = text[..at].last().copied().unwrap_or(b' ');
    let is_inside = !before.is_ascii_alphanumeric() && written[usize::from(before)];
    let is_glued = b"-/_+.@".contains(&before) && !is_boundary(text, at - 1);
    is_boundary(text, at) && !is_inside && !is_glued && before != b'_'
}

/// Addresses end where their characters end.
fn ends(text: &[u8], end: usize) -> bool {
    text.get(end).is_none_or(|b| !b.is_ascii_alphanumeric() && !b"_-/".contains(b))
}

fn dotted(rules: &Rules, run: &[u8]) -> Option<(usize, u16)> {
    let run = run.strip_suffix(b".").unwrap_or(run);
    if run.len() > 15 || run.first() == Some(&b'.') {
        return None;
    }
    let address: Ipv4Addr = std::str::from_utf8(run).ok()?.parse().ok()?;
    let [first, second, _, last] = address.octets();
    let is_nobodys = matches!(first, 0 | 127 | 224..) || last == 0;
    // Versions of four parts have small ones.
    let is_version =
        address.octets().iter().filter(|octet| **octet < 20).count() >= 3 && first != 10;
    // Object identifiers of X.500 and of PKCS begin like this.
    let is_object = matches!((first, second), (1, 2 | 3) | (2, 5 | 16 | 23));
    if is_nobodys || is_version || is_object {
        return None;
    }
    let is_shared = first == 100 && (64..128).contains(&second);
    // RFC 5737 keeps three networks for documentation.
    let is_nowhere = is_shared || address.is_documentation();
    let is_private = address.is_private() || address.is_link_local() || is_nowhere;
    Some((run.len(), if is_private { rules.ip_private } else { rules.ip }))
}

fn colons(rules: &Rules, run: &[u8]) -> Option<(usize, u16)> {
    if let Some(mac) = mac(run) {
        return mac.then_some((run.len(), rules.mac));
    }
    let run = run.strip_suffix(b":").filter(|rest| !rest.ends_with(b":")).unwrap_or(run);
    if run.len() > HOST_BYTES || memchr::memchr(b':', run).is_none() {
        return None;
    }
    let address: Ipv6Addr = std::str::from_utf8(run).ok()?.parse().ok()?;
    let groups = run.split(|b| *b == b':').filter(|group| !group.is_empty());
    let is_long = groups.clone().count() >= 3 || groups.clone().any(|group| group.len() == 4);
    // Eight octets are an identifier of a device or the beginning of a fingerprint.
    let is_octets = groups.clone().all(|group| group.len() == 2) && groups.clone().count() == 8;
    let is_hex_word = !run.iter().any(u8::is_ascii_digit);
    if !is_long || is_octets || is_hex_word || address.is_loopback() || address.is_multicast() {
        return None;
    }
    // RFC 3849 and RFC 9637 keep two networks for documentation.
    let is_shown = matches!(address.segments(), [0x2001, 0xdb8, ..] | [0x3fff, ..=0x0fff, ..]);
    let is_private = address.is_unique_local() || address.is_unicast_link_local() || is_shown;
    Some((run.len(), if is_private { rules.ip_private } else { rules.ip }))
}

/// Whether a MAC address is anybody's; nothing if it is none.
fn mac(run: &[u8]) -> Option<bool> {
    let separator = *run.get(2)?;
    let parts = run.chunks(3).filter(|part| {
        part.get(2).is_none_or(|b| *b == separator) && part[..2].iter().all(u8::is_ascii_hexdigit)
    });
    if run.len() != 17 || !b":-".contains(&separator) || parts.count() != 6 {
        return None;
    }
    let first = run[0];
    let is_varied = run.iter().any(|b| *b != first && *b != separator);
    Some(is_varied && run.iter().any(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, Engine, Settings};

    #[test]
    fn bytes_are_of_what_addresses_are_written_with() {
        for byte in 0..=255 {
            assert_eq!(is_dotted(byte), DOTTED[usize::from(byte)]);
            assert_eq!(is_of_colons(byte), COLONS[usize::from(byte)]);
        }
    }

    #[test]
    fn addresses_of_manuals_are_nobody_s() {
        let engine = Engine::compile(&Settings::default()).unwrap();
        let kind = |text: &str| {
            let mut found = Vec::new();
            engine.scan(Direction::Request, text.as_bytes(), &mut found);
            found.first().map(|found| engine.detector(found.detector).kind().to_owned())
        };
        for text in
            ["192.0.2.42", "198.51.100.77", "203.0.113.20", "2001:db8::42:7", "3fff:1::42:77"]
        {
            assert_eq!(kind(text).as_deref(), Some("pii.ip_private"), "{text}");
        }
        for text in ["192.0.3.42", "203.0.114.20", "2001:db9::42:7", "4000:1::42:77"] {
            assert_eq!(kind(text).as_deref(), Some("pii.ip_address"), "{text}");
        }
        for text in
            ["127.0.0.1", "ssh://deploy@host-42.firm.example", "7+a@users.noreply.firm.example"]
        {
            assert_eq!(kind(text), None, "{text}");
        }
        assert_eq!(
            kind("// Written by A. Writer (a@firm.example)").as_deref(),
            Some("pii.author_email")
        );
    }
}
