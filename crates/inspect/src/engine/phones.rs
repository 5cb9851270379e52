//! Finds telephone numbers as the world writes them.
//!
//! With a country code, the country's lengths decide. A national number counts where it is grouped
//! as telephones are and as little else is, or where a word before it says so.

use crate::detectors::class;
use crate::engine::identifiers::Near;
use crate::engine::index::is_boundary;
use crate::engine::resolve::Candidate;
use crate::engine::tokens::{next_run, run_end};
use crate::validators::phone::{international, is_varied};

/// The shortest number with its separators.
pub(crate) const MIN_PHONE: usize = 7;

/// The longest number with its separators, without its extension.
const PHONE_BYTES: usize = 32;

/// The longest extension, with what stands before it.
const EXTENSION_BYTES: usize = 14;

/// What is said right after a number, and how far that is looked at.
const AFTER: [&str; 9] =
    ["office", "mobile", "fax", "phone", "tel", "cell", "home", "work", "desk"];
const AFTER_BYTES: usize = 12;

/// Words that stand before other numbers, too: they make no number of digits without groups one.
const WEAK: [&str; 6] = ["call", "calling", "ring", "dial", "cell", "portable"];

/// Digits of a number, and of an extension.
const DIGITS: usize = 17;
const EXTENSION: usize = 6;

const GROUPS: usize = 8;

/// What a number is written with.
pub(crate) static WRITTEN: [bool; 256] = class("0-9 .()+/-");

/// Adds every number that begins in `from..to`; the text may go on after `to`.
pub(crate) fn find(
    (rule, near): (u16, &mut Near<'_>),
    text: &[u8],
    from: usize,
    to: usize,
    out: &mut Vec<Candidate>,
) {
    let mut at = from;
    while let Some(start) = next_run(&WRITTEN, MIN_PHONE, text, at, to) {
        let end = run_end(&WRITTEN, text, start + MIN_PHONE);
        for begin in start..(end - MIN_PHONE + 1).min(to) {
            if begins(text, begin)
                && let Some(end) = judge(text, begin, near, rule)
            {
                out.push(Candidate::new(begin, end, rule));
            }
        }
        at = end + 1;
    }
}

/// Where the earliest number begins that more text could still complete or change. After `begun`
/// there is nothing with which one begins.
pub(crate) fn may_begin(text: &[u8], begun: usize) -> Option<usize> {
    let end = text.len();
    let from = end.saturating_sub(PHONE_BYTES + EXTENSION_BYTES + AFTER_BYTES + 2);
    if begun <= from {
        return None;
    }
    (from..end).find(|at| {
        begins(text, *at) && {
            let phone = Phone::read(text, *at);
            phone.stop + 2 > end || (phone.count > 0 && phone.end + AFTER_BYTES > end)
        }
    })
}

/// Whether a number may begin here: not inside a word, a path, a fraction or a longer number.
fn begins(text: &[u8], at: usize) -> bool {
    if !matches!(text[at], b'0'..=b'9' | b'+' | b'(') {
        return false;
    }
    match text[..at] {
        [.., b'_' | b'+'] => false,
        [.., b'-' | b'.' | b'/'] => is_boundary(text, at - 1),
        [.., digit, b' '] if digit.is_ascii_digit() => !text[at].is_ascii_digit(),
        _ => is_boundary(text, at),
    }
}

/// A number as it was read.
#[derive(Default)]
struct Phone {
    digits: [u8; DIGITS],
    count: usize,
    /// Lengths of the groups between separators.
    groups: [u8; GROUPS],
    group_count: usize,
    /// Whether the area code stands in brackets.
    has_brackets: bool,
    has_blanks: bool,
    separator: u8,
    is_uniform: bool,
    end: usize,
    has_extension: bool,
    /// Where reading stopped; what stands there and right after it was looked at.
    stop: usize,
}

impl Phone {
    fn read(text: &[u8], at: usize) -> Self {
        let mut phone = Self { end: at, is_uniform: true, ..Self::default() };
        let last = text.len().min(at + PHONE_BYTES);
        let mut place = at + usize::from(text[at] == b'+');
        let mut bracket = false;
        while place < last {
            match text[place] {
                digit @ b'0'..=b'9' if phone.count < DIGITS => phone.digit(digit, place),
                b'(' if !phone.has_brackets => {
                    (bracket, phone.has_brackets) = (true, true);
                    phone.split();
                }
                b')' if bracket && phone.count > 0 => {
                    bracket = false;
                    phone.trunk();
                    phone.split();
                }
                separator @ (b' ' | b'-' | b'.' | b'/')
                    if !bracket && phone.count > 0 && !b" -./".contains(&text[place - 1]) =>
                {
                    phone.part(separator);
                }
                _ => break,
            }
            place += 1;
        }
        phone.stop = place;
        if bracket {
            phone.count = 0;
        }
        phone.extension(text);
        phone
    }

    fn digit(&mut self, digit: u8, place: usize) {
        if self.group_count == 0 {
            self.group_count = 1;
        }
        self.digits[self.count] = digit;
        self.count += 1;
        self.groups[self.group_count - 1] += 1;
        self.end = place + 1;
    }

    fn split(&mut self) {
        let is_open = self.group_count > 0 && self.groups[self.group_count - 1] > 0;
        if is_open && self.group_count < GROUPS {
            self.group_count += 1;
        }
    }

    fn part(&mut self, separator: u8) {
        self.is_uniform &= self.separator == 0 || self.separator == separator;
        self.separator = separator;
        self.has_blanks |= separator == b' ';
        self.split();
    }

    /// `+49 (0)30`: the zero is not dialled after the country's code.
    fn trunk(&mut self) {
        let is_zero = self.groups[self.group_count.saturating_sub(1)] == 1
            && self.digits[self.count - 1] == b'0';
        if is_zero && self.count > 1 {
            self.count -= 1;
            self.groups[self.group_count - 1] = 0;
        }
    }

    /// `x123`, ` ext. 123` after a number.
    fn extension(&mut self, text: &[u8]) {
        let mut at = self.end;
        let blank = |at: usize| usize::from(text.get(at) == Some(&b' '));
        at += blank(at);
        let mark = ["ext.", "ext", "x"]
            .into_iter()
            .find(|mark| text.get(at..).is_some_and(|rest| rest.starts_with(mark.as_bytes())));
        let Some(mark) = mark else {
            let rest = text.get(at..).unwrap_or_default();
            if b"ext.".starts_with(rest) {
                self.stop = text.len();
            }
            return;
        };
        at += mark.len();
        at += blank(at);
        let rest = text.get(at..).unwrap_or_default();
        let count = rest.iter().take(EXTENSION + 1).take_while(|b| b.is_ascii_digit()).count();
        self.stop = self.stop.max(at + count);
        let is_glued = rest.get(count).is_some_and(u8::is_ascii_alphanumeric);
        if (1..=EXTENSION).contains(&count) && !is_glued {
            (self.has_extension, self.end) = (true, at + count);
        }
    }

    fn digits(&self) -> &[u8] {
        &self.digits[..self.count]
    }

    fn groups(&self) -> &[u8] {
        let groups = &self.groups[..self.group_count];
        if groups.last() == Some(&0) { &groups[..groups.len() - 1] } else { groups }
    }

    /// Whether nothing that belongs to it is glued to its end.
    fn ends(&self, text: &[u8]) -> bool {
        match text.get(self.end..).unwrap_or_default() {
            [b'.' | b'-' | b'/', next, ..] if next.is_ascii_digit() => false,
            [b' ', next, ..] => !(next.is_ascii_digit() && self.has_blanks),
            [next, ..] => !next.is_ascii_alphanumeric() && *next != b'_',
            [] => true,
        }
    }

    /// Grouped as telephone numbers are, and as little else is.
    fn is_plain(&self) -> bool {
        let digits = self.digits();
        let groups = self.groups();
        let is_trunk = digits.first() == Some(&b'0') && digits.get(1).is_some_and(|d| *d != b'0');
        let first = groups.first().copied().unwrap_or(0);
        if self.has_brackets {
            let area = (2..=5).contains(&first) && (8..=11).contains(&digits.len());
            return area && (2..=4).contains(&groups.len()) && groups[1..].iter().all(|n| *n > 1);
        }
        is_north_american(digits, groups)
            || (self.has_extension && groups.ends_with(&[3, 3, 4]))
            || (is_trunk && self.is_uniform && self.is_european())
    }

    /// A trunk prefix and area, then groups: `089 72 63 41`, `01.23.45.67.89`, `030-1234567`.
    fn is_european(&self) -> bool {
        let Some((first, rest)) = self.groups().split_first() else { return false };
        let fits = (2..=5).contains(first) && (9..=11).contains(&self.count);
        let is_dotted = self.separator == b'.';
        fits && match *rest {
            [one] => (6..=8).contains(&one),
            [_, _, ..] => {
                let most = if is_dotted { 2 } else { 4 };
                rest.len() <= 4 && rest.iter().all(|n| (2..=most).contains(n))
            }
            [] => false,
        }
    }

    /// What a word before it makes a telephone number: not a date, an address of a host, a price.
    fn is_stated(&self) -> bool {
        let groups = self.groups();
        let is_year = self.digits().starts_with(b"19") || self.digits().starts_with(b"20");
        let is_date = (is_year && matches!(*groups, [4, 1..=2, 1..=2, ..]))
            || (self.separator != b' ' && matches!(*groups, [1..=2, 1..=2, 4, ..]));
        let is_host = self.separator == b'.' && groups.len() == 4 && groups.iter().all(|n| *n < 4);
        let is_grouped = groups.len() >= 2 && groups.iter().all(|n| *n > 1);
        let digits = self.digits();
        (6..=13).contains(&digits.len())
            && (is_grouped || (groups.len() == 1 && digits.len() >= 7))
            && !is_date
            && !is_host
    }
}

/// `212-555-0123`, `1-212-555-0123`: area and exchange begin with 2 to 9.
fn is_north_american(digits: &[u8], groups: &[u8]) -> bool {
    let national = match *groups {
        [3, 3, 4] => digits,
        [1, 3, 3, 4] if digits[0] == b'1' => &digits[1..],
        _ => return false,
    };
    national[0] >= b'2' && national[3] >= b'2'
}

/// Whether a word for a telephone stands right after a number.
fn is_named(text: &[u8], end: usize) -> bool {
    let rest = &text[end..text.len().min(end + AFTER_BYTES)];
    let blanks = rest.iter().take(2).take_while(|b| b" -(,".contains(b)).count();
    let rest = &rest[blanks..];
    let is_word = |word: &&str| {
        rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
            && !rest.get(word.len()).is_some_and(u8::is_ascii_alphabetic)
    };
    blanks > 0 && AFTER.iter().any(is_word)
}

fn judge(text: &[u8], at: usize, near: &mut Near<'_>, rule: u16) -> Option<usize> {
    let phone = Phone::read(text, at);
    let digits = phone.digits();
    if digits.len() < 6 || !phone.ends(text) || !is_varied(&digits[1..]) {
        return None;
    }
    let is_number = match (text[at], digits) {
        (b'+', _) => international(digits),
        (_, [b'0', b'0', rest @ ..]) if phone.groups().len() > 1 => international(rest),
        _ => phone.is_plain(),
    };
    let mut is_said = || {
        near.advance(text, at)
            && if phone.groups().len() > 1 {
                near.longest(rule) > 0
            } else {
                near.has_strong(text, rule, &WEAK)
            }
    };
    let is_phone = is_number || (phone.is_stated() && (is_named(text, phone.end) || is_said()));
    is_phone.then_some(phone.end)
}

#[cfg(test)]
mod tests {
    use crate::{Direction, Engine, Settings};

    fn found(text: &str) -> Vec<&str> {
        let engine = Engine::compile(&Settings::default()).unwrap();
        let mut found = Vec::new();
        engine.scan(Direction::Request, text.as_bytes(), &mut found);
        let phones = found.iter().filter(|m| engine.detector(m.detector).name() == "phone");
        phones.map(|m| &text[m.range.clone()]).collect()
    }

    #[test]
    fn the_worlds_formats_are_read_whole() {
        for text in [
            "+49 30 1234567",
            "+49 (0)30 1234-567",
            "+1 (212) 555-0187 ext. 42",
            "0049 30 1234567",
            "001-748-088-2851x818",
            "212.555.0187x99",
            "(02) 9374 4000",
            "02 27 96 63 08",
            "0487 23 46 71",
            "030/12345678",
            "+81-3-1234-5678",
            "+33 6.12.34.56.78",
            "+358 40 1234567",
        ] {
            assert_eq!(found(&format!("see {text}, please")), [text]);
        }
        for (word, text) in
            [("call", "785 8949"), ("Tel.:", "25-62-29-72"), ("mobile", "9493 7477")]
        {
            assert_eq!(found(&format!("{word} {text}")), [text]);
            assert_eq!(found(&format!("see {text}")), [""; 0]);
        }
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "call me on 2024-11-23",
            "call 10.0.0.1",
            "00 01 02 03 04 05 06 07",
            "+999 123456789",
            "+1 212 555",
            "1,234,567.89",
            "phone 1111111111",
            "at /v1/2125550187/x",
            "f(123, 456) - 789",
            "0.123456789012",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
