//! Time from start to ready, with many agents and a long log.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use ledger::{Log, Options, SigningKey};
use model::{Decision, Kind, Record, RecordId, TenantId, Timestamp};

use crate::process::Process;
use crate::targets::{self, Setup};

const AGENTS: usize = 10_000;
const RECORDS: u64 = 1_000_000;
/// Records whose end is waited for together.
const BATCH: u64 = 4096;
/// For the index to take a million records.
const PATIENCE: Duration = Duration::from_secs(180);
/// Starts that are measured after the first, which also brings the index up to date.
const STARTS: usize = 5;

pub(crate) fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // Nothing listens there: the gate does not need its upstream to be ready.
    targets::write_configuration(folder.path(), "127.0.0.1:9", Setup::Everything, AGENTS)?;
    let empty = start(folder.path())?;
    fill(folder.path())?;
    let first = start(folder.path())?;
    catch_up(folder.path())?;
    let mut later = Vec::new();
    for _ in 0..STARTS {
        later.push(start(folder.path())?);
    }
    later.sort_unstable_by(f64::total_cmp);
    println!(
        "start: {AGENTS} agents; empty log {empty:.0} ms, {RECORDS} records not yet indexed {first:.0} ms, then {:.0} ms (median of {STARTS})",
        later.get(STARTS / 2).copied().unwrap_or_default()
    );
    Ok(())
}

/// Runs the gate until its index has reached the end of the log, which is how a gate is found that ran before.
fn catch_up(folder: &Path) -> Result<()> {
    let mut command = targets::up(folder)?;
    let process = Process::start(&mut command)?;
    targets::wait_for_gate(folder, process.id())?;
    let store = store::Store::open(&folder.join("data/state.db"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let deadline = Instant::now() + PATIENCE;
    while runtime.block_on(store.indexed(&TenantId::main(), "main"))? < RECORDS {
        ensure!(Instant::now() < deadline, "the index does not catch up");
        std::thread::sleep(Duration::from_millis(200)); // pause: asked again until the deadline
    }
    Ok(())
}

/// Starts the gate, and ends it again; milliseconds until it was ready.
fn start(folder: &Path) -> Result<f64> {
    let mut command = targets::up(folder)?;
    let started = Instant::now();
    let process = Process::start(&mut command)?;
    targets::wait_for_gate(folder, process.id())?;
    Ok(started.elapsed().as_secs_f64() * 1000.0)
}

/// Appends records to the log of a gate that does not run, with the key that the gate made.
fn fill(folder: &Path) -> Result<()> {
    let data = folder.join("data");
    let key = key_file(&data)?.context("the gate left no signing key in its data folder")?;
    let key = SigningKey::load(&key)?;
    let now = || Timestamp::from_system(SystemTime::now());
    let options = Options::new("portcullis/ledger/main");
    let (log, _) = Log::open(&data.join("ledger/main"), key, options, now)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for batch in 0..RECORDS.div_ceil(BATCH) {
            let appends: Result<Vec<_>> = (0..BATCH)
                .map(|number| Ok(log.append(record(now(), batch * BATCH + number)?)))
                .collect();
            for append in appends? {
                append.await?;
            }
        }
        anyhow::Ok(())
    })?;
    Ok(log.close()?)
}

fn record(time: Timestamp, number: u64) -> Result<Vec<u8>> {
    let id = RecordId::new(time, u128::from(number) << 20);
    Ok(Record::new(id, time, TenantId::main(), Kind::LLM_CALL, Decision::default()).encode()?)
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
