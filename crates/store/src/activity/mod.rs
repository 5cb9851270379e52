//! The search index over the log: which record says what, and where it stands. The records
//! themselves are read from the log.

mod entry;
mod field;
mod filter;
mod matches;
mod query;

use std::str::FromStr;
use std::time::Duration;

use model::{Effect, RecordId, Status, TenantId, Timestamp};

use crate::{Counter, Result, Store, StoreError, sqlite};

pub use entry::Entry;
pub(crate) use entry::{Print, print_of, term_text};
pub use field::{Field, Form};
pub use filter::{Clause, Filter, Test};
pub use query::{moment, span};

/// Entries that one batch may hold.
pub const MAX_BATCH: usize = 10_000;

/// Hits that one page may hold.
pub const MAX_PAGE: usize = 1_000;

/// Values that one list of the most frequent may hold.
pub const MAX_TOP: usize = 1_000;

/// Bins of one histogram.
pub const MAX_BINS: usize = 1_000;

/// What goes into the index in one transaction.
#[derive(Clone, Debug)]
pub struct Batch {
    pub tenant: TenantId,
    /// Which log of the tenant: each gate writes its own. One gate calls it `main`.
    pub log: String,
    /// In the order of the log, without gaps. Those that the index has already are passed over.
    pub entries: Vec<Entry>,
    pub counters: Option<CountedAt>,
}

/// Counters, and the position in the log up to which they count.
#[derive(Clone, Debug)]
pub struct CountedAt {
    pub position: u64,
    /// Only those that changed.
    pub counters: Vec<Counter>,
}

/// One action that was found: its last record, and the columns that lists show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub log: String,
    pub position: u64,
    /// Where the record stands that began the action, if it was recorded twice.
    pub begun: Option<u64>,
    pub id: RecordId,
    pub time: Timestamp,
    pub kind: String,
    pub effect: Effect,
    pub status: Status,
    pub agent: Option<String>,
    pub resource: Option<String>,
}

/// Where a page ended. Written as two numbers with a point between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) time: i64,
    pub(crate) seq: i64,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.time, self.seq)
    }
}

impl FromStr for Cursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || StoreError::Invalid("a cursor is what the page before gave; this is not one");
        let (time, seq) = text.split_once('.').ok_or_else(bad)?;
        let number = |text: &str| text.parse().map_err(|_| bad());
        Ok(Self { time: number(time)?, seq: number(seq)? })
    }
}

/// Hits, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub hits: Vec<Hit>,
    /// Present where there is more.
    pub next: Option<Cursor>,
}

/// How many actions a filter finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub value: u64,
    /// Counting stopped at the limit: there may be more.
    pub at_least: bool,
}

/// The most frequent values of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Top {
    /// The most frequent first.
    pub values: Vec<Tally>,
    /// How many values there are in all.
    pub distinct: u64,
}

/// A value, and how many actions have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    pub value: String,
    pub count: u64,
}

impl Store {
    /// Indexes a batch and moves the log's position on, in one transaction. A batch that was
    /// indexed before changes nothing. Answers with the position from which to go on.
    ///
    /// # Errors
    /// [`StoreError::Gap`] where records are missing before the batch.
    pub async fn index(&self, batch: Batch) -> Result<u64> {
        self.db.write(move |tx| sqlite::index::add(tx, &batch)).await
    }

    /// The position from which indexing goes on; 0 for a log that was never indexed.
    pub async fn indexed(&self, tenant: &TenantId, log: &str) -> Result<u64> {
        let (tenant, log) = (tenant.clone(), log.to_owned());
        self.db.read(move |tx| sqlite::index::position(tx, &tenant, &log)).await
    }

    /// A page of what the filter finds, newest first, at most `limit` (and [`MAX_PAGE`]) hits.
    ///
    /// # Errors
    /// [`StoreError::TooSlow`] after some seconds.
    pub async fn search(
        &self,
        tenant: &TenantId,
        filter: Filter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page> {
        let tenant = tenant.clone();
        let search = move |tx: &_| sqlite::activity::search(tx, &tenant, &filter, after, limit);
        self.db.search(search).await
    }

    /// Counts what the filter finds, up to `limit`.
    pub async fn count(&self, tenant: &TenantId, filter: Filter, limit: u64) -> Result<Count> {
        let tenant = tenant.clone();
        self.db.search(move |tx| sqlite::activity::count(tx, &tenant, &filter, limit)).await
    }

    /// The most frequent values of a field among what the filter finds, at most `most` (and
    /// [`MAX_TOP`]) of them. An action with several values counts under each.
    ///
    /// # Errors
    /// [`StoreError::Query`] for a field that has another value in nearly every record;
    /// [`StoreError::TooSlow`] after some seconds.
    pub async fn top(
        &self,
        tenant: &TenantId,
        filter: Filter,
        field: Field,
        most: usize,
    ) -> Result<Top> {
        let tenant = tenant.clone();
        let top = move |tx: &_| sqlite::activity::top(tx, &tenant, &filter, field, most);
        self.db.search(top).await
    }

    /// How many actions the filter finds in each span of `step` from a moment on; as many spans as
    /// `bins` says (and [`MAX_BINS`]).
    pub async fn histogram(
        &self,
        tenant: &TenantId,
        filter: Filter,
        from: Timestamp,
        step: Duration,
        bins: usize,
    ) -> Result<Vec<u64>> {
        let tenant = tenant.clone();
        let histogram =
            move |tx: &_| sqlite::activity::histogram(tx, &tenant, &filter, from, step, bins);
        self.db.search(histogram).await
    }

    /// Gives a tenant's index up, to make it anew from its logs. Counters stay as they are.
    pub async fn forget_index(&self, tenant: &TenantId) -> Result<()> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::index::forget(tx, &tenant)).await
    }
}
