//! What the appends of one batch share: the outcome, and who waits for it.

use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use crate::LogError;
use crate::pool::lock;
use crate::turn::Turn;

#[derive(Default)]
pub(crate) struct Batch(Mutex<Outcome>);

#[derive(Default)]
struct Outcome {
    result: Option<Result<(), LogError>>,
    /// Each is woken from the writer's thread.
    alone: Vec<Waker>,
    /// Woken together, by the event loop that they belong to.
    together: Vec<(Arc<Turn>, Vec<Waker>)>,
}

/// Where a waiter's waker stands: in which group, and where in it.
pub(crate) type Place = (Option<usize>, usize);

impl Batch {
    pub(crate) fn finish(&self, result: Result<(), LogError>) {
        let (alone, together) = {
            let mut outcome = lock(&self.0);
            outcome.result = Some(result);
            (std::mem::take(&mut outcome.alone), std::mem::take(&mut outcome.together))
        };
        for (turn, wakers) in together {
            turn.wake(wakers);
        }
        alone.into_iter().for_each(Waker::wake);
    }

    /// `place` is kept by the waiter, so that polling twice registers once.
    pub(crate) fn poll(
        &self,
        place: &mut Option<Place>,
        waker: &Waker,
    ) -> Poll<Result<(), LogError>> {
        let mut outcome = lock(&self.0);
        if let Some(result) = &outcome.result {
            return Poll::Ready(result.clone());
        }
        match place.and_then(|place| outcome.registered(place)) {
            Some(registered) => registered.clone_from(waker),
            None => *place = Some(outcome.register(waker)),
        }
        Poll::Pending
    }
}

impl Outcome {
    fn registered(&mut self, (group, at): Place) -> Option<&mut Waker> {
        match group {
            None => self.alone.get_mut(at),
            Some(group) => self.together.get_mut(group)?.1.get_mut(at),
        }
    }

    fn register(&mut self, waker: &Waker) -> Place {
        let Some(turn) = Turn::of_this_thread() else {
            self.alone.push(waker.clone());
            return (None, self.alone.len() - 1);
        };
        let known = self.together.iter().position(|(other, _)| Arc::ptr_eq(other, &turn));
        let group = known.unwrap_or(self.together.len());
        if known.is_none() {
            self.together.push((turn, Vec::new()));
        }
        let wakers = self.together.get_mut(group).map(|(_, wakers)| wakers);
        let at = wakers.map_or(0, |wakers| {
            wakers.push(waker.clone());
            wakers.len() - 1
        });
        (Some(group), at)
    }
}
