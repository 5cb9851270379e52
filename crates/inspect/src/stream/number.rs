//! The tail of numbers: the last stretch of digits and separators.

use crate::engine::numbers::{ACCOUNT, NUMBER_BYTES, NUMERIC, begins_account, begins_number};
use crate::validators::{IBAN_BYTES, iban_may_begin};

/// What follows a number and decides whether it ended there.
const AFTER: usize = 2;

/// Where the earliest card begins that more text could still complete or change.
pub(super) fn card(text: &[u8]) -> Option<usize> {
    let last = last_run(&NUMERIC, text, NUMBER_BYTES + AFTER);
    let is_start = |at: &usize| text[*at].is_ascii_digit() && begins_number(text, *at);
    (last..text.len()).find(is_start)
}

/// The same of an account.
pub(super) fn account(text: &[u8]) -> Option<usize> {
    let last = last_run(&ACCOUNT, text, IBAN_BYTES + AFTER);
    let is_start = |at: &usize| begins_account(text, *at) && iban_may_begin(&text[*at..]);
    (last..text.len()).find(is_start)
}

/// Where the run of a class that reaches the text's end begins, at most `limit` bytes back.
fn last_run(class: &[bool; 256], text: &[u8], limit: usize) -> usize {
    let window = &text[text.len().saturating_sub(limit)..];
    let length = window.iter().rev().take_while(|byte| class[usize::from(**byte)]).count();
    text.len() - length
}
