//! Where a text has digits: numbers stand nowhere else, and most prose has few.

use std::ops::Range;

const BLOCK: usize = 64;

/// The parts of a range in which a number with a digit may begin, in order.
///
/// What begins a number stands at most a block before its first digit.
pub(crate) fn stretches(text: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let last = text.len().min(range.end + BLOCK);
    let blocks = text.get(range.start..last).unwrap_or_default().chunks(BLOCK);
    for (number, _) in blocks.enumerate().filter(|(_, block)| has_digit(block)) {
        let block = range.start + number * BLOCK;
        let start = block.saturating_sub(BLOCK).max(range.start);
        let end = (block + BLOCK).min(range.end);
        match found.last_mut().filter(|before| before.end >= start) {
            Some(before) => before.end = end,
            None if start < end => found.push(start..end),
            None => {}
        }
    }
    found
}

/// Without a branch for each, so that many are looked at in one step.
fn has_digit(block: &[u8]) -> bool {
    block.iter().fold(0, |any, byte| any | u8::from(byte.wrapping_sub(b'0') < 10)) != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_digit_and_what_may_begin_before_it_is_in_one(
            text in "[a-z ]{0,200}[0-9]?[a-z ]{0,90}[0-9]?[a-z ]{0,200}[0-9]?",
            cut in 0_usize..100,
        ) {
            let text = text.as_bytes();
            let range = cut.min(text.len())..text.len().saturating_sub(cut).max(cut.min(text.len()));
            let found = stretches(text, range.clone());
            for at in range.clone() {
                let near = &text[at..text.len().min(at + BLOCK)];
                let is_in = found.iter().any(|stretch| stretch.contains(&at));
                prop_assert!(is_in || !near.iter().any(u8::is_ascii_digit), "{at}");
            }
            prop_assert!(found.windows(2).all(|two| two[0].end < two[1].start));
            prop_assert!(found.iter().all(|one| range.start <= one.start && one.end <= range.end));
        }
    }

    #[test]
    fn prose_has_none() {
        assert!(stretches("no number in here. ".repeat(40).as_bytes(), 0..760).is_empty());
    }
}
