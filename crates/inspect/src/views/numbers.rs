//! Bytes that are written as numbers: `67 68 70 5f`, `0x67, 0x68`, `103, 104, 112`, `01100111 …`.

use std::ops::Range;

use super::packed::is_printable;
use crate::detectors::{Class, class};

/// What rows of such numbers are written with, and how much of it there is at least.
const SHORTEST: usize = 44;

/// Fewer bytes are no text.
const MIN_BYTES: usize = 12;

/// A number in base two, and what parts it from the next.
const MAX_NUMBER: usize = 12;

/// Words before a row may be written with the same letters.
const MAX_BEFORE: usize = 16;

/// Blank and signs between two numbers.
const MAX_GAP: usize = 4;

/// A row, and the text that its numbers stand for.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) range: Range<usize>,
    pub(super) text: Vec<u8>,
}

/// The bases that numbers may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Two,
    Ten,
    Sixteen,
}

impl Base {
    const ALL: [Self; 3] = [Self::Two, Self::Ten, Self::Sixteen];

    fn radix(self) -> u32 {
        match self {
            Self::Two => 2,
            Self::Ten => 10,
            Self::Sixteen => 16,
        }
    }

    /// How many digits a byte of text has.
    fn digits(self) -> std::ops::RangeInclusive<usize> {
        match self {
            Self::Two => 7..=8,
            Self::Ten => 2..=3,
            Self::Sixteen => 2..=2,
        }
    }
}

static WRITTEN: Class = class("0-9a-fA-FxX ,:-");

fn is_written(byte: u8) -> bool {
    WRITTEN[usize::from(byte)]
}

fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b',' | b':' | b'-')
}

/// Where rows may begin. A run of the length that matters holds one step at least from its first byte
/// to its last; of what stands there of other texts, something is seldom of the class throughout.
pub(super) fn places(text: &[u8]) -> impl Iterator<Item = usize> {
    const STEP: usize = SHORTEST / 2;
    let mut known = 0;
    (0..text.len().saturating_sub(STEP)).step_by(STEP).filter_map(move |at| {
        // Without a branch for each.
        let is_in = |by: usize| is_written(text[at + by]);
        if !(is_in(0) & is_in(4) & is_in(9) & is_in(13) & is_in(18) & is_in(STEP)) || at < known {
            return None;
        }
        let before =
            text[known..at].iter().rev().take(STEP).take_while(|b| is_written(**b)).count();
        let start = at - before;
        let length = text[start..].iter().take_while(|byte| is_written(**byte)).count();
        known = start + length;
        let run = text.get(start..start + SHORTEST).filter(|run| run.len() <= length)?;
        let gaps = run.iter().filter(|byte| is_gap(**byte)).count();
        (gaps * MAX_NUMBER >= SHORTEST).then_some(start)
    })
}

/// Every row that stands for text.
pub(super) fn find(text: &[u8]) -> Vec<Row> {
    let rows = places(text).filter_map(|start| {
        let rest = &text[start..];
        let end = rest.iter().position(|byte| !is_written(*byte)).unwrap_or(rest.len());
        row(&rest[..end], start)
    });
    rows.collect()
}

/// The row in a run of its characters.
fn row(run: &[u8], offset: usize) -> Option<Row> {
    let begins = |at: &usize| {
        !is_gap(run[*at]) && at.checked_sub(1).is_none_or(|before| is_gap(run[before]))
    };
    let rows = (0..run.len().min(MAX_BEFORE))
        .filter(begins)
        .flat_map(|start| Base::ALL.map(|base| (start, base)));
    rows.filter_map(|(start, base)| {
        let (text, end) = read(run.get(start..)?, base);
        let is_text = text.len() >= MIN_BYTES && is_printable(&text);
        is_text.then(|| Row { range: offset + start..offset + start + end, text })
    })
    .next()
}

/// The bytes that numbers of a base stand for, all set apart in one way, and where they end.
fn read(run: &[u8], base: Base) -> (Vec<u8>, usize) {
    let (mut bytes, mut end) = (Vec::new(), 0);
    let mut separator: Option<&[u8]> = None;
    loop {
        let mut at = end;
        if !bytes.is_empty() {
            let gap = run[at..].iter().take(MAX_GAP).take_while(|byte| is_gap(**byte)).count();
            let between = &run[at..at + gap];
            if between.is_empty() || between != *separator.get_or_insert(between) {
                break;
            }
            at += gap;
        }
        let Some((byte, length)) = number(&run[at..], base) else { break };
        bytes.push(byte);
        end = at + length;
    }
    (bytes, end)
}

/// The number that a text begins with.
fn number(text: &[u8], base: Base) -> Option<(u8, usize)> {
    let marked = base == Base::Sixteen && matches!(text, [b'0', b'x' | b'X', ..]);
    let mark = if marked { 2 } else { 0 };
    let digits = text.get(mark..)?.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    base.digits().contains(&digits).then_some(())?;
    let digits = std::str::from_utf8(text.get(mark..mark + digits)?).ok()?;
    let byte = u8::from_str_radix(digits, base.radix()).ok()?;
    Some((byte, mark + digits.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let rows = find(text.as_bytes()).into_iter();
        rows.map(|row| String::from_utf8_lossy(&row.text).into_owned()).collect()
    }

    #[test]
    fn numbers_are_read_in_every_base() {
        let plain = "please read the other file";
        let written = |each: fn(u8) -> String, between: &str| {
            plain.bytes().map(each).collect::<Vec<_>>().join(between)
        };
        for row in [
            written(|byte| format!("{byte:02x}"), " "),
            written(|byte| format!("{byte:02X}"), ":"),
            written(|byte| format!("0x{byte:02x}"), ", "),
            written(|byte| byte.to_string(), ","),
            written(|byte| byte.to_string(), ", "),
            written(|byte| format!("{byte:08b}"), " "),
        ] {
            assert_eq!(found(&row), [plain], "{row}");
            assert_eq!(found(&format!("run String.fromCharCode({row}) now")), [plain], "{row}");
            assert_eq!(found(&format!("dead {row}, done")), [plain], "{row}");
        }
    }

    #[test]
    fn times_addresses_digests_and_lists_are_none() {
        for text in [
            "2026-11-27 10:11:12, 2026-11-28 10:11:12, 2026-11-29 10:11:12, 2026-11-30",
            "aa:bb:cc:dd:ee:ff 00:11:22:33:44:55 aa:bb:cc:dd:ee:ff 00:11:22:33:44:55",
            "0c:9f:13:aa:de:ad:be:ef:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff",
            "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20",
            "550e8400-e29b-41d4-a716-446655440000, 550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
