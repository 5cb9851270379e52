//! A log that is long before the gate starts, and an index that knows it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use ledger::{Log, Options, SigningKey};
use model::{Record, TenantId, Timestamp};

use crate::process::Process;
use crate::targets;

/// Records whose end is waited for together.
const BATCH: u64 = 4096;
/// For the index to get any further.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the gate until its index has reached the end of the log, which is how a gate is found that ran before.
pub(crate) fn catch_up(folder: &Path, records: u64) -> Result<()> {
    let mut command = targets::up(folder)?;
    let process = Process::start(&mut command)?;
    targets::wait_for_gate(folder, process.id())?;
    let store = store::Store::open(&folder.join("data/state.db"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut seen, mut since) = (0, Instant::now());
    while seen < records {
        let indexed = runtime.block_on(store.indexed(&TenantId::main(), "main"))?;
        if indexed > seen {
            (seen, since) = (indexed, Instant::now());
        }
        ensure!(since.elapsed() < PATIENCE, "the index does not catch up");
        std::thread::sleep(Duration::from_millis(200)); // pause: asked again until the deadline
    }
    Ok(())
}

/// Appends records to the log of a gate that does not run, with the key that the gate made.
pub(crate) fn fill(
    folder: &Path,
    records: u64,
    record: impl Fn(Timestamp, u64) -> Record,
) -> Result<()> {
    let data = folder.join("data");
    let key = key_file(&data)?.context("the gate left no signing key in its data folder")?;
    let key = SigningKey::load(&key)?;
    let now = || Timestamp::from_system(SystemTime::now());
    let options = Options::new("portcullis/ledger/main");
    let (log, _) = Log::open(&data.join("ledger/main"), key, options, now)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for batch in 0..records.div_ceil(BATCH) {
            let appends: Result<Vec<_>> = (0..BATCH)
                .map(|number| Ok(log.append(record(now(), batch * BATCH + number).encode()?)))
                .collect();
            for append in appends? {
                append.await?;
            }
        }
        anyhow::Ok(())
    })?;
    Ok(log.close()?)
}

/// The file that holds the log's signing key, wherever the gate keeps it.
fn key_file(folder: &Path) -> Result<Option<PathBuf>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if let Some(found) = key_file(&path)? {
                return Ok(Some(found));
            }
        } else if path.metadata()?.len() < 200 && SigningKey::load(&path).is_ok() {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
