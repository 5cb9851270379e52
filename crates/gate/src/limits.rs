//! Limits: requests, tokens, spend and calls in flight, counted where every action passes.
//!
//! A limit is hard. Before a call goes out it reserves what it may use; a call whose
//! reservation would cross a limit is refused, so parallel calls cannot overshoot together.
//! When the answer is in, the reservation is replaced by what was really used. A refused
//! call counts for nothing.
//!
//! Windows are fixed and aligned to the epoch (an hour's window begins on the hour), so that
//! what a person reads in the log adds up to what was counted here. A counter of an older
//! window reads as empty and is forgotten when room is needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use model::{TenantId, Timestamp};

/// Counters beyond this per shard are refused admission rather than grown without bound.
const MAX_COUNTERS_PER_SHARD: usize = 65_536;
const SHARDS: usize = 64;

/// Whose use a limit counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Per {
    Tenant,
    Agent,
    Provider,
}

/// One limit of the configuration. `None` means unlimited.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Unique in its tenant; refusals name it.
    pub name: Arc<str>,
    pub per: Per,
    /// Only this agent or provider; otherwise each has its own count.
    pub only: Option<Arc<str>>,
    pub window: Duration,
    pub requests: Option<u64>,
    /// Input and output tokens together.
    pub tokens: Option<u64>,
    /// Millionths of a US dollar.
    pub spend: Option<u64>,
    /// Calls in flight at once; needs no window.
    pub concurrency: Option<u64>,
    /// Bytes of request and answer bodies together.
    pub bytes: Option<u64>,
}

/// What a call uses, or may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub spend: u64,
    pub bytes: u64,
}

/// Who calls what: the subjects that limits count by.
pub struct Caller<'a> {
    pub tenant: &'a TenantId,
    pub agent: &'a str,
    pub provider: &'a str,
}

/// The limit that a call would have crossed.
#[derive(Clone, Debug, PartialEq)]
pub struct Exceeded {
    pub limit: Arc<str>,
    /// `requests`, `tokens`, `spend`, `concurrency` or `bytes`.
    pub quantity: &'static str,
    pub allowed: u64,
    pub used: u64,
    /// What this call would have added.
    pub asked: u64,
    /// Until the window ends; a second where only other calls are in the way.
    pub retry_after: Duration,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantId,
    limit: Arc<str>,
    subject: Arc<str>,
}

#[derive(Clone, Copy, Default)]
struct Counter {
    window: i64,
    requests: u64,
    used: Amount,
    reserved: Amount,
    in_flight: u64,
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

impl Limit {
    fn subject(&self, caller: &Caller<'_>) -> Option<Arc<str>> {
        let subject = match self.per {
            Per::Tenant => return Some(Arc::from("")),
            Per::Agent => caller.agent,
            Per::Provider => caller.provider,
        };
        match &self.only {
            Some(only) if **only != *subject => None,
            Some(only) => Some(only.clone()),
            None => Some(subject.into()),
        }
    }

    /// The number of the window that a time lies in.
    pub fn window_at(&self, time: Timestamp) -> i64 {
        window_of(time, self.window)
    }

    fn check(&self, counter: &Counter, amount: Amount, now: Timestamp) -> Result<(), Exceeded> {
        let wait = self.remaining(now);
        let rows = [
            ("requests", self.requests, counter.requests, 0, 1),
            ("tokens", self.tokens, counter.used.tokens, counter.reserved.tokens, amount.tokens),
            ("spend", self.spend, counter.used.spend, counter.reserved.spend, amount.spend),
            ("bytes", self.bytes, counter.used.bytes, counter.reserved.bytes, amount.bytes),
            ("concurrency", self.concurrency, 0, counter.in_flight, 1),
        ];
        for (quantity, allowed, used, reserved, asked) in rows {
            let Some(allowed) = allowed else { continue };
            if used.saturating_add(reserved).saturating_add(asked) > allowed {
                // If it would fit without the calls in flight, it may fit as soon as they end.
                let soon = used.saturating_add(asked) <= allowed;
                let wait = if soon { Duration::from_secs(1).min(wait) } else { wait };
                return Err(self.exceeded(
                    quantity,
                    allowed,
                    used.saturating_add(reserved),
                    asked,
                    wait,
                ));
            }
        }
        Ok(())
    }

    fn remaining(&self, now: Timestamp) -> Duration {
        let window = self.window.as_micros().max(1) as i64;
        Duration::from_micros((window - now.micros().rem_euclid(window)) as u64)
    }

    fn exceeded(
        &self,
        quantity: &'static str,
        allowed: u64,
        used: u64,
        asked: u64,
        wait: Duration,
    ) -> Exceeded {
        Exceeded { limit: self.name.clone(), quantity, allowed, used, asked, retry_after: wait }
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

fn window_of(now: Timestamp, window: Duration) -> i64 {
    now.micros().div_euclid(i64::try_from(window.as_micros()).unwrap_or(i64::MAX).max(1))
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

impl Amount {
    fn add(&mut self, other: Self) {
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.spend = self.spend.saturating_add(other.spend);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn limit(per: Per) -> Limit {
        Limit {
            name: "l".into(),
            per,
            only: None,
            window: HOUR,
            requests: None,
            tokens: None,
            spend: None,
            concurrency: None,
            bytes: None,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn tokens(tokens: u64) -> Amount {
        Amount { tokens, ..Amount::default() }
    }

    fn caller<'a>(tenant: &'a TenantId, agent: &'a str) -> Caller<'a> {
        Caller { tenant, agent, provider: "openai" }
    }

    #[test]
    fn the_request_that_would_cross_is_refused_until_the_window_ends() {
        let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
        let limits = [Limit { requests: Some(2), ..limit(Per::Agent) }];
        let ask =
            |agent, now| counters.reserve(&limits, &caller(&tenant, agent), Amount::default(), now);
        for _ in 0..2 {
            ask("a", at(10)).unwrap().settle(Amount::default(), at(11));
        }
        let refused = ask("a", at(3000)).err().unwrap();
        assert_eq!((refused.quantity, refused.retry_after), ("requests", Duration::from_secs(600)));
        assert!(ask("b", at(3000)).is_ok(), "another agent has its own count");
        assert!(ask("a", at(3600)).is_ok(), "a new window");
    }

    #[test]
    fn parallel_calls_cannot_overshoot_together() {
        let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
        let limits = [Limit { tokens: Some(100), ..limit(Per::Tenant) }];
        let ask = |n| counters.reserve(&limits, &caller(&tenant, "a"), tokens(n), at(0));
        let first = ask(60).unwrap();
        let refused = ask(60).err().unwrap();
        assert_eq!(
            refused.retry_after,
            Duration::from_secs(1),
            "it may fit when the first is done"
        );
        first.settle(tokens(10), at(1));
        assert!(ask(90).is_ok(), "60 were reserved, 10 were used");
    }

    #[test]
    fn a_refused_call_counts_for_nothing_under_any_limit() {
        let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
        let open = Limit { name: "open".into(), requests: Some(1), ..limit(Per::Agent) };
        let shut = Limit { name: "shut".into(), requests: Some(0), ..limit(Per::Agent) };
        let both = [open.clone(), shut];
        assert!(counters.reserve(&both, &caller(&tenant, "a"), Amount::default(), at(0)).is_err());
        assert!(counters.reserve(&[open], &caller(&tenant, "a"), Amount::default(), at(0)).is_ok());
    }

    #[test]
    fn concurrency_is_given_back_when_a_call_is_dropped() {
        let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
        let limits = [Limit { concurrency: Some(1), ..limit(Per::Provider) }];
        let ask = || counters.reserve(&limits, &caller(&tenant, "a"), Amount::default(), at(0));
        let first = ask().unwrap();
        assert_eq!(ask().err().unwrap().quantity, "concurrency");
        drop(first);
        assert!(ask().is_ok());
    }

    #[test]
    fn counters_survive_a_restart() {
        let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
        let limits = [Limit { tokens: Some(100), ..limit(Per::Agent) }];
        counters
            .reserve(&limits, &caller(&tenant, "a"), tokens(90), at(0))
            .unwrap()
            .settle(tokens(90), at(1));
        let after = Arc::new(Counters::default());
        after.import(counters.export());
        assert!(after.reserve(&limits, &caller(&tenant, "a"), tokens(20), at(2)).is_err());
        assert!(after.reserve(&limits, &caller(&tenant, "a"), tokens(10), at(2)).is_ok());
    }

    proptest! {
        #[test]
        fn no_order_of_calls_crosses_a_limit(steps in proptest::collection::vec((0_u64..50, 0_u64..50, any::<bool>()), 1..60)) {
            let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
            let limits = [Limit { tokens: Some(100), ..limit(Per::Agent) }];
            let (mut open, mut used) = (Vec::new(), 0);
            for (asked, really, finish) in steps {
                if let Ok(reservation) = counters.reserve(&limits, &caller(&tenant, "a"), tokens(asked), at(0)) {
                    open.push((reservation, really.min(asked)));
                }
                if finish && let Some((reservation, really)) = open.pop() {
                    reservation.settle(tokens(really), at(0));
                    used += really;
                }
            }
            for (reservation, really) in open {
                reservation.settle(tokens(really), at(0));
                used += really;
            }
            prop_assert!(used <= 100, "{used} tokens were used of 100");
        }
    }
}
