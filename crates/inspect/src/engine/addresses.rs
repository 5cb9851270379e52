//! Finds what stands around an `@`: mail addresses, and passwords in URLs.

use crate::detectors::class;
use crate::engine::Rules;
use crate::engine::resolve::Candidate;
use crate::validators::is_password_placeholder;

/// RFC 5321, section 4.5.3.1.1.
pub(crate) const LOCAL_BYTES: usize = 64;

/// RFC 1035 allows 255; a longer text after an `@` than this is no address that people use.
pub(crate) const DOMAIN_BYTES: usize = 128;

/// The longest password in a URL.
pub(crate) const PASSWORD_BYTES: usize = 256;

/// The longest user name in a URL, and its scheme.
pub(crate) const USER_BYTES: usize = 128;

/// What stands before the `@` in addresses that people use.
pub(crate) static LOCAL: [bool; 256] = class("0-9A-Za-z._%+-");
static DOMAIN: [bool; 256] = class("0-9A-Za-z.-");

/// Whether a byte can neither be in a URL's user name nor in its password.
pub(crate) fn ends_authority(byte: u8) -> bool {
    byte <= b' '
        || matches!(byte, b'/' | b'"' | b'\'' | b'<' | b'>' | b'@' | b'?' | b'#' | b'`' | b'\\')
}

/// Ends of file names that look like domains.
const FILES: [&[u8]; 12] = [
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"js", b"css", b"json", b"html", b"ico",
    b"txt",
];

/// Adds every address and password that begins in `from..to`; the text may go on after `to`.
pub(crate) fn find(rules: &Rules, text: &[u8], from: usize, to: usize, out: &mut Vec<Candidate>) {
    let last = text.len().min(to + PASSWORD_BYTES + 1);
    let Some(window) = text.get(from..last) else { return };
    for at in memchr::memchr_iter(b'@', window).map(|at| from + at) {
        let mail = mail(text, at);
        let is_authors = mail.is_some_and(|(start, _)| is_authors(text, start));
        let mail_rule = if is_authors { rules.author_mail } else { rules.mail };
        let found = [(password(text, at), rules.url), (mail, mail_rule)];
        for (range, rule) in found {
            if let Some((start, end)) = range.filter(|(start, _)| (from..to).contains(start)) {
                out.push(Candidate::new(start, end, rule));
            }
        }
    }
}

/// The mail address around the `@` at `at`.
fn mail(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let before = &text[at.saturating_sub(LOCAL_BYTES + 1)..at];
    let length = before.iter().rev().take_while(|b| LOCAL[usize::from(**b)]).count();
    if length > LOCAL_BYTES {
        return None;
    }
    let is_start =
        |place: &usize| text[*place].is_ascii_alphanumeric() && !is_escaped(text, *place);
    let start = (at - length..at).find(is_start)?;
    let rest = text.get(at + 1..)?;
    let domain =
        rest.iter().take(DOMAIN_BYTES + 1).take_while(|b| DOMAIN[usize::from(**b)]).count();
    if domain > DOMAIN_BYTES || is_nobodys(&text[start..at]) || is_urls(text, start) {
        return None;
    }
    let domain = &rest[..domain];
    let kept = domain.iter().rposition(u8::is_ascii_alphanumeric)? + 1;
    let is_answered = !domain.split(|byte| *byte == b'.').any(is_nobodys);
    (is_answered && is_domain(&domain[..kept])).then_some((start, at + 1 + kept))
}

/// Local parts behind which nobody is.
const NOBODY: [&[u8]; 4] = [b"git", b"noreply", b"no-reply", b"donotreply"];

/// What stands before the addresses of those who published them with their work.
const AUTHORS: [&[u8]; 12] = [
    b"author",
    b"maintainer",
    b"contributor",
    b"copyright",
    b"signed-off-by",
    b"committer",
    b"written by",
    b"contributed by",
    b"created by",
    b"maintained by",
    b"ported by",
    b"thanks to",
];

/// How far before an address the word may begin that makes it an author's.
const AUTHORS_BYTES: usize = 160;

/// Whether what stands before an `@` is the user of a URL: `ssh://deploy@host`.
fn is_urls(text: &[u8], start: usize) -> bool {
    text[..start].ends_with(b"://")
}

/// A service's address.
fn is_nobodys(local: &[u8]) -> bool {
    NOBODY.iter().any(|nobody| local.eq_ignore_ascii_case(nobody))
}

/// Whether a word before an address says that it was published with somebody's work.
fn is_authors(text: &[u8], start: usize) -> bool {
    let before = text[start.saturating_sub(AUTHORS_BYTES)..start].to_ascii_lowercase();
    AUTHORS.iter().any(|word| memchr::memmem::find(&before, word).is_some())
}

/// Whether a letter belongs to the backslash before it.
fn is_escaped(text: &[u8], at: usize) -> bool {
    text[..at].last() == Some(&b'\\') && b"nrtbf".contains(&text[at])
}

fn is_domain(domain: &[u8]) -> bool {
    let Some(dot) = memchr::memrchr(b'.', domain) else { return false };
    let top = &domain[dot + 1..];
    (2..=24).contains(&top.len())
        && top.iter().all(u8::is_ascii_alphabetic)
        && !FILES.contains(&top.to_ascii_lowercase().as_slice())
        && domain.split(|b| *b == b'.').all(|label| !label.is_empty() && label.len() <= 63)
}

/// The password of `scheme://user:password@` whose `@` is at `at`.
fn password(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let before = &text[at.saturating_sub(PASSWORD_BYTES + USER_BYTES + 4)..at];
    let length = before.iter().rev().take_while(|b| !ends_authority(**b)).count();
    let (scheme, authority) = text[..at].split_at(at - length);
    let colon = memchr::memchr(b':', authority)?;
    let start = at - length + colon + 1;
    let fits = scheme.ends_with(b"://")
        && scheme.iter().nth_back(3).is_some_and(u8::is_ascii_alphanumeric)
        && colon <= USER_BYTES
        && (3..=PASSWORD_BYTES).contains(&(at - start));
    let follows_host = text.get(at + 1).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'[');
    (fits && follows_host && !is_password_placeholder(&text[start..at])).then_some((start, at))
}
