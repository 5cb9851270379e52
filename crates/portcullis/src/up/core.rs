//! One tenant of a running instance: its log, its keys, its settings, its indexer.
//!
//! Tenants share nothing but code and what is in [`House`]; what is here, each has of its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use arc_swap::ArcSwap;
use gate::{Books, Snapshot};
use ledger::Log;
use model::{Decision, Effect, Kind, Record, RecordId, TenantId, Timestamp};
use tokio::sync::{Mutex, oneshot, watch};
use tokio::task::JoinHandle;

use super::approvals::approvals;
use super::archive;
use super::custody::Keys;
use super::export;
use super::house::House;
use super::mcp::Tools;
use super::snapshot::{Parts, Settings, build};

/// The log of this gate among those of its tenant.
pub(super) const LOG: &str = "main";

/// A tenant of a running instance.
pub(super) struct Core {
    pub(super) house: Arc<House>,
    pub(super) tenant: TenantId,
    pub(super) log: Log,
    pub(super) books: Arc<Books>,
    pub(super) settings: ArcSwap<Settings>,
    pub(super) keys: Keys,
    pub(super) tools: Tools,
    /// One run of retention at a time.
    pub(super) retaining: Mutex<()>,
    /// How far the search index has come.
    pub(super) indexed: watch::Sender<u64>,
    /// Wakes the indexer from its rest, and how many wait for it to catch up.
    pub(super) wanted: tokio::sync::Notify,
    waiters: AtomicUsize,
    /// Who asked for the index to be made anew; the indexer answers when it begins.
    pub(super) rebuild: std::sync::Mutex<Option<oneshot::Sender<()>>>,
    exports: OnceLock<Vec<Arc<export::State>>>,
    archive: OnceLock<Arc<archive::State>>,
    tasks: std::sync::Mutex<Tasks>,
    /// Tells this tenant's tasks to end.
    stop: watch::Sender<bool>,
}

/// What works for a tenant in the background.
#[derive(Default)]
pub(super) struct Tasks {
    pub(super) indexer: Option<JoinHandle<()>>,
    pub(super) others: Vec<JoinHandle<()>>,
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

impl Core {
    pub(super) fn new(
        house: &Arc<House>,
        tenant: TenantId,
        (log, books): (Log, Arc<Books>),
        settings: Settings,
        (keys, tools): (Keys, Tools),
    ) -> Self {
        Self {
            house: house.clone(),
            tenant,
            log,
            books,
            settings: ArcSwap::from_pointee(settings),
            keys,
            tools,
            retaining: Mutex::new(()),
            indexed: watch::Sender::new(0),
            wanted: tokio::sync::Notify::new(),
            waiters: AtomicUsize::new(0),
            rebuild: std::sync::Mutex::default(),
            exports: OnceLock::new(),
            archive: OnceLock::new(),
            tasks: std::sync::Mutex::default(),
            stop: watch::Sender::new(false),
        }
    }

    /// Reads the tenant's state from the store, and puts its part into a snapshot.
    pub(super) async fn build_into(
        &self,
        snapshot: &mut Snapshot,
        tenants: usize,
    ) -> anyhow::Result<()> {
        let store = &self.house.store;
        let control = store.load_control(&self.tenant).await?;
        self.tools.take_up(store, &self.tenant).await?;
        let settings = self.settings.load();
        let approvals = approvals(store, &self.tenant, &settings.config.approvals);
        let parts = Parts { core: self, approvals, tenants };
        build(&settings, control, parts, snapshot)
    }

    /// Puts a change of this tenant's state in force.
    pub(super) async fn publish(&self) -> anyhow::Result<Duration> {
        self.house.publish(Some(&self.tenant)).await
    }

    /// A record of the instance's own doing.
    pub(super) fn system_record(&self, kind: Kind, reason: &'static str) -> Record {
        let decision =
            Decision { effect: Effect::Permit, reason: reason.into(), ..Decision::default() };
        Record::new(self.new_id(), now(), self.tenant.clone(), kind, decision)
    }

    pub(super) fn new_id(&self) -> RecordId {
        self.house.gate.new_id()
    }

    pub(super) async fn record(&self, record: &Record) -> anyhow::Result<()> {
        self.log.append(record.encode()?).await?;
        Ok(())
    }

    /// Waits until the index holds everything that is durable now, or the time is up.
    pub(super) async fn catch_up(&self, limit: Duration) -> bool {
        let goal = self.log.size();
        let mut indexed = self.indexed.subscribe();
        self.waiters.fetch_add(1, Ordering::Relaxed);
        self.wanted.notify_one();
        let reached = tokio::time::timeout(limit, indexed.wait_for(|at| *at >= goal)).await;
        self.waiters.fetch_sub(1, Ordering::Relaxed);
        reached.is_ok_and(|reached| reached.is_ok())
    }

    /// Has the indexer give the index up and begin at the start of the log.
    pub(super) async fn rebuild_index(&self) -> anyhow::Result<()> {
        let (begun, has_begun) = oneshot::channel();
        *self.rebuild.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        self.wanted.notify_one();
        has_begun.await.context("the index is being rebuilt on another's demand, or the indexer has ended; the log says why")
    }

    pub(super) fn instance_name(&self) -> String {
        self.settings.load().config.instance.name.clone()
    }

    /// The sinks that records are sent to.
    pub(super) fn exports(&self) -> &[Arc<export::State>] {
        self.exports.get().map_or(&[], Vec::as_slice)
    }

    /// Says once which sinks there are.
    pub(super) fn set_exports(&self, exports: Vec<Arc<export::State>>) {
        // The start is the only one who does.
        let _ = self.exports.set(exports);
    }

    /// Where the log is copied to, if anywhere.
    pub(super) fn archive(&self) -> Option<&archive::State> {
        self.archive.get().map(AsRef::as_ref)
    }

    /// Says once that there is an archive.
    pub(super) fn set_archive(&self, state: Arc<archive::State>) {
        // The start is the only one who does.
        let _ = self.archive.set(state);
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.waiters.load(Ordering::Relaxed) > 0
    }

    pub(super) fn set_tasks(&self, tasks: Tasks) {
        *self.tasks.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
    }

    pub(super) fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Lets the index catch up, ends what works in the background, and leaves a signed end in the log.
    pub(super) async fn close(&self, patience: Duration) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(indexer) = tasks.indexer {
            let _ = tokio::time::timeout(patience, indexer).await;
        }
        tasks.others.iter().for_each(JoinHandle::abort);
        for task in tasks.others {
            // Aborted, or ended by itself.
            let _ = task.await;
        }
        let log = self.log.clone();
        tokio::task::spawn_blocking(move || log.close()).await??;
        Ok(())
    }
}
