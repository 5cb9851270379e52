//! Measures what keeping payloads costs: processor time for each byte, and how many are durable a
//! second, by their size.
//!
//! `cargo run --release -p portcullis-payloads --example keep_bench -- [FOLDER] [SECONDS]`
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use model::{DataSubject, Month, RecordId, Secret, TenantId, Timestamp};
use payloads::{Direction, Keyring, Payloads, Place, Root};
use store::KeyStore;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Payloads that wait for the disk together.
const TOGETHER: usize = 16;

fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder =
        arguments.next().map_or_else(|| std::env::temp_dir().join("keep-bench"), PathBuf::from);
    let seconds: f64 = arguments.next().map_or(Ok(2.0), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!(
        "{:>9} {:>12} {:>9} {:>12} {:>12}",
        "bytes", "payloads/s", "MB/s", "cpu ns/byte", "cpu us/each"
    );
    for size in [1 << 10, 16 << 10, 256 << 10, 4 << 20] {
        runtime.block_on(measure(&folder, size, Duration::from_secs_f64(seconds)))?;
    }
    Ok(())
}

async fn measure(folder: &Path, size: usize, time: Duration) -> Outcome<()> {
    std::fs::create_dir_all(folder)?;
    let store = KeyStore::open(&folder.join("keys.db"))?;
    let root = Arc::new(Root::secret(Secret::new("r".repeat(32)))?);
    let ring = Keyring::open(TenantId::main(), store, root, None, now).await?;
    let payloads = Payloads::open(&folder.join("payloads"), Arc::new(ring))?;
    let subject: DataSubject = "agent:bench".parse()?;
    let key = payloads.key(&subject, Month::of(now()), "").await?;
    let text = vec![b'x'; size];
    let (begun, before) = (Instant::now(), cpu()?);
    let mut count = 0_u64;
    while begun.elapsed() < time {
        let mut waiting = Vec::new();
        for _ in 0..TOGETHER {
            count += 1;
            let record = RecordId::new(now(), u128::from(count));
            let place = Place { tenant: TenantId::main(), record, direction: Direction::Response };
            let mut sink = payloads.keep(&key, place, "", u64::MAX)?;
            text.chunks(16 << 10).for_each(|chunk| sink.push(chunk));
            waiting.push(sink.finish());
        }
        for durable in waiting {
            durable.await?;
        }
    }
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), (cpu()? - before).as_secs_f64());
    let bytes = count as f64 * size as f64;
    println!(
        "{size:>9} {:>12.0} {:>9.1} {:>12.2} {:>12.1}",
        count as f64 / wall,
        bytes / wall / 1e6,
        cpu * 1e9 / bytes,
        cpu * 1e6 / count as f64
    );
    drop(payloads);
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// Processor time of this process, user and system (`proc_pid_stat(5)`, fields 14 and 15).
fn cpu() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after = stat.rsplit_once(')').ok_or("no name")?.1;
    let ticks: u64 = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_millis(ticks * 10))
}
