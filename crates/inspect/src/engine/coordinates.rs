//! Finds where somebody is: a latitude and a longitude that a word before them says to be such.

use crate::detectors::class;
use crate::engine::identifiers::Near;
use crate::engine::numbers::begins_number;
use crate::engine::resolve::Candidate;
use crate::engine::tokens::{next_run, run_end};

/// The shortest pair: three decimals each are a hundred metres.
pub(crate) const MIN_PAIR: usize = 11;

/// The longest pair.
const PAIR_BYTES: usize = 34;

/// Decimals that tell a place from a town.
const DECIMALS: std::ops::RangeInclusive<usize> = 3..=12;

pub(crate) static WRITTEN: [bool; 256] = class("0-9., -");

/// Adds every pair that begins in `from..to`; the text may go on after `to`.
pub(crate) fn find(
    (rule, near): (u16, &mut Near<'_>),
    text: &[u8],
    from: usize,
    to: usize,
    out: &mut Vec<Candidate>,
) {
    let mut at = from;
    while let Some(start) = next_run(&WRITTEN, MIN_PAIR, text, at, to) {
        let end = run_end(&WRITTEN, text, start + MIN_PAIR);
        for begin in start..(end - MIN_PAIR + 1).min(to) {
            if begins(text, begin)
                && let Some(end) = pair(text, begin)
                && near.advance(text, begin)
                && near.longest(rule) > 0
            {
                out.push(Candidate::new(begin, end, rule));
            }
        }
        at = end + 1;
    }
}

/// Where the earliest pair begins that more text could still complete or change.
pub(crate) fn may_begin(text: &[u8]) -> Option<usize> {
    let window = &text[text.len().saturating_sub(PAIR_BYTES + 2)..];
    let length = window.iter().rev().take_while(|byte| WRITTEN[usize::from(**byte)]).count();
    (text.len() - length..text.len()).find(|at| begins(text, *at))
}

fn begins(text: &[u8], at: usize) -> bool {
    text[at].is_ascii_digit() && begins_number(text, at)
}

fn pair(text: &[u8], at: usize) -> Option<usize> {
    let text = &text[..text.len().min(at + PAIR_BYTES)];
    let middle = degrees(text, at, 90)?;
    let mut second = middle + usize::from(text.get(middle) == Some(&b','));
    second += usize::from(text.get(second) == Some(&b' '));
    second += usize::from(text.get(second) == Some(&b'-'));
    let end = degrees(text, second, 180).filter(|_| second > middle)?;
    let goes_on = match text.get(end..)? {
        [b',', b' ', next, ..] | [b',' | b'.', next, ..] => next.is_ascii_digit() || *next == b'-',
        [next, ..] => next.is_ascii_alphanumeric(),
        [] => false,
    };
    (!goes_on).then_some(end)
}

/// The end of a number of degrees with its decimals.
fn degrees(text: &[u8], at: usize, most: u32) -> Option<usize> {
    let count = |at: usize| {
        text.get(at..).map_or(0, |rest| rest.iter().take_while(|b| b.is_ascii_digit()).count())
    };
    let whole = count(at);
    let value = text.get(at..at + whole)?;
    let value = value.iter().take(4).fold(0, |sum, b| sum * 10 + u32::from(b - b'0'));
    let point = at + whole;
    let decimals = count(point + 1);
    let fits = (1..=3).contains(&whole) && value <= most && text.get(point) == Some(&b'.');
    (fits && DECIMALS.contains(&decimals)).then_some(point + 1 + decimals)
}
