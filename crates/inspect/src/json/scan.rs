//! The inner loops: where a string's plain run ends, and where a number ends.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The offset of the first quote, backslash or control character at or after `from`, or the length.
///
/// Eight bytes at a time: a byte that is zero after the exclusive or is the one looked for. Borrows
/// make false alarms possible only above the first true one, so the lowest bit is always right.
///
/// What is longer than two words goes on in [`long_plain_end`].
#[inline]
pub(super) fn plain_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    let far = from + 2 * size_of::<u64>();
    while let Some(word) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*word);
        let quote = word ^ (ONES * u64::from(b'"'));
        let backslash = word ^ (ONES * u64::from(b'\\'));
        let found = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        if found & HIGH != 0 {
            return at + ((found & HIGH).trailing_zeros() / 8) as usize;
        }
        at += 8;
        if at == far {
            return at + long_plain_end(text.get(at..).unwrap_or_default());
        }
    }
    let rest = text.get(at..).unwrap_or_default();
    let stop = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    at + rest.iter().position(stop).unwrap_or(rest.len())
}

/// The same for a long run, by vector code: to the next quote or backslash, then the least byte.
fn long_plain_end(text: &[u8]) -> usize {
    let end = memchr::memchr2(b'"', b'\\', text).unwrap_or(text.len());
    let plain = text.get(..end).unwrap_or_default();
    let least = plain.iter().fold(u8::MAX, |least, byte| least.min(*byte));
    let control = (least < b' ').then(|| plain.iter().position(|byte| *byte < b' '));
    control.flatten().unwrap_or(end)
}

/// The end of the number that starts at `from` (RFC 8259, section 6), or where it goes wrong.
pub(super) fn number_end(text: &[u8], from: usize) -> Result<usize, usize> {
    let mut at = from;
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    match text.get(at) {
        Some(b'0') => at += 1,
        Some(b'1'..=b'9') => at = digits_end(text, at),
        _ => return Err(at),
    }
    if text.get(at) == Some(&b'.') {
        at = some_digits_end(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = text.get(at) {
            at += 1;
        }
        at = some_digits_end(text, at)?;
    }
    Ok(at)
}

fn some_digits_end(text: &[u8], from: usize) -> Result<usize, usize> {
    let end = digits_end(text, from);
    if end == from { Err(from) } else { Ok(end) }
}

fn digits_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_in_a_word() {
        for byte in 0..=255_u8 {
            for place in 0..120 {
                let mut text = [b'a'; 120];
                text[place] = byte;
                let stops = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(plain_end(&text, 0), if stops { place } else { 120 }, "{byte} {place}");
            }
        }
    }

    #[test]
    fn two_stops_in_one_word_give_the_first() {
        // 0x21 after 0x20-borrow and '#' beside '"' are where a careless trick goes wrong.
        assert_eq!(plain_end(b"ab!\x1f#\"\\\x20aaaa", 0), 3);
        assert_eq!(plain_end(b"ab#\"#!!!aaaa", 0), 3);
    }
}
