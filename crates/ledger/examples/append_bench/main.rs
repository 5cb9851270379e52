//! Measures durable appends of 400-byte records: how many a second, how long each waits, and how
//! much processor time each costs, tiling and checkpoints included.
//!
//! `cargo run --release -p portcullis-ledger --example append_bench -- [FOLDER] [SECONDS]`
//!
//! With `loop` as a third argument: what each record costs one event loop, by threads. Pin it to
//! one processor (`taskset -c 0`) to see what the threads cost each other.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use ledger::{Log, Options, SigningKey};
use model::Timestamp;

mod event_loop;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const RECORD: usize = 400;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder =
        arguments.next().map_or_else(|| std::env::temp_dir().join("ledger-bench"), PathBuf::from);
    let seconds: f64 = arguments.next().map_or(Ok(2.0), |text| text.parse())?;
    let time = Duration::from_secs_f64(seconds);
    if arguments.next().is_some_and(|mode| mode == "loop") {
        return event_loops(&folder, time);
    }
    println!(
        "{:>6} {:>10} {:>9} {:>9} {:>11}",
        "batch", "records/s", "p50 us", "p99 us", "cpu us/rec"
    );
    for batch in [1, 8, 16, 32, 256, 2048] {
        measure(&folder, batch, time)?;
    }
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}

fn event_loops(folder: &Path, time: Duration) -> Outcome<()> {
    println!(
        "{:>6} {:>8} {:>10} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9} {:>10}",
        "tasks",
        "work us",
        "records/s",
        "p50 us",
        "p99 us",
        "cpu us",
        "loop",
        "writer",
        "tiler",
        "writes/rec"
    );
    for (tasks, work) in [(1, 0), (1, 50), (4, 50), (16, 0), (16, 50)] {
        event_loop::measure(folder, tasks, Duration::from_micros(work), time)?;
    }
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// An empty log.
fn open(folder: &Path) -> Outcome<Log> {
    let _ = std::fs::remove_dir_all(folder);
    let key = SigningKey::generate([7; 32]).ok_or("no key")?;
    let clock = || Timestamp::from_system(SystemTime::now());
    Ok(Log::open(folder, key, Options::new("bench.example/ledger/main"), clock)?.0)
}

/// As many tasks as the batch is large, over two runtimes, each appending and waiting in turn.
fn measure(folder: &Path, batch: usize, time: Duration) -> Outcome<()> {
    let log = open(folder)?;
    let (cpu, start) = (processor_time()?, Instant::now());
    let shares = [batch.div_ceil(2), batch / 2];
    let threads = shares.map(|tasks| {
        let log = log.clone();
        std::thread::spawn(move || run(log, tasks, start + time))
    });
    let mut waits = Vec::new();
    for thread in threads {
        waits.extend(thread.join().map_err(|_| "a runtime died")??);
    }
    let elapsed = start.elapsed();
    log.close()?;
    let cpu = processor_time()? - cpu;
    waits.sort_unstable();
    let at = |share: f64| {
        waits.get((waits.len() as f64 * share) as usize).map_or(0, Duration::as_micros)
    };
    println!(
        "{batch:>6} {:>10.0} {:>9} {:>9} {:>11.2}",
        waits.len() as f64 / elapsed.as_secs_f64(),
        at(0.5),
        at(0.99),
        cpu.as_secs_f64() * 1e6 / waits.len() as f64,
    );
    Ok(())
}

fn run(log: Log, tasks: usize, until: Instant) -> Outcome<Vec<Duration>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let tasks: Vec<_> = (0..tasks).map(|_| tokio::spawn(append(log.clone(), until))).collect();
        let mut waits = Vec::new();
        for task in tasks {
            waits.extend(task.await??);
        }
        Ok(waits)
    })
}

async fn append(log: Log, until: Instant) -> Outcome<Vec<Duration>> {
    let mut waits = Vec::new();
    loop {
        let start = Instant::now();
        if start >= until {
            return Ok(waits);
        }
        log.append(vec![b'x'; RECORD]).await?;
        waits.push(start.elapsed());
    }
}

/// User and system time of this process, from `/proc/self/stat` in ticks of 10 ms.
fn processor_time() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(") ").ok_or("no stat")?.1;
    let ticks =
        fields.split(' ').skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}
