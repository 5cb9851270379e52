//! Finds numbers that mean somebody: cards and accounts.
//!
//! Numbers are found by skipping, as tokens are: every one has at least [`MIN_NUMBER`] digits and
//! separators in a row, and no two bytes in a row without a digit beside them.

use crate::detectors::class;
use crate::engine::Rules;
use crate::engine::index::is_boundary;
use crate::engine::resolve::Candidate;
use crate::engine::tokens::{next_run, run_end};
use crate::validators;

/// The shortest span of a number with its separators.
pub(crate) const MIN_NUMBER: usize = 9;

/// The longest span of a number with its separators.
pub(crate) const NUMBER_BYTES: usize = 40;

/// The shortest bank account number as people write it.
pub(crate) const MIN_IBAN: usize = 15;

/// What a number is written with.
pub(crate) static NUMERIC: [bool; 256] = class("0-9 .()+-");

/// What a bank account number is written with.
pub(crate) static ACCOUNT: [bool; 256] = class("0-9A-Z ");

/// Adds every number that begins in `from..to`; the text may go on after `to`.
pub(crate) fn find(rules: &Rules, text: &[u8], from: usize, to: usize, out: &mut Vec<Candidate>) {
    let mut at = from;
    while let Some(start) = next_digits(text, at, to) {
        let end = run_end(&NUMERIC, text, start + 1);
        for begin in start..end.min(to) {
            if text[begin].is_ascii_digit() && begins_number(text, begin) {
                judge(rules, text, begin, out);
            }
        }
        at = end + 1;
    }
}

/// The start of the next numeric run that is long enough and holds digits.
#[inline]
pub(crate) fn next_digits(text: &[u8], from: usize, to: usize) -> Option<usize> {
    let mut at = from;
    while at < to {
        let probe = at + MIN_NUMBER - 1;
        let byte = *text.get(probe)?;
        let is_digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
        let is_near = NUMERIC[usize::from(byte)]
            && (byte.is_ascii_digit() || is_digit(probe - 1) || is_digit(probe + 1));
        if !is_near {
            at = probe + 1;
            continue;
        }
        let before = text.get(at..probe)?;
        let gap = before.iter().rposition(|byte| !NUMERIC[usize::from(*byte)]);
        let start = gap.map_or(at, |gap| at + gap + 1);
        if run_end(&NUMERIC, text, probe) - start >= MIN_NUMBER {
            return Some(start);
        }
        at = run_end(&NUMERIC, text, probe) + 1;
    }
    None
}

/// Whether a number may begin here: not inside a word or a longer number.
pub(crate) fn begins_number(text: &[u8], at: usize) -> bool {
    if !matches!(text[at], b'0'..=b'9' | b'+' | b'(') {
        return false;
    }
    match text[..at] {
        [.., digit, b'.' | b'-' | b'/' | b'+'] if digit.is_ascii_digit() => false,
        [.., b'_' | b'+'] => false,
        _ => is_boundary(text, at),
    }
}

/// Digits of a number, and where each ends in the text.
struct Digits {
    digits: [u8; 20],
    ends: [usize; 20],
    count: usize,
    /// Lengths of the groups between separators.
    groups: [u8; 8],
    group_count: usize,
    separator: u8,
}

fn read(text: &[u8], at: usize) -> Digits {
    let mut read = Digits {
        digits: [0; 20],
        ends: [0; 20],
        count: 0,
        groups: [0; 8],
        group_count: 1,
        separator: 0,
    };
    let last = text.len().min(at + NUMBER_BYTES);
    let mut position = at;
    while position < last && read.count < read.digits.len() {
        let byte = text[position];
        if byte.is_ascii_digit() {
            read.digits[read.count] = byte;
            read.count += 1;
            read.ends[read.count - 1] = position + 1;
            read.groups[read.group_count - 1] += 1;
        } else {
            let goes_on = text.get(position + 1).is_some_and(u8::is_ascii_digit);
            if !matches!(byte, b' ' | b'-' | b'.') || !goes_on || read.group_count == 8 {
                break;
            }
            read.separator = byte;
            read.group_count += 1;
        }
        position += 1;
    }
    read
}

/// Whether no further digit or letter is glued to what ends here.
fn ends_clean(text: &[u8], end: usize) -> bool {
    match text.get(end..).unwrap_or_default() {
        [b'.' | b'-' | b'/', next, ..] => !next.is_ascii_digit(),
        [next, ..] => !next.is_ascii_alphanumeric() && *next != b'_',
        [] => true,
    }
}

fn judge(rules: &Rules, text: &[u8], at: usize, out: &mut Vec<Candidate>) {
    if let Some(end) = card(text, &read(text, at)) {
        out.push(Candidate::new(at, end, rules.card));
    }
}

/// How people and programs group the digits of cards.
const CARD_GROUPS: [&[u8]; 5] =
    [&[4, 4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 5]];

fn card(text: &[u8], read: &Digits) -> Option<usize> {
    let fits = |count: usize| {
        let end = *read.ends.get(count.checked_sub(1)?)?;
        (ends_clean(text, end) && validators::card(&read.digits[..count])).then_some(end)
    };
    let first = usize::from(read.groups[0]);
    if first >= 13 {
        // Counters and identifiers of 64 bits have nineteen digits.
        return if first == 19 { None } else { fits(first) };
    }
    let groups = &read.groups[..read.group_count];
    let written =
        CARD_GROUPS.iter().filter(|form| groups.starts_with(form) && read.separator != b'.');
    written.map(|form| form.iter().map(|n| usize::from(*n)).sum()).find_map(fits)
}

/// Adds every bank account number that begins in `from..to`; it begins with letters, so it has a
/// pass of its own.
pub(crate) fn find_accounts(
    rules: &Rules,
    text: &[u8],
    from: usize,
    to: usize,
    out: &mut Vec<Candidate>,
) {
    let mut at = from;
    while let Some(start) = next_run(&ACCOUNT, MIN_IBAN, text, at, to) {
        let end = run_end(&ACCOUNT, text, start + MIN_IBAN);
        for begin in start..(end - MIN_IBAN + 1).min(to) {
            if begins_account(text, begin)
                && let Some(length) = validators::iban(&text[begin..])
            {
                out.push(Candidate::new(begin, begin + length, rules.iban));
            }
        }
        at = end + 1;
    }
}

/// Whether a bank account number may begin here: a capital that no word stands before.
pub(crate) fn begins_account(text: &[u8], at: usize) -> bool {
    text[at].is_ascii_uppercase() && text[..at].last() != Some(&b'_') && is_boundary(text, at)
}
