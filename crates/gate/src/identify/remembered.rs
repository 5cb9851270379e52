//! Tokens that were verified: a signature is checked once, what it says is looked up each time.
//!
//! What is remembered belongs to one [`Trust`](super::Trust), so a changed configuration forgets all
//! of it; and the word of an outside issuer counts only as long as its keys are those that verified it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use identity::Delegation;
use identity::issuer::Vouched;
use model::{Digest, Timestamp};

use super::issuer::{KeysVersion, TrustedIssuer};

const SHARDS: usize = 32;
/// Tokens that are remembered; at about a kilobyte each.
const MAX_REMEMBERED: usize = 32_768;

/// What a verified token says.
#[derive(Clone)]
pub enum Verified {
    /// One of the gate's own.
    Own(Arc<Delegation>),
    /// An outside issuer's, and the keys that it was verified with.
    Vouched { issuer: Arc<TrustedIssuer>, keys: KeysVersion, vouched: Arc<Vouched> },
}

impl Verified {
    fn expires(&self) -> Timestamp {
        match self {
            Self::Own(delegation) => delegation.expires,
            Self::Vouched { vouched, .. } => vouched.expires,
        }
    }
}

type Shard = HashMap<Digest, Verified, RandomState>;

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
    pub fn find(&self, token: &Digest) -> Option<Verified> {
        self.shard(token)?.get(token).cloned()
    }

    /// A full shard forgets what has expired; where that is nothing, all: it costs a verification.
    pub fn keep(&self, token: Digest, verified: Verified, now: Timestamp) {
        let Some(mut shard) = self.shard(&token) else { return };
        if shard.len() >= MAX_REMEMBERED / SHARDS {
            shard.retain(|_, known| known.expires() > now);
        }
        if shard.len() >= MAX_REMEMBERED / SHARDS {
            shard.clear();
        }
        shard.insert(token, verified);
    }

    fn shard(&self, token: &Digest) -> Option<MutexGuard<'_, Shard>> {
        let shard = self.shards.get(usize::from(token.0[0]) % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
