//! Time from start to ready, with many agents and a long log.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use model::{Decision, Kind, Record, RecordId, TenantId, Timestamp};

use crate::history;
use crate::process::Process;
use crate::targets::{self, Setup};

const AGENTS: usize = 10_000;
const RECORDS: u64 = 1_000_000;
/// Starts that are measured after the first, which also brings the index up to date.
const STARTS: usize = 5;

pub(crate) fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // Nothing listens there: the gate does not need its upstream to be ready.
    targets::write_configuration(folder.path(), "127.0.0.1:9", Setup::Everything, AGENTS)?;
    let empty = start(folder.path())?;
    history::fill(folder.path(), RECORDS, record)?;
    let first = start(folder.path())?;
    history::catch_up(folder.path(), RECORDS)?;
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

/// Starts the gate, and ends it again; milliseconds until it was ready.
fn start(folder: &Path) -> Result<f64> {
    let mut command = targets::up(folder)?;
    let started = Instant::now();
    let process = Process::start(&mut command)?;
    targets::wait_for_gate(folder, process.id())?;
    Ok(started.elapsed().as_secs_f64() * 1000.0)
}

fn record(time: Timestamp, number: u64) -> Record {
    let id = RecordId::new(time, u128::from(number) << 20);
    Record::new(id, time, TenantId::main(), Kind::LLM_CALL, Decision::default())
}
