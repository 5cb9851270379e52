//! Copies the log to its archive, in the background.
//!
//! Nothing waits for this: the copy is made from the files of the log, by threads of their own. What
//! could not be copied is still in the log, and is copied as soon as that works again.

mod state;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::archive::{Archived, Depth, FolderShelf, Shelf, archive};

use super::core::{Core, now};
use super::journal;
use crate::archive::Opener;
use crate::config::archive_place::ArchivePlace;
pub(super) use state::State;

/// The first wait after a failure; each further one is twice as long, up to the time between two runs.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Runs that may be missed before it is worth a warning.
const MISSED: u32 = 3;

/// Prepares the archive of a tenant's log, if one is configured: its state, and the task that writes it.
pub(super) fn prepare(
    core: &Arc<Core>,
) -> anyhow::Result<Option<(Arc<State>, impl Future<Output = ()> + Send + use<>)>> {
    let config = core.settings.load().config.clone();
    let Some(place) = &config.data.archive else { return Ok(None) };
    let place = place.below(core.tenant.as_str());
    let opener = Opener { settings: &config.archive, environment: &core.house.environment };
    let shelf = opener.reading(&place)?;
    let folder = match &config.data.archive {
        Some(ArchivePlace::Folder(path)) => Some(path.clone()),
        _ => None,
    };
    let state = Arc::new(State::new(place.to_string()));
    let (every, check_every) = (config.archive.every, config.archive.check_every);
    let task = Task { core: core.clone(), state: state.clone(), shelf, folder, every, check_every };
    Ok(Some((state, task.run())))
}

struct Task {
    core: Arc<Core>,
    state: Arc<State>,
    shelf: Arc<dyn Shelf>,
    /// The folder that has to be there: one that is not may be another machine's, and not mounted now.
    folder: Option<PathBuf>,
    every: Duration,
    check_every: Duration,
}

impl Task {
    /// Runs until it is aborted.
    async fn run(self) {
        let mut checked: Option<Instant> = None;
        let mut wait = FIRST_WAIT;
        loop {
            let is_due = checked.is_none_or(|at| at.elapsed() >= self.check_every);
            let signed = self.core.log.latest_checkpoint().map_or(0, |checkpoint| checkpoint.size);
            if signed > self.state.archived() || is_due {
                let depth = if is_due { Depth::Whole } else { Depth::New };
                match self.copy(depth).await {
                    Ok(done) if is_due && done.size > 0 => checked = Some(Instant::now()),
                    Ok(_) => {}
                    Err(why) => {
                        self.failed(&format!("{why:#}"));
                        tokio::time::sleep(wait.min(self.every)).await;
                        wait = (wait * 2).min(self.every);
                        continue;
                    }
                }
            }
            wait = FIRST_WAIT;
            tokio::time::sleep(self.every).await;
        }
    }

    async fn copy(&self, depth: Depth) -> anyhow::Result<Archived> {
        if self.core.log.latest_checkpoint().is_none() {
            return Ok(Archived::default());
        }
        if let Some(folder) = &self.folder {
            anyhow::ensure!(folder.is_dir(), "there is no folder {}", folder.display());
            FolderShelf::create(&folder.join(self.core.tenant.as_str()))?;
        }
        let begun = now();
        let (folder, shelf) = (journal::folder(&self.core), self.shelf.clone());
        let done = tokio::task::spawn_blocking(move || archive(&folder, &*shelf, depth)).await??;
        if let Some(since) = self.state.done(&done, begun) {
            tracing::info!(tenant = %self.core.tenant, failing_since = %since, "the log is archived again");
        }
        Ok(done)
    }

    fn failed(&self, why: &str) {
        if self.state.failed(why, now()) {
            tracing::warn!(tenant = %self.core.tenant, "the log could not be archived; it stays where it is: {why}");
        }
        if self.state.is_late(self.every * MISSED, now()) {
            tracing::error!(tenant = %self.core.tenant, "the log has not been archived {MISSED} times in a row: {why}");
        }
    }
}

/// How the archive is, for the admin API.
pub(super) fn status(core: &Core) -> serde_json::Value {
    core.archive().map_or(serde_json::Value::Null, |state| state.show(core.log.size()))
}

/// The same for Prometheus.
pub(super) fn metrics(core: &Core) -> String {
    core.archive().map_or_else(String::new, |state| state.metrics(core.log.size(), now()))
}
