//! The counters under the limits, and the reservations that calls hold in them.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use model::{TenantId, Timestamp};

use super::{Amount, Caller, Exceeded, Limit, window_end};

/// Counters beyond this per shard are refused admission rather than grown without bound.
pub(super) const MAX_PER_SHARD: usize = 65_536;
/// What one tenant may have of that, so that its many subjects leave room for the others'.
pub(super) const MAX_PER_TENANT: usize = MAX_PER_SHARD / 2;
const SHARDS: usize = 64;
/// A full shard is looked through for counters that are over at most so often.
const SWEEP: Duration = Duration::from_secs(1);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Name {
    tenant: TenantId,
    limit: Arc<str>,
    subject: Arc<str>,
}

/// A name and its hash, which is made once for a call: it says the shard and the place in it.
#[derive(Clone)]
struct Key {
    name: Name,
    hash: u64,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Counter {
    /// When its window ends, which says which window it is.
    ends: Timestamp,
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
    /// When the window ends.
    pub ends: Timestamp,
    pub requests: u64,
    pub used: Amount,
}

/// All counters of the gate. Shared by its workers; each shard has its own lock, held for
/// a few dozen instructions.
pub struct Counters {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

#[derive(Default)]
struct Shard {
    counters: HashTable<(Key, Counter)>,
    /// How many of them each tenant has.
    tenants: HashMap<TenantId, usize, RandomState>,
    swept: Timestamp,
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
        Self::with_shards(SHARDS)
    }
}

impl Counters {
    /// `shards` is a power of two.
    pub(super) fn with_shards(shards: usize) -> Self {
        let shards = (0..shards).map(|_| Mutex::default()).collect();
        Self { shards, hasher: RandomState::default() }
    }

    /// Reserves `amount` under every limit that applies, or nothing at all.
    pub fn reserve(
        self: &Arc<Self>,
        limits: &[Limit],
        caller: &Caller<'_>,
        amount: Amount,
        now: Timestamp,
    ) -> Result<Reservation, Exceeded> {
        let mut reservation = Reservation { counters: self.clone(), held: Vec::new(), amount };
        reservation.extend(limits, caller, now)?;
        Ok(reservation)
    }

    fn take(
        &self,
        limit: &Limit,
        key: &Key,
        amount: Amount,
        now: Timestamp,
    ) -> Result<(), Exceeded> {
        let mut shard = self.shard(key);
        if shard.find(key).is_none() && !shard.has_room(&key.name.tenant, now) {
            return Err(limit.exceeded("requests", 0, 0, 1, limit.remaining(now)));
        }
        let counter = shard.counter(key);
        counter.roll(limit.ends(now));
        limit.check(counter, amount, now)?;
        counter.requests += 1;
        counter.in_flight += 1;
        counter.reserved.add(amount);
        Ok(())
    }

    fn key(&self, tenant: TenantId, limit: Arc<str>, subject: Arc<str>) -> Key {
        let name = Name { tenant, limit, subject };
        Key { hash: self.hasher.hash_one(&name), name }
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, Shard> {
        let at = key.hash as usize >> 20 & (self.shards.len() - 1);
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what was used without asking whether it may be: for making counters again from a log. A call
    /// that went to several places is as many callers, and counts once where they are counted together.
    pub fn record(&self, limits: &[Limit], callers: &[Caller<'_>], used: Amount, time: Timestamp) {
        let mut counted: Vec<Key> = Vec::new();
        for (caller, limit) in callers.iter().flat_map(|one| limits.iter().map(move |l| (one, l))) {
            let Some(subject) = limit.subject(caller) else { continue };
            let key = self.key(caller.tenant.clone(), limit.name.clone(), subject);
            if counted.iter().any(|other| other.name == key.name) {
                continue;
            }
            self.add(limit, &key, used, time);
            if callers.len() > 1 {
                counted.push(key);
            }
        }
    }

    fn add(&self, limit: &Limit, key: &Key, used: Amount, time: Timestamp) {
        let mut shard = self.shard(key);
        let counter = shard.counter(key);
        let ends = limit.ends(time);
        counter.roll(ends);
        // A late record of an earlier window says nothing about this one.
        if ends == counter.ends {
            counter.requests += 1;
            counter.used.add(used);
            counter.has_changed = true;
        }
    }

    /// The counters that [`Counters::record`] changed since the last call.
    pub fn take_changed(&self) -> Vec<Saved> {
        let mut changed = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, counter) in
                shard.counters.iter_mut().filter(|(_, counter)| counter.has_changed)
            {
                counter.has_changed = false;
                changed.push(saved(&key.name, counter));
            }
        }
        changed
    }

    /// Every counter that has counted something, for keeping across restarts.
    pub fn export(&self) -> Vec<Saved> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.counters.iter().map(|(key, counter)| saved(&key.name, counter)));
        }
        all
    }

    /// Takes up what an earlier run counted.
    pub fn import(&self, saved: Vec<Saved>) {
        for entry in saved {
            let key = self.key(entry.tenant, entry.limit, entry.subject);
            let counter = Counter {
                ends: entry.ends,
                requests: entry.requests,
                used: entry.used,
                ..Counter::default()
            };
            *self.shard(&key).counter(&key) = counter;
        }
    }
}

impl Reservation {
    /// Reserves the same where a call goes to another place too: under every limit that applies there and
    /// does not count it yet, or nothing more.
    pub fn extend(
        &mut self,
        limits: &[Limit],
        caller: &Caller<'_>,
        now: Timestamp,
    ) -> Result<(), Exceeded> {
        let (counters, before) = (self.counters.clone(), self.held.len());
        for limit in limits {
            let Some(subject) = limit.subject(caller) else { continue };
            let key = counters.key(caller.tenant.clone(), limit.name.clone(), subject);
            if self.held.iter().take(before).any(|held| held.key.name == key.name) {
                continue;
            }
            if let Err(exceeded) = counters.take(limit, &key, self.amount, now) {
                let undone = self.held.split_off(before);
                self.undo(undone, now);
                return Err(exceeded);
            }
            self.held.push(Held { key, window: limit.window });
        }
        Ok(())
    }

    /// The call is over and used this much.
    pub fn settle(mut self, used: Amount, now: Timestamp) {
        let reserved = self.amount;
        for held in std::mem::take(&mut self.held) {
            let mut shard = self.counters.shard(&held.key);
            let counter = shard.counter(&held.key);
            counter.roll(window_end(now, held.window));
            counter.release(reserved);
            counter.used.add(used);
        }
    }

    /// Takes back what a refused call was counted for.
    fn undo(&self, undone: Vec<Held>, now: Timestamp) {
        let reserved = self.amount;
        for held in undone {
            let mut shard = self.counters.shard(&held.key);
            let counter = shard.counter(&held.key);
            counter.roll(window_end(now, held.window));
            counter.release(reserved);
            counter.requests = counter.requests.saturating_sub(1);
        }
    }

    /// The call was refused after all: it counts for nothing.
    pub fn cancel(mut self, now: Timestamp) {
        let all = std::mem::take(&mut self.held);
        self.undo(all, now);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        for held in std::mem::take(&mut self.held) {
            if let Some(counter) = self.counters.shard(&held.key).find(&held.key) {
                counter.release(self.amount);
            }
        }
    }
}

fn saved(key: &Name, counter: &Counter) -> Saved {
    Saved {
        tenant: key.tenant.clone(),
        limit: key.limit.clone(),
        subject: key.subject.clone(),
        ends: counter.ends,
        requests: counter.requests,
        used: counter.used,
    }
}

impl Shard {
    fn find(&mut self, key: &Key) -> Option<&mut Counter> {
        self.counters
            .find_mut(key.hash, |(other, _)| other.name == key.name)
            .map(|(_, counter)| counter)
    }

    /// What is counted already is counted, whether or not there is room.
    fn counter(&mut self, key: &Key) -> &mut Counter {
        let same = |(other, _): &(Key, Counter)| other.name == key.name;
        let entry = self.counters.entry(key.hash, same, |(key, _)| key.hash);
        &mut entry
            .or_insert_with(|| {
                *self.tenants.entry(key.name.tenant.clone()).or_default() += 1;
                (key.clone(), Counter::default())
            })
            .into_mut()
            .1
    }

    fn has_room(&mut self, tenant: &TenantId, now: Timestamp) -> bool {
        if self.is_full(tenant) && now.since(self.swept) >= SWEEP {
            self.sweep(now);
        }
        !self.is_full(tenant)
    }

    fn is_full(&self, tenant: &TenantId) -> bool {
        let own = self.tenants.get(tenant).copied().unwrap_or_default();
        self.counters.len() >= MAX_PER_SHARD || own >= MAX_PER_TENANT
    }

    /// Only what is over may go: forgetting a counter of a window that runs would open the limit.
    fn sweep(&mut self, now: Timestamp) {
        self.swept = now;
        self.counters.retain(|(_, counter)| counter.in_flight > 0 || counter.ends > now);
        self.tenants.clear();
        for (key, _) in &self.counters {
            *self.tenants.entry(key.name.tenant.clone()).or_default() += 1;
        }
    }
}

impl Counter {
    /// A clock that goes back does not reopen a window that was counted already.
    fn roll(&mut self, ends: Timestamp) {
        if ends > self.ends {
            *self = Self {
                ends,
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
