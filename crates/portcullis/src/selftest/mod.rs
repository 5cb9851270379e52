//! The self-test: canaries through the running gate, which show that each control does what it is
//! there for.
//!
//! A control that is configured and does nothing looks like one that has nothing to do. So canaries
//! go the way that calls go, over HTTP, through the same workers' code, snapshot, policies, engine and log, and each
//! probe says whether what must happen has happened. They are a tenant of their own: its agents, its
//! provider and its server exist nowhere else, its keys leave this process never, its door takes no
//! other key, its upstream is simulated here, its limits are its own, and its records stand in a log
//! of its own, which is thrown away. What a run came to stands in the log of the instance.

mod door;
mod flow;
mod inspection;
mod peer;
mod probes;
mod proof;
mod report;
mod tenant;
#[cfg(test)]
mod tests;
mod values;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use anyhow::Context;
use gate::Gate;
use gate::books::Books;
use gate::mcp::pins::Pins;
use gate::net::listen;
use ledger::{Log, SigningKey};
use model::{AgentKey, Timestamp};

use crate::keys::random;
use peer::Peer;
pub(crate) use report::{Outcome, Report, State};
pub(crate) use tenant::{Controls, grants};
use values::Values;

/// Records of canaries that are kept; then their log begins anew.
const MAX_RECORDS: u64 = 20_000;

/// What lives as long as the instance.
pub(crate) struct Canaries {
    /// May call.
    key: AgentKey,
    /// Of an agent that is stopped in every run.
    stopped_key: AgentKey,
    is_stopped: AtomicBool,
    values: Arc<Values>,
    peer: Peer,
    door: listen::Running,
    pins: std::sync::Mutex<Arc<Pins>>,
    books: Arc<Books>,
    seal: Arc<gate::mcp::seal::Seal>,
    target: Arc<gate::net::upstream::Target>,
    folder: PathBuf,
    log: std::sync::Mutex<Log>,
    log_options: ledger::Options,
    clock: fn() -> Timestamp,
}

impl Canaries {
    /// Opens their door, their upstream and their log, in a folder that nothing else is in.
    pub(crate) async fn open(
        gate: &Arc<Gate>,
        folder: &Path,
        durability: ledger::Durability,
        clock: fn() -> Timestamp,
    ) -> anyhow::Result<Self> {
        let keys = [AgentKey::from_random(random()?), AgentKey::from_random(random()?)];
        let values = Arc::new(Values::new(random()?)?);
        let peer = Peer::start(values.clone()).await.context("the self-test's own upstream")?;
        let door = door::open(gate, keys.iter().map(AgentKey::hash).collect());
        let door = door.context("the self-test's own door")?;
        let [key, stopped_key] = keys;
        let mut log_options = ledger::Options::new("self-test");
        log_options.segment_bytes = 1 << 20;
        log_options.durability = durability;
        let log = fresh_log(folder, &log_options, clock)?;
        Ok(Self {
            key,
            stopped_key,
            is_stopped: AtomicBool::new(false),
            target: tenant::target(peer.address())?,
            seal: tenant::seal()?,
            pins: std::sync::Mutex::new(tenant::pins()?),
            books: Arc::default(),
            values,
            peer,
            door,
            folder: folder.to_owned(),
            log: std::sync::Mutex::new(log),
            log_options,
            clock,
        })
    }

    /// A handle of their log.
    fn log(&self) -> Log {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Before a run: tools are met as if for the first time, and a log that is full begins anew. The
    /// snapshot that is published next has both.
    fn prepare(&self) -> anyhow::Result<()> {
        *self.pins.lock().unwrap_or_else(PoisonError::into_inner) = tenant::pins()?;
        let full = self.log();
        if full.size() > MAX_RECORDS || !matches!(full.health(), ledger::Health::Running) {
            // One that stopped has said why to the run that found it.
            let _ = full.close();
            let log = fresh_log(&self.folder, &self.log_options, self.clock)?;
            *self.log.lock().unwrap_or_else(PoisonError::into_inner) = log;
        }
        Ok(())
    }

    fn stop_agent(&self, stops: bool) {
        self.is_stopped.store(stops, Ordering::SeqCst);
    }

    /// Closes the door and the log.
    pub(crate) async fn close(&self) {
        let log = self.log();
        let closed = tokio::task::spawn_blocking(move || log.close()).await;
        if let Ok(Err(error)) = closed {
            tracing::warn!(%error, "the log of the self-test could not be closed");
        }
    }
}

fn fresh_log(
    folder: &Path,
    options: &ledger::Options,
    clock: fn() -> Timestamp,
) -> anyhow::Result<Log> {
    let shown = || format!("the folder {}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(shown)?;
    }
    std::fs::create_dir_all(folder).with_context(shown)?;
    let key = SigningKey::generate(random()?).context("no signing key could be made")?;
    let (log, _) = Log::open(folder, key, options.clone(), clock)?;
    Ok(log)
}
