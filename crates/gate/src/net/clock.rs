//! One coarse clock per worker, for every deadline of the data plane.
//!
//! A request has several deadlines (header, first byte, idle, total), and nearly all of them are
//! cancelled a moment later. A timer of the runtime for each would cost more than the rest of the
//! exchange's bookkeeping; here arming is one atomic store, and a sweep every [`TICK`] looks for
//! what is due. An alarm never fires early, and at most two ticks late.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often the sweep looks for due alarms.
pub const TICK: Duration = Duration::from_millis(25);

const FIRED: u64 = 0;
const UNARMED: u64 = u64::MAX;

/// Locks without poisoning: every critical section here leaves the value whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A worker's clock; clones share it. It ticks as long as a clone or an alarm lives.
#[derive(Clone)]
pub struct Clock {
    shared: Arc<Shared>,
}

struct Shared {
    start: Instant,
    /// Milliseconds since `start`, as of the last sweep. Starts at 1, so that no deadline is [`FIRED`].
    now: AtomicU64,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    slots: Vec<Option<Arc<Entry>>>,
    free: Vec<usize>,
}

struct Entry {
    due: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

impl Clock {
    /// Starts the clock in the current runtime.
    pub fn start() -> Self {
        let shared = Arc::new(Shared {
            start: Instant::now(),
            now: AtomicU64::new(1),
            entries: Mutex::default(),
        });
        tokio::spawn(sweep_until_dropped(Arc::downgrade(&shared)));
        Self { shared }
    }

    /// Milliseconds since the clock started, at most one tick old.
    pub(super) fn now(&self) -> u64 {
        self.shared.now.load(Relaxed)
    }

    /// The moment `after` from now, for [`Alarm::arm_at`] of any alarm on this clock. The tick is
    /// added because `now` may be a tick old.
    pub(super) fn deadline(&self, after: Duration) -> u64 {
        self.shared.deadline(after)
    }

    /// A new alarm, not armed.
    pub(super) fn alarm(&self) -> Alarm {
        let entry = Arc::new(Entry { due: AtomicU64::new(UNARMED), waker: Mutex::new(None) });
        let slot = lock(&self.shared.entries).insert(entry.clone());
        Alarm { shared: self.shared.clone(), entry, slot }
    }

    /// Wakes the owner of every alarm, armed or not: used to tell connections of a shutdown.
    pub(super) fn wake_all(&self) {
        self.shared.wake(|_| true);
    }
}

async fn sweep_until_dropped(shared: Weak<Shared>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else { return };
        let now = shared.start.elapsed().as_millis() as u64 + 1;
        shared.now.store(now, Relaxed);
        shared.wake(|entry| entry.fire_if_due(now));
    }
}

impl Shared {
    fn deadline(&self, after: Duration) -> u64 {
        let after = u64::try_from((after + TICK).as_millis()).unwrap_or(UNARMED);
        self.now.load(Relaxed).saturating_add(after).min(UNARMED - 1)
    }

    /// Wakers are called outside the lock: waking may drop a task, and with it an alarm.
    fn wake(&self, chosen: impl Fn(&Entry) -> bool) {
        let wakers: Vec<Waker> = {
            let entries = lock(&self.entries);
            let chosen = entries.slots.iter().flatten().filter(|entry| chosen(entry));
            chosen.filter_map(|entry| lock(&entry.waker).clone()).collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Entries {
    fn insert(&mut self, entry: Arc<Entry>) -> usize {
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = Some(entry);
                slot
            }
            None => {
                self.slots.push(Some(entry));
                self.slots.len() - 1
            }
        }
    }

    fn remove(&mut self, slot: usize) {
        self.slots[slot] = None;
        self.free.push(slot);
    }
}

impl Entry {
    fn fire_if_due(&self, now: u64) -> bool {
        let due = self.due.load(Relaxed);
        let fires = due != FIRED && due <= now;
        if fires {
            self.due.store(FIRED, Relaxed);
        }
        fires
    }
}

/// One deadline that its owner arms again and again.
pub(super) struct Alarm {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
    slot: usize,
}

impl Alarm {
    /// Fires `after` from now. Arming again replaces the deadline.
    pub(super) fn arm(&self, after: Duration) {
        self.arm_at(self.deadline(after));
    }

    /// Fires at `due`, as given by [`Alarm::deadline`].
    pub(super) fn arm_at(&self, due: u64) {
        self.entry.due.store(due, Relaxed);
    }

    /// When an alarm armed now would fire.
    pub(super) fn deadline(&self, after: Duration) -> u64 {
        self.shared.deadline(after)
    }

    pub(super) fn disarm(&self) {
        self.entry.due.store(UNARMED, Relaxed);
    }

    pub(super) fn has_fired(&self) -> bool {
        self.entry.due.load(Relaxed) == FIRED
    }

    /// Wakes this task when the alarm fires.
    pub(super) fn register(&self, cx: &Context<'_>) {
        let mut waker = lock(&self.entry.waker);
        if !waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        lock(&self.shared.entries).remove(self.slot);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    async fn fired(alarm: &Alarm) {
        poll_fn(|cx| {
            alarm.register(cx);
            if alarm.has_fired() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn fires_not_early_and_at_most_two_ticks_late() {
        let clock = Clock::start();
        let alarm = clock.alarm();
        let begun = Instant::now();
        alarm.arm(Duration::from_secs(1));
        fired(&alarm).await;
        let took = begun.elapsed();
        assert!(took >= Duration::from_secs(1), "{took:?}");
        assert!(took <= Duration::from_secs(1) + 2 * TICK + TICK, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_disarmed_alarm_stays_silent_and_its_slot_is_used_again() {
        let clock = Clock::start();
        let alarm = clock.alarm();
        alarm.arm(Duration::from_millis(50));
        alarm.disarm();
        assert!(tokio::time::timeout(Duration::from_secs(5), fired(&alarm)).await.is_err());
        let slot = alarm.slot;
        drop(alarm);
        assert_eq!(clock.alarm().slot, slot);
    }
}
