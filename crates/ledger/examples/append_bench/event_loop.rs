//! What a record costs an event loop that also has other things to do, as a worker of the gate.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use ledger::Log;

use super::{Outcome, open};

/// About the size of an action's record.
const RECORD: usize = 700;

/// One runtime whose tasks each work for a while, append and wait, in turn.
pub(crate) fn measure(folder: &Path, tasks: usize, work: Duration, time: Duration) -> Outcome<()> {
    let log = open(folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let burner = Burner::lasting(work);
    let (before, writes) = (processor_times()?, writes()?);
    let until = Instant::now() + time;
    let mut waits = runtime.block_on(run(&log, tasks, burner, until))?;
    let (after, writes) = (processor_times()?, self::writes()? - writes);
    drop(runtime);
    log.close()?;
    waits.sort_unstable();
    let records = waits.len() as f64;
    let used = |name: &str| {
        let spent = after.get(name).unwrap_or(&0) - before.get(name).unwrap_or(&0);
        spent as f64 / 1e3 / records
    };
    let all: f64 = after.keys().map(|name| used(name)).sum();
    let at = |share: f64| waits.get((records * share) as usize).map_or(0, Duration::as_micros);
    println!(
        "{tasks:>6} {:>8} {:>10.0} {:>8} {:>8} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>10.2}",
        work.as_micros(),
        records / time.as_secs_f64(),
        at(0.5),
        at(0.99),
        all - work.as_nanos() as f64 / 1e3,
        used("append_bench") - work.as_nanos() as f64 / 1e3,
        used("ledger-writer"),
        used("ledger-tiles"),
        writes as f64 / records,
    );
    Ok(())
}

async fn run(log: &Log, tasks: usize, work: Burner, until: Instant) -> Outcome<Vec<Duration>> {
    let runs = Arc::new(AtomicU64::new(0));
    let so_far = runs.clone();
    tokio::spawn(ledger::gather_while(move || so_far.load(Relaxed)));
    let started: Vec<_> =
        (0..tasks).map(|_| tokio::spawn(append(log.clone(), work, until, runs.clone()))).collect();
    let mut waits = Vec::new();
    for task in started {
        waits.extend(task.await??);
    }
    Ok(waits)
}

async fn append(
    log: Log,
    work: Burner,
    until: Instant,
    runs: Arc<AtomicU64>,
) -> Outcome<Vec<Duration>> {
    let mut waits = Vec::new();
    loop {
        let start = Instant::now();
        if start >= until {
            return Ok(waits);
        }
        // In two turns, as a call has them: what came, and what its upstream said.
        for _ in 0..2 {
            runs.fetch_add(1, Relaxed);
            work.half();
            tokio::task::yield_now().await;
        }
        let start = Instant::now();
        log.append(vec![b'x'; RECORD]).await?;
        waits.push(start.elapsed());
    }
}

/// A loop that takes a known time where nothing interrupts it.
#[derive(Clone, Copy)]
struct Burner {
    rounds: u64,
}

impl Burner {
    fn lasting(time: Duration) -> Self {
        const SAMPLE: u64 = 100_000;
        let sample = Self { rounds: SAMPLE };
        let quickest = (0..50).map(|_| {
            let start = Instant::now();
            sample.burn();
            start.elapsed().as_nanos()
        });
        let quickest = quickest.min().unwrap_or(1).max(1);
        Self { rounds: (u128::from(SAMPLE) * time.as_nanos() / quickest) as u64 }
    }

    fn burn(self) {
        for round in 0..self.rounds {
            std::hint::black_box(round);
        }
    }

    fn half(self) {
        Self { rounds: self.rounds / 2 }.burn();
    }
}

/// Nanoseconds on a processor, by the threads' names.
fn processor_times() -> Outcome<BTreeMap<String, u64>> {
    let mut times = BTreeMap::new();
    for thread in std::fs::read_dir("/proc/self/task")? {
        let thread = thread?.path();
        let name = std::fs::read_to_string(thread.join("comm"))?.trim().to_owned();
        let stat = std::fs::read_to_string(thread.join("schedstat"))?;
        let nanos: u64 = stat.split(' ').next().ok_or("no schedstat")?.parse()?;
        *times.entry(name).or_default() += nanos;
    }
    Ok(times)
}

/// Calls that wrote: to segments, and to wake an event loop.
fn writes() -> Outcome<u64> {
    let io = std::fs::read_to_string("/proc/self/io")?;
    let line = io.lines().find_map(|line| line.strip_prefix("syscw: ")).ok_or("no syscw")?;
    Ok(line.parse()?)
}
