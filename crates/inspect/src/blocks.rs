//! Where a text has bytes of a kind, 64 at a time.
//!
//! A loop that ends at the next such byte ends where nobody foresees it, which costs more than
//! looking at the bytes. So each block is turned into a number with a bit for each byte, without a
//! branch, and the bits are counted off.

use std::ops::Range;

/// Bytes that are looked at together.
pub(crate) const BLOCK: usize = 64;

/// A bit for each byte of a block that is of the kind, the first lowest.
#[inline(always)]
pub(crate) fn bits(block: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0; BLOCK];
    for (flag, byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(is(*byte));
    }
    gather(&flags)
}

/// One bit of each byte; a byte is 0 or 1.
#[inline(always)]
fn gather(flags: &[u8; BLOCK]) -> u64 {
    /// Moves the lowest bit of each of eight bytes into the highest byte.
    const TOGETHER: u64 = 0x0102_0408_1020_4080;
    let eights = flags.as_chunks::<8>().0;
    if eights.iter().fold(0, |any, eight| any | u64::from_le_bytes(*eight)) == 0 {
        return 0;
    }
    eights
        .iter()
        .rev()
        .fold(0, |bits, eight| bits << 8 | u64::from_le_bytes(*eight).wrapping_mul(TOGETHER) >> 56)
}

/// The same of the block of a text that begins at a place; what is behind the text is of no kind.
#[inline(always)]
fn bits_at(text: &[u8], at: usize, is: impl Fn(u8) -> bool) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(block) => bits(block, is),
        None => {
            let mut block = [0; BLOCK];
            if let Some(head) = block.get_mut(..rest.len()) {
                head.copy_from_slice(rest);
            }
            bits(&block, is) & ((1 << rest.len()) - 1)
        }
    }
}

/// The places in a text of bytes that a test holds for, in order.
#[inline(always)]
pub(crate) fn places<'t>(
    text: &'t [u8],
    is: impl Fn(u8) -> bool + Copy + 't,
) -> impl Iterator<Item = usize> + 't {
    Places { length: text.len(), bits_at: move |at| bits_at(text, at, is), block: 0, bits: 0 }
}

/// The runs in a text of bytes that a test holds for, in order, each as long as it can be.
#[inline(always)]
pub(crate) fn runs<'t>(
    text: &'t [u8],
    is: impl Fn(u8) -> bool + Copy + 't,
) -> impl Iterator<Item = Range<usize>> + 't {
    let mut goes_on = false;
    let edges_at = move |at| {
        let bits = bits_at(text, at, is);
        let edges = bits ^ (bits << 1 | u64::from(goes_on));
        goes_on = bits >> (BLOCK - 1) != 0;
        edges
    };
    let length = text.len();
    let mut edges = Places { length, bits_at: edges_at, block: 0, bits: 0 };
    std::iter::from_fn(move || {
        let mut start = None;
        loop {
            let edge = edges.next();
            match start {
                // Behind the text may stand one edge more.
                None => start = Some(edge.filter(|start| *start < length)?),
                Some(start) => return Some(start..edge.unwrap_or(length)),
            }
        }
    })
}

/// Places of a text, in order: `bits_at` gives those of the block that begins at a place, and is
/// asked for each block once.
struct Places<F> {
    length: usize,
    bits_at: F,
    /// The next block.
    block: usize,
    /// What is left over of the block before it.
    bits: u64,
}

impl<F: FnMut(usize) -> u64> Iterator for Places<F> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.bits == 0 {
            if self.block >= self.length {
                return None;
            }
            self.bits = (self.bits_at)(self.block);
            self.block += BLOCK;
        }
        let at = self.block - BLOCK + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_place_is_found_once(text in prop::collection::vec(any::<u8>(), 0..300)) {
            let is = |byte: u8| byte == b'"' || byte.is_ascii_digit() || byte >= 0x80;
            let wanted: Vec<usize> = (0..text.len()).filter(|at| is(text[*at])).collect();
            prop_assert_eq!(places(&text, is).collect::<Vec<_>>(), wanted);
            let mut all = places(&text, is);
            all.by_ref().for_each(drop);
            prop_assert_eq!(all.next(), None);
        }

        #[test]
        fn every_run_is_found_whole(text in "[a ]{0,40}a{50,70}[a ]{0,90}|[a \\x00]{0,200}") {
            let text = text.as_bytes();
            let is = |byte: u8| byte != b' ';
            let wanted: Vec<&[u8]> =
                text.split(|byte| !is(*byte)).filter(|run| !run.is_empty()).collect();
            prop_assert_eq!(runs(text, is).map(|run| &text[run]).collect::<Vec<_>>(), wanted);
        }
    }
}
