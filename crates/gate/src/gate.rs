//! The gate's shared state: the snapshot in force, the counters, and who must hear of a change.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use ledger::Log;
use model::{Record, RecordId, Subject, Timestamp};
use tokio::sync::watch;

use crate::books::Books;
use crate::identify::Caller;
use crate::identify::once::Once;
use crate::snapshot::{Contained, Snapshot};

/// The tenant of the self-test's canaries, which are traced nowhere.
pub const SELF_TEST: &str = "portcullis:self-test";

/// Whether a credential has ended is looked at this often at least: somebody may have set the clock.
const LOOK: Duration = Duration::from_secs(10);

/// Told of every finished action, after its record was handed to the log: for traces.
pub type Observer = Arc<dyn Fn(&Record) + Send + Sync>;

/// Everything that the workers of one gate share.
pub struct Gate {
    snapshot: ArcSwap<Snapshot>,
    published: watch::Sender<u64>,
    /// Records what belongs to no tenant, such as a key that nobody knows.
    pub log: Log,
    /// Counts what belongs to no tenant.
    pub books: Arc<Books>,
    /// What may be said once.
    pub once: Once,
    clock: fn() -> Timestamp,
    ids: AtomicU64,
    seed: u64,
    draining: AtomicBool,
    /// Actions under way, and how many there may be.
    in_flight: AtomicUsize,
    max_in_flight: usize,
    observer: Option<Observer>,
}

impl Gate {
    /// `seed` is random; it keeps the ids of two gates apart.
    pub fn new(
        snapshot: Snapshot,
        (log, books): (Log, Arc<Books>),
        clock: fn() -> Timestamp,
        seed: u64,
        max_in_flight: usize,
        observer: Option<Observer>,
    ) -> Self {
        Self {
            published: watch::Sender::new(snapshot.revision),
            snapshot: ArcSwap::from_pointee(snapshot),
            log,
            books,
            once: Once::default(),
            clock,
            ids: AtomicU64::new(0),
            seed,
            draining: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            max_in_flight,
            observer,
        }
    }

    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// Puts a new snapshot in force. Requests that begin from now on meet it, and every stream
    /// that is open looks at it at once.
    pub fn publish(&self, snapshot: Snapshot) {
        let revision = snapshot.revision;
        self.snapshot.store(Arc::new(snapshot));
        self.published.send_replace(revision);
    }

    /// Ends when the kill switch hits whoever calls, anyone it acts for, or the provider or server
    /// that it uses.
    pub fn until_contained(
        self: &Arc<Self>,
        caller: &Caller,
        place: &Subject,
    ) -> impl Future<Output = Contained> + Send + use<> {
        let gate = self.clone();
        let (caller, place) = (caller.clone(), place.clone());
        let mut published = self.published.subscribe();
        async move {
            loop {
                // Marked as seen before the look, so that a publication in between is not missed.
                published.borrow_and_update();
                let contained = gate.snapshot().contained(&caller, &place);
                if let Some(contained) = contained {
                    return contained;
                }
                if published.changed().await.is_err() {
                    return Contained::Gone;
                }
            }
        }
    }

    /// As [`Gate::until_contained`], for what outlasts the request that began it, at one place or several: ends
    /// also when what the caller has shown is taken no more, because it was taken away or is over.
    pub fn until_over(
        self: &Arc<Self>,
        caller: &Caller,
        places: Vec<Subject>,
    ) -> impl Future<Output = Contained> + Send + use<> {
        let (gate, caller) = (self.clone(), caller.clone());
        let mut published = self.published.subscribe();
        async move {
            loop {
                published.borrow_and_update();
                let left = match gate.snapshot().goes_on(&caller, &places, gate.now()) {
                    Ok(left) => left.min(LOOK),
                    Err(contained) => return contained,
                };
                if let Ok(Err(_)) = tokio::time::timeout(left, published.changed()).await {
                    return Contained::Gone;
                }
            }
        }
    }

    pub fn new_id(&self) -> RecordId {
        let count = self.ids.fetch_add(1, Ordering::Relaxed);
        let high = split_mix(self.seed.wrapping_add(count));
        let low = split_mix(high ^ count);
        RecordId::new(self.now(), u128::from(high) << 64 | u128::from(low))
    }

    /// From now on new requests are refused; those under way go on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// One more action is under way; whether that is within the bound.
    pub(crate) fn enter(&self) -> bool {
        self.in_flight.fetch_add(1, Ordering::Relaxed) < self.max_in_flight
    }

    pub(crate) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub fn observe(&self, books: &Books, record: &Record) {
        books.metrics.count(record);
        if record.tenant.as_str() == SELF_TEST {
            return;
        }
        if let Some(observer) = &self.observer {
            observer(record);
        }
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014): a bijection, so counts never collide.
fn split_mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}
