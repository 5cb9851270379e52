//! The counters under the limits, and the reservations that calls hold in them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use model::{TenantId, Timestamp};

use super::{Amount, Caller, Exceeded, Limit, window_of};

/// Counters beyond this per shard are refused admission rather than grown without bound.
const MAX_COUNTERS_PER_SHARD: usize = 65_536;
const SHARDS: usize = 64;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantId,
    limit: Arc<str>,
    subject: Arc<str>,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Counter {
    window: i64,
    pub(super) requests: u64,
    pub(super) used: Amount,
    pub(super) reserved: Amount,
    pub(super) in_flight: u64,
    /// Since it was last taken for keeping.
    has_changed: bool,
}

/// A counter as it is kept across restarts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub tenant: TenantId,
    pub limit: Arc<str>,
    pub subject: Arc<str>,
    /// The window's number since the epoch.
    pub window: i64,
    pub requests: u64,
    pub used: Amount,
}

/// All counters of the gate. Shared by its workers; each shard has its own lock, held for
/// a few dozen instructions.
pub struct Counters {
    shards: Vec<Mutex<HashMap<Key, Counter, RandomState>>>,
    hasher: RandomState,
}

/// A place in every limit that applies to a call, given back when dropped.
pub struct Reservation {
    counters: Arc<Counters>,
    held: Vec<Held>,
    amount: Amount,
}

struct Held {
    key: Key,
    window: Duration,
}

impl Default for Counters {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, hasher: RandomState::default() }
    }
}

impl Counters {
    /// Reserves `amount` under every limit that applies, or nothing at all.
    pub fn reserve(
        self: &Arc<Self>,
        limits: &[Limit],
        caller: &Caller<'_>,
        amount: Amount,
        now: Timestamp,
    ) -> Result<Reservation, Exceeded> {
        let mut reservation = Reservation { counters: self.clone(), held: Vec::new(), amount };
        for limit in limits {
            let Some(subject) = limit.subject(caller) else { continue };
            let key = Key { tenant: caller.tenant.clone(), limit: limit.name.clone(), subject };
            if let Err(exceeded) = self.take(limit, &key, amount, now) {
                reservation.undo_requests(now);
                return Err(exceeded);
            }
            reservation.held.push(Held { key, window: limit.window });
        }
        Ok(reservation)
    }

    fn take(
        &self,
        limit: &Limit,
        key: &Key,
        amount: Amount,
        now: Timestamp,
    ) -> Result<(), Exceeded> {
        let window = window_of(now, limit.window);
        let mut shard = self.shard(key);
        if shard.len() >= MAX_COUNTERS_PER_SHARD && !shard.contains_key(key) {
            // Only empty counters of past windows may go: forgetting a live one would open the limit.
            shard.retain(|_, c| c.in_flight > 0 || c.window >= window);
            if shard.len() >= MAX_COUNTERS_PER_SHARD {
                return Err(limit.exceeded("requests", 0, 0, 1, limit.remaining(now)));
            }
        }
        let counter = shard.entry(key.clone()).or_default();
        counter.roll(window);
        limit.check(counter, amount, now)?;
        counter.requests += 1;
        counter.in_flight += 1;
        counter.reserved.add(amount);
        Ok(())
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, HashMap<Key, Counter, RandomState>> {
        use std::hash::BuildHasher;
        let at = self.hasher.hash_one(key) as usize >> 20 & (SHARDS - 1);
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what was used without asking whether it may be: for making counters again from a log.
    pub fn record(&self, limits: &[Limit], caller: &Caller<'_>, used: Amount, time: Timestamp) {
        for limit in limits {
            let Some(subject) = limit.subject(caller) else { continue };
            let key = Key { tenant: caller.tenant.clone(), limit: limit.name.clone(), subject };
            let mut shard = self.shard(&key);
            let counter = shard.entry(key).or_default();
            let window = limit.window_at(time);
            counter.roll(window);
            // A late record of an earlier window says nothing about this one.
            if window == counter.window {
                counter.requests += 1;
                counter.used.add(used);
                counter.has_changed = true;
            }
        }
    }

    /// The counters that [`Counters::record`] changed since the last call.
    pub fn take_changed(&self) -> Vec<Saved> {
        let mut changed = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, counter) in shard.iter_mut().filter(|(_, counter)| counter.has_changed) {
                counter.has_changed = false;
                changed.push(saved(key, counter));
            }
        }
        changed
    }

    /// Every counter that has counted something, for keeping across restarts.
    pub fn export(&self) -> Vec<Saved> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.iter().map(|(key, counter)| saved(key, counter)));
        }
        all
    }

    /// Takes up what an earlier run counted.
    pub fn import(&self, saved: Vec<Saved>) {
        for entry in saved {
            let key = Key { tenant: entry.tenant, limit: entry.limit, subject: entry.subject };
            let counter = Counter {
                window: entry.window,
                requests: entry.requests,
                used: entry.used,
                ..Counter::default()
            };
            self.shard(&key).insert(key, counter);
        }
    }
}

impl Reservation {
    /// The call is over and used this much.
    pub fn settle(mut self, used: Amount, now: Timestamp) {
        let reserved = self.amount;
        for held in std::mem::take(&mut self.held) {
            let mut shard = self.counters.shard(&held.key);
            let counter = shard.entry(held.key.clone()).or_default();
            counter.roll(window_of(now, held.window));
            counter.release(reserved);
            counter.used.add(used);
        }
    }

    /// Takes back what a refused call was counted for.
    fn undo_requests(&mut self, now: Timestamp) {
        let reserved = self.amount;
        for held in std::mem::take(&mut self.held) {
            let mut shard = self.counters.shard(&held.key);
            let counter = shard.entry(held.key.clone()).or_default();
            counter.roll(window_of(now, held.window));
            counter.release(reserved);
            counter.requests = counter.requests.saturating_sub(1);
        }
    }

    /// The call was refused after all: it counts for nothing.
    pub fn cancel(mut self, now: Timestamp) {
        self.undo_requests(now);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        for held in std::mem::take(&mut self.held) {
            if let Some(counter) = self.counters.shard(&held.key).get_mut(&held.key) {
                counter.release(self.amount);
            }
        }
    }
}

fn saved(key: &Key, counter: &Counter) -> Saved {
    Saved {
        tenant: key.tenant.clone(),
        limit: key.limit.clone(),
        subject: key.subject.clone(),
        window: counter.window,
        requests: counter.requests,
        used: counter.used,
    }
}

impl Counter {
    /// A clock that goes back does not reopen a window that was counted already.
    fn roll(&mut self, window: i64) {
        if window > self.window {
            *self = Self {
                window,
                reserved: self.reserved,
                in_flight: self.in_flight,
                ..Self::default()
            };
        }
    }

    fn release(&mut self, reserved: Amount) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.reserved.tokens = self.reserved.tokens.saturating_sub(reserved.tokens);
        self.reserved.spend = self.reserved.spend.saturating_sub(reserved.spend);
        self.reserved.bytes = self.reserved.bytes.saturating_sub(reserved.bytes);
    }
}
