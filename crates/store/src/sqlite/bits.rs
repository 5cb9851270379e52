//! A set of offsets in a block: which of its positions have a term.

use crate::{Result, StoreError};

/// A block is 2^13 positions: a set of them has at most a kilobyte, and ten million records have
/// some twelve hundred blocks.
pub(super) const BLOCK_BITS: u32 = 13;
/// Positions of a block.
pub(super) const BLOCK: usize = 1 << BLOCK_BITS;
const WORDS: usize = BLOCK / 64;
/// Bytes of a whole set. What is shorter is a list of offsets of two bytes each.
const WHOLE: usize = BLOCK / 8;

/// A set of offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bits([u64; WORDS]);

impl Bits {
    pub(super) fn empty() -> Self {
        Self([0; WORDS])
    }

    pub(super) fn insert(&mut self, offset: usize) {
        if let Some(word) = self.0.get_mut(offset / 64) {
            *word |= 1 << (offset % 64);
        }
    }

    pub(super) fn remove(&mut self, offset: usize) {
        if let Some(word) = self.0.get_mut(offset / 64) {
            *word &= !(1 << (offset % 64));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// What both have.
    pub(super) fn keep(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(one, other)| *one &= other);
    }

    /// What this has and the other has not.
    pub(super) fn without(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(one, other)| *one &= !other);
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(one, other)| *one |= other);
    }

    /// The offsets in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(place, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(place * 64 + bit as usize)
            })
        })
    }

    /// The shorter of its two forms.
    pub(super) fn encode(&self) -> Vec<u8> {
        if self.count() as usize * 2 >= WHOLE {
            return self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
        }
        self.iter().flat_map(|offset| (offset as u16).to_le_bytes()).collect()
    }

    /// Adds what a form of a set holds.
    pub(super) fn add_encoded(&mut self, bytes: &[u8]) -> Result<()> {
        let broken = || StoreError::Corrupt("set of positions");
        if bytes.len() == WHOLE {
            for (word, bytes) in self.0.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *word |= u64::from_le_bytes(*bytes);
            }
            return Ok(());
        }
        let (offsets, rest) = bytes.as_chunks::<2>();
        let fits = |offset: &[u8; 2]| usize::from(u16::from_le_bytes(*offset)) < BLOCK;
        if !rest.is_empty() || bytes.len() > WHOLE || !offsets.iter().all(fits) {
            return Err(broken());
        }
        offsets.iter().for_each(|offset| self.insert(usize::from(u16::from_le_bytes(*offset))));
        Ok(())
    }

    /// How many of these offsets an encoded set has.
    pub(super) fn count_encoded(&self, bytes: &[u8]) -> Result<u64> {
        if bytes.len() < WHOLE {
            let offsets = bytes.as_chunks::<2>().0.iter().map(|offset| u16::from_le_bytes(*offset));
            return Ok(offsets.filter(|offset| self.has(usize::from(*offset))).count() as u64);
        }
        let mut other = Self::empty();
        other.add_encoded(bytes)?;
        other.keep(self);
        Ok(other.count())
    }

    fn has(&self, offset: usize) -> bool {
        self.0.get(offset / 64).is_some_and(|word| word >> (offset % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn of(offsets: &BTreeSet<usize>) -> Bits {
        let mut bits = Bits::empty();
        offsets.iter().for_each(|offset| bits.insert(*offset));
        bits
    }

    proptest! {
        #[test]
        fn a_set_is_a_set_in_either_form(
            one in proptest::collection::btree_set(0..BLOCK, 0..1_500),
            two in proptest::collection::btree_set(0..BLOCK, 0..20),
        ) {
            let mut read = Bits::empty();
            let bytes = of(&one).encode();
            read.add_encoded(&bytes).unwrap();
            prop_assert!(bytes.len() <= WHOLE);
            prop_assert_eq!(read.iter().collect::<BTreeSet<_>>(), one.clone());
            prop_assert_eq!(read.count(), one.len() as u64);
            let set = |act: fn(&mut Bits, &Bits)| {
                let mut bits = of(&one);
                act(&mut bits, &of(&two));
                bits.iter().collect::<BTreeSet<_>>()
            };
            prop_assert_eq!(set(Bits::keep), &one & &two);
            prop_assert_eq!(set(Bits::without), &one - &two);
            prop_assert_eq!(set(Bits::join), &one | &two);
            prop_assert_eq!(of(&two).count_encoded(&bytes).unwrap(), (&one & &two).len() as u64);
        }
    }

    #[test]
    fn what_is_no_set_is_an_error() {
        for bad in [&[1_u8][..], &[0, 32], &[0; WHOLE + 2]] {
            assert!(Bits::empty().add_encoded(bad).is_err(), "{bad:?}");
        }
    }
}
