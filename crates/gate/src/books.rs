//! What the gate keeps of one tenant while it runs: what its agents used, what they repeat, what
//! their sessions have seen, what is counted of them.
//!
//! Nothing here is shared between tenants, so that none can fill what another needs: each has its
//! own bounds, and its own share of the actions that may be under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::flow::Sessions;
use crate::limits::Counters;
use crate::loops::Loops;
use crate::mcp::bridge::Bridges;
use crate::mcp::held::HeldStreams;
use crate::mcp::listen::Listens;
use crate::metrics::Metrics;
use crate::unrecorded::Unrecorded;

/// One tenant's books. They outlive every snapshot.
#[derive(Default)]
pub struct Books {
    pub counters: Arc<Counters>,
    pub loops: Loops,
    /// What the agents' sessions have seen.
    pub sessions: Sessions,
    pub metrics: Metrics,
    /// How MCP servers speak that do not speak as their clients do.
    pub bridges: Bridges,
    /// Clients that wait for people with a stream open.
    pub held: HeldStreams,
    /// Clients that hear news of MCP servers.
    pub listens: Listens,
    /// Records that wait for the log.
    pub unrecorded: Unrecorded,
    /// Actions under way.
    in_flight: AtomicUsize,
}

/// A place among the actions of a tenant that are under way, until it is dropped.
pub(crate) struct Place(Arc<Books>);

impl Books {
    /// One more action is under way, if there may be one more.
    pub(crate) fn enter(self: &Arc<Self>, most: usize) -> Option<Place> {
        let place = Place(self.clone());
        (self.in_flight.fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_it_is_left() {
        let books = Arc::new(Books::default());
        let first = books.enter(1);
        assert!(first.is_some() && books.enter(1).is_none() && books.enter(1).is_none());
        drop(first);
        assert!(books.enter(1).is_some());
    }
}
