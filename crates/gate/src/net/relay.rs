//! The waker that an upstream connection is polled with.
//!
//! An HTTP/1 connection to an upstream has no task of its own: whoever waits for an answer polls it.
//! The relay keeps that cheap. Wake-ups that the parts of an exchange send one another while they are
//! polled are only noted (the poller looks again by itself), and an idle connection wakes nobody.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use super::clock::lock;

#[derive(Default)]
pub(super) struct Relay {
    waiting: Mutex<Option<Waker>>,
    // A request's body may be fed from another thread, whose wake-up must not fall between the
    // poller's last look at `was_woken` and its end of `is_polling`: both are sequentially consistent.
    is_polling: AtomicBool,
    was_woken: AtomicBool,
}

/// Rounds within one poll before the runtime gets its turn.
const ROUNDS: usize = 8;

impl Relay {
    /// Polls until something is ready or nothing is left to do; then the caller's task is woken as usual.
    pub(super) fn poll<T>(
        self: &Arc<Self>,
        waker: &Waker,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.attach(cx);
        let mut own = Context::from_waker(waker);
        for _ in 0..ROUNDS {
            self.was_woken.store(false, SeqCst);
            self.is_polling.store(true, SeqCst);
            let polled = poll(&mut own);
            self.is_polling.store(false, SeqCst);
            if polled.is_ready() || !self.was_woken.load(SeqCst) {
                return polled;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn attach(&self, cx: &Context<'_>) {
        let mut waiting = lock(&self.waiting);
        if !waiting.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            *waiting = Some(cx.waker().clone());
        }
    }

    /// From now on nobody is woken.
    pub(super) fn detach(&self) {
        *lock(&self.waiting) = None;
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.was_woken.store(true, SeqCst);
        if self.is_polling.load(SeqCst) {
            return;
        }
        let waiting = lock(&self.waiting).clone();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}
