//! The search index over the log: which record of which agent, kind, effect and time stands
//! where. The records themselves are read from the log.

use std::str::FromStr;

use model::{
    AgentName, Effect, Kind, Record, RecordId, SessionId, Status, TenantId, Timestamp, UserName,
};

use crate::{Counter, Result, Store, StoreError, sqlite};

/// Entries that one batch may hold.
pub const MAX_BATCH: usize = 10_000;

/// Hits that one page may hold.
pub const MAX_PAGE: usize = 1_000;

/// The columns of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where the record stands in its log.
    pub position: u64,
    pub id: RecordId,
    pub time: Timestamp,
    pub kind: String,
    pub effect: Effect,
    pub status: Status,
    pub agent: Option<String>,
    pub person: Option<String>,
    /// Such as `openai/gpt-4o`; what stands before the first `/` is searchable as the provider.
    pub resource: Option<String>,
    pub provider: Option<String>,
    pub session: Option<String>,
    /// Kinds of findings, each once.
    pub findings: Vec<String>,
}

impl Entry {
    pub fn of(position: u64, record: &Record) -> Self {
        let mut findings: Vec<String> =
            record.findings.iter().map(|finding| finding.kind.to_string()).collect();
        findings.sort_unstable();
        findings.dedup();
        Self {
            position,
            id: record.id,
            time: record.time,
            kind: record.kind.as_str().to_owned(),
            effect: record.decision.effect,
            status: record.status,
            agent: record.agent.as_ref().map(ToString::to_string),
            person: record.on_behalf_of.as_ref().map(ToString::to_string),
            resource: record.resource.as_ref().map(|resource| resource.name.clone()),
            provider: provider_of(record),
            session: record.session.as_ref().map(ToString::to_string),
            findings,
        }
    }
}

fn provider_of(record: &Record) -> Option<String> {
    let resource = record.resource.as_ref()?;
    match &*resource.kind {
        "provider" => Some(resource.name.clone()),
        "model" => resource.name.split_once('/').map(|(provider, _)| provider.to_owned()),
        _ => None,
    }
}

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

/// What to search for; what is `None` does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub id: Option<RecordId>,
    pub agent: Option<AgentName>,
    pub person: Option<UserName>,
    pub kind: Option<Kind>,
    pub effect: Option<Effect>,
    pub status: Option<Status>,
    pub provider: Option<String>,
    /// The whole name, such as `openai/gpt-4o`.
    pub resource: Option<String>,
    pub session: Option<SessionId>,
    /// A kind such as `secret.github_token`, or a family such as `secret`.
    pub finding: Option<String>,
    /// The first moment in the range.
    pub since: Option<Timestamp>,
    /// The first moment after the range.
    pub until: Option<Timestamp>,
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

    /// Empties a tenant's index and counters, to rebuild them from its logs.
    pub async fn forget_index(&self, tenant: &TenantId) -> Result<()> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::index::forget(tx, &tenant)).await
    }
}
