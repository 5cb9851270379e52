//! Percent-encoding (RFC 3986, section 2.1), for looking behind it.

use std::ops::Range;

/// Decoded bytes, and the offset in the source of each.
pub(super) struct Decoded {
    pub(super) text: Vec<u8>,
    offsets: Vec<u32>,
}

/// Decodes when there is anything to decode; `plus` reads `+` as a space, as forms do.
pub(super) fn decode(source: &[u8], plus: bool) -> Option<Decoded> {
    u32::try_from(source.len()).ok()?;
    let encoded = memchr::memchr_iter(b'%', source).any(|at| octet(source, at).is_some());
    let spaced = plus && memchr::memchr(b'+', source).is_some();
    if !encoded && !spaced {
        return None;
    }
    let mut decoded = Decoded { text: Vec::with_capacity(source.len()), offsets: Vec::new() };
    let mut at = 0;
    while let Some(byte) = source.get(at) {
        let (byte, length) = match (byte, octet(source, at)) {
            (b'%', Some(octet)) => (octet, 3),
            (b'+', _) if plus => (b' ', 1),
            _ => (*byte, 1),
        };
        decoded.text.push(byte);
        decoded.offsets.push(at as u32);
        at += length;
    }
    decoded.offsets.push(at as u32);
    Some(decoded)
}

impl Decoded {
    /// The source bytes behind a decoded range.
    pub(super) fn range(&self, range: &Range<usize>) -> Range<usize> {
        let at = |place: usize| self.offsets.get(place).or(self.offsets.last()).copied();
        at(range.start).unwrap_or(0) as usize..at(range.end).unwrap_or(0) as usize
    }
}

fn octet(source: &[u8], at: usize) -> Option<u8> {
    let [b'%', high, low] = source.get(at..)?.first_chunk::<3>()? else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    Some((digit(high)? << 4 | digit(low)?) as u8)
}

/// Writes text so that it may stand anywhere in a form or a link.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            let digit = |value: u8| {
                char::from_digit(value.into(), 16).map_or(b'0', |c| c.to_ascii_uppercase() as u8)
            };
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_and_finds_the_way_back() {
        let decoded = decode(b"a%41+%zz%4", true).unwrap();
        assert_eq!(decoded.text, b"aA %zz%4");
        assert_eq!(decoded.range(&(1..3)), 1..5);
        assert_eq!(decoded.range(&(7..8)), 9..10);
        assert!(decode(b"100% of a+b", false).is_none());
        assert_eq!(encode("[a:b]"), b"%5Ba%3Ab%5D");
    }
}
