//! Kept connections, per worker and target. The most recently used one is taken first, so that the
//! others grow old and are closed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use foldhash::fast::FixedState;
use tokio::time::{MissedTickBehavior, interval};

use super::clock::{Clock, lock};
use super::http1::Http1;
use super::http2::{Http2Connection, Http2Stream};
use super::target::Target;
use super::upstream::RequestBody;

/// One worker's connections to upstreams, for requests with bodies of type `B`. Clones share them.
pub struct Pool<B: RequestBody> {
    pub(super) inner: Arc<Inner<B>>,
}

impl<B: RequestBody> Clone for Pool<B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

pub(super) struct Inner<B: RequestBody> {
    pub(super) clock: Clock,
    lanes: Mutex<HashMap<u64, Arc<Lane<B>>, FixedState>>,
}

/// The connections to one target.
pub(super) struct Lane<B: RequestBody> {
    idle_timeout: Duration,
    max_idle: usize,
    /// Oldest first.
    #[expect(
        clippy::vec_box,
        reason = "a connection moves between here and its user with every request"
    )]
    http1: Mutex<Vec<Box<Http1<B>>>>,
    http2: Mutex<Vec<Http2Connection<B>>>,
    open: Arc<AtomicUsize>,
}

/// Counts a connection as open while it lives.
pub(super) struct Permit(Arc<AtomicUsize>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// How often kept connections are looked over.
const SWEEP: Duration = Duration::from_secs(1);

impl<B: RequestBody> Pool<B> {
    /// An empty pool on a worker's clock. Must be called inside a runtime.
    pub fn new(clock: Clock) -> Self {
        let inner = Arc::new(Inner { clock, lanes: Mutex::default() });
        tokio::spawn(sweep_until_dropped(Arc::downgrade(&inner)));
        Self { inner }
    }

    /// Connections to a target that are open now, in use or kept.
    pub fn open_connections(&self, target: &Target) -> usize {
        lock(&self.inner.lanes).get(&target.id).map_or(0, |lane| lane.open.load(Relaxed))
    }

    /// Connections to a target that wait for their next request.
    pub fn idle_connections(&self, target: &Target) -> usize {
        lock(&self.inner.lanes).get(&target.id).map_or(0, |lane| lock(&lane.http1).len())
    }
}

async fn sweep_until_dropped<B: RequestBody>(inner: Weak<Inner<B>>) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        inner.sweep();
    }
}

impl<B: RequestBody> Inner<B> {
    pub(super) fn lane(&self, target: &Target) -> Arc<Lane<B>> {
        let mut lanes = lock(&self.lanes);
        lanes.entry(target.id).or_insert_with(|| Arc::new(Lane::new(target))).clone()
    }

    /// Closes what is too old or closed at the other end, and forgets targets that nothing is open to.
    fn sweep(&self) {
        let now = self.clock.now();
        lock(&self.lanes).retain(|_, lane| {
            lane.sweep(now);
            lane.open.load(Relaxed) > 0 || Arc::strong_count(lane) > 1
        });
    }
}

impl<B: RequestBody> Lane<B> {
    fn new(target: &Target) -> Self {
        Self {
            idle_timeout: target.limits.idle_timeout,
            max_idle: target.limits.max_idle,
            http1: Mutex::default(),
            http2: Mutex::default(),
            open: Arc::default(),
        }
    }

    pub(super) fn permit(&self, max: usize) -> Option<Permit> {
        let counted = self.open.fetch_add(1, Relaxed);
        let permit = Permit(self.open.clone());
        (counted < max).then_some(permit)
    }

    pub(super) fn take_http1(&self) -> Option<Box<Http1<B>>> {
        loop {
            let mut newest = lock(&self.http1).pop()?;
            if newest.is_idle_and_open() {
                return Some(newest);
            }
        }
    }

    /// Keeps a connection whose answer was read to its end.
    pub(super) fn keep_http1(&self, mut connection: Box<Http1<B>>, now: u64) {
        if !connection.is_idle_and_open() {
            return;
        }
        connection.idle_since = now;
        let mut kept = lock(&self.http1);
        if kept.len() < self.max_idle {
            kept.push(connection);
        }
    }

    pub(super) fn take_http2(&self) -> Option<Http2Stream<B>> {
        let kept = lock(&self.http2);
        kept.iter()
            .rev()
            .filter(|connection| connection.is_open())
            .find_map(Http2Connection::stream)
    }

    /// Keeps a connection for others too. None where the upstream allows no streams.
    pub(super) fn keep_http2(
        &self,
        mut opened: Http2Connection<B>,
        now: u64,
    ) -> Option<Http2Stream<B>> {
        opened.used_at = now;
        let stream = opened.stream();
        lock(&self.http2).push(opened);
        stream
    }

    fn sweep(&self, now: u64) {
        let timeout = self.idle_timeout.as_millis() as u64;
        let is_young = |since: u64| now.saturating_sub(since) < timeout;
        lock(&self.http1).retain_mut(|kept| is_young(kept.idle_since) && kept.is_idle_and_open());
        lock(&self.http2).retain_mut(|kept| {
            if !kept.is_unused() {
                kept.used_at = now;
            }
            kept.is_open() && is_young(kept.used_at)
        });
    }
}
