//! The tail of numbers: the last stretch of digits and separators.

use super::Frontier;
use crate::engine::Rules;
use crate::engine::numbers::{ACCOUNT, NUMBER_BYTES, NUMERIC, begins_account, begins_number};
use crate::validators::{IBAN_BYTES, iban_may_begin};

/// What follows a number and decides whether it ended there.
const AFTER: usize = 2;

pub(super) fn hold(
    rules: &Rules,
    text: &[u8],
    is_enforced: impl Fn(u16) -> bool + Copy,
    frontier: &mut Frontier,
) {
    let end = text.len();
    let last = last_run(&NUMERIC, text, NUMBER_BYTES + AFTER);
    if last < end {
        let is_start = |at: &usize| text[*at].is_ascii_digit() && begins_number(text, *at);
        if let Some(first) = (last..end).find(is_start) {
            frontier.hold(first, is_enforced(rules.card));
        }
    }
    let last = last_run(&ACCOUNT, text, IBAN_BYTES + AFTER);
    let mut starts = last..end;
    if let Some(at) = starts.find(|at| begins_account(text, *at) && iban_may_begin(&text[*at..])) {
        frontier.hold(at, is_enforced(rules.iban));
    }
}

/// Where the run of a class that reaches the text's end begins, at most `limit` bytes back.
fn last_run(class: &[bool; 256], text: &[u8], limit: usize) -> usize {
    let window = &text[text.len().saturating_sub(limit)..];
    let length = window.iter().rev().take_while(|byte| class[usize::from(**byte)]).count();
    text.len() - length
}
