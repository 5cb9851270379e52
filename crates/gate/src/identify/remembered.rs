//! Tokens that were verified: a signature is checked once, what it says is looked up each time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use identity::Delegation;
use model::{Digest, Timestamp};

const SHARDS: usize = 32;
/// Tokens that are remembered; at about a kilobyte each.
const MAX_REMEMBERED: usize = 32_768;

type Shard = HashMap<Digest, Delegation, RandomState>;

/// Verified tokens by their hashes.
pub struct Remembered {
    shards: Vec<Mutex<Shard>>,
}

impl Default for Remembered {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }
}

impl Remembered {
    pub fn find(&self, token: &Digest) -> Option<Delegation> {
        self.shard(token)?.get(token).cloned()
    }

    pub fn knows(&self, token: &Digest) -> bool {
        self.shard(token).is_some_and(|shard| shard.contains_key(token))
    }

    /// A full shard forgets what has expired; where that is nothing, all: it costs a verification.
    pub fn keep(&self, token: Digest, delegation: &Delegation, now: Timestamp) {
        let Some(mut shard) = self.shard(&token) else { return };
        if shard.len() >= MAX_REMEMBERED / SHARDS {
            shard.retain(|_, known| known.expires > now);
        }
        if shard.len() >= MAX_REMEMBERED / SHARDS {
            shard.clear();
        }
        shard.insert(token, delegation.clone());
    }

    fn shard(&self, token: &Digest) -> Option<MutexGuard<'_, Shard>> {
        let shard = self.shards.get(usize::from(token.0[0]) % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
