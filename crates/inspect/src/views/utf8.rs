//! Characters at places of a text that need not be UTF-8.

/// The character that begins at `at`, and its length. None: no character begins there.
#[inline]
pub(crate) fn at(text: &[u8], at: usize) -> Option<(char, usize)> {
    let first = *text.get(at)?;
    if first < 0x80 {
        return Some((char::from(first), 1));
    }
    let length = match first {
        0xc2..=0xdf => {
            let next = text.get(at + 1).filter(|next| **next & 0xc0 == 0x80)?;
            let point = u32::from(first & 0x1f) << 6 | u32::from(next & 0x3f);
            return Some((char::from_u32(point)?, 2));
        }
        0xe0..=0xef => {
            let [_, second, third] = *text.get(at..)?.first_chunk()?;
            let point = u32::from(first & 0x0f) << 12 | tail(second)? << 6 | tail(third)?;
            return Some((char::from_u32(point).filter(|_| point >= 0x800)?, 3));
        }
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let character = std::str::from_utf8(text.get(at..at + length)?).ok()?.chars().next()?;
    Some((character, length))
}

/// What a byte after the first adds to a character.
#[inline]
fn tail(byte: u8) -> Option<u32> {
    (byte & 0xc0 == 0x80).then_some(u32::from(byte & 0x3f))
}

/// How many bytes of characters of two bytes, all of them Greek, Cyrillic or Armenian
/// (U+0380 to U+057F), begin at a place.
#[inline]
pub(crate) fn foreign_run(text: &[u8], at: usize) -> usize {
    let pairs = text.get(at..).unwrap_or_default().as_chunks::<2>().0.iter();
    let is_foreign = |[lead, tail]: &&[u8; 2]| matches!(lead, 0xce..=0xd5) && tail & 0xc0 == 0x80;
    2 * pairs.take_while(is_foreign).count()
}

/// The character that ends at `end`.
#[inline]
pub(crate) fn before(text: &[u8], end: usize) -> Option<char> {
    let last = *text.get(..end)?.last()?;
    if last < 0x80 {
        return Some(char::from(last));
    }
    let start = (end.saturating_sub(4)..end).rev().find(|at| text[*at] & 0xc0 != 0x80)?;
    at(text, start).filter(|(_, length)| start + length == end).map(|(character, _)| character)
}

/// The next place from `from` on that is beyond ASCII.
#[inline]
pub(crate) fn next_high(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    // Texts beyond ASCII have them side by side, or behind a space.
    if let Some(near) = rest.iter().take(2).position(|byte| *byte >= 0x80) {
        return Some(from + near);
    }
    let mut at = from;
    for chunk in rest.chunks(32) {
        if !chunk.is_ascii() {
            return chunk.iter().position(|byte| *byte >= 0x80).map(|inside| at + inside);
        }
        at += chunk.len();
    }
    None
}

/// How many bytes at the end of a text may be the beginning of a character that is cut off.
pub(crate) fn cut_off(text: &[u8]) -> usize {
    let tail = &text[text.len().saturating_sub(3)..];
    let Some(lead) = tail.iter().rposition(|byte| *byte & 0xc0 != 0x80) else { return 0 };
    let wanted = match tail[lead] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let there = tail.len() - lead;
    if there < wanted { there } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwards_and_backwards() {
        let text = "aé\u{200b}\u{e0041}z".as_bytes();
        assert_eq!(at(text, 1), Some(('é', 2)));
        assert_eq!(at(text, 2), None);
        assert_eq!(before(text, 3), Some('é'));
        assert_eq!(before(text, 6), Some('\u{200b}'));
        assert_eq!(before(text, 10), Some('\u{e0041}'));
        assert_eq!(before(text, 9), None);
        assert_eq!(before(text, 0), None);
        assert_eq!(next_high(text, 3), Some(3));
        assert_eq!(next_high(&[b'a'; 100], 0), None);
        assert_eq!(at(b"\xff", 0), None);
    }

    #[test]
    fn three_bytes_are_read_as_the_standard_has_it() {
        let first = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.chars().next();
        for lead in 0xe0..=0xef {
            for second in 0..=255 {
                for third in [0, b'a', 0x7f, 0x80, 0xbf, 0xc0, 0xff] {
                    let bytes = [lead, second, third];
                    assert_eq!(at(&bytes, 0), first(&bytes).map(|c| (c, 3)), "{bytes:x?}");
                }
            }
        }
        assert_eq!(at(b"\xe4\xb8", 0), None);
    }

    #[test]
    fn a_run_of_foreign_letters() {
        assert_eq!(foreign_run("xПривет, мир".as_bytes(), 1), 12);
        assert_eq!(foreign_run("ааa".as_bytes(), 0), 4);
        assert_eq!(foreign_run("é".as_bytes(), 0), 0);
        assert_eq!(foreign_run(b"\xd0", 0), 0);
    }

    #[test]
    fn a_character_that_is_cut_off() {
        let text = "a\u{e0041}".as_bytes();
        assert_eq!([1, 2, 3, 4, 5].map(|end| cut_off(&text[..end])), [0, 1, 2, 3, 0]);
        assert_eq!(cut_off(b"\x80\x80\x80\x80"), 0);
        assert_eq!(cut_off(b""), 0);
    }
}
