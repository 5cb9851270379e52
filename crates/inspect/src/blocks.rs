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

/// The same of those for which what is around them holds as well: it seldom does, so that it does not
/// is foreseen.
#[inline(always)]
pub(crate) fn places_where<'t>(
    text: &'t [u8],
    is: impl Fn(u8) -> bool + Copy + 't,
    holds: impl Fn(usize) -> bool + 't,
) -> impl Iterator<Item = usize> + 't {
    let bits_at = move |at| {
        let (mut left, mut kept) = (bits_at(text, at, is), 0);
        while left != 0 {
            let one = left.trailing_zeros();
            kept |= u64::from(holds(at + one as usize)) << one;
            left &= left - 1;
        }
        kept
    };
    Places { length: text.len(), bits_at, block: 0, bits: 0 }
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

/// Where in a text a run begins of at least `N` bytes that a test holds for: short runs, of which
/// there are many, are never looked at one by one.
#[inline(always)]
pub(crate) fn long_runs<'t, const N: usize>(
    text: &'t [u8],
    is: impl Fn(u8) -> bool + Copy + 't,
) -> impl Iterator<Item = usize> + 't {
    const { assert!(N <= BLOCK) };
    let mut ahead = bits_at(text, 0, is);
    let mut is_inside = false;
    let starts_at = move |at| {
        let here = u128::from(std::mem::replace(&mut ahead, bits_at(text, at + BLOCK, is)));
        // From here on, so many are of the kind.
        let (mut rows, mut length) = (u128::from(ahead) << BLOCK | here, 1);
        while length < N {
            let step = length.min(N - length);
            rows &= rows >> step;
            length += step;
        }
        let long = rows as u64;
        let starts = long & !(long << 1 | u64::from(is_inside));
        is_inside = long >> (BLOCK - 1) != 0;
        starts
    };
    Places { length: text.len(), bits_at: starts_at, block: 0, bits: 0 }
}

/// The places that `wanted` makes of the bits of two kinds: those of a block, and of the one behind it
/// in the upper half, so that what begins in the block can be followed.
#[inline(always)]
pub(crate) fn places_by_two<'t>(
    text: &'t [u8],
    (one, other): (impl Fn(u8) -> bool + Copy + 't, impl Fn(u8) -> bool + Copy + 't),
    wanted: impl Fn(u128, u128) -> u64 + 't,
) -> impl Iterator<Item = usize> + 't {
    let both_at = move |at| (bits_at(text, at, one), bits_at(text, at, other));
    let mut ahead = both_at(0);
    let bits_at = move |at| {
        let next = both_at(at + BLOCK);
        let here = std::mem::replace(&mut ahead, next);
        let join = |here: u64, next: u64| u128::from(next) << BLOCK | u128::from(here);
        wanted(join(here.0, next.0), join(here.1, next.1))
    };
    Places { length: text.len(), bits_at, block: 0, bits: 0 }
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
        fn every_long_run_is_found(text in "[a ]{0,40}a{50,70}[a ]{0,90}|[a \\x00]{0,200}|a{0,7}( a{6,8}){0,30}") {
            let text = text.as_bytes();
            let is = |byte: u8| byte == b'a';
            let starts = |shortest: usize| {
                let long = runs(text, is).filter(|run| run.len() >= shortest);
                long.map(|run| run.start).collect::<Vec<_>>()
            };
            prop_assert_eq!(long_runs::<1>(text, is).collect::<Vec<_>>(), starts(1));
            prop_assert_eq!(long_runs::<7>(text, is).collect::<Vec<_>>(), starts(7));
            prop_assert_eq!(long_runs::<16>(text, is).collect::<Vec<_>>(), starts(16));
            prop_assert_eq!(long_runs::<64>(text, is).collect::<Vec<_>>(), starts(64));
        }

        #[test]
        fn what_stands_behind_each_other_is_found(text in "[ab ]{0,200}") {
            let text = text.as_bytes();
            let is_before_b = |at: usize| text.get(at + 1) == Some(&b'b');
            let places: Vec<_> = places_where(text, |b| b == b'a', is_before_b).collect();
            let wanted: Vec<usize> =
                text.windows(2).enumerate().filter(|(_, two)| *two == b"ab").map(|(at, _)| at).collect();
            let found = places_by_two(text, (|b| b == b'a', |b| b == b'b'), |a, b| (a & b >> 1) as u64);
            prop_assert_eq!(found.collect::<Vec<_>>(), wanted.clone());
            prop_assert_eq!(places, wanted);
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
