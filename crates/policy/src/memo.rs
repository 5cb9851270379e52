//! Remembers verdicts, so that the same question is evaluated once.
//!
//! The key is an exact encoding of everything that the verdict depends on, kept whole and
//! compared whole: a collision of hashes costs a miss, never a wrong answer. The table has a
//! fixed number of places, four for each hash; a newcomer takes a
//! free one of the four, or the place of one of them in turn.

use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::FixedState;

use crate::Verdict;
use crate::key::Key;

/// Most verdicts that are remembered. At the longest, about 50 MiB.
pub const MAX_VERDICTS: usize = SHARDS * SETS * WAYS;

const SHARDS: usize = 64;
const SETS: usize = 128;
const WAYS: usize = 4;

#[derive(Debug)]
pub(crate) struct Memo {
    shards: Box<[Mutex<Shard>]>,
    hasher: FixedState,
}

/// `places` is empty until something is remembered in the shard.
#[derive(Debug, Default)]
struct Shard {
    places: Vec<Option<Entry>>,
    next: usize,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    key: Box<[u8]>,
    verdict: Arc<Verdict>,
}

impl Memo {
    /// The seed spreads keys; it need not be secret, because no answer depends on the hash.
    pub(crate) fn new(seed: u64) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, hasher: FixedState::with_seed(seed) }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Verdict>> {
        let (hash, bytes) = (self.hash(key), key.bytes());
        let (shard, set) = self.place(hash)?;
        let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let ways = shard.places.get(set..set + WAYS)?;
        let entry = ways.iter().flatten().find(|e| e.hash == hash && *e.key == *bytes)?;
        Some(Arc::clone(&entry.verdict))
    }

    pub(crate) fn put(&self, key: &Key, verdict: &Arc<Verdict>) {
        let hash = self.hash(key);
        let Some((shard, set)) = self.place(hash) else {
            return;
        };
        let entry = Entry { hash, key: key.bytes().into(), verdict: Arc::clone(verdict) };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.places.is_empty() {
            shard.places.resize_with(SETS * WAYS, || None);
        }
        shard.next = (shard.next + 1) % WAYS;
        let in_turn = shard.next;
        let Some(ways) = shard.places.get_mut(set..set + WAYS) else {
            return;
        };
        let way = ways.iter().position(Option::is_none).unwrap_or(in_turn);
        if let Some(place) = ways.get_mut(way) {
            *place = Some(entry);
        }
    }

    fn hash(&self, key: &Key) -> u64 {
        self.hasher.hash_one(key.bytes())
    }

    /// The shard of a hash, and where in it the places begin.
    fn place(&self, hash: u64) -> Option<(&Mutex<Shard>, usize)> {
        let shard = self.shards.get(hash as usize % SHARDS)?;
        Some((shard, (hash >> 32) as usize % SETS * WAYS))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let held = |s: &Mutex<Shard>| s.lock().unwrap().places.iter().flatten().count();
        self.shards.iter().map(held).sum()
    }
}
