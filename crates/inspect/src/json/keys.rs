//! Refuses a key that occurs twice in one object.
//!
//! Small objects compare against all keys before, by a fingerprint first; large ones move to a
//! hash set whose hasher is keyed at random, so chosen collisions cost an attacker's body nothing
//! more than honest keys do.

use std::{borrow::Cow, collections::HashSet};

use super::{error::Problem, escape};

/// Objects with up to this many keys are compared pairwise.
const PAIRWISE: usize = 16;

#[derive(Default)]
pub(super) struct Keys<'a> {
    open: Vec<Key>,
    sets: Vec<(usize, HashSet<Cow<'a, [u8]>>)>,
}

struct Key {
    fingerprint: u64,
    start: usize,
    end: usize,
}

impl<'a> Keys<'a> {
    /// What [`Keys::insert`] and [`Keys::close`] are given for an object that opens now.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// Forgets the keys of the object that opened at `first`.
    pub(super) fn close(&mut self, first: usize) {
        self.open.truncate(first);
        if self.sets.last().is_some_and(|(owner, _)| *owner == first) {
            self.sets.pop();
        }
    }

    /// Adds the key at `text[start..end]`, unless the object has it already.
    pub(super) fn insert(
        &mut self,
        first: usize,
        text: &'a [u8],
        (start, end, escaped): (usize, usize, bool),
        limit: usize,
    ) -> Result<(), Problem> {
        let raw = text.get(start..end).unwrap_or_default();
        let key = if escaped { escape::decode(raw).text } else { Cow::Borrowed(raw) };
        if let Some((owner, set)) = self.sets.last_mut()
            && *owner == first
        {
            return match set.insert(key) {
                false => Err(Problem::RepeatedKey),
                true if set.len() > limit => Err(Problem::TooManyMembers),
                true => Ok(()),
            };
        }
        let fingerprint = fingerprint(&key);
        for earlier in self.open.get(first..).unwrap_or_default() {
            if earlier.fingerprint == fingerprint
                && *key == *decoded(text, earlier.start, earlier.end)
            {
                return Err(Problem::RepeatedKey);
            }
        }
        self.open.push(Key { fingerprint, start, end });
        if self.open.len() - first > PAIRWISE {
            self.grow(first, text);
        }
        Ok(())
    }

    fn grow(&mut self, first: usize, text: &'a [u8]) {
        let keys = self.open.get(first..).unwrap_or_default();
        let set = keys.iter().map(|key| decoded(text, key.start, key.end)).collect();
        self.sets.push((first, set));
    }
}

fn decoded(text: &[u8], start: usize, end: usize) -> Cow<'_, [u8]> {
    escape::decode(text.get(start..end).unwrap_or_default()).text
}

/// Length, first and last bytes: enough to tell the keys of ordinary objects apart.
#[inline]
fn fingerprint(key: &[u8]) -> u64 {
    let length = (key.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(head), Some(tail)) => {
            length ^ u64::from_le_bytes(*head) ^ u64::from_le_bytes(*tail).rotate_left(29)
        }
        _ => key.iter().fold(length, |mixed, byte| mixed.rotate_left(8) ^ u64::from(*byte)),
    }
}
