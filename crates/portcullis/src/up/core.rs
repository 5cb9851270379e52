//! What the parts of a running instance share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use arc_swap::ArcSwap;
use gate::Gate;
use ledger::Log;
use model::{Decision, Effect, Kind, Record, RecordId, TenantId, Timestamp};
use store::Store;
use tokio::sync::{Mutex, oneshot, watch};

use super::approvals::approvals;
use super::custody::Keys;
use super::export;
use super::mcp::Tools;
use super::snapshot::{Parts, Settings, build};
use super::tls::Certificates;
use crate::config::{Environment, Loaded};

/// The log of this gate among those of its tenant.
pub(super) const LOG: &str = "main";

/// A running instance, without its listeners.
pub(super) struct Core {
    pub(super) data: PathBuf,
    /// The configuration file, if there is one.
    pub(super) file: Option<PathBuf>,
    pub(super) environment: Environment,
    pub(super) tenant: TenantId,
    pub(super) store: Store,
    pub(super) log: Log,
    pub(super) gate: Arc<Gate>,
    pub(super) settings: ArcSwap<Settings>,
    pub(super) keys: Keys,
    tools: Tools,
    pub(super) certificates: Certificates,
    pub(super) started: Instant,
    /// One publication at a time, so that an older state never replaces a newer one.
    publishing: Mutex<()>,
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
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

impl Core {
    pub(super) fn new(
        loaded: &Loaded,
        environment: &Environment,
        store: Store,
        log: Log,
        gate: Arc<Gate>,
        settings: Settings,
        (keys, tools): (Keys, Tools),
    ) -> Self {
        Self {
            data: loaded.config.data.dir.clone(),
            file: loaded.file.clone(),
            environment: environment.clone(),
            tenant: TenantId::main(),
            store,
            log,
            gate,
            settings: ArcSwap::from_pointee(settings),
            keys,
            tools,
            certificates: Certificates::default(),
            started: Instant::now(),
            publishing: Mutex::new(()),
            retaining: Mutex::new(()),
            indexed: watch::Sender::new(0),
            wanted: tokio::sync::Notify::new(),
            waiters: AtomicUsize::new(0),
            rebuild: std::sync::Mutex::default(),
            exports: OnceLock::new(),
        }
    }

    /// Builds the snapshot from the store and puts it in force.
    pub(super) async fn publish(&self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let _one = self.publishing.lock().await;
        let control = self.store.load_control(&self.tenant).await?;
        self.tools.take_up(&self.store, &self.tenant).await?;
        let revision = self.gate.snapshot().revision + 1;
        let settings = self.settings.load();
        let approvals = approvals(&self.store, &self.tenant, &settings.config.approvals);
        let parts = Parts { log: &self.log, keys: &self.keys, tools: &self.tools, approvals };
        let snapshot = build(&settings, control, &self.tenant, parts, revision);
        self.gate.publish(snapshot);
        Ok(begun.elapsed())
    }

    /// A record of the instance's own doing.
    pub(super) fn system_record(&self, kind: Kind, reason: &'static str) -> Record {
        let decision =
            Decision { effect: Effect::Permit, reason: reason.into(), ..Decision::default() };
        Record::new(self.new_id(), now(), self.tenant.clone(), kind, decision)
    }

    pub(super) fn new_id(&self) -> RecordId {
        self.gate.new_id()
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

    pub(super) fn is_awaited(&self) -> bool {
        self.waiters.load(Ordering::Relaxed) > 0
    }
}
