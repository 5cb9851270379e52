//! Which sessions had to go, in a size that does not grow: a Bloom filter. Taking a new session for
//! a lost one by mistake is the careful way to be wrong.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;

/// Bits of the filter; at a hundred thousand lost sessions one new session in 1,800 is mistaken.
const BITS: u64 = 1 << 23;

#[derive(Default)]
pub(super) struct Lost {
    /// Made when the first session goes.
    bits: Vec<u64>,
    hashers: [RandomState; 2],
}

impl Lost {
    pub(super) fn add(&mut self, task: &impl Hash) {
        self.bits.resize((BITS / 64) as usize, 0);
        for (word, bit) in self.places(task) {
            if let Some(word) = self.bits.get_mut(word) {
                *word |= bit;
            }
        }
    }

    pub(super) fn may_hold(&self, task: &impl Hash) -> bool {
        let is_set = |(word, bit): (usize, u64)| self.bits.get(word).is_some_and(|w| w & bit != 0);
        self.places(task).into_iter().all(is_set)
    }

    fn places(&self, task: &impl Hash) -> [(usize, u64); 2] {
        let place = |hasher: &RandomState| {
            let bit = hasher.hash_one(task) % BITS;
            ((bit / 64) as usize, 1 << (bit % 64))
        };
        let [first, second] = &self.hashers;
        [place(first), place(second)]
    }
}
