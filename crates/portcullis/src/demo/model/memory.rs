//! What the simulated model API remembers of the calls that reached it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Calls beyond this are answered and not remembered: a demonstration that is left running may be
/// called for days.
const MAX_CALLS: usize = 256;

/// One call, as the model API saw it.
#[derive(Clone, Debug, Default)]
pub(in crate::demo) struct Call {
    /// The credential that came with it.
    pub(in crate::demo) credential: String,
    /// The last message.
    pub(in crate::demo) prompt: String,
    /// What was answered, before the gate saw it.
    pub(in crate::demo) answer: String,
    /// When the first and the latest piece of text were handed to the network.
    pub(in crate::demo) first_sent: Option<Instant>,
    pub(in crate::demo) last_sent: Option<Instant>,
    /// Pieces of text that were handed to the network.
    pub(in crate::demo) pieces_sent: usize,
    /// When the caller hung up before the end, if it did.
    pub(in crate::demo) hung_up: Option<Instant>,
}

/// Shared by the connections of one model API.
#[derive(Clone, Default)]
pub(in crate::demo) struct Memory(Arc<Mutex<Vec<Call>>>);

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Vec<Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a call; gives the number by which it is told more.
    pub(super) fn keep(&self, call: Call) -> usize {
        let mut calls = self.lock();
        if calls.len() == MAX_CALLS {
            return MAX_CALLS;
        }
        calls.push(call);
        calls.len() - 1
    }

    pub(super) fn change(&self, number: usize, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.lock().get_mut(number) {
            change(call);
        }
    }

    pub(in crate::demo) fn count(&self) -> usize {
        self.lock().len()
    }

    /// The call that came last.
    pub(in crate::demo) fn last(&self) -> Option<Call> {
        self.lock().last().cloned()
    }
}
